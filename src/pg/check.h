/* Asks the database whether it would take an export, without running it. One thread. */
#ifndef SL_CHECK_H
#define SL_CHECK_H

#include "pg/session.h"
#include "pg/settings.h"

/*
 * Opens a read-only transaction with an export's settings; the checks below go
 * on in it.  After any -1 the session is of no further use.
 */
int sl_check_begin(struct sl_session *session, const struct sl_settings *settings,
                   struct sl_watch *watch, struct sl_error *err) SL_MUSTCHECK;

/* Does the type exist, and take this value (NULL: only the type is asked for)? */
int sl_check_value(struct sl_session *session, const char *type, const char *value,
                   struct sl_watch *watch, struct sl_error *err) SL_MUSTCHECK;

/* Parses and analyses a query; err->position tells where the server objects. */
int sl_check_query(struct sl_session *session, const char *sql, struct sl_watch *watch,
                   struct sl_error *err) SL_MUSTCHECK;

#endif
