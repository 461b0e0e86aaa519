#include "format/django.h"

#include <stdio.h>
#include <string.h>

#include "format/csv.h"

/* How a value was written. */
enum done { OUT_FAILED = -1, WRITTEN, NOT_HELD };

/* Where a value goes. */
struct place {
    struct sl_out *out;
    const struct sl_style *style;
};

static enum done put(const struct place *place, const char *text, size_t n)
{
    return sl_csv_value(place->out, place->style, text, n) < 0 ? OUT_FAILED : WRITTEN;
}

static enum done put_bool(const struct place *place, const char *text, size_t n)
{
    if (n != 1 || (*text != 't' && *text != 'f'))
        return NOT_HELD;
    return *text == 't' ? put(place, "True", 4) : put(place, "False", 5);
}

/* Its digits may be thousands and are not copied. */
static enum done put_decimal(const struct place *place, const char *text, size_t n)
{
    char tail[16];
    size_t first;
    int exponent;

    if (!sl_python_decimal(text, n, &first, &exponent))
        return put(place, text, n);
    int len = snprintf(tail, sizeof(tail), "E%d", exponent);
    const struct sl_cell pieces[] = {
        {"-", text[0] == '-'}, {text + first, 1},
        {".", first + 1 < n},  {text + first + 1, (int)(n - first - 1)},
        {tail, len},
    };
    return sl_csv_pieces(place->out, place->style, pieces, 5) < 0 ? OUT_FAILED : WRITTEN;
}

static enum done put_short(const struct place *place,
                           int (*print)(const char *text, size_t n, char *to), const char *text,
                           size_t n)
{
    char value[SL_PYTHON_MAX];
    int len = print(text, n, value);

    return len < 0 ? NOT_HELD : put(place, value, (size_t)len);
}

static enum done put_cell(const struct place *place, enum sl_python kind, const char *text,
                          size_t n)
{
    switch (kind) {
    case SL_PY_STR:
    case SL_PY_INT:
        return put(place, text, n);
    case SL_PY_BOOL:
        return put_bool(place, text, n);
    case SL_PY_DECIMAL:
        return put_decimal(place, text, n);
    case SL_PY_FLOAT:
        return put_short(place, sl_python_float, text, n);
    case SL_PY_DATE:
        return put_short(place, sl_python_date, text, n);
    case SL_PY_TIME:
        return put_short(place, sl_python_time, text, n);
    case SL_PY_DATETIME:
        return put_short(place, sl_python_datetime, text, n);
    case SL_PY_TIMEDELTA:
        return put_short(place, sl_python_timedelta, text, n);
    default:
        return NOT_HELD;
    }
}

/* None and the empty text: nothing, unless all is quoted. */
static int put_empty(const struct place *place)
{
    return place->style->quote == SL_QUOTE_ALL ? sl_out_bytes(place->out, "\"\"", 2) : 0;
}

/* csv.writer tells an empty row from a row of one empty column by quotes. */
static int end_row(const struct place *place, const struct sl_cell *cells, int n)
{
    bool lone = n == 1 && cells[0].len <= 0 && place->style->quote != SL_QUOTE_ALL;

    if (lone && sl_out_bytes(place->out, "\"\"", 2) < 0)
        return -1;
    return sl_csv_end(place->out, place->style);
}

int sl_django_row(struct sl_out *out, const struct sl_style *style, const enum sl_python *kinds,
                  const struct sl_cell *cells, int n, int *bad)
{
    const struct place place = {out, style};

    *bad = -1;
    for (int i = 0; i < n; i++) {
        const struct sl_cell *cell = &cells[i];
        enum done done;

        if (i > 0 && sl_csv_next(out, style) < 0)
            return -1;
        if (cell->len > 0)
            done = put_cell(&place, kinds[i], cell->data, (size_t)cell->len);
        else if (cell->len == 0 && kinds[i] != SL_PY_STR)
            done = NOT_HELD; /* no other type has an empty text */
        else
            done = put_empty(&place) < 0 ? OUT_FAILED : WRITTEN;
        if (done == NOT_HELD)
            *bad = i;
        if (done != WRITTEN)
            return -1;
    }
    return end_row(&place, cells, n);
}

int sl_django_header(struct sl_out *out, const struct sl_style *style, const struct sl_cell *names,
                     int n)
{
    const struct place place = {out, style};

    for (int i = 0; i < n; i++) {
        if (i > 0 && sl_csv_next(out, style) < 0)
            return -1;
        int rc = names[i].len > 0 ? sl_csv_value(out, style, names[i].data, (size_t)names[i].len)
                                  : put_empty(&place);
        if (rc < 0)
            return -1;
    }
    return end_row(&place, names, n);
}
