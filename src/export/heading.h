/* The part of a run between opening the cursor and its first row: the header line, the dialect. */
#ifndef SL_HEADING_H
#define SL_HEADING_H

#include "export/run.h"
#include "format/python.h"
#include "pg/columns.h"

/* Has the catalogue to be asked about the columns before the first FETCH? */
bool sl_heading_asks(const struct sl_query *query);

/*
 * What the django dialect makes of the columns, as an array to be freed, also
 * after an error, which is of this kind when a column's type is not promised.
 */
int sl_heading_kinds(struct sl_session *session, const struct sl_columns *columns,
                     struct sl_watch *watch, enum sl_kind kind, enum sl_python **kinds,
                     struct sl_error *err) SL_MUSTCHECK;

/*
 * Sets run->kinds, should the dialect be django, which refuses columns of other
 * types than it has promised: SL_BAD_REQUEST when the caller asked for it, SL_SQL
 * when the export did.
 */
int sl_heading_dialect(struct sl_run *run, struct sl_error *err) SL_MUSTCHECK;

/*
 * Writes the header line, if there is one: names, or labels from the ticket, the
 * export file or the column's comment.  SL_BAD_QUERY when a ticket has not one
 * label for each column.
 */
int sl_heading_write(struct sl_run *run, struct sl_error *err) SL_MUSTCHECK;

/* Tells which value of a row of the django dialect could not be written. Returns -1. */
int sl_heading_not_held(const struct sl_run *run, int column, struct sl_error *err);

#endif
