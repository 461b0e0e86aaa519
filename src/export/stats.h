/*
 * What the service has counted since it started, for `/metrics`.
 *
 * One lock guards all numbers; it is held for additions and for one copy, never
 * while waiting, and nothing is locked under it, so it may be taken under any
 * other lock.  Any thread.  Counters of an export last as long as the stats, so
 * that its runs may keep a pointer to them.
 */
#ifndef SL_STATS_H
#define SL_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "export/receipt.h"

/*
 * Exports that are counted each by its own; those that are first run after so
 * many others share one place.  It bounds the size of a scrape (SL_SCRAPE_MAX).
 */
#define SL_STATS_EXPORTS 500

/* Begins with what no export's name begins with. */
#define SL_STATS_OTHER "_other"

/* The label of all tables together. */
#define SL_STATS_TABLES "_tables"

#define SL_BUCKETS_MAX 14

/* Upper bounds of a histogram's buckets, ascending, in its unit. */
struct sl_buckets {
    size_t n;
    int64_t bound[SL_BUCKETS_MAX];
};

extern const struct sl_buckets sl_duration_buckets; /* ms, from request to end */
extern const struct sl_buckets sl_ttfb_buckets;     /* ms, from request to first batch */
extern const struct sl_buckets sl_wait_buckets;     /* ms, for a slot */
extern const struct sl_buckets sl_memory_buckets;   /* bytes, a run's peak */

struct sl_histogram {
    int64_t count[SL_BUCKETS_MAX + 1]; /* each bucket's own; the one behind the last: over all */
    int64_t sum;
};

/* Counts a value in the bucket that it belongs to. The caller sees to the locking. */
void sl_histogram_add(struct sl_histogram *histogram, const struct sl_buckets *buckets,
                      int64_t value);

/* One export's. */
struct sl_export_stats {
    struct sl_export_stats *next;
    char name[sizeof((struct sl_receipt *)NULL)->export];
    int64_t running;                     /* at the database now, or their clients still read */
    int64_t ended[SL_RUN_CANCELLED + 1]; /* by final state */
    int64_t rows;                        /* also of those that fail later, as all below */
    int64_t bytes;                       /* of the files */
    int64_t sent;                        /* bytes that clients took */
    int64_t over_memory;                 /* runs that took more than [limits] memory */
    struct sl_histogram duration;        /* of runs that ended, however */
    struct sl_histogram ttfb;
    struct sl_histogram memory;
};

/* The whole, as it stands at one moment. */
struct sl_stats_copy {
    int64_t failed[SL_KIND_COUNT];  /* runs that ended early, by cause */
    int64_t refused[SL_KIND_COUNT]; /* requests that the database never saw, by reason */
    int64_t left;                   /* clients that left before the end */
    int64_t held_max_ms;            /* the longest that a run has held its snapshot */
    int64_t started_at;             /* Unix time (s) */
    int64_t reloaded_at;            /* Unix time (s) of the last good reload, or of the start */
    bool reload_ok;                 /* the last one */
    struct sl_histogram wait;
    size_t n;
    struct sl_export_stats *exports; /* by name; `next` means nothing here */
};

struct sl_stats;

struct sl_stats *sl_stats_new(void); /* NULL: no memory */
void sl_stats_free(struct sl_stats *stats);

/* The counters of an export; never NULL. Without memory, or room, those of SL_STATS_OTHER. */
struct sl_export_stats *sl_stats_export(struct sl_stats *stats, const char *name);

/* A request waited so long for a slot, whether it got one or not. */
void sl_stats_waited(struct sl_stats *stats, int64_t ms);

/* A run began at the database: sl_stats_ended() will follow. */
void sl_stats_began(struct sl_stats *stats, struct sl_export_stats *export);

/* A run's first batch is there, so long after the request. */
void sl_stats_first(struct sl_stats *stats, struct sl_export_stats *export, int64_t ms);

/* A run has written so much more. */
void sl_stats_wrote(struct sl_stats *stats, struct sl_export_stats *export, int64_t rows,
                    int64_t bytes);

/* A client took so many bytes more. */
void sl_stats_sent(struct sl_stats *stats, struct sl_export_stats *export, int64_t bytes);

/* A run took more than [limits] memory: once for each. */
void sl_stats_over_memory(struct sl_stats *stats, struct sl_export_stats *export);

/* A run has given up its snapshot after so long. */
void sl_stats_held(struct sl_stats *stats, int64_t ms);

/* A run that began is over; the receipt is final. */
void sl_stats_ended(struct sl_stats *stats, struct sl_export_stats *export,
                    const struct sl_receipt *receipt);

/* A request was turned away. */
void sl_stats_refused(struct sl_stats *stats, enum sl_kind kind);

/* A client left before the end, in the queue or later. */
void sl_stats_left(struct sl_stats *stats);

/* The configuration was read again: did it go into force? */
void sl_stats_reloaded(struct sl_stats *stats, bool ok);

/* What it was told last; true from the start. */
bool sl_stats_reload_ok(struct sl_stats *stats);

/* -1: no memory. Free copy->exports with free(). */
int sl_stats_copy(struct sl_stats *stats, struct sl_stats_copy *copy) SL_MUSTCHECK;

#endif
