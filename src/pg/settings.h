/*
 * The settings of an export's transaction, from one table: all are local to it,
 * so that a pooled server connection is left as it was.
 */
#ifndef SL_SETTINGS_H
#define SL_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"

/* What differs between runs; texts are borrowed, "" leaves the login's value. Times in ms. */
struct sl_settings {
    const char *application_name;
    const char *timezone;
    const char *search_path;
    const char *role;
    bool jit;
    int64_t lock_timeout;
    int64_t statement_timeout;
    int64_t idle_timeout; /* idle_in_transaction_session_timeout */
};

#define SL_SETTINGS_VALUES 4
#define SL_SETTINGS_MAX 8192 /* bytes of the statement */

/* How an export's transaction begins. */
#define SL_BEGIN "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

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

#endif
