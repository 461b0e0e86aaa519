/*
 * How Python writes the values that psycopg2 makes of PostgreSQL's text: str() of
 * bool, int, Decimal, float, str, date, time, datetime and timedelta.  Pure.
 *
 * The text is what PostgreSQL prints under the settings that every run has:
 * DateStyle ISO, IntervalStyle postgres, extra_float_digits 1.
 */
#ifndef SL_PYTHON_H
#define SL_PYTHON_H

#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"

enum sl_python {
    SL_PY_NONE, /* another type */
    SL_PY_STR,
    SL_PY_INT,
    SL_PY_BOOL,
    SL_PY_DECIMAL,
    SL_PY_FLOAT,
    SL_PY_DATE,
    SL_PY_TIME,
    SL_PY_DATETIME,
    SL_PY_TIMEDELTA,
};

/* Room for the longest of those that are short: a timedelta takes 36 bytes, a datetime 35. */
#define SL_PYTHON_MAX 64

/* What psycopg2 makes of a built-in type. OIDs are fixed by PostgreSQL's catalogue. */
enum sl_python sl_python_of(unsigned type);

/* "a date from year 1 to 9999": what a value of it can be, for a message. */
const char *sl_python_limits(enum sl_python kind);

/*
 * Each writes str() of the value to `to`, which has SL_PYTHON_MAX bytes, without a
 * NUL, and returns its length; -1 for a value that Python cannot hold, or text
 * that PostgreSQL does not print.
 */
int sl_python_float(const char *text, size_t n, char *to) SL_MUSTCHECK;
int sl_python_date(const char *text, size_t n, char *to) SL_MUSTCHECK;
int sl_python_time(const char *text, size_t n, char *to) SL_MUSTCHECK;
int sl_python_datetime(const char *text, size_t n, char *to) SL_MUSTCHECK;
int sl_python_timedelta(const char *text, size_t n, char *to) SL_MUSTCHECK;

/*
 * A Decimal is written as numeric prints it, but for those near zero: 0.00000012
 * is 1.2E-7.  True for these: *first is the place of the digit before the point,
 * *exponent what follows E, from -7 down.
 */
bool sl_python_decimal(const char *text, size_t n, size_t *first, int *exponent) SL_MUSTCHECK;

#endif
