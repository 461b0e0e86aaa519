/*
 * Where a format writes: a window of memory, and a way to get the next one.  The
 * window belongs to the receiver.  A failure latches: after -1 nothing may be
 * written any more.
 */
#ifndef SL_OUT_H
#define SL_OUT_H

#include <stddef.h>
#include "base/error.h"

struct sl_out {
    char *pos; /* next byte to write */
    char *end; /* one past the window; pos <= end */
    /* Takes what was written and opens a window of at least one byte. 0 or -1. */
    int (*more)(struct sl_out *out);
};

/* Appends n bytes, over as many windows as it takes. */
int sl_out_bytes(struct sl_out *out, const char *bytes, size_t n) SL_MUSTCHECK;

#endif
