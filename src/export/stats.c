#include "export/stats.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define KB ((int64_t)1024)
#define MB (1024 * KB)

const struct sl_buckets sl_duration_buckets = {
    10, {100, 500, 1000, 5000, 15000, 60000, 300000, 900000, 3600000, 10800000}};
const struct sl_buckets sl_ttfb_buckets = {
    12, {5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000}};
const struct sl_buckets sl_wait_buckets = {9, {1, 10, 100, 500, 1000, 2500, 5000, 15000, 30000}};
const struct sl_buckets sl_memory_buckets = {
    9, {256 * KB, 512 * KB, 1 * MB, 2 * MB, 4 * MB, 8 * MB, 16 * MB, 32 * MB, 64 * MB}};

struct sl_stats {
    pthread_mutex_t lock; /* guards all below */
    struct sl_stats_copy all;
    struct sl_export_stats other;  /* counted when it has a name */
    struct sl_export_stats *first; /* in the order of their names */
};

void sl_histogram_add(struct sl_histogram *histogram, const struct sl_buckets *buckets,
                      int64_t value)
{
    size_t i = 0;

    while (i < buckets->n && value > buckets->bound[i])
        i++;
    histogram->count[i]++;
    histogram->sum += value;
}

struct sl_stats *sl_stats_new(void)
{
    struct sl_stats *stats = calloc(1, sizeof *stats);

    if (stats == NULL)
        return NULL;
    pthread_mutex_init(&stats->lock, NULL);
    stats->all.reload_ok = true;
    stats->all.started_at = stats->all.reloaded_at = time(NULL);
    return stats;
}

void sl_stats_free(struct sl_stats *stats)
{
    if (stats == NULL)
        return;
    while (stats->first != NULL) {
        struct sl_export_stats *export = stats->first;

        stats->first = export->next;
        free(export);
    }
    pthread_mutex_destroy(&stats->lock);
    free(stats);
}

/* Where the export of that name is, or where it belongs. Under the lock. */
static struct sl_export_stats **place_of(struct sl_stats *stats, const char *name)
{
    struct sl_export_stats **link = &stats->first;

    while (*link != NULL && strcmp((*link)->name, name) < 0)
        link = &(*link)->next;
    return link;
}

/* Under the lock. */
static struct sl_export_stats *new_export(struct sl_stats *stats, struct sl_export_stats **link,
                                          const char *name)
{
    struct sl_export_stats *made = stats->all.n < SL_STATS_EXPORTS ? calloc(1, sizeof *made) : NULL;

    if (made == NULL) {
        snprintf(stats->other.name, sizeof stats->other.name, "%s", SL_STATS_OTHER);
        return &stats->other;
    }
    strncat(made->name, name, sizeof made->name - 1);
    made->next = *link;
    *link = made;
    stats->all.n++;
    return made;
}

struct sl_export_stats *sl_stats_export(struct sl_stats *stats, const char *name)
{
    pthread_mutex_lock(&stats->lock);
    struct sl_export_stats **link = place_of(stats, name);
    struct sl_export_stats *export = *link;
    if (export == NULL || strcmp(export->name, name) != 0)
        export = new_export(stats, link, name);
    pthread_mutex_unlock(&stats->lock);
    return export;
}

void sl_stats_waited(struct sl_stats *stats, int64_t ms)
{
    pthread_mutex_lock(&stats->lock);
    sl_histogram_add(&stats->all.wait, &sl_wait_buckets, ms);
    pthread_mutex_unlock(&stats->lock);
}

void sl_stats_began(struct sl_stats *stats, struct sl_export_stats *export)
{
    pthread_mutex_lock(&stats->lock);
    export->running++;
    pthread_mutex_unlock(&stats->lock);
}

void sl_stats_first(struct sl_stats *stats, struct sl_export_stats *export, int64_t ms)
{
    pthread_mutex_lock(&stats->lock);
    sl_histogram_add(&export->ttfb, &sl_ttfb_buckets, ms);
    pthread_mutex_unlock(&stats->lock);
}

void sl_stats_wrote(struct sl_stats *stats, struct sl_export_stats *export, int64_t rows,
                    int64_t bytes)
{
    pthread_mutex_lock(&stats->lock);
    export->rows += rows;
    export->bytes += bytes;
    pthread_mutex_unlock(&stats->lock);
}

void sl_stats_sent(struct sl_stats *stats, struct sl_export_stats *export, int64_t bytes)
{
    pthread_mutex_lock(&stats->lock);
    export->sent += bytes;
    pthread_mutex_unlock(&stats->lock);
}

void sl_stats_over_memory(struct sl_stats *stats, struct sl_export_stats *export)
{
    pthread_mutex_lock(&stats->lock);
    export->over_memory++;
    pthread_mutex_unlock(&stats->lock);
}

void sl_stats_held(struct sl_stats *stats, int64_t ms)
{
    pthread_mutex_lock(&stats->lock);
    if (ms > stats->all.held_max_ms)
        stats->all.held_max_ms = ms;
    pthread_mutex_unlock(&stats->lock);
}

void sl_stats_ended(struct sl_stats *stats, struct sl_export_stats *export,
                    const struct sl_receipt *receipt)
{
    pthread_mutex_lock(&stats->lock);
    export->running--;
    export->ended[receipt->state]++;
    sl_histogram_add(&export->duration, &sl_duration_buckets, receipt->total_ms);
    sl_histogram_add(&export->memory, &sl_memory_buckets, receipt->peak_memory);
    if (receipt->kind != SL_NONE)
        stats->all.failed[receipt->kind]++;
    pthread_mutex_unlock(&stats->lock);
}

void sl_stats_refused(struct sl_stats *stats, enum sl_kind kind)
{
    pthread_mutex_lock(&stats->lock);
    stats->all.refused[kind]++;
    pthread_mutex_unlock(&stats->lock);
}

void sl_stats_left(struct sl_stats *stats)
{
    pthread_mutex_lock(&stats->lock);
    stats->all.left++;
    pthread_mutex_unlock(&stats->lock);
}

void sl_stats_reloaded(struct sl_stats *stats, bool ok)
{
    pthread_mutex_lock(&stats->lock);
    stats->all.reload_ok = ok;
    if (ok)
        stats->all.reloaded_at = time(NULL);
    pthread_mutex_unlock(&stats->lock);
}

bool sl_stats_reload_ok(struct sl_stats *stats)
{
    pthread_mutex_lock(&stats->lock);
    bool ok = stats->all.reload_ok;
    pthread_mutex_unlock(&stats->lock);
    return ok;
}

int sl_stats_copy(struct sl_stats *stats, struct sl_stats_copy *copy)
{
    pthread_mutex_lock(&stats->lock);
    *copy = stats->all;
    copy->n = 0;
    copy->exports = calloc(stats->all.n + 1, sizeof copy->exports[0]);
    if (copy->exports != NULL) {
        if (stats->other.name[0] != '\0')
            copy->exports[copy->n++] = stats->other;
        for (const struct sl_export_stats *one = stats->first; one != NULL; one = one->next)
            copy->exports[copy->n++] = *one;
    }
    pthread_mutex_unlock(&stats->lock);
    return copy->exports == NULL ? -1 : 0;
}
