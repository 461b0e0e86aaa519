/*
 * CSV for a spreadsheet program.  What looks like a formula gets an apostrophe before
 * it, in text columns and in the header line only; numbers get the style's decimal
 * sign; all else is CSV of the style.  Pure; no state between rows.
 *
 * A formula is a text that begins with = + - @, their full-width forms, TAB, LF or CR,
 * unless it is a sign and a plain number, such as -5 or +3.25 (OWASP, "CSV Injection").
 * U+FEFF before it does not count: where the file has no byte order mark, that of its
 * first value is taken for one and away.
 */
#ifndef SL_EXCEL_H
#define SL_EXCEL_H

#include <stdbool.h>

#include "base/row.h"
#include "format/out.h"
#include "format/style.h"

/* Rows of a sheet, the header line included: what is more is dropped when the file is opened. */
#define SL_EXCEL_ROWS 1048576

enum sl_excel {
    SL_XL_TEXT,   /* may be a formula */
    SL_XL_NUMBER, /* may have a decimal sign */
    SL_XL_SAFE,   /* neither: integers, boolean, dates and times, uuid */
};

/* How a column of this type is written, a text unless it is known to hold none. */
enum sl_excel sl_excel_of(unsigned type);

bool sl_excel_formula(const char *text, size_t n);

/* Appends one row; kinds are those of its columns. 0 or -1 from `out`. */
int sl_excel_row(struct sl_out *out, const struct sl_style *style, const enum sl_excel *kinds,
                 const struct sl_cell *cells, int n) SL_MUSTCHECK;

/* The header line: every name is a text. 0 or -1 from `out`. */
int sl_excel_header(struct sl_out *out, const struct sl_style *style, const struct sl_cell *names,
                    int n) SL_MUSTCHECK;

#endif
