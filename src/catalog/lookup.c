#include "catalog/lookup.h"

#include <string.h>

#define SEPARATOR "__"
#define ID "_id"

const char *const sl_lookup_names[SL_LOOKUPS + 1] = {
    [SL_EXACT] = "exact",
    [SL_IEXACT] = "iexact",
    [SL_CONTAINS] = "contains",
    [SL_ICONTAINS] = "icontains",
    [SL_STARTSWITH] = "startswith",
    [SL_ISTARTSWITH] = "istartswith",
    [SL_ENDSWITH] = "endswith",
    [SL_IENDSWITH] = "iendswith",
    [SL_IN] = "in",
    [SL_GT] = "gt",
    [SL_GTE] = "gte",
    [SL_LT] = "lt",
    [SL_LTE] = "lte",
    [SL_RANGE] = "range",
    [SL_ISNULL] = "isnull",
    [SL_REGEX] = "regex",
    [SL_IREGEX] = "iregex",
    [SL_DATE] = "date",
    [SL_YEAR] = "year",
    [SL_MONTH] = "month",
    [SL_DAY] = "day",
    [SL_HAS_KEY] = "has_key",
    [SL_LOOKUPS] = NULL,
};

bool sl_lookup_fits(enum sl_lookup lookup, enum sl_type_kind kind)
{
    switch (lookup) {
    case SL_DATE:
    case SL_YEAR:
    case SL_MONTH:
    case SL_DAY:
        return kind == SL_TYPE_DATE || kind == SL_TYPE_TIMESTAMP || kind == SL_TYPE_TIMESTAMPTZ;
    case SL_HAS_KEY:
        return kind == SL_TYPE_KEYED;
    case SL_CONTAINS:
        return kind != SL_TYPE_JSON;
    case SL_STARTSWITH:
    case SL_ENDSWITH:
        /* Django's are those of the bounds. */
        return kind != SL_TYPE_RANGE && kind != SL_TYPE_MULTIRANGE;
    default:
        return true;
    }
}

/* SL_LOOKUPS: there is none of that name. */
static enum sl_lookup find_lookup(const char *name)
{
    int i = 0;

    while (i < SL_LOOKUPS && strcmp(sl_lookup_names[i], name) != 0)
        i++;
    return (enum sl_lookup)i;
}

static const struct sl_table_column *find_column(const struct sl_table *table, const char *name,
                                                 size_t len)
{
    for (size_t i = 0; i < table->n; i++)
        if (strlen(table->columns[i].name) == len && memcmp(table->columns[i].name, name, len) == 0)
            return &table->columns[i];
    return NULL;
}

/* A foreign key by its column's name or, as Django's models have it, without its _id. */
static const struct sl_table_column *find_foreign(const struct sl_table *table, const char *name,
                                                  size_t len)
{
    const struct sl_table_column *column = find_column(table, name, len);

    if (column != NULL && column->to_table != NULL)
        return column;
    for (size_t i = 0; i < table->n; i++) {
        column = &table->columns[i];
        if (column->to_table != NULL && strlen(column->name) == len + strlen(ID) &&
            memcmp(column->name, name, len) == 0 && strcmp(column->name + len, ID) == 0)
            return column;
    }
    return NULL;
}

/* The last separator in text[0..len) that has something before it and behind; NULL: none. */
static const char *last_separator(const char *text, size_t len)
{
    for (size_t i = len; i-- > 1;)
        if (strncmp(text + i, SEPARATOR, strlen(SEPARATOR)) == 0 &&
            text[i + strlen(SEPARATOR)] != '\0')
            return text + i;
    return NULL;
}

/* The whole name, or the longest column that a lookup follows. */
static enum sl_key_result read_column(const struct sl_table *table, const char *text,
                                      struct sl_key *key)
{
    size_t len = strlen(text);
    enum sl_key_result result = SL_KEY_UNKNOWN;

    *key = (struct sl_key){find_column(table, text, len), SL_EXACT, NULL};
    if (key->column != NULL)
        return SL_KEY_FOUND;
    for (const char *at; (at = last_separator(text, len)) != NULL; len = (size_t)(at - text)) {
        const struct sl_table_column *column = find_column(table, text, (size_t)(at - text));
        const char *rest = at + strlen(SEPARATOR);
        enum sl_lookup lookup = find_lookup(rest);

        if (column == NULL || (lookup == SL_LOOKUPS && result == SL_KEY_NO_LOOKUP))
            continue;
        *key = (struct sl_key){column, lookup, rest};
        if (lookup != SL_LOOKUPS)
            return SL_KEY_FOUND;
        result = SL_KEY_NO_LOOKUP;
    }
    return result;
}

enum sl_key_result sl_key_read(const struct sl_table *table, const char *text, struct sl_key *key)
{
    size_t len = strlen(text);
    enum sl_key_result result = read_column(table, text, key);
    const struct sl_table_column *foreign;

    if (result == SL_KEY_FOUND)
        return result;
    foreign = find_foreign(table, text, len);
    if (foreign != NULL) {
        *key = (struct sl_key){foreign, SL_EXACT, NULL};
        return SL_KEY_FOUND;
    }
    for (const char *at; (at = last_separator(text, len)) != NULL; len = (size_t)(at - text)) {
        foreign = find_foreign(table, text, (size_t)(at - text));
        if (foreign == NULL)
            continue;
        *key = (struct sl_key){foreign, SL_EXACT, at + strlen(SEPARATOR)};
        return SL_KEY_FOREIGN;
    }
    return result;
}

enum sl_key_result sl_key_read_rest(const struct sl_table *target,
                                    const struct sl_table_column *foreign, const char *rest,
                                    struct sl_key *key)
{
    enum sl_key_result result = read_column(target, rest, key);
    enum sl_lookup lookup = find_lookup(rest);

    if (result == SL_KEY_FOUND || lookup == SL_LOOKUPS)
        return result;
    *key = (struct sl_key){foreign, lookup, rest};
    return SL_KEY_FOUND;
}
