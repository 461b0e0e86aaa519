#include "format/python.h"

static const struct {
    unsigned oid;
    enum sl_python kind;
} types[] = {
    {16, SL_PY_BOOL},        {18, SL_PY_STR},                            /* "char" */
    {19, SL_PY_STR},                                                     /* name */
    {20, SL_PY_INT},                                                     /* int8 */
    {21, SL_PY_INT},                                                     /* int2 */
    {23, SL_PY_INT},                                                     /* int4 */
    {25, SL_PY_STR},                                                     /* text */
    {26, SL_PY_INT},                                                     /* oid */
    {700, SL_PY_FLOAT},      {701, SL_PY_FLOAT}, {869, SL_PY_STR},       /* inet */
    {1042, SL_PY_STR},                                                   /* bpchar */
    {1043, SL_PY_STR},                                                   /* varchar */
    {1082, SL_PY_DATE},      {1083, SL_PY_TIME}, {1114, SL_PY_DATETIME}, /* timestamp */
    {1184, SL_PY_DATETIME},                                              /* timestamptz */
    {1186, SL_PY_TIMEDELTA},                                             /* interval */
    {1266, SL_PY_TIME},                                                  /* timetz */
    {1700, SL_PY_DECIMAL},   {2950, SL_PY_STR},                          /* uuid */
};

enum sl_python sl_python_of(unsigned type)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (types[i].oid == type)
            return types[i].kind;
    return SL_PY_NONE;
}

const char *sl_python_limits(enum sl_python kind)
{
    switch (kind) {
    case SL_PY_DATE:
    case SL_PY_DATETIME:
        return "dates from year 1 to 9999";
    case SL_PY_TIME:
        return "times before 24:00";
    case SL_PY_TIMEDELTA:
        return "less than a thousand million days";
    default:
        return "numbers";
    }
}

/* Decimal.__str__ takes an exponent when that of the first digit is below this. */
#define DECIMAL_PLAIN (-6)

bool sl_python_decimal(const char *text, size_t n, size_t *first, int *exponent)
{
    size_t sign = n > 0 && text[0] == '-';
    size_t point = sign + 1;
    size_t at;

    if (n < point + 1 || text[sign] != '0' || text[point] != '.')
        return false;
    /* All of 0.0000000 is one digit that counts, the last. */
    for (at = point + 1; at + 1 < n && text[at] == '0';)
        at++;
    *first = at;
    *exponent = -(int)(at - point);
    return *exponent < DECIMAL_PLAIN;
}
