/* Which media types a client wants (Accept, RFC 9110 section 12.5.1). Pure. */
#ifndef SL_ACCEPT_H
#define SL_ACCEPT_H

#include <stddef.h>

#include "catalog/format.h"

#define SL_ACCEPT_LINES 8 /* of the field; what follows is left out */

/* What the client said: borrowed values. All 0 before the first. */
struct sl_accept {
    const char *lines[SL_ACCEPT_LINES];
    size_t n;
};

void sl_accept_add(struct sl_accept *accept, const char *value);

/*
 * How much the client wants a type, such as "text/csv": 0, not at all, to 1000.  Of the
 * ranges that match, the most specific one says it, and of several such the largest;
 * parameters but q make no difference, and a malformed q is 0.  1000 where the
 * client said nothing.
 */
int sl_accept_weight(const struct sl_accept *accept, const char *type);

/*
 * The format, one that is no compressed file, that the client wants most; of two the one
 * that comes first in sl_formats.  csv, too, where it wants none of
 * them: as with Accept-Encoding, a 406 would help nobody, and the RFC leaves it to the server.
 */
const struct sl_format *sl_accept_format(const struct sl_accept *accept);

#endif
