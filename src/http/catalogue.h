/* What the files of the catalogue share: who sees it, as JSON, as a page and as OpenAPI. */
#ifndef SL_CATALOGUE_H
#define SL_CATALOGUE_H

#include "access/access.h"
#include "export/listing.h"
#include "http/request.h"

/*
 * The tables that are open to a caller, and why they are not known when they are not: the
 * named exports are, whatever the database says.
 */
struct sl_open_tables {
    struct sl_tables tables;
    struct sl_error trouble; /* kind SL_NONE: none */
};

/* Asks the database, but for HEAD. Free open->tables. */
void sl_catalogue_ask(const struct sl_request *request, const struct sl_caller *caller,
                      struct sl_open_tables *open); /* catalogue_tables.c, as the next three */

/* Each appends its part: members, sections, paths with a comma behind each. */
int sl_catalogue_tables_json(struct sl_buf *out, const struct sl_open_tables *open) SL_MUSTCHECK;
int sl_catalogue_tables_page(struct sl_buf *html, const struct sl_open_tables *open) SL_MUSTCHECK;
int sl_catalogue_tables_openapi(struct sl_buf *out, const struct sl_open_tables *open) SL_MUSTCHECK;

/*
 * Appends what all operations of files have: references to the format and the options, and
 * what comes behind the parameters, to the comma after the path.
 */
int sl_openapi_references(struct sl_buf *out) SL_MUSTCHECK; /* openapi.c */
int sl_openapi_responses(struct sl_buf *out) SL_MUSTCHECK;  /* openapi.c */

/* The page of the list: what the caller may run, and of the exports those with every word of `q`.
 */
int sl_catalogue_page(const struct sl_request *request, const struct sl_caller *caller,
                      const struct sl_open_tables *open,
                      struct sl_buf *html) SL_MUSTCHECK; /* catalogue_page.c */

/* Is it a browser that asks, one that would rather have HTML than JSON? */
bool sl_catalogue_for_people(const struct sl_request *request);

/* The caller is not known: a page for browsers, which says what to do; else a problem. */
enum MHD_Result sl_catalogue_refuse(struct sl_request *request, const struct sl_error *err);

/* The page of an export; checks access and method as all handlers do. */
enum MHD_Result sl_serve_export_page(struct sl_request *request); /* export_page.c */

/* A table that a page is asked for, and the caller's rights. */
struct sl_asked_table {
    struct sl_table_rights rights;
    struct sl_table_name name;
};

/* The same for a table, whose columns are the parameters of `export`; access was checked. */
enum MHD_Result sl_export_page_of_table(struct sl_request *request, const struct sl_caller *caller,
                                        const struct sl_export *export,
                                        const struct sl_asked_table *table); /* export_page.c */

/* The page of a table; checks access and method. */
enum MHD_Result sl_serve_table_page(struct sl_request *request); /* table_page.c */

/* Does the last segment of /tables/... name the page of a table? */
bool sl_table_page_named(const char *file);

/* Does the last segment of /exports/... name the page of an export? */
bool sl_export_page_named(const char *file);

#endif
