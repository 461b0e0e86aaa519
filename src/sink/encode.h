/*
 * A stage that turns UTF-8 into another encoding, by iconv(3), in constant memory
 * (SL_ENCODE_MEMORY).  A character that the encoding does not have ends the output:
 * nothing is left out or replaced, but for variants of a letter, such as full-width
 * ones, that are one in the encoding.
 */
#ifndef SL_ENCODE_H
#define SL_ENCODE_H

#include <stdbool.h>

#include "sink/sink.h"

/* The longest name of an encoding. */
#define SL_ENCODE_NAME_MAX 40

/* What a byte order mark (U+FEFF at the beginning) is in an encoding. */
enum sl_bom {
    SL_BOM_NONE,  /* it has no such character */
    SL_BOM_ASKED, /* written like any other character, where it is wanted */
    SL_BOM_ALWAYS /* the encoding begins with one of itself, as UTF-16 does */
};

/*
 * Is there an encoding of that name, of letters, digits and -_.: alone, which the C
 * library writes?  Then *bom too.
 */
bool sl_encode_knows(const char *name, enum sl_bom *bom);

/*
 * next is borrowed.  A character that the encoding lacks is SL_BAD_PARAMETER of
 * `_encoding`, whose message does not show it.  NULL and *err when the encoding is not
 * known or memory ran out.  Free with sl_encode_free().
 */
struct sl_sink *sl_encode_new(const char *encoding, struct sl_sink *next, struct sl_error *err);
void sl_encode_free(struct sl_sink *sink); /* NULL is nothing */

#endif
