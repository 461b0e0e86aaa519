#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SMALLEST_CAP 64
#define READ_SIZE 8192

/* What data points at before the first byte; never written, so threads may share it. */
static char nothing[1];

void sl_buf_init(struct sl_buf *buf, size_t max)
{
    *buf = (struct sl_buf){.data = nothing, .max = max < SIZE_MAX ? max : SIZE_MAX - 1};
}

void sl_buf_free(struct sl_buf *buf)
{
    if (buf->cap > 0)
        free(buf->data);
    sl_buf_init(buf, buf->max);
}

/* Makes room for n more bytes and the NUL. */
static int reserve(struct sl_buf *buf, size_t n)
{
    size_t cap = buf->cap;
    char *data;

    if (n > buf->max - buf->len)
        return -1;
    if (buf->len + n < buf->cap)
        return 0;
    if (cap == 0)
        cap = buf->max < SMALLEST_CAP ? buf->max + 1 : SMALLEST_CAP;
    while (cap <= buf->len + n)
        cap = cap > buf->max / 2 ? buf->max + 1 : cap * 2;
    data = realloc(buf->cap > 0 ? buf->data : NULL, cap);
    if (data == NULL)
        return -1;
    buf->data = data;
    buf->cap = cap;
    return 0;
}

int sl_buf_add(struct sl_buf *buf, const void *bytes, size_t n)
{
    if (n == 0)
        return 0;
    if (reserve(buf, n) != 0)
        return -1;
    memcpy(buf->data + buf->len, bytes, n);
    buf->len += n;
    buf->data[buf->len] = '\0';
    return 0;
}

int sl_buf_puts(struct sl_buf *buf, const char *text)
{
    return sl_buf_add(buf, text, strlen(text));
}

int sl_buf_putc(struct sl_buf *buf, char c)
{
    return sl_buf_add(buf, &c, 1);
}

int sl_buf_printf(struct sl_buf *buf, const char *fmt, ...)
{
    va_list args;
    int n;

    va_start(args, fmt);
    n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (n < 0 || reserve(buf, (size_t)n) != 0)
        return -1;
    va_start(args, fmt);
    vsnprintf(buf->data + buf->len, (size_t)n + 1, fmt, args);
    va_end(args);
    buf->len += (size_t)n;
    return 0;
}

char *sl_buf_take(struct sl_buf *buf)
{
    char *data = buf->cap > 0 ? buf->data : calloc(1, 1);

    sl_buf_init(buf, buf->max);
    return data;
}

int sl_buf_read_file(struct sl_buf *buf, const char *path, enum sl_kind kind, struct sl_error *err)
{
    char chunk[READ_SIZE];
    int result = -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return sl_error_set(err, kind, "%s: cannot open: %s", path, strerror(errno));
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof(chunk));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            sl_error_set(err, kind, "%s: cannot read: %s", path, strerror(errno));
            goto out;
        }
        if (n == 0)
            break;
        if ((size_t)n > buf->max - buf->len) {
            sl_error_set(err, kind, "%s: larger than %zu bytes", path, buf->max);
            goto out;
        }
        if (sl_buf_add(buf, chunk, (size_t)n) != 0) {
            sl_error_nomem(err);
            goto out;
        }
    }
    result = 0;
out:
    close(fd);
    return result;
}
