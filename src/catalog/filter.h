/*
 * What a request asks of a table: its name, and filters, which are Django's lookups
 * (`total__gte=5`, `status!=paid`).  Which columns there are is the database's to say, once
 * the run has its transaction: see catalog/table_query.h.
 */
#ifndef SL_FILTER_H
#define SL_FILTER_H

#include "catalog/query.h"
#include "catalog/rights.h"

struct sl_filter {
    char *name;   /* as it was given: for messages */
    char *key;    /* without the ! */
    bool negated; /* there was one: Django's exclude() */
    char *value;  /* UTF-8, not empty */
};

struct sl_table_ask {
    struct sl_table_rights rights; /* texts of the configuration, which the run's setup holds */
    struct sl_table_name name;
    struct sl_filter *filters;
    size_t n;
};

/*
 * As sl_query_bind(), for a table that is open to the caller: arguments that are no options
 * are filters.  The query has an export of its own, named schema.table.  A filter that is
 * given twice is SL_BAD_PARAMETER; an empty value means left out.
 */
int sl_table_bind(const struct sl_table_rights *rights, const struct sl_table_name *name,
                  const struct sl_format *format, const struct sl_args *args,
                  struct sl_query *query, struct sl_error *err) SL_MUSTCHECK;

void sl_table_ask_free(struct sl_table_ask *ask); /* NULL is nothing */

#endif
