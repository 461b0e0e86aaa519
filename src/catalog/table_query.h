/*
 * The statement of a table's export: described and written in the run's own transaction, so
 * that what is read is what was described, as the run's role sees it.  One thread.
 */
#ifndef SL_TABLE_QUERY_H
#define SL_TABLE_QUERY_H

#include "base/buf.h"
#include "catalog/condition.h"
#include "catalog/filter.h"

/* A table that a foreign key leads to. */
struct sl_table_join {
    const struct sl_table_column *foreign; /* of the main table */
    struct sl_table target;
    bool used;     /* the statement needs it, not only its description */
    bool filtered; /* a filter names it, not only _columns and _order */
    bool required; /* a filter holds for no row without a target */
};

/* A column that `_columns` or `_order` names in such a table, as customer__country. */
struct sl_table_extra {
    const char *name; /* the request's */
    const struct sl_table_column *column;
    size_t join; /* from 1; 0: it is in the table itself */
};

/* What a filter means. */
struct sl_table_term {
    const struct sl_filter *filter;
    const struct sl_table_column *column;
    size_t join; /* where it is, from 1; 0: in the table itself */
    enum sl_lookup lookup;
    size_t begin; /* of its condition, in bytes of `from` */
};

/* A statement and what is needed to explain its errors. */
struct sl_table_query {
    struct sl_table table;
    struct sl_table_join *joins;
    size_t n_joins;
    struct sl_table_term *terms; /* one for each filter, in their order */
    size_t n_terms;
    struct sl_table_extra *extras;
    size_t n_extras;
    struct sl_buf from; /* FROM and WHERE */
    struct sl_buf sql;  /* the whole */
    struct sl_binds binds;
};

void sl_table_query_init(struct sl_table_query *made);

/*
 * Makes sql and binds from query->table, columns, order and limit, and asks about the table
 * and those that its foreign keys lead to, once each.  SL_NOT_FOUND: there is no such
 * table; SL_FORBIDDEN: there is no column in it for the caller; SL_BAD_PARAMETER: a filter,
 * `_columns` or `_order` names what is hidden, closed or not there, which is one and the same, and
 * the message lists what the caller may use.
 */
int sl_table_query_make(struct sl_session *session, const struct sl_query *query,
                        struct sl_watch *watch, struct sl_table_query *made,
                        struct sl_error *err) SL_MUSTCHECK;

void sl_table_query_free(struct sl_table_query *made);

#endif
