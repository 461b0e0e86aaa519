/*
 * The reaper: one thread that ends what takes too long (http/connections.h says
 * what that is) and closes database connections that nobody needs any more.
 */
#ifndef SL_REAPER_H
#define SL_REAPER_H

#include "export/service.h"
#include "http/connections.h"

struct sl_reaper;

/* Borrows both until sl_reaper_stop(). */
int sl_reaper_start(struct sl_connections *connections, struct sl_service *service,
                    struct sl_reaper **reaper, struct sl_error *err) SL_MUSTCHECK;

/*
 * Has it done a whole round since the last call that said yes?  One caller, which
 * leaves it time between two calls: a round takes milliseconds.  The first call
 * says yes.
 */
bool sl_reaper_alive(struct sl_reaper *reaper);

/* Ends the thread and frees the reaper. NULL is allowed. */
void sl_reaper_stop(struct sl_reaper *reaper);

#endif
