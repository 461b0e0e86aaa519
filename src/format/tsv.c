#include "format/tsv.h"

#include <string.h>

#include "format/scan.h"

/* Long values are looked at in pieces: only those with something to escape go byte by byte. */
#define SCAN_PIECE 256

/* What COPY writes behind the backslash. */
static char letter(char c)
{
    static const char letters[] = "btnvfr"; /* from BS, 0x08, to CR, 0x0D */

    return c == '\\' ? c : letters[c - '\b'];
}

static int put_escaped(struct sl_out *out, const char *p, size_t n)
{
    size_t run = 0;

    for (size_t i = 0; i < n; i++) {
        if (!sl_scan_byte(SL_SCAN_TSV, p[i], '\t'))
            continue;
        const char escape[] = {'\\', letter(p[i])};

        if (sl_out_bytes(out, p + run, i - run) < 0 || sl_out_bytes(out, escape, 2) < 0)
            return -1;
        run = i + 1;
    }
    return sl_out_bytes(out, p + run, n - run);
}

static int put_long(struct sl_out *out, const char *p, size_t n)
{
    while (n > 0) {
        size_t piece = n < SCAN_PIECE ? n : SCAN_PIECE;
        int rc = sl_scan_any(SL_SCAN_TSV, p, piece, '\t') ? put_escaped(out, p, piece)
                                                          : sl_out_bytes(out, p, piece);

        if (rc < 0)
            return -1;
        p += piece;
        n -= piece;
    }
    return 0;
}

/* A value of n > 0 bytes. */
static inline int put_value(struct sl_out *out, const char *p, size_t n)
{
    if (n > SL_SCAN_SHORT || n > (size_t)(out->end - out->pos))
        return put_long(out, p, n);
    if (!sl_scan_copy(SL_SCAN_TSV, out->pos, p, n, '\t'))
        return put_escaped(out, p, n);
    out->pos += n;
    return 0;
}

int sl_tsv_row(struct sl_out *out, const struct sl_style *style, const struct sl_cell *cells, int n)
{
    const size_t null_len = strlen(style->null);

    for (int i = 0; i < n; i++) {
        const struct sl_cell *cell = &cells[i];

        if (i > 0) {
            if (out->pos == out->end && out->more(out) < 0)
                return -1;
            *out->pos++ = '\t';
        }
        int rc = 0;
        if (cell->len < 0)
            rc = sl_out_bytes(out, style->null, null_len);
        else if (cell->len > 0)
            rc = put_value(out, cell->data, (size_t)cell->len);
        if (rc < 0)
            return -1;
    }
    return sl_out_bytes(out, "\n", 1);
}
