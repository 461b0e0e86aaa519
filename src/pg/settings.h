/*
 * The settings of an export's transaction, from one table: all are local to it,
 * so that a pooled server connection is left as it was.
 */
#ifndef SL_SETTINGS_H
#define SL_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"

struct sl_session;

/* One setting of the caller's, such as pgsluice.user = 7. Texts are borrowed. */
struct sl_setting {
    const char *name;
    const char *value;
};

#define SL_MAX_ROW_SETTINGS 16 /* of a grant or ticket */

/* What differs between runs; texts are borrowed, "" leaves the login's value. Times in ms. */
struct sl_settings {
    const char *application_name;
    const char *timezone;
    const char *search_path;
    const char *role;
    bool jit;
    int64_t lock_timeout;
    int64_t statement_timeout;
    int64_t idle_timeout;           /* idle_in_transaction_session_timeout */
    const struct sl_setting *extra; /* the caller's own */
    size_t n_extra;                 /* at most SL_MAX_ROW_SETTINGS */
    /*
     * By SET LOCAL, for SQL of a caller: its login should not be able to call
     * set_config(), with which that SQL could change what was set here.
     */
    bool by_set;
};

#define SL_SETTINGS_VALUES (4 + 2 * SL_MAX_ROW_SETTINGS)
#define SL_SETTINGS_MAX 8192 /* bytes of the statement */

/* How an export's transaction begins. */
#define SL_BEGIN "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

/* The time of the transaction's snapshot, as one column. */
#define SL_SETTINGS_SNAPSHOT                                                                       \
    "SELECT pg_catalog.to_char(pg_catalog.clock_timestamp() AT TIME ZONE 'UTC', "                  \
    "'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"

/* What stands before its query when the planner is asked. */
#define SL_EXPLAIN "EXPLAIN "

/* What stands before its query. */
#define SL_DECLARE "DECLARE c NO SCROLL CURSOR WITHOUT HOLD FOR "

/* Bytes of one statement that a run sends, its query included. */
#define SL_SQL_MAX ((size_t)2 * 1024 * 1024)

/*
 * Appends one SELECT of transaction-local set_config() calls, whose first column
 * is the snapshot's time, and fills its bind values ($1 ..); the role comes last,
 * as it may not have the right to set the others.  server_version as libpq tells
 * it (150018).  *n_values is at most SL_SETTINGS_VALUES.
 */
int sl_settings_sql(const struct sl_settings *settings, int server_version, struct sl_buf *sql,
                    const char *values[SL_SETTINGS_VALUES], int *n_values) SL_MUSTCHECK;

typedef int (*sl_setting_fn)(void *ctx, const char *name, const char *value);

/* Calls set() for each setting in that order; its -1 ends it. A search_path is left out. */
int sl_settings_each(const struct sl_settings *settings, int server_version, sl_setting_fn set,
                     void *ctx) SL_MUSTCHECK;

/*
 * Appends `SET LOCAL name TO 'value'`, quoted by libpq for the session's connection:
 * a name with dots is one identifier for each part.  On -1 libpq has refused the
 * text (SL_DB_LOST, as from every call of libpq) or there is no room.
 */
int sl_settings_local(struct sl_session *session, const char *name, const char *value,
                      struct sl_buf *sql, struct sl_error *err) SL_MUSTCHECK;

#endif
