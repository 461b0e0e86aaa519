/* What a run does between BEGIN and DECLARE when its statement depends on the query's columns. */
#ifndef SL_SHAPING_H
#define SL_SHAPING_H

#include "base/buf.h"
#include "catalog/table_query.h"
#include "pg/cursor.h"

/* For one sl_cursor_open(), until it has returned. */
struct sl_shaping {
    const struct sl_query *query;
    struct sl_columns *columns; /* what the query has before columns are chosen; empty before */
    struct sl_watch *watch;
    struct sl_buf sql; /* the statement */
};

/* Does this query need it?  It costs two round trips, and a third for JSON Lines. */
bool sl_shaping_needed(const struct sl_query *query);

/* sl_shape_fn for a struct sl_shaping: describes the query and wraps it. */
int sl_shaping(void *ctx, struct sl_session *session, struct sl_cursor_plan *plan,
               struct sl_error *err) SL_MUSTCHECK;

/* The same for a table, whose statement is made of what the database says of it. */
struct sl_shaping_table {
    const struct sl_query *query;
    struct sl_table_query *made; /* empty before */
    struct sl_watch *watch;
};

/* sl_shape_fn for a struct sl_shaping_table. */
int sl_shaping_table(void *ctx, struct sl_session *session, struct sl_cursor_plan *plan,
                     struct sl_error *err) SL_MUSTCHECK;

#endif
