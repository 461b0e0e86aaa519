/* Content-Disposition for a download (RFC 6266, RFC 8187). Pure. */
#ifndef SL_DISPOSITION_H
#define SL_DISPOSITION_H

#include "base/buf.h"

/* Longest file name of common file systems, in bytes; longer names are cut. */
#define SL_FILENAME_MAX 255

/* The field's value is never longer: every byte of the name once, and once more as %XX. */
#define SL_DISPOSITION_MAX 1100

/*
 * Appends `attachment; filename="..."`, and `; filename*=UTF-8''...` when the
 * name holds more than the quoted form says the same to every client: there
 * such a character is an underscore.  Control characters and slashes of either
 * kind are underscores in both: the name is never a path.
 */
int sl_disposition(const char *name, struct sl_buf *out) SL_MUSTCHECK;

#endif
