/*
 * A growing byte buffer with a mandatory maximum.  Owned by one thread.
 * Overflow and lack of memory are ordinary errors (-1); the buffer then keeps
 * what it held.  The content is always followed by a NUL that len does not
 * count, so data can be used as a string (data is never NULL after init).
 */
#ifndef SL_BUF_H
#define SL_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include "base/error.h"

struct sl_buf {
    char *data;
    size_t len;
    size_t cap;
    size_t max; /* largest len allowed */
};

void sl_buf_init(struct sl_buf *buf, size_t max);
void sl_buf_free(struct sl_buf *buf);

/* Appends n bytes. 0, or -1 when that would pass max or memory ran out. */
int sl_buf_add(struct sl_buf *buf, const void *bytes, size_t n) SL_MUSTCHECK;
int sl_buf_puts(struct sl_buf *buf, const char *text) SL_MUSTCHECK;
int sl_buf_putc(struct sl_buf *buf, char c) SL_MUSTCHECK;
int sl_buf_printf(struct sl_buf *buf, const char *fmt, ...) SL_PRINTF(2, 3) SL_MUSTCHECK;

/*
 * Hands the heap memory to the caller (free() it) and leaves an empty buffer.
 * NULL only when the buffer was empty and memory ran out.
 */
char *sl_buf_take(struct sl_buf *buf);

/* Appends a whole file, at most up to buf->max bytes. Errors name the file; kind is `kind`. */
int sl_buf_read_file(struct sl_buf *buf, const char *path, enum sl_kind kind,
                     struct sl_error *err) SL_MUSTCHECK;

#endif
