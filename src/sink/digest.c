#include "sink/digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <openssl/evp.h>

struct sl_digest {
    struct sl_sink base;
    EVP_MD_CTX *md;
    atomic_llong *bytes;
    int64_t limit;
    const char *window; /* of the next stage, between buffer() and write() */
    char hex[SL_SHA256_HEX];
};

static int digest_buffer(struct sl_sink *sink, char **data, size_t *size, struct sl_error *err)
{
    struct sl_digest *digest = (struct sl_digest *)sink;

    if (sl_sink_buffer(sink->next, data, size, err) < 0)
        return -1;
    digest->window = *data;
    return 0;
}

static int digest_write(struct sl_sink *sink, size_t len, struct sl_error *err)
{
    struct sl_digest *digest = (struct sl_digest *)sink;
    int64_t bytes = atomic_load(digest->bytes) + (int64_t)len;

    if (digest->limit > 0 && bytes > digest->limit)
        return sl_error_set(err, SL_LIMIT, "the export is larger than max_bytes");
    if (EVP_DigestUpdate(digest->md, digest->window, len) != 1)
        return sl_error_set(err, SL_INTERNAL, "SHA-256 failed");
    if (sl_sink_write(sink->next, len, err) < 0)
        return -1;
    atomic_fetch_add(digest->bytes, (long long)len);
    return 0;
}

static int digest_end(struct sl_sink *sink, struct sl_error *err)
{
    struct sl_digest *digest = (struct sl_digest *)sink;
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned int n = 0;

    if (EVP_DigestFinal_ex(digest->md, hash, &n) != 1 || n != 32)
        return sl_error_set(err, SL_INTERNAL, "SHA-256 failed");
    for (size_t i = 0; i < n; i++)
        snprintf(digest->hex + 2 * i, 3, "%02x", hash[i]);
    return sl_sink_end(sink->next, err);
}

static void digest_abort(struct sl_sink *sink)
{
    sl_sink_abort(sink->next);
}

static size_t digest_room(struct sl_sink *sink)
{
    return sl_sink_room(sink->next);
}

static int digest_flush(struct sl_sink *sink, struct sl_error *err)
{
    return sl_sink_flush(sink->next, err);
}

static const struct sl_sink_ops digest_ops = {
    .name = "digest",
    .buffer = digest_buffer,
    .write = digest_write,
    .end = digest_end,
    .abort = digest_abort,
    .room = digest_room,
    .flush = digest_flush,
};

struct sl_digest *sl_digest_new(struct sl_sink *next, atomic_llong *bytes, int64_t limit,
                                struct sl_error *err)
{
    struct sl_digest *digest = calloc(1, sizeof *digest);

    if (digest == NULL) {
        sl_error_nomem(err);
        return NULL;
    }
    digest->base.ops = &digest_ops;
    digest->base.next = next;
    digest->bytes = bytes;
    digest->limit = limit;
    digest->md = EVP_MD_CTX_new();
    if (digest->md == NULL || EVP_DigestInit_ex(digest->md, EVP_sha256(), NULL) != 1) {
        sl_error_set(err, SL_INTERNAL, "SHA-256 is not available");
        sl_digest_free(digest);
        return NULL;
    }
    return digest;
}

void sl_digest_free(struct sl_digest *digest)
{
    if (digest == NULL)
        return;
    EVP_MD_CTX_free(digest->md);
    free(digest);
}

struct sl_sink *sl_digest_sink(struct sl_digest *digest)
{
    return &digest->base;
}

const char *sl_digest_hex(const struct sl_digest *digest)
{
    return digest->hex;
}
