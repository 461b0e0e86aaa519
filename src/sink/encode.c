#include "sink/encode.h"

#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

#define UTF8 "UTF-8"
#define UTF8_MAX 4 /* bytes of one character */

/*
 * Bytes that one byte of UTF-8 becomes at most, so that a window is converted in one
 * call: UTF-7 takes 5 for one, ISO-2022 with a change of its state for each letter 4.
 */
#define EXPANSION 8

/* Behind the output: converters of glibc have written up to 3 bytes too far (CVE-2024-2961). */
#define SLACK 64

#define ASCII 128
#define ESCAPE '\x1B'
#define FIRST_PRINTED ' ' /* before it are the controls */

/* Bytes of UTF-8 that are read back at once. */
#define BACK_MAX 2048

struct encode {
    struct sl_sink base;
    iconv_t cd;
    iconv_t back; /* the other way */
    bool lacks_tags;
    bool has_escapes;      /* sequences that begin with ESC change its letters */
    int64_t unread[ASCII]; /* of each character: written, less read back */
    char name[SL_ENCODE_NAME_MAX + 1];
    size_t kept;  /* bytes of a character that is not whole yet, at the beginning of `in` */
    char *window; /* of the next stage, kept over several writes; NULL: none */
    size_t size;
    size_t used;
    char in[SL_ENCODE_WINDOW];
    char out[SL_ENCODE_WINDOW * EXPANSION + SLACK];
};

static int encode_buffer(struct sl_sink *sink, char **data, size_t *size, struct sl_error *err)
{
    struct encode *encode = (struct encode *)sink;

    (void)err;
    *data = encode->in + encode->kept;
    *size = sizeof encode->in - encode->kept;
    return 0;
}

/* What was converted goes on. */
static int pass(struct encode *encode, struct sl_error *err)
{
    size_t n = encode->used;

    if (n == 0)
        return 0;
    encode->window = NULL;
    encode->used = 0;
    return sl_sink_write(encode->base.next, n, err);
}

/* n bytes of `out` fill window after window. */
static int put(struct encode *encode, size_t n, struct sl_error *err)
{
    const char *from = encode->out;

    while (n > 0) {
        if (encode->window == NULL &&
            sl_sink_buffer(encode->base.next, &encode->window, &encode->size, err) < 0)
            return -1;
        size_t room = encode->size - encode->used;
        size_t part = n < room ? n : room;

        memcpy(encode->window + encode->used, from, part);
        encode->used += part;
        from += part;
        n -= part;
        if (encode->used == encode->size && pass(encode, err) < 0)
            return -1;
    }
    return 0;
}

/*
 * in NULL: what ends the text.  -1 for a character that the encoding lacks, also where
 * a C library counts that it wrote another one.
 */
static ssize_t convert(iconv_t cd, char *in, size_t len, char *out, size_t size)
{
    size_t left = size;

    if (iconv(cd, in == NULL ? NULL : &in, &len, &out, &left) != 0)
        return -1;
    return (ssize_t)(size - left);
}

/* U+E0000 to U+E007F, of which flags are made: glibc leaves them out without a word. */
static bool has_tag(const char *text, size_t n)
{
    return memmem(text, n, "\xF3\xA0\x80", 3) != NULL || memmem(text, n, "\xF3\xA0\x81", 3) != NULL;
}

static void count(struct encode *encode, const char *text, size_t n, int step)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] < ASCII)
            encode->unread[(unsigned char)text[i]] += step;
}

/* in NULL: what ends the text. false for what is no text of the encoding. */
static bool read_back(struct encode *encode, char *in, size_t n)
{
    char text[BACK_MAX];
    size_t rc;

    do {
        char *to = text;
        size_t room = sizeof text;

        rc = iconv(encode->back, in == NULL ? NULL : &in, &n, &to, &room);
        if (rc == (size_t)-1 && errno != E2BIG)
            return false;
        count(encode, text, sizeof text - room, -1);
    } while (rc == (size_t)-1);
    return true;
}

/*
 * glibc writes a comma for the Arabic decimal sign in IBM1046, a control for a no-break
 * space in IBM930, a backslash for the yen sign in EUC-JP, and says that all is well.  So
 * what was written is read again: nothing may have become a character of ASCII that
 * was none, and no control may be missing.  Other letters may come back as their like.
 */
static bool is_faithful(struct encode *encode, const char *in, size_t len, size_t n)
{
    bool end = in == NULL;

    if (!end && encode->has_escapes && memchr(in, ESCAPE, len) != NULL)
        return false;
    if (!end)
        count(encode, in, len, 1);
    if (!read_back(encode, encode->out, n) || (end && !read_back(encode, NULL, 0)))
        return false;
    for (int c = 0; c < ASCII; c++)
        if (encode->unread[c] < 0 || (end && c < FIRST_PRINTED && encode->unread[c] != 0))
            return false;
    return true;
}

static int drive(struct encode *encode, char *in, size_t len, struct sl_error *err)
{
    ssize_t n = convert(encode->cd, in, len, encode->out, sizeof encode->out - SLACK);

    if (n < 0 || (encode->lacks_tags && in != NULL && has_tag(in, len)) ||
        !is_faithful(encode, in, len, (size_t)n))
        return sl_error_param(err, "_encoding",
                              "the export has a character that there is not in %s; "
                              "UTF-8, which is the default, has all",
                              encode->name);
    return put(encode, (size_t)n, err);
}

/* How many of n bytes are whole characters of UTF-8. */
static size_t whole(const char *text, size_t n)
{
    size_t tail = 0;

    while (tail < n && tail < UTF8_MAX) {
        unsigned char c = (unsigned char)text[n - ++tail];
        if ((c & 0xC0) == 0x80)
            continue;
        size_t needs = c < 0xC0 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
        return tail < needs ? n - tail : n;
    }
    return n; /* no UTF-8 */
}

static int encode_write(struct sl_sink *sink, size_t len, struct sl_error *err)
{
    struct encode *encode = (struct encode *)sink;
    size_t all = encode->kept + len;
    size_t n = whole(encode->in, all);

    if (n > 0 && drive(encode, encode->in, n, err) < 0)
        return -1;
    encode->kept = all - n;
    memmove(encode->in, encode->in + n, encode->kept);
    return 0;
}

static int encode_flush(struct sl_sink *sink, struct sl_error *err)
{
    if (pass((struct encode *)sink, err) < 0)
        return -1;
    return sl_sink_flush(sink->next, err);
}

static int encode_end(struct sl_sink *sink, struct sl_error *err)
{
    struct encode *encode = (struct encode *)sink;

    if ((encode->kept > 0 && drive(encode, encode->in, encode->kept, err) < 0) ||
        drive(encode, NULL, 0, err) < 0 || pass(encode, err) < 0)
        return -1;
    return sl_sink_end(sink->next, err);
}

static void encode_abort(struct sl_sink *sink)
{
    sl_sink_abort(sink->next);
}

static size_t encode_room(struct sl_sink *sink)
{
    const struct encode *encode = (const struct encode *)sink;
    size_t room = sl_sink_room(sink->next);

    return room > encode->used ? room - encode->used : 0;
}

static size_t encode_memory(const struct sl_sink *sink)
{
    (void)sink;
    return SL_ENCODE_MEMORY;
}

static const struct sl_sink_ops encode_ops = {
    .name = "encode",
    .buffer = encode_buffer,
    .write = encode_write,
    .end = encode_end,
    .abort = encode_abort,
    .room = encode_room,
    .flush = encode_flush,
    .memory = encode_memory,
};

/* Names reach the C library, which reads more into a slash, a comma and an empty one. */
static bool plausible(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789_:.-";
    size_t len = strlen(name);

    return len > 0 && len <= SL_ENCODE_NAME_MAX && strspn(name, allowed) == len;
}

static iconv_t open_encoding(const char *name)
{
    return plausible(name) ? iconv_open(name, UTF8) : (iconv_t)-1;
}

#define PROBE_MAX 64

/* Writes one short text from the beginning; its bytes, -1 when it cannot be written. */
static ssize_t probe(const char *name, const char *text, char out[PROBE_MAX + SLACK])
{
    iconv_t cd = open_encoding(name);
    char in[8];

    if (cd == (iconv_t)-1)
        return -1;
    snprintf(in, sizeof in, "%s", text);
    ssize_t n = convert(cd, in, strlen(in), out, PROBE_MAX);
    iconv_close(cd);
    return n;
}

#define LETTER "a"
#define MARK_LETTER "\xEF\xBB\xBF" LETTER
#define TAG_LETTER "\xF3\xA0\x81\xA7" LETTER

bool sl_encode_knows(const char *name, enum sl_bom *bom)
{
    char bare[PROBE_MAX + SLACK];
    char marked[PROBE_MAX + SLACK];
    ssize_t n = probe(name, LETTER, bare);
    ssize_t all = probe(name, MARK_LETTER, marked);
    size_t mark = (size_t)(all - n);

    if (n < 0)
        return false;
    *bom = all < 0 ? SL_BOM_NONE : SL_BOM_ASKED;
    /* Then the letter alone begins as it does behind a mark. */
    if (*bom == SL_BOM_ASKED && mark < (size_t)n && memcmp(bare, marked, mark) == 0)
        *bom = SL_BOM_ALWAYS;
    return true;
}

static bool lacks_tags(const char *name)
{
    char out[PROBE_MAX + SLACK];

    return probe(name, TAG_LETTER, out) <= probe(name, LETTER, out);
}

/* Is a lone ESC the beginning of more? */
static bool has_escapes(const char *name)
{
    static const char escape[] = {ESCAPE, '\0'};
    char written[PROBE_MAX + SLACK];
    char text[PROBE_MAX + SLACK];
    ssize_t n = probe(name, escape, written);
    iconv_t back = n < 0 ? (iconv_t)-1 : iconv_open(UTF8, name);

    if (back == (iconv_t)-1)
        return false;
    n = convert(back, written, (size_t)n, text, PROBE_MAX);
    iconv_close(back);
    return n < 0;
}

struct sl_sink *sl_encode_new(const char *encoding, struct sl_sink *next, struct sl_error *err)
{
    struct encode *encode = calloc(1, sizeof *encode);

    if (encode == NULL) {
        sl_error_nomem(err);
        return NULL;
    }
    encode->base.ops = &encode_ops;
    encode->base.next = next;
    encode->cd = open_encoding(encoding);
    if (encode->cd == (iconv_t)-1) {
        free(encode);
        sl_error_set(err, SL_INTERNAL, "the encoding could not be opened");
        return NULL;
    }
    encode->back = iconv_open(UTF8, encoding);
    if (encode->back == (iconv_t)-1) {
        iconv_close(encode->cd);
        free(encode);
        sl_error_set(err, SL_INTERNAL, "the encoding could not be opened");
        return NULL;
    }
    encode->lacks_tags = lacks_tags(encoding);
    encode->has_escapes = has_escapes(encoding);
    snprintf(encode->name, sizeof encode->name, "%s", encoding);
    return &encode->base;
}

void sl_encode_free(struct sl_sink *sink)
{
    struct encode *encode = (struct encode *)sink;

    if (encode == NULL)
        return;
    iconv_close(encode->cd);
    iconv_close(encode->back);
    free(encode);
}
