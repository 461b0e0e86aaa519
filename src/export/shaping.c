#include "export/shaping.h"

#include <stdlib.h>

#include "catalog/shape.h"

static bool is_asked(const struct sl_query *query)
{
    return query->columns.n > 0 || query->order.n > 0 || query->limit >= 0;
}

bool sl_shaping_needed(const struct sl_query *query)
{
    return is_asked(query) || query->style.layout == SL_JSONL;
}

/* Sets nested[i] for columns that JSON wants written by to_json(); *any: there is one. */
static int ask_nested(const struct sl_shaping *shaping, struct sl_session *session, bool *nested,
                      bool *any, struct sl_error *err)
{
    if (shaping->query->style.layout != SL_JSONL)
        return 0;
    if (sl_columns_nested(session, shaping->columns, nested, shaping->watch, err) < 0)
        return -1;
    for (int i = 0; i < shaping->columns->n; i++)
        *any = *any || nested[i];
    return 0;
}

int sl_shaping(void *ctx, struct sl_session *session, struct sl_cursor_plan *plan,
               struct sl_error *err)
{
    struct sl_shaping *shaping = ctx;
    bool *nested = NULL;
    bool any = is_asked(shaping->query);
    int rc = -1;

    /* Alone it must be a statement, too: what closes the subselect's parenthesis is none. */
    if (sl_ask_columns(session, plan->sql, shaping->columns, shaping->watch, err) < 0)
        return -1;
    nested = calloc((size_t)shaping->columns->n + 1, sizeof(*nested)); /* never calloc(0) */
    if (nested == NULL) {
        sl_error_nomem(err);
        goto out;
    }
    if (ask_nested(shaping, session, nested, &any, err) < 0)
        goto out;
    if (any) {
        if (sl_shape_wrap(session, plan->sql, shaping->columns, nested, shaping->query,
                          &shaping->sql, err) < 0)
            goto out;
        plan->sql = shaping->sql.data;
    }
    rc = 0;
out:
    free(nested);
    return rc;
}

int sl_shaping_table(void *ctx, struct sl_session *session, struct sl_cursor_plan *plan,
                     struct sl_error *err)
{
    struct sl_shaping_table *shaping = ctx;
    struct sl_table_query *made = shaping->made;

    if (sl_table_query_make(session, shaping->query, shaping->watch, made, err) < 0)
        return -1;
    plan->sql = made->sql.data;
    plan->values = (const char *const *)made->binds.values;
    plan->n_values = (int)made->binds.n;
    return 0;
}
