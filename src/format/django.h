/*
 * CSV as Python's csv.writer prints it (its excel dialect: CRLF, doubled quotes, as few
 * of them as it takes) for the values that psycopg2 makes of a row: NULL and the empty
 * string are both nothing, but a row of one column that is empty is "".  The style's
 * delimiter and end of lines are csv.writer's delimiter and lineterminator,
 * SL_QUOTE_ALL is its QUOTE_ALL; it has neither SL_QUOTE_NONNULL nor a text for NULL.
 * Pure; no state between rows.
 */
#ifndef SL_DJANGO_H
#define SL_DJANGO_H

#include "base/row.h"
#include "format/out.h"
#include "format/python.h"
#include "format/style.h"

/*
 * Appends one row; kinds are those of its columns, without SL_PY_NONE.  -1 with
 * *bad = -1 from `out`, or with the column whose value Python cannot hold: then
 * part of the row was written.
 */
int sl_django_row(struct sl_out *out, const struct sl_style *style, const enum sl_python *kinds,
                  const struct sl_cell *cells, int n, int *bad) SL_MUSTCHECK;

/* The header line: every cell is text. 0 or -1 from `out`. */
int sl_django_header(struct sl_out *out, const struct sl_style *style, const struct sl_cell *names,
                     int n) SL_MUSTCHECK;

#endif
