#include "access/signing.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define DIGEST 32                            /* bytes of SHA-256 */
#define SIGNATURE 43                         /* its characters in base64 without padding */
#define LEGACY_SIGNATURE 27                  /* those of SHA-1, Django's before 3.1 */
#define ENCODED(bytes) (((bytes)*4 + 2) / 3) /* characters in base64 without padding */

/* The largest numbers of seconds that make sense have ten characters in base 62. */
#define TIMESTAMP_MAX 10

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* A token in its parts. */
struct parts {
    const char *data;
    size_t data_len;
    const char *timestamp;
    size_t timestamp_len;
    size_t signed_len; /* of all but the signature and its colon */
    const char *signature;
    size_t signature_len;
};

/* RFC 4648 section 5. out has room for ENCODED(len). */
static size_t encode64(const unsigned char *bytes, size_t len, char *out)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i += 3) {
        unsigned long group = (unsigned long)bytes[i] << 16;
        size_t left = len - i;

        group |= left > 1 ? (unsigned long)bytes[i + 1] << 8 : 0;
        group |= left > 2 ? bytes[i + 2] : 0;
        out[n++] = base64[group >> 18];
        out[n++] = base64[group >> 12 & 63];
        if (left > 1)
            out[n++] = base64[group >> 6 & 63];
        if (left > 2)
            out[n++] = base64[group & 63];
    }
    return n;
}

static int decode64(const char *text, size_t len, struct sl_buf *out)
{
    unsigned long group = 0;
    int bits = 0;

    if (len % 4 == 1)
        return -1;
    for (size_t i = 0; i < len; i++) {
        const char *digit = text[i] != '\0' ? strchr(base64, text[i]) : NULL;

        if (digit == NULL)
            return -1;
        group = (group << 6 | (unsigned long)(digit - base64)) & 0xffffff;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            if (sl_buf_putc(out, (char)(group >> bits & 0xff)) != 0)
                return -1;
        }
    }
    return 0;
}

static int read_timestamp(const struct parts *parts, int64_t *seconds)
{
    int64_t value = 0;

    if (parts->timestamp_len == 0 || parts->timestamp_len > TIMESTAMP_MAX)
        return -1;
    for (size_t i = 0; i < parts->timestamp_len; i++) {
        const char *digit = strchr(base62, parts->timestamp[i]);

        if (digit == NULL)
            return -1;
        value = value * 62 + (digit - base62);
    }
    *seconds = value;
    return 0;
}

static int add_timestamp(int64_t seconds, struct sl_buf *out)
{
    char text[TIMESTAMP_MAX];
    size_t at = sizeof(text);

    do {
        text[--at] = base62[seconds % 62];
        seconds /= 62;
    } while (seconds > 0 && at > 0);
    return sl_buf_add(out, text + at, sizeof(text) - at);
}

/* Django's salted_hmac() of text, as Signer calls it, in base64. false: no memory. */
static bool signature_of(const char *salt, const char *key, size_t key_len, const char *text,
                         size_t len, char out[SIGNATURE])
{
    static const char role[] = "signer";
    unsigned char derived[EVP_MAX_MD_SIZE];
    unsigned char digest[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok =
        ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
        EVP_DigestUpdate(ctx, salt, strlen(salt)) == 1 &&
        EVP_DigestUpdate(ctx, role, sizeof(role) - 1) == 1 &&
        EVP_DigestUpdate(ctx, key, key_len) == 1 && EVP_DigestFinal_ex(ctx, derived, NULL) == 1 &&
        HMAC(EVP_sha256(), derived, DIGEST, (const unsigned char *)text, len, digest, NULL) != NULL;

    EVP_MD_CTX_free(ctx);
    OPENSSL_cleanse(derived, sizeof(derived));
    if (ok)
        (void)encode64(digest, DIGEST, out);
    return ok;
}

/* Splits from the right, as Django does. */
static int split(const char *token, struct parts *parts, struct sl_error *err)
{
    size_t len = strnlen(token, SL_SIGNED_MAX + 1);
    const char *last = memrchr(token, ':', len);
    const char *middle = last != NULL ? memrchr(token, ':', (size_t)(last - token)) : NULL;

    if (len > SL_SIGNED_MAX)
        return sl_error_set(err, SL_FORBIDDEN, "the grant is longer than %d bytes", SL_SIGNED_MAX);
    if (middle == NULL)
        return sl_error_set(err, SL_FORBIDDEN,
                            "this is no grant: it has three parts with a colon between them");
    *parts = (struct parts){
        .data = token,
        .data_len = (size_t)(middle - token),
        .timestamp = middle + 1,
        .timestamp_len = (size_t)(last - middle - 1),
        .signed_len = (size_t)(last - token),
        .signature = last + 1,
        .signature_len = len - (size_t)(last + 1 - token),
    };
    return 0;
}

static int check_signature(const struct sl_signing *signing, const char *token,
                           const struct parts *parts, struct sl_error *err)
{
    char wanted[SIGNATURE];
    bool found = false;

    if (parts->signature_len == LEGACY_SIGNATURE)
        return sl_error_set(err, SL_FORBIDDEN,
                            "the grant is not signed with SHA-256; in Django before 4.0 remove "
                            "DEFAULT_HASHING_ALGORITHM");
    if (parts->signature_len != SIGNATURE)
        return sl_error_set(err, SL_FORBIDDEN,
                            "the signature of the grant was cut, or something was added to it");
    /* Every key is tried, so that the time does not tell which one it was. */
    for (const char *key = signing->keys; *key != '\0';) {
        size_t len = strcspn(key, "\n");

        if (len > 0 && !signature_of(signing->salt, key, len, token, parts->signed_len, wanted))
            return sl_error_set(err, SL_INTERNAL, "HMAC-SHA256 is not available");
        if (len > 0 && CRYPTO_memcmp(wanted, parts->signature, SIGNATURE) == 0)
            found = true;
        key += len;
        key += *key != '\0';
    }
    OPENSSL_cleanse(wanted, sizeof(wanted));
    if (found)
        return 0;
    return sl_error_set(err, SL_FORBIDDEN,
                        "the signature does not match: the grant was altered, or signed with a key "
                        "or salt that this server does not have; the salt is %s",
                        signing->salt);
}

static int check_time(const struct sl_signing *signing, int64_t signed_at, int64_t max_age,
                      struct sl_error *err)
{
    int64_t age = signing->now - signed_at;

    if (age < -SL_CLOCK_TOLERANCE)
        return sl_error_set(err, SL_FORBIDDEN,
                            "the grant was signed %lld s in the future by this server's clock: "
                            "the clocks of the two machines differ",
                            (long long)-age);
    if (age > max_age)
        return sl_error_set(
            err, SL_FORBIDDEN,
            "the grant was signed %lld s ago, and grants are good for %lld s here%s",
            (long long)age, (long long)max_age,
            age - max_age < SL_CLOCK_SUSPICIOUS
                ? "; if it was made just now, the clocks of the two machines differ"
                : "");
    return 0;
}

/* One byte of room more than allowed, so that a longer text shows itself without being read. */
static int decompress(const struct sl_buf *packed, struct sl_buf *payload, struct sl_error *err)
{
    size_t room = SL_INFLATED_MAX + 1;
    unsigned char *out = malloc(room);
    z_stream stream = {.next_in = (unsigned char *)packed->data, .avail_in = (uInt)packed->len};
    int result = -1;

    if (out == NULL || inflateInit(&stream) != Z_OK) {
        free(out);
        return sl_error_nomem(err);
    }
    stream.next_out = out;
    stream.avail_out = (uInt)room;
    int end = inflate(&stream, Z_FINISH);
    if (stream.avail_out == 0)
        sl_error_set(err, SL_FORBIDDEN, "the grant is longer than %d bytes when it is inflated",
                     SL_INFLATED_MAX);
    else if (end != Z_STREAM_END || stream.avail_in > 0)
        sl_error_set(err, SL_FORBIDDEN, "the grant cannot be inflated");
    else if (sl_buf_add(payload, out, room - stream.avail_out) != 0)
        sl_error_nomem(err);
    else
        result = 0;
    (void)inflateEnd(&stream);
    free(out);
    return result;
}

static int read_payload(const struct parts *parts, struct sl_buf *payload, struct sl_error *err)
{
    bool packed = parts->data_len > 0 && parts->data[0] == '.';
    struct sl_buf bytes;
    int result = -1;

    sl_buf_init(&bytes, SL_SIGNED_MAX);
    if (decode64(parts->data + packed, parts->data_len - packed, packed ? &bytes : payload) != 0)
        sl_error_set(err, SL_FORBIDDEN, "the payload of the grant is not base64");
    else
        result = packed ? decompress(&bytes, payload, err) : 0;
    sl_buf_free(&bytes);
    return result;
}

int sl_signing_verify(const struct sl_signing *signing, const char *token, int64_t max_age,
                      struct sl_buf *payload, int64_t *signed_at, struct sl_error *err)
{
    struct parts parts = {0};

    if (split(token, &parts, err) != 0 || check_signature(signing, token, &parts, err) != 0)
        return -1;
    if (read_timestamp(&parts, signed_at) != 0)
        return sl_error_set(err, SL_FORBIDDEN, "the grant has no time stamp");
    if (check_time(signing, *signed_at, max_age, err) != 0)
        return -1;
    return read_payload(&parts, payload, err);
}

/* The payload's characters: compressed if that saves something, by Django's own rule. */
static int add_payload(const char *payload, size_t len, struct sl_buf *token, struct sl_error *err)
{
    unsigned char *packed = malloc(compressBound((uLong)len));
    uLongf packed_len = compressBound((uLong)len);
    const unsigned char *bytes = (const unsigned char *)payload;
    int result = -1;

    char *text = malloc(ENCODED(len) + 1);
    if (packed == NULL || text == NULL ||
        compress(packed, &packed_len, bytes, (uLong)len) != Z_OK) {
        sl_error_nomem(err);
        goto out;
    }
    bool shorter = packed_len < len - 1;
    size_t n = shorter ? encode64(packed, packed_len, text) : encode64(bytes, len, text);
    if ((shorter && sl_buf_putc(token, '.') != 0) || sl_buf_add(token, text, n) != 0)
        sl_error_set(err, SL_LIMIT, "the grant would be longer than %d bytes", SL_SIGNED_MAX);
    else
        result = 0;
out:
    free(packed);
    free(text);
    return result;
}

int sl_signing_sign(const struct sl_signing *signing, const char *payload, size_t len,
                    struct sl_buf *token, struct sl_error *err)
{
    char signature[SIGNATURE];
    size_t begin = token->len;

    if (len == 0 || len > SL_INFLATED_MAX)
        return sl_error_set(err, SL_LIMIT, "the payload of a grant has 1 to %d bytes",
                            SL_INFLATED_MAX);
    if (add_payload(payload, len, token, err) != 0)
        return -1;
    if (sl_buf_putc(token, ':') != 0 || add_timestamp(signing->now, token) != 0)
        return sl_error_set(err, SL_LIMIT, "the grant would be longer than %d bytes",
                            SL_SIGNED_MAX);
    if (!signature_of(signing->salt, signing->keys, strcspn(signing->keys, "\n"),
                      token->data + begin, token->len - begin, signature))
        return sl_error_set(err, SL_INTERNAL, "HMAC-SHA256 is not available");
    if (sl_buf_putc(token, ':') != 0 || sl_buf_add(token, signature, SIGNATURE) != 0 ||
        token->len - begin > SL_SIGNED_MAX)
        return sl_error_set(err, SL_LIMIT, "the grant would be longer than %d bytes",
                            SL_SIGNED_MAX);
    return 0;
}
