/*
 * Is a client too slow?  A clock that runs only while the client has bytes to
 * take, so that a slow query is never blamed on it.  Pure; the caller locks.
 * Times are sl_clock_ms().
 */
#ifndef SL_RATE_H
#define SL_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct sl_rate {
    int64_t stall_ms; /* one hand-over may take this long; also the window of the rate */
    int64_t min_rate; /* bytes a second over a window, 0: any */
    bool running;
    int64_t since;        /* when the clock was started last */
    int64_t window_ms;    /* time on the clock in this window, without the current stretch */
    int64_t window_bytes; /* taken in this window */
};

void sl_rate_init(struct sl_rate *rate, int64_t stall_ms, int64_t min_rate);

/* The client was handed bytes to take. */
void sl_rate_start(struct sl_rate *rate, int64_t now);

/* It took them: `bytes`. Nothing happens when the clock stood. */
void sl_rate_stop(struct sl_rate *rate, int64_t now, int64_t bytes);

/* NULL, or the name of the limit that the client breaks. */
const char *sl_rate_violated(const struct sl_rate *rate, int64_t now);

#endif
