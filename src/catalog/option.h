/* The options of a request, `_name=value`: collected first, then read in an order of their own. */
#ifndef SL_OPTION_H
#define SL_OPTION_H

#include "catalog/query.h"

#define SL_OPTION_MAX 24

/* What was given, by the option's place in their table; NULL: not given. Borrowed. */
struct sl_asked {
    const char *values[SL_OPTION_MAX];
};

/* Takes one in. SL_BAD_REQUEST: there is none of that name; SL_BAD_PARAMETER: it is given twice. */
int sl_option_take(struct sl_asked *asked, const struct sl_arg *arg,
                   struct sl_error *err) SL_MUSTCHECK;

/*
 * Reads all into the query, whose format and export's dialect are there already.
 * SL_BAD_PARAMETER names the option and what it takes, or the format to which it means
 * nothing.  An empty value means left out.
 */
int sl_option_read(const struct sl_asked *asked, struct sl_query *query,
                   struct sl_error *err) SL_MUSTCHECK;

#endif
