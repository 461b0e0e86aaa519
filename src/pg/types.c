#include "pg/types.h"

#include <stddef.h>

/* Type OIDs below 10000 are fixed by PostgreSQL's catalogue (pg_type.dat). */
static const struct {
    unsigned oid;
    int width;
} bounded[] = {
    {16, 1},    /* bool */
    {18, 4},    /* "char" */
    {19, 252},  /* name: 63 bytes, at most 4 of UTF-8 for each in another server encoding */
    {20, 20},   /* int8 */
    {21, 6},    /* int2 */
    {23, 11},   /* int4 */
    {26, 10},   /* oid */
    {27, 22},   /* tid */
    {28, 10},   /* xid */
    {29, 10},   /* cid */
    {700, 24},  /* float4 */
    {701, 25},  /* float8 */
    {774, 23},  /* macaddr8 */
    {790, 32},  /* money, lc_monetary C */
    {829, 17},  /* macaddr */
    {869, 50},  /* inet */
    {650, 50},  /* cidr */
    {600, 56},  /* point */
    {1082, 16}, /* date */
    {1083, 16}, /* time */
    {1114, 40}, /* timestamp */
    {1184, 48}, /* timestamptz */
    {1186, 80}, /* interval */
    {1266, 32}, /* timetz */
    {2950, 36}, /* uuid */
    {3220, 20}, /* pg_lsn */
    {5069, 20}, /* xid8 */
};

#define VARHDRSZ 4 /* what type modifiers of varchar, bpchar and numeric start with */
#define UTF8_MAX 4 /* bytes of one character */

int64_t sl_type_width(unsigned oid, int modifier)
{
    if (modifier >= VARHDRSZ && (oid == 1042 || oid == 1043)) /* bpchar, varchar */
        return (int64_t)(modifier - VARHDRSZ) * UTF8_MAX;
    if (modifier >= VARHDRSZ && oid == 1700) /* numeric(p, s): digits, sign, point, zero */
        return ((modifier - VARHDRSZ) >> 16 & 0xffff) + 1024;
    for (size_t i = 0; i < sizeof bounded / sizeof bounded[0]; i++)
        if (bounded[i].oid == oid)
            return bounded[i].width;
    return -1;
}
