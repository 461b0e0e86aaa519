/*
 * The database side of a run, in one thread:
 *
 *     connect    a kept connection or a new one
 *     begin      BEGIN, settings, DECLARE, and the first FETCH on its way, unless
 *                there are questions about the columns
 *     header     those questions, the header line
 *     fetch      FETCH after FETCH, formatted into the sink; after the first one
 *                the run counts as started for the client
 *     finish     COMMIT, connection and slot free, sink told that all is there
 *
 * Each is one function here and returns -1 to end the run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/units.h"
#include "catalog/table_blame.h"
#include "export/heading.h"
#include "export/internal.h"
#include "export/shaping.h"
#include "format/excel.h"

/* Added to the time that a slow client may rightly take, for the server's own idle timeout (ms). */
#define IDLE_MARGIN_MS 30000

/*
 * An estimate is refused before the first byte when it is this many times over
 * what is allowed and by this many rows: the planner guesses 1000 where it knows nothing.
 */
#define ESTIMATE_FAR 10
#define ESTIMATE_FAR_ROWS 100000

/* Bytes of the export's name in the application's, of which the server keeps 63. */
#define NAME_TOLD 45

/* What SET ROLE says, and little else does (invalid_parameter_value). */
#define UNKNOWN_ROLE "22023"

/* No operator, or function, of that type (undefined_function): here that of an order. */
#define NO_OPERATOR "42883"

static struct sl_run *of_watch(struct sl_watch *watch)
{
    return (struct sl_run *)((char *)watch - offsetof(struct sl_run, watch));
}

static int64_t either(int64_t of_export, int64_t of_config)
{
    return of_export > 0 ? of_export : of_config;
}

static int producer_check(struct sl_watch *watch, struct sl_error *err)
{
    struct sl_run *run = of_watch(watch);

    if (sl_run_check(run, err) < 0)
        return -1;
    int64_t now = sl_clock_ms();
    if (now < watch->deadline_ms)
        return 0;
    const char *most = run->query.max_duration > 0 ? "a preview may" : "max_duration";
    return sl_error_set(err, SL_TIMEOUT, "the export took longer than %s",
                        now >= run->hold_until ? "max_hold: its snapshot is given up" : most);
}

/* The client may read from now on. Only the first call counts. */
static void first_batch_done(struct sl_run *run)
{
    if (run->first_done)
        return;
    run->first_done = true;
    pthread_mutex_lock(&run->lock);
    run->first_ready = true;
    int64_t ttfb = run->receipt.ttfb_ms = sl_clock_ms() - run->created_ms;
    pthread_mutex_unlock(&run->lock);
    sl_stats_first(run->service->stats, run->stats, ttfb);
    sl_wake(run->consumer.wake_fd);
}

/* Hands over what is formatted. */
static int pass_on(struct sl_run *run, struct sl_error *err)
{
    size_t n = (size_t)(run->out.pos - run->window);

    if (n == 0)
        return 0;
    run->window = run->out.pos = run->out.end = NULL;
    run->in_sink = true;
    int rc = sl_sink_write(run->sink, n, err);
    run->in_sink = false;
    return rc;
}

/* Must what is formatted stay here, since there may be no row? */
static bool held_back(const struct sl_run *run)
{
    return run->if_rows && atomic_load_explicit(&run->rows, memory_order_relaxed) == 0;
}

/* Shows the client what is formatted, at the second call also what a stage holds back. */
static int publish(struct sl_run *run, struct sl_error *err)
{
    run->watch.tick_at = sl_clock_ms() + SL_PUBLISH_MS;
    sl_run_account(run);
    if (held_back(run))
        return 0;
    if (pass_on(run, err) < 0)
        return -1;
    run->in_sink = true;
    int rc = sl_sink_flush(run->sink, err);
    run->in_sink = false;
    return rc;
}

static int publish_tick(struct sl_watch *watch, struct sl_error *err)
{
    struct sl_run *run = of_watch(watch);

    if (!run->in_sink)
        return publish(run, err);
    /* The sink waits for the client: a first batch larger than the queue. */
    run->watch.tick_at = sl_clock_ms() + SL_PUBLISH_MS;
    sl_run_account(run);
    first_batch_done(run);
    return 0;
}

static int more(struct sl_out *out)
{
    struct sl_run *run = (struct sl_run *)((char *)out - offsetof(struct sl_run, out));
    size_t size;

    if (pass_on(run, &run->write_error) < 0)
        return -1;
    /* As above, without the wait for the tick. */
    if (sl_sink_room(run->sink) == 0)
        first_batch_done(run);
    run->in_sink = true;
    int rc = sl_sink_buffer(run->sink, &run->window, &size, &run->write_error);
    run->in_sink = false;
    if (rc < 0)
        return -1;
    out->pos = run->window;
    out->end = run->window + size;
    return 0;
}

/* A bound of rows, and what to say when there are more. */
struct bound {
    int64_t rows; /* 0: none */
    const char *whose;
};

/* The narrower of max_rows and, for a spreadsheet program, what is left of a sheet. */
static struct bound bound_of(const struct sl_run *run)
{
    const struct sl_query *query = &run->query;
    int64_t max_rows = either(query->export->max_rows, run->setup->config->limits.max_rows);
    int64_t sheet = SL_EXCEL_ROWS - (query->header != SL_HEADER_OFF);

    if (query->style.dialect == SL_DIALECT_EXCEL && (max_rows <= 0 || max_rows > sheet))
        return (struct bound){sheet, "a sheet of the excel dialect"};
    return (struct bound){max_rows, "max_rows"};
}

/* One row more: SL_LIMIT when it is one too many. */
static int count_row(const struct sl_run *run, int64_t *rows, struct sl_error *err)
{
    struct bound bound = bound_of(run);

    *rows = atomic_load_explicit(&run->rows, memory_order_relaxed) + 1;
    if (bound.rows > 0 && *rows > bound.rows)
        return sl_error_set(err, SL_LIMIT, "the export has more rows than %s, which allows %lld",
                            bound.whose, (long long)bound.rows);
    return 0;
}

static int write_row(void *ctx, const struct sl_cell *cells, int n, struct sl_error *err)
{
    struct sl_run *run = ctx;
    int64_t rows;
    int bad;

    (void)n;
    if (count_row(run, &rows, err) < 0)
        return -1;
    if (sl_rows_row(run->formatter, &run->out, cells, &bad) < 0) {
        if (bad >= 0)
            return sl_heading_not_held(run, bad, err);
        *err = run->write_error;
        return -1;
    }
    atomic_store_explicit(&run->rows, rows, memory_order_relaxed);
    return 0;
}

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
    int64_t most = either(run->query.export->max_duration, config->limits.max_duration);
    int64_t until = now + either(run->query.max_duration, most);

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
static int begin(struct sl_run *run, struct sl_error *err)
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

static int check_estimate(struct sl_run *run, int64_t estimate, struct sl_error *err)
{
    struct bound bound = bound_of(run);

    if (bound.rows <= 0 || estimate / ESTIMATE_FAR <= bound.rows ||
        estimate - bound.rows < ESTIMATE_FAR_ROWS)
        return 0;
    return sl_error_set(err, SL_LIMIT,
                        "about %lld rows are expected and %s allows %lld: narrow the export",
                        (long long)estimate, bound.whose, (long long)bound.rows);
}

static int header(struct sl_run *run, struct sl_error *err)
{
    int64_t estimate = sl_cursor_estimate(run->cursor);

    pthread_mutex_lock(&run->lock);
    run->receipt.estimated_rows = estimate;
    snprintf(run->receipt.snapshot_at, sizeof run->receipt.snapshot_at, "%s",
             sl_cursor_snapshot(run->cursor));
    pthread_mutex_unlock(&run->lock);
    if (check_estimate(run, estimate, err) < 0)
        return -1;
    return sl_heading_write(run, err);
}

/* Puts FETCHes on their way as long as the sink has room for what they bring. */
static int send_ahead(struct sl_run *run, struct sl_error *err)
{
    struct sl_cursor *cursor = run->cursor;

    while (sl_cursor_in_flight(cursor) < SL_FETCHES_IN_FLIGHT) {
        int64_t expected = sl_cursor_share(cursor) * (sl_cursor_in_flight(cursor) + 1);

        if (sl_sink_room(run->sink) < (size_t)expected)
            return 0;
        if (sl_cursor_send(cursor, err) < 0)
            return -1;
    }
    return 0;
}

static int fetch_all(struct sl_run *run, struct sl_error *err)
{
    struct sl_cursor *cursor = run->cursor;

    for (bool first = true; !sl_cursor_at_end(cursor); first = false) {
        if (send_ahead(run, err) < 0)
            return -1;
        if (sl_cursor_in_flight(cursor) == 0) {
            /* The client is slow: it gets what there is, the backend waits between FETCHes. */
            if (publish(run, err) < 0 || sl_cursor_idle(cursor, err) < 0)
                return -1;
            continue;
        }
        if (sl_cursor_read(cursor, write_row, run, err) < 0)
            return -1;
        if ((first || sl_clock_ms() >= run->watch.tick_at) && publish(run, err) < 0)
            return -1;
        first_batch_done(run);
    }
    return held_back(run) ? 0 : pass_on(run, err);
}

/* Connection and slot are free before the client learns how the run ended. */
static void let_go(struct sl_run *run, bool ok)
{
    sl_run_account(run);
    run->watch.source_fd = -1;
    sl_cursor_free(run->cursor);
    run->cursor = NULL;
    /*
     * What foreign SQL has left, such as locks, ends with the connection.  So does the trace of a
     * caller's settings: a name that was ever set is '' afterwards and no longer NULL.
     */
    if (ok && !run->foreign && run->n_settings == 0)
        sl_slots_keep(run->service->slots, run->session);
    else
        sl_session_cancel_close(run->session);
    run->session = NULL;
    int64_t held_since = atomic_exchange(&run->held_since, 0);
    if (held_since != 0)
        sl_stats_held(run->service->stats, sl_clock_ms() - held_since);
    if (run->slot_held)
        sl_slots_release(run->service->slots);
    run->slot_held = false;
}

static int end(struct sl_run *run, struct sl_error *err)
{
    if (sl_run_check(run, err) < 0)
        return -1;
    if (held_back(run)) {
        sl_sink_abort(run->sink);
        return 0;
    }
    /* The snapshot is gone: a client may be as slow over the last bytes as min_rate allows. */
    if (run->queue != NULL)
        run->watch.deadline_ms = INT64_MAX;
    run->in_sink = true;
    return sl_sink_end(run->sink, err);
}

int sl_run_produce(struct sl_run *run, struct sl_error *err)
{
    run->watch.check = producer_check;
    run->watch.tick = publish_tick;
    run->watch.tick_at = sl_clock_ms() + SL_PUBLISH_MS;
    run->out.more = more;

    int rc = begin(run, err);
    if (rc == 0)
        rc = header(run, err);
    if (rc == 0)
        rc = fetch_all(run, err);
    if (rc == 0)
        rc = sl_cursor_finish(run->cursor, err);
    let_go(run, rc == 0);
    if (rc < 0 && !sl_run_begun(run))
        sl_run_refuse(run, err);
    return rc < 0 ? -1 : end(run, err);
}

int sl_run_execute(struct sl_run *run, struct sl_sink *sink, bool if_rows, struct sl_error *err)
{
    int rc = -1;

    run->if_rows = if_rows;
    sink->watch = &run->watch;
    if (sl_run_chain(run, sink, SL_PLAIN, err) == 0)
        rc = sl_run_produce(run, err);
    if (rc < 0) {
        sl_sink_abort(sink);
        sl_run_fail(run, err);
    } else {
        pthread_mutex_lock(&run->lock);
        run->receipt.bytes_sent = atomic_load(&run->bytes);
        pthread_mutex_unlock(&run->lock);
    }
    if (sl_run_finish(run, rc == 0))
        return 0;
    return sl_run_check(run, err); /* an abort from outside may have been the first reason */
}
