#include "export/shaping.h"

#include "catalog/shape.h"

bool sl_shaping_needed(const struct sl_query *query)
{
    return query->columns.n > 0 || query->order.n > 0 || query->limit >= 0;
}

int sl_shaping(void *ctx, struct sl_session *session, struct sl_cursor_plan *plan,
               struct sl_error *err)
{
    struct sl_shaping *shaping = ctx;

    /* Alone it must be a statement, too: what closes the subselect's parenthesis is none. */
    if (sl_ask_columns(session, plan->sql, shaping->columns, shaping->watch, err) < 0 ||
        sl_shape_wrap(session, plan->sql, shaping->columns, NULL, shaping->query, &shaping->sql,
                      err) < 0)
        return -1;
    plan->sql = shaping->sql.data;
    return 0;
}
