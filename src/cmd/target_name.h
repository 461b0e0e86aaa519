/* Names of files with the time in them, as in 'orders-%Y%m%d.csv.zst'. */
#ifndef SL_TARGET_NAME_H
#define SL_TARGET_NAME_H

#include <time.h>

#include "base/error.h"

/*
 * `pattern` with its conversions of strftime(3) at the local time `now`; free() it.
 * Conversions are single letters (POSIX's, and `s`); %% is a percent sign.  SL_USAGE
 * for another, and for one whose text is empty or has what no part of a name should
 * have: a slash, or what does not show.  NULL on error.
 */
char *sl_target_name(const char *pattern, time_t now, struct sl_error *err);

#endif
