/* The tables that a caller may export, for the catalogue. */
#ifndef SL_TABLES_H
#define SL_TABLES_H

#include <stdint.h>

#include "catalog/rights.h"
#include "pg/ask.h"

/* As many as a page can show and anyone read. */
#define SL_TABLES_MAX 1000

struct sl_listed_column {
    char *name;
    char *type; /* as format_type() prints it: "numeric(12,2)" */
};

struct sl_listed_table {
    char *schema;
    char *name;
    char *title;            /* its comment, cut at 1000 characters; "" : none */
    int64_t estimated_rows; /* the planner's statistics, -1: not known */
    struct sl_listed_column *columns;
    size_t n;
};

struct sl_tables {
    struct sl_listed_table *v; /* by schema and name */
    size_t n;
    bool more; /* there are more, or they have too many columns for all to be told */
};

/*
 * Asks for them, in a transaction that has its role: only what that role may select, and no
 * hidden column.  Partitions are left out, as the table that they are of shows their rows.
 * The session has nothing under way, in a pipeline or not; after -1 it is of no further
 * use.  Free with sl_tables_free(), also after an error; empty before.
 */
int sl_tables_list(struct sl_session *session, const struct sl_table_rights *rights,
                   struct sl_watch *watch, struct sl_tables *tables,
                   struct sl_error *err) SL_MUSTCHECK;

void sl_tables_free(struct sl_tables *tables);

#endif
