/*
 * The life of a run and what both of its threads share.  The database side is in
 * produce.c, the client's side in transfer.c.
 */
#include "export/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/units.h"
#include "base/uuid.h"
#include "export/internal.h"

int sl_run_check(struct sl_run *run, struct sl_error *err)
{
    if (!atomic_load_explicit(&run->stop, memory_order_acquire))
        return 0;
    pthread_mutex_lock(&run->lock);
    *err = run->error;
    pthread_mutex_unlock(&run->lock);
    return -1;
}

static int consumer_check(struct sl_watch *watch, struct sl_error *err)
{
    struct sl_run *run = (struct sl_run *)((char *)watch - offsetof(struct sl_run, consumer));

    return sl_run_check(run, err);
}

static void run_free(struct sl_run *run)
{
    sl_query_fini(&run->query);
    sl_columns_free(&run->base);
    sl_table_query_free(&run->table);
    sl_rows_free(run->formatter);
    for (size_t i = 0; i < run->n_settings; i++) {
        free((char *)(uintptr_t)run->settings[i].name);
        free((char *)(uintptr_t)run->settings[i].value);
    }
    sl_digest_free(run->digest);
    sl_compress_free(run->compress);
    sl_encode_free(run->encode);
    sl_queue_free(run->queue);
    if (run->watch.wake_fd >= 0)
        close(run->watch.wake_fd);
    if (run->consumer.wake_fd >= 0)
        close(run->consumer.wake_fd);
    pthread_mutex_destroy(&run->lock);
    sl_setup_release(run->setup);
    free(run);
}

static int run_init(struct sl_run *run, struct sl_service *service, struct sl_setup *setup,
                    struct sl_error *err)
{
    const struct sl_config *config = setup->config;

    run->service = service;
    run->setup = sl_setup_ref(setup);
    run->created_ms = sl_clock_ms();
    atomic_init(&run->refs, 1);
    pthread_mutex_init(&run->lock, NULL);
    sl_rate_init(&run->rate, config->limits.stall_timeout, config->limits.min_rate);
    run->consumer.check = consumer_check;
    run->consumer.deadline_ms = INT64_MAX;
    run->watch.deadline_ms = INT64_MAX;
    run->watch.source_fd = run->consumer.source_fd = run->client_fd = -1;
    run->receipt.estimated_rows = -1;
    run->receipt.held_ms = -1;
    run->watch.wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    run->consumer.wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (run->watch.wake_fd < 0 || run->consumer.wake_fd < 0)
        return sl_error_set(err, SL_INTERNAL, "no descriptor left for a run");
    return 0;
}

/* Copies what the run needs of its caller for longer than the request lives. */
static int copy_identity(struct sl_run *run, const struct sl_run_as *as, struct sl_error *err)
{
    run->dsn = as->dsn != NULL ? as->dsn : run->setup->config->database.dsn;
    snprintf(run->role, sizeof run->role, "%s", as->role != NULL ? as->role : "");
    snprintf(run->login, sizeof run->login, "%s", as->login != NULL ? as->login : "");
    run->foreign = as->foreign;
    run->asked = as->asked;
    snprintf(run->receipt.peer, sizeof run->receipt.peer, "%s", as->peer);
    snprintf(run->receipt.owner, sizeof run->receipt.owner, "%s", as->owner);
    for (size_t i = 0; i < as->n_settings && i < SL_MAX_ROW_SETTINGS; i++) {
        char *name = strdup(as->settings[i].name);
        char *value = strdup(as->settings[i].value);

        run->settings[run->n_settings++] = (struct sl_setting){name, value};
        if (name == NULL || value == NULL)
            return sl_error_nomem(err);
    }
    return 0;
}

/* The rights of its login are all that bounds foreign SQL: it is never that of the exports. */
static int check_dsn(const struct sl_run_as *as, struct sl_error *err)
{
    if (as->foreign && (as->dsn == NULL || as->dsn[0] == '\0'))
        return sl_error_set(err, SL_CONFIG, "there is no dsn for this SQL");
    return 0;
}

int sl_run_new(struct sl_service *service, struct sl_setup *setup, struct sl_query *query,
               const struct sl_run_as *as, struct sl_run **out, struct sl_error *err)
{
    struct sl_run *run = calloc(1, sizeof *run);

    if (run == NULL) {
        sl_query_fini(query);
        return sl_error_nomem(err);
    }
    run->query = *query;
    *query = (struct sl_query){0};
    if (run_init(run, service, setup, err) < 0 || copy_identity(run, as, err) < 0 ||
        check_dsn(as, err) < 0)
        goto failed;
    /* The name of a table can be longer. */
    snprintf(run->receipt.export, sizeof run->receipt.export, "%.*s",
             sl_utf8_fit(run->query.export->name, (int)sizeof run->receipt.export - 1),
             run->query.export->name);
    /* A table need not exist: its name, which a caller chose, is no label. */
    run->stats = sl_stats_export(service->stats,
                                 run->query.table != NULL ? SL_STATS_TABLES : run->receipt.export);
    if (run->query.run_id[0] != '\0')
        snprintf(run->receipt.id, sizeof run->receipt.id, "%s", run->query.run_id);
    else if (sl_uuid_make(run->receipt.id, err) < 0)
        goto failed;
    if (sl_registry_add(service->registry, run, err) < 0)
        goto failed;
    *out = run;
    return 0;
failed:
    run_free(run);
    return -1;
}

const char *sl_run_id(const struct sl_run *run)
{
    return run->receipt.id;
}

const struct sl_query *sl_run_query(const struct sl_run *run)
{
    return &run->query;
}

/* The receipt with its moving parts, under the run's lock. */
static void compose(struct sl_run *run, struct sl_receipt *receipt)
{
    *receipt = run->receipt;
    receipt->rows = atomic_load(&run->rows);
    receipt->bytes = atomic_load(&run->bytes);
    if (run->error.kind == SL_NONE)
        return;
    receipt->state = run->error.kind == SL_CANCELLED ? SL_RUN_CANCELLED : SL_RUN_FAILED;
    receipt->kind = run->error.kind;
    snprintf(receipt->sqlstate, sizeof receipt->sqlstate, "%s", run->error.sqlstate);
    snprintf(receipt->detail, sizeof receipt->detail, "%.*s", (int)sizeof receipt->detail - 1,
             sl_error_recorded(&run->error));
}

void sl_run_receipt(struct sl_run *run, struct sl_receipt *receipt)
{
    pthread_mutex_lock(&run->lock);
    compose(run, receipt);
    pthread_mutex_unlock(&run->lock);
}

bool sl_run_fail(struct sl_run *run, const struct sl_error *err)
{
    pthread_mutex_lock(&run->lock);
    bool first = run->error.kind == SL_NONE && !run->finished;
    if (first) {
        run->error = *err;
        sl_clock_utc(
            run->receipt.finished_at); /* with the state, though there is cleaning up to do */
        atomic_store_explicit(&run->stop, true, memory_order_release);
    }
    pthread_mutex_unlock(&run->lock);
    sl_wake(run->watch.wake_fd);
    sl_wake(run->consumer.wake_fd);
    return first;
}

void sl_run_refuse(struct sl_run *run, const struct sl_error *err)
{
    pthread_mutex_lock(&run->lock);
    if (run->error.kind == SL_NONE) {
        run->error = *err;
        sl_clock_utc(run->receipt.finished_at);
    }
    pthread_mutex_unlock(&run->lock);
    sl_run_finish(run, false);
    atomic_store_explicit(&run->stop, true, memory_order_release);
    sl_wake(run->consumer.wake_fd);
}

bool sl_run_abort(struct sl_run *run, enum sl_kind kind, const char *why)
{
    struct sl_error err;

    sl_error_set(&err, kind, "%s", why);
    return sl_run_fail(run, &err);
}

bool sl_run_begun(struct sl_run *run)
{
    pthread_mutex_lock(&run->lock);
    bool begun = run->begun;
    pthread_mutex_unlock(&run->lock);
    return begun;
}

bool sl_run_aborted(struct sl_run *run)
{
    return atomic_load_explicit(&run->stop, memory_order_acquire);
}

/* What each line about a run has. */
static void log_state(struct sl_line *line, const struct sl_receipt *receipt)
{
    sl_log_str(line, "id", receipt->id);
    sl_log_str(line, "export", receipt->export);
    sl_log_str(line, "who", receipt->owner);
    sl_log_str(line, "state", sl_run_state_name(receipt->state));
    sl_log_int(line, "rows", receipt->rows);
    sl_log_int(line, "bytes", receipt->bytes);
    sl_log_int(line, "ms", receipt->total_ms);
    sl_log_int(line, "ttfb_ms", receipt->ttfb_ms);
    sl_log_int(line, "queue_ms", receipt->queue_ms);
    sl_log_int(line, "peak_memory", receipt->peak_memory);
    sl_log_str(line, "peer", receipt->peer);
}

/* One line for each run that ended. */
static void log_end(const struct sl_run *run, const struct sl_receipt *receipt)
{
    struct sl_line line;

    sl_log_begin(&line, receipt->state == SL_RUN_FAILED ? SL_LOG_WARNING : SL_LOG_INFO, "run");
    log_state(&line, receipt);
    if (receipt->kind != SL_NONE) {
        sl_log_str(&line, "kind", sl_kind_name(receipt->kind));
        sl_log_str(&line, "sqlstate", receipt->sqlstate);
        sl_log_str(&line, "reason", sl_error_recorded(&run->error));
        /* No log may hold a caller's values, and a ticket's SQL is full of them. */
        if (!run->error.quotes && !run->foreign)
            sl_log_str(&line, "detail", run->error.detail);
    }
    sl_log_end(&line);
}

void sl_run_standing(struct sl_run *run, struct sl_receipt *receipt)
{
    int64_t now = sl_clock_ms();
    int64_t held_since = atomic_load(&run->held_since);

    sl_run_receipt(run, receipt);
    receipt->total_ms = now - run->created_ms;
    receipt->held_ms = held_since == 0 ? -1 : now > held_since ? now - held_since : 0;
}

void sl_run_log(const struct sl_receipt *standing)
{
    struct sl_line line;

    sl_log_begin(&line, SL_LOG_INFO, "running");
    log_state(&line, standing);
    sl_log_int(&line, "estimated_rows", standing->estimated_rows);
    sl_log_str(&line, "snapshot_at", standing->snapshot_at);
    sl_log_end(&line);
}

/* What is new goes into the service's counters. */
static void count(struct sl_run *run)
{
    int64_t rows = atomic_load(&run->rows);
    int64_t bytes = atomic_load(&run->bytes);

    sl_stats_wrote(run->service->stats, run->stats, rows - run->rows_counted,
                   bytes - run->bytes_counted);
    run->rows_counted = rows;
    run->bytes_counted = bytes;
}

/* Of one stage, NULL: none. */
static int64_t own_memory(const struct sl_sink *stage)
{
    return stage == NULL ? 0 : (int64_t)stage->ops->memory(stage);
}

/*
 * What is held to [limits] memory: the rows as libpq has them, the widest included,
 * and what waits for the client.  What compressor and encoding take is constant.
 */
static void look_at_memory(struct sl_run *run, int64_t now)
{
    int64_t memory = run->setup->config->limits.memory;
    int64_t constant = own_memory(run->compress) + own_memory(run->encode);
    struct sl_line line;

    if (run->memory_told || now - constant <= memory)
        return;
    run->memory_told = true;
    sl_stats_over_memory(run->service->stats, run->stats);
    sl_log_begin(&line, SL_LOG_WARNING, "memory");
    sl_log_str(&line, "id", run->receipt.id);
    sl_log_str(&line, "export", run->receipt.export);
    sl_log_str(&line, "who", run->receipt.owner);
    sl_log_int(&line, "peak_memory", now);
    sl_log_int(&line, "limit", memory);
    sl_log_int(&line, "widest_row", sl_cursor_widest(run->cursor));
    sl_log_end(&line);
}

void sl_run_account(struct sl_run *run)
{
    int64_t now = (int64_t)sl_sink_memory(run->sink);

    count(run);
    if (run->cursor != NULL)
        now += sl_cursor_memory(run->cursor);
    pthread_mutex_lock(&run->lock);
    if (now > run->receipt.peak_memory)
        run->receipt.peak_memory = now;
    pthread_mutex_unlock(&run->lock);
    if (run->cursor != NULL)
        look_at_memory(run, now);
}

bool sl_run_finish(struct sl_run *run, bool complete)
{
    struct sl_receipt receipt = {0};

    pthread_mutex_lock(&run->lock);
    bool before = run->finished;
    run->finished = true;
    if (!before) {
        if (complete && run->error.kind == SL_NONE) {
            run->receipt.state = SL_RUN_COMPLETE;
            snprintf(run->receipt.sha256, sizeof run->receipt.sha256, "%s",
                     sl_digest_hex(run->digest));
        }
        run->receipt.total_ms = sl_clock_ms() - run->created_ms;
        if (run->error.kind == SL_NONE)
            sl_clock_utc(run->receipt.finished_at);
        compose(run, &receipt);
    }
    complete = run->receipt.state == SL_RUN_COMPLETE;
    bool begun = run->begun;
    pthread_mutex_unlock(&run->lock);
    if (before)
        return complete;
    if (begun) {
        log_end(run, &receipt);
        count(run); /* what ends the file came after the last look */
        sl_stats_ended(run->service->stats, run->stats, &receipt);
    } else {
        sl_stats_refused(run->service->stats, receipt.kind);
    }
    sl_registry_remove(run->service->registry, run, begun ? &receipt : NULL);
    return complete;
}

struct sl_run *sl_run_ref(struct sl_run *run)
{
    atomic_fetch_add(&run->refs, 1);
    return run;
}

bool sl_run_ref_live(struct sl_run *run)
{
    int refs = atomic_load(&run->refs);

    while (refs > 0)
        if (atomic_compare_exchange_weak(&run->refs, &refs, refs + 1))
            return true;
    return false;
}

void sl_run_release(struct sl_run *run)
{
    if (atomic_fetch_sub(&run->refs, 1) != 1)
        return;
    if (run->slot_held)
        sl_slots_release(run->service->slots);
    sl_run_finish(run, false);
    run_free(run);
}
