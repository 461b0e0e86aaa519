#include "pg/ask.h"

#include <stdint.h>
#include <string.h>

#include "pg/internal.h"

/* Reads the rest of one statement's answer, in a pipeline up to the sync. */
static int read_rest(struct sl_session *session, bool pipeline, struct sl_watch *watch,
                     struct sl_error *err)
{
    PGresult *result;
    bool end = false;

    while (!end) {
        if (sl_pg_next(session, watch, INT64_MAX, &result, err) < 0)
            return -1;
        ExecStatusType status = PQresultStatus(result);
        end = pipeline ? status == PGRES_PIPELINE_SYNC : result == NULL;
        if (result != NULL && status != PGRES_PIPELINE_SYNC) {
            sl_pg_error(session, result, err);
            PQclear(result);
            return -1;
        }
        PQclear(result);
    }
    return 0;
}

int sl_pg_ask(struct sl_session *session, const char *sql, int n, const char *const *values,
              struct sl_watch *watch, PGresult **result, struct sl_error *err)
{
    bool pipeline = PQpipelineStatus(session->conn) != PQ_PIPELINE_OFF;

    if (PQsendQueryParams(session->conn, sql, n, NULL, values, NULL, NULL, 0) != 1 ||
        (pipeline && PQpipelineSync(session->conn) != 1))
        return sl_pg_error(session, NULL, err);
    if (sl_pg_flush(session, watch, err) < 0 ||
        sl_pg_next(session, watch, INT64_MAX, result, err) < 0)
        return -1;
    if (PQresultStatus(*result) != PGRES_TUPLES_OK)
        sl_pg_error(session, *result, err);
    else if (read_rest(session, pipeline, watch, err) == 0)
        return 0;
    PQclear(*result);
    return -1;
}

/* An answer is libpq's result by another name. */
static const PGresult *result_of(const struct sl_answer *answer)
{
    return (const PGresult *)answer;
}

struct sl_answer *sl_ask(struct sl_session *session, const char *sql, int n,
                         const char *const *values, struct sl_watch *watch, struct sl_error *err)
{
    PGresult *result = NULL;

    return sl_pg_ask(session, sql, n, values, watch, &result, err) < 0 ? NULL
                                                                       : (struct sl_answer *)result;
}

int sl_answer_rows(const struct sl_answer *answer)
{
    return PQntuples(result_of(answer));
}

const char *sl_answer_text(const struct sl_answer *answer, int row, int column)
{
    return PQgetisnull(result_of(answer), row, column) ? NULL
                                                       : PQgetvalue(result_of(answer), row, column);
}

bool sl_answer_true(const struct sl_answer *answer, int row, int column)
{
    return strcmp(PQgetvalue(result_of(answer), row, column), "t") == 0;
}

void sl_answer_free(struct sl_answer *answer)
{
    PQclear((PGresult *)answer);
}

/* The next result, which must be of a command, and the NULL behind it. */
static int command_result(struct sl_session *session, struct sl_watch *watch, PGresult **result,
                          struct sl_error *err)
{
    PGresult *end = NULL;

    if (sl_pg_next(session, watch, INT64_MAX, result, err) < 0)
        return -1;
    if (PQresultStatus(*result) != PGRES_COMMAND_OK)
        return sl_pg_error(session, *result, err);
    if (sl_pg_next(session, watch, INT64_MAX, &end, err) < 0)
        return -1;
    PQclear(end);
    return 0;
}

int sl_ask_columns(struct sl_session *session, const char *sql, struct sl_columns *columns,
                   struct sl_watch *watch, struct sl_error *err)
{
    PGconn *conn = session->conn;
    PGresult *parsed = NULL;
    PGresult *described = NULL;
    int rc = -1;

    if (PQsendPrepare(conn, "", sql, 0, NULL) != 1 || PQsendDescribePrepared(conn, "") != 1 ||
        PQpipelineSync(conn) != 1)
        return sl_pg_error(session, NULL, err);
    if (sl_pg_flush(session, watch, err) < 0 || command_result(session, watch, &parsed, err) < 0 ||
        command_result(session, watch, &described, err) < 0 ||
        read_rest(session, true, watch, err) < 0)
        goto out;
    rc = sl_pg_columns(described, columns, err);
out:
    PQclear(parsed);
    PQclear(described);
    return rc;
}

int sl_quote_name(struct sl_session *session, const char *name, struct sl_buf *sql,
                  struct sl_error *err)
{
    char *quoted = PQescapeIdentifier(session->conn, name, strlen(name));

    if (quoted == NULL)
        return sl_pg_error(session, NULL, err);
    int rc = sl_buf_puts(sql, quoted);
    PQfreemem(quoted);
    return rc < 0 ? sl_error_nomem(err) : 0;
}
