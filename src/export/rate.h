/*
 * Is a client too slow?  A clock that runs only while the client has bytes to
 * take: from a hand-over (bytes given to the HTTP library) until the kernel has
 * all of them.  So a slow query is never blamed on it.
 *
 * A hand-over may take longer than stall_timeout, so the rule also looks at the
 * length of the socket's send queue:
 *
 * - stall_timeout: that long on the clock with neither a new hand-over nor a
 *   queue of another length.  A queue that moves is no stall.
 * - min_rate: a window begins at the end of a hand-over.  The client took what
 *   was handed to it, the current hand-over in full, and by how much the queue is
 *   shorter than at the beginning.  That is never less than it really took, as
 *   nothing was left with the library then, and more by at most one hand-over and
 *   what the queue has grown.  It took that in the window's time on the clock
 *   without the longest pause in which nothing moved: bytes leave in steps (receive
 *   windows open late), and one may be under way.  That time must have come to
 *   stall_timeout before anybody is judged.
 *
 * Pure; the caller locks.  Times are sl_clock_ms().
 */
#ifndef SL_RATE_H
#define SL_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct sl_rate {
    int64_t stall_ms; /* nothing may move for this long; also the shortest time to judge a rate */
    int64_t min_rate; /* bytes a second over a window, 0: any */
    bool running;
    bool below;           /* a window was below min_rate: that stays */
    int64_t since;        /* when the clock was started last */
    int64_t moved;        /* when something moved last */
    int64_t queue;        /* the queue's length when it was looked at last */
    int64_t window_ms;    /* time on the clock in this window, without the current stretch */
    int64_t window_pause; /* its longest time in which nothing moved */
    int64_t window_bytes; /* handed in this window */
    int64_t window_queue; /* the queue's length at its beginning */
};

void sl_rate_init(struct sl_rate *rate, int64_t stall_ms, int64_t min_rate);

/* The client was handed `bytes` to take. */
void sl_rate_start(struct sl_rate *rate, int64_t now, int64_t bytes);

/* The kernel has all of them; its queue is `queue` bytes long. Nothing when the clock stood. */
void sl_rate_stop(struct sl_rate *rate, int64_t now, int64_t queue);

/*
 * Looks at the queue, which is `queue` bytes long now.  NULL, or the name of the
 * limit that the client breaks.  To be called several times in a stall_timeout.
 */
const char *sl_rate_look(struct sl_rate *rate, int64_t now, int64_t queue);

#endif
