#include "pg/columns.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "pg/internal.h"

/* Array literals: 1664 columns, 11 bytes for each number. */
#define ARRAY_MAX 32768

/* Type OIDs below this are PostgreSQL's own (access/transam.h, FirstNormalObjectId). */
#define FIRST_USER_OID 16384

int sl_pg_columns(const PGresult *result, struct sl_columns *columns, struct sl_error *err)
{
    int n = PQnfields(result);

    columns->names = calloc((size_t)n + 1, sizeof *columns->names); /* never calloc(0) */
    columns->columns = calloc((size_t)n + 1, sizeof *columns->columns);
    if (columns->names == NULL || columns->columns == NULL)
        return sl_error_nomem(err);
    for (; columns->n < n; columns->n++) {
        int i = columns->n;
        char *name = strdup(PQfname(result, i));

        if (name == NULL)
            return sl_error_nomem(err);
        columns->names[i] = (struct sl_cell){name, (int)strlen(name)};
        columns->columns[i] = (struct sl_column){
            .type = PQftype(result, i),
            .table = PQftable(result, i),
            .number = PQftablecol(result, i),
        };
    }
    return 0;
}

void sl_columns_free(struct sl_columns *columns)
{
    for (int i = 0; i < columns->n; i++)
        free((char *)(uintptr_t)columns->names[i].data);
    free(columns->names);
    free(columns->columns);
    *columns = (struct sl_columns){0};
}

int sl_columns_find(const struct sl_columns *columns, const char *name)
{
    for (int i = 0; i < columns->n; i++)
        if (strcmp(columns->names[i].data, name) == 0)
            return i;
    return -1;
}

/* One array literal, of what number() tells of each column. */
static int array(struct sl_buf *text, const struct sl_columns *columns,
                 long long (*number)(const struct sl_column *column))
{
    text->len = 0;
    for (int i = 0; i < columns->n; i++)
        if (sl_buf_printf(text, "%c%lld", i == 0 ? '{' : ',', number(&columns->columns[i])) < 0)
            return -1;
    return sl_buf_puts(text, columns->n == 0 ? "{}" : "}");
}

static long long table_of(const struct sl_column *column)
{
    return column->table;
}

static long long number_of(const struct sl_column *column)
{
    return column->number;
}

static long long type_of(const struct sl_column *column)
{
    return column->type;
}

static int keep_texts(const PGresult *result, int n, char **texts, struct sl_error *err)
{
    for (int i = 0; i < PQntuples(result) && i < n; i++) {
        if (PQgetisnull(result, i, 0))
            continue;
        texts[i] = strdup(PQgetvalue(result, i, 0));
        if (texts[i] == NULL)
            return sl_error_nomem(err);
    }
    return 0;
}

int sl_columns_comments(struct sl_session *session, const struct sl_columns *columns, char **texts,
                        struct sl_watch *watch, struct sl_error *err)
{
    /* In the order of the arrays; without an operator, so that no search_path matters. */
    static const char sql[] = "SELECT pg_catalog.left(pg_catalog.col_description(c.t, c.n), 1000)"
                              " FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.oid[]),"
                              " pg_catalog.unnest($2::pg_catalog.int4[])) AS c(t, n)";
    struct sl_buf tables;
    struct sl_buf numbers;
    PGresult *result = NULL;
    int rc = -1;

    sl_buf_init(&tables, ARRAY_MAX);
    sl_buf_init(&numbers, ARRAY_MAX);
    if (array(&tables, columns, table_of) < 0 || array(&numbers, columns, number_of) < 0) {
        sl_error_nomem(err);
        goto out;
    }
    const char *const values[] = {tables.data, numbers.data};
    if (sl_pg_ask(session, sql, 2, values, watch, &result, err) < 0)
        goto out;
    rc = keep_texts(result, columns->n, texts, err);
    PQclear(result);
out:
    sl_buf_free(&tables);
    sl_buf_free(&numbers);
    return rc;
}

int sl_columns_types(struct sl_session *session, const struct sl_columns *columns, char **names,
                     struct sl_watch *watch, struct sl_error *err)
{
    static const char sql[] = "SELECT pg_catalog.format_type(c.type, NULL)"
                              " FROM pg_catalog.unnest($1::pg_catalog.oid[])"
                              " WITH ORDINALITY AS c(type, i) ORDER BY c.i";
    struct sl_buf types;
    PGresult *result = NULL;
    int rc = -1;

    sl_buf_init(&types, ARRAY_MAX);
    const char *values[1];
    if (array(&types, columns, type_of) < 0) {
        sl_error_nomem(err);
        goto out;
    }
    values[0] = types.data;
    if (sl_pg_ask(session, sql, 1, values, watch, &result, err) < 0)
        goto out;
    rc = keep_texts(result, columns->n, names, err);
    PQclear(result);
out:
    sl_buf_free(&types);
    return rc;
}

/* Asks a question about the type of each column, whose answer is one bool for each. */
static int ask_types(struct sl_session *session, const struct sl_columns *columns, const char *sql,
                     bool *flags, struct sl_watch *watch, struct sl_error *err)
{
    struct sl_buf types;
    PGresult *result = NULL;
    int rc = -1;

    sl_buf_init(&types, ARRAY_MAX);
    if (array(&types, columns, type_of) < 0) {
        sl_error_nomem(err);
        goto out;
    }
    const char *const values[] = {types.data};
    if (sl_pg_ask(session, sql, 1, values, watch, &result, err) < 0)
        goto out;
    for (int i = 0; i < columns->n && i < PQntuples(result); i++)
        flags[i] = strcmp(PQgetvalue(result, i, 0), "t") == 0;
    PQclear(result);
    rc = 0;
out:
    sl_buf_free(&types);
    return rc;
}

/* The types of $1 in its order; without an operator that a search_path could replace. */
#define FROM_TYPES                                                                                 \
    " FROM pg_catalog.unnest($1::pg_catalog.oid[]) WITH ORDINALITY AS c(type, i)"                  \
    " LEFT JOIN pg_catalog.pg_type AS t ON t.oid OPERATOR(pg_catalog.=) c.type ORDER BY c.i"

int sl_columns_texts(struct sl_session *session, const struct sl_columns *columns, bool *texts,
                     struct sl_watch *watch, struct sl_error *err)
{
    static const char sql[] = "SELECT t.typcategory OPERATOR(pg_catalog.=) ANY "
                              "('{S,E}'::pg_catalog.\"char\"[])" FROM_TYPES;
    int unknown = 0;

    for (int i = 0; i < columns->n; i++)
        unknown += columns->columns[i].type >= FIRST_USER_OID;
    if (unknown == 0)
        return 0;
    if (ask_types(session, columns, sql, texts, watch, err) < 0)
        return -1;
    for (int i = 0; i < columns->n; i++)
        texts[i] = texts[i] && columns->columns[i].type >= FIRST_USER_OID;
    return 0;
}

int sl_columns_nested(struct sl_session *session, const struct sl_columns *columns, bool *nested,
                      struct sl_watch *watch, struct sl_error *err)
{
    /*
     * As to_json() itself decides (json_categorize_type() of PostgreSQL): true arrays, rows, and
     * types of users with a function that casts to json. 2249 is record, 2277 anyarray, 114 json.
     */
    static const char sql[] =
        "SELECT t.typsubscript OPERATOR(pg_catalog.=)"
        " 'pg_catalog.array_subscript_handler(internal)'::pg_catalog.regprocedure"
        " OR t.typtype OPERATOR(pg_catalog.=) 'c'"
        " OR t.oid OPERATOR(pg_catalog.=) ANY ('{2249,2277}'::pg_catalog.oid[])"
        " OR (t.oid OPERATOR(pg_catalog.>=) 16384 AND EXISTS (SELECT FROM pg_catalog.pg_cast AS k"
        " WHERE k.castsource OPERATOR(pg_catalog.=) t.oid"
        " AND k.casttarget OPERATOR(pg_catalog.=) 114"
        " AND k.castmethod OPERATOR(pg_catalog.=) 'f'))" FROM_TYPES;

    return columns->n == 0 ? 0 : ask_types(session, columns, sql, nested, watch, err);
}
