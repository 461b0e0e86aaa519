#include "format/csv.h"

#include <string.h>

#include "format/scan.h"

/* A delimiter that is a constant makes a row a sixth faster: the default style has its own copy. */
#define INLINE inline __attribute__((always_inline))

/* Long values are looked at in pieces, so that one early comma ends the search. */
#define SCAN_PIECE 4096

static bool needs_quotes(const char *p, size_t n, char delimiter)
{
    for (; n > SCAN_PIECE; p += SCAN_PIECE, n -= SCAN_PIECE)
        if (sl_scan_any(SL_SCAN_CSV, p, SCAN_PIECE, delimiter))
            return true;
    return sl_scan_any(SL_SCAN_CSV, p, n, delimiter);
}

/* What stands between the quotes. */
static int put_doubled(struct sl_out *out, const char *p, size_t n)
{
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
    return 0;
}

static int put_quoted(struct sl_out *out, const char *p, size_t n)
{
    if (sl_out_bytes(out, "\"", 1) < 0 || put_doubled(out, p, n) < 0)
        return -1;
    return sl_out_bytes(out, "\"", 1);
}

static inline bool is_end_marker(const struct sl_cell *cell)
{
    return cell->len == 2 && cell->data[0] == '\\' && cell->data[1] == '.';
}

/* A value of n > 0 bytes. */
static INLINE int put_plain(struct sl_out *out, const char *p, size_t n, char delimiter)
{
    if (n <= SL_SCAN_SHORT && n <= (size_t)(out->end - out->pos)) {
        if (sl_scan_copy(SL_SCAN_CSV, out->pos, p, n, delimiter)) {
            out->pos += n;
            return 0;
        }
        return put_quoted(out, p, n);
    }
    return needs_quotes(p, n, delimiter) ? put_quoted(out, p, n) : sl_out_bytes(out, p, n);
}

/* Most often the text for NULL is empty, and nothing has to be compared. */
static inline bool is_text_of_null(const struct sl_style *style, int null_len, const char *p,
                                   size_t n)
{
    return n == (size_t)null_len && (n == 0 || memcmp(p, style->null, n) == 0);
}

int sl_csv_value(struct sl_out *out, const struct sl_style *style, const char *p, size_t n)
{
    if (style->quote != SL_QUOTE_MINIMAL || is_text_of_null(style, (int)strlen(style->null), p, n))
        return put_quoted(out, p, n);
    return n > 0 ? put_plain(out, p, n, style->delimiter) : 0;
}

/* Are the pieces together the text for NULL? */
static bool are_text_of_null(const char *null, const struct sl_cell *pieces, int n)
{
    size_t left = strlen(null);

    for (int i = 0; i < n; i++) {
        size_t len = (size_t)pieces[i].len;

        if (len > left || memcmp(pieces[i].data, null, len) != 0)
            return false;
        null += len;
        left -= len;
    }
    return left == 0;
}

int sl_csv_pieces(struct sl_out *out, const struct sl_style *style, const struct sl_cell *pieces,
                  int n)
{
    bool quoted = style->quote != SL_QUOTE_MINIMAL || are_text_of_null(style->null, pieces, n);

    for (int i = 0; i < n && !quoted; i++)
        quoted = needs_quotes(pieces[i].data, (size_t)pieces[i].len, style->delimiter);
    if (quoted && sl_out_bytes(out, "\"", 1) < 0)
        return -1;
    for (int i = 0; i < n; i++)
        if (put_doubled(out, pieces[i].data, (size_t)pieces[i].len) < 0)
            return -1;
    return quoted ? sl_out_bytes(out, "\"", 1) : 0;
}

int sl_csv_null(struct sl_out *out, const struct sl_style *style)
{
    size_t n = strlen(style->null);

    return style->quote == SL_QUOTE_ALL ? put_quoted(out, style->null, n)
                                        : sl_out_bytes(out, style->null, n);
}

int sl_csv_next(struct sl_out *out, const struct sl_style *style)
{
    return sl_out_bytes(out, &style->delimiter, 1);
}

int sl_csv_end(struct sl_out *out, const struct sl_style *style)
{
    return style->crlf ? sl_out_bytes(out, "\r\n", 2) : sl_out_bytes(out, "\n", 1);
}

static INLINE int put_row(struct sl_out *out, const struct sl_style *style, char delimiter,
                          int null_len, const struct sl_cell *cells, int n)
{
    for (int i = 0; i < n; i++) {
        const struct sl_cell *cell = &cells[i];
        size_t len = (size_t)cell->len;
        int rc = 0;

        if (i > 0) {
            if (out->pos == out->end && out->more(out) < 0)
                return -1;
            *out->pos++ = delimiter;
        }
        if (cell->len < 0)
            rc = null_len > 0 ? sl_csv_null(out, style) : 0;
        else if (is_text_of_null(style, null_len, cell->data, len) ||
                 (n == 1 && is_end_marker(cell)))
            rc = put_quoted(out, cell->data, len);
        else if (len > 0)
            rc = put_plain(out, cell->data, len, delimiter);
        if (rc < 0)
            return -1;
    }
    return sl_csv_end(out, style);
}

static int put_row_quoted(struct sl_out *out, const struct sl_style *style,
                          const struct sl_cell *cells, int n)
{
    for (int i = 0; i < n; i++) {
        if (i > 0 && sl_csv_next(out, style) < 0)
            return -1;
        int rc = cells[i].len < 0 ? sl_csv_null(out, style)
                                  : put_quoted(out, cells[i].data, (size_t)cells[i].len);
        if (rc < 0)
            return -1;
    }
    return sl_csv_end(out, style);
}

int sl_csv_row(struct sl_out *out, const struct sl_style *style, const struct sl_cell *cells, int n)
{
    if (style->quote != SL_QUOTE_MINIMAL)
        return put_row_quoted(out, style, cells, n);
    if (style->delimiter == ',' && style->null[0] == '\0')
        return put_row(out, style, ',', 0, cells, n);
    return put_row(out, style, style->delimiter, (int)strlen(style->null), cells, n);
}

int sl_csv_header(struct sl_out *out, const struct sl_style *style, const struct sl_cell *names,
                  int n)
{
    struct sl_style of_names = *style;

    if (style->quote == SL_QUOTE_NONNULL)
        of_names.quote = SL_QUOTE_MINIMAL;
    return sl_csv_row(out, &of_names, names, n);
}
