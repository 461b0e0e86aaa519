/* A stage that hashes what passes with SHA-256 (FIPS 180-4, by libcrypto) and counts it. */
#ifndef SL_DIGEST_H
#define SL_DIGEST_H

#include <stdint.h>
#include "sink/sink.h"

#define SL_SHA256_HEX 65

struct sl_digest;

/* next is borrowed. NULL and *err when libcrypto fails. Free with sl_digest_free(). */
struct sl_digest *sl_digest_new(struct sl_sink *next, struct sl_error *err);
void sl_digest_free(struct sl_digest *digest);
struct sl_sink *sl_digest_sink(struct sl_digest *digest);

/* Lower-case hex; "" before end(). Written before the next stage's end() is called. */
const char *sl_digest_hex(const struct sl_digest *digest);

#endif
