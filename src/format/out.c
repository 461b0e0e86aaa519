#include "format/out.h"

#include <string.h>

int sl_out_bytes(struct sl_out *out, const char *bytes, size_t n)
{
    for (;;) {
        size_t room = (size_t)(out->end - out->pos);
        size_t part = n < room ? n : room;

        if (part > 0) {
            memcpy(out->pos, bytes, part);
            out->pos += part;
            bytes += part;
            n -= part;
        }
        if (n == 0)
            return 0;
        if (out->more(out) < 0)
            return -1;
    }
}
