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

/* Closes database connections that were idle for SL_IDLE_KEEP_MS; call about once a second. */
void sl_service_sweep(struct sl_service *service);

#endif
