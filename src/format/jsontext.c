#include "format/jsontext.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* A vector of the compiler: SSE2 on x86, NEON on ARM, plain code elsewhere. */
typedef unsigned char vec16 __attribute__((vector_size(16)));

static inline bool any_special(const char *p)
{
    uint64_t half[2];
    vec16 v;

    memcpy(&v, p, sizeof v);
    vec16 hit = (vec16)((v < ' ') | (v == '"') | (v == '\\'));
    memcpy(half, &hit, sizeof half);
    return (half[0] | half[1]) != 0;
}

static inline bool is_special(char c)
{
    return (unsigned char)c < ' ' || c == '"' || c == '\\';
}

/* How many bytes from the first on stand as they are? */
static inline size_t plain_bytes(const char *p, size_t n)
{
    size_t i = 0;

    while (i + sizeof(vec16) <= n && !any_special(p + i))
        i += sizeof(vec16);
    while (i < n && !is_special(p[i]))
        i++;
    return i;
}

static size_t escape(char c, char to[SL_JSONTEXT_ESCAPED])
{
    static const char named[] = "\bb\ff\nn\rr\tt\"\"\\\\"; /* the byte, what stands for it */
    static const char hex[] = "0123456789abcdef";
    const char unnamed[] = {'\\', 'u', '0', '0', hex[(unsigned char)c >> 4], hex[c & 0xF]};

    for (size_t i = 0; i < sizeof named - 1; i += 2)
        if (named[i] == c) {
            to[0] = '\\';
            to[1] = named[i + 1];
            return 2;
        }
    memcpy(to, unnamed, sizeof unnamed);
    return sizeof unnamed;
}

/* Long values are looked at in pieces: what was looked at is copied while it is in the cache. */
#define SCAN_PIECE 4096

/* The text behind the opening quote, and the closing one. */
static int put_escaped(struct sl_out *out, const char *p, size_t n)
{
    char escaped[SL_JSONTEXT_ESCAPED];

    while (n > 0) {
        size_t piece = n < SCAN_PIECE ? n : SCAN_PIECE;
        size_t plain = plain_bytes(p, piece);

        if (sl_out_bytes(out, p, plain) < 0)
            return -1;
        if (plain < piece) {
            if (sl_out_bytes(out, escaped, escape(p[plain], escaped)) < 0)
                return -1;
            plain++;
        }
        p += plain;
        n -= plain;
    }
    return sl_out_bytes(out, "\"", 1);
}

int sl_jsontext_string(struct sl_out *out, const char *text, size_t n)
{
    if (n + 2 <= (size_t)(out->end - out->pos) && n <= SCAN_PIECE && plain_bytes(text, n) == n) {
        *out->pos++ = '"';
        memcpy(out->pos, text, n);
        out->pos += n;
        *out->pos++ = '"';
        return 0;
    }
    if (sl_out_bytes(out, "\"", 1) < 0)
        return -1;
    return put_escaped(out, text, n);
}

static inline bool is_white(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* Where the string that begins at p is over. */
static const char *behind_string(const char *p, const char *end)
{
    for (p++; p < end && *p != '"'; p++)
        if (*p == '\\' && p + 1 < end)
            p++;
    return p < end ? p + 1 : end;
}

int sl_jsontext_compact(struct sl_out *out, const char *text, size_t n)
{
    const char *end = text + n;

    for (const char *p = text; p < end;) {
        const char *run = p;

        while (p < end && !is_white(*p))
            p = *p == '"' ? behind_string(p, end) : p + 1;
        if (sl_out_bytes(out, run, (size_t)(p - run)) < 0)
            return -1;
        while (p < end && is_white(*p))
            p++;
    }
    return 0;
}
