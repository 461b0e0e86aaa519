/* One CSV record on one line, as `headers`, `_columns` and `_order` have it. Pure. */
#ifndef SL_RECORD_H
#define SL_RECORD_H

#include <stdbool.h>

#include "base/error.h"

/*
 * Reads the field that *at begins with into `field`, which has room for the whole
 * record and its NUL.  Quotes may begin anywhere in a field, as COPY FROM reads
 * them; with `trim`, blanks around the field go, unless they are quoted.  *at is at the
 * comma behind the field afterwards, or at the end.  -1: a quote is not closed.
 */
int sl_record_field(const char **at, bool trim, char *field) SL_MUSTCHECK;

#endif
