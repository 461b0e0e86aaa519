/*
 * Questions to the database beside the rows of an export: small answers, read
 * whole.  The session has nothing under way, in a pipeline or not; after any error
 * it is of no further use.  One thread.
 */
#ifndef SL_ASK_H
#define SL_ASK_H

#include "base/buf.h"
#include "pg/columns.h"
#include "pg/session.h"

struct sl_answer;

/*
 * Asks one question with text values for $1 .. $n (NULL for SQL NULL).  The answer
 * is the caller's; NULL on error.
 */
struct sl_answer *sl_ask(struct sl_session *session, const char *sql, int n,
                         const char *const *values, struct sl_watch *watch, struct sl_error *err);

int sl_answer_rows(const struct sl_answer *answer);

/* A value as text, borrowed from the answer; NULL for SQL NULL. row and column from 0. */
const char *sl_answer_text(const struct sl_answer *answer, int row, int column);

/* The same, as a truth value: false for SQL NULL. */
bool sl_answer_true(const struct sl_answer *answer, int row, int column);

void sl_answer_free(struct sl_answer *answer);

/*
 * What columns a query would have, in a pipeline only: while a cursor is opened.  It
 * is parsed, not run; values are not bound.
 * Free with sl_columns_free(), also after an error; empty before.
 */
int sl_ask_columns(struct sl_session *session, const char *sql, struct sl_columns *columns,
                   struct sl_watch *watch, struct sl_error *err) SL_MUSTCHECK;

/* Appends a name as SQL has it in quotes, by libpq. */
int sl_quote_name(struct sl_session *session, const char *name, struct sl_buf *sql,
                  struct sl_error *err) SL_MUSTCHECK;

#endif
