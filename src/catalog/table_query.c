#include "catalog/table_query.h"

#include <stdlib.h>
#include <string.h>

#include "catalog/shape.h"
#include "catalog/table_resolve.h"
#include "pg/settings.h"

#define TABLE "t"
#define JOIN "j%zu"
/* j and a number, a dot, and a name whose every byte is a quote. */
#define EXPRESSION_MAX (24 + 2 * SL_IDENTIFIER_MAX + 3)

void sl_table_query_init(struct sl_table_query *made)
{
    *made = (struct sl_table_query){0};
    sl_buf_init(&made->from, SL_SQL_MAX);
    sl_buf_init(&made->sql, SL_SQL_MAX);
}

static int put(const struct sl_table_making *making, struct sl_buf *sql, const char *text)
{
    return sl_buf_puts(sql, text) == 0 ? 0 : sl_error_nomem(making->err);
}

static int put_name(const struct sl_table_making *making, struct sl_buf *sql, const char *name)
{
    return sl_quote_name(making->session, name, sql, making->err);
}

/* t."name" or j1."name". */
static int put_column(const struct sl_table_making *making, struct sl_buf *sql, size_t join,
                      const char *name)
{
    int rc = join == 0 ? sl_buf_puts(sql, TABLE ".") : sl_buf_printf(sql, JOIN ".", join);

    return rc != 0 ? sl_error_nomem(making->err) : put_name(making, sql, name);
}

static int put_table(const struct sl_table_making *making, const struct sl_table *table)
{
    struct sl_buf *sql = &making->made->from;

    if (put_name(making, sql, table->schema) != 0 || put(making, sql, ".") != 0)
        return -1;
    return put_name(making, sql, table->name);
}

/* Inner, where Django's is: a row without a target is out already, or there is none. */
static int put_join(const struct sl_table_making *making, size_t i)
{
    const struct sl_table_join *join = &making->made->joins[i];
    struct sl_buf *sql = &making->made->from;
    bool inner = join->required || (join->filtered && !join->foreign->nullable);

    if (put(making, sql, inner ? " JOIN " : " LEFT JOIN ") != 0 ||
        put_table(making, &join->target) != 0)
        return -1;
    if (sl_buf_printf(sql, " AS " JOIN " ON ", i + 1) != 0)
        return sl_error_nomem(making->err);
    if (put_column(making, sql, 0, join->foreign->name) != 0 || put(making, sql, " = ") != 0)
        return -1;
    return put_column(making, sql, i + 1, join->foreign->to_column);
}

static int put_term(const struct sl_table_making *making, size_t i)
{
    struct sl_table_query *made = making->made;
    struct sl_table_term *term = &made->terms[i];
    struct sl_buf expression;
    int rc = -1;

    sl_buf_init(&expression, EXPRESSION_MAX);
    term->begin = made->from.len;
    if (put_column(making, &expression, term->join, term->column->name) != 0 ||
        put(making, &made->from, i == 0 ? " WHERE " : " AND ") != 0)
        goto out;
    const struct sl_condition condition = {
        .expression = expression.data,
        .column = term->column,
        .lookup = term->lookup,
        .negated = term->filter->negated,
        .nullable = term->column->nullable || term->join > 0,
        .value = term->filter->value,
        .parameter = term->filter->name,
        .owner = i,
        .timezone = made->table.timezone,
    };
    rc = sl_condition_put(&condition, &made->binds, &made->from, making->err);
out:
    sl_buf_free(&expression);
    return rc;
}

static int put_from(const struct sl_table_making *making)
{
    struct sl_table_query *made = making->made;

    if (put_table(making, &made->table) != 0 || put(making, &made->from, " AS " TABLE) != 0)
        return -1;
    for (size_t i = 0; i < made->n_joins; i++)
        if (made->joins[i].used && put_join(making, i) != 0)
            return -1;
    for (size_t i = 0; i < made->n_terms; i++)
        if (put_term(making, i) != 0)
            return -1;
    return 0;
}

/* The column that stands in place i of the statement's source. */
static const struct sl_table_column *column_at(const struct sl_table_query *made, size_t i)
{
    return i < made->table.n ? &made->table.columns[i] : made->extras[i - made->table.n].column;
}

/* The table's own columns, then what `_columns` and `_order` name beyond them. */
static int put_columns(const struct sl_table_making *making, const char **names, char **expressions)
{
    const struct sl_table_query *made = making->made;

    for (size_t i = 0; i < made->table.n + made->n_extras; i++) {
        const struct sl_table_extra *extra =
            i < made->table.n ? NULL : &made->extras[i - made->table.n];
        const struct sl_table_column *column = column_at(made, i);
        struct sl_buf text;

        sl_buf_init(&text, EXPRESSION_MAX);
        if (put_column(making, &text, extra != NULL ? extra->join : 0, column->name) != 0) {
            sl_buf_free(&text);
            return -1;
        }
        names[i] = extra != NULL ? extra->name : column->name;
        expressions[i] = sl_buf_take(&text);
        if (expressions[i] == NULL)
            return sl_error_nomem(making->err);
    }
    return 0;
}

/* All of the table's own columns, for a request that chooses none; free() v. */
static int own_columns(const struct sl_table_making *making, struct sl_names *columns)
{
    const struct sl_table *table = &making->made->table;

    columns->v = calloc(table->n + 1, sizeof(*columns->v));
    if (columns->v == NULL)
        return sl_error_nomem(making->err);
    for (columns->n = 0; columns->n < table->n; columns->n++)
        columns->v[columns->n].text = table->columns[columns->n].name;
    return 0;
}

/* Which of them have to be written by to_json(). */
static int find_nested(const struct sl_table_making *making, size_t n, bool *nested)
{
    struct sl_column *types = calloc(n + 1, sizeof(*types));
    const struct sl_columns columns = {NULL, types, (int)n};
    int rc;

    if (types == NULL)
        return sl_error_nomem(making->err);
    for (size_t i = 0; i < n; i++)
        types[i].type = column_at(making->made, i)->oid;
    rc = sl_columns_nested(making->session, &columns, nested, making->watch, making->err);
    free(types);
    return rc;
}

static int put_select(const struct sl_table_making *making)
{
    struct sl_table_query *made = making->made;
    size_t n = made->table.n + made->n_extras;
    const char **names = calloc(n + 1, sizeof(*names));
    char **expressions = calloc(n + 1, sizeof(*expressions));
    bool *nested = calloc(n + 1, sizeof(*nested));
    struct sl_names own = {0};
    struct sl_query query = *making->query;
    int rc = -1;

    if (names == NULL || expressions == NULL || nested == NULL) {
        sl_error_nomem(making->err);
        goto out;
    }
    if (own_columns(making, &own) != 0 || put_columns(making, names, expressions) != 0 ||
        (query.style.layout == SL_JSONL && find_nested(making, n, nested) != 0))
        goto out;
    if (query.columns.n == 0)
        query.columns = own;
    const struct sl_shape_source source = {n, names, (const char *const *)expressions, nested,
                                           made->from.data};
    rc = sl_shape_select(making->session, &source, &query, &made->sql, making->err);
out:
    for (size_t i = 0; expressions != NULL && i < n; i++)
        free(expressions[i]);
    free(expressions);
    free(names);
    free(nested);
    free(own.v);
    return rc;
}

int sl_table_query_make(struct sl_session *session, const struct sl_query *query,
                        struct sl_watch *watch, struct sl_table_query *made, struct sl_error *err)
{
    const struct sl_table_making making = {session, query, watch, made, err};
    const struct sl_table_ask *ask = query->table;

    if (sl_table_describe(session, &ask->rights, ask->name.schema, ask->name.table, watch,
                          &made->table, err) != 0)
        return -1;
    if (made->table.closed)
        return sl_error_set(err, SL_FORBIDDEN, "the table has no column that may be exported");
    if (sl_table_resolve(&making) != 0 || put_from(&making) != 0)
        return -1;
    return put_select(&making);
}

void sl_table_query_free(struct sl_table_query *made)
{
    sl_table_free(&made->table);
    for (size_t i = 0; i < made->n_joins; i++)
        sl_table_free(&made->joins[i].target);
    free(made->joins);
    free(made->terms);
    free(made->extras);
    sl_buf_free(&made->from);
    sl_buf_free(&made->sql);
    sl_binds_free(&made->binds);
    sl_table_query_init(made);
}
