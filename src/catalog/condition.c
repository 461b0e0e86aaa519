#include "catalog/condition.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/units.h"
#include "catalog/record.h"

/* As many as a statement can have (PostgreSQL's protocol counts them in 16 bits). */
#define MAX_BINDS 65535

/* Python's datetime has these years, and so have Django's lookups. */
#define YEAR_MAX 9999
#define BOUND_SIZE sizeof("9999-12-31 23:59:59.999999")

/* What one condition is written from. */
struct writing {
    const struct sl_condition *condition;
    struct sl_binds *binds;
    struct sl_buf *sql;
    struct sl_error *err;
};

void sl_binds_free(struct sl_binds *binds)
{
    for (size_t i = 0; i < binds->n; i++)
        free(binds->values[i]);
    free(binds->values);
    free(binds->owners);
    *binds = (struct sl_binds){0};
}

static int grow(struct sl_binds *binds)
{
    size_t room = binds->room * 2 + 16;
    char **values = realloc(binds->values, room * sizeof(*values));

    if (values == NULL)
        return -1;
    binds->values = values;
    size_t *owners = realloc(binds->owners, room * sizeof(*owners));
    if (owners == NULL)
        return -1;
    binds->owners = owners;
    binds->room = room;
    return 0;
}

static int bad(const struct writing *writing, const char *must)
{
    const char *name = writing->condition->parameter;

    return sl_error_param(writing->err, name, "%.*s %s", sl_utf8_fit(name, SL_NAME_SHOWN), name,
                          must);
}

static int put(const struct writing *writing, const char *text)
{
    return sl_buf_puts(writing->sql, text) == 0 ? 0 : sl_error_nomem(writing->err);
}

/* A value, as `$n::type`. */
static int put_value(const struct writing *writing, const char *value, const char *type)
{
    struct sl_binds *binds = writing->binds;

    if (binds->n == MAX_BINDS)
        return bad(writing, "holds too many values");
    if (binds->n == binds->room && grow(binds) != 0)
        return sl_error_nomem(writing->err);
    binds->values[binds->n] = strdup(value);
    if (binds->values[binds->n] == NULL)
        return sl_error_nomem(writing->err);
    binds->owners[binds->n++] = writing->condition->owner;
    if (sl_buf_printf(writing->sql, "$%zu::%s", binds->n, type) != 0)
        return sl_error_nomem(writing->err);
    return 0;
}

/* `column OPERATOR $n`, with the column's type. */
static int compare(const struct writing *writing, const char *operator)
{
    const struct sl_condition *condition = writing->condition;

    if (put(writing, condition->expression) != 0 || put(writing, operator) != 0)
        return -1;
    return put_value(writing, condition->value, condition->column->cast);
}

/* The fields of a CSV record, as values between `separator`.  *n is their number. */
static int put_record(const struct writing *writing, const char *separator, size_t *n)
{
    const struct sl_condition *condition = writing->condition;
    char *field = malloc(strlen(condition->value) + 1);
    int rc = -1;

    *n = 0;
    if (field == NULL)
        return sl_error_nomem(writing->err);
    for (const char *at = condition->value;; at++) {
        if (sl_record_field(&at, false, field) != 0) {
            bad(writing, "is no CSV record: a quote is not closed");
            goto out;
        }
        if ((*n > 0 && put(writing, separator) != 0) ||
            put_value(writing, field, condition->column->cast) != 0)
            goto out;
        ++*n;
        if (*at == '\0')
            break;
    }
    rc = 0;
out:
    free(field);
    return rc;
}

static int put_in(const struct writing *writing)
{
    size_t n;

    if (put(writing, writing->condition->expression) != 0 || put(writing, " IN (") != 0 ||
        put_record(writing, ", ", &n) != 0)
        return -1;
    return put(writing, ")");
}

static int put_range(const struct writing *writing)
{
    size_t n;

    if (put(writing, writing->condition->expression) != 0 || put(writing, " BETWEEN ") != 0 ||
        put_record(writing, " AND ", &n) != 0)
        return -1;
    return n == 2 ? 0 : bad(writing, "takes two values with a comma between them");
}

static int put_isnull(const struct writing *writing)
{
    bool truth;

    if (sl_parse_bool(writing->condition->value, &truth) != 0)
        return bad(writing, "is true or false");
    if (put(writing, writing->condition->expression) != 0)
        return -1;
    return put(writing, truth ? " IS NULL" : " IS NOT NULL");
}

/* The column as text: of addresses, without the length of their network. */
static int put_text(const struct writing *writing, bool upper)
{
    const struct sl_condition *condition = writing->condition;
    enum sl_type_kind kind = condition->column->kind;
    const char *begin = kind == SL_TYPE_INET ? "HOST(" : "";
    const char *end = kind == SL_TYPE_INET ? ")" : "::text";

    if (put(writing, upper ? "UPPER(" : "") != 0 || put(writing, begin) != 0 ||
        put(writing, condition->expression) != 0)
        return -1;
    if (kind == SL_TYPE_CITEXT
            ? put(writing, "::") != 0 || put(writing, condition->column->cast) != 0
            : put(writing, end) != 0)
        return -1;
    return put(writing, upper ? ")" : "");
}

/* `text OPERATOR value`; without regard to case by UPPER() of both. */
static int match(const struct writing *writing, const char *operator, const char * value,
                 bool upper)
{
    const struct sl_table_column *column = writing->condition->column;

    if (put_text(writing, upper) != 0 || put(writing, operator) != 0 ||
        put(writing, upper ? "UPPER(" : "") != 0 ||
        put_value(writing, value,
                  column->kind == SL_TYPE_CITEXT && !upper ? column->cast : "text") != 0)
        return -1;
    return put(writing, upper ? ")" : "");
}

/* LIKE, with the value's own wildcards escaped, and one before it or behind. */
static int like(const struct writing *writing, bool before, bool behind, bool upper)
{
    struct sl_buf pattern;
    int rc = -1;

    sl_buf_init(&pattern, 2 * strlen(writing->condition->value) + 2);
    if (before && sl_buf_putc(&pattern, '%') != 0)
        goto out;
    for (const char *p = writing->condition->value; *p != '\0'; p++)
        if ((strchr("\\%_", *p) != NULL && sl_buf_putc(&pattern, '\\') != 0) ||
            sl_buf_putc(&pattern, *p) != 0)
            goto out;
    if (behind && sl_buf_putc(&pattern, '%') != 0)
        goto out;
    rc = 0;
out:
    rc = rc == 0 ? match(writing, " LIKE ", pattern.data, upper) : sl_error_nomem(writing->err);
    sl_buf_free(&pattern);
    return rc;
}

/* What the value must hold, or be within: @> of the types that have it, else a part of the text. */
static int put_contains(const struct writing *writing)
{
    const struct sl_condition *condition = writing->condition;
    const struct sl_table_column *column = condition->column;
    bool range = condition->value[0] == '[' || condition->value[0] == '(' ||
                 strcasecmp(condition->value, "empty") == 0;

    switch (column->kind) {
    case SL_TYPE_KEYED:
    case SL_TYPE_ARRAY:
    case SL_TYPE_MULTIRANGE:
        return compare(writing, " @> ");
    case SL_TYPE_RANGE:
        if (put(writing, condition->expression) != 0 || put(writing, " @> ") != 0)
            return -1;
        return put_value(writing, condition->value, range ? column->cast : column->element);
    default:
        return like(writing, true, true, false);
    }
}

static int has_key(const struct writing *writing)
{
    if (put(writing, writing->condition->expression) != 0 || put(writing, " ? ") != 0)
        return -1;
    return put_value(writing, writing->condition->value, "text");
}

/* The column in the session's time zone, where its type has one. */
static int put_local(const struct writing *writing)
{
    const struct sl_condition *condition = writing->condition;

    if (put(writing, condition->expression) != 0)
        return -1;
    if (condition->column->kind != SL_TYPE_TIMESTAMPTZ)
        return 0;
    if (put(writing, " AT TIME ZONE ") != 0)
        return -1;
    return put_value(writing, condition->timezone, "text");
}

static int put_date(const struct writing *writing)
{
    if (put(writing, "(") != 0 || put_local(writing) != 0 || put(writing, ")::date = ") != 0)
        return -1;
    return put_value(writing, writing->condition->value, "date");
}

/* EXTRACT(MONTH ...) and EXTRACT(DAY ...): `begin` is up to FROM. */
static int extract(const struct writing *writing, const char *begin)
{
    if (put(writing, begin) != 0 || put_local(writing) != 0 || put(writing, ") = ") != 0)
        return -1;
    return put_value(writing, writing->condition->value, "integer");
}

/* Between the year's first and last moment, so that an index of the column serves. */
static int put_year(const struct writing *writing)
{
    const struct sl_condition *condition = writing->condition;
    bool date = condition->column->kind == SL_TYPE_DATE;
    char first[BOUND_SIZE];
    char last[BOUND_SIZE];
    int64_t year;

    if (sl_parse_int(condition->value, 1, YEAR_MAX, &year) != 0)
        return bad(writing, "is a year from 1 to 9999");
    snprintf(first, sizeof(first), "%04d-01-01%s", (int)year, date ? "" : " 00:00:00");
    snprintf(last, sizeof(last), "%04d-12-31%s", (int)year, date ? "" : " 23:59:59.999999");
    if (put(writing, condition->expression) != 0 || put(writing, " BETWEEN ") != 0 ||
        put_value(writing, first, condition->column->cast) != 0 || put(writing, " AND ") != 0)
        return -1;
    return put_value(writing, last, condition->column->cast);
}

static int put_lookup(const struct writing *writing)
{
    const char *value = writing->condition->value;

    switch (writing->condition->lookup) {
    case SL_EXACT:
        return compare(writing, " = ");
    case SL_IEXACT:
        return match(writing, " = ", value, true);
    case SL_CONTAINS:
        return put_contains(writing);
    case SL_ICONTAINS:
        return like(writing, true, true, true);
    case SL_STARTSWITH:
        return like(writing, false, true, false);
    case SL_ISTARTSWITH:
        return like(writing, false, true, true);
    case SL_ENDSWITH:
        return like(writing, true, false, false);
    case SL_IENDSWITH:
        return like(writing, true, false, true);
    case SL_IN:
        return put_in(writing);
    case SL_GT:
        return compare(writing, " > ");
    case SL_GTE:
        return compare(writing, " >= ");
    case SL_LT:
        return compare(writing, " < ");
    case SL_LTE:
        return compare(writing, " <= ");
    case SL_RANGE:
        return put_range(writing);
    case SL_ISNULL:
        return put_isnull(writing);
    case SL_REGEX:
        return match(writing, " ~ ", value, false);
    case SL_IREGEX:
        return match(writing, " ~* ", value, false);
    case SL_DATE:
        return put_date(writing);
    case SL_YEAR:
        return put_year(writing);
    case SL_MONTH:
        return extract(writing, "EXTRACT(MONTH FROM ");
    case SL_DAY:
        return extract(writing, "EXTRACT(DAY FROM ");
    case SL_HAS_KEY:
        return has_key(writing);
    case SL_LOOKUPS:
        break;
    }
    return sl_error_set(writing->err, SL_INTERNAL, "no such lookup");
}

int sl_condition_put(const struct sl_condition *condition, struct sl_binds *binds,
                     struct sl_buf *sql, struct sl_error *err)
{
    const struct writing writing = {condition, binds, sql, err};

    if (put(&writing, condition->negated ? "NOT (" : "(") != 0 || put_lookup(&writing) != 0)
        return -1;
    /* Without this, NOT of a comparison with NULL would be NULL, and the row left out. */
    if (condition->negated && condition->nullable && condition->lookup != SL_ISNULL &&
        (put(&writing, " AND ") != 0 || put(&writing, condition->expression) != 0 ||
         put(&writing, " IS NOT NULL") != 0))
        return -1;
    return put(&writing, ")");
}
