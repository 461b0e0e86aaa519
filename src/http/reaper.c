#include "http/reaper.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

/* How often it looks (ms): a tenth of the second in which a cancel must have worked. */
#define REAP_MS 100

/* How often idle database connections are looked at (ms). */
#define SWEEP_MS 1000

struct sl_reaper {
    struct sl_connections *connections;
    struct sl_service *service;
    pthread_t thread;
    pthread_mutex_t lock; /* guards stop, nothing else; no other lock is taken under it */
    pthread_cond_t wake;
    bool stop;
};

/* Sleeps for one round. false when it is time to end. */
static bool next_round(struct sl_reaper *reaper)
{
    struct timespec until;
    bool go_on;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += REAP_MS * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_mutex_lock(&reaper->lock);
    while (!reaper->stop && pthread_cond_timedwait(&reaper->wake, &reaper->lock, &until) == 0)
        ;
    go_on = !reaper->stop;
    pthread_mutex_unlock(&reaper->lock);
    return go_on;
}

static void *reap(void *arg)
{
    struct sl_reaper *reaper = arg;
    int64_t swept = sl_clock_ms();

    while (next_round(reaper)) {
        sl_connections_reap(reaper->connections, sl_clock_ms());
        if (sl_clock_ms() - swept < SWEEP_MS)
            continue;
        sl_service_sweep(reaper->service);
        swept = sl_clock_ms();
    }
    return NULL;
}

int sl_reaper_start(struct sl_connections *connections, struct sl_service *service,
                    struct sl_reaper **reaper, struct sl_error *err)
{
    struct sl_reaper *made = calloc(1, sizeof(*made));
    pthread_condattr_t attributes;

    if (made == NULL)
        return sl_error_nomem(err);
    made->connections = connections;
    made->service = service;
    pthread_mutex_init(&made->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&made->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    int failed = pthread_create(&made->thread, NULL, reap, made);
    if (failed != 0) {
        pthread_cond_destroy(&made->wake);
        pthread_mutex_destroy(&made->lock);
        free(made);
        return sl_error_set(err, SL_INTERNAL, "cannot start a thread: %s", strerror(failed));
    }
    *reaper = made;
    return 0;
}

void sl_reaper_stop(struct sl_reaper *reaper)
{
    if (reaper == NULL)
        return;
    pthread_mutex_lock(&reaper->lock);
    reaper->stop = true;
    pthread_cond_signal(&reaper->wake);
    pthread_mutex_unlock(&reaper->lock);
    pthread_join(reaper->thread, NULL);
    pthread_cond_destroy(&reaper->wake);
    pthread_mutex_destroy(&reaper->lock);
    free(reaper);
}
