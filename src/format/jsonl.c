#include "format/jsonl.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "format/jsontext.h"

/* What a value is in JSON (json_categorize_type() of PostgreSQL). */
enum kind { STRING, NUMBER, TRUTH, STAMP, STAMP_ZONE, JSON };

struct column {
    enum kind kind;
    const char *key; /* with what stands before and behind it: `,"id":` */
    size_t key_len;
};

struct sl_jsonl {
    int n;
    char *keys;
    struct column columns[];
};

/* OIDs are fixed by PostgreSQL's catalogue (pg_type.dat). */
static enum kind kind_of(unsigned type)
{
    switch (type) {
    case 16: /* bool */
        return TRUTH;
    case 20:   /* int8 */
    case 21:   /* int2 */
    case 23:   /* int4 */
    case 700:  /* float4 */
    case 701:  /* float8 */
    case 1700: /* numeric */
        return NUMBER;
    case 1114:
        return STAMP;
    case 1184:
        return STAMP_ZONE;
    case 114:  /* json */
    case 3802: /* jsonb */
        return JSON;
    default:
        return STRING;
    }
}

#define KEY_MARKS 4 /* before and behind: `,"":` */

/* The memory holds all keys at their longest: nobody is asked for more. */
static int no_more(struct sl_out *out)
{
    (void)out;
    return -1;
}

static int write_keys(struct sl_jsonl *jsonl, const struct sl_field *fields, size_t room)
{
    struct sl_out out = {jsonl->keys, jsonl->keys + room, no_more};

    for (int i = 0; i < jsonl->n; i++) {
        const struct sl_cell *name = &fields[i].name;

        jsonl->columns[i].key = out.pos;
        if (sl_out_bytes(&out, i == 0 ? "{" : ",", 1) < 0 ||
            sl_jsontext_string(&out, name->data, (size_t)name->len) < 0 ||
            sl_out_bytes(&out, ":", 1) < 0)
            return -1;
        jsonl->columns[i].key_len = (size_t)(out.pos - jsonl->columns[i].key);
    }
    return 0;
}

struct sl_jsonl *sl_jsonl_new(const struct sl_field *fields, int n)
{
    struct sl_jsonl *jsonl = calloc(1, sizeof(*jsonl) + (size_t)n * sizeof(jsonl->columns[0]));
    size_t room = 1; /* never malloc(0) */

    if (jsonl == NULL)
        return NULL;
    jsonl->n = n;
    for (int i = 0; i < n; i++) {
        jsonl->columns[i].kind = kind_of(fields[i].type);
        room += (size_t)fields[i].name.len * SL_JSONTEXT_ESCAPED + KEY_MARKS;
    }
    jsonl->keys = malloc(room);
    if (jsonl->keys != NULL && write_keys(jsonl, fields, room) == 0)
        return jsonl;
    sl_jsonl_free(jsonl);
    return NULL;
}

void sl_jsonl_free(struct sl_jsonl *jsonl)
{
    if (jsonl == NULL)
        return;
    free(jsonl->keys);
    free(jsonl);
}

/* As sl_out_bytes(), in line: most pieces are a few bytes and fit. */
static inline int put(struct sl_out *out, const char *bytes, size_t n)
{
    if (n > (size_t)(out->end - out->pos))
        return sl_out_bytes(out, bytes, n);
    memcpy(out->pos, bytes, n);
    out->pos += n;
    return 0;
}

static bool is_digit(const char *p, const char *end)
{
    return p < end && *p >= '0' && *p <= '9';
}

/* NaN and the infinities are no numbers in JSON. */
static int put_number(struct sl_out *out, const char *text, size_t n)
{
    const char *digits = n > 0 && *text == '-' ? text + 1 : text;

    return is_digit(digits, text + n) ? put(out, text, n) : sl_jsontext_string(out, text, n);
}

/* The place behind the zone's hours where its minutes are missing; NULL: they are there. */
static const char *missing_minutes(const char *time, const char *end)
{
    const char *p = time;

    while (p < end && *p != '+' && *p != '-')
        p++;
    if (p < end)
        p++;
    while (is_digit(p, end))
        p++;
    return p < end && *p == ':' ? NULL : p;
}

/*
 * "2026-01-31 10:00:00+00 BC" as to_json() gives it, with a T and the minutes of the
 * zone: "2026-01-31T10:00:00+00:00 BC".  The infinities have no time.
 */
static int put_stamp(struct sl_out *out, const char *text, size_t n, bool zone)
{
    const char *end = text + n;
    const char *space = memchr(text, ' ', n);

    if (space == NULL)
        return sl_jsontext_string(out, text, n);
    const char *rest = space + 1;
    if (put(out, "\"", 1) < 0 || put(out, text, (size_t)(space - text)) < 0 || put(out, "T", 1) < 0)
        return -1;
    const char *gap = zone ? missing_minutes(rest, end) : NULL;
    if (gap != NULL) {
        if (put(out, rest, (size_t)(gap - rest)) < 0 || put(out, ":00", 3) < 0)
            return -1;
        rest = gap;
    }
    return put(out, rest, (size_t)(end - rest)) < 0 ? -1 : put(out, "\"", 1);
}

static int put_value(struct sl_out *out, enum kind kind, const char *text, size_t n)
{
    switch (kind) {
    case NUMBER:
        return put_number(out, text, n);
    case TRUTH:
        return n == 1 && *text == 't' ? put(out, "true", 4) : put(out, "false", 5);
    case STAMP:
    case STAMP_ZONE:
        return put_stamp(out, text, n, kind == STAMP_ZONE);
    case JSON:
        return sl_jsontext_compact(out, text, n);
    default:
        return sl_jsontext_string(out, text, n);
    }
}

int sl_jsonl_row(const struct sl_jsonl *jsonl, struct sl_out *out, const struct sl_cell *cells)
{
    for (int i = 0; i < jsonl->n; i++) {
        const struct column *column = &jsonl->columns[i];
        const struct sl_cell *cell = &cells[i];

        if (put(out, column->key, column->key_len) < 0)
            return -1;
        int rc = cell->len < 0 ? put(out, "null", 4)
                               : put_value(out, column->kind, cell->data, (size_t)cell->len);
        if (rc < 0)
            return -1;
    }
    return jsonl->n == 0 ? put(out, "{}\n", 3) : put(out, "}\n", 2);
}
