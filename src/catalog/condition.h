/*
 * One lookup as SQL: in the shapes that Django gives it on PostgreSQL (django.db.models.lookups
 * and its postgresql backend), so that the indexes that serve Django serve here, too.  A value
 * is always a bind parameter, of the column's own type.
 */
#ifndef SL_CONDITION_H
#define SL_CONDITION_H

#include "base/buf.h"
#include "catalog/lookup.h"

/* The values of a statement, $1 .. $n. */
struct sl_binds {
    char **values;  /* owned */
    size_t *owners; /* for which filter, by its number, each value is */
    size_t n;
    size_t room;
};

void sl_binds_free(struct sl_binds *binds);

struct sl_condition {
    const char *expression; /* the column, as t."name" */
    const struct sl_table_column *column;
    enum sl_lookup lookup;
    bool negated;  /* NOT, by which rows whose column is NULL are kept */
    bool nullable; /* it can be NULL here, by itself or by an outer join */
    const char *value;
    const char *parameter; /* the filter's name, for errors */
    size_t owner;          /* its number */
    const char *timezone;  /* the session's */
};

/*
 * Appends the condition.  SL_BAD_PARAMETER: the value is nothing that the lookup could take.
 * What the column's type makes of it, the server says when it binds the value.
 */
int sl_condition_put(const struct sl_condition *condition, struct sl_binds *binds,
                     struct sl_buf *sql, struct sl_error *err) SL_MUSTCHECK;

#endif
