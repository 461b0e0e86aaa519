/*
 * `run --lock`: no two runs of the same job at once.  The lock is an empty file that
 * is held by flock(2) and removed at the end; what a killed process leaves holds
 * nobody up.  It is `.NAME.pgsluice-lock` in the folder of the output, where NAME is
 * that of -o as it is written, before the time is put in; where a folder has a percent
 * sign, the lock lies in the one above it and NAME has all the rest, with "%:" for a
 * slash.  For standard output, a FIFO or a device it is `pgsluice-UID-EXPORT.lock` in
 * /run/lock, or the first that is there of $XDG_RUNTIME_DIR and /tmp.
 */
#ifndef SL_RUN_LOCK_H
#define SL_RUN_LOCK_H

#include "base/error.h"

struct sl_run_lock;

/*
 * `pattern` is -o as it is written, `output` the same with the time, "-" for standard
 * output; export is a valid name.  SL_BUSY when another process holds the lock.  NULL
 * on error.
 */
struct sl_run_lock *sl_run_lock_take(const char *export, const char *pattern, const char *output,
                                     struct sl_error *err);

/* Lets go. NULL is nothing. */
void sl_run_lock_release(struct sl_run_lock *lock);

#endif
