/*
 * JSON Lines: each row as row_to_json() of PostgreSQL gives it, on a line of its own,
 * without white space outside strings.  Made ready once for the columns of a result,
 * whose keys are escaped then; no state between rows.  Pure.  One thread.
 *
 * The values are PostgreSQL's text under the settings that every run has (DateStyle
 * ISO).  An array, a composite, or another type that is an object in JSON comes as json,
 * by to_json() in the query; without it, it is a string.
 */
#ifndef SL_JSONL_H
#define SL_JSONL_H

#include "format/rows.h"

struct sl_jsonl;

/* NULL: no memory. The fields are read, not kept. */
struct sl_jsonl *sl_jsonl_new(const struct sl_field *fields, int n);
void sl_jsonl_free(struct sl_jsonl *jsonl); /* NULL is nothing */

/* Appends one row of that many cells. 0 or -1 from `out`. */
int sl_jsonl_row(const struct sl_jsonl *jsonl, struct sl_out *out,
                 const struct sl_cell *cells) SL_MUSTCHECK;

#endif
