/*
 * What every run shares: configuration, slots, and the registry of runs and
 * receipts.  One per process; made before the threads, freed after them.
 */
#ifndef SL_SERVICE_H
#define SL_SERVICE_H

#include <stdbool.h>
#include "base/config.h"
#include "catalog/catalog.h"
#include "export/receipt.h"

struct sl_run;
struct sl_service;

/* Borrows both for its life. */
struct sl_service *sl_service_new(const struct sl_config *config, const struct sl_catalog *catalog);

/* No run may exist any more. */
void sl_service_free(struct sl_service *service);

const struct sl_config *sl_service_config(const struct sl_service *service);
const struct sl_catalog *sl_service_catalog(const struct sl_service *service);

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

/* Waits until no run is under way, at most timeout_ms. true when none is left. */
bool sl_service_drained(struct sl_service *service, int64_t timeout_ms);

/* Closes database connections that were idle for SL_IDLE_KEEP_MS; call about once a second. */
void sl_service_sweep(struct sl_service *service);

#endif
