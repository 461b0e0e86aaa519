/*
 * The django dialect: bytes of any kind as values of every type must be refused or
 * written, without reading or writing past an end.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "format/django.h"

#define COLUMNS (SL_PY_TIMEDELTA + 1)
#define WINDOW 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Sized blocks of the heap, so that a sanitizer sees every byte beyond. */
static char window[WINDOW];

static int more(struct sl_out *out)
{
    out->pos = window;
    out->end = window + WINDOW;
    return 0;
}

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_prints(const char *text, size_t n)
{
    static int (*const prints[])(const char *text, size_t n, char *to) = {
        sl_python_float, sl_python_date, sl_python_time, sl_python_datetime, sl_python_timedelta};
    size_t first;
    int exponent;

    for (size_t i = 0; i < sizeof(prints) / sizeof(prints[0]); i++) {
        char *to = malloc(SL_PYTHON_MAX);

        require(to != NULL);
        int len = prints[i](text, n, to);
        require(len == -1 || (len > 0 && len < SL_PYTHON_MAX));
        for (int k = 0; k < len; k++)
            require(to[k] >= ' ' && to[k] <= '~');
        free(to);
    }
    if (sl_python_decimal(text, n, &first, &exponent))
        require(first < n && exponent < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum sl_python kinds[COLUMNS];
    struct sl_cell cells[COLUMNS];
    struct sl_out out = {.more = more};
    struct sl_style style;
    int n = 0;
    int bad;

    sl_style_init(&style, SL_CSV, SL_DIALECT_DJANGO);
    if (size == 0)
        return 0;
    /* The first byte chooses where the rest is cut in two: values of their own blocks. */
    size_t cut = data[0] < size - 1 ? data[0] : size - 1;
    char *head = malloc(cut + 1);
    char *tail = malloc(size - cut);
    require(head != NULL && tail != NULL);
    memcpy(head, data + 1, cut);
    memcpy(tail, data + 1 + cut, size - 1 - cut);
    check_prints(head, cut);
    for (int kind = SL_PY_STR; kind <= SL_PY_TIMEDELTA; kind++) {
        kinds[n] = (enum sl_python)kind;
        cells[n] = kind % 2 == 0 ? (struct sl_cell){head, (int)cut}
                                 : (struct sl_cell){tail, (int)(size - 1 - cut)};
        if (sl_django_row(&out, &style, &kinds[n], &cells[n], 1, &bad) != 0)
            require(bad == 0);
        n++;
    }
    if (sl_django_row(&out, &style, kinds, cells, n, &bad) != 0)
        require(bad >= 0 && bad < n);
    require(sl_django_header(&out, &style, cells, n) == 0);
    free(head);
    free(tail);
    return 0;
}
