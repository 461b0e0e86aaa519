/*
 * Values looked at and copied by vectors of the compiler: SSE2 on x86, NEON on ARM,
 * plain code elsewhere.  For the formats of this folder: what each of them looks for
 * is chosen where a function is called, by a constant, and costs nothing at run time.
 */
#ifndef SL_SCAN_H
#define SL_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef unsigned char sl_vec16 __attribute__((vector_size(16)));
typedef unsigned char sl_vec8 __attribute__((vector_size(8)));

enum sl_scan {
    SL_SCAN_CSV, /* delimiter, quote, LF, CR */
    SL_SCAN_TSV, /* backslash, BS, TAB, LF, VT, FF, CR */
};

/* Both fold to one expression where `what` is a constant. */
#define SL_SCAN_HIT(type, what, v, delimiter)                                                      \
    ((what) == SL_SCAN_CSV ? (type)(((v) == (unsigned char)(delimiter)) | ((v) == '"') |           \
                                    ((v) == '\n') | ((v) == '\r'))                                 \
                           : (type)(((type)((v) - '\b') <= '\r' - '\b') | ((v) == '\\')))

static inline bool sl_scan_byte(enum sl_scan what, char c, char delimiter)
{
    if (what == SL_SCAN_CSV)
        return c == delimiter || c == '"' || c == '\n' || c == '\r';
    return (c >= '\b' && c <= '\r') || c == '\\';
}

static inline uint64_t sl_scan_hit16(enum sl_scan what, sl_vec16 v, char delimiter)
{
    sl_vec16 hit = SL_SCAN_HIT(sl_vec16, what, v, delimiter);
    uint64_t half[2];

    memcpy(half, &hit, sizeof half);
    return half[0] | half[1];
}

static inline uint64_t sl_scan_hit8(enum sl_scan what, sl_vec8 v, char delimiter)
{
    sl_vec8 hit = SL_SCAN_HIT(sl_vec8, what, v, delimiter);
    uint64_t whole;

    memcpy(&whole, &hit, sizeof whole);
    return whole;
}

static inline sl_vec16 sl_scan_load16(const char *p)
{
    sl_vec16 v;

    memcpy(&v, p, sizeof v);
    return v;
}

static inline sl_vec8 sl_scan_load8(const char *p)
{
    sl_vec8 v;

    memcpy(&v, p, sizeof v);
    return v;
}

/* Is there one in these n bytes?  The last step overlaps the one before. */
static inline bool sl_scan_any(enum sl_scan what, const char *p, size_t n, char delimiter)
{
    if (n >= 16) {
        uint64_t hit = sl_scan_hit16(what, sl_scan_load16(p + n - 16), delimiter);

        for (size_t i = 0; i + 16 < n; i += 16)
            hit |= sl_scan_hit16(what, sl_scan_load16(p + i), delimiter);
        return hit != 0;
    }
    if (n >= 8)
        return (sl_scan_hit8(what, sl_scan_load8(p), delimiter) |
                sl_scan_hit8(what, sl_scan_load8(p + n - 8), delimiter)) != 0;
    for (size_t i = 0; i < n; i++)
        if (sl_scan_byte(what, p[i], delimiter))
            return true;
    return false;
}

#define SL_SCAN_SHORT 32 /* most values are no longer: looked at and copied in one go */

/*
 * Copies a value of at most SL_SCAN_SHORT bytes to `to`, which has room for them.
 * false when there is one in it; what was written then does not count.
 */
static inline bool sl_scan_copy(enum sl_scan what, char *to, const char *p, size_t n,
                                char delimiter)
{
    if (n >= 16) {
        sl_vec16 first = sl_scan_load16(p);
        sl_vec16 last = sl_scan_load16(p + n - 16);

        memcpy(to, &first, sizeof first);
        memcpy(to + n - 16, &last, sizeof last);
        return (sl_scan_hit16(what, first, delimiter) | sl_scan_hit16(what, last, delimiter)) == 0;
    }
    if (n >= 8) {
        sl_vec8 first = sl_scan_load8(p);
        sl_vec8 last = sl_scan_load8(p + n - 8);

        memcpy(to, &first, sizeof first);
        memcpy(to + n - 8, &last, sizeof last);
        return (sl_scan_hit8(what, first, delimiter) | sl_scan_hit8(what, last, delimiter)) == 0;
    }
    for (size_t i = 0; i < n; i++) {
        if (sl_scan_byte(what, p[i], delimiter))
            return false;
        to[i] = p[i];
    }
    return true;
}

#endif
