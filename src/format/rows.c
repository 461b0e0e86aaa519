#include "format/rows.h"

#include <stdlib.h>

#include "format/csv.h"
#include "format/django.h"
#include "format/excel.h"
#include "format/jsonl.h"
#include "format/tsv.h"

struct sl_rows {
    struct sl_style style;
    int n;
    enum sl_python *kinds;  /* of the django dialect */
    struct sl_jsonl *jsonl; /* of the layout */
    enum sl_excel *columns; /* of the excel dialect */
};

/* -1 for no memory, also with *bad for a column whose type Python has no value for. */
static int choose_kinds(struct sl_rows *rows, const struct sl_field *fields, int *bad)
{
    rows->kinds = calloc((size_t)rows->n + 1, sizeof(*rows->kinds)); /* never calloc(0) */
    if (rows->kinds == NULL)
        return -1;
    for (int i = 0; i < rows->n; i++) {
        rows->kinds[i] = fields[i].text ? SL_PY_STR : sl_python_of(fields[i].type);
        if (rows->kinds[i] == SL_PY_NONE) {
            *bad = i;
            return -1;
        }
    }
    return 0;
}

static int choose_columns(struct sl_rows *rows, const struct sl_field *fields)
{
    rows->columns = calloc((size_t)rows->n + 1, sizeof(*rows->columns)); /* never calloc(0) */
    if (rows->columns == NULL)
        return -1;
    for (int i = 0; i < rows->n; i++)
        rows->columns[i] = sl_excel_of(fields[i].type);
    return 0;
}

struct sl_rows *sl_rows_new(const struct sl_style *style, const struct sl_field *fields, int n,
                            int *bad)
{
    struct sl_rows *rows = calloc(1, sizeof(*rows));
    int rc = 0;

    *bad = -1;
    if (rows == NULL)
        return NULL;
    rows->style = *style;
    rows->n = n;
    if (style->layout == SL_JSONL)
        rc = (rows->jsonl = sl_jsonl_new(fields, n)) == NULL ? -1 : 0;
    else if (style->dialect == SL_DIALECT_DJANGO)
        rc = choose_kinds(rows, fields, bad);
    else if (style->dialect == SL_DIALECT_EXCEL)
        rc = choose_columns(rows, fields);
    if (rc == 0)
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
    free(rows->columns);
    free(rows);
}

int sl_rows_begin(const struct sl_rows *rows, struct sl_out *out)
{
    return rows->style.bom ? sl_out_bytes(out, "\xEF\xBB\xBF", 3) : 0;
}

int sl_rows_header(const struct sl_rows *rows, struct sl_out *out, const struct sl_cell *names)
{
    const struct sl_style *style = &rows->style;

    if (style->layout == SL_TSV)
        return sl_tsv_row(out, style, names, rows->n);
    switch (style->dialect) {
    case SL_DIALECT_DJANGO:
        return sl_django_header(out, style, names, rows->n);
    case SL_DIALECT_EXCEL:
        return sl_excel_header(out, style, names, rows->n);
    default:
        return sl_csv_header(out, style, names, rows->n);
    }
}

int sl_rows_row(const struct sl_rows *rows, struct sl_out *out, const struct sl_cell *cells,
                int *bad)
{
    const struct sl_style *style = &rows->style;

    *bad = -1;
    if (rows->jsonl != NULL)
        return sl_jsonl_row(rows->jsonl, out, cells);
    if (style->layout == SL_TSV)
        return sl_tsv_row(out, style, cells, rows->n);
    switch (style->dialect) {
    case SL_DIALECT_DJANGO:
        return sl_django_row(out, style, rows->kinds, cells, rows->n, bad);
    case SL_DIALECT_EXCEL:
        return sl_excel_row(out, style, rows->columns, cells, rows->n);
    default:
        return sl_csv_row(out, style, cells, rows->n);
    }
}

const char *sl_rows_limits(const struct sl_rows *rows, int column)
{
    return sl_python_limits(rows->kinds[column]);
}
