/* JSON text into a struct sl_buf: objects and arrays are written by hand, values by these. */
#ifndef SL_JSON_H
#define SL_JSON_H

#include <stdint.h>
#include "base/buf.h"

/* A quoted, escaped string (RFC 8259 section 7). Invalid UTF-8 becomes U+FFFD, NULL null. */
int sl_json_string(struct sl_buf *buf, const char *text) SL_MUSTCHECK;

/* `"name":` , with a comma before it unless the last byte is `{` or `[`. */
int sl_json_name(struct sl_buf *buf, const char *name) SL_MUSTCHECK;

/* Member with a string (NULL: null) or integer value. */
int sl_json_member(struct sl_buf *buf, const char *name, const char *value) SL_MUSTCHECK;
int sl_json_member_int(struct sl_buf *buf, const char *name, int64_t value) SL_MUSTCHECK;

#define SL_JSON_ESCAPED 6 /* bytes that one escaped character takes at most */

/*
 * Escapes the character that text[0..len), len > 0, begins with, for use between
 * double quotes; what does not show, or would reorder text on a screen, becomes
 * \uXXXX.  Returns the bytes written to out; *used is the bytes of text it stands for.
 */
size_t sl_json_escape(const char *text, size_t len, char out[SL_JSON_ESCAPED], size_t *used);

#endif
