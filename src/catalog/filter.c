#include "catalog/filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"

/* Is one of the arguments before it of the same name?  An empty value counts. */
static int given_twice(const struct sl_args *args, size_t place, struct sl_error *err)
{
    const char *name = args->v[place].name;

    for (size_t i = 0; i < place; i++)
        if (strcmp(args->v[i].name, name) == 0)
            return sl_error_param(err, name, "filter %.*s is given twice; for a list write __in",
                                  sl_utf8_fit(name, SL_NAME_SHOWN), name);
    return 0;
}

static int add_filter(struct sl_table_ask *ask, const struct sl_arg *arg, struct sl_error *err)
{
    struct sl_filter *filter = &ask->filters[ask->n];
    size_t len = strlen(arg->name);

    if (!sl_utf8_valid(arg->value, strlen(arg->value)))
        return sl_error_param(err, arg->name, "filter %.*s is not valid UTF-8",
                              sl_utf8_fit(arg->name, SL_NAME_SHOWN), arg->name);
    ask->n++;
    filter->negated = len > 0 && arg->name[len - 1] == '!';
    filter->name = strdup(arg->name);
    filter->key = strndup(arg->name, filter->negated ? len - 1 : len);
    filter->value = strdup(arg->value);
    if (filter->name != NULL && filter->key != NULL && filter->value != NULL)
        return 0;
    sl_error_nomem(err);
    return -1;
}

static void free_filter(struct sl_filter *filter)
{
    free(filter->name);
    free(filter->key);
    free(filter->value);
}

/* Options to `options`, all else to the filters. */
static int split(struct sl_table_ask *ask, const struct sl_args *args, struct sl_args *options,
                 struct sl_error *err)
{
    if (args->n > SL_MAX_ARGS)
        return sl_error_set(err, SL_BAD_REQUEST, "more than %d arguments", SL_MAX_ARGS);
    for (size_t i = 0; i < args->n; i++) {
        if (args->v[i].name[0] == '_')
            options->v[options->n++] = args->v[i];
        else if (given_twice(args, i, err) != 0 ||
                 (args->v[i].value[0] != '\0' && add_filter(ask, &args->v[i], err) != 0))
            return -1;
    }
    return 0;
}

static struct sl_export *make_export(const struct sl_table_name *name)
{
    char text[SL_TABLE_NAME_MAX];
    struct sl_export *export;

    snprintf(text, sizeof(text), "%s.%s", name->schema, name->table);
    export = sl_export_new(text, "table");
    if (export == NULL)
        return NULL;
    /* The statement is made when the columns are known. */
    export->sql = strdup("");
    if (export->sql != NULL)
        return export;
    sl_export_free(export);
    return NULL;
}

int sl_table_bind(const struct sl_table_rights *rights, const struct sl_table_name *name,
                  const struct sl_format *format, const struct sl_args *args,
                  struct sl_query *query, struct sl_error *err)
{
    struct sl_arg option[SL_MAX_ARGS];
    struct sl_args options = {option, 0};
    struct sl_table_ask *ask = calloc(1, sizeof(*ask));
    struct sl_export *export = make_export(name);
    int result = -1;

    *query = (struct sl_query){0};
    if (ask == NULL || export == NULL) {
        sl_error_nomem(err);
        goto out;
    }
    ask->rights = *rights;
    ask->name = *name;
    ask->filters = calloc(args->n + 1, sizeof(*ask->filters));
    if (ask->filters == NULL)
        sl_error_nomem(err);
    else if (split(ask, args, &options, err) == 0)
        result = sl_query_bind(export, format, &options, query, err);
out:
    query->own = export;
    query->table = ask;
    return result;
}

void sl_table_ask_free(struct sl_table_ask *ask)
{
    if (ask == NULL)
        return;
    for (size_t i = 0; i < ask->n; i++)
        free_filter(&ask->filters[i]);
    free(ask->filters);
    free(ask);
}
