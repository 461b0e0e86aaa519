#include "http/disposition.h"

#include <stdbool.h>
#include <string.h>

#include "base/units.h"

/* Length of the name without a cut character at its end. */
static size_t usable_length(const char *name)
{
    size_t len = strnlen(name, SL_FILENAME_MAX + 1);

    if (len <= SL_FILENAME_MAX)
        return len;
    len = SL_FILENAME_MAX;
    while (len > 0 && ((unsigned char)name[len] & 0xc0) == 0x80)
        len--;
    return len;
}

/* No part of any file name, whatever the form. */
static bool unwanted(unsigned char c)
{
    return c < ' ' || c == 0x7f || c == '/' || c == '\\';
}

/*
 * Would a client read it otherwise inside filename="..."?  Escaped quotes and
 * percent signs are understood differently (RFC 6266 appendix D), and bytes
 * over 0x7f are Latin-1 to some.
 */
static bool ambiguous(unsigned char c)
{
    return c >= 0x80 || c == '"' || c == '%';
}

/* attr-char of RFC 8187 section 3.2.1. */
static bool attribute_char(unsigned char c)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "!#$&+-.^_`|~";

    return c != '\0' && strchr(allowed, c) != NULL;
}

static int add_plain(const char *name, size_t len, struct sl_buf *out)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)name[i];
        /* One underscore for a whole character of several bytes. */
        if ((c & 0xc0) == 0x80)
            continue;
        if (sl_buf_putc(out, unwanted(c) || ambiguous(c) ? '_' : (char)c) != 0)
            return -1;
    }
    return 0;
}

static int add_extended(const char *name, size_t len, struct sl_buf *out)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)name[i];
        int failed;
        if (unwanted(c))
            failed = sl_buf_putc(out, '_');
        else if (attribute_char(c))
            failed = sl_buf_putc(out, (char)c);
        else
            failed = sl_buf_printf(out, "%%%02X", c);
        if (failed)
            return -1;
    }
    return 0;
}

int sl_disposition(const char *name, struct sl_buf *out)
{
    size_t len = usable_length(name);
    bool extended = false;

    for (size_t i = 0; i < len; i++)
        extended = extended || ambiguous((unsigned char)name[i]);
    if (sl_buf_puts(out, "attachment; filename=\"") != 0 || add_plain(name, len, out) != 0 ||
        sl_buf_putc(out, '"') != 0)
        return -1;
    /* The extended form must be UTF-8; a name that is not has the plain form only. */
    if (!extended || !sl_utf8_valid(name, len))
        return 0;
    if (sl_buf_puts(out, "; filename*=UTF-8''") != 0)
        return -1;
    return add_extended(name, len, out);
}
