#include "catalog/rights.h"

#include <stdio.h>
#include <string.h>

#include "base/config.h"

bool sl_table_name_read(const char *text, int len, struct sl_table_name *name)
{
    const char *dot = memchr(text, '.', (size_t)len);
    int schema = dot != NULL ? (int)(dot - text) : 0;
    int table = len - schema - 1;

    /* The server would cut a longer name, and mean another table. */
    if (schema == 0 || schema > SL_IDENTIFIER_MAX || table <= 0 || table > SL_IDENTIFIER_MAX)
        return false;
    snprintf(name->schema, sizeof(name->schema), "%.*s", schema, text);
    snprintf(name->table, sizeof(name->table), "%.*s", table, dot + 1);
    return true;
}

static bool is_empty(const char *patterns)
{
    return patterns[strspn(patterns, " \t,\n")] == '\0';
}

bool sl_rights_none(const struct sl_table_rights *rights)
{
    return is_empty(rights->open) || (rights->own != NULL && is_empty(rights->own));
}

bool sl_rights_table(const struct sl_table_rights *rights, const char *schema, const char *table)
{
    char name[SL_TABLE_NAME_MAX];

    if (strncmp(schema, "pg_", strlen("pg_")) == 0 || strcmp(schema, "information_schema") == 0 ||
        strchr(schema, '.') != NULL)
        return false;
    /* A cut name could match where the whole does not. */
    if ((size_t)snprintf(name, sizeof(name), "%s.%s", schema, table) >= sizeof(name))
        return false;
    return sl_pattern_list(rights->open, name) &&
           (rights->own == NULL || sl_pattern_list(rights->own, name));
}

bool sl_rights_hidden(const struct sl_table_rights *rights, const char *schema, const char *table,
                      const char *column)
{
    char name[SL_TABLE_NAME_MAX + SL_IDENTIFIER_MAX + 1];
    int n = snprintf(name, sizeof(name), "%s.%s.%s", schema, table, column);

    if (n < 0 || (size_t)n >= sizeof(name))
        return true;
    return sl_pattern_list(rights->hidden, name + strlen(schema) + 1) ||
           sl_pattern_list(rights->hidden, name);
}
