/* The end of a chain that keeps its bytes in a buffer: small outputs only. One thread. */
#ifndef SL_MEMORY_H
#define SL_MEMORY_H

#include <stdbool.h>

#include "base/buf.h"
#include "sink/sink.h"

#define SL_MEMORY_WINDOW 16384

struct sl_memory {
    struct sl_sink sink; /* its address is the sink's */
    struct sl_buf bytes; /* what was written; the owner's to free */
    bool full;           /* there was more than it takes */
    char window[SL_MEMORY_WINDOW];
};

/* At most max bytes: what goes beyond that is SL_LIMIT. */
void sl_memory_init(struct sl_memory *memory, size_t max);

#endif
