/* The names of a request for a table become columns: its filters, `_columns` and `_order`. */
#ifndef SL_TABLE_RESOLVE_H
#define SL_TABLE_RESOLVE_H

#include "catalog/table_query.h"

/* What the parts of a statement are made from. */
struct sl_table_making {
    struct sl_session *session;
    const struct sl_query *query;
    struct sl_watch *watch;
    struct sl_table_query *made;
    struct sl_error *err;
};

/*
 * Fills terms, extras and joins of a table that is described already; asks about each table
 * that a foreign key leads to, when a name does.  Errors as sl_table_query_make() says.
 */
int sl_table_resolve(const struct sl_table_making *making) SL_MUSTCHECK;

#endif
