#include "pg/check.h"

#include <stdint.h>
#include <string.h>

#include "pg/internal.h"

/* What a value's check sends: one cast. */
#define CAST_MAX 1024

/* Sends what is queued and reads all results of one statement. */
static int finish(struct sl_session *session, int sent, struct sl_watch *watch,
                  struct sl_error *err)
{
    PGresult *result = NULL;
    int rc = 0;

    if (sent != 1)
        return sl_pg_error(session, NULL, err);
    if (sl_pg_flush(session, watch, err) < 0)
        return -1;
    do {
        if (sl_pg_next(session, watch, INT64_MAX, &result, err) < 0)
            return -1;
        if (rc == 0 && PQresultStatus(result) == PGRES_FATAL_ERROR && result != NULL)
            rc = sl_pg_error(session, result, err);
        PQclear(result);
    } while (result != NULL);
    return rc;
}

static int execute(struct sl_session *session, const char *sql, int n, const char *const *values,
                   struct sl_watch *watch, struct sl_error *err)
{
    return finish(session, PQsendQueryParams(session->conn, sql, n, NULL, values, NULL, NULL, 0),
                  watch, err);
}

int sl_check_begin(struct sl_session *session, const struct sl_settings *settings,
                   struct sl_watch *watch, struct sl_error *err)
{
    const char *values[SL_SETTINGS_VALUES];
    struct sl_buf sql;
    int n;
    int rc = -1;

    sl_buf_init(&sql, SL_SETTINGS_MAX);
    if (sl_settings_sql(settings, PQserverVersion(session->conn), &sql, values, &n) < 0)
        sl_error_nomem(err);
    else if (execute(session, SL_BEGIN, 0, NULL, watch, err) == 0)
        rc = execute(session, sql.data, n, values, watch, err);
    sl_buf_free(&sql);
    return rc;
}

int sl_check_value(struct sl_session *session, const char *type, const char *value,
                   struct sl_watch *watch, struct sl_error *err)
{
    struct sl_buf sql;
    int rc = -1;

    sl_buf_init(&sql, CAST_MAX);
    if (sl_buf_printf(&sql, "SELECT $1::%s", type) < 0)
        sl_error_set(err, SL_CONFIG, "the name of its type is too long");
    else if (execute(session, "SELECT $1::pg_catalog.regtype", 1, &type, watch, err) == 0)
        rc = value == NULL ? 0 : execute(session, sql.data, 1, &value, watch, err);
    sl_buf_free(&sql);
    return rc;
}

int sl_check_query(struct sl_session *session, const char *sql, int n, const char *const *values,
                   struct sl_watch *watch, struct sl_error *err)
{
    struct sl_buf text;
    int rc = -1;

    sl_buf_init(&text, SL_SQL_MAX);
    if (sl_buf_puts(&text, SL_DECLARE) < 0 || sl_buf_puts(&text, sql) < 0)
        sl_error_nomem(err);
    else
        rc = execute(session, text.data, n, values, watch, err);
    sl_buf_free(&text);
    if (rc < 0 && err->position > (int)strlen(SL_DECLARE))
        err->position -= (int)strlen(SL_DECLARE);
    return rc;
}
