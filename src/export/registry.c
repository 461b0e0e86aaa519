#include "export/registry.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/log.h"
#include "export/internal.h"

/* A caller, and how many receipts are remembered for it. */
struct owner {
    struct owner *next;
    size_t n;
    char key[sizeof((struct sl_receipt *)NULL)->owner];
};

/* A remembered receipt; the oldest comes first. */
struct memory {
    struct memory *next;
    struct owner *owner;
    struct sl_receipt receipt;
};

struct sl_registry {
    pthread_mutex_t lock;
    pthread_cond_t empty; /* no run is under way */
    struct sl_run *runs;
    struct memory *oldest;
    struct memory **last;
    size_t n;
    struct owner *owners; /* as many as the configuration has tokens, and few more */
};

struct sl_registry *sl_registry_new(void)
{
    struct sl_registry *registry = calloc(1, sizeof *registry);
    pthread_condattr_t monotonic;

    if (registry == NULL)
        return NULL;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&registry->empty, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&registry->lock, NULL);
    registry->last = &registry->oldest;
    return registry;
}

void sl_registry_free(struct sl_registry *registry)
{
    if (registry == NULL)
        return;
    while (registry->oldest != NULL) {
        struct memory *memory = registry->oldest;

        registry->oldest = memory->next;
        free(memory);
    }
    while (registry->owners != NULL) {
        struct owner *owner = registry->owners;

        registry->owners = owner->next;
        free(owner);
    }
    pthread_cond_destroy(&registry->empty);
    pthread_mutex_destroy(&registry->lock);
    free(registry);
}

/* Both under the lock. */
static struct sl_run *find_run(const struct sl_registry *registry, const char *id)
{
    struct sl_run *run = registry->runs;

    while (run != NULL && strcmp(sl_run_id(run), id) != 0)
        run = run->next;
    return run;
}

static struct memory *find_memory(const struct sl_registry *registry, const char *id)
{
    struct memory *memory = registry->oldest;

    while (memory != NULL && strcmp(memory->receipt.id, id) != 0)
        memory = memory->next;
    return memory;
}

int sl_registry_add(struct sl_registry *registry, struct sl_run *run, struct sl_error *err)
{
    int rc = 0;

    pthread_mutex_lock(&registry->lock);
    if (find_run(registry, sl_run_id(run)) != NULL ||
        find_memory(registry, sl_run_id(run)) != NULL) {
        rc = sl_error_set(err, SL_CONFLICT, "a run with this id exists");
    } else {
        run->next = registry->runs;
        registry->runs = run;
    }
    pthread_mutex_unlock(&registry->lock);
    return rc;
}

/* Finds or makes the caller. NULL: no memory. */
static struct owner *owner_of(struct sl_registry *registry, const char *key)
{
    struct owner *owner = registry->owners;

    while (owner != NULL && strcmp(owner->key, key) != 0)
        owner = owner->next;
    if (owner != NULL)
        return owner;
    owner = calloc(1, sizeof *owner);
    if (owner == NULL)
        return NULL;
    memcpy(owner->key, key, strlen(key));
    owner->next = registry->owners;
    registry->owners = owner;
    return owner;
}

/* Forgets the oldest receipt of a caller that has more than its due, when there are too many. */
static void evict(struct sl_registry *registry)
{
    struct memory **link = &registry->oldest;

    if (registry->n <= SL_RECEIPTS)
        return;
    while (*link != NULL && (*link)->owner->n <= SL_RECEIPTS_PER_CALLER)
        link = &(*link)->next;
    struct memory *victim = *link;
    if (victim == NULL)
        return;
    *link = victim->next;
    if (registry->last == &victim->next)
        registry->last = link;
    registry->n--;
    victim->owner->n--;
    free(victim);
}

/* A receipt that finds no memory is forgotten: the run itself has gone well or badly all the same.
 */
static void remember(struct sl_registry *registry, const struct sl_receipt *receipt)
{
    struct owner *owner = owner_of(registry, receipt->owner);
    struct memory *memory = malloc(sizeof *memory);

    if (owner == NULL || memory == NULL) {
        free(memory);
        return;
    }
    memory->receipt = *receipt;
    memory->next = NULL;
    memory->owner = owner;
    owner->n++;
    *registry->last = memory;
    registry->last = &memory->next;
    registry->n++;
    evict(registry);
}

void sl_registry_remove(struct sl_registry *registry, struct sl_run *run,
                        const struct sl_receipt *receipt)
{
    pthread_mutex_lock(&registry->lock);
    struct sl_run **link = &registry->runs;
    while (*link != NULL && *link != run)
        link = &(*link)->next;
    if (*link != NULL)
        *link = run->next;
    if (receipt != NULL)
        remember(registry, receipt);
    if (registry->runs == NULL)
        pthread_cond_broadcast(&registry->empty);
    pthread_mutex_unlock(&registry->lock);
}

bool sl_registry_receipt(struct sl_registry *registry, const char *id, struct sl_receipt *receipt)
{
    bool found = true;

    pthread_mutex_lock(&registry->lock);
    struct sl_run *run = find_run(registry, id);
    const struct memory *memory = run != NULL ? NULL : find_memory(registry, id);
    if (run != NULL)
        sl_run_receipt(run, receipt);
    else if (memory != NULL)
        *receipt = memory->receipt;
    else
        found = false;
    pthread_mutex_unlock(&registry->lock);
    return found;
}

struct sl_run *sl_registry_find(struct sl_registry *registry, const char *id)
{
    pthread_mutex_lock(&registry->lock);
    struct sl_run *run = find_run(registry, id);
    if (run != NULL && !sl_run_ref_live(run))
        run = NULL;
    pthread_mutex_unlock(&registry->lock);
    return run;
}

int sl_registry_holders(struct sl_registry *registry, int64_t now, int64_t *longest)
{
    int n = 0;

    *longest = 0;
    pthread_mutex_lock(&registry->lock);
    for (struct sl_run *run = registry->runs; run != NULL; run = run->next) {
        int64_t since = atomic_load(&run->held_since);

        n += since != 0;
        if (since != 0 && now - since > *longest)
            *longest = now - since;
    }
    pthread_mutex_unlock(&registry->lock);
    return n;
}

/* How many are under way. Under the lock. */
static size_t count_runs(const struct sl_registry *registry)
{
    size_t n = 0;

    for (const struct sl_run *run = registry->runs; run != NULL; run = run->next)
        n++;
    return n;
}

/* The latest receipts, the last one first; n of them, of `max` that there is room for. Under the
 * lock. */
static size_t copy_latest(const struct sl_registry *registry, size_t max,
                          struct sl_receipt *receipts)
{
    size_t n = registry->n < max ? registry->n : max;
    size_t skip = registry->n - n;
    size_t i = n;

    for (const struct memory *memory = registry->oldest; memory != NULL; memory = memory->next) {
        if (skip > 0)
            skip--;
        else
            receipts[--i] = memory->receipt;
    }
    return n;
}

int sl_registry_list(struct sl_registry *registry, size_t max_under_way, size_t max_ended,
                     struct sl_runs *runs)
{
    struct sl_receipt *all = calloc(max_under_way + max_ended, sizeof *all);
    size_t n = 0;

    if (all == NULL)
        return -1;
    pthread_mutex_lock(&registry->lock);
    size_t under_way = count_runs(registry);
    size_t skip = under_way > max_under_way ? under_way - max_under_way : 0;
    /* The latest stand first; those that wait behind all others are left out. */
    for (struct sl_run *run = registry->runs; run != NULL; run = run->next) {
        if (skip > 0)
            skip--;
        else
            sl_run_standing(run, &all[n++]);
    }
    *runs = (struct sl_runs){.under_way = all, .n_under_way = n, .ended = all + n};
    runs->n_ended = copy_latest(registry, max_ended, runs->ended);
    runs->remembered = registry->n;
    pthread_mutex_unlock(&registry->lock);
    return 0;
}

/* How each run under way stands: n of them, to be freed. NULL: no memory, or none is. */
static struct sl_receipt *standing(struct sl_registry *registry, size_t *n)
{
    struct sl_receipt *receipts = NULL;

    pthread_mutex_lock(&registry->lock);
    *n = count_runs(registry);
    if (*n > 0)
        receipts = calloc(*n, sizeof *receipts);
    size_t i = 0;
    for (struct sl_run *run = registry->runs; receipts != NULL && run != NULL; run = run->next)
        sl_run_standing(run, &receipts[i++]);
    pthread_mutex_unlock(&registry->lock);
    return receipts;
}

/* Whoever reads the log may be slow: nobody must wait for it under the lock. */
void sl_registry_log(struct sl_registry *registry)
{
    size_t n;
    struct sl_receipt *receipts = standing(registry, &n);

    if (n == 0)
        sl_log_text(SL_LOG_INFO, "runs", "no export is under way");
    else if (receipts == NULL)
        sl_log_text(SL_LOG_ERROR, "runs", "out of memory");
    for (size_t i = 0; receipts != NULL && i < n; i++)
        sl_run_log(&receipts[i]);
    free(receipts);
}

void sl_registry_abort_all(struct sl_registry *registry, const char *why)
{
    pthread_mutex_lock(&registry->lock);
    for (struct sl_run *run = registry->runs; run != NULL; run = run->next)
        sl_run_abort(run, SL_CANCELLED, why);
    pthread_mutex_unlock(&registry->lock);
}

bool sl_registry_drained(struct sl_registry *registry, int64_t deadline_ms)
{
    struct timespec until = {.tv_sec = deadline_ms / 1000,
                             .tv_nsec = (deadline_ms % 1000) * 1000000};
    int rc = 0;

    pthread_mutex_lock(&registry->lock);
    while (registry->runs != NULL && rc == 0)
        rc = pthread_cond_timedwait(&registry->empty, &registry->lock, &until);
    bool drained = registry->runs == NULL;
    pthread_mutex_unlock(&registry->lock);
    return drained;
}
