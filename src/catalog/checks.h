/* Checks of values that come from an export file as well as from a request. Pure. */
#ifndef SL_CHECKS_H
#define SL_CHECKS_H

#include <stdbool.h>

#include "base/error.h"
#include "format/style.h"

#define SL_FILENAME_ASKED_MAX 200 /* bytes: file systems take 255, and a suffix may follow */
#define SL_TIMEZONE_MAX 64

/* NULL for a name that is safe as a file name anywhere, else what is wrong, as "must not ...". */
const char *sl_filename_problem(const char *name);

/* The dialect of that name; NULL, or what is wrong with it, as "is ...". */
const char *sl_dialect_read(const char *name, enum sl_dialect *dialect) SL_MUSTCHECK;

/* Can this be the name of a time zone?  Whether it is one, PostgreSQL knows. */
bool sl_timezone_plausible(const char *name);

#endif
