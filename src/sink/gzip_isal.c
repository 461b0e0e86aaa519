/* gzip by ISA-L (igzip), where the platform has it. */
#include "sink/codec.h"

#ifdef HAVE_ISAL

#include <isa-l.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* Level 1 is about as small as zlib's 1 to 2; level 2 gains little and is slower. */
#define LEVEL 1
#define LEVEL_BUFFER ISAL_DEF_LVL1_DEFAULT

struct igzip {
    struct isal_zstream z;
    unsigned char level_buffer[LEVEL_BUFFER];
};

static const char *igzip_library(void)
{
    static char text[32];

    snprintf(text, sizeof text, "ISA-L %d.%d.%d", ISAL_MAJOR_VERSION, ISAL_MINOR_VERSION,
             ISAL_PATCH_VERSION);
    return text;
}

static void *igzip_open(void)
{
    struct igzip *igzip = malloc(sizeof *igzip);

    if (igzip == NULL)
        return NULL;
    isal_deflate_init(&igzip->z);
    igzip->z.gzip_flag = IGZIP_GZIP;
    igzip->z.level = LEVEL;
    igzip->z.level_buf = igzip->level_buffer;
    igzip->z.level_buf_size = LEVEL_BUFFER;
    return igzip;
}

static int igzip_step(void *state, enum sl_codec_mode mode, struct sl_codec_io *io)
{
    struct isal_zstream *z = &((struct igzip *)state)->z;
    unsigned in = io->in_len < UINT_MAX ? (unsigned)io->in_len : UINT_MAX;
    unsigned out = io->out_len < UINT_MAX ? (unsigned)io->out_len : UINT_MAX;

    z->next_in = (unsigned char *)(size_t)io->in; /* ISA-L does not write there */
    z->avail_in = in;
    z->next_out = (unsigned char *)io->out;
    z->avail_out = out;
    z->flush = mode == SL_CODEC_FLUSH ? SYNC_FLUSH : NO_FLUSH;
    z->end_of_stream = mode == SL_CODEC_END;
    int rc = isal_deflate(z);
    io->in += in - z->avail_in;
    io->in_len -= in - z->avail_in;
    io->out += out - z->avail_out;
    io->out_len -= out - z->avail_out;
    if (rc != COMP_OK)
        return -1;
    if (mode == SL_CODEC_END)
        return z->internal_state.state == ZSTATE_END;
    return io->in_len == 0 && (mode == SL_CODEC_RUN || z->avail_out > 0);
}

static size_t igzip_memory(const void *state)
{
    (void)state;
    return sizeof(struct igzip);
}

static void igzip_close(void *state)
{
    free(state);
}

const struct sl_codec sl_codec_isal = {
    .library = igzip_library,
    .open = igzip_open,
    .step = igzip_step,
    .memory = igzip_memory,
    .close = igzip_close,
};

#endif
