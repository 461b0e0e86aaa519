/*
 * JSON Lines: any bytes as values of every type are written without reading or writing
 * past an end; a text comes back from another parser, and JSON without its white space
 * is the same JSON.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/units.h"
#include "format/jsonl.h"
#include "format/jsontext.h"

#define WINDOW 32
#define KINDS 6

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char window[WINDOW];

/* All that was written. */
struct text {
    struct sl_out out;
    char *base;
    size_t n;
    size_t room;
    char *bytes;
};

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void collect(struct text *text)
{
    size_t n = text->base == NULL ? 0 : (size_t)(text->out.pos - text->base);

    require(text->n + n <= text->room);
    if (n > 0)
        memcpy(text->bytes + text->n, text->base, n);
    text->n += n;
    text->base = NULL;
}

static int more(struct sl_out *out)
{
    struct text *text = (struct text *)out;

    collect(text);
    text->base = out->pos = window;
    out->end = window + WINDOW;
    return 0;
}

static void begin(struct text *text, size_t room)
{
    *text = (struct text){.out = {.more = more}, .room = room, .bytes = malloc(room)};
    require(text->bytes != NULL);
}

static json_t *parse(const char *bytes, size_t n)
{
    return json_loadb(bytes, n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
}

static void check_string(const char *value, size_t n)
{
    struct text text;

    begin(&text, n * SL_JSONTEXT_ESCAPED + 2);
    require(sl_jsontext_string(&text.out, value, n) == 0);
    collect(&text);
    if (sl_utf8_valid(value, n)) {
        json_t *back = parse(text.bytes, text.n);
        require(json_is_string(back) && json_string_length(back) == n &&
                memcmp(json_string_value(back), value, n) == 0);
        json_decref(back);
    }
    free(text.bytes);
}

static void check_compact(const char *value, size_t n)
{
    struct text text;
    json_t *whole = parse(value, n);

    begin(&text, n + 1);
    require(sl_jsontext_compact(&text.out, value, n) == 0);
    collect(&text);
    if (whole != NULL) {
        json_t *back = parse(text.bytes, text.n);
        require(back != NULL && json_equal(whole, back) == 1);
        require(memchr(text.bytes, '\n', text.n) == NULL);
        json_decref(back);
    }
    json_decref(whole);
    free(text.bytes);
}

static void check_row(const char *value, size_t n)
{
    static const unsigned types[KINDS] = {16, 1700, 25, 1114, 1184, 3802};
    struct sl_field fields[KINDS];
    struct sl_cell cells[KINDS];
    struct text text;

    for (int i = 0; i < KINDS; i++) {
        cells[i] = (struct sl_cell){value, i == 2 && n % 2 == 0 ? -1 : (int)n};
        fields[i] = (struct sl_field){{value, (int)n}, types[i], false};
    }
    struct sl_jsonl *jsonl = sl_jsonl_new(fields, KINDS);
    require(jsonl != NULL);
    begin(&text, KINDS * (2 * n * SL_JSONTEXT_ESCAPED + 20));
    require(sl_jsonl_row(jsonl, &text.out, cells) == 0);
    collect(&text);
    require(text.n > 2 && memcmp(text.bytes + text.n - 2, "}\n", 2) == 0);
    free(text.bytes);
    sl_jsonl_free(jsonl);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* A block of its own, so that a sanitizer sees every byte beyond. */
    char *value = malloc(size > 0 ? size : 1);

    require(value != NULL);
    if (size > 0)
        memcpy(value, data, size);
    check_string(value, size);
    check_compact(value, size);
    check_row(value, size);
    free(value);
    return 0;
}
