/* The part of a run between opening the cursor and its first row: the header line, the dialect. */
#ifndef SL_HEADING_H
#define SL_HEADING_H

#include "export/run.h"
#include "format/rows.h"
#include "pg/columns.h"

/* Has the catalogue to be asked about the columns before the first FETCH? */
bool sl_heading_asks(const struct sl_query *query);

/*
 * The formatter for these columns, which must outlive it; NULL with an error, which
 * is of this kind when the django dialect does not write a column's type.
 */
struct sl_rows *sl_heading_rows(struct sl_session *session, const struct sl_style *style,
                                const struct sl_columns *columns, struct sl_watch *watch,
                                enum sl_kind kind, struct sl_error *err);

/*
 * Makes run->formatter and writes what stands before the first row: names, or labels
 * from the ticket, the export file or the column's comment, if any.  SL_BAD_QUERY
 * when a ticket has not one label for each column; SL_BAD_REQUEST when a type is none
 * of the dialect that the caller asked for, SL_SQL when the export did.
 */
int sl_heading_write(struct sl_run *run, struct sl_error *err) SL_MUSTCHECK;

/* Tells which value of a row of the django dialect could not be written. Returns -1. */
int sl_heading_not_held(const struct sl_run *run, int column, struct sl_error *err);

#endif
