/*
 * The statement of a request that chooses columns, an order or a number of rows
 * (`_columns`, `_order`, `_limit`), for a source whose columns are known.  No value of a
 * request enters the SQL text: what it names is looked up in the source, whose
 * expressions are written; the limit is a number that was read as one.  One thread.
 */
#ifndef SL_SHAPE_H
#define SL_SHAPE_H

#include "base/buf.h"
#include "catalog/query.h"
#include "pg/ask.h"

/* All borrowed. */
struct sl_shape_source {
    size_t n;
    const char *const *names; /* of its columns, as the file's reader and the caller see them */
    const char *const *expressions; /* SQL, one for each column, such as q.c1 or t."id" */
    const bool *to_json;            /* NULL: none; columns to be written by to_json() (jsonl) */
    const char *from;               /* SQL that follows FROM, with WHERE where there is one */
};

/*
 * Appends the SELECT: query->columns of the source, or all in the source's order, each
 * AS its own name; ORDER BY query->order, with NULLs where PostgreSQL has them; LIMIT.
 * SL_BAD_PARAMETER names `_columns` or `_order` when the source has no
 * such column, or two.  The session quotes names, and is not asked.
 */
int sl_shape_select(struct sl_session *session, const struct sl_shape_source *source,
                    const struct sl_query *query, struct sl_buf *sql,
                    struct sl_error *err) SL_MUSTCHECK;

/*
 * The same for a query that has these columns (sl_ask_columns): it becomes a
 * subselect whose columns are known by position.  Its parameters stay as they are.
 */
int sl_shape_wrap(struct sl_session *session, const char *base, const struct sl_columns *columns,
                  const bool *to_json, const struct sl_query *query, struct sl_buf *sql,
                  struct sl_error *err) SL_MUSTCHECK;

#endif
