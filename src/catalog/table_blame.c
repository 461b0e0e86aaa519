#include "catalog/table_blame.h"

#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "pg/settings.h"

/* SQLSTATEs: a comparison that is not there, or that is more than one; a malformed pattern. */
#define NO_OPERATOR "42883"
#define AMBIGUOUS "42725"
#define BAD_PATTERN "2201B"

/* What the server counts. */
static size_t characters(const char *text, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)text[i] & 0xc0) != 0x80;
    return n;
}

/*
 * Where the server found an error: in the condition of a filter, *term; else behind all of them,
 * in the order.  It counts characters from 1, and from EXPLAIN, which is not part of sql.
 */
static bool at_fault(const struct sl_table_query *made, const struct sl_error *err,
                     const struct sl_table_term **term)
{
    const char *from = strstr(made->sql.data, made->from.data);

    *term = NULL;
    if (from == NULL || err->position <= 0)
        return false;
    size_t before =
        strlen(SL_EXPLAIN) + characters(made->sql.data, (size_t)(from - made->sql.data));
    size_t end = before + characters(made->from.data, made->from.len);
    if ((size_t)err->position > end)
        return true;
    for (size_t i = 0; i < made->n_terms; i++)
        if (before + characters(made->from.data, made->terms[i].begin) < (size_t)err->position)
            *term = &made->terms[i];
    return *term != NULL;
}

/* What a value of the filter has to be. */
static const char *type_of(const struct sl_table_term *term)
{
    switch (term->lookup) {
    case SL_DATE:
        return "date";
    case SL_MONTH:
    case SL_DAY:
        return "integer";
    default:
        return term->column->type;
    }
}

/* An error of the server's becomes that of a parameter; what it said stays for the log. */
static bool blame(struct sl_error *err, const char *parameter, const char *what, const char *type)
{
    struct sl_error server = *err;

    sl_error_param(err, parameter, "%.*s: %s%s", sl_utf8_fit(parameter, SL_NAME_SHOWN), parameter,
                   what, type);
    memcpy(err->sqlstate, server.sqlstate, sizeof(err->sqlstate));
    memcpy(err->detail, server.detail, sizeof(err->detail));
    err->quotes = server.quotes;
    return true;
}

/* A value that the server did not take. */
static bool blame_value(const struct sl_table_query *made, struct sl_error *err)
{
    long i = strtol(err->parameter + 1, NULL, 10) - 1;

    if (i < 0 || (size_t)i >= made->binds.n)
        return false;
    const struct sl_table_term *term = &made->terms[made->binds.owners[i]];
    return blame(err, term->filter->name, "not a valid ", type_of(term));
}

/* The first one will do: whoever mends it is told of the next. */
static bool blame_pattern(const struct sl_table_query *made, struct sl_error *err)
{
    for (size_t i = 0; i < made->n_terms; i++)
        if (made->terms[i].lookup == SL_REGEX || made->terms[i].lookup == SL_IREGEX)
            return blame(err, made->terms[i].filter->name, "not a valid regular expression", "");
    return false;
}

bool sl_table_blame(const struct sl_table_query *made, struct sl_error *err)
{
    const struct sl_table_term *term;

    if (made->sql.len == 0)
        return false;
    if (err->kind == SL_BAD_PARAMETER && err->parameter[0] == '$')
        return blame_value(made, err);
    if (strcmp(err->sqlstate, BAD_PATTERN) == 0)
        return blame_pattern(made, err);
    if ((strcmp(err->sqlstate, NO_OPERATOR) != 0 && strcmp(err->sqlstate, AMBIGUOUS) != 0) ||
        !at_fault(made, err, &term))
        return false;
    return term != NULL ? blame(err, term->filter->name, "this lookup is not for the type ",
                                term->column->type)
                        : blame(err, "_order",
                                "names a column of a type that has no order, such as json", "");
}
