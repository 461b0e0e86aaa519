#include "cmd/target_name.h"

#include <limits.h>
#include <string.h>

#include "base/buf.h"

/* strftime(3) prints what it does not know as it is, so that a slip would become a name. */
#define CONVERSIONS "aAbBcCdDeFgGhHIjmMpSrRTuUVwWxXyYzZs"

#define LONGEST_TEXT 128 /* bytes that one conversion makes */

static int convert(char letter, const struct tm *tm, struct sl_buf *name, struct sl_error *err)
{
    const char format[] = {'%', letter, '\0'};
    char text[LONGEST_TEXT];

/* The letter is one of CONVERSIONS. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    size_t len = strftime(text, sizeof text, format, tm);
#pragma GCC diagnostic pop
    if (len == 0)
        return sl_error_set(err, SL_USAGE, "%s makes no text here", format);
    for (size_t i = 0; i < len; i++)
        if (text[i] == '/' || (unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return sl_error_set(err, SL_USAGE,
                                "%s makes \"%s\", which cannot be part of a file name; "
                                "%%F makes a date",
                                format, text);
    return sl_buf_add(name, text, len) < 0 ? sl_error_nomem(err) : 0;
}

static int expand(const char *pattern, const struct tm *tm, struct sl_buf *name,
                  struct sl_error *err)
{
    for (const char *p = pattern; *p != '\0'; p++) {
        int rc = 0;

        if (*p != '%') {
            rc = sl_buf_putc(name, *p);
        } else if (*++p == '%') {
            rc = sl_buf_putc(name, '%');
        } else if (*p == '\0' || strchr(CONVERSIONS, *p) == NULL) {
            return sl_error_set(err, SL_USAGE,
                                "'%%%.1s' is no conversion of a time: see strftime(3); a percent "
                                "sign is written %%%%",
                                p);
        } else if (convert(*p, tm, name, err) < 0) {
            return -1;
        }
        if (rc < 0)
            return sl_error_set(err, SL_USAGE, "the name is too long");
    }
    return 0;
}

char *sl_target_name(const char *pattern, time_t now, struct sl_error *err)
{
    struct sl_buf name;
    struct sl_error why;
    struct tm tm;
    char *text = NULL;

    sl_buf_init(&name, PATH_MAX - 1);
    if (localtime_r(&now, &tm) == NULL)
        sl_error_set(err, SL_INTERNAL, "what the time is cannot be told");
    else if (expand(pattern, &tm, &name, &why) < 0)
        sl_error_set(err, why.kind, "'%s': %s", pattern, why.message);
    else if ((text = sl_buf_take(&name)) == NULL)
        sl_error_nomem(err);
    sl_buf_free(&name);
    return text;
}
