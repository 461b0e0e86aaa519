#include "base/json.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "base/units.h"

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

/* The letter of a short escape, or 0. */
static char short_escape(uint32_t code)
{
    switch (code) {
    case '"':
    case '\\':
        return (char)code;
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return 0;
    }
}

size_t sl_json_escape(const char *text, size_t len, char out[SL_JSON_ESCAPED], size_t *used)
{
    static const char hex[] = "0123456789abcdef";
    uint32_t code;
    size_t n = sl_utf8_char(text, len, &code);

    if (n == 0) {
        *used = 1;
        memcpy(out, REPLACEMENT, 3);
        return 3;
    }
    *used = n;
    out[0] = '\\';
    out[1] = short_escape(code);
    if (out[1] != 0)
        return 2;
    if (sl_invisible(code)) {
        out[1] = 'u';
        for (int i = 0; i < 4; i++)
            out[2 + i] = hex[(code >> (12 - 4 * i)) & 0xF];
        return 6;
    }
    memcpy(out, text, n);
    return n;
}

int sl_json_string(struct sl_buf *buf, const char *text)
{
    char escaped[SL_JSON_ESCAPED];
    size_t left;
    size_t used;

    if (text == NULL)
        return sl_buf_puts(buf, "null");
    if (sl_buf_putc(buf, '"') != 0)
        return -1;
    for (left = strlen(text); left > 0; left -= used, text += used) {
        size_t n = sl_json_escape(text, left, escaped, &used);
        if (sl_buf_add(buf, escaped, n) != 0)
            return -1;
    }
    return sl_buf_putc(buf, '"');
}

int sl_json_name(struct sl_buf *buf, const char *name)
{
    char last = buf->len > 0 ? buf->data[buf->len - 1] : '{';

    if (last != '{' && last != '[' && sl_buf_putc(buf, ',') != 0)
        return -1;
    if (sl_json_string(buf, name) != 0)
        return -1;
    return sl_buf_putc(buf, ':');
}

int sl_json_member(struct sl_buf *buf, const char *name, const char *value)
{
    if (sl_json_name(buf, name) != 0)
        return -1;
    return sl_json_string(buf, value);
}

int sl_json_member_int(struct sl_buf *buf, const char *name, int64_t value)
{
    if (sl_json_name(buf, name) != 0)
        return -1;
    return sl_buf_printf(buf, "%" PRId64, value);
}
