#include "format/django.h"

#include <stdio.h>
#include <string.h>

#include "format/csv.h"

/* How a value was written. */
enum done { OUT_FAILED = -1, WRITTEN, NOT_HELD };

static enum done put(struct sl_out *out, const char *text, size_t n)
{
    return sl_csv_value(out, text, n) < 0 ? OUT_FAILED : WRITTEN;
}

static enum done put_bool(struct sl_out *out, const char *text, size_t n)
{
    if (n != 1 || (*text != 't' && *text != 'f'))
        return NOT_HELD;
    return *text == 't' ? put(out, "True", 4) : put(out, "False", 5);
}

/* Its digits may be thousands and are not copied: nothing in them needs quotes. */
static enum done put_decimal(struct sl_out *out, const char *text, size_t n)
{
    char tail[16];
    size_t first;
    int exponent;

    if (!sl_python_decimal(text, n, &first, &exponent))
        return put(out, text, n);
    int len = snprintf(tail, sizeof(tail), "E%d", exponent);
    if ((text[0] == '-' && sl_out_bytes(out, "-", 1) < 0) ||
        sl_out_bytes(out, text + first, 1) < 0 ||
        (first + 1 < n && (sl_out_bytes(out, ".", 1) < 0 ||
                           sl_out_bytes(out, text + first + 1, n - first - 1) < 0)) ||
        sl_out_bytes(out, tail, (size_t)len) < 0)
        return OUT_FAILED;
    return WRITTEN;
}

static enum done put_short(struct sl_out *out, int (*print)(const char *text, size_t n, char *to),
                           const char *text, size_t n)
{
    char value[SL_PYTHON_MAX];
    int len = print(text, n, value);

    return len < 0 ? NOT_HELD : put(out, value, (size_t)len);
}

static enum done put_cell(struct sl_out *out, enum sl_python kind, const char *text, size_t n)
{
    switch (kind) {
    case SL_PY_STR:
    case SL_PY_INT:
        return put(out, text, n);
    case SL_PY_BOOL:
        return put_bool(out, text, n);
    case SL_PY_DECIMAL:
        return put_decimal(out, text, n);
    case SL_PY_FLOAT:
        return put_short(out, sl_python_float, text, n);
    case SL_PY_DATE:
        return put_short(out, sl_python_date, text, n);
    case SL_PY_TIME:
        return put_short(out, sl_python_time, text, n);
    case SL_PY_DATETIME:
        return put_short(out, sl_python_datetime, text, n);
    case SL_PY_TIMEDELTA:
        return put_short(out, sl_python_timedelta, text, n);
    default:
        return NOT_HELD;
    }
}

/* csv.writer tells an empty row from a row of one empty column by quotes. */
static int end_row(struct sl_out *out, const struct sl_cell *cells, int n)
{
    bool lone = n == 1 && cells[0].len <= 0;

    return lone ? sl_out_bytes(out, "\"\"\r\n", 4) : sl_out_bytes(out, "\r\n", 2);
}

int sl_django_row(struct sl_out *out, const enum sl_python *kinds, const struct sl_cell *cells,
                  int n, int *bad)
{
    *bad = -1;
    for (int i = 0; i < n; i++) {
        const struct sl_cell *cell = &cells[i];
        enum done done = WRITTEN;

        if (i > 0 && sl_out_bytes(out, ",", 1) < 0)
            return -1;
        if (cell->len == 0 && kinds[i] != SL_PY_STR)
            done = NOT_HELD; /* no other type has an empty text */
        else if (cell->len > 0)
            done = put_cell(out, kinds[i], cell->data, (size_t)cell->len);
        if (done == NOT_HELD)
            *bad = i;
        if (done != WRITTEN)
            return -1;
    }
    return end_row(out, cells, n);
}

int sl_django_header(struct sl_out *out, const struct sl_cell *names, int n)
{
    for (int i = 0; i < n; i++)
        if ((i > 0 && sl_out_bytes(out, ",", 1) < 0) ||
            (names[i].len > 0 && sl_csv_value(out, names[i].data, (size_t)names[i].len) < 0))
            return -1;
    return end_row(out, names, n);
}
