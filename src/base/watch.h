/*
 * How a thread of a run waits: for a descriptor, for a wake-up from another thread, for
 * its deadline, and, if it has bytes that nobody sees yet, for the moment to show
 * them.  Owned and used by one thread; others only write to wake_fd.
 */
#ifndef SL_WATCH_H
#define SL_WATCH_H

#include <stdint.h>
#include "base/error.h"

struct sl_watch {
    int source_fd; /* where the work comes from, -1: none; when its peer hangs up, the work stops */
    int wake_fd;   /* an eventfd: written by others when something changed */
    /* -1 and *err when the work must stop now: aborted, or a deadline passed. */
    int (*check)(struct sl_watch *watch, struct sl_error *err);
    /* Called when tick_at is reached; sets the next. May be NULL. -1 stops the work. */
    int (*tick)(struct sl_watch *watch, struct sl_error *err);
    int64_t tick_at;     /* sl_clock_ms() */
    int64_t deadline_ms; /* sl_clock_ms(): check() is due then at the latest */
};

/*
 * Waits until fd (or -1 for none) has one of `events`, or the watch is woken, or
 * timeout_ms passed (-1: no such limit).  Returns 0 and *revents (0 when
 * something else ended the wait), or -1 when check() or tick() say stop, or the
 * source hung up (SL_DB_LOST) while the wait was for something else.
 */
int sl_watch_wait(struct sl_watch *watch, int fd, short events, int timeout_ms, short *revents,
                  struct sl_error *err) SL_MUSTCHECK;

/* What a wait does beside waiting: check(), and tick() when it is due. */
int sl_watch_look(struct sl_watch *watch, struct sl_error *err) SL_MUSTCHECK;

/* Adds one to an eventfd: wakes its owner. Any thread, any signal state. */
void sl_wake(int wake_fd);

/* Empties an eventfd. */
void sl_wake_clear(int wake_fd);

#endif
