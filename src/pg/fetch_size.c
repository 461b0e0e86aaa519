#include "pg/fetch_size.h"

#include "base/limits.h"

void sl_fetch_size_init(struct sl_fetch_size *size, int first, int largest, int64_t share)
{
    size->rows = first < largest ? first : largest;
    size->largest = largest;
    size->share = share;
}

void sl_fetch_size_bound(struct sl_fetch_size *size, int64_t widest)
{
    while (size->largest > 1 && widest * size->largest > size->share)
        size->largest /= 2;
    if (size->rows > size->largest)
        size->rows = size->largest;
}

void sl_fetch_size_learn(struct sl_fetch_size *size, int asked, int rows, int64_t bytes, int64_t ms)
{
    int next = asked;

    if (rows <= 0)
        return;
    if (bytes > size->share || ms > SL_FETCH_SLOW_MS) {
        if (next > 1)
            next /= 2;
        while (next > 1 && bytes / rows * next > size->share)
            next /= 2;
    } else if (bytes <= size->share / 2 && ms <= SL_FETCH_SLOW_MS / 2) {
        next *= 2;
    }
    if (next > 2 * size->rows) /* what was asked before a cut does not undo it */
        next = 2 * size->rows;
    size->rows = next < size->largest ? next : size->largest;
}
