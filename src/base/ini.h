/*
 * Reader of the configuration text: `[section]` or `[section NAME]`,
 * `key = value`, and lines that continue a value by leading white space.
 * `#` and `;` begin a comment at the start of a line, also of an indented one.  Pure: no files, no
 * I/O.
 */
#ifndef SL_INI_H
#define SL_INI_H

#include <stddef.h>
#include "base/error.h"

#define SL_INI_MAX_BYTES ((size_t)1024 * 1024) /* of one file */
#define SL_INI_MAX_VALUE ((size_t)64 * 1024)   /* of one value: keys may be many lines */

struct sl_ini_entry {
    const char *section; /* "token" of [token NAME] */
    const char *name;    /* "NAME", or "" */
    const char *key;     /* NULL for the section line itself */
    const char *value;   /* trimmed, continuation lines joined by \n; "" is allowed */
    int line;
};

typedef int (*sl_ini_fn)(void *ctx, const struct sl_ini_entry *entry, struct sl_error *err);

/*
 * Calls fn for every section line and key in order; its -1 ends the reading.
 * file is for messages only.  Errors are SL_CONFIG, "FILE:LINE: what is wrong; what to write".
 */
int sl_ini_read(const char *file, const char *text, size_t len, sl_ini_fn fn, void *ctx,
                struct sl_error *err) SL_MUSTCHECK;

#endif
