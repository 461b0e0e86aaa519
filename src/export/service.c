#include "export/service.h"

#include <malloc.h>
#include <stdlib.h>

#include "base/clock.h"
#include "export/internal.h"

/*
 * libpq allocates and frees a result for each row or FETCH.  With malloc's own
 * thresholds the heap would grow and be trimmed each time (1.6 s of system time
 * for 1.5 GB); with an arena for each thread memory would grow with threads.
 * What an arena may keep is held by each of them, whichever run was in it last.
 */
#define HEAP_BLOCK (4 * 1024 * 1024) /* larger blocks have pages of their own */
#define HEAP_KEPT (1024 * 1024)      /* free at an arena's end */
#define HEAP_ARENAS 4

struct sl_service *sl_service_new(struct sl_setup *setup)
{
    const struct sl_config *config = setup->config;
    struct sl_service *service = calloc(1, sizeof *service);

    if (service == NULL) {
        sl_setup_release(setup);
        return NULL;
    }
    mallopt(M_ARENA_MAX, HEAP_ARENAS);
    mallopt(M_TRIM_THRESHOLD, HEAP_KEPT);
    mallopt(M_MMAP_THRESHOLD, HEAP_BLOCK);
    sl_pg_setup();
    pthread_mutex_init(&service->lock, NULL);
    service->setup = setup;
    service->slots =
        sl_slots_new((int)config->database.max_exports, (int)config->database.queue_length,
                     config->database.queue_timeout);
    service->registry = sl_registry_new();
    service->stats = sl_stats_new();
    if (service->slots == NULL || service->registry == NULL || service->stats == NULL) {
        sl_service_free(service);
        return NULL;
    }
    return service;
}

void sl_service_free(struct sl_service *service)
{
    if (service == NULL)
        return;
    sl_slots_free(service->slots);
    sl_registry_free(service->registry);
    sl_stats_free(service->stats);
    sl_setup_release(service->setup);
    pthread_mutex_destroy(&service->lock);
    free(service);
}

struct sl_setup *sl_service_setup(struct sl_service *service)
{
    pthread_mutex_lock(&service->lock);
    struct sl_setup *setup = sl_setup_ref(service->setup);
    pthread_mutex_unlock(&service->lock);
    return setup;
}

int sl_service_reload(struct sl_service *service, struct sl_setup *setup)
{
    const struct sl_config *config = setup->config;

    if (sl_slots_resize(service->slots, (int)config->database.max_exports,
                        (int)config->database.queue_length, config->database.queue_timeout) < 0) {
        sl_setup_release(setup);
        return -1;
    }
    pthread_mutex_lock(&service->lock);
    struct sl_setup *old = service->setup;
    service->setup = setup;
    pthread_mutex_unlock(&service->lock);
    sl_stats_reloaded(service->stats, true);
    sl_setup_release(old);
    return 0;
}

void sl_service_reload_failed(struct sl_service *service)
{
    sl_stats_reloaded(service->stats, false);
}

bool sl_service_reloaded_ok(struct sl_service *service)
{
    return sl_stats_reload_ok(service->stats);
}

struct sl_stats *sl_service_stats(struct sl_service *service)
{
    return service->stats;
}

void sl_service_look(struct sl_service *service, struct sl_service_now *now)
{
    struct sl_slots_counts counts;

    sl_slots_counts(service->slots, &counts);
    *now = (struct sl_service_now){
        .slots = counts.limit,
        .slots_held = counts.running,
        .waiting = counts.waiting,
        .idle = counts.idle,
    };
    now->in_transaction = sl_registry_holders(service->registry, sl_clock_ms(), &now->held_ms);
}

int sl_service_runs(struct sl_service *service, size_t max_under_way, size_t max_ended,
                    struct sl_runs *runs)
{
    return sl_registry_list(service->registry, max_under_way, max_ended, runs);
}

bool sl_service_receipt(struct sl_service *service, const char *id, struct sl_receipt *receipt)
{
    return sl_registry_receipt(service->registry, id, receipt);
}

bool sl_service_cancel(struct sl_service *service, const char *id, const char *why,
                       struct sl_receipt *receipt)
{
    struct sl_run *run = sl_registry_find(service->registry, id);

    if (run == NULL)
        return false;
    bool cancelled = sl_run_abort(run, SL_CANCELLED, why);
    sl_run_receipt(run, receipt);
    sl_run_release(run);
    return cancelled;
}

void sl_service_cancel_all(struct sl_service *service, const char *why)
{
    sl_registry_abort_all(service->registry, why);
}

void sl_service_log_runs(struct sl_service *service)
{
    sl_registry_log(service->registry);
}

bool sl_service_drained(struct sl_service *service, int64_t timeout_ms)
{
    return sl_registry_drained(service->registry, sl_clock_ms() + timeout_ms);
}

int64_t sl_service_sweep(struct sl_service *service)
{
    return sl_slots_sweep(service->slots);
}
