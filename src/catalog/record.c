#include "catalog/record.h"

#include <stddef.h>

#include "catalog/param.h"

int sl_record_field(const char **at, bool trim, char *field)
{
    const char *p = *at;
    size_t n = 0;
    size_t keep = 0; /* up to here blanks are quoted, or followed by more */
    bool quoted = false;

    while (trim && sl_header_blank(*p))
        p++;
    for (; *p != '\0' && (quoted || *p != ','); p++) {
        if (*p == '"' && !(quoted && p[1] == '"')) {
            quoted = !quoted;
            keep = n;
            continue;
        }
        p += *p == '"';
        field[n++] = *p;
        if (quoted || !trim || !sl_header_blank(*p))
            keep = n;
    }
    field[keep] = '\0';
    *at = p;
    return quoted ? -1 : 0;
}
