#include "http/ready.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "pg/session.h"

/*
 * One question to the database, in a thread of its own: libpq looks names up without
 * any limit of time, and who asks must not wait for that, nor must a stop.
 */
struct probe {
    atomic_int refs; /* struct sl_ready, the thread, each who waits */
    int64_t started_at;
    pthread_mutex_t lock; /* guards the rest but dsn */
    pthread_cond_t done;
    bool is_done;
    int64_t done_at;
    struct sl_error answer; /* kind SL_NONE: ready; until it is done, what to say in its place */
    char dsn[];
};

struct sl_ready {
    pthread_mutex_t lock; /* guards all below; never held while waiting */
    struct probe *probe;  /* the last one; NULL: nobody was asked yet */
    enum sl_kind told;    /* what the log says */
};

struct sl_ready *sl_ready_new(void)
{
    struct sl_ready *ready = calloc(1, sizeof(*ready));

    if (ready != NULL)
        pthread_mutex_init(&ready->lock, NULL);
    return ready;
}

static void dispose(struct probe *probe)
{
    pthread_cond_destroy(&probe->done);
    pthread_mutex_destroy(&probe->lock);
    free(probe);
}

static void release(struct probe *probe)
{
    if (probe != NULL && atomic_fetch_sub(&probe->refs, 1) == 1)
        dispose(probe);
}

void sl_ready_free(struct sl_ready *ready)
{
    if (ready == NULL)
        return;
    pthread_mutex_destroy(&ready->lock);
    release(ready->probe);
    free(ready);
}

static int no_answer(struct sl_error *err)
{
    return sl_error_set(err, SL_UNAVAILABLE, "the database did not answer in %d s",
                        SL_READY_PROBE_MS / 1000);
}

static int in_time(struct sl_watch *watch, struct sl_error *err)
{
    return sl_clock_ms() < watch->deadline_ms ? 0 : no_answer(err);
}

static void *ask(void *arg)
{
    struct probe *probe = arg;
    struct sl_watch watch = {
        .source_fd = -1,
        .wake_fd = -1,
        .check = in_time,
        .deadline_ms = probe->started_at + SL_READY_PROBE_MS,
    };
    struct sl_error answer = {.kind = SL_NONE};
    struct sl_session *session = sl_session_open(probe->dsn, &watch, &answer);

    if (session != NULL)
        answer = (struct sl_error){.kind = SL_NONE};
    sl_session_close(session);
    pthread_mutex_lock(&probe->lock);
    probe->answer = answer;
    probe->is_done = true;
    probe->done_at = sl_clock_ms();
    pthread_cond_broadcast(&probe->done);
    pthread_mutex_unlock(&probe->lock);
    release(probe);
    return NULL;
}

static struct probe *probe_new(const char *dsn)
{
    struct probe *probe = calloc(1, sizeof(*probe) + strlen(dsn) + 1);
    pthread_condattr_t monotonic;

    if (probe == NULL)
        return NULL;
    memcpy(probe->dsn, dsn, strlen(dsn) + 1);
    atomic_init(&probe->refs, 1);
    probe->started_at = sl_clock_ms();
    no_answer(&probe->answer);
    pthread_mutex_init(&probe->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&probe->done, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return probe;
}

/* A new question, under way. NULL on error. */
static struct probe *begin(const char *dsn, struct sl_error *err)
{
    struct probe *probe = probe_new(dsn);
    pthread_attr_t attr;
    pthread_t thread;

    if (probe == NULL) {
        sl_error_nomem(err);
        return NULL;
    }
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, SL_PRODUCER_STACK);
    atomic_fetch_add(&probe->refs, 1);
    int rc = pthread_create(&thread, &attr, ask, probe);
    pthread_attr_destroy(&attr);
    if (rc == 0)
        return probe;
    dispose(probe);
    sl_error_set(err, SL_UNAVAILABLE, "no thread to ask the database: %s", strerror(rc));
    return NULL;
}

/* Is its answer, there or to come, one for this database and for now? */
static bool holds(struct probe *probe, const char *dsn)
{
    if (probe == NULL || strcmp(probe->dsn, dsn) != 0)
        return false;
    pthread_mutex_lock(&probe->lock);
    bool fresh = !probe->is_done || sl_clock_ms() - probe->done_at < SL_READY_FRESH_MS;
    pthread_mutex_unlock(&probe->lock);
    return fresh;
}

/* The question that is under way or was answered just now, or a new one. NULL on error. */
static struct probe *join(struct sl_ready *ready, const char *dsn, struct sl_error *err)
{
    pthread_mutex_lock(&ready->lock);
    struct probe *probe = holds(ready->probe, dsn) ? ready->probe : begin(dsn, err);
    if (probe != NULL) {
        if (probe != ready->probe) {
            release(ready->probe);
            ready->probe = probe;
        }
        atomic_fetch_add(&probe->refs, 1);
    }
    pthread_mutex_unlock(&ready->lock);
    return probe;
}

/* Who comes when its time is over waits no more. */
static void wait_answer(struct probe *probe, struct sl_error *answer)
{
    int64_t deadline = probe->started_at + SL_READY_PROBE_MS;
    struct timespec until = {.tv_sec = deadline / 1000, .tv_nsec = (deadline % 1000) * 1000000};
    int rc = 0;

    pthread_mutex_lock(&probe->lock);
    while (!probe->is_done && rc == 0)
        rc = pthread_cond_timedwait(&probe->done, &probe->lock, &until);
    *answer = probe->answer;
    pthread_mutex_unlock(&probe->lock);
}

static void log_change(struct sl_ready *ready, const struct sl_error *answer)
{
    pthread_mutex_lock(&ready->lock);
    enum sl_kind before = ready->told;
    ready->told = answer->kind;
    pthread_mutex_unlock(&ready->lock);
    if (answer->kind != SL_NONE && before == SL_NONE)
        sl_log_error("not ready", answer);
    else if (answer->kind == SL_NONE && before != SL_NONE)
        sl_log_text(SL_LOG_INFO, "ready again", "the database lets us in");
}

int sl_ready_check(struct sl_ready *ready, const struct sl_setup *setup, struct sl_error *err)
{
    struct sl_error answer;
    struct probe *probe = join(ready, setup->config->database.dsn, &answer);

    if (probe != NULL) {
        wait_answer(probe, &answer);
        release(probe);
    }
    log_change(ready, &answer);
    if (answer.kind == SL_NONE)
        return 0;
    *err = answer;
    return -1;
}
