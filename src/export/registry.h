/*
 * The runs under way and the receipts of those that ended.  One lock, held only
 * for looking up and copying; lock order: registry, then run.
 */
#ifndef SL_REGISTRY_H
#define SL_REGISTRY_H

#include <stdbool.h>
#include "export/receipt.h"

struct sl_registry;
struct sl_run;
struct sl_runs;

struct sl_registry *sl_registry_new(void);
void sl_registry_free(struct sl_registry *registry);

/* Adds a run, borrowed until it is removed. SL_CONFLICT when its id is known already. */
int sl_registry_add(struct sl_registry *registry, struct sl_run *run,
                    struct sl_error *err) SL_MUSTCHECK;

/* Removes a run; its receipt is remembered unless NULL. */
void sl_registry_remove(struct sl_registry *registry, struct sl_run *run,
                        const struct sl_receipt *receipt);

/* The receipt of a run under way, or a remembered one. */
bool sl_registry_receipt(struct sl_registry *registry, const char *id, struct sl_receipt *receipt);

/* A new reference to the run under way with that id, or NULL. */
struct sl_run *sl_registry_find(struct sl_registry *registry, const char *id);

/* How many runs under way hold a snapshot at `now`, and *longest (ms) since when at most. */
int sl_registry_holders(struct sl_registry *registry, int64_t now, int64_t *longest);

/* As sl_service_runs(). */
int sl_registry_list(struct sl_registry *registry, size_t max_under_way, size_t max_ended,
                     struct sl_runs *runs) SL_MUSTCHECK;

/* Writes a log line for each run under way, or one that says that there is none. */
void sl_registry_log(struct sl_registry *registry);

/* Aborts every run under way. */
void sl_registry_abort_all(struct sl_registry *registry, const char *why);

/* Waits until none is under way or sl_clock_ms() reaches the deadline. true: none is. */
bool sl_registry_drained(struct sl_registry *registry, int64_t deadline_ms);

#endif
