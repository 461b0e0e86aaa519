/*
 * Would an export be served now?  `GET /readyz` asks the database by a connection of
 * its own, beside the slots, so that a full house is ready and no export waits for a
 * probe.  There is one probe at a time, in a thread of its own, and its answer holds for
 * SL_READY_FRESH_MS: however many ask, the database sees one connection a second.
 */
#ifndef SL_READY_H
#define SL_READY_H

#include "export/setup.h"

/* A database that has not let us in after this time is not there (ms). */
#define SL_READY_PROBE_MS 2000

#define SL_READY_FRESH_MS 1000

struct sl_ready;

struct sl_ready *sl_ready_new(void); /* NULL: no memory */

/* Nobody may be waiting. Does not wait for a probe that is under way: that ends by itself. */
void sl_ready_free(struct sl_ready *ready);

/*
 * 0 when [database] dsn of this setup lets us in, else -1 and SL_UNAVAILABLE.  Waits
 * for the probe until SL_READY_PROBE_MS after its begin; where it hangs for longer, in
 * looking up a name, all who ask meanwhile get their -1 at once.  A probe for another
 * dsn is not waited for.  A change is logged.  Any thread.
 */
int sl_ready_check(struct sl_ready *ready, const struct sl_setup *setup,
                   struct sl_error *err) SL_MUSTCHECK;

#endif
