/*
 * Django's lookups, and what the key of a filter means: `total__gte` is the column total
 * and the lookup gte.  Against a table that is described already (catalog/table.h).  Pure.
 */
#ifndef SL_LOOKUP_H
#define SL_LOOKUP_H

#include "catalog/table.h"

enum sl_lookup {
    SL_EXACT,
    SL_IEXACT,
    SL_CONTAINS,
    SL_ICONTAINS,
    SL_STARTSWITH,
    SL_ISTARTSWITH,
    SL_ENDSWITH,
    SL_IENDSWITH,
    SL_IN,
    SL_GT,
    SL_GTE,
    SL_LT,
    SL_LTE,
    SL_RANGE,
    SL_ISNULL,
    SL_REGEX,
    SL_IREGEX,
    SL_DATE,
    SL_YEAR,
    SL_MONTH,
    SL_DAY,
    SL_HAS_KEY,
    SL_LOOKUPS
};

/* By number; the last is NULL. */
extern const char *const sl_lookup_names[SL_LOOKUPS + 1];

/* Has a type of this kind the lookup? */
bool sl_lookup_fits(enum sl_lookup lookup, enum sl_type_kind kind);

enum sl_key_result {
    SL_KEY_FOUND,
    SL_KEY_FOREIGN,   /* column is a foreign key, rest is for the table that it leads to */
    SL_KEY_NO_LOOKUP, /* there is the column, but rest is no lookup */
    SL_KEY_UNKNOWN
};

struct sl_key {
    const struct sl_table_column *column; /* of the table that was asked */
    enum sl_lookup lookup;
    const char *rest; /* what follows the column, inside the key; NULL: nothing */
};

/*
 * Reads a key without its `!`: the whole name is a column, or a foreign key without
 * its _id (exact); else the longest column and a lookup; else the longest foreign key,
 * with its _id or without, and a rest.
 */
enum sl_key_result sl_key_read(const struct sl_table *table, const char *text, struct sl_key *key);

/*
 * Reads the rest of a key for the table that `foreign` leads to: a column, or a column
 * and a lookup; else a lookup of the foreign key itself.  key->column is of the target,
 * or `foreign`.
 */
enum sl_key_result sl_key_read_rest(const struct sl_table *target,
                                    const struct sl_table_column *foreign, const char *rest,
                                    struct sl_key *key);

#endif
