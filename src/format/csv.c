#include "format/csv.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Vectors of the compiler: SSE2 on x86, NEON on ARM, plain code elsewhere. */
typedef unsigned char vec16 __attribute__((vector_size(16)));
typedef unsigned char vec8 __attribute__((vector_size(8)));

static inline uint64_t special16(vec16 v)
{
    vec16 hit = (vec16)((v == ',') | (v == '"') | (v == '\n') | (v == '\r'));
    uint64_t half[2];

    memcpy(half, &hit, sizeof half);
    return half[0] | half[1];
}

static inline uint64_t special8(vec8 v)
{
    vec8 hit = (vec8)((v == ',') | (v == '"') | (v == '\n') | (v == '\r'));
    uint64_t whole;

    memcpy(&whole, &hit, sizeof whole);
    return whole;
}

static inline vec16 load16(const char *p)
{
    vec16 v;

    memcpy(&v, p, sizeof v);
    return v;
}

static inline vec8 load8(const char *p)
{
    vec8 v;

    memcpy(&v, p, sizeof v);
    return v;
}

static inline bool is_special(char c)
{
    return c == ',' || c == '"' || c == '\n' || c == '\r';
}

/* Does the value hold a byte that must be quoted?  The last step overlaps the one before. */
static inline bool has_special(const char *p, size_t n)
{
    if (n >= 16) {
        uint64_t hit = special16(load16(p + n - 16));

        for (size_t i = 0; i + 16 < n; i += 16)
            hit |= special16(load16(p + i));
        return hit != 0;
    }
    if (n >= 8)
        return (special8(load8(p)) | special8(load8(p + n - 8))) != 0;
    for (size_t i = 0; i < n; i++)
        if (is_special(p[i]))
            return true;
    return false;
}

#define SHORT 32 /* most values are no longer: looked at and copied in one go */

/*
 * Copies a value of 1 to SHORT bytes to `to`, which has room for them.  false when
 * it must be quoted; what was written then does not count.
 */
static inline bool copy_short(char *to, const char *p, size_t n)
{
    if (n >= 16) {
        vec16 first = load16(p);
        vec16 last = load16(p + n - 16);

        memcpy(to, &first, sizeof first);
        memcpy(to + n - 16, &last, sizeof last);
        return (special16(first) | special16(last)) == 0;
    }
    if (n >= 8) {
        vec8 first = load8(p);
        vec8 last = load8(p + n - 8);

        memcpy(to, &first, sizeof first);
        memcpy(to + n - 8, &last, sizeof last);
        return (special8(first) | special8(last)) == 0;
    }
    for (size_t i = 0; i < n; i++) {
        if (is_special(p[i]))
            return false;
        to[i] = p[i];
    }
    return true;
}

/* Long values are looked at in pieces, so that one early comma ends the search. */
#define SCAN_PIECE 4096

static bool needs_quotes(const char *p, size_t n)
{
    for (; n > SCAN_PIECE; p += SCAN_PIECE, n -= SCAN_PIECE)
        if (has_special(p, SCAN_PIECE))
            return true;
    return has_special(p, n);
}

static int put_quoted(struct sl_out *out, const char *p, size_t n)
{
    if (sl_out_bytes(out, "\"", 1) < 0)
        return -1;
    while (n > 0) {
        const char *quote = memchr(p, '"', n);
        size_t run = quote == NULL ? n : (size_t)(quote - p) + 1;

        if (sl_out_bytes(out, p, run) < 0)
            return -1;
        if (quote != NULL && sl_out_bytes(out, "\"", 1) < 0)
            return -1;
        p += run;
        n -= run;
    }
    return sl_out_bytes(out, "\"", 1);
}

static inline bool is_end_marker(const struct sl_cell *cell)
{
    return cell->len == 2 && cell->data[0] == '\\' && cell->data[1] == '.';
}

static int put_value(struct sl_out *out, const char *p, size_t n)
{
    if (n <= SHORT && n <= (size_t)(out->end - out->pos)) {
        if (copy_short(out->pos, p, n)) {
            out->pos += n;
            return 0;
        }
        return put_quoted(out, p, n);
    }
    return needs_quotes(p, n) ? put_quoted(out, p, n) : sl_out_bytes(out, p, n);
}

int sl_csv_value(struct sl_out *out, const char *p, size_t n)
{
    return needs_quotes(p, n) ? put_quoted(out, p, n) : sl_out_bytes(out, p, n);
}

int sl_csv_row(struct sl_out *out, const struct sl_cell *cells, int n)
{
    for (int i = 0; i < n; i++) {
        const struct sl_cell *cell = &cells[i];
        int rc = 0;

        if (i > 0) {
            if (out->pos == out->end && out->more(out) < 0)
                return -1;
            *out->pos++ = ',';
        }
        if (cell->len == 0 || (n == 1 && is_end_marker(cell)))
            rc = put_quoted(out, cell->data, (size_t)cell->len);
        else if (cell->len > 0)
            rc = put_value(out, cell->data, (size_t)cell->len);
        if (rc < 0)
            return -1;
    }
    return sl_out_bytes(out, "\n", 1);
}
