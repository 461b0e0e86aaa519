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

/*
 * Is there a type of that name (as to_regtype() knows it), and does it take this
 * value (NULL: any)?
 */
int sl_check_value(struct sl_session *session, const char *type, const char *value,
                   struct sl_watch *watch, struct sl_error *err) SL_MUSTCHECK;

/*
 * Declares a cursor for the query, as a run does, with these values, and fetches
 * nothing: rights, rules for cursors and read-only transactions included.
 * err->position tells where in sql the server objects.  Once in a transaction.
 */
int sl_check_query(struct sl_session *session, const char *sql, int n, const char *const *values,
                   struct sl_watch *watch, struct sl_error *err) SL_MUSTCHECK;

#endif
