#include "catalog/shape.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* "q.c1664" and its NUL. */
#define EXPRESSION_MAX 16

/* What one statement is written from. */
struct writing {
    struct sl_session *session;
    const struct sl_shape_source *source;
    struct sl_buf *sql;
    struct sl_error *err;
};

static int put(const struct writing *writing, const char *text)
{
    return sl_buf_puts(writing->sql, text) == 0 ? 0 : sl_error_nomem(writing->err);
}

static int put_column(const struct writing *writing, size_t i)
{
    const struct sl_shape_source *source = writing->source;
    bool to_json = source->to_json != NULL && source->to_json[i];

    if (put(writing, to_json ? "pg_catalog.to_json(" : "") != 0 ||
        put(writing, source->expressions[i]) != 0 || put(writing, to_json ? ") AS " : " AS ") != 0)
        return -1;
    return sl_quote_name(writing->session, source->names[i], writing->sql, writing->err);
}

static int find(const struct writing *writing, const char *option, const struct sl_name *name,
                size_t *i)
{
    return sl_names_find(option, name->text, writing->source->names, writing->source->n, i,
                         writing->err);
}

static int put_columns(const struct writing *writing, const struct sl_names *names)
{
    size_t n = names->n > 0 ? names->n : writing->source->n;

    for (size_t k = 0; k < n; k++) {
        size_t i = k;

        if (names->n > 0 && find(writing, "_columns", &names->v[k], &i) != 0)
            return -1;
        if (put(writing, k > 0 ? ", " : " ") != 0 || put_column(writing, i) != 0)
            return -1;
    }
    return 0;
}

static int put_order(const struct writing *writing, const struct sl_names *names)
{
    for (size_t k = 0; k < names->n; k++) {
        size_t i = 0;

        if (find(writing, "_order", &names->v[k], &i) != 0 ||
            put(writing, k > 0 ? ", " : " ORDER BY ") != 0 ||
            put(writing, writing->source->expressions[i]) != 0 ||
            put(writing, names->v[k].descending ? " DESC" : "") != 0)
            return -1;
    }
    return 0;
}

int sl_shape_select(struct sl_session *session, const struct sl_shape_source *source,
                    const struct sl_query *query, struct sl_buf *sql, struct sl_error *err)
{
    const struct writing writing = {session, source, sql, err};

    if (put(&writing, "SELECT") != 0 || put_columns(&writing, &query->columns) != 0 ||
        put(&writing, " FROM ") != 0 || put(&writing, source->from) != 0 ||
        put_order(&writing, &query->order) != 0)
        return -1;
    if (query->limit >= 0 && sl_buf_printf(sql, " LIMIT %" PRId64, query->limit) != 0)
        return sl_error_nomem(err);
    return 0;
}

/* The query as a subselect whose columns are c1, c2, ... */
static int put_base(struct sl_buf *from, const char *base, int n)
{
    /* It may end in a comment. */
    if (sl_buf_printf(from, "(\n%s\n) AS q", base) != 0)
        return -1;
    for (int i = 1; i <= n; i++)
        if (sl_buf_printf(from, "%sc%d", i > 1 ? ", " : "(", i) != 0)
            return -1;
    return n > 0 ? sl_buf_putc(from, ')') : 0;
}

int sl_shape_wrap(struct sl_session *session, const char *base, const struct sl_columns *columns,
                  const bool *to_json, const struct sl_query *query, struct sl_buf *sql,
                  struct sl_error *err)
{
    size_t n = (size_t)columns->n + 1; /* never calloc(0) */
    char(*texts)[EXPRESSION_MAX] = calloc(n, sizeof(*texts));
    const char **expressions = calloc(n, sizeof(*expressions));
    const char **names = calloc(n, sizeof(*names));
    struct sl_buf from;
    int rc = -1;

    sl_buf_init(&from, sql->max);
    if (texts == NULL || expressions == NULL || names == NULL ||
        put_base(&from, base, columns->n) != 0) {
        sl_error_nomem(err);
        goto out;
    }
    for (int i = 0; i < columns->n; i++) {
        snprintf(texts[i], sizeof(texts[i]), "q.c%d", i + 1);
        expressions[i] = texts[i];
        names[i] = columns->names[i].data;
    }
    const struct sl_shape_source source = {(size_t)columns->n, names, expressions, to_json,
                                           from.data};
    rc = sl_shape_select(session, &source, query, sql, err);
out:
    sl_buf_free(&from);
    free(names);
    free(expressions);
    free(texts);
    return rc;
}
