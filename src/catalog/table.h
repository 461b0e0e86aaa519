/*
 * A table, view or foreign table as the database describes it to the role that asks, and
 * only what the caller may see of it: what is hidden, or not to be selected, is not in
 * here, and nothing else can therefore name it.
 */
#ifndef SL_TABLE_H
#define SL_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "catalog/rights.h"
#include "pg/ask.h"

/* How lookups treat a type; a domain is what it is based on. */
enum sl_type_kind {
    SL_TYPE_PLAIN,
    SL_TYPE_CITEXT,
    SL_TYPE_INET, /* cidr, too */
    SL_TYPE_JSON,
    SL_TYPE_KEYED, /* jsonb, hstore: @> and ? */
    SL_TYPE_ARRAY,
    SL_TYPE_RANGE,
    SL_TYPE_MULTIRANGE,
    SL_TYPE_DATE,
    SL_TYPE_TIMESTAMP,
    SL_TYPE_TIMESTAMPTZ
};

struct sl_table_column {
    char *name;
    char *type; /* for people, as format_type() prints it: "numeric(12,2)" */
    char *cast; /* what a value for it is cast to, quoted as SQL needs it: no domain, no modifier */
    char *element; /* of a range: what it is a range of, likewise; NULL: no range */
    unsigned oid;  /* of `cast` */
    enum sl_type_kind kind;
    bool nullable;
    /* What it is a foreign key to, when the caller may export that; NULL: nothing. */
    char *to_schema;
    char *to_table;
    char *to_column;
};

struct sl_table {
    char *schema;
    char *name;
    char *timezone; /* of the session, as the server calls it */
    struct sl_table_column *columns;
    size_t n;
    bool closed; /* it has columns, but none that the caller may see */
};

/*
 * Asks once, in a transaction that has its settings.  SL_NOT_FOUND: there is no such
 * table.  Free with sl_table_free(), also after an error; empty before.
 */
int sl_table_describe(struct sl_session *session, const struct sl_table_rights *rights,
                      const char *schema, const char *name, struct sl_watch *watch,
                      struct sl_table *table, struct sl_error *err) SL_MUSTCHECK;

void sl_table_free(struct sl_table *table);

/* The message for what is closed, hidden or not there at all: it must not tell which. */
int sl_table_not_found(struct sl_error *err);

#endif
