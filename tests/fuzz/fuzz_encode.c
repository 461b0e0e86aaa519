/*
 * A text in another encoding: in small pieces it becomes what it becomes at once, or is
 * refused both times.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "sink/encode.h"

#define MAX_TEXT ((size_t)4096)
#define MAX_OUT (16 * MAX_TEXT)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const encodings[] = {
    "ISO-8859-1",  "UTF-16",     "UTF-32",       "UTF-7", "GB18030", "ISO-2022-JP",
    "ISO-2022-KR", "BIG5-HKSCS", "EUC-JISX0213", "TCVN",  "IBM1140", "ISO-2022-CN-EXT"};
#define N_ENCODINGS (sizeof encodings / sizeof encodings[0])

/* Where it goes: memory, in windows of one size. */
struct memory {
    struct sl_sink base;
    size_t window;
    size_t n;
    char bytes[MAX_OUT];
};

static void require(bool holds)
{
    if (!holds)
        abort();
}

static int memory_buffer(struct sl_sink *sink, char **data, size_t *size, struct sl_error *err)
{
    struct memory *memory = (struct memory *)sink;

    (void)err;
    require(memory->n + memory->window <= MAX_OUT);
    *data = memory->bytes + memory->n;
    *size = memory->window;
    return 0;
}

static int memory_write(struct sl_sink *sink, size_t len, struct sl_error *err)
{
    struct memory *memory = (struct memory *)sink;

    (void)err;
    require(len > 0 && len <= memory->window);
    memory->n += len;
    return 0;
}

static int memory_end(struct sl_sink *sink, struct sl_error *err)
{
    (void)sink;
    (void)err;
    return 0;
}

static const struct sl_sink_ops memory_ops = {
    .name = "memory",
    .buffer = memory_buffer,
    .write = memory_write,
    .end = memory_end,
};

static struct memory whole;
static struct memory parts;

static int feed(struct sl_sink *sink, const char *text, size_t n, size_t piece)
{
    struct sl_error err;

    while (n > 0) {
        char *data;
        size_t size;

        require(sl_sink_buffer(sink, &data, &size, &err) == 0 && size > 0);
        size_t part = piece < size ? piece : size;
        part = part < n ? part : n;
        memcpy(data, text, part);
        if (sl_sink_write(sink, part, &err) != 0)
            return -1;
        text += part;
        n -= part;
    }
    return sl_sink_end(sink, &err);
}

static int encode(const char *encoding, struct memory *memory, const char *text, size_t n,
                  size_t piece)
{
    struct sl_error err;
    struct sl_sink *sink;

    memory->base.ops = &memory_ops;
    memory->n = 0;
    sink = sl_encode_new(encoding, &memory->base, &err);
    require(sink != NULL);
    int rc = feed(sink, text, n, piece);
    sl_encode_free(sink);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > MAX_TEXT)
        return 0;
    const char *encoding = encodings[data[0] % N_ENCODINGS];
    size_t piece = 1 + data[1] % 16;
    const char *text = (const char *)data + 2;

    whole.window = 1024;
    parts.window = 1 + data[1] / 16;
    int at_once = encode(encoding, &whole, text, size - 2, SIZE_MAX);
    int in_parts = encode(encoding, &parts, text, size - 2, piece);
    require(at_once == in_parts);
    require(at_once != 0 || (whole.n == parts.n && memcmp(whole.bytes, parts.bytes, parts.n) == 0));
    return 0;
}
