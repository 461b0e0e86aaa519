/* Sizes, durations, numbers, UTF-8 and near-miss names: small text readers without state. */
#ifndef SL_UNITS_H
#define SL_UNITS_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include "base/error.h"

/* Decimal digits only, min <= value <= max. 0 or -1. */
int sl_parse_int(const char *text, int64_t min, int64_t max, int64_t *value) SL_MUSTCHECK;

/* "2MB", "256kB", "1GB", "512" (bytes); B kB MB GB TB of 1024, as in PostgreSQL. 0 or -1. */
int sl_parse_size(const char *text, int64_t *bytes) SL_MUSTCHECK;

/* "16kB/s": a size per second. 0 or -1. */
int sl_parse_rate(const char *text, int64_t *bytes_per_second) SL_MUSTCHECK;

/* "30s", "500ms", "30min", "6h", "1d"; a bare number is seconds. Milliseconds out. 0 or -1. */
int sl_parse_duration(const char *text, int64_t *ms) SL_MUSTCHECK;

/* "on", "off" (also true/false, yes/no, 1/0). 0 or -1. */
int sl_parse_bool(const char *text, bool *value) SL_MUSTCHECK;

/* Is text[0..len) valid UTF-8 without NUL? */
bool sl_utf8_valid(const char *text, size_t len);

/* Bytes of a name of the caller's that a message shows. */
#define SL_NAME_SHOWN 60

/*
 * How many bytes of the text, at most max, are whole characters: for "%.*s", where a
 * message shows the beginning of a name.
 */
int sl_utf8_fit(const char *text, int max);

/*
 * Reads the UTF-8 character that text[0..len) begins with (RFC 3629: no overlong
 * forms, no surrogates).  Returns its length, 1 to 4, or 0 when there is none.
 */
size_t sl_utf8_char(const char *text, size_t len, uint32_t *code);

/* Control characters, and those that change the order or place of what is around them. */
bool sl_invisible(uint32_t code);

/*
 * The candidate nearest to word by edit distance (at most 2 edits, or 3 for
 * words of 8 letters and more), or NULL.  candidates ends with NULL.
 */
const char *sl_suggest(const char *word, const char *const *candidates);

#endif
