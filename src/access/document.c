#include "access/document.h"

#include <string.h>

#include "base/units.h"

/* Brackets outside of strings. What is no JSON may be counted wrongly; then the parser says so. */
static bool too_deep(const char *text, size_t len)
{
    int depth = 0;
    bool quoted = false;

    for (size_t i = 0; i < len; i++) {
        if (quoted && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            quoted = !quoted;
        else if (!quoted && (text[i] == '{' || text[i] == '['))
            depth++;
        else if (!quoted && (text[i] == '}' || text[i] == ']'))
            depth--;
        if (depth > SL_DOCUMENT_DEPTH)
            return true;
    }
    return false;
}

static const char *reason(const json_error_t *error)
{
    switch (json_error_code(error)) {
    case json_error_invalid_utf8:
        return "it is not valid UTF-8";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "a string holds a NUL";
    case json_error_duplicate_key:
        return "a member is there twice";
    case json_error_premature_end_of_input:
        return "it ends too early";
    case json_error_numeric_overflow:
        return "a number is too large";
    case json_error_out_of_memory:
        return "out of memory";
    default:
        return "it is no JSON";
    }
}

json_t *sl_document_load(const char *text, size_t len, const char *what, enum sl_kind kind,
                         struct sl_error *err)
{
    json_error_t error;

    if (too_deep(text, len)) {
        sl_error_set(err, kind, "%s is nested more than %d deep", what, SL_DOCUMENT_DEPTH);
        return NULL;
    }
    json_t *object = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    if (object == NULL) {
        sl_error_set(err, kind, "%s cannot be read, line %d, column %d: %s", what, error.line,
                     error.column, reason(&error));
        return NULL;
    }
    if (!json_is_object(object)) {
        sl_error_set(err, kind, "%s is not a JSON object", what);
        json_decref(object);
        return NULL;
    }
    return object;
}

int sl_document_find(const char *name, const char *const *names, const char *what,
                     enum sl_kind kind, struct sl_error *err)
{
    for (int i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], name) == 0)
            return i;
    }
    const char *near = sl_suggest(name, names);
    if (near != NULL)
        return sl_error_set(err, kind, "%s has an unknown member %.*s; did you mean %s?", what,
                            sl_utf8_fit(name, SL_NAME_SHOWN), name, near);
    return sl_error_set(err, kind, "%s has an unknown member %.*s", what,
                        sl_utf8_fit(name, SL_NAME_SHOWN), name);
}

static int check_arg(const char *name, const json_t *value, const char *what, const char *member,
                     struct sl_error *err)
{
    bool options = strcmp(member, "options") == 0;
    const char *problem = NULL;

    if (!json_is_string(value) && !json_is_null(value))
        problem = "is neither a string nor null; a list is written as PostgreSQL's arrays, {1,2}";
    else if (!options && name[0] == '_')
        problem = "begins with an underscore, so it belongs into options";
    else if (options && name[0] != '_')
        problem = "does not begin with an underscore, as options do";
    else if (options && strcmp(name, "_run") == 0)
        problem = "is no option here: the run's id is the member run";
    if (problem == NULL)
        return 0;
    return sl_error_set(err, SL_BAD_REQUEST, "%s's %s: %.*s %s", what, member,
                        sl_utf8_fit(name, SL_NAME_SHOWN), name, problem);
}

int sl_document_args(json_t *object, const char *what, const char *member, struct sl_args *args,
                     size_t max, struct sl_error *err)
{
    const char *name;
    json_t *value;

    if (object != NULL && !json_is_object(object))
        return sl_error_set(err, SL_BAD_REQUEST, "%s's %s is no object of strings", what, member);
    json_object_foreach(object, name, value)
    {
        if (check_arg(name, value, what, member, err) != 0)
            return -1;
        if (args->n == max)
            return sl_error_set(err, SL_BAD_REQUEST, "%s has more than %zu arguments", what, max);
        args->v[args->n++] =
            (struct sl_arg){name, json_is_null(value) ? "" : json_string_value(value)};
    }
    return 0;
}
