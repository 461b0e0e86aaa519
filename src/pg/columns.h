/*
 * What is known of a result's columns: from its row description, and what the
 * catalogue answers about them.  One thread.
 */
#ifndef SL_COLUMNS_H
#define SL_COLUMNS_H

#include "base/row.h"
#include "pg/session.h"

struct sl_column {
    unsigned type;  /* OID; of a domain, its base type */
    unsigned table; /* where the value comes from, 0: an expression */
    int number;     /* of the column in that table */
};

struct sl_columns {
    struct sl_cell *names; /* owned texts */
    struct sl_column *columns;
    int n; /* may be 0 */
};

void sl_columns_free(struct sl_columns *columns);

/* The first of that name; -1: there is none. */
int sl_columns_find(const struct sl_columns *columns, const char *name);

/*
 * Asks for the comment on each column of a table, or of a view itself: texts[i]
 * is the caller's to free, cut at 1000 characters, NULL where there is none.  The
 * session has nothing under way, in a pipeline or not; after -1 it is of no
 * further use.
 */
int sl_columns_comments(struct sl_session *session, const struct sl_columns *columns, char **texts,
                        struct sl_watch *watch, struct sl_error *err) SL_MUSTCHECK;

/*
 * Asks for the name of each column's type: names[i] is the caller's to free, NULL where
 * the database knows none.  As above.
 */
int sl_columns_types(struct sl_session *session, const struct sl_columns *columns, char **names,
                     struct sl_watch *watch, struct sl_error *err) SL_MUSTCHECK;

/*
 * Sets texts[i] for columns of a type that is not built in and that drivers hand
 * on as text: enums, and what calls itself a string, such as citext.  As above.
 */
int sl_columns_texts(struct sl_session *session, const struct sl_columns *columns, bool *texts,
                     struct sl_watch *watch, struct sl_error *err) SL_MUSTCHECK;

/*
 * Sets nested[i] for columns whose value is an array or object in JSON: arrays, rows,
 * and types of users with a cast to json, such as hstore.  The query gives it by
 * pg_catalog.to_json().  As above.
 */
int sl_columns_nested(struct sl_session *session, const struct sl_columns *columns, bool *nested,
                      struct sl_watch *watch, struct sl_error *err) SL_MUSTCHECK;

#endif
