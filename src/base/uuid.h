/* Random UUIDs: the ids of runs.  No state. */
#ifndef SL_UUID_H
#define SL_UUID_H

#include "base/error.h"

#define SL_UUID_TEXT 37 /* characters and NUL */

/* A version 4 UUID in lower case (RFC 9562 section 5.4). SL_INTERNAL: no random bytes. */
int sl_uuid_make(char id[SL_UUID_TEXT], struct sl_error *err) SL_MUSTCHECK;

#endif
