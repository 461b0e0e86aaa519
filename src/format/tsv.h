/*
 * Tab-separated values exactly as COPY TO (FORMAT text) prints them: NULL is the text
 * of the style, \N unless another is asked for; backslash, BS, TAB, LF, VT, FF and CR
 * are written with a backslash.  As with COPY a value that equals another text for NULL
 * cannot be told from it.  Pure; no state between rows.
 */
#ifndef SL_TSV_H
#define SL_TSV_H

#include "base/row.h"
#include "format/out.h"
#include "format/style.h"

/* Appends one row, also the header line. 0 or -1 from `out`. */
int sl_tsv_row(struct sl_out *out, const struct sl_style *style, const struct sl_cell *cells,
               int n) SL_MUSTCHECK;

#endif
