/*
 * A stage that compresses what passes, in constant memory (SL_COMPRESS_MEMORY).
 * The file's trailer is written by end() alone, so gzip -t and zstd -t fail on
 * whatever was cut off or aborted.  flush() shows the next stage what was held
 * back, unless something has gone there by itself since the last flush: small
 * pieces compress badly.
 */
#ifndef SL_COMPRESS_H
#define SL_COMPRESS_H

#include "sink/sink.h"

enum sl_compression { SL_PLAIN, SL_GZIP, SL_ZSTD };

/*
 * kind is not SL_PLAIN.  next is borrowed; its windows must hold 64 bytes or more.
 * NULL and *err when memory ran out.  Free with sl_compress_free().
 */
struct sl_sink *sl_compress_new(enum sl_compression kind, struct sl_sink *next,
                                struct sl_error *err);
void sl_compress_free(struct sl_sink *sink); /* NULL is nothing */

/* What compresses that kind, with its version: "ISA-L 2.30.0". One thread at a time. */
const char *sl_compress_library(enum sl_compression kind);

#endif
