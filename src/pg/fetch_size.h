/*
 * How many rows the next FETCH asks for.  Pure.  Powers of two, so that the
 * server sees few different statements: from SL_FETCH_FIRST on it doubles at
 * most, and is cut when a FETCH brought more than its share of bytes or took
 * longer than SL_FETCH_SLOW_MS.
 */
#ifndef SL_FETCH_SIZE_H
#define SL_FETCH_SIZE_H

#include <stdint.h>

struct sl_fetch_size {
    int rows;      /* what to ask for now: a power of two, at least 1 */
    int largest;   /* never more */
    int64_t share; /* bytes that one FETCH should bring at most */
};

/* first and largest are powers of two; share > 0. */
void sl_fetch_size_init(struct sl_fetch_size *size, int first, int largest, int64_t share);

/* Lowers `largest` so that rows of at most `widest` bytes fit in the share. */
void sl_fetch_size_bound(struct sl_fetch_size *size, int64_t widest);

/* A FETCH of `asked` rows brought `rows` rows of `bytes` in all; the server kept us waiting `ms`.
 */
void sl_fetch_size_learn(struct sl_fetch_size *size, int asked, int rows, int64_t bytes,
                         int64_t ms);

#endif
