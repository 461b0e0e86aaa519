/* The decimal sign of a language and region, from a constant table. Pure. */
#ifndef SL_LOCALE_H
#define SL_LOCALE_H

#include <stdbool.h>

/*
 * *decimal is '.' or ',' for a name of BCP 47 or POSIX, in either case: de, de-CH, pt_BR,
 * sr-Latn-RS, de_AT.UTF-8, C.  A region that writes as its language does is not looked at.
 * false: no such language is known.
 */
bool sl_locale_decimal(const char *name, char *decimal);

#endif
