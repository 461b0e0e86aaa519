/*
 * TSV: what was written has no tab and no line end inside a value, and is the value again when its
 * escapes are read back.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "format/tsv.h"

#define WINDOW 24

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One window of the heap that is large enough, or a small one after another. */
struct place {
    struct sl_out out;
    char *window;
    char *got;
    size_t n;
};

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void collect(struct place *place)
{
    size_t n = place->out.pos == NULL ? 0 : (size_t)(place->out.pos - place->window);

    memcpy(place->got + place->n, place->window, n);
    place->n += n;
}

static int more(struct sl_out *out)
{
    struct place *place = (struct place *)out;

    collect(place);
    out->pos = place->window;
    out->end = place->window + WINDOW;
    return 0;
}

static char unescape(char c)
{
    static const char letters[] = "btnvfr\\";
    static const char bytes[] = "\b\t\n\v\f\r\\";
    const char *found = memchr(letters, c, sizeof letters - 1);

    require(found != NULL);
    return bytes[found - letters];
}

/* Reads a value and holds it against what was written. */
static const char *check_value(const char *p, const char *end, const struct sl_cell *cell)
{
    for (int i = 0; i < cell->len; i++) {
        require(p < end && *p != '\t' && *p != '\n' && *p != '\r');
        char c = *p++;
        if (c == '\\') {
            require(p < end);
            c = unescape(*p++);
        }
        require(c == cell->data[i]);
    }
    return p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct place place = {.out = {.more = more}};
    struct sl_style style;

    if (size == 0)
        return 0;
    sl_style_init(&style, SL_TSV, SL_DIALECT_POSTGRES);
    /* The first byte chooses where the rest is cut in two: values of their own blocks. */
    size_t cut = data[0] < size - 1 ? data[0] : size - 1;
    char *head = malloc(cut + 1);
    char *tail = malloc(size - cut);
    place.window = malloc(WINDOW);
    place.got = malloc(4 * size + 16);
    require(head != NULL && tail != NULL && place.window != NULL && place.got != NULL);
    memcpy(head, data + 1, cut);
    memcpy(tail, data + 1 + cut, size - 1 - cut);
    const struct sl_cell cells[] = {{head, (int)cut}, {NULL, -1}, {tail, (int)(size - 1 - cut)}};
    require(sl_tsv_row(&place.out, &style, cells, 3) == 0);
    collect(&place);

    const char *end = place.got + place.n;
    const char *p = check_value(place.got, end, &cells[0]);
    require(end - p >= 4 && memcmp(p, "\t\\N\t", 4) == 0);
    p = check_value(p + 4, end, &cells[2]);
    require(end - p == 1 && *p == '\n');
    free(head);
    free(tail);
    free(place.window);
    free(place.got);
    return 0;
}
