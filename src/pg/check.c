#include "pg/check.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "pg/internal.h"

/* What a value's check sends: one cast. */
#define CAST_MAX 1024

#define REACH                                                                                      \
    "SELECT pg_catalog.has_function_privilege('pg_catalog.set_config(text,text,boolean)', "        \
    "'EXECUTE'), coalesce(pg_catalog.string_agg(rolname, ', ' ORDER BY rolname), '') "             \
    "FROM pg_catalog.pg_roles WHERE rolname <> session_user "                                      \
    "AND pg_catalog.pg_has_role(session_user, oid, 'MEMBER')"

/*
 * Sends what is queued and reads all results of one statement.  rows: where to
 * leave one that has columns, for PQclear(); NULL: nobody wants it.
 */
static int finish(struct sl_session *session, int sent, struct sl_watch *watch, PGresult **rows,
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
        if (rows != NULL && *rows == NULL && PQnfields(result) > 0)
            *rows = result;
        else
            PQclear(result);
    } while (result != NULL);
    return rc;
}

static int execute(struct sl_session *session, const char *sql, int n, const char *const *values,
                   struct sl_watch *watch, struct sl_error *err)
{
    return finish(session, PQsendQueryParams(session->conn, sql, n, NULL, values, NULL, NULL, 0),
                  watch, NULL, err);
}

int sl_check_reach(struct sl_session *session, struct sl_watch *watch, struct sl_login_reach *reach,
                   struct sl_error *err)
{
    PGresult *rows = NULL;
    int rc = finish(session, PQsendQueryParams(session->conn, REACH, 0, NULL, NULL, NULL, NULL, 0),
                    watch, &rows, err);

    if (rc == 0 && PQntuples(rows) == 1) {
        reach->set_config = PQgetvalue(rows, 0, 0)[0] == 't';
        snprintf(reach->roles, sizeof reach->roles, "%s", PQgetvalue(rows, 0, 1));
    } else if (rc == 0) {
        rc = sl_error_set(err, SL_INTERNAL, "the database did not answer with a row");
    }
    PQclear(rows);
    return rc;
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

int sl_check_end(struct sl_session *session, struct sl_watch *watch, struct sl_error *err)
{
    return execute(session, "ROLLBACK", 0, NULL, watch, err);
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

int sl_check_columns(struct sl_session *session, struct sl_columns *columns, struct sl_watch *watch,
                     struct sl_error *err)
{
    PGresult *result = NULL;
    int rc = finish(session, PQsendDescribePortal(session->conn, "c"), watch, &result, err);

    if (rc == 0 && result != NULL)
        rc = sl_pg_columns(result, columns, err);
    PQclear(result);
    return rc;
}
