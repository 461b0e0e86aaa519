#include "catalog/header.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/units.h"
#include "catalog/checks.h"
#include "catalog/param.h"

#define MAX_ROLE 63     /* as PostgreSQL's identifiers */
#define MAX_PARALLEL 64 /* more connections than any server gives to one export */

struct key;

struct header {
    struct sl_export *export;
    struct sl_header_place *place;
    struct sl_error *err;
};

/* One key: where its value lands, and how it is read. */
struct key {
    const char *name;
    int (*read)(struct header *header, const struct key *key, const char *value);
    size_t offset;
};

static int read_text(struct header *header, const struct key *key, const char *value)
{
    char **text = (char **)((char *)header->export + key->offset);
    char *copy = strdup(value);

    if (copy == NULL)
        return sl_error_nomem(header->err);
    free(*text);
    *text = copy;
    return 0;
}

static int read_filename(struct header *header, const struct key *key, const char *value)
{
    const char *problem = sl_filename_problem(value);

    if (problem != NULL)
        return sl_error_set(header->err, SL_CONFIG, "the file name %s", problem);
    return read_text(header, key, value);
}

static int read_timezone(struct header *header, const struct key *key, const char *value)
{
    if (!sl_timezone_plausible(value))
        return sl_error_set(header->err, SL_CONFIG,
                            "\"%s\" is no time zone; write one such as Europe/Berlin or UTC",
                            value);
    return read_text(header, key, value);
}

static int read_role(struct header *header, const struct key *key, const char *value)
{
    if (strlen(value) > MAX_ROLE)
        return sl_error_set(header->err, SL_CONFIG,
                            "the name of a role has at most 63 bytes; write the role as CREATE "
                            "ROLE has it, without quotes");
    return read_text(header, key, value);
}

static int read_dialect(struct header *header, const struct key *key, const char *value)
{
    enum sl_dialect dialect;
    const char *problem = sl_dialect_read(value, &dialect);

    if (problem != NULL)
        return sl_error_set(header->err, SL_CONFIG, "dialect %s", problem);
    return read_text(header, key, value);
}

static int read_count(struct header *header, const struct key *key, const char *value)
{
    int64_t *count = (int64_t *)((char *)header->export + key->offset);
    bool parallel = key->offset == offsetof(struct sl_export, parallel);

    if (sl_parse_int(value, 1, parallel ? MAX_PARALLEL : INT64_MAX, count) == 0)
        return 0;
    return sl_error_set(header->err, SL_CONFIG, "%s = \"%s\" is not a number of %s; write digits",
                        key->name, value, parallel ? "1 to 64" : "1 or more");
}

static int read_size(struct header *header, const struct key *key, const char *value)
{
    int64_t *bytes = (int64_t *)((char *)header->export + key->offset);

    if (sl_parse_size(value, bytes) == 0 && *bytes > 0)
        return 0;
    return sl_error_set(header->err, SL_CONFIG,
                        "%s = \"%s\" is no size; write one such as 100MB or 2GB", key->name, value);
}

static int read_duration(struct header *header, const struct key *key, const char *value)
{
    int64_t *ms = (int64_t *)((char *)header->export + key->offset);

    if (sl_parse_duration(value, ms) == 0 && *ms > 0)
        return 0;
    return sl_error_set(header->err, SL_CONFIG,
                        "%s = \"%s\" is no length of time; write one such as 30s, 10min or 2h",
                        key->name, value);
}

static int read_switch(struct header *header, const struct key *key, const char *value)
{
    bool *on = (bool *)((char *)header->export + key->offset);

    if (sl_parse_bool(value, on) == 0)
        return 0;
    return sl_error_set(header->err, SL_CONFIG, "%s = \"%s\" is no switch; write on or off",
                        key->name, value);
}

static int read_param(struct header *header, const struct key *key, const char *value)
{
    struct sl_export *export = header->export;
    struct sl_param *grown;
    struct sl_param *param;

    (void)key;
    if (export->n_params == SL_MAX_PARAMS)
        return sl_error_set(header->err, SL_CONFIG, "an export has at most %d parameters",
                            SL_MAX_PARAMS);
    grown = realloc(export->params, (export->n_params + 1) * sizeof(*grown));
    if (grown == NULL)
        return sl_error_nomem(header->err);
    export->params = grown;
    param = grown + export->n_params++;
    if (sl_param_parse(value, param, header->err) != 0)
        return -1;
    param->line = header->place->line;
    for (struct sl_param *other = grown; other < param; other++)
        if (strcmp(other->name, param->name) == 0)
            return sl_error_set(header->err, SL_CONFIG,
                                "parameter %s is declared twice; remove one line", param->name);
    return 0;
}

static int read_headers(struct header *header, const struct key *key, const char *value)
{
    (void)key;
    header->export->labels_line = header->place->line;
    return sl_labels_parse(value, &header->export->labels, &header->export->n_labels, header->err);
}

/* In the order of the manual. */
static const struct key keys[] = {
    {"title", read_text, offsetof(struct sl_export, title)},
    {"description", read_text, offsetof(struct sl_export, description)},
    {"param", read_param, 0},
    {"headers", read_headers, 0},
    {"filename", read_filename, offsetof(struct sl_export, filename)},
    {"dialect", read_dialect, offsetof(struct sl_export, dialect)},
    {"timezone", read_timezone, offsetof(struct sl_export, timezone)},
    {"search_path", read_text, offsetof(struct sl_export, search_path)},
    {"role", read_role, offsetof(struct sl_export, role)},
    {"jit", read_switch, offsetof(struct sl_export, jit)},
    {"parallel", read_count, offsetof(struct sl_export, parallel)},
    {"max_rows", read_count, offsetof(struct sl_export, max_rows)},
    {"max_bytes", read_size, offsetof(struct sl_export, max_bytes)},
    {"max_duration", read_duration, offsetof(struct sl_export, max_duration)},
};
#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

static int unknown_key(const char *name, struct sl_error *err)
{
    const char *names[N_KEYS + 1] = {NULL};
    const char *near;
    char all[256] = "";
    size_t len = 0;

    for (size_t i = 0; i < N_KEYS; i++) {
        const char *before = i == 0 ? "" : i + 1 < N_KEYS ? ", " : " and ";

        names[i] = keys[i].name;
        if (len < sizeof(all))
            len += (size_t)snprintf(all + len, sizeof(all) - len, "%s%s", before, keys[i].name);
    }
    near = sl_suggest(name, names);
    if (near != NULL)
        return sl_error_set(err, SL_CONFIG, "unknown key \"%s\"; did you mean \"%s\"?", name, near);
    return sl_error_set(err, SL_CONFIG,
                        "unknown key \"%s\"; the keys are %s; a comment comes after a blank line",
                        name, all);
}

/* Reads one line, without its dashes and the blanks around it. `seen` has a bit for each key. */
static int read_line(struct header *header, char *line, unsigned *seen)
{
    size_t len = strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");
    const char *value = line + len + strspn(line + len, " \t");
    size_t i;

    if (len == 0 || *value != ':')
        return sl_error_set(header->err, SL_CONFIG,
                            "\"-- %s\" is no \"-- key: value\"; put a blank line before comments",
                            line);
    value += 1 + strspn(value + 1, " \t");
    line[len] = '\0';
    for (i = 0; i < N_KEYS; i++)
        if (strcmp(keys[i].name, line) == 0)
            break;
    if (i == N_KEYS)
        return unknown_key(line, header->err);
    if (*value == '\0')
        return sl_error_set(header->err, SL_CONFIG, "%s has no value; write one or remove the line",
                            line);
    if ((*seen & 1U << i) != 0 && keys[i].read != read_param)
        return sl_error_set(header->err, SL_CONFIG, "%s is given twice; remove one line", line);
    *seen |= 1U << i;
    return keys[i].read(header, &keys[i], value);
}

/* Moves *begin and *stop to what follows the dashes. false: no line of the header. */
static bool header_line(const char **begin, const char **stop)
{
    const char *p = *begin;

    while (p < *stop && sl_header_blank(*p))
        p++;
    if (*stop - p < 2 || memcmp(p, "--", 2) != 0)
        return false;
    for (p += 2; p < *stop && sl_header_blank(*p);)
        p++;
    while (*stop > p && strchr(" \t\r", (*stop)[-1]) != NULL)
        --*stop;
    *begin = p;
    return true;
}

int sl_header_parse(struct sl_export *export, const char *text, size_t len,
                    struct sl_header_place *place, struct sl_error *err)
{
    struct header header = {export, place, err};
    unsigned seen = 0;

    place->end = 0;
    place->line = 1;
    while (place->end < len) {
        const char *begin = text + place->end;
        const char *newline = memchr(begin, '\n', len - place->end);
        const char *stop = newline != NULL ? newline : text + len;
        size_t next = (size_t)(stop - text) + (newline != NULL);
        char *copy;
        int result;

        if (!header_line(&begin, &stop))
            break;
        copy = strndup(begin, (size_t)(stop - begin));
        if (copy == NULL)
            return sl_error_nomem(err);
        result = read_line(&header, copy, &seen);
        free(copy);
        if (result != 0 && err->kind == SL_CONFIG)
            sl_error_set(err, SL_CONFIG, "%s:%d: %s", export->file, place->line, err->message);
        if (result != 0)
            return -1;
        place->end = next;
        place->line += newline != NULL;
    }
    return 0;
}
