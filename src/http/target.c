#include "http/target.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Decodes a component in place; it can only become shorter. `where` is for the message. */
static int decode(char *text, bool query, const char *where, struct sl_error *err)
{
    char *out = text;

    for (const char *in = text; *in != '\0'; in++) {
        if (*in == '+' && query) {
            *out++ = ' ';
            continue;
        }
        if (*in != '%') {
            *out++ = *in;
            continue;
        }
        int high = hex(in[1]);
        int low = high < 0 ? -1 : hex(in[2]);
        if (low < 0)
            return sl_error_set(err, SL_BAD_REQUEST,
                                "bad percent escape in %s: two hexadecimal digits follow each %%, "
                                "and a percent sign itself is %%25",
                                where);
        if (high == 0 && low == 0)
            return sl_error_set(err, SL_BAD_REQUEST, "%%00 in %s", where);
        *out++ = (char)(high * 16 + low);
        in += 2;
    }
    *out = '\0';
    if (!sl_utf8_valid(text, (size_t)(out - text)))
        return sl_error_set(err, SL_BAD_REQUEST, "%s is not valid UTF-8", where);
    return 0;
}

/* Bytes that no client may send unescaped; those over 0x7f are left to the check of UTF-8. */
static int check_raw(const char *raw, size_t len, struct sl_error *err)
{
    if (len > SL_TARGET_MAX)
        return sl_error_set(err, SL_BAD_REQUEST, "the request target is longer than %d bytes",
                            SL_TARGET_MAX);
    if (len == 0 || raw[0] != '/')
        return sl_error_set(err, SL_BAD_REQUEST, "the request target must begin with a slash");
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)raw[i];
        if (c <= ' ' || c == 0x7f || c == '#')
            return sl_error_set(err, SL_BAD_REQUEST,
                                "unescaped control character, space or # in the request target");
    }
    return 0;
}

/* Cuts at the next `separator`; returns what follows it, NULL at the end. */
static char *cut(char *text, char separator)
{
    char *end = strchr(text, separator);

    if (end == NULL)
        return NULL;
    *end = '\0';
    return end + 1;
}

static int parse_path(struct sl_target *target, char *path, struct sl_error *err)
{
    for (char *next = path; next != NULL;) {
        char *segment = next;
        next = cut(segment, '/');
        if (target->n_segments == SL_TARGET_SEGMENTS)
            return sl_error_set(err, SL_NOT_FOUND, "no such path");
        if (decode(segment, false, "the path", err) != 0)
            return -1;
        target->segments[target->n_segments++] = segment;
    }
    return 0;
}

static int parse_query(struct sl_target *target, char *query, struct sl_error *err)
{
    for (char *next = query; next != NULL;) {
        char *name = next;
        next = cut(name, '&');
        if (*name == '\0')
            continue;
        char *value = cut(name, '=');
        if (*name == '\0')
            return sl_error_set(err, SL_BAD_REQUEST,
                                "an argument of the query string has no name: write name=value");
        if (target->args.n == SL_MAX_ARGS)
            return sl_error_set(err, SL_BAD_REQUEST, "more than %d arguments in the query string",
                                SL_MAX_ARGS);
        if (decode(name, true, "a name in the query string", err) != 0 ||
            (value != NULL && decode(value, true, "a value in the query string", err) != 0))
            return -1;
        struct sl_arg *arg = &target->arg[target->args.n++];
        arg->name = name;
        arg->value = value != NULL ? value : "";
    }
    return 0;
}

int sl_target_parse(struct sl_target *target, const char *raw, size_t len, struct sl_error *err)
{
    memset(target, 0, sizeof(*target));
    target->args.v = target->arg;
    if (check_raw(raw, len, err) != 0)
        return -1;
    target->text = malloc(len + 1);
    if (target->text == NULL)
        return sl_error_nomem(err);
    memcpy(target->text, raw, len);
    target->text[len] = '\0';
    char *query = cut(target->text, '?');
    if (parse_path(target, target->text + 1, err) != 0)
        return -1;
    return query != NULL ? parse_query(target, query, err) : 0;
}

void sl_target_fini(struct sl_target *target)
{
    free(target->text);
    target->text = NULL;
    target->n_segments = 0;
    target->args.n = 0;
}
