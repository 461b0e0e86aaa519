/* How wide a value's text can be, told from its type alone. */
#ifndef SL_TYPES_H
#define SL_TYPES_H

#include <stdint.h>

/*
 * The largest number of bytes that a value of a built-in type prints in UTF-8, or
 * -1 when the type has no bound (text, arrays, domains, anything not built in).
 * oid and modifier as a row description gives them.
 */
int64_t sl_type_width(unsigned oid, int modifier);

#endif
