#include "pg/settings.h"

#include <inttypes.h>

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

#define SNAPSHOT_TIME                                                                              \
    "pg_catalog.to_char(pg_catalog.clock_timestamp() AT TIME ZONE 'UTC', "                         \
    "'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"

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

int sl_settings_sql(const struct sl_settings *settings, int server_version, struct sl_buf *sql,
                    const char *values[SL_SETTINGS_VALUES], int *n_values)
{
    int n = 0;

    if (sl_buf_puts(sql, "SELECT " SNAPSHOT_TIME) < 0)
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
        bound(sql, "role", settings->role, values, &n) < 0)
        return -1;
    *n_values = n;
    return 0;
}
