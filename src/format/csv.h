/*
 * CSV exactly as COPY TO (FORMAT csv) prints it, and what the other dialects share
 * with it.  Of the style count delimiter, null, quote and the end of lines: a value
 * is quoted when it holds delimiter, quote, CR or LF, when it is the text for NULL,
 * and so is a lone `\.` in a row of one column; SL_QUOTE_NONNULL is COPY's
 * FORCE_QUOTE *.  Pure; no state between rows.
 */
#ifndef SL_CSV_H
#define SL_CSV_H

#include "base/row.h"
#include "format/out.h"
#include "format/style.h"

/* Appends one row. 0 or -1 from `out`. */
int sl_csv_row(struct sl_out *out, const struct sl_style *style, const struct sl_cell *cells,
               int n) SL_MUSTCHECK;

/* The header line of these names: as COPY does it, SL_QUOTE_NONNULL means nothing to it. */
int sl_csv_header(struct sl_out *out, const struct sl_style *style, const struct sl_cell *names,
                  int n) SL_MUSTCHECK;

/* One value of n bytes, 0 or more: a part of a row, as what follows. 0 or -1 from `out`. */
int sl_csv_value(struct sl_out *out, const struct sl_style *style, const char *value,
                 size_t n) SL_MUSTCHECK;

/* One value that is given in several pieces. None of them is NULL. */
int sl_csv_pieces(struct sl_out *out, const struct sl_style *style, const struct sl_cell *pieces,
                  int n) SL_MUSTCHECK;

/* NULL. */
int sl_csv_null(struct sl_out *out, const struct sl_style *style) SL_MUSTCHECK;

/* What stands between values, and behind a row. */
int sl_csv_next(struct sl_out *out, const struct sl_style *style) SL_MUSTCHECK;
int sl_csv_end(struct sl_out *out, const struct sl_style *style) SL_MUSTCHECK;

#endif
