#include "sink/digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <openssl/evp.h>

struct sl_digest {
    struct sl_sink base;
    EVP_MD_CTX *md;
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

    if (EVP_DigestUpdate(digest->md, digest->window, len) != 1)
        return sl_error_set(err, SL_INTERNAL, "SHA-256 failed");
    return sl_sink_write(sink->next, len, err);
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

static const struct sl_sink_ops digest_ops = {
    .name = "digest",
    .buffer = digest_buffer,
    .write = digest_write,
    .end = digest_end,
    .abort = digest_abort,
    .room = digest_room,
};

struct sl_digest *sl_digest_new(struct sl_sink *next, struct sl_error *err)
{
    struct sl_digest *digest = calloc(1, sizeof *digest);

    if (digest == NULL) {
        sl_error_nomem(err);
        return NULL;
    }
    digest->base.ops = &digest_ops;
    digest->base.next = next;
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
