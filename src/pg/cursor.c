#include "pg/cursor.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "pg/internal.h"
#include "pg/types.h"

struct sl_cursor {
    struct sl_session *session;
    struct sl_watch *watch;
    const char *end;
    int64_t max_row;
    int64_t estimate;
    int64_t widest;         /* row seen */
    int64_t largest_result; /* bytes libpq had for one, when not by row */
    char snapshot[SL_TIME_TEXT];
    struct sl_columns columns;
    struct sl_cell *cells; /* of the row being read */
    int n_columns;
    int n_sets;  /* statements that only set something */
    bool by_row; /* a row can be wide: read one at a time */
    bool at_end;
    struct sl_fetch_size size;
    int parsed; /* rows of the FETCH that is the session's unnamed statement */
    int in_flight;
    struct fetch {
        int rows;                  /* asked for */
        bool parse;                /* it was parsed first, which has an answer of its own */
    } asked[SL_FETCHES_IN_FLIGHT]; /* oldest first */
};

static int next_result(struct sl_cursor *cursor, PGresult **result, struct sl_error *err)
{
    return sl_pg_next(cursor->session, cursor->watch, INT64_MAX, result, err);
}

/*
 * The result of one statement of the pipeline and the NULL behind it.  With
 * `expected` met *result is the caller's; else -1 and the server's error.
 */
static int statement_result(struct sl_cursor *cursor, ExecStatusType expected, PGresult **result,
                            struct sl_error *err)
{
    PGresult *end = NULL;

    if (next_result(cursor, result, err) < 0)
        return -1;
    if (PQresultStatus(*result) != expected) {
        sl_pg_error(cursor->session, *result, err);
        PQclear(*result);
        *result = NULL;
        return -1;
    }
    if (next_result(cursor, &end, err) < 0) {
        PQclear(*result);
        *result = NULL;
        return -1;
    }
    PQclear(end);
    return 0;
}

static int statement_done(struct sl_cursor *cursor, ExecStatusType expected, struct sl_error *err)
{
    PGresult *result;

    if (statement_result(cursor, expected, &result, err) < 0)
        return -1;
    PQclear(result);
    return 0;
}

static int read_sync(struct sl_cursor *cursor, struct sl_error *err)
{
    PGresult *result;

    if (next_result(cursor, &result, err) < 0)
        return -1;
    bool ok = PQresultStatus(result) == PGRES_PIPELINE_SYNC;
    if (!ok)
        sl_pg_error(cursor->session, result, err);
    PQclear(result);
    return ok ? 0 : -1;
}

static int send_failed(struct sl_cursor *cursor, struct sl_error *err)
{
    return sl_pg_error(cursor->session, NULL, err);
}

static int send_sql(struct sl_cursor *cursor, const char *sql, int n, const char *const *values,
                    struct sl_error *err)
{
    cursor->parsed = 0; /* this takes the unnamed statement's place */
    if (PQsendQueryParams(cursor->session->conn, sql, n, NULL, values, NULL, NULL, 0) != 1)
        return send_failed(cursor, err);
    return 0;
}

/* prefix and sql as one statement, through *text as scratch. */
static int send_prefixed(struct sl_cursor *cursor, struct sl_buf *text, const char *prefix,
                         const struct sl_cursor_plan *plan, struct sl_error *err)
{
    text->len = 0;
    if (sl_buf_puts(text, prefix) < 0 || sl_buf_puts(text, plan->sql) < 0)
        return sl_error_nomem(err);
    return send_sql(cursor, text->data, plan->n_values, plan->values, err);
}

/* What send_set() is called for. */
struct setting {
    struct sl_cursor *cursor;
    struct sl_buf *text;
    struct sl_error *err;
};

static int send_set(void *ctx, const char *name, const char *value)
{
    const struct setting *setting = ctx;

    setting->text->len = 0;
    if (sl_settings_local(setting->cursor->session, name, value, setting->text, setting->err) < 0)
        return -1;
    setting->cursor->n_sets++;
    return send_sql(setting->cursor, setting->text->data, 0, NULL, setting->err);
}

static int send_settings(struct sl_cursor *cursor, struct sl_buf *text,
                         const struct sl_settings *settings, struct sl_error *err)
{
    const char *values[SL_SETTINGS_VALUES];
    int n;

    if (settings->by_set) {
        struct setting setting = {cursor, text, err};
        int version = PQserverVersion(cursor->session->conn);

        if (sl_settings_each(settings, version, send_set, &setting) < 0)
            return -1;
        return send_sql(cursor, SL_SETTINGS_SNAPSHOT, 0, NULL, err);
    }
    text->len = 0;
    if (sl_settings_sql(settings, PQserverVersion(cursor->session->conn), text, values, &n) < 0)
        return sl_error_nomem(err);
    return send_sql(cursor, text->data, n, values, err);
}

static int begin(struct sl_cursor *cursor, struct sl_buf *text, const struct sl_settings *settings,
                 struct sl_error *err)
{
    if (PQenterPipelineMode(cursor->session->conn) != 1)
        return send_failed(cursor, err);
    if (send_sql(cursor, SL_BEGIN, 0, NULL, err) < 0)
        return -1;
    return send_settings(cursor, text, settings, err);
}

static int queue_sync(struct sl_cursor *cursor, struct sl_error *err)
{
    return PQpipelineSync(cursor->session->conn) == 1 ? 0 : send_failed(cursor, err);
}

/*
 * A FETCH is parsed once for each size: it stays the unnamed statement, which
 * needs no name that another session of a pool could have taken.
 */
static int queue_fetch(struct sl_cursor *cursor, struct sl_error *err)
{
    PGconn *conn = cursor->session->conn;
    struct fetch fetch = {cursor->size.rows, cursor->size.rows != cursor->parsed};
    char sql[64];

    snprintf(sql, sizeof sql, "FETCH FORWARD %d FROM c", fetch.rows);
    if ((fetch.parse && PQsendPrepare(conn, "", sql, 0, NULL) != 1) ||
        PQsendQueryPrepared(conn, "", 0, NULL, NULL, NULL, 0) != 1)
        return send_failed(cursor, err);
    if (queue_sync(cursor, err) < 0)
        return -1;
    cursor->parsed = fetch.rows;
    cursor->asked[cursor->in_flight++] = fetch;
    return 0;
}

/* BEGIN and the settings: reads both, keeps the snapshot's time. */
static int read_begin(struct sl_cursor *cursor, struct sl_error *err)
{
    PGresult *result = NULL;
    int rc = statement_done(cursor, PGRES_COMMAND_OK, err);

    if (rc < 0)
        return -1;
    for (int i = 0; i < cursor->n_sets && rc == 0; i++)
        rc = statement_done(cursor, PGRES_COMMAND_OK, err);
    if (rc == 0)
        rc = statement_result(cursor, PGRES_TUPLES_OK, &result, err);
    if (rc < 0) {
        if (strncmp(err->sqlstate, "22", 2) == 0) {
            err->kind = SL_BAD_PARAMETER;
            snprintf(err->parameter, sizeof err->parameter, "%s",
                     strstr(err->detail, "TimeZone") != NULL ? "TimeZone" : SL_CURSOR_SETTINGS);
        }
        return -1;
    }
    snprintf(cursor->snapshot, sizeof cursor->snapshot, "%s", PQgetvalue(result, 0, 0));
    PQclear(result);
    return 0;
}

/* The plan's first line ends in "(cost=0.00..1.00 rows=1 width=4)". */
static int read_estimate(struct sl_cursor *cursor, struct sl_error *err)
{
    PGresult *result;

    if (statement_result(cursor, PGRES_TUPLES_OK, &result, err) < 0)
        return -1;
    const char *rows = PQntuples(result) == 0 ? NULL : strstr(PQgetvalue(result, 0, 0), " rows=");
    cursor->estimate = rows == NULL ? -1 : strtoll(rows + strlen(" rows="), NULL, 10);
    PQclear(result);
    return 0;
}

/*
 * Whole results are cheaper than rows one by one, but FETCHes that are small
 * because rows could be wide are dearer still.
 */
static void choose_mode(struct sl_cursor *cursor, int64_t widest)
{
    struct sl_fetch_size bounded = cursor->size;

    sl_fetch_size_bound(&bounded, widest);
    if (bounded.largest < SL_FETCH_WHOLE_MIN)
        cursor->by_row = true;
    else
        cursor->size = bounded;
}

static int keep_columns(struct sl_cursor *cursor, const PGresult *result, struct sl_error *err)
{
    int64_t width = 0;

    if (sl_pg_columns(result, &cursor->columns, err) < 0)
        return -1;
    cursor->n_columns = cursor->columns.n;
    cursor->cells = calloc((size_t)cursor->n_columns + 1, sizeof *cursor->cells);
    if (cursor->cells == NULL)
        return sl_error_nomem(err);
    for (int i = 0; i < cursor->n_columns; i++) {
        int64_t cell = sl_type_width(PQftype(result, i), PQfmod(result, i));
        cursor->by_row = cursor->by_row || cell < 0;
        width += cell + (int64_t)sizeof(PGresult *) * 2; /* libpq's own 16 bytes a value */
    }
    if (!cursor->by_row)
        choose_mode(cursor, width);
    return 0;
}

static int read_opening(struct sl_cursor *cursor, struct sl_error *err)
{
    PGresult *result;

    cursor->session->binding = true;
    int bound = read_estimate(cursor, err) < 0 ? -1 : statement_done(cursor, PGRES_COMMAND_OK, err);
    cursor->session->binding = false;
    if (bound < 0 || statement_result(cursor, PGRES_COMMAND_OK, &result, err) < 0)
        return -1;
    int rc = keep_columns(cursor, result, err);
    PQclear(result);
    return rc;
}

/* What a statement is made of is known before it is sent. */
static int shape(struct sl_cursor *cursor, struct sl_cursor_plan *plan, struct sl_error *err)
{
    if (queue_sync(cursor, err) < 0 || sl_pg_flush(cursor->session, plan->watch, err) < 0 ||
        read_begin(cursor, err) < 0 || read_sync(cursor, err) < 0)
        return -1;
    return plan->shape(plan->ctx, cursor->session, plan, err);
}

int sl_cursor_open(struct sl_session *session, struct sl_cursor_plan *plan, struct sl_cursor **out,
                   struct sl_error *err)
{
    struct sl_cursor *cursor = calloc(1, sizeof *cursor);
    struct sl_buf text;
    int rc = -1;

    sl_buf_init(&text, SL_SQL_MAX);
    if (cursor == NULL) {
        sl_error_nomem(err);
        goto out;
    }
    cursor->session = session;
    cursor->watch = plan->watch;
    cursor->end = plan->rollback ? "ROLLBACK" : "COMMIT";
    cursor->max_row = plan->max_row;
    sl_fetch_size_init(&cursor->size, SL_FETCH_FIRST, SL_FETCH_LARGEST, plan->fetch_share);
    if (begin(cursor, &text, plan->settings, err) < 0 ||
        (plan->shape != NULL && shape(cursor, plan, err) < 0) ||
        send_prefixed(cursor, &text, SL_EXPLAIN, plan, err) < 0 ||
        send_prefixed(cursor, &text, SL_DECLARE, plan, err) < 0)
        goto out;
    if (PQsendDescribePortal(session->conn, "c") != 1) {
        send_failed(cursor, err);
        goto out;
    }
    if ((plan->ask_first ? queue_sync(cursor, err) : queue_fetch(cursor, err)) < 0 ||
        sl_pg_flush(session, plan->watch, err) < 0 ||
        (plan->shape == NULL && read_begin(cursor, err) < 0) || read_opening(cursor, err) < 0 ||
        (plan->ask_first && read_sync(cursor, err) < 0))
        goto out;
    rc = 0;
out:
    sl_buf_free(&text);
    if (rc < 0) {
        sl_cursor_free(cursor);
        cursor = NULL;
    }
    *out = cursor;
    return rc;
}

int sl_cursor_send(struct sl_cursor *cursor, struct sl_error *err)
{
    if (queue_fetch(cursor, err) < 0)
        return -1;
    return sl_pg_flush(cursor->session, cursor->watch, err);
}

/* Hands each row of a result to row(); adds up what they weigh. */
static int deliver(struct sl_cursor *cursor, const PGresult *result, sl_row_fn row, void *ctx,
                   int64_t *bytes, struct sl_error *err)
{
    int n = PQntuples(result);

    if (!cursor->by_row && (int64_t)PQresultMemorySize(result) > cursor->largest_result)
        cursor->largest_result = (int64_t)PQresultMemorySize(result);
    for (int i = 0; i < n; i++) {
        int64_t width = 0;

        for (int j = 0; j < cursor->n_columns; j++) {
            struct sl_cell *cell = &cursor->cells[j];

            cell->len = PQgetlength(result, i, j);
            cell->data = PQgetvalue(result, i, j);
            if (cell->len == 0 && PQgetisnull(result, i, j))
                cell->len = -1;
            else
                width += cell->len;
        }
        if (width > cursor->widest)
            cursor->widest = width;
        if (width > cursor->max_row)
            return sl_error_set(err, SL_LIMIT, "a row is larger than max_row");
        *bytes += width;
        if (row(ctx, cursor->cells, cursor->n_columns, err) < 0)
            return -1;
    }
    return 0;
}

int sl_cursor_read(struct sl_cursor *cursor, sl_row_fn row, void *ctx, struct sl_error *err)
{
    /* A bound for memory only: deliver() knows a row's size exactly. 4 bytes are a field's length.
     */
    int64_t limit = cursor->by_row ? cursor->max_row + 4 * (int64_t)cursor->n_columns + SL_ROW_SLACK
                                   : INT64_MAX;
    int64_t waited = cursor->session->waited_us;
    int64_t bytes = 0;
    int rows = 0;
    PGresult *result;

    if (cursor->asked[0].parse && statement_done(cursor, PGRES_COMMAND_OK, err) < 0)
        return -1;
    if (cursor->by_row && PQsetSingleRowMode(cursor->session->conn) != 1)
        return sl_error_set(err, SL_INTERNAL, "libpq does not read row by row");
    for (;;) {
        if (sl_pg_next(cursor->session, cursor->watch, limit, &result, err) < 0) {
            if (cursor->session->over_row > cursor->widest)
                cursor->widest = cursor->session->over_row;
            return -1;
        }
        if (result == NULL)
            break;
        ExecStatusType status = PQresultStatus(result);
        int rc = status == PGRES_SINGLE_TUPLE || status == PGRES_TUPLES_OK
                     ? deliver(cursor, result, row, ctx, &bytes, err)
                     : sl_pg_error(cursor->session, result, err);
        rows += PQntuples(result);
        PQclear(result);
        if (rc < 0)
            return -1;
    }
    if (read_sync(cursor, err) < 0)
        return -1;
    waited = (cursor->session->waited_us - waited) / 1000;
    sl_fetch_size_learn(&cursor->size, cursor->asked[0].rows, rows, bytes, waited);
    cursor->at_end = rows < cursor->asked[0].rows;
    cursor->in_flight--;
    memmove(cursor->asked, cursor->asked + 1, (SL_FETCHES_IN_FLIGHT - 1) * sizeof cursor->asked[0]);
    return 0;
}

int sl_cursor_idle(struct sl_cursor *cursor, struct sl_error *err)
{
    PGconn *conn = cursor->session->conn;
    short revents;

    if (sl_watch_wait(cursor->watch, PQsocket(conn), POLLIN, -1, &revents, err) < 0)
        return -1;
    /* A server that speaks unasked says why it goes; the answer to a FETCH is where libpq tells. */
    return revents == 0 ? 0 : sl_cursor_send(cursor, err);
}

/* Reads what FETCHes past the end still bring: no rows. */
static int discard_row(void *ctx, const struct sl_cell *cells, int n, struct sl_error *err)
{
    (void)ctx;
    (void)cells;
    (void)n;
    return sl_error_set(err, SL_INTERNAL, "a row came after the end of the cursor");
}

int sl_cursor_finish(struct sl_cursor *cursor, struct sl_error *err)
{
    PGconn *conn = cursor->session->conn;

    if (send_sql(cursor, cursor->end, 0, NULL, err) < 0)
        return -1;
    if (PQpipelineSync(conn) != 1)
        return send_failed(cursor, err);
    if (sl_pg_flush(cursor->session, cursor->watch, err) < 0)
        return -1;
    while (cursor->in_flight > 0)
        if (sl_cursor_read(cursor, discard_row, NULL, err) < 0)
            return -1;
    if (statement_done(cursor, PGRES_COMMAND_OK, err) < 0 || read_sync(cursor, err) < 0)
        return -1;
    if (PQexitPipelineMode(conn) != 1)
        return send_failed(cursor, err);
    cursor->session->wide_row = cursor->widest;
    return 0;
}

const struct sl_columns *sl_cursor_columns(const struct sl_cursor *cursor)
{
    return &cursor->columns;
}

int64_t sl_cursor_estimate(const struct sl_cursor *cursor)
{
    return cursor->estimate;
}

const char *sl_cursor_snapshot(const struct sl_cursor *cursor)
{
    return cursor->snapshot;
}

bool sl_cursor_at_end(const struct sl_cursor *cursor)
{
    return cursor->at_end;
}

int sl_cursor_in_flight(const struct sl_cursor *cursor)
{
    return cursor->in_flight;
}

int64_t sl_cursor_share(const struct sl_cursor *cursor)
{
    return cursor->size.share;
}

int64_t sl_cursor_memory(const struct sl_cursor *cursor)
{
    int64_t row = SL_ROW_MEMORY(cursor->widest);

    return cursor->largest_result > row ? cursor->largest_result : row;
}

int64_t sl_cursor_widest(const struct sl_cursor *cursor)
{
    return cursor->widest;
}

void sl_cursor_free(struct sl_cursor *cursor)
{
    if (cursor == NULL)
        return;
    sl_columns_free(&cursor->columns);
    free(cursor->cells);
    free(cursor);
}
