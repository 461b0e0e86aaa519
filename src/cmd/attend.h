/*
 * A thread beside a command that runs exports: the first signal that would end the
 * process (and that its caller has not ignored) ends the run under way, or what the
 * command waits for; a line on the terminal at standard error shows five times a
 * second how the run stands, and holds nothing up when the terminal is stopped.  Made before other
 * threads and before there is a file to leave behind: the signals are blocked from then on.
 */
#ifndef SL_ATTEND_H
#define SL_ATTEND_H

#include <stdbool.h>

#include "base/watch.h"

struct sl_attendant;
struct sl_run;

/* progress: show the line. NULL on error. */
struct sl_attendant *sl_attend_start(bool progress, struct sl_error *err);

/* The run under way, borrowed until the next call; NULL: none, and the line is wiped out. */
void sl_attend(struct sl_attendant *attendant, struct sl_run *run);

/* For what the command itself waits for; SL_CANCELLED when a signal came. */
struct sl_watch *sl_attend_watch(struct sl_attendant *attendant);

/* The signal that came, 0: none. */
int sl_attend_signal(struct sl_attendant *attendant);

/* Ends the thread. The signals stay blocked. NULL is nothing. */
void sl_attend_stop(struct sl_attendant *attendant);

#endif
