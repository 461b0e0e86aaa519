#include "sink/compress.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/limits.h"
#include "sink/codec.h"

/* A flush or an end is begun with this much room: they write a few bytes in one piece. */
#define ROOM_MIN 16

#ifdef HAVE_ISAL
#define GZIP_CODEC sl_codec_isal
#else
#define GZIP_CODEC sl_codec_zlib
#endif

struct compress {
    struct sl_sink base;
    const struct sl_codec *codec;
    void *state;
    char *out; /* of the next stage, kept over several writes; NULL: none */
    size_t size;
    size_t used;
    bool held;   /* something was written since the last flush */
    bool passed; /* something went to the next stage since the last flush */
    char in[SL_COMPRESS_WINDOW];
};

static const struct sl_codec *codec_of(enum sl_compression kind)
{
    return kind == SL_ZSTD ? &sl_codec_zstd : &GZIP_CODEC;
}

static int compress_buffer(struct sl_sink *sink, char **data, size_t *size, struct sl_error *err)
{
    struct compress *compress = (struct compress *)sink;

    (void)err;
    *data = compress->in;
    *size = sizeof compress->in;
    return 0;
}

/* What was compressed goes on. */
static int pass(struct compress *compress, struct sl_error *err)
{
    size_t n = compress->used;

    if (n == 0)
        return 0;
    compress->out = NULL;
    compress->size = compress->used = 0;
    compress->passed = true;
    return sl_sink_write(compress->base.next, n, err);
}

static int open_window(struct compress *compress, struct sl_error *err)
{
    if (compress->out != NULL)
        return 0;
    return sl_sink_buffer(compress->base.next, &compress->out, &compress->size, err);
}

/* len bytes of input go through the codec, whose output fills window after window. */
static int drive(struct compress *compress, enum sl_codec_mode mode, size_t len,
                 struct sl_error *err)
{
    struct sl_codec_io io = {.in = compress->in, .in_len = len};
    int rc = 0;

    while (rc == 0) {
        if (open_window(compress, err) < 0)
            return -1;
        io.out = compress->out + compress->used;
        io.out_len = compress->size - compress->used;
        rc = compress->codec->step(compress->state, mode, &io);
        if (rc < 0)
            return sl_error_set(err, SL_INTERNAL, "the output could not be compressed");
        compress->used = compress->size - io.out_len;
        if (io.out_len == 0 && pass(compress, err) < 0)
            return -1;
    }
    return 0;
}

static int compress_write(struct sl_sink *sink, size_t len, struct sl_error *err)
{
    struct compress *compress = (struct compress *)sink;

    compress->held = true;
    return drive(compress, SL_CODEC_RUN, len, err);
}

/* All that was written so far, or the end of the file too, is with the next stage. */
static int push_out(struct compress *compress, enum sl_codec_mode mode, struct sl_error *err)
{
    if (compress->size - compress->used < ROOM_MIN && pass(compress, err) < 0)
        return -1;
    if (drive(compress, mode, 0, err) < 0)
        return -1;
    return pass(compress, err);
}

static int compress_flush(struct sl_sink *sink, struct sl_error *err)
{
    struct compress *compress = (struct compress *)sink;

    if (compress->held && !compress->passed) {
        if (push_out(compress, SL_CODEC_FLUSH, err) < 0)
            return -1;
        compress->held = false;
    }
    compress->passed = false;
    return sl_sink_flush(sink->next, err);
}

static int compress_end(struct sl_sink *sink, struct sl_error *err)
{
    if (push_out((struct compress *)sink, SL_CODEC_END, err) < 0)
        return -1;
    return sl_sink_end(sink->next, err);
}

static void compress_abort(struct sl_sink *sink)
{
    sl_sink_abort(sink->next);
}

/* Output is hardly ever larger than input. */
static size_t compress_room(struct sl_sink *sink)
{
    const struct compress *compress = (const struct compress *)sink;
    size_t room = sl_sink_room(sink->next);

    return room > compress->used ? room - compress->used : 0;
}

static size_t compress_memory(const struct sl_sink *sink)
{
    const struct compress *compress = (const struct compress *)sink;

    return sizeof *compress + compress->codec->memory(compress->state);
}

static const struct sl_sink_ops compress_ops = {
    .name = "compress",
    .buffer = compress_buffer,
    .write = compress_write,
    .end = compress_end,
    .abort = compress_abort,
    .room = compress_room,
    .flush = compress_flush,
    .memory = compress_memory,
};

struct sl_sink *sl_compress_new(enum sl_compression kind, struct sl_sink *next,
                                struct sl_error *err)
{
    struct compress *compress = calloc(1, sizeof *compress);

    if (compress == NULL) {
        sl_error_nomem(err);
        return NULL;
    }
    compress->base.ops = &compress_ops;
    compress->base.next = next;
    compress->codec = codec_of(kind);
    compress->state = compress->codec->open();
    if (compress->state == NULL) {
        free(compress);
        sl_error_nomem(err);
        return NULL;
    }
    return &compress->base;
}

void sl_compress_free(struct sl_sink *sink)
{
    struct compress *compress = (struct compress *)sink;

    if (compress == NULL)
        return;
    compress->codec->close(compress->state);
    free(compress);
}

const char *sl_compress_library(enum sl_compression kind)
{
    return codec_of(kind)->library();
}
