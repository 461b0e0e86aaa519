/*
 * What every run shares: the setup in force, slots, and the registry of runs and
 * receipts.  One per process; made before the threads, freed after them.
 */
#ifndef SL_SERVICE_H
#define SL_SERVICE_H

#include <stdbool.h>
#include "export/receipt.h"
#include "export/setup.h"

struct sl_run;
struct sl_service;
struct sl_stats;

/* Takes the caller's reference to `setup` over, in every case. NULL: no memory. */
struct sl_service *sl_service_new(struct sl_setup *setup);

/* No run may exist any more. */
void sl_service_free(struct sl_service *service);

/* A reference to the setup in force; the caller releases it. Any thread. */
struct sl_setup *sl_service_setup(struct sl_service *service);

/*
 * What begins from now on goes by `setup` (its reference is taken over, in every
 * case), limits of slots and queue included; what is under way goes by its own.
 * -1: no memory, nothing has changed.
 */
int sl_service_reload(struct sl_service *service, struct sl_setup *setup) SL_MUSTCHECK;

/* A reload came to nothing: tells sl_service_reloaded_ok() and the metrics. Any thread. */
void sl_service_reload_failed(struct sl_service *service);

/* Does the setup in force come from the files as they were at the last reload, or at the start? */
bool sl_service_reloaded_ok(struct sl_service *service);

/* What has been counted; borrowed, as long-lived as the service. */
struct sl_stats *sl_service_stats(struct sl_service *service);

/* How things stand at one moment. */
struct sl_service_now {
    int slots;          /* the limit */
    int slots_held;     /* by runs, those that are about to connect included */
    int waiting;        /* for a slot */
    int in_transaction; /* connections whose run holds a snapshot */
    int idle;           /* connections kept for the next run */
    int64_t held_ms;    /* the longest that a snapshot is held now */
};
void sl_service_look(struct sl_service *service, struct sl_service_now *now);

/* Receipts of runs under way and, the latest first, of those that have ended. */
struct sl_runs {
    struct sl_receipt *under_way; /* the latest first; the memory of both: free() it */
    size_t n_under_way;
    struct sl_receipt *ended;
    size_t n_ended;
    size_t remembered; /* how many have ended, those that are not in `ended` included */
};

/* Copies at most so many of each, and of those under way the oldest. -1: no memory. */
int sl_service_runs(struct sl_service *service, size_t max_under_way, size_t max_ended,
                    struct sl_runs *runs) SL_MUSTCHECK;

/* Copies the receipt of a running or remembered run. false: not known. */
bool sl_service_receipt(struct sl_service *service, const char *id, struct sl_receipt *receipt);

/*
 * Cancels a run: its query is cancelled and its transfer broken.  The run's
 * state becomes SL_RUN_CANCELLED with `why` as the reason.  false: no such run
 * is under way (it may have ended).  *receipt tells how it stood then; a run that
 * waits for a slot leaves none behind.  Never blocks on the database.
 */
bool sl_service_cancel(struct sl_service *service, const char *id, const char *why,
                       struct sl_receipt *receipt);

/* Cancels every run (shutdown). */
void sl_service_cancel_all(struct sl_service *service, const char *why);

/* Writes a log line for each run under way (SIGUSR2). */
void sl_service_log_runs(struct sl_service *service);

/* Waits until no run is under way, at most timeout_ms. true when none is left. */
bool sl_service_drained(struct sl_service *service, int64_t timeout_ms);

/* Closes idle database connections and tells when to call again, as sl_slots_sweep(). */
int64_t sl_service_sweep(struct sl_service *service);

#endif
