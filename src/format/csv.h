/*
 * CSV exactly as COPY TO (FORMAT csv) prints it: NULL is nothing, an empty string
 * is "", a value is quoted when it holds comma, quote, CR or LF, and so is a lone
 * `\.` in a row of one column; rows end with LF.  Pure; no state between rows.
 */
#ifndef SL_CSV_H
#define SL_CSV_H

#include "format/out.h"
#include "base/row.h"

/* Appends one row, also the header line (its cells are the column names). 0 or -1 from `out`. */
int sl_csv_row(struct sl_out *out, const struct sl_cell *cells, int n) SL_MUSTCHECK;

/* Appends one value of n > 0 bytes, quoted when it holds comma, quote, CR or LF: what all dialects
 * share. */
int sl_csv_value(struct sl_out *out, const char *value, size_t n) SL_MUSTCHECK;

#endif
