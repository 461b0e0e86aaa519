/* The open tables in the catalogue: as JSON, as a list of the page, as paths of OpenAPI. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "http/catalogue.h"
#include "http/input.h"
#include "http/link.h"
#include "http/page.h"

/* To the log; and to the caller in words that fit, as no export of his is at fault. */
static void tell(const struct sl_caller *caller, struct sl_error *trouble)
{
    char sqlstate[sizeof(trouble->sqlstate)];
    struct sl_line line;

    memcpy(sqlstate, trouble->sqlstate, sizeof(sqlstate));
    sl_log_begin(&line, SL_LOG_WARNING, "tables not listed");
    sl_log_str(&line, "who", caller->key);
    sl_log_str(&line, "kind", sl_kind_name(trouble->kind));
    sl_log_str(&line, "sqlstate", sqlstate);
    sl_log_str(&line, "reason", trouble->message);
    sl_log_str(&line, "detail", trouble->detail);
    sl_log_end(&line);
    if (trouble->kind == SL_SQL)
        sl_error_set(trouble, SL_SQL, "the database refused to list them with SQLSTATE %s",
                     sqlstate);
}

void sl_catalogue_ask(const struct sl_request *request, const struct sl_caller *caller,
                      struct sl_open_tables *open)
{
    *open = (struct sl_open_tables){.trouble = {.kind = SL_NONE}};
    if (request->method != SL_GET)
        return;
    if (sl_listing(request->http->service, request->setup->config, caller,
                   sl_conn_fd(request->conn), &open->tables, &open->trouble) == 0)
        open->trouble.kind = SL_NONE;
    else
        tell(caller, &open->trouble);
}

/* "/tables/public.orders", without an ending. */
static int put_path(struct sl_buf *out, const struct sl_listed_table *table)
{
    if (sl_buf_puts(out, "tables/") != 0 || sl_link_escape(out, table->schema) != 0 ||
        sl_buf_putc(out, '.') != 0)
        return -1;
    return sl_link_escape(out, table->name);
}

static int table_json(struct sl_buf *out, const struct sl_listed_table *table)
{
    if (sl_buf_putc(out, '{') != 0 || sl_json_member(out, "schema", table->schema) != 0 ||
        sl_json_member(out, "name", table->name) != 0 ||
        sl_json_member(out, "title", table->title) != 0 || sl_json_name(out, "path") != 0 ||
        sl_buf_puts(out, "\"/") != 0 || put_path(out, table) != 0 ||
        sl_buf_puts(out, ".csv\"") != 0 || sl_json_name(out, "estimated_rows") != 0)
        return -1;
    if ((table->estimated_rows < 0
             ? sl_buf_puts(out, "null")
             : sl_buf_printf(out, "%lld", (long long)table->estimated_rows)) != 0 ||
        sl_json_name(out, "columns") != 0 || sl_buf_putc(out, '[') != 0)
        return -1;
    for (size_t i = 0; i < table->n; i++)
        if (sl_buf_puts(out, i > 0 ? ",{" : "{") != 0 ||
            sl_json_member(out, "name", table->columns[i].name) != 0 ||
            sl_json_member(out, "type", table->columns[i].type) != 0 || sl_buf_putc(out, '}') != 0)
            return -1;
    return sl_buf_puts(out, "]}");
}

int sl_catalogue_tables_json(struct sl_buf *out, const struct sl_open_tables *open)
{
    if (sl_json_name(out, "tables") != 0 || sl_buf_putc(out, '[') != 0)
        return -1;
    for (size_t i = 0; i < open->tables.n; i++)
        if ((i > 0 && sl_buf_putc(out, ',') != 0) || table_json(out, &open->tables.v[i]) != 0)
            return -1;
    if (sl_buf_putc(out, ']') != 0)
        return -1;
    if (open->tables.more && sl_json_member(out, "tables_problem", "there are more") != 0)
        return -1;
    return open->trouble.kind == SL_NONE
               ? 0
               : sl_json_member(out, "tables_problem", open->trouble.message);
}

static int put_file_link(struct sl_buf *html, const struct sl_listed_table *table, const char *path,
                         const char *ending)
{
    return sl_page_put(html, "<a href=\"%s.%s\" aria-label=\"%s of %s.%s\">%s</a> ", path, ending,
                       ending, table->schema, table->name, ending);
}

static int put_table_head(struct sl_buf *html, const struct sl_listed_table *table,
                          const char *path)
{
    char rows[48] = "";

    if (table->estimated_rows >= 0)
        snprintf(rows, sizeof(rows), "About %lld rows. ", (long long)table->estimated_rows);
    if (sl_page_put(html, "<li><a href=\"%s.html\">%s.%s</a>", path, table->schema, table->name) !=
        0)
        return -1;
    if (table->title[0] != '\0' && sl_page_put(html, "<p>%s</p>", table->title) != 0)
        return -1;
    return sl_page_put(html, "<p>%sFiles: ", rows);
}

static int put_columns(struct sl_buf *html, const struct sl_listed_table *table)
{
    if (sl_buf_puts(html, "<details><summary>Columns</summary><p>") != 0)
        return -1;
    for (size_t i = 0; i < table->n; i++)
        if (sl_page_put(html, "%s<code>%s</code> %s", i > 0 ? ", " : "", table->columns[i].name,
                        table->columns[i].type) != 0)
            return -1;
    return sl_buf_puts(html, "</p></details></li>\n");
}

static int put_table(struct sl_buf *html, const struct sl_listed_table *table)
{
    struct sl_buf path;
    int rc = -1;

    sl_buf_init(&path, SL_TARGET_MAX);
    if (put_path(&path, table) == 0 && put_table_head(html, table, path.data) == 0 &&
        put_file_link(html, table, path.data, "csv") == 0 &&
        put_file_link(html, table, path.data, "tsv") == 0 &&
        put_file_link(html, table, path.data, "jsonl") == 0 && sl_buf_puts(html, "</p>") == 0)
        rc = put_columns(html, table);
    sl_buf_free(&path);
    return rc;
}

int sl_catalogue_tables_page(struct sl_buf *html, const struct sl_open_tables *open)
{
    if (open->trouble.kind != SL_NONE &&
        sl_page_put(html,
                    "<h2>Tables</h2>\n<p class=\"notice bad\">They are not known now: %s</p>\n",
                    open->trouble.message) != 0)
        return -1;
    if (open->tables.n == 0)
        return 0;
    if (sl_buf_puts(html, "<h2>Tables</h2>\n<ul class=\"list\">\n") != 0)
        return -1;
    for (size_t i = 0; i < open->tables.n; i++)
        if (put_table(html, &open->tables.v[i]) != 0)
            return -1;
    return sl_buf_puts(html, open->tables.more ? "</ul>\n<p class=\"soft\">There are more.</p>\n"
                                               : "</ul>\n");
}

/* A filter for equality; an option stands before a column of its name. */
static int put_filter(struct sl_buf *out, const struct sl_listed_column *column)
{
    if (column->name[0] == '_')
        return 0;
    if (sl_buf_puts(out, ",{") != 0 || sl_json_member(out, "name", column->name) != 0 ||
        sl_json_member(out, "in", "query") != 0 ||
        sl_json_member(out, "description", column->type) != 0)
        return -1;
    return sl_buf_printf(out, ",\"schema\":{%s}}", sl_input_of(column->type)->schema);
}

static int put_operation(struct sl_buf *out, const struct sl_listed_table *table)
{
    char name[SL_TABLE_NAME_MAX + 8];

    snprintf(name, sizeof(name), "table:%s.%s", table->schema, table->name);
    if (sl_buf_puts(out, "\n\"/") != 0 || put_path(out, table) != 0 ||
        sl_buf_puts(out, ".{format}\":{\"get\":{\"tags\":[\"tables\"]") != 0 ||
        sl_json_member(out, "operationId", name) != 0 ||
        sl_json_member(out, "summary", name + strlen("table:")) != 0 ||
        sl_json_member(out, "description",
                       "A column is equal to its value; COLUMN__LOOKUP compares otherwise, and a ! "
                       "behind either excludes.") != 0 ||
        sl_buf_puts(out, ",\"parameters\":[") != 0 || sl_openapi_references(out) != 0)
        return -1;
    for (size_t i = 0; i < table->n; i++)
        if (put_filter(out, &table->columns[i]) != 0)
            return -1;
    return sl_openapi_responses(out);
}

int sl_catalogue_tables_openapi(struct sl_buf *out, const struct sl_open_tables *open)
{
    for (size_t i = 0; i < open->tables.n; i++)
        if (put_operation(out, &open->tables.v[i]) != 0)
            return -1;
    return 0;
}
