#include "format/rows.h"

#include <stdlib.h>

#include "format/csv.h"
#include "format/django.h"
#include "format/jsonl.h"

struct sl_rows {
    struct sl_style style;
    int n;
    enum sl_python *kinds;  /* of the django dialect */
    struct sl_jsonl *jsonl; /* of the layout */
};

static int choose_kinds(struct sl_rows *rows, const struct sl_field *fields)
{
    for (int i = 0; i < rows->n; i++) {
        rows->kinds[i] = fields[i].text ? SL_PY_STR : sl_python_of(fields[i].type);
        if (rows->kinds[i] == SL_PY_NONE)
            return i;
    }
    return -1;
}

struct sl_rows *sl_rows_new(const struct sl_style *style, const struct sl_field *fields, int n,
                            int *bad)
{
    struct sl_rows *rows = calloc(1, sizeof(*rows));

    *bad = -1;
    if (rows == NULL)
        return NULL;
    rows->style = *style;
    rows->n = n;
    if (style->layout == SL_JSONL) {
        rows->jsonl = sl_jsonl_new(fields, n);
        if (rows->jsonl != NULL)
            return rows;
        sl_rows_free(rows);
        return NULL;
    }
    if (style->dialect != SL_DIALECT_DJANGO)
        return rows;
    rows->kinds = calloc((size_t)n + 1, sizeof(*rows->kinds)); /* never calloc(0) */
    if (rows->kinds != NULL && (*bad = choose_kinds(rows, fields)) < 0)
        return rows;
    sl_rows_free(rows);
    return NULL;
}

void sl_rows_free(struct sl_rows *rows)
{
    if (rows == NULL)
        return;
    free(rows->kinds);
    sl_jsonl_free(rows->jsonl);
    free(rows);
}

int sl_rows_begin(const struct sl_rows *rows, struct sl_out *out)
{
    return rows->style.bom ? sl_out_bytes(out, "\xEF\xBB\xBF", 3) : 0;
}

int sl_rows_header(const struct sl_rows *rows, struct sl_out *out, const struct sl_cell *names)
{
    return rows->style.dialect == SL_DIALECT_DJANGO ? sl_django_header(out, names, rows->n)
                                                    : sl_csv_row(out, names, rows->n);
}

int sl_rows_row(const struct sl_rows *rows, struct sl_out *out, const struct sl_cell *cells,
                int *bad)
{
    *bad = -1;
    if (rows->jsonl != NULL)
        return sl_jsonl_row(rows->jsonl, out, cells);
    return rows->kinds != NULL ? sl_django_row(out, rows->kinds, cells, rows->n, bad)
                               : sl_csv_row(out, cells, rows->n);
}

const char *sl_rows_limits(const struct sl_rows *rows, int column)
{
    return sl_python_limits(rows->kinds[column]);
}
