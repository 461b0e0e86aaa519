/*
 * A request becomes a query: the arguments of a URL or of the command line are
 * split into parameters of an export and options, checked, and turned into what
 * a run needs.  Values never enter the SQL text.
 */
#ifndef SL_QUERY_H
#define SL_QUERY_H

#include "catalog/export_file.h"
#include "catalog/format.h"
#include "catalog/names.h"

#define SL_MAX_ARGS 200

/* Decoded name=value pairs in the order given. Strings are owned by their maker. */
struct sl_arg {
    const char *name;
    const char *value;
};
struct sl_args {
    struct sl_arg *v;
    size_t n;
};

/*
 * The first line: _header=off, names (the default) or labels.  A preview has the names and then a
 * line of the columns' types, which no option asks for.
 */
enum sl_header { SL_HEADER_OFF, SL_HEADER_NAMES, SL_HEADER_LABELS, SL_HEADER_TYPES };

/* What a run runs. Owned by its run. */
struct sl_query {
    const struct sl_export *export; /* borrowed from the catalogue, or `own` */
    struct sl_export *own;          /* freed with the query; NULL: none */
    struct sl_table_ask *table;     /* what is asked of a table (filter.h); NULL: it runs its SQL */
    int64_t max_duration;           /* ms, of a preview; 0: the export's or configuration's */
    size_t n_values;
    char **values;             /* one per export parameter, NULL for SQL NULL */
    bool given[SL_MAX_PARAMS]; /* the value is the caller's own, no default */
    const struct sl_format *format;
    struct sl_style style; /* its dialect is the caller's, else the export's, else postgres */
    bool dialect_asked;    /* the caller chose it */
    bool bom_asked;        /* the caller wants one, rather than the dialect */
    enum sl_header header;
    char *timezone;          /* "" : the export's, else the configuration's */
    char *filename;          /* "" : the export's, else the default name */
    char *run_id;            /* "" : one is made; else a lower-case UUIDv4 */
    char *encoding;          /* "" : UTF-8 */
    struct sl_names columns; /* none: all, as the query has them */
    struct sl_names order;   /* none: the query's own */
    int64_t limit;           /* rows at most; -1 : all */
    char **labels;           /* by position in the query: a ticket's; NULL: none */
    size_t n_labels;
};

/*
 * Binds args to an export and a format.  Unknown, missing, repeated parameters are
 * SL_BAD_PARAMETER and name the parameter, its type and what the export takes;
 * an unknown option (leading underscore), or one that this version does not
 * have, is SL_BAD_REQUEST.  An empty value means left out.  Free with
 * sl_query_fini(), also after an error.
 */
int sl_query_bind(const struct sl_export *export, const struct sl_format *format,
                  const struct sl_args *args, struct sl_query *query,
                  struct sl_error *err) SL_MUSTCHECK;

void sl_query_fini(struct sl_query *query);

/* Puts a copy of the value in the place of a text that a query owns. */
int sl_query_replace(char **text, const char *value, struct sl_error *err) SL_MUSTCHECK;

#endif
