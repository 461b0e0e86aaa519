/*
 * The page of a table, `/tables/{schema}.{table}.html`: that of an export which has a
 * parameter for each column, a filter for equality; a field of its own takes any other.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access/access.h"
#include "catalog/table.h"
#include "http/catalogue.h"
#include "http/guard.h"
#include "http/reply.h"

#define METHODS (SL_GET | SL_HEAD)
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define ENDING ".html"

bool sl_table_page_named(const char *file)
{
    size_t len = strlen(file);

    return len > strlen(ENDING) && strcmp(file + len - strlen(ENDING), ENDING) == 0;
}

/* Can it be in an id of HTML, and is it no option? */
static bool has_field(const char *column)
{
    return strspn(column, LETTERS "_0123456789") == strlen(column) && column[0] != '_';
}

static int add_column(struct sl_export *export, const struct sl_listed_column *column)
{
    struct sl_param *param = &export->params[export->n_params];

    if (export->n_params == SL_MAX_PARAMS || !has_field(column->name))
        return 0;
    export->n_params++;
    *param = (struct sl_param){.nullable = true};
    param->name = strdup(column->name);
    param->type = strdup(column->type);
    param->text = strdup("");
    return param->name != NULL && param->type != NULL && param->text != NULL ? 0 : -1;
}

/* NULL: no memory. */
static struct sl_export *make_export(const char *name, const struct sl_listed_table *table)
{
    struct sl_export *export = sl_export_new(name, "table");

    if (export == NULL || table == NULL)
        return export;
    free(export->description);
    export->description = strdup(table->title);
    export->params = calloc(SL_MAX_PARAMS, sizeof(*export->params));
    bool made = export->description != NULL && export->params != NULL;
    for (size_t i = 0; made && i < table->n; i++)
        made = add_column(export, &table->columns[i]) == 0;
    if (made)
        return export;
    sl_export_free(export);
    return NULL;
}

static const struct sl_listed_table *find(const struct sl_tables *tables,
                                          const struct sl_table_name *name)
{
    for (size_t i = 0; i < tables->n; i++)
        if (strcmp(tables->v[i].schema, name->schema) == 0 &&
            strcmp(tables->v[i].name, name->table) == 0)
            return &tables->v[i];
    return NULL;
}

/* With what the database has said of the table, which HEAD has not asked. */
static enum MHD_Result serve(struct sl_request *request, const struct sl_caller *caller,
                             const struct sl_asked_table *asked, const struct sl_open_tables *open)
{
    const struct sl_listed_table *table = find(&open->tables, &asked->name);
    char name[SL_TABLE_NAME_MAX];
    struct sl_error err;

    if (table == NULL && request->method == SL_GET) {
        if (open->trouble.kind != SL_NONE)
            return sl_reply_problem(request, &open->trouble, NULL, 0);
        sl_table_not_found(&err);
        return sl_reply_problem(request, &err, NULL, 0);
    }
    snprintf(name, sizeof(name), "%s.%s", asked->name.schema, asked->name.table);
    struct sl_export *export = make_export(name, table);
    if (export == NULL) {
        sl_error_nomem(&err);
        return sl_reply_problem(request, &err, NULL, 0);
    }
    enum MHD_Result result = sl_export_page_of_table(request, caller, export, asked);
    sl_export_free(export);
    return result;
}

enum MHD_Result sl_serve_table_page(struct sl_request *request)
{
    const char *file = sl_request_segment(request, 1);
    struct sl_asked_table asked;
    struct sl_open_tables open;
    struct sl_caller caller;
    struct sl_error err;

    if (sl_access_identify(request->setup->config, request->fields.authorization, &caller, &err) !=
        0)
        return sl_catalogue_refuse(request, &err);
    sl_access_tables(request->setup->config, &caller, &asked.rights);
    if (!sl_table_name_read(file, (int)(strlen(file) - strlen(ENDING)), &asked.name) ||
        !sl_rights_table(&asked.rights, asked.name.schema, asked.name.table)) {
        sl_table_not_found(&err);
        return sl_reply_problem(request, &err, NULL, 0);
    }
    if (sl_guard_method(request, METHODS, &err) != 0)
        return sl_reply_problem(request, &err, NULL, METHODS);
    sl_catalogue_ask(request, &caller, &open);
    enum MHD_Result result = serve(request, &caller, &asked, &open);
    sl_tables_free(&open.tables);
    return result;
}
