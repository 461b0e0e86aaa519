#include "catalog/query.h"

#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/units.h"
#include "catalog/checks.h"
#include "catalog/filter.h"
#include "catalog/option.h"

#define MAX_TAKES 300 /* of the list of parameters in a message, which is cut at 512 bytes */

/* The binding of one request. */
struct binding {
    const struct sl_export *export;
    struct sl_query *query;
    struct sl_error *err;
};

int sl_query_replace(char **text, const char *value, struct sl_error *err)
{
    char *copy = strdup(value);

    if (copy == NULL)
        return sl_error_nomem(err);
    free(*text);
    *text = copy;
    return 0;
}

/* "since date, country text?", so that callers can help themselves; a long list is cut. */
static int describe(const struct sl_export *export, struct sl_buf *text)
{
    for (size_t i = 0; i < export->n_params; i++) {
        const struct sl_param *param = &export->params[i];

        if (text->len > MAX_TAKES)
            return sl_buf_puts(text, ", ...");
        if (sl_buf_printf(text, "%s%s %.40s%s", i > 0 ? ", " : "", param->name, param->type,
                          param->nullable ? "?" : "") != 0)
            return -1;
    }
    return 0;
}

static int unknown_param(const struct binding *binding, const char *name)
{
    const struct sl_export *export = binding->export;
    const char *names[SL_MAX_PARAMS + 1] = {NULL};
    const char *near;
    struct sl_buf takes;

    sl_buf_init(&takes, 2 * (size_t)MAX_TAKES);
    for (size_t i = 0; i < export->n_params && i < SL_MAX_PARAMS; i++)
        names[i] = export->params[i].name;
    near = sl_suggest(name, names);
    if (describe(export, &takes) != 0)
        sl_error_nomem(binding->err);
    else if (export->n_params == 0)
        sl_error_param(binding->err, name, "there is no parameter %.*s; %s takes none",
                       sl_utf8_fit(name, SL_NAME_SHOWN), name, export->name);
    else
        sl_error_param(binding->err, name, "there is no parameter %.*s%s%s%s; %s takes %s",
                       sl_utf8_fit(name, SL_NAME_SHOWN), name,
                       near != NULL ? ", did you mean " : "", near != NULL ? near : "",
                       near != NULL ? "?" : "", export->name, takes.data);
    sl_buf_free(&takes);
    return -1;
}

/* `given` is per parameter: an empty value counts, so that two are a repetition. */
static int bind_param(struct binding *binding, const struct sl_arg *arg, bool *given)
{
    const struct sl_export *export = binding->export;
    size_t i;

    for (i = 0; i < export->n_params; i++)
        if (strcmp(export->params[i].name, arg->name) == 0)
            break;
    if (i == export->n_params)
        return unknown_param(binding, arg->name);
    if (given[i])
        return sl_error_param(binding->err, arg->name,
                              "parameter %s is given twice; for a list write an array such as "
                              "{1,2}",
                              arg->name);
    given[i] = true;
    if (*arg->value == '\0')
        return 0;
    if (!sl_utf8_valid(arg->value, strlen(arg->value)))
        return sl_error_param(binding->err, arg->name, "parameter %s is not valid UTF-8",
                              arg->name);
    binding->query->given[i] = true;
    return sl_query_replace(&binding->query->values[i], arg->value, binding->err);
}

/* What was left out is the default, NULL, or an error. */
static int fill_in(struct binding *binding)
{
    for (size_t i = 0; i < binding->export->n_params; i++) {
        const struct sl_param *param = &binding->export->params[i];
        char **value = &binding->query->values[i];

        if (*value != NULL)
            continue;
        if (param->default_value != NULL) {
            if (sl_query_replace(value, param->default_value, binding->err) != 0)
                return -1;
        } else if (!param->nullable) {
            return sl_error_param(binding->err, param->name,
                                  "parameter %s (%s) is missing; %s needs it", param->name,
                                  param->type, binding->export->name);
        }
    }
    return 0;
}

static int begin(const struct sl_export *export, const struct sl_format *format,
                 struct sl_query *query, struct sl_error *err)
{
    enum sl_dialect dialect = SL_DIALECT_POSTGRES;
    char **const texts[] = {&query->timezone, &query->filename, &query->run_id, &query->encoding};

    *query = (struct sl_query){.export = export, .format = format, .limit = -1};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if ((*texts[i] = strdup("")) == NULL)
            return sl_error_nomem(err);
    query->values = calloc(export->n_params + 1, sizeof(*query->values));
    if (query->values == NULL)
        return sl_error_nomem(err);
    query->n_values = export->n_params;
    if (export->dialect[0] != '\0' && sl_dialect_read(export->dialect, &dialect) != NULL)
        return sl_error_set(err, SL_INTERNAL, "the dialect of %s is not known", export->name);
    sl_style_init(&query->style, format->layout, dialect);
    /* COPY's text format has none unless it is asked for. */
    query->header = format->layout == SL_CSV ? SL_HEADER_NAMES : SL_HEADER_OFF;
    return 0;
}

int sl_query_bind(const struct sl_export *export, const struct sl_format *format,
                  const struct sl_args *args, struct sl_query *query, struct sl_error *err)
{
    struct binding binding = {export, query, err};
    struct sl_asked options = {{NULL}};
    bool given[SL_MAX_PARAMS] = {false};

    if (begin(export, format, query, err) != 0)
        return -1;
    if (args->n > SL_MAX_ARGS)
        return sl_error_set(err, SL_BAD_REQUEST, "more than %d arguments", SL_MAX_ARGS);
    for (size_t i = 0; i < args->n; i++) {
        const struct sl_arg *arg = &args->v[i];
        int result = arg->name[0] == '_' ? sl_option_take(&options, arg, err)
                                         : bind_param(&binding, arg, given);

        if (result != 0)
            return -1;
    }
    if (sl_option_read(&options, query, err) != 0)
        return -1;
    return fill_in(&binding);
}

void sl_query_fini(struct sl_query *query)
{
    sl_export_free(query->own);
    sl_table_ask_free(query->table);
    for (size_t i = 0; i < query->n_values; i++)
        free(query->values[i]);
    free(query->values);
    for (size_t i = 0; i < query->n_labels; i++)
        free(query->labels[i]);
    free(query->labels);
    free(query->timezone);
    free(query->filename);
    free(query->run_id);
    free(query->encoding);
    sl_names_free(&query->columns);
    sl_names_free(&query->order);
    *query = (struct sl_query){0};
}
