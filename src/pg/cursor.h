/*
 * One server-side cursor in one read-only transaction, read by pipelined FETCHes.
 *
 *     open     BEGIN, settings, EXPLAIN, DECLARE, describe and the first FETCH, in
 *              one round trip; in two, and those of its questions, when a
 *              statement is to be made in between
 *     send     the next FETCH, before the last one was read: SL_FETCHES_IN_FLIGHT
 *     read     the rows of the oldest FETCH, one call of row() each
 *     finish   COMMIT; the session is idle again
 *
 * After any -1 the session is of no further use: cancel and close it.  One thread.
 */
#ifndef SL_CURSOR_H
#define SL_CURSOR_H

#include <stdbool.h>
#include "base/row.h"
#include "pg/columns.h"
#include "pg/fetch_size.h"
#include "pg/session.h"
#include "pg/settings.h"

struct sl_cursor;

struct sl_cursor_plan;

/*
 * Makes the statement when that takes questions to the database, which it may ask
 * in the transaction that has begun with its settings (pg/ask.h): sets sql, values
 * and n_values of the plan.
 */
typedef int (*sl_shape_fn)(void *ctx, struct sl_session *session, struct sl_cursor_plan *plan,
                           struct sl_error *err);

/* What to open. All borrowed for the call of sl_cursor_open(). */
struct sl_cursor_plan {
    const struct sl_settings *settings;
    sl_shape_fn shape; /* NULL: sql and values are there already */
    void *ctx;         /* its first argument */
    const char *sql;
    const char *const *values; /* $1 .. $n, text; NULL for SQL NULL */
    int n_values;
    bool rollback;          /* end so, that nothing that the query set may stay */
    int64_t max_row;        /* bytes; a wider row is SL_LIMIT */
    int64_t fetch_share;    /* bytes that one FETCH should bring at most */
    bool ask_first;         /* the first FETCH waits for sl_cursor_send(): see pg/columns.h */
    struct sl_watch *watch; /* borrowed for the cursor's life */
};

#define SL_CURSOR_SETTINGS "settings"

/*
 * Opens the cursor; unless ask_first, the first FETCH is under way afterwards.  Errors of a bind
 * value are SL_BAD_PARAMETER with parameter "$n"; a time zone that the server
 * does not know is SL_BAD_PARAMETER with parameter "TimeZone", and another setting
 * whose value it refuses, or a role that it does not know, with SL_CURSOR_SETTINGS.
 */
int sl_cursor_open(struct sl_session *session, struct sl_cursor_plan *plan,
                   struct sl_cursor **cursor, struct sl_error *err) SL_MUSTCHECK;

/* Borrowed until sl_cursor_free(). */
const struct sl_columns *sl_cursor_columns(const struct sl_cursor *cursor);

/* The planner's estimate, -1 when it gave none. */
int64_t sl_cursor_estimate(const struct sl_cursor *cursor);

/* RFC 3339, borrowed: when the snapshot was taken, by the database's clock. */
const char *sl_cursor_snapshot(const struct sl_cursor *cursor);

/* Has every row been read? */
bool sl_cursor_at_end(const struct sl_cursor *cursor);

/* FETCHes under way. */
int sl_cursor_in_flight(const struct sl_cursor *cursor);

/* The most bytes that a FETCH sent now should bring. */
int64_t sl_cursor_share(const struct sl_cursor *cursor);

/* Puts one more FETCH on its way. */
int sl_cursor_send(struct sl_cursor *cursor, struct sl_error *err) SL_MUSTCHECK;

/* Called for each row; cells are valid during the call. -1 ends the reading. */
typedef int (*sl_row_fn)(void *ctx, const struct sl_cell *cells, int n, struct sl_error *err);

/* Reads the oldest FETCH under way. Nothing must be read when none is. */
int sl_cursor_read(struct sl_cursor *cursor, sl_row_fn row, void *ctx,
                   struct sl_error *err) SL_MUSTCHECK;

/* Waits, with nothing under way, until the watch is woken; notices a backend that died. */
int sl_cursor_idle(struct sl_cursor *cursor, struct sl_error *err) SL_MUSTCHECK;

/* The most memory that libpq had for rows so far, in bytes. */
int64_t sl_cursor_memory(const struct sl_cursor *cursor);

/* Bytes of the widest row so far, of its values; of one that was refused, how much had come. */
int64_t sl_cursor_widest(const struct sl_cursor *cursor);

/* Ends the transaction, as the plan says, with FETCHes past the end still under way or not. */
int sl_cursor_finish(struct sl_cursor *cursor, struct sl_error *err) SL_MUSTCHECK;

void sl_cursor_free(struct sl_cursor *cursor);

#endif
