/* Asks the database whether it would take an export, without running it. One thread. */
#ifndef SL_CHECK_H
#define SL_CHECK_H

#include "pg/columns.h"
#include "pg/session.h"
#include "pg/settings.h"

/*
 * Opens a read-only transaction with an export's settings; the checks below go
 * on in it.  After any -1 the session is of no further use.
 */
int sl_check_begin(struct sl_session *session, const struct sl_settings *settings,
                   struct sl_watch *watch, struct sl_error *err) SL_MUSTCHECK;

/* Ends that transaction: the session is idle again. */
int sl_check_end(struct sl_session *session, struct sl_watch *watch,
                 struct sl_error *err) SL_MUSTCHECK;

/* What SQL of a caller could do beyond the rights of the login that it runs as. */
struct sl_login_reach {
    char roles[200]; /* that it is a member of, by comma; a long list is cut; "" : none */
    bool
        set_config; /* may call set_config(), hence change its role and the settings that are set */
};

/* Asks for the reach of the session's login. */
int sl_check_reach(struct sl_session *session, struct sl_watch *watch, struct sl_login_reach *reach,
                   struct sl_error *err) SL_MUSTCHECK;

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

/*
 * The columns of the query that was declared last.  Free with sl_columns_free(),
 * also after an error; empty before.
 */
int sl_check_columns(struct sl_session *session, struct sl_columns *columns, struct sl_watch *watch,
                     struct sl_error *err) SL_MUSTCHECK;

#endif
