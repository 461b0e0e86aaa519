#include "format/csv.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Vectors of the compiler: SSE2 on x86, NEON on ARM, plain code elsewhere. */
typedef unsigned char vec16 __attribute__((vector_size(16)));
typedef unsigned char vec8 __attribute__((vector_size(8)));

static inline uint64_t special16(const char *p)
{
    vec16 v;
    uint64_t half[2];

    memcpy(&v, p, sizeof v);
    vec16 hit = (vec16)((v == ',') | (v == '"') | (v == '\n') | (v == '\r'));
    memcpy(half, &hit, sizeof half);
    return half[0] | half[1];
}

static inline uint64_t special8(const char *p)
{
    vec8 v;
    uint64_t whole;

    memcpy(&v, p, sizeof v);
    vec8 hit = (vec8)((v == ',') | (v == '"') | (v == '\n') | (v == '\r'));
    memcpy(&whole, &hit, sizeof whole);
    return whole;
}

/* Does the value hold a byte that must be quoted?  The last step overlaps the one before. */
static inline bool has_special(const char *p, size_t n)
{
    if (n >= 16) {
        uint64_t hit = special16(p + n - 16);

        for (size_t i = 0; i + 16 < n; i += 16)
            hit |= special16(p + i);
        return hit != 0;
    }
    if (n >= 8)
        return (special8(p) | special8(p + n - 8)) != 0;
    for (size_t i = 0; i < n; i++)
        if (p[i] == ',' || p[i] == '"' || p[i] == '\n' || p[i] == '\r')
            return true;
    return false;
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

int sl_csv_row(struct sl_out *out, const struct sl_cell *cells, int n)
{
    for (int i = 0; i < n; i++) {
        const struct sl_cell *cell = &cells[i];

        if (i > 0) {
            if (out->pos == out->end && out->more(out) < 0)
                return -1;
            *out->pos++ = ',';
        }
        if (cell->len < 0)
            continue;
        size_t len = (size_t)cell->len;
        if (len == 0 || needs_quotes(cell->data, len) || (n == 1 && is_end_marker(cell))) {
            if (put_quoted(out, cell->data, len) < 0)
                return -1;
        } else if (len <= (size_t)(out->end - out->pos)) {
            memcpy(out->pos, cell->data, len);
            out->pos += len;
        } else if (sl_out_bytes(out, cell->data, len) < 0) {
            return -1;
        }
    }
    return sl_out_bytes(out, "\n", 1);
}
