/*
 * Signed texts in the format of Django's django.core.signing.dumps():
 *
 *     base64url(payload) ":" base62(Unix seconds) ":" base64url(HMAC-SHA256)
 *
 * without padding; a payload that begins with "." is compressed by zlib.  The HMAC
 * is over all that stands before its colon; its key is SHA-256(salt "signer" key).
 * Pure; no state, no locks.
 */
#ifndef SL_SIGNING_H
#define SL_SIGNING_H

#include <stdint.h>
#include "base/buf.h"

#define SL_SIGNED_MAX 4096      /* bytes of a token */
#define SL_INFLATED_MAX 32768   /* bytes of its payload */
#define SL_CLOCK_TOLERANCE 60   /* seconds that the signer's clock may be ahead of ours */
#define SL_CLOCK_SUSPICIOUS 300 /* seconds: what is late by less may be due to a wrong clock */

struct sl_signing {
    const char *keys; /* one per line; the first signs, any verifies */
    const char *salt;
    int64_t now; /* Unix seconds */
};

/*
 * Verifies a token against every key, and then reads its payload, at most
 * SL_INFLATED_MAX bytes, into the empty buffer.  *signed_at are Unix seconds, at most max_age
 * (seconds) ago.  Whatever is wrong with it is SL_FORBIDDEN, with a reason that tells nothing
 * of the keys.
 */
int sl_signing_verify(const struct sl_signing *signing, const char *token, int64_t max_age,
                      struct sl_buf *payload, int64_t *signed_at,
                      struct sl_error *err) SL_MUSTCHECK;

/* Appends the token of a payload, compressed where that is shorter. SL_LIMIT: it is too long. */
int sl_signing_sign(const struct sl_signing *signing, const char *payload, size_t len,
                    struct sl_buf *token, struct sl_error *err) SL_MUSTCHECK;

#endif
