/* How a run gets its connection and its cursor, and whose fault it is when the database refuses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "catalog/table_blame.h"
#include "export/heading.h"
#include "export/internal.h"
#include "export/shaping.h"

/* Added to the time that a slow client may rightly take, for the server's own idle timeout (ms). */
#define IDLE_MARGIN_MS 30000

/* Bytes of the export's name in the application's, of which the server keeps 63. */
#define NAME_TOLD 45

/* What SET ROLE says, and little else does (invalid_parameter_value). */
#define UNKNOWN_ROLE "22023"

/* No operator, or function, of that type (undefined_function): here that of an order. */
#define NO_OPERATOR "42883"

/* What keeps SQL of a caller within its bounds is who the connection is logged in as. */
static int check_foreign(const struct sl_run *run, struct sl_error *err)
{
    const char *login = sl_session_login(run->session);

    if (sl_session_superuser(run->session)) {
        sl_error_set(err, SL_CONFIG, "tickets are not served: the server is not configured well");
        return sl_error_detail(
            err, "[tickets] dsn: the login %s is a superuser; write one that is not", login);
    }
    if (run->login[0] == '\0' || strcmp(run->login, login) == 0)
        return 0;
    return sl_error_set(err, SL_FORBIDDEN,
                        "the ticket's role is not the login that tickets run as");
}

/*
 * A connection for the run, a new one unless it has one.  Whichever it is, SQL of
 * a caller runs on it only after the check.
 */
static int have_session(struct sl_run *run, struct sl_error *err)
{
    if (run->session == NULL)
        run->session = sl_session_open(run->dsn, &run->watch, err);
    if (run->session == NULL)
        return -1;
    return run->foreign ? check_foreign(run, err) : 0;
}

static void set_deadline(struct sl_run *run)
{
    const struct sl_config *config = run->setup->config;
    int64_t now = sl_clock_ms();
    int64_t most = sl_either(run->query.export->max_duration, config->limits.max_duration);
    int64_t until = now + sl_either(run->query.max_duration, most);

    run->hold_until = now + config->limits.max_hold;
    run->watch.deadline_ms = until < run->hold_until ? until : run->hold_until;
    pthread_mutex_lock(&run->lock);
    run->begun = true;
    run->receipt.state = SL_RUN_RUNNING;
    sl_clock_utc(run->receipt.started_at);
    pthread_mutex_unlock(&run->lock);
    atomic_store(&run->held_since, now);
    sl_stats_began(run->service->stats, run->stats);
}

static const char *first_of(const char *a, const char *b)
{
    return a[0] != '\0' ? a : b;
}

/* How the statement is made; NULL: it is there already. */
static sl_shape_fn shape_of(const struct sl_query *query)
{
    if (query->table != NULL)
        return sl_shaping_table;
    return sl_shaping_needed(query) ? sl_shaping : NULL;
}

static int open_cursor(struct sl_run *run, struct sl_error *err)
{
    const struct sl_config *config = run->setup->config;
    const struct sl_export *export = run->query.export;
    char name[64];
    int64_t memory = config->limits.memory;
    int64_t idle = config->limits.stall_timeout + memory / config->limits.min_rate * 1000;
    struct sl_settings settings = {
        .application_name = name,
        .timezone =
            first_of(run->query.timezone, first_of(export->timezone, config->database.timezone)),
        .search_path = export->search_path,
        .role = first_of(run->role, export->role),
        .jit = export->jit,
        .lock_timeout = config->database.lock_timeout,
        .statement_timeout = sl_clock_left(run->watch.deadline_ms) + 1,
        .idle_timeout = (idle < INT32_MAX - IDLE_MARGIN_MS ? idle : INT32_MAX - IDLE_MARGIN_MS) +
                        IDLE_MARGIN_MS,
        .extra = run->settings,
        .n_extra = run->n_settings,
        .by_set = run->foreign,
    };
    struct sl_shaping shaping = {&run->query, &run->base, &run->watch, .sql = {0}};
    struct sl_shaping_table of_table = {&run->query, &run->table, &run->watch};
    struct sl_cursor_plan plan = {
        .settings = &settings,
        .shape = shape_of(&run->query),
        .ctx = run->query.table != NULL ? (void *)&of_table : (void *)&shaping,
        .sql = export->sql,
        .values = (const char *const *)run->query.values,
        .n_values = (int)run->query.n_values,
        .rollback = run->foreign,
        .max_row = config->limits.max_row,
        .fetch_share = memory / 8,
        .ask_first = sl_heading_asks(&run->query),
        .watch = &run->watch,
    };

    snprintf(name, sizeof name, "pgsluice:%.*s:%.8s", sl_utf8_fit(export->name, NAME_TOLD),
             export->name, run->receipt.id);
    run->watch.source_fd = sl_session_fd(run->session);
    sl_columns_free(&run->base); /* this may be a second try */
    sl_table_query_free(&run->table);
    sl_buf_init(&shaping.sql, SL_SQL_MAX);
    int rc = sl_cursor_open(run->session, &plan, &run->cursor, err);
    sl_buf_free(&shaping.sql);
    return rc;
}

/* Is a setting that the database refused one of the caller's, rather than of the export's? */
static bool is_callers(const struct sl_run *run, const char *sqlstate)
{
    if (!run->asked)
        return false;
    if (run->role[0] != '\0')
        return true;
    bool of_export = run->query.export->role[0] != '\0' && strcmp(sqlstate, UNKNOWN_ROLE) == 0;
    return run->n_settings > 0 && !of_export;
}

/* The query itself was parsed before, so what the server lacks is wanted by what is around it. */
static bool is_of_order(const struct sl_run *run, const struct sl_error *err)
{
    return err->kind == SL_SQL && strcmp(err->sqlstate, NO_OPERATOR) == 0 &&
           run->base.names != NULL && run->query.order.n > 0;
}

/* Names the export's parameter, or the option, for which the server refused a value. */
static void name_parameter(const struct sl_run *run, struct sl_error *err)
{
    const struct sl_export *export = run->query.export;
    struct sl_error server = *err;

    if (is_of_order(run, err))
        sl_error_param(err, "_order",
                       "_order names a column of a type that has no order, such as json");
    else if (err->kind != SL_BAD_PARAMETER)
        return;
    else if (strcmp(err->parameter, SL_CURSOR_SETTINGS) == 0) {
        if (is_callers(run, server.sqlstate))
            sl_error_set(err, SL_FORBIDDEN,
                         "the database does not take the role or settings of this %s",
                         run->receipt.owner);
        else
            sl_error_set(err, SL_SQL, "the export's settings are refused with SQLSTATE %s",
                         server.sqlstate);
    } else if (strcmp(err->parameter, "TimeZone") == 0) {
        if (run->query.timezone[0] != '\0')
            sl_error_param(err, "_timezone", "_timezone is no time zone that the database knows");
        else
            sl_error_set(err, SL_SQL, "the export's time zone is not known to the database");
    } else {
        long i = strtol(err->parameter + 1, NULL, 10) - 1;

        if (i < 0 || (size_t)i >= export->n_params)
            return;
        if (run->query.given[i])
            sl_error_param(err, export->params[i].name, "parameter %s: not a valid %s",
                           export->params[i].name, export->params[i].type);
        else
            sl_error_set(err, SL_SQL, "the export's default of parameter %s is not a valid %s",
                         export->params[i].name, export->params[i].type);
    }
    memcpy(err->sqlstate, server.sqlstate, sizeof err->sqlstate);
    memcpy(err->detail, server.detail, sizeof err->detail);
    err->quotes = server.quotes;
}

/* A kept connection may have died without a word: then, and only then, a second try on a new one.
 */
int sl_run_open(struct sl_run *run, struct sl_error *err)
{
    run->session = sl_slots_take(run->service->slots, run->foreign ? NULL : run->dsn);
    bool kept = run->session != NULL;

    if (have_session(run, err) < 0)
        return -1;
    set_deadline(run);
    int rc = open_cursor(run, err);
    if (rc < 0 && kept && err->kind == SL_DB_LOST && err->sqlstate[0] == '\0') {
        run->watch.source_fd = -1;
        sl_session_close(run->session);
        run->session = NULL;
        if (have_session(run, err) < 0)
            return -1;
        rc = open_cursor(run, err);
    }
    if (rc < 0 && err->sqlstate[0] != '\0' && !sl_table_blame(&run->table, err))
        name_parameter(run, err);
    sl_table_query_free(&run->table);
    return rc;
}
