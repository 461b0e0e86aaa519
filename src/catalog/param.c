#include "catalog/param.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "catalog/sqlchars.h"

#define PARAM_NAME_MAX 63 /* as PostgreSQL's identifiers */

bool sl_header_blank(char c)
{
    return c == ' ' || c == '\t';
}

static const char *skip_blanks(const char *p)
{
    while (sl_header_blank(*p))
        p++;
    return p;
}

/* Two blanks, or a tab, begin the text for people; so does the end of the line, an empty one. */
static bool text_begins(const char *p)
{
    return *p == '\0' || *p == '\t' ||
           (sl_header_blank(p[0]) && (sl_header_blank(p[1]) || p[1] == '\0'));
}

static int read_name(const char **at, struct sl_param *param, struct sl_error *err)
{
    const char *p = *at;
    size_t len = 0;

    while (p[len] == '_' || (p[len] >= 'a' && p[len] <= 'z') || (p[len] >= '0' && p[len] <= '9'))
        len++;
    if (*p < 'a' || *p > 'z' || len > PARAM_NAME_MAX ||
        (p[len] != '\0' && !sl_header_blank(p[len])))
        return sl_error_set(err, SL_CONFIG,
                            "\"%.*s\" cannot be the name of a parameter; write a-z, then a-z, 0-9 "
                            "and _, at most 63 in all",
                            (int)strcspn(p, " \t"), p);
    param->name = strndup(p, len);
    *at = skip_blanks(p + len);
    return param->name != NULL ? 0 : sl_error_nomem(err);
}

static bool type_char(char c)
{
    return sl_sql_name_char(c) || (c != '\0' && strchr(".[]\"", c) != NULL);
}

/* The type ends at `?`, ` =`, two blanks or the end. */
static int read_type(const char **at, struct sl_param *param, struct sl_error *err)
{
    const char *p = *at;
    const char *end = p;
    size_t quotes = 0;

    for (; !text_begins(end) && *end != '?' && *end != '=' &&
           !(sl_header_blank(*end) && end[1] == '=');
         end++) {
        if (*end == '(')
            return sl_error_set(err, SL_CONFIG,
                                "parameter %s: a type takes no modifier here; write %.*s",
                                param->name, (int)(end - p), p);
        if (!type_char(*end) && *end != ' ')
            return sl_error_set(err, SL_CONFIG,
                                "parameter %s: \"%c\" cannot be in the name of a type; put two "
                                "spaces before the text and = before a default",
                                param->name, *end);
        quotes += *end == '"';
    }
    if (end > p && end[-1] == ' ')
        end--;
    if (end == p || !(sl_sql_word_start(*p) || *p == '"') || quotes % 2 != 0)
        return sl_error_set(err, SL_CONFIG,
                            "parameter %s has no type; write \"param: %s TYPE\", such as text, "
                            "date, bigint or int[]",
                            param->name, param->name);
    if (!sl_sql_type_name(p, (size_t)(end - p)))
        return sl_error_set(err, SL_CONFIG,
                            "parameter %s: \"%.*s\" is no type; put two spaces before the text",
                            param->name, (int)(end - p), p);
    param->type = strndup(p, (size_t)(end - p));
    if (param->type == NULL)
        return sl_error_nomem(err);
    p = skip_blanks(end);
    if (*p == '?') {
        param->nullable = true;
        end = p + 1;
        if (*end != '\0' && *end != '=' && !sl_header_blank(*end))
            return sl_error_set(err, SL_CONFIG, "parameter %s: put two spaces after TYPE?",
                                param->name);
    }
    *at = end;
    return 0;
}

/* '...' with '' for a quote. *at is behind the opening quote. */
static int read_quoted(const char **at, struct sl_param *param, struct sl_error *err)
{
    const char *p = *at;
    char *out = malloc(strlen(p) + 1);
    size_t n = 0;
    bool closed = false;

    param->default_value = out;
    if (out == NULL)
        return sl_error_nomem(err);
    while (*p != '\0' && !closed) {
        closed = p[0] == '\'' && p[1] != '\'';
        p += *p == '\'';
        if (!closed)
            out[n++] = *p++;
    }
    out[n] = '\0';
    if (!closed || !text_begins(p))
        return sl_error_set(err, SL_CONFIG,
                            "parameter %s: the quoted default does not end before the text; write "
                            "'...' with '' for a quote, then two spaces",
                            param->name);
    *at = p;
    return 0;
}

/* *at is behind the `=`. */
static int read_default(const char **at, struct sl_param *param, struct sl_error *err)
{
    const char *p = *at;
    const char *end;

    if (text_begins(p))
        return sl_error_set(err, SL_CONFIG,
                            "parameter %s: there is no default after =; write one, '' for the "
                            "empty text",
                            param->name);
    p += *p == ' ';
    if (*p == '\'') {
        *at = p + 1;
        return read_quoted(at, param, err);
    }
    for (end = p; !text_begins(end); end++)
        ;
    if (end - p == 4 && strncasecmp(p, "null", 4) == 0)
        return sl_error_set(err, SL_CONFIG,
                            "parameter %s: NULL is no default; write %s? for a parameter that is "
                            "NULL when left out",
                            param->name, param->type);
    param->default_value = strndup(p, (size_t)(end - p));
    *at = end;
    return param->default_value != NULL ? 0 : sl_error_nomem(err);
}

int sl_param_parse(const char *value, struct sl_param *param, struct sl_error *err)
{
    const char *p = skip_blanks(value);

    *param = (struct sl_param){0};
    if (read_name(&p, param, err) != 0 || read_type(&p, param, err) != 0)
        return -1;
    if (*skip_blanks(p) == '=') {
        p = skip_blanks(p) + 1;
        if (read_default(&p, param, err) != 0)
            return -1;
    }
    if (!text_begins(p))
        return sl_error_set(err, SL_CONFIG,
                            "parameter %s: put two spaces before the text, and = before a default",
                            param->name);
    param->text = strdup(skip_blanks(p));
    return param->text != NULL ? 0 : sl_error_nomem(err);
}

void sl_param_fini(struct sl_param *param)
{
    free(param->name);
    free(param->type);
    free(param->default_value);
    free(param->text);
    *param = (struct sl_param){0};
}
