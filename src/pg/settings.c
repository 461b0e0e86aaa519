#include "pg/settings.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pg/internal.h"

/* Values that never differ: name, value, first server version that knows the setting. */
static const struct {
    const char *name;
    const char *value;
    int since;
} fixed[] = {
    {"cursor_tuple_fraction", "1", 0}, /* all rows are fetched: plan for that */
    {"synchronize_seqscans", "off", 0},
    {"row_security", "on", 0},
    {"client_min_messages", "error", 0},                /* notices may quote rows */
    {"log_parameter_max_length_on_error", "0", 0},      /* nor shall errors quote parameters */
    {"transaction_timeout", "0", 170000},               /* the run has a deadline of its own */
    {"client_connection_check_interval", "2s", 140000}, /* backstop for a cancel that got lost */
    {"client_encoding", "UTF8", 0},
    {"DateStyle", "ISO, MDY", 0},
    {"IntervalStyle", "postgres", 0},
    {"extra_float_digits", "1", 0},
    {"bytea_output", "hex", 0},
    {"xmloption", "content", 0},
    {"lc_monetary", "C", 0},
    {"standard_conforming_strings", "on", 0},
    {"quote_all_identifiers", "off", 0},
};

static int bound(struct sl_buf *sql, const char *name, const char *value,
                 const char *values[SL_SETTINGS_VALUES], int *n)
{
    if (value[0] == '\0')
        return 0;
    values[(*n)++] = value;
    return sl_buf_printf(sql, ", pg_catalog.set_config('%s', $%d, true)", name, *n);
}

static int milliseconds(struct sl_buf *sql, const char *name, int64_t value)
{
    return sl_buf_printf(sql, ", pg_catalog.set_config('%s', '%" PRId64 "ms', true)", name, value);
}

/* The caller's own settings: names are bound like values, as both come from outside. */
static int extra(struct sl_buf *sql, const struct sl_settings *settings,
                 const char *values[SL_SETTINGS_VALUES], int *n)
{
    for (size_t i = 0; i < settings->n_extra && i < SL_MAX_ROW_SETTINGS; i++) {
        values[(*n)++] = settings->extra[i].name;
        values[(*n)++] = settings->extra[i].value;
        if (sl_buf_printf(sql, ", pg_catalog.set_config($%d, $%d, true)", *n - 1, *n) < 0)
            return -1;
    }
    return 0;
}

int sl_settings_sql(const struct sl_settings *settings, int server_version, struct sl_buf *sql,
                    const char *values[SL_SETTINGS_VALUES], int *n_values)
{
    int n = 0;

    if (sl_buf_puts(sql, SL_SETTINGS_SNAPSHOT) < 0)
        return -1;
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        if (server_version < fixed[i].since)
            continue;
        if (sl_buf_printf(sql, ", pg_catalog.set_config('%s', '%s', true)", fixed[i].name,
                          fixed[i].value) < 0)
            return -1;
    }
    if (sl_buf_printf(sql, ", pg_catalog.set_config('jit', '%s', true)",
                      settings->jit ? "on" : "off") < 0 ||
        milliseconds(sql, "lock_timeout", settings->lock_timeout) < 0 ||
        milliseconds(sql, "statement_timeout", settings->statement_timeout) < 0 ||
        milliseconds(sql, "idle_in_transaction_session_timeout", settings->idle_timeout) < 0 ||
        bound(sql, "application_name", settings->application_name, values, &n) < 0 ||
        bound(sql, "TimeZone", settings->timezone, values, &n) < 0 ||
        bound(sql, "search_path", settings->search_path, values, &n) < 0 ||
        extra(sql, settings, values, &n) < 0 || bound(sql, "role", settings->role, values, &n) < 0)
        return -1;
    *n_values = n;
    return 0;
}

int sl_settings_each(const struct sl_settings *settings, int server_version, sl_setting_fn set,
                     void *ctx)
{
    char lock[32], statement[32], idle[32];
    /* No search_path: it is a list, which only set_config() takes as one text. */
    const struct sl_setting own[] = {
        {"jit", settings->jit ? "on" : "off"},
        {"lock_timeout", lock},
        {"statement_timeout", statement},
        {"idle_in_transaction_session_timeout", idle},
        {"application_name", settings->application_name},
        {"TimeZone", settings->timezone},
    };

    snprintf(lock, sizeof lock, "%" PRId64 "ms", settings->lock_timeout);
    snprintf(statement, sizeof statement, "%" PRId64 "ms", settings->statement_timeout);
    snprintf(idle, sizeof idle, "%" PRId64 "ms", settings->idle_timeout);
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        if (server_version >= fixed[i].since && set(ctx, fixed[i].name, fixed[i].value) < 0)
            return -1;
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (own[i].value[0] != '\0' && set(ctx, own[i].name, own[i].value) < 0)
            return -1;
    for (size_t i = 0; i < settings->n_extra && i < SL_MAX_ROW_SETTINGS; i++)
        if (set(ctx, settings->extra[i].name, settings->extra[i].value) < 0)
            return -1;
    return settings->role[0] == '\0' ? 0 : set(ctx, "role", settings->role);
}

/* Appends `before` and a text that libpq has quoted, which it frees; NULL: libpq refused. */
static int put_quoted(struct sl_session *session, struct sl_buf *sql, const char *before,
                      char *quoted, struct sl_error *err)
{
    int rc = 0;

    if (quoted == NULL)
        rc = sl_pg_error(session, NULL, err);
    else if (sl_buf_puts(sql, before) < 0 || sl_buf_puts(sql, quoted) < 0)
        rc = sl_error_nomem(err);
    PQfreemem(quoted);
    return rc;
}

int sl_settings_local(struct sl_session *session, const char *name, const char *value,
                      struct sl_buf *sql, struct sl_error *err)
{
    const char *before = "SET LOCAL ";
    size_t len;

    for (;; name += len + 1, before = ".") {
        len = strcspn(name, ".");
        if (put_quoted(session, sql, before, PQescapeIdentifier(session->conn, name, len), err) < 0)
            return -1;
        if (name[len] == '\0')
            break;
    }
    return put_quoted(session, sql, " TO ", PQescapeLiteral(session->conn, value, strlen(value)),
                      err);
}
