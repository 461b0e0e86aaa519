#include "catalog/query.h"

#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/units.h"
#include "catalog/checks.h"

#define UUID_LEN 36
#define MAX_TAKES 300 /* of the list of parameters in a message, which is cut at 512 bytes */

/* The binding of one request. */
struct binding {
    const struct sl_export *export;
    struct sl_query *query;
    struct sl_error *err;
};

struct option {
    const char *name;
    int (*read)(struct binding *binding, const char *value); /* NULL: not in this version */
};

static int replace(char **text, const char *value, struct sl_error *err)
{
    char *copy = strdup(value);

    if (copy == NULL)
        return sl_error_nomem(err);
    free(*text);
    *text = copy;
    return 0;
}

static int read_header(struct binding *binding, const char *value)
{
    static const char *const values[] = {
        [SL_HEADER_OFF] = "off",
        [SL_HEADER_NAMES] = "names",
        [SL_HEADER_LABELS] = "labels",
    };

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        if (strcmp(value, values[i]) == 0) {
            binding->query->header = (enum sl_header)i;
            return 0;
        }
    return sl_error_param(binding->err, "_header", "_header is names, labels or off");
}

static int read_dialect(struct binding *binding, const char *value)
{
    const char *problem = sl_dialect_read(value, &binding->query->dialect);

    if (problem != NULL)
        return sl_error_param(binding->err, "_dialect", "_dialect %s", problem);
    binding->query->dialect_asked = true;
    return 0;
}

static int read_timezone(struct binding *binding, const char *value)
{
    if (!sl_timezone_plausible(value))
        return sl_error_param(binding->err, "_timezone",
                              "_timezone is the name of a time zone, such as Europe/Berlin or UTC");
    return replace(&binding->query->timezone, value, binding->err);
}

static int read_filename(struct binding *binding, const char *value)
{
    const char *problem = sl_filename_problem(value);

    if (problem != NULL)
        return sl_error_param(binding->err, "_filename", "_filename %s", problem);
    return replace(&binding->query->filename, value, binding->err);
}

static bool hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* A version 4 UUID in lower case (RFC 9562 section 5.4). */
static bool uuid4(const char *text)
{
    if (strlen(text) != UUID_LEN)
        return false;
    for (size_t i = 0; i < UUID_LEN; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !hex(text[i]))
            return false;
    }
    return text[14] == '4' && strchr("89ab", text[19]) != NULL;
}

static int read_run(struct binding *binding, const char *value)
{
    char **id = &binding->query->run_id;

    if (replace(id, value, binding->err) != 0)
        return -1;
    for (char *p = *id; *p != '\0'; p++)
        if (*p >= 'A' && *p <= 'F')
            *p = (char)(*p - 'A' + 'a');
    if (!uuid4(*id))
        return sl_error_param(binding->err, "_run", "_run is a version 4 UUID of the caller's own");
    return 0;
}

static const struct option options[] = {
    {"_header", read_header},
    {"_dialect", read_dialect},
    {"_timezone", read_timezone},
    {"_filename", read_filename},
    {"_run", read_run},
    {"_columns", NULL},
    {"_order", NULL},
    {"_limit", NULL},
    {"_delimiter", NULL},
    {"_null", NULL},
    {"_quote", NULL},
    {"_eol", NULL},
    {"_bom", NULL},
    {"_encoding", NULL},
    {"_locale", NULL},
    {"_parallel", NULL},
};
#define N_OPTIONS (sizeof(options) / sizeof(options[0]))

static int unknown_option(const char *name, struct sl_error *err)
{
    const char *names[N_OPTIONS + 1] = {NULL};
    const char *near;
    size_t n = 0;

    /* Only what there is: nobody is helped by the name of an option that is to come. */
    for (size_t i = 0; i < N_OPTIONS; i++)
        if (options[i].read != NULL)
            names[n++] = options[i].name;
    near = sl_suggest(name, names);
    if (near != NULL)
        return sl_error_set(err, SL_BAD_REQUEST, "there is no option %.*s; did you mean %s?",
                            sl_utf8_fit(name, SL_NAME_SHOWN), name, near);
    return sl_error_set(err, SL_BAD_REQUEST,
                        "there is no option %.*s; the options are _header, _dialect, _timezone, "
                        "_filename and _run",
                        sl_utf8_fit(name, SL_NAME_SHOWN), name);
}

/* `seen` has a bit for each option. */
static int bind_option(struct binding *binding, const struct sl_arg *arg, unsigned *seen)
{
    size_t i;

    for (i = 0; i < N_OPTIONS; i++)
        if (strcmp(options[i].name, arg->name) == 0)
            break;
    if (i == N_OPTIONS)
        return unknown_option(arg->name, binding->err);
    if (options[i].read == NULL)
        return sl_error_set(binding->err, SL_BAD_REQUEST,
                            "option %s is not available in this version", arg->name);
    if ((*seen & 1U << i) != 0)
        return sl_error_param(binding->err, arg->name, "option %s is given twice", arg->name);
    *seen |= 1U << i;
    return *arg->value == '\0' ? 0 : options[i].read(binding, arg->value);
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
    return replace(&binding->query->values[i], arg->value, binding->err);
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
            if (replace(value, param->default_value, binding->err) != 0)
                return -1;
        } else if (!param->nullable) {
            return sl_error_param(binding->err, param->name,
                                  "parameter %s (%s) is missing; %s needs it", param->name,
                                  param->type, binding->export->name);
        }
    }
    return 0;
}

static int begin(const struct sl_export *export, struct sl_query *query, struct sl_error *err)
{
    *query =
        (struct sl_query){.export = export, .format = &sl_formats[0], .header = SL_HEADER_NAMES};
    query->timezone = strdup("");
    query->filename = strdup("");
    query->run_id = strdup("");
    query->values = calloc(export->n_params + 1, sizeof(*query->values));
    if (query->timezone == NULL || query->filename == NULL || query->run_id == NULL ||
        query->values == NULL)
        return sl_error_nomem(err);
    query->n_values = export->n_params;
    if (export->dialect[0] != '\0' && sl_dialect_read(export->dialect, &query->dialect) != NULL)
        return sl_error_set(err, SL_INTERNAL, "the dialect of %s is not known", export->name);
    return 0;
}

int sl_query_bind(const struct sl_export *export, const struct sl_args *args,
                  struct sl_query *query, struct sl_error *err)
{
    struct binding binding = {export, query, err};
    bool given[SL_MAX_PARAMS] = {false};
    unsigned seen = 0;

    if (begin(export, query, err) != 0)
        return -1;
    if (args->n > SL_MAX_ARGS)
        return sl_error_set(err, SL_BAD_REQUEST, "more than %d arguments", SL_MAX_ARGS);
    for (size_t i = 0; i < args->n; i++) {
        const struct sl_arg *arg = &args->v[i];
        int result = arg->name[0] == '_' ? bind_option(&binding, arg, &seen)
                                         : bind_param(&binding, arg, given);

        if (result != 0)
            return -1;
    }
    return fill_in(&binding);
}

void sl_query_fini(struct sl_query *query)
{
    sl_export_free(query->own);
    for (size_t i = 0; i < query->n_values; i++)
        free(query->values[i]);
    free(query->values);
    for (size_t i = 0; i < query->n_labels; i++)
        free(query->labels[i]);
    free(query->labels);
    free(query->timezone);
    free(query->filename);
    free(query->run_id);
    *query = (struct sl_query){0};
}
