/*
 * How many runs may be at the database at once, who waits for a place, and the
 * idle connections that the places keep.  Thread-safe; one lock, never held while
 * waiting or talking to a server.
 */
#ifndef SL_SLOTS_H
#define SL_SLOTS_H

#include "pg/session.h"

struct sl_slots;

/* max running at once, waiting: queue_length at most and queue_timeout_ms each. NULL: no memory. */
struct sl_slots *sl_slots_new(int max, int queue_length, int64_t queue_timeout_ms);

/*
 * Changes the limits.  Who runs or waits stays, also where that is more than they
 * allow now; more room is given out at once.  -1: no memory, nothing has changed.
 */
int sl_slots_resize(struct sl_slots *slots, int max, int queue_length,
                    int64_t queue_timeout_ms) SL_MUSTCHECK;

/* No slot may be held any more. */
void sl_slots_free(struct sl_slots *slots);

/*
 * Takes a slot, waiting for one in order of arrival.  client_fd (or -1) ends the
 * wait when its peer leaves (SL_CANCELLED).  SL_BUSY when too many wait already
 * or the time is over.
 */
int sl_slots_acquire(struct sl_slots *slots, struct sl_watch *watch, int client_fd,
                     struct sl_error *err) SL_MUSTCHECK;

/* Gives the slot back, to the first who waits. */
void sl_slots_release(struct sl_slots *slots);

/*
 * The connection of this dsn that was used last, if it still lives; NULL: open
 * one.  The caller holds a slot and owns what he gets.  dsn NULL: room for a new
 * one is all that is wanted.
 */
struct sl_session *sl_slots_take(struct sl_slots *slots, const char *dsn);

/* Keeps a session for the next run if it is reusable, else closes it. Call before release. */
void sl_slots_keep(struct sl_slots *slots, struct sl_session *session);

struct sl_slots_counts {
    int limit;
    int running; /* hold a slot: more than the limit for a while after it was lowered */
    int waiting;
    int idle; /* connections kept for the next run */
};

void sl_slots_counts(struct sl_slots *slots, struct sl_slots_counts *counts);

/*
 * Closes connections idle for SL_IDLE_KEEP_MS.  Returns when to call again
 * (sl_clock_ms()); INT64_MAX: not before somebody has taken a slot.
 */
int64_t sl_slots_sweep(struct sl_slots *slots);

#endif
