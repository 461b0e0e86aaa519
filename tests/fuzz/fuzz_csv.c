/*
 * CSV in any style, also the excel dialect: what was written is read by a parser of this file's own
 * and must be the values again, NULL told from text, without reading or writing past an end.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "format/csv.h"
#include "format/excel.h"

#define MAX_CELLS 8
#define CUT 0x1F /* between values of the input */
#define NIL 0x1E /* a value that begins with it is NULL */
#define HEAD 6   /* bytes of the input that choose the style */
#define NULLS 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Windows of the heap, so that a sanitizer sees every byte beyond; all that was written in `got`.
 */
struct place {
    struct sl_out out;
    char *window;
    size_t size;
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

    place->got = realloc(place->got, place->n + n + 1);
    require(place->got != NULL);
    memcpy(place->got + place->n, place->window, n);
    place->n += n;
}

static int more(struct sl_out *out)
{
    struct place *place = (struct place *)out;

    collect(place);
    out->pos = place->window;
    out->end = place->window + place->size;
    return 0;
}

static struct sl_style style_of(const uint8_t *head)
{
    static const char *const nulls[NULLS] = {"", "NULL", "\\N", "'-"};
    struct sl_style style;

    sl_style_init(&style, SL_CSV, head[0] & 1 ? SL_DIALECT_EXCEL : SL_DIALECT_POSTGRES);
    style.quote = (enum sl_quote)(head[1] % 3);
    style.crlf = head[2] & 1;
    style.decimal = head[2] & 2 ? ',' : '.';
    snprintf(style.null, sizeof(style.null), "%s", nulls[head[3] % NULLS]);
    style.delimiter = (char)head[4];
    if (head[4] == '\0' || head[4] > '~' || strchr("\"\r\n", head[4]) != NULL ||
        strchr(style.null, head[4]) != NULL)
        style.delimiter = ';';
    return style;
}

/* What a value is in the file; `to` has room for one byte more than it. */
static size_t wanted_of(const struct sl_style *style, enum sl_excel kind,
                        const struct sl_cell *cell, char *to)
{
    size_t n = (size_t)cell->len;
    bool excel = style->dialect == SL_DIALECT_EXCEL;
    bool formula = excel && kind == SL_XL_TEXT && sl_excel_formula(cell->data, n);

    if (formula)
        *to++ = '\'';
    memcpy(to, cell->data, n);
    char *point = excel && kind == SL_XL_NUMBER ? memchr(to, '.', n) : NULL;
    if (point != NULL)
        *point = style->decimal;
    return n + formula;
}

/* Reads a value at p, takes its quotes away and holds it against what it must be. */
static const char *read_value(const struct sl_style *style, const char *p, const char *end,
                              const struct sl_cell *cell, const char *wanted, size_t n)
{
    char *text = malloc((size_t)(end - p) + 1);
    bool quoted = p < end && *p == '"';
    size_t len = 0;

    require(text != NULL);
    for (p += quoted; p < end; p++) {
        if (quoted && *p == '"' && *++p != '"')
            break;
        if (!quoted && (*p == style->delimiter || *p == '\r' || *p == '\n'))
            break;
        require(quoted || *p != '"');
        text[len++] = *p;
    }
    bool is_null = len == strlen(style->null) && memcmp(text, style->null, len) == 0;
    if (cell->len < 0)
        require(is_null && quoted == (style->quote == SL_QUOTE_ALL));
    else
        require(len == n && memcmp(text, wanted, n) == 0 && (quoted || !is_null));
    free(text);
    return p;
}

static void check_row(struct place *place, const struct sl_style *style, const enum sl_excel *kinds,
                      const struct sl_cell *cells, int n)
{
    const char *p = place->got;
    const char *end = p + place->n;

    for (int i = 0; i < n; i++) {
        char *wanted = malloc((size_t)(cells[i].len < 0 ? 0 : cells[i].len) + 1);
        size_t len;

        require(wanted != NULL);
        len = cells[i].len < 0 ? 0 : wanted_of(style, kinds[i], &cells[i], wanted);
        p = read_value(style, p, end, &cells[i], wanted, len);
        free(wanted);
        if (i + 1 < n)
            require(p < end && *p++ == style->delimiter);
    }
    require((size_t)(end - p) == 1 + (size_t)style->crlf && end[-1] == '\n');
}

/* Values of blocks of their own. */
static int cut(const uint8_t *data, size_t size, char **blocks, struct sl_cell *cells)
{
    int n = 0;

    for (const uint8_t *p = data, *end = data + size; n < MAX_CELLS; n++) {
        const uint8_t *stop = memchr(p, CUT, (size_t)(end - p));
        size_t len = (size_t)((stop == NULL ? end : stop) - p);

        blocks[n] = malloc(len + (len == 0));
        require(blocks[n] != NULL);
        memcpy(blocks[n], p, len);
        cells[n] = (struct sl_cell){blocks[n], len > 0 && *p == NIL ? -1 : (int)len};
        if (stop == NULL)
            return n + 1;
        p = stop + 1;
    }
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum sl_excel kinds[MAX_CELLS];
    struct sl_cell cells[MAX_CELLS];
    char *blocks[MAX_CELLS];
    struct place place = {.out = {.more = more}};

    if (size < HEAD)
        return 0;
    struct sl_style style = style_of(data);
    int n = cut(data + HEAD, size - HEAD, blocks, cells);
    for (int i = 0; i < n; i++)
        kinds[i] = (enum sl_excel)((data[0] / 2 + i) % 3);
    place.size = 1 + data[5] % 64;
    place.window = malloc(place.size);
    require(place.window != NULL);
    int rc = style.dialect == SL_DIALECT_EXCEL ? sl_excel_row(&place.out, &style, kinds, cells, n)
                                               : sl_csv_row(&place.out, &style, cells, n);
    require(rc == 0);
    collect(&place);
    check_row(&place, &style, kinds, cells, n);
    for (int i = 0; i < n; i++)
        free(blocks[i]);
    free(place.window);
    free(place.got);
    return 0;
}
