/*
 * The tickets that wait to be run, each once.  Any thread; one lock, held for
 * looking through the list and never while anything is waited for.
 */
#ifndef SL_TICKETS_H
#define SL_TICKETS_H

#include "access/ticket.h"

#define SL_TICKETS_MAX 1000 /* that wait */

/* Of all `memory` of them: a thousand of the largest would be over 256 MB. */
#define SL_TICKETS_BYTES ((size_t)64 * 1024 * 1024)

#define SL_TICKET_ID_BYTES 24                              /* of randomness */
#define SL_TICKET_ID_TEXT (SL_TICKET_ID_BYTES / 3 * 4 + 1) /* base64url and NUL */

struct sl_tickets;
struct sl_waiting; /* a ticket that was found, and is held until sl_tickets_done() */

/* NULL: no memory. */
struct sl_tickets *sl_tickets_new(void);

/* No ticket may be held any more. */
void sl_tickets_free(struct sl_tickets *tickets);

/*
 * Takes a ticket in, which it owns from now on, and tells its id.  SL_BUSY when too
 * many wait or what they hold is too much; after an error the ticket is freed.
 */
int sl_tickets_add(struct sl_tickets *tickets, struct sl_ticket *ticket, char id[SL_TICKET_ID_TEXT],
                   struct sl_error *err) SL_MUSTCHECK;

/*
 * Finds the ticket and holds it; it is not used by that.  NULL and
 * SL_TICKET_GONE for one that is used, expired or unknown, with the same words.
 */
struct sl_waiting *sl_tickets_find(struct sl_tickets *tickets, const char *id,
                                   struct sl_error *err);

const struct sl_ticket *sl_waiting_ticket(const struct sl_waiting *waiting);

/*
 * Uses a ticket that is held: of several who try, one gets 0 and the others
 * SL_TICKET_GONE.  One that expired since it was found is good: its holder came
 * in time and waited for a slot.
 */
int sl_tickets_use(struct sl_tickets *tickets, struct sl_waiting *waiting,
                   struct sl_error *err) SL_MUSTCHECK;

/*
 * Whoever has used the ticket, and holds it still, got nothing for it: it can be
 * found again until it expires, even where new ones would be too many.
 */
void sl_tickets_give_back(struct sl_tickets *tickets, struct sl_waiting *waiting);

/* Holds it no longer. */
void sl_tickets_done(struct sl_tickets *tickets, struct sl_waiting *waiting);

#endif
