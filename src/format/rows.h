/*
 * Rows to bytes in one style: made ready once for the columns of a result, then
 * called for each row.  Pure: no I/O, no state between rows.  One thread.
 */
#ifndef SL_ROWS_H
#define SL_ROWS_H

#include "base/row.h"
#include "format/out.h"
#include "format/style.h"

/* A column of the result. */
struct sl_field {
    struct sl_cell name; /* borrowed for the life of the sl_rows */
    unsigned type;       /* OID; of a domain, its base type */
    bool text;           /* a type that is not built in and that drivers hand on as text */
};

struct sl_rows;

/*
 * NULL with *bad: the column whose type the style does not write, or -1 when there is
 * no memory.
 */
struct sl_rows *sl_rows_new(const struct sl_style *style, const struct sl_field *fields, int n,
                            int *bad);
void sl_rows_free(struct sl_rows *rows);

/* What stands before everything. 0 or -1 from `out`. */
int sl_rows_begin(const struct sl_rows *rows, struct sl_out *out) SL_MUSTCHECK;

/* The header line of these names, one for each column; JSON Lines have none. 0 or -1 from `out`. */
int sl_rows_header(const struct sl_rows *rows, struct sl_out *out,
                   const struct sl_cell *names) SL_MUSTCHECK;

/*
 * One row.  -1 with *bad = -1 from `out`, or with the column whose value the style
 * cannot hold: then part of the row was written.
 */
int sl_rows_row(const struct sl_rows *rows, struct sl_out *out, const struct sl_cell *cells,
                int *bad) SL_MUSTCHECK;

/* "a date from year 1 to 9999": what a value of that column can be, for a message. */
const char *sl_rows_limits(const struct sl_rows *rows, int column);

#endif
