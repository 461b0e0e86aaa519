/* A stage that hashes what passes with SHA-256 (FIPS 180-4, by libcrypto), counts and bounds it. */
#ifndef SL_DIGEST_H
#define SL_DIGEST_H

#include <stdatomic.h>
#include <stdint.h>
#include "sink/sink.h"

#define SL_SHA256_HEX 65

struct sl_digest;

/*
 * next is borrowed, as is *bytes, to which what passes is added and which any thread
 * may read.  More than `limit` bytes (0: no limit) are SL_LIMIT, and none over it
 * passes.  NULL and *err when libcrypto fails.  Free with sl_digest_free().
 */
struct sl_digest *sl_digest_new(struct sl_sink *next, atomic_llong *bytes, int64_t limit,
                                struct sl_error *err);
void sl_digest_free(struct sl_digest *digest);
struct sl_sink *sl_digest_sink(struct sl_digest *digest);

/* Lower-case hex; "" before end(). Written before the next stage's end() is called. */
const char *sl_digest_hex(const struct sl_digest *digest);

#endif
