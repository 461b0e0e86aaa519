/*
 * Every number that bounds a run's memory, and the formula that they add up to:
 *
 *     peak = base + running * (limits.memory + what the widest row needs)
 *                 + compressing * SL_COMPRESS_MEMORY + encoding * SL_ENCODE_MEMORY
 *
 * where limits.memory (default 2 MB) holds the queue and the results in flight:
 *
 *     SL_QUEUE_BLOCKS * SL_BLOCK_SIZE  +  SL_FETCHES_IN_FLIGHT * fetch share
 *
 * and the widest row needs about 2.2 times its size (libpq's input buffer and
 * its copy of the row) and never more than limits.max_row allows.  Beside it, the
 * operator's scrapes of /metrics take SL_SCRAPES * SL_SCRAPE_MAX at most.
 */
#ifndef SL_LIMITS_H
#define SL_LIMITS_H

#include <stdint.h>

/* One block of formatted bytes: large enough that a hand-over costs nothing per byte. */
#define SL_BLOCK_SIZE 262144

/* Blocks between producer and consumer at the default limits.memory. */
#define SL_QUEUE_BLOCKS 4

/*
 * A run that compresses needs this much more at most: a window of input and what the
 * library keeps (ISA-L 356 KiB, zlib 270 KiB, zstd 954 KiB).
 */
#define SL_COMPRESS_MEMORY 1048576

/* Bytes that are given to a compressor at once: large enough that a call costs nothing per byte. */
#define SL_COMPRESS_WINDOW 32768

/* What a run in another encoding needs more: 37 KiB, and twice 32 KiB of the C library. */
#define SL_ENCODE_MEMORY 131072

/* Bytes of UTF-8 that are converted at once. */
#define SL_ENCODE_WINDOW 4096

/* How far zstd looks back, as a power of two: its own choice of 19 would take 1.4 MB. */
#define SL_ZSTD_WINDOW_LOG 17

/* Two, so that the backend has its next FETCH before it has answered this one. */
#define SL_FETCHES_IN_FLIGHT 2

/* Rows of a FETCH: powers of two from the first to the largest. */
#define SL_FETCH_FIRST 8
#define SL_FETCH_LARGEST 1024

/* Whole results are read only where at least so many rows of the widest kind fit in a share. */
#define SL_FETCH_WHOLE_MIN 128

/* A FETCH that took longer than this is made smaller, so that cancel and limits are prompt (ms). */
#define SL_FETCH_SLOW_MS 200

/* Bytes wait this long at most for a block to fill before the client gets them (ms). */
#define SL_PUBLISH_MS 100

/* What libpq may have read beside one row when it is stopped at max_row: rows that follow it. */
#define SL_ROW_SLACK 1048576

/* How long the server is waited for when a query is cancelled, before the connection is closed
 * (ms). */
#define SL_CANCEL_MS 500

/* What a row of so many bytes takes in libpq: its input buffer and its copy of the row. */
#define SL_ROW_MEMORY(bytes) ((int64_t)(bytes)*22 / 10)

/* A connection that carried a row over this is closed, not reused: libpq never shrinks. */
#define SL_REUSE_ROW_MAX 1048576

/* Idle connections are kept this long (ms). */
#define SL_IDLE_KEEP_MS 60000

/* Receipts remembered, and at least this many for each caller. */
#define SL_RECEIPTS 1000
#define SL_RECEIPTS_PER_CALLER 20

/* Scrapes that are answered at once: two Prometheus servers, and somebody who looks. */
#define SL_SCRAPES 4

/* The largest scrape, which is held until the client has read it: SL_STATS_EXPORTS exports. */
#define SL_SCRAPE_MAX 4194304

/* Stack of a producer thread: libpq and OpenSSL need well under half of it. */
#define SL_PRODUCER_STACK 262144

#endif
