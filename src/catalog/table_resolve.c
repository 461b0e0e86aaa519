#include "catalog/table_resolve.h"

#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "catalog/names.h"

/* The names of a table's columns, for messages; free() it. */
static const char **names_of(const struct sl_table *table)
{
    const char **names = calloc(table->n + 1, sizeof(*names));

    for (size_t i = 0; names != NULL && i < table->n; i++)
        names[i] = table->columns[i].name;
    return names;
}

/* There is no such column in the table; lists those that there are. */
static int no_column(const struct sl_table_making *making, const char *parameter, const char *name,
                     const struct sl_table *table)
{
    const char **names = names_of(table);
    const char *lookup = strstr(name, "__");
    char *column =
        strndup(name, lookup != NULL && lookup > name ? (size_t)(lookup - name) : strlen(name));
    size_t found;

    if (names == NULL || column == NULL)
        sl_error_nomem(making->err);
    /* A lookup behind the name is not what is wrong, unless there is nothing else. */
    else if (sl_names_find(parameter, column, names, table->n, &found, making->err) == 0 &&
             sl_names_find(parameter, name, names, table->n, &found, making->err) == 0)
        sl_error_set(making->err, SL_INTERNAL, "a column was lost");
    free(column);
    free(names);
    return -1;
}

static int no_lookup(const struct sl_table_making *making, const struct sl_filter *filter,
                     const struct sl_key *key)
{
    const char *near = sl_suggest(key->rest, sl_lookup_names);

    sl_error_param(making->err, filter->name,
                   "%.*s: there is no lookup %.*s%s%s%s; write column__gte=5, or another of "
                   "Django's lookups",
                   sl_utf8_fit(filter->name, SL_NAME_SHOWN), filter->name,
                   sl_utf8_fit(key->rest, SL_NAME_SHOWN), key->rest,
                   near != NULL ? ", did you mean " : "", near != NULL ? near : "",
                   near != NULL ? "?" : "");
    making->err->echoes = true;
    return -1;
}

/* The join of a foreign key, from 1: each is one, whatever asks for it. 0: an error. */
static size_t find_join(const struct sl_table_making *making, const struct sl_table_column *foreign)
{
    struct sl_table_query *made = making->made;

    for (size_t i = 0; i < made->n_joins; i++)
        if (made->joins[i].foreign == foreign)
            return i + 1;
    struct sl_table_join *grown = realloc(made->joins, (made->n_joins + 1) * sizeof(*grown));
    if (grown == NULL) {
        sl_error_nomem(making->err);
        return 0;
    }
    made->joins = grown;
    struct sl_table_join *join = &grown[made->n_joins++];
    *join = (struct sl_table_join){.foreign = foreign};
    if (sl_table_describe(making->session, &making->query->table->rights, foreign->to_schema,
                          foreign->to_table, making->watch, &join->target, making->err) != 0)
        return 0;
    return made->n_joins;
}

/* The column that a foreign key points to is the same value as the key itself, without a join. */
static bool is_target(const struct sl_table_column *foreign, const struct sl_table_column *column)
{
    return strcmp(column->name, foreign->to_column) == 0;
}

/* A name behind a foreign key. */
static int resolve_rest(const struct sl_table_making *making, const char *parameter,
                        struct sl_key *key, size_t *join, bool *lookup_known)
{
    const struct sl_table_column *foreign = key->column;
    const char *rest = key->rest;
    size_t found = find_join(making, foreign);

    if (found == 0)
        return -1;
    const struct sl_table *target = &making->made->joins[found - 1].target;
    enum sl_key_result result = sl_key_read_rest(target, foreign, rest, key);
    if (result == SL_KEY_UNKNOWN)
        return no_column(making, parameter, rest, target);
    *lookup_known = result == SL_KEY_FOUND;
    *join = found;
    if (key->column != foreign && is_target(foreign, key->column))
        key->column = foreign;
    if (key->column == foreign)
        *join = 0;
    return 0;
}

/* Finds what a filter means. */
static int resolve(const struct sl_table_making *making, const struct sl_filter *filter,
                   struct sl_table_term *term)
{
    const struct sl_table *table = &making->made->table;
    struct sl_key key;
    enum sl_key_result result = sl_key_read(table, filter->key, &key);
    bool lookup_known = result != SL_KEY_NO_LOOKUP;
    size_t join = 0;

    if (result == SL_KEY_UNKNOWN)
        return no_column(making, filter->name, filter->key, table);
    if (result == SL_KEY_FOREIGN &&
        resolve_rest(making, filter->name, &key, &join, &lookup_known) != 0)
        return -1;
    if (!lookup_known)
        return no_lookup(making, filter, &key);
    *term = (struct sl_table_term){filter, key.column, join, key.lookup, 0};
    return 0;
}

static int check_lookup(const struct sl_table_making *making, const struct sl_table_term *term)
{
    const struct sl_filter *filter = term->filter;
    int shown = sl_utf8_fit(filter->name, SL_NAME_SHOWN);
    bool pattern = term->lookup == SL_REGEX || term->lookup == SL_IREGEX;

    if (pattern && !making->query->table->rights.regex)
        return sl_error_param(making->err, filter->name,
                              "%.*s: regular expressions are not allowed here", shown,
                              filter->name);
    if (sl_lookup_fits(term->lookup, term->column->kind))
        return 0;
    return sl_error_param(making->err, filter->name, "%.*s: the type %s has no lookup %s", shown,
                          filter->name, term->column->type, sl_lookup_names[term->lookup]);
}

/* As Django: only what cannot hold without a target needs one. */
static void mark_join(const struct sl_table_making *making, const struct sl_table_term *term)
{
    bool truth = false;

    if (term->join == 0)
        return;
    struct sl_table_join *join = &making->made->joins[term->join - 1];
    bool keeps_null = term->filter->negated;
    if (term->lookup == SL_ISNULL && sl_parse_bool(term->filter->value, &truth) == 0)
        keeps_null = truth != term->filter->negated;
    join->used = join->filtered = true;
    join->required = join->required || !keeps_null;
}

static int resolve_filters(const struct sl_table_making *making)
{
    const struct sl_table_ask *ask = making->query->table;
    struct sl_table_query *made = making->made;

    made->terms = calloc(ask->n + 1, sizeof(*made->terms));
    if (made->terms == NULL)
        return sl_error_nomem(making->err);
    for (size_t i = 0; i < ask->n; i++) {
        struct sl_table_term *term = &made->terms[i];

        if (resolve(making, &ask->filters[i], term) != 0 || check_lookup(making, term) != 0)
            return -1;
        mark_join(making, term);
        made->n_terms++;
    }
    return 0;
}

/* A name of `_columns` or `_order` that is not of the table itself: behind a foreign key. */
static int resolve_column(const struct sl_table_making *making, const char *option,
                          const char *name)
{
    struct sl_table_query *made = making->made;
    struct sl_key key;
    size_t join = 0;
    bool lookup_known = true;
    enum sl_key_result result = sl_key_read(&made->table, name, &key);

    if (result == SL_KEY_FOUND && key.rest == NULL && strcmp(key.column->name, name) == 0)
        return 0;
    if (result == SL_KEY_FOREIGN && resolve_rest(making, option, &key, &join, &lookup_known) != 0)
        return -1;
    /* A lookup is none of a column; who reads the names says so. */
    if (result != SL_KEY_FOREIGN || !lookup_known || key.rest != NULL)
        return 0;
    for (size_t i = 0; i < made->n_extras; i++)
        if (strcmp(made->extras[i].name, name) == 0)
            return 0;
    if (join > 0)
        made->joins[join - 1].used = true;
    made->extras[made->n_extras++] = (struct sl_table_extra){name, key.column, join};
    return 0;
}

static int resolve_columns(const struct sl_table_making *making)
{
    const struct sl_names *columns = &making->query->columns;
    const struct sl_names *order = &making->query->order;

    making->made->extras = calloc(columns->n + order->n + 1, sizeof(*making->made->extras));
    if (making->made->extras == NULL)
        return sl_error_nomem(making->err);
    for (size_t i = 0; i < columns->n; i++) {
        const char *name = columns->v[i].text;

        if (resolve_column(making, "_columns", name) != 0)
            return -1;
        /* The server would cut it, and two columns might have one name. */
        if (strlen(name) > SL_IDENTIFIER_MAX)
            return sl_error_param(making->err, "_columns",
                                  "_columns: %.*s is longer than the %d bytes of a column's name",
                                  sl_utf8_fit(name, SL_NAME_SHOWN), name, SL_IDENTIFIER_MAX);
    }
    for (size_t i = 0; i < order->n; i++)
        if (resolve_column(making, "_order", order->v[i].text) != 0)
            return -1;
    return 0;
}

int sl_table_resolve(const struct sl_table_making *making)
{
    return resolve_filters(making) != 0 || resolve_columns(making) != 0 ? -1 : 0;
}
