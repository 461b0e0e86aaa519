/*
 * The libraries that compress, each behind the same few functions, for compress.c.
 * A codec's state belongs to one stream and one thread.
 */
#ifndef SL_CODEC_H
#define SL_CODEC_H

#include <stddef.h>

/* How far a step goes: as is convenient, until all given so far is out, to the end of the file. */
enum sl_codec_mode { SL_CODEC_RUN, SL_CODEC_FLUSH, SL_CODEC_END };

/* Both are moved on by a step. */
struct sl_codec_io {
    const char *in;
    size_t in_len;
    char *out;
    size_t out_len;
};

struct sl_codec {
    /* "zlib 1.2.13": the one that runs, where the library can say. */
    const char *(*library)(void);
    /* NULL: no memory. */
    void *(*open)(void);
    /*
     * 1: the input is used up, and with FLUSH or END all of the output is there.
     * 0: the output is full; call again with more room and what is left of the input.
     * -1: the library failed.
     * After a FLUSH, which follows some input, all can be read even without its last byte.
     * FLUSH and END want 16 bytes of room or more to begin with.
     */
    int (*step)(void *state, enum sl_codec_mode mode, struct sl_codec_io *io);
    /* Bytes that the state takes at present. */
    size_t (*memory)(const void *state);
    void (*close)(void *state);
};

extern const struct sl_codec sl_codec_zlib; /* gzip (RFC 1952) */
extern const struct sl_codec sl_codec_zstd; /* Zstandard (RFC 8878) */
#ifdef HAVE_ISAL
extern const struct sl_codec sl_codec_isal; /* gzip; several times as fast as zlib */
#endif

#endif
