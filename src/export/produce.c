/*
 * The database side of a run, in one thread:
 *
 *     open       a kept connection or a new one, BEGIN, settings, DECLARE, and the first
 *                FETCH on its way, unless there are questions about the columns
 *     header     those questions, the header line
 *     fetch      FETCH after FETCH, formatted into the sink; after the first one
 *                the run counts as started for the client
 *     finish     COMMIT, connection and slot free, sink told that all is there
 *
 * Each is one function, the first in opening.c, and returns -1 to end the run.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/limits.h"
#include "export/heading.h"
#include "export/internal.h"
#include "format/excel.h"

/*
 * An estimate is refused before the first byte when it is this many times over
 * what is allowed and by this many rows: the planner guesses 1000 where it knows nothing.
 */
#define ESTIMATE_FAR 10
#define ESTIMATE_FAR_ROWS 100000

static struct sl_run *of_watch(struct sl_watch *watch)
{
    return (struct sl_run *)((char *)watch - offsetof(struct sl_run, watch));
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

    if (run->client_fd >= 0 && sl_run_look_at_client(run, run->client_fd, err) < 0)
        return -1;
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
    int64_t max_rows = sl_either(query->export->max_rows, run->setup->config->limits.max_rows);
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

    int rc = sl_run_open(run, err);
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

int sl_run_execute(struct sl_run *run, struct sl_sink *sink, int client_fd, bool if_rows,
                   struct sl_error *err)
{
    int rc = -1;

    run->client_fd = client_fd;
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
