#include "format/excel.h"

#include <string.h>

#include "format/csv.h"

/* OIDs are fixed by PostgreSQL's catalogue. */
static const struct {
    unsigned oid;
    enum sl_excel kind;
} types[] = {
    {16, SL_XL_SAFE},     /* bool */
    {20, SL_XL_SAFE},     /* int8 */
    {21, SL_XL_SAFE},     /* int2 */
    {23, SL_XL_SAFE},     /* int4 */
    {26, SL_XL_SAFE},     /* oid */
    {700, SL_XL_NUMBER},  /* float4 */
    {701, SL_XL_NUMBER},  /* float8 */
    {790, SL_XL_SAFE},    /* money */
    {1082, SL_XL_SAFE},   /* date */
    {1083, SL_XL_SAFE},   /* time */
    {1114, SL_XL_SAFE},   /* timestamp */
    {1184, SL_XL_SAFE},   /* timestamptz */
    {1186, SL_XL_SAFE},   /* interval */
    {1266, SL_XL_SAFE},   /* timetz */
    {1700, SL_XL_NUMBER}, /* numeric */
    {2950, SL_XL_SAFE},   /* uuid */
};

enum sl_excel sl_excel_of(unsigned type)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (types[i].oid == type)
            return types[i].kind;
    return SL_XL_TEXT;
}

/* A sign and digits with at most one point or comma among them. */
static bool is_plain_number(const char *text, size_t n)
{
    bool digits = false;
    bool point = false;

    if (n < 2 || (text[0] != '-' && text[0] != '+'))
        return false;
    for (size_t i = 1; i < n; i++) {
        if (text[i] >= '0' && text[i] <= '9')
            digits = true;
        else if ((text[i] == '.' || text[i] == ',') && digits && !point)
            point = true;
        else
            return false;
    }
    return digits;
}

/* The full-width = + - @: U+FF1D, U+FF0B, U+FF0D and U+FF20, in UTF-8. */
static bool is_full_width(const char *text, size_t n)
{
    static const char lasts[] = {'\x9D', '\x8B', '\x8D', '\xA0'};

    return n >= 3 && memcmp(text, "\xEF\xBC", 2) == 0 &&
           memchr(lasts, text[2], sizeof(lasts)) != NULL;
}

bool sl_excel_formula(const char *text, size_t n)
{
    static const char firsts[] = {'=', '+', '-', '@', '\t', '\n', '\r'};

    while (n >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        text += 3;
        n -= 3;
    }
    if (n == 0)
        return false;
    if (memchr(firsts, text[0], sizeof(firsts)) != NULL)
        return !is_plain_number(text, n);
    return is_full_width(text, n);
}

static int put_text(struct sl_out *out, const struct sl_style *style, const struct sl_cell *cell)
{
    if (!sl_excel_formula(cell->data, (size_t)cell->len))
        return sl_csv_value(out, style, cell->data, (size_t)cell->len);
    return sl_csv_pieces(out, style, (const struct sl_cell[]){{"'", 1}, *cell}, 2);
}

static int put_number(struct sl_out *out, const struct sl_style *style, const struct sl_cell *cell)
{
    const char *text = cell->data;
    const char *point = style->decimal == '.' ? NULL : memchr(text, '.', (size_t)cell->len);

    if (point == NULL)
        return sl_csv_value(out, style, text, (size_t)cell->len);
    const struct sl_cell pieces[] = {
        {text, (int)(point - text)},
        {&style->decimal, 1},
        {point + 1, (int)(text + cell->len - point - 1)},
    };
    return sl_csv_pieces(out, style, pieces, 3);
}

static int put_cell(struct sl_out *out, const struct sl_style *style, enum sl_excel kind,
                    const struct sl_cell *cell)
{
    if (cell->len < 0)
        return sl_csv_null(out, style);
    switch (kind) {
    case SL_XL_TEXT:
        return put_text(out, style, cell);
    case SL_XL_NUMBER:
        return put_number(out, style, cell);
    default:
        return sl_csv_value(out, style, cell->data, (size_t)cell->len);
    }
}

int sl_excel_row(struct sl_out *out, const struct sl_style *style, const enum sl_excel *kinds,
                 const struct sl_cell *cells, int n)
{
    for (int i = 0; i < n; i++)
        if ((i > 0 && sl_csv_next(out, style) < 0) || put_cell(out, style, kinds[i], &cells[i]) < 0)
            return -1;
    return sl_csv_end(out, style);
}

int sl_excel_header(struct sl_out *out, const struct sl_style *style, const struct sl_cell *names,
                    int n)
{
    struct sl_style of_names = *style;

    if (style->quote == SL_QUOTE_NONNULL)
        of_names.quote = SL_QUOTE_MINIMAL;
    for (int i = 0; i < n; i++)
        if ((i > 0 && sl_csv_next(out, style) < 0) || put_text(out, &of_names, &names[i]) < 0)
            return -1;
    return sl_csv_end(out, style);
}
