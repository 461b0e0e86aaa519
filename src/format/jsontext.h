/*
 * The two texts of JSON that PostgreSQL's values become: strings, and JSON without
 * its white space.  Pure; no state between calls.
 */
#ifndef SL_JSONTEXT_H
#define SL_JSONTEXT_H

#include "format/out.h"

/* Bytes that one byte of a string takes at most: \u001f. */
#define SL_JSONTEXT_ESCAPED 6

/*
 * Appends n bytes as a string in quotes, with the escapes of PostgreSQL's to_json() and
 * no other: DEL and all beyond ASCII stand as they are. 0 or -1 from `out`.
 */
int sl_jsontext_string(struct sl_out *out, const char *text, size_t n) SL_MUSTCHECK;

/*
 * Appends JSON of n bytes without the white space outside its strings, so that it takes
 * one line. 0 or -1 from `out`.
 */
int sl_jsontext_compact(struct sl_out *out, const char *text, size_t n) SL_MUSTCHECK;

#endif
