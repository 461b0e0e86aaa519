#include "http/reaper.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

struct sl_reaper {
    struct sl_connections *connections;
    struct sl_service *service;
    pthread_t thread;
    atomic_bool stop;
    atomic_uint asked;    /* by sl_reaper_alive() */
    atomic_uint answered; /* the last `asked` that a whole round has followed */
};

/* It sleeps for as long as nothing can be over its time: an idle service must not wake. */
static void *reap(void *arg)
{
    struct sl_reaper *reaper = arg;

    while (!atomic_load(&reaper->stop)) {
        unsigned asked = atomic_load(&reaper->asked);
        sl_connections_reap(reaper->connections, sl_clock_ms());
        int64_t next = sl_service_sweep(reaper->service);
        atomic_store(&reaper->answered, asked);
        sl_connections_wait(reaper->connections, next);
    }
    return NULL;
}

int sl_reaper_start(struct sl_connections *connections, struct sl_service *service,
                    struct sl_reaper **reaper, struct sl_error *err)
{
    struct sl_reaper *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return sl_error_nomem(err);
    made->connections = connections;
    made->service = service;
    atomic_init(&made->stop, false);
    atomic_init(&made->asked, 0);
    atomic_init(&made->answered, 0);
    int failed = pthread_create(&made->thread, NULL, reap, made);
    if (failed != 0) {
        free(made);
        return sl_error_set(err, SL_INTERNAL, "cannot start a thread: %s", strerror(failed));
    }
    (void)pthread_setname_np(made->thread, "reaper"); /* for top(1) and debuggers */
    *reaper = made;
    return 0;
}

bool sl_reaper_alive(struct sl_reaper *reaper)
{
    bool alive = atomic_load(&reaper->answered) == atomic_load(&reaper->asked);

    if (alive)
        atomic_fetch_add(&reaper->asked, 1);
    sl_connections_wake(reaper->connections);
    return alive;
}

void sl_reaper_stop(struct sl_reaper *reaper)
{
    if (reaper == NULL)
        return;
    atomic_store(&reaper->stop, true);
    sl_connections_wake(reaper->connections);
    pthread_join(reaper->thread, NULL);
    free(reaper);
}
