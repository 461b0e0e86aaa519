/* gzip by zlib: where ISA-L is not. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "sink/codec.h"

#define LEVEL 1
#define WINDOW_BITS (15 + 16) /* the largest; 16 asks for a gzip header */
#define MEMORY_LEVEL 8

/* What zconf.h says that these take, and the structs beside it. */
#define MEMORY ((size_t)(1 << (15 + 2)) + (1 << (MEMORY_LEVEL + 9)) + 8192)

static const char *zlib_library(void)
{
    static char text[32];

    snprintf(text, sizeof text, "zlib %.16s", zlibVersion());
    return text;
}

static void *zlib_open(void)
{
    z_stream *z = calloc(1, sizeof *z);

    if (z != NULL &&
        deflateInit2(z, LEVEL, Z_DEFLATED, WINDOW_BITS, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(z);
        z = NULL;
    }
    return z;
}

static int zlib_step(void *state, enum sl_codec_mode mode, struct sl_codec_io *io)
{
    static const int flush[] = {Z_NO_FLUSH, Z_SYNC_FLUSH, Z_FINISH};
    z_stream *z = state;
    unsigned in = io->in_len < UINT_MAX ? (unsigned)io->in_len : UINT_MAX;
    unsigned out = io->out_len < UINT_MAX ? (unsigned)io->out_len : UINT_MAX;

    z->next_in = (unsigned char *)(size_t)io->in; /* zlib does not write there */
    z->avail_in = in;
    z->next_out = (unsigned char *)io->out;
    z->avail_out = out;
    int rc = deflate(z, flush[mode]);
    io->in += in - z->avail_in;
    io->in_len -= in - z->avail_in;
    io->out += out - z->avail_out;
    io->out_len -= out - z->avail_out;
    if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR) /* the last: nothing to do */
        return -1;
    if (mode == SL_CODEC_END)
        return rc == Z_STREAM_END;
    return io->in_len == 0 && (mode == SL_CODEC_RUN || z->avail_out > 0);
}

static size_t zlib_memory(const void *state)
{
    (void)state;
    return sizeof(z_stream) + MEMORY;
}

static void zlib_close(void *state)
{
    deflateEnd(state);
    free(state);
}

const struct sl_codec sl_codec_zlib = {
    .library = zlib_library,
    .open = zlib_open,
    .step = zlib_step,
    .memory = zlib_memory,
    .close = zlib_close,
};
