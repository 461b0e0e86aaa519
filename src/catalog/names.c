#include "catalog/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/units.h"
#include "catalog/param.h"
#include "catalog/record.h"

#define MAX_LISTED 300 /* of the list of columns in a message, which is cut at 512 bytes */

static int add(const char *option, const char *field, bool descending, struct sl_names *names,
               struct sl_error *err)
{
    if (field[0] == '\0')
        return sl_error_param(err, option, "%s holds an empty name", option);
    if (names->n == SL_NAMES_MAX)
        return sl_error_param(err, option, "%s holds more than %d names", option, SL_NAMES_MAX);
    struct sl_name *grown = realloc(names->v, (names->n + 1) * sizeof(*grown));
    if (grown == NULL)
        return sl_error_nomem(err);
    names->v = grown;
    grown[names->n] = (struct sl_name){strdup(field), descending};
    return grown[names->n++].text != NULL ? 0 : sl_error_nomem(err);
}

int sl_names_read(const char *option, const char *value, bool directed, struct sl_names *names,
                  struct sl_error *err)
{
    char *field = malloc(strlen(value) + 1);
    int result = -1;

    if (field == NULL)
        return sl_error_nomem(err);
    if (!sl_utf8_valid(value, strlen(value))) {
        sl_error_param(err, option, "%s is not valid UTF-8", option);
        goto out;
    }
    for (const char *p = value;; p++) {
        while (sl_header_blank(*p))
            p++;
        bool descending = directed && *p == '-';
        p += descending;
        if (sl_record_field(&p, true, field) != 0) {
            sl_error_param(err, option, "%s: a quote is not closed", option);
            goto out;
        }
        if (add(option, field, descending, names, err) != 0)
            goto out;
        if (*p == '\0')
            break;
    }
    result = 0;
out:
    free(field);
    return result;
}

void sl_names_free(struct sl_names *names)
{
    for (size_t i = 0; i < names->n; i++)
        free(names->v[i].text);
    free(names->v);
    *names = (struct sl_names){0};
}

/* A name as it has to be written in a record. */
static int put_name(struct sl_buf *list, const char *name)
{
    size_t len = strlen(name);
    bool plain = len > 0 && strpbrk(name, ",\"") == NULL && name[0] != '-' &&
                 !sl_header_blank(name[0]) && !sl_header_blank(name[len - 1]);

    if (plain)
        return sl_buf_puts(list, name);
    if (sl_buf_putc(list, '"') != 0)
        return -1;
    for (; *name != '\0'; name++)
        if ((*name == '"' && sl_buf_putc(list, '"') != 0) || sl_buf_putc(list, *name) != 0)
            return -1;
    return sl_buf_putc(list, '"');
}

static size_t count(const char *name, const char *const *columns, size_t n)
{
    size_t times = 0;

    for (size_t i = 0; i < n; i++)
        times += strcmp(columns[i], name) == 0;
    return times;
}

/* Those that a name can mean. */
static int list_columns(struct sl_buf *list, const char *const *columns, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (list->len > MAX_LISTED)
            return sl_buf_puts(list, ", ...");
        if (count(columns[i], columns, n) > 1)
            continue;
        if ((list->len > 0 && sl_buf_puts(list, ", ") != 0) || put_name(list, columns[i]) != 0)
            return -1;
    }
    return list->len > 0 ? 0 : sl_buf_puts(list, "none");
}

static int unknown(const char *option, const char *name, const char *const *columns, size_t n,
                   struct sl_error *err)
{
    const char **candidates = calloc(n + 1, sizeof(*candidates));
    struct sl_buf list;

    sl_buf_init(&list, 2 * (size_t)MAX_LISTED);
    if (candidates == NULL || list_columns(&list, columns, n) != 0) {
        sl_error_nomem(err);
        goto out;
    }
    memcpy(candidates, columns, n * sizeof(*candidates));
    const char *near = sl_suggest(name, candidates);
    sl_error_param(err, option, "%s: there is no column %.*s%s%s%s; the columns are %s", option,
                   sl_utf8_fit(name, SL_NAME_SHOWN), name, near != NULL ? ", did you mean " : "",
                   near != NULL ? near : "", near != NULL ? "?" : "", list.data);
    err->echoes = true;
out:
    sl_buf_free(&list);
    free(candidates);
    return -1;
}

int sl_names_find(const char *option, const char *name, const char *const *columns, size_t n,
                  size_t *found, struct sl_error *err)
{
    size_t times = count(name, columns, n);

    if (times == 0)
        return unknown(option, name, columns, n, err);
    if (times > 1)
        return sl_error_param(err, option,
                              "%s: there are %zu columns %.*s, so that the name means none", option,
                              times, sl_utf8_fit(name, SL_NAME_SHOWN), name);
    for (*found = 0; strcmp(columns[*found], name) != 0;)
        ++*found;
    return 0;
}
