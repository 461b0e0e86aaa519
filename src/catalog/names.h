/* Columns as `_columns` and `_order` name them: one CSV record of names. Pure. */
#ifndef SL_NAMES_H
#define SL_NAMES_H

#include <stddef.h>
#include "base/error.h"

#define SL_NAMES_MAX 1664 /* as many columns as a query can have */

struct sl_name {
    char *text;
    bool descending; /* in `_order` only: a - stood before it */
};

struct sl_names {
    struct sl_name *v;
    size_t n; /* 0: the option was not given */
};

/*
 * Reads the value of `option`.  Names are written as they are, in quotes when they hold
 * a comma, a quote or a blank at an end; with `directed`, a - before the name
 * (and before its quotes) is no part of it.  A name may be there twice.
 * SL_BAD_PARAMETER for the option: what is no record, or an empty name.  Free with
 * sl_names_free(), also after an error; empty before.
 */
int sl_names_read(const char *option, const char *value, bool directed, struct sl_names *names,
                  struct sl_error *err) SL_MUSTCHECK;

void sl_names_free(struct sl_names *names);

/*
 * Which of columns[0..n) a name means.  SL_BAD_PARAMETER for the option when it is none
 * or several of them: names the nearest, and lists those that may be used.
 */
int sl_names_find(const char *option, const char *name, const char *const *columns, size_t n,
                  size_t *found, struct sl_error *err) SL_MUSTCHECK;

#endif
