/* What the files of this folder share and nobody else sees. */
#ifndef SL_PG_INTERNAL_H
#define SL_PG_INTERNAL_H

#include <libpq-fe.h>
#include "pg/columns.h"
#include "pg/session.h"

struct sl_session {
    PGconn *conn;
    char *dsn;
    bool failed;       /* never reuse */
    bool binding;      /* the answers expected are to statements with parameters, not to rows */
    int64_t wide_row;  /* bytes of the widest row seen */
    int64_t over_row;  /* bytes that had come of a row when it was refused; 0: none was */
    int64_t waited_us; /* time spent waiting for the server's answers */
};

/* Fills *err from a failed result (or, with NULL, the connection's message). Returns -1. */
int sl_pg_error(struct sl_session *session, const PGresult *result, struct sl_error *err);

/*
 * Waits, with the watch, until a result can be had without blocking, reading what
 * the server sent only when libpq needs more of it.  SL_LIMIT, and
 * session->over_row, when about `limit` bytes arrived and no result is whole (INT64_MAX:
 * no limit).
 */
int sl_pg_wait_result(struct sl_session *session, struct sl_watch *watch, int64_t limit,
                      struct sl_error *err) SL_MUSTCHECK;

/* Sends everything that libpq has buffered. */
int sl_pg_flush(struct sl_session *session, struct sl_watch *watch,
                struct sl_error *err) SL_MUSTCHECK;

/* The next result, waited for; *result may be NULL (the end of one query's results). */
int sl_pg_next(struct sl_session *session, struct sl_watch *watch, int64_t limit, PGresult **result,
               struct sl_error *err) SL_MUSTCHECK;

/* One question, as sl_ask(): *result is the caller's. */
int sl_pg_ask(struct sl_session *session, const char *sql, int n, const char *const *values,
              struct sl_watch *watch, PGresult **result, struct sl_error *err) SL_MUSTCHECK;

/* Keeps what a row description says. Free with sl_columns_free(), also after an error. */
int sl_pg_columns(const PGresult *result, struct sl_columns *columns,
                  struct sl_error *err) SL_MUSTCHECK;

#endif
