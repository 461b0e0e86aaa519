/* zstd by libzstd, with a window that keeps its memory constant and small. */
#include <stdio.h>
#include <stdlib.h>
#include <zstd.h>

#include "base/limits.h"
#include "sink/codec.h"

#define LEVEL 1

/* A raw block of no bytes (RFC 8878 section 3.1.1.2): three bytes of zero. */
#define EMPTY_BLOCK 3

struct zstd {
    ZSTD_CCtx *context;
    int written; /* bytes of the empty block that ends a flush */
};

static const char *zstd_library(void)
{
    static char text[32];

    snprintf(text, sizeof text, "zstd %.16s", ZSTD_versionString());
    return text;
}

static void zstd_close(void *state)
{
    struct zstd *zstd = state;

    ZSTD_freeCCtx(zstd->context);
    free(zstd);
}

static void *zstd_open(void)
{
    struct zstd *zstd = calloc(1, sizeof *zstd);

    if (zstd == NULL)
        return NULL;
    ZSTD_CCtx *context = zstd->context = ZSTD_createCCtx();
    if (context == NULL ||
        ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, LEVEL)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, SL_ZSTD_WINDOW_LOG)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1))) {
        zstd_close(zstd);
        return NULL;
    }
    return zstd;
}

/*
 * A block can be read when its last byte is there, and the queue keeps the last byte
 * that it has.  So there is one more block after what is flushed, an empty one.
 */
static int end_flush(struct zstd *zstd, struct sl_codec_io *io)
{
    for (; zstd->written < EMPTY_BLOCK && io->out_len > 0; zstd->written++) {
        *io->out++ = 0;
        io->out_len--;
    }
    if (zstd->written < EMPTY_BLOCK)
        return 0;
    zstd->written = 0;
    return 1;
}

static int zstd_step(void *state, enum sl_codec_mode mode, struct sl_codec_io *io)
{
    static const ZSTD_EndDirective directive[] = {ZSTD_e_continue, ZSTD_e_flush, ZSTD_e_end};
    struct zstd *zstd = state;
    ZSTD_inBuffer in = {.src = io->in, .size = io->in_len};
    ZSTD_outBuffer out = {.dst = io->out, .size = io->out_len};
    size_t left = ZSTD_compressStream2(zstd->context, &out, &in, directive[mode]);

    if (ZSTD_isError(left))
        return -1;
    io->in += in.pos;
    io->in_len -= in.pos;
    io->out += out.pos;
    io->out_len -= out.pos;
    if (mode == SL_CODEC_RUN)
        return io->in_len == 0;
    if (left > 0)
        return 0;
    return mode == SL_CODEC_FLUSH ? end_flush(zstd, io) : 1;
}

static size_t zstd_memory(const void *state)
{
    const struct zstd *zstd = state;

    return sizeof *zstd + ZSTD_sizeof_CCtx(zstd->context);
}

const struct sl_codec sl_codec_zstd = {
    .library = zstd_library,
    .open = zstd_open,
    .step = zstd_step,
    .memory = zstd_memory,
    .close = zstd_close,
};
