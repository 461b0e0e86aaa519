#include "catalog/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Tables of the database among which the patterns choose. */
#define LOOKED_AT 20000
#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

/* Columns of all tables together: they bound what the answer and the catalogue take. */
#define COLUMNS_MAX 20000

/* Bytes of an array of object ids as text: ten digits and a comma each. */
#define OIDS_MAX (11 * (size_t)SL_TABLES_MAX + 2)

/*
 * All that could be open, of which the patterns choose.  The limit bounds what the answer
 * takes in memory; operators are qualified, so that no search_path matters.
 */
static const char relations[] =
    "SELECT c.oid, n.nspname, c.relname, c.reltuples::pg_catalog.int8"
    " FROM pg_catalog.pg_class AS c"
    " JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace"
    " WHERE c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p,v,m,f}'::pg_catalog.\"char\"[])"
    " AND NOT c.relispartition AND NOT pg_catalog.starts_with(n.nspname::pg_catalog.text, 'pg_')"
    " AND n.nspname OPERATOR(pg_catalog.<>) 'information_schema'"
    " AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')"
    " AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT')"
    " ORDER BY n.nspname, c.relname LIMIT " TEXT(LOOKED_AT);

enum relation { OID, SCHEMA, NAME, ROWS };

static const char columns[] =
    "SELECT o.i, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),"
    " CASE pg_catalog.row_number() OVER (PARTITION BY o.i ORDER BY a.attnum) WHEN 1 THEN"
    " pg_catalog.left(pg_catalog.obj_description(o.oid, 'pg_class'), 1000) END"
    " FROM pg_catalog.unnest($1::pg_catalog.oid[]) WITH ORDINALITY AS o(oid, i)"
    " JOIN pg_catalog.pg_attribute AS a ON a.attrelid OPERATOR(pg_catalog.=) o.oid"
    " AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped"
    " WHERE pg_catalog.has_column_privilege(o.oid, a.attnum, 'SELECT') ORDER BY o.i, a.attnum"
    " LIMIT $2";

/* The comment on the table comes with its first column. */
enum column { PLACE, COLUMN, TYPE, TITLE };

static int keep(const struct sl_answer *answer, int row, int column, char **text,
                struct sl_error *err)
{
    const char *value = sl_answer_text(answer, row, column);

    *text = strdup(value != NULL ? value : "");
    return *text != NULL ? 0 : sl_error_nomem(err);
}

static int keep_table(const struct sl_answer *answer, int row, struct sl_listed_table *table,
                      struct sl_error *err)
{
    const char *rows = sl_answer_text(answer, row, ROWS);

    table->estimated_rows = rows != NULL ? strtoll(rows, NULL, 10) : -1;
    if (keep(answer, row, SCHEMA, &table->schema, err) != 0)
        return -1;
    return keep(answer, row, NAME, &table->name, err);
}

/* The tables that are open, and their object ids as an array. */
static int choose(const struct sl_answer *answer, const struct sl_table_rights *rights,
                  struct sl_tables *tables, struct sl_buf *oids, struct sl_error *err)
{
    tables->v = calloc(SL_TABLES_MAX, sizeof(*tables->v));
    if (tables->v == NULL)
        return sl_error_nomem(err);
    for (int i = 0; i < sl_answer_rows(answer); i++) {
        /* In a path a schema ends at the first dot. */
        if (strchr(sl_answer_text(answer, i, SCHEMA), '.') != NULL ||
            !sl_rights_table(rights, sl_answer_text(answer, i, SCHEMA),
                             sl_answer_text(answer, i, NAME)))
            continue;
        if (tables->n == SL_TABLES_MAX) {
            tables->more = true;
            break;
        }
        if (sl_buf_printf(oids, "%c%s", tables->n == 0 ? '{' : ',',
                          sl_answer_text(answer, i, OID)) != 0)
            return sl_error_nomem(err);
        if (keep_table(answer, i, &tables->v[tables->n++], err) != 0)
            return -1;
    }
    tables->more = tables->more || sl_answer_rows(answer) == LOOKED_AT;
    return sl_buf_puts(oids, tables->n == 0 ? "{}" : "}") == 0 ? 0 : sl_error_nomem(err);
}

static int add_column(const struct sl_answer *answer, int row, struct sl_listed_table *table,
                      struct sl_error *err)
{
    struct sl_listed_column *grown =
        realloc(table->columns, (table->n + 1) * sizeof(*table->columns));

    if (grown == NULL)
        return sl_error_nomem(err);
    table->columns = grown;
    grown[table->n] = (struct sl_listed_column){NULL, NULL};
    struct sl_listed_column *column = &grown[table->n++];
    if (keep(answer, row, COLUMN, &column->name, err) != 0)
        return -1;
    return keep(answer, row, TYPE, &column->type, err);
}

static void free_table(struct sl_listed_table *table)
{
    for (size_t i = 0; i < table->n; i++) {
        free(table->columns[i].name);
        free(table->columns[i].type);
    }
    free(table->columns);
    free(table->schema);
    free(table->name);
    free(table->title);
}

/* The columns of the table at that place may be cut off, and those behind it have none. */
static void cut(struct sl_tables *tables, size_t place)
{
    while (tables->n >= place)
        free_table(&tables->v[--tables->n]);
    tables->more = true;
}

static int add_columns(const struct sl_answer *answer, const struct sl_table_rights *rights,
                       struct sl_tables *tables, struct sl_error *err)
{
    size_t place = 0;

    for (int i = 0; i < sl_answer_rows(answer); i++) {
        place = strtoul(sl_answer_text(answer, i, PLACE), NULL, 10);

        if (place == 0 || place > tables->n)
            return sl_error_set(err, SL_INTERNAL, "a column is of no table that was asked for");
        struct sl_listed_table *table = &tables->v[place - 1];
        if (table->title == NULL && keep(answer, i, TITLE, &table->title, err) != 0)
            return -1;
        if (!sl_rights_hidden(rights, table->schema, table->name,
                              sl_answer_text(answer, i, COLUMN)) &&
            add_column(answer, i, table, err) != 0)
            return -1;
    }
    if (sl_answer_rows(answer) == COLUMNS_MAX)
        cut(tables, place);
    return 0;
}

/* A table all of whose columns are hidden cannot be exported. */
static void drop_empty(struct sl_tables *tables)
{
    size_t kept = 0;

    for (size_t i = 0; i < tables->n; i++) {
        if (tables->v[i].n > 0)
            tables->v[kept++] = tables->v[i];
        else
            free_table(&tables->v[i]);
    }
    tables->n = kept;
}

int sl_tables_list(struct sl_session *session, const struct sl_table_rights *rights,
                   struct sl_watch *watch, struct sl_tables *tables, struct sl_error *err)
{
    struct sl_answer *answer = sl_ask(session, relations, 0, NULL, watch, err);
    struct sl_buf oids;
    char most[16];
    int rc = -1;

    snprintf(most, sizeof(most), "%d", COLUMNS_MAX);

    sl_buf_init(&oids, OIDS_MAX);
    if (answer == NULL || choose(answer, rights, tables, &oids, err) != 0)
        goto out;
    sl_answer_free(answer);
    const char *const values[] = {oids.data, most};
    answer = sl_ask(session, columns, 2, values, watch, err);
    if (answer == NULL || add_columns(answer, rights, tables, err) != 0)
        goto out;
    drop_empty(tables);
    rc = 0;
out:
    sl_answer_free(answer);
    sl_buf_free(&oids);
    return rc;
}

void sl_tables_free(struct sl_tables *tables)
{
    for (size_t i = 0; i < tables->n; i++)
        free_table(&tables->v[i]);
    free(tables->v);
    *tables = (struct sl_tables){0};
}
