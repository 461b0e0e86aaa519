/* The open tables as the catalogue shows them: a short question on a slot of its own. */
#ifndef SL_LISTING_H
#define SL_LISTING_H

#include "access/access.h"
#include "catalog/tables.h"
#include "export/service.h"

/* All of it, the wait for a slot and for a connection included, takes this long at most (ms). */
#define SL_LISTING_MS 3000

/*
 * Asks which tables the caller may export, with his role.  Where none can be open the
 * database is not asked.  client_fd (or -1) ends the wait when its peer leaves.  Free with
 * sl_tables_free(), also after an error; empty before.  SL_BUSY, SL_UNAVAILABLE, SL_TIMEOUT ...
 */
int sl_listing(struct sl_service *service, const struct sl_config *config,
               const struct sl_caller *caller, int client_fd, struct sl_tables *tables,
               struct sl_error *err) SL_MUSTCHECK;

#endif
