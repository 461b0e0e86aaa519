#include "access/grant.h"

#include <string.h>

#include "access/document.h"
#include "access/identity.h"
#include "access/signing.h"
#include "base/clock.h"
#include "base/units.h"

#define WHAT "the grant"

static const char *const members[] = {
    "export", "table",    "format", "params", "filters", "options", "filename",
    "role",   "settings", "run",    "exp",    "once",    NULL,
};

static int64_t max_age(const struct sl_config *config)
{
    return config->access.grant_max_age / 1000;
}

static int check_members(const struct sl_grant *grant, struct sl_error *err)
{
    const char *name;
    json_t *value;

    json_object_foreach(grant->root, name, value)
    {
        if (sl_document_find(name, members, WHAT, SL_BAD_REQUEST, err) < 0)
            return -1;
    }
    return 0;
}

/* A member that is left out and one that is null are the same. */
static json_t *find(const struct sl_grant *grant, const char *name)
{
    json_t *value = json_object_get(grant->root, name);

    return json_is_null(value) ? NULL : value;
}

static int read_text(const struct sl_grant *grant, const char *name, const char **text,
                     struct sl_error *err)
{
    const json_t *value = find(grant, name);
    const char *string = value == NULL ? "" : json_string_value(value);

    *text = string != NULL ? string : "";
    return string != NULL ? 0 : sl_error_set(err, SL_BAD_REQUEST, WHAT "'s %s is no string", name);
}

static int add(struct sl_grant *grant, const char *name, const char *value, struct sl_error *err)
{
    if (grant->args.n == SL_MAX_ARGS)
        return sl_error_set(err, SL_BAD_REQUEST, "more than %d arguments", SL_MAX_ARGS);
    grant->arg[grant->args.n++] = (struct sl_arg){name, value};
    return 0;
}

/* What there is to run: an export or a table. */
static int read_target(struct sl_grant *grant, struct sl_error *err)
{
    const json_t *filters = find(grant, "filters");
    const json_t *params = find(grant, "params");
    const char *format;

    if (read_text(grant, "export", &grant->export, err) != 0 ||
        read_text(grant, "table", &grant->table, err) != 0 ||
        read_text(grant, "format", &format, err) != 0)
        return -1;
    grant->format = format[0] == '\0' ? &sl_formats[0] : sl_format_find(format);
    if (grant->format == NULL)
        return sl_error_set(err, SL_BAD_REQUEST, WHAT "'s format is " SL_FORMATS);
    if ((grant->export[0] == '\0') == (grant->table[0] == '\0'))
        return sl_error_set(err, SL_BAD_REQUEST, WHAT " names an export or a table");
    if (grant->export[0] != '\0' && json_object_size(filters) > 0)
        return sl_error_set(err, SL_BAD_REQUEST,
                            WHAT "'s filters are for a table; an export has params");
    if (grant->table[0] != '\0' && json_object_size(params) > 0)
        return sl_error_set(err, SL_BAD_REQUEST,
                            WHAT "'s params are for an export; a table has filters");
    return 0;
}

/* A member that is an option of the URL, too, becomes that. */
static int read_option(struct sl_grant *grant, const char *member, const char *option,
                       struct sl_error *err)
{
    const char *text;

    if (read_text(grant, member, &text, err) != 0)
        return -1;
    return text[0] != '\0' ? add(grant, option, text, err) : 0;
}

static int read_all_args(struct sl_grant *grant, struct sl_error *err)
{
    grant->args.v = grant->arg;
    if (sl_document_args(find(grant, "filters"), WHAT, "filters", &grant->args, SL_MAX_ARGS, err) !=
            0 ||
        sl_document_args(find(grant, "params"), WHAT, "params", &grant->args, SL_MAX_ARGS, err) !=
            0 ||
        sl_document_args(find(grant, "options"), WHAT, "options", &grant->args, SL_MAX_ARGS, err) !=
            0 ||
        read_option(grant, "filename", "_filename", err) != 0 ||
        read_option(grant, "run", "_run", err) != 0)
        return -1;
    return 0;
}

/* As whom: both are checked against the configuration. */
static int read_identity(const struct sl_config *config, struct sl_grant *grant,
                         struct sl_error *err)
{
    if (read_text(grant, "role", &grant->role, err) != 0 ||
        sl_identity_settings(find(grant, "settings"), WHAT, grant->settings, &grant->n_settings,
                             err) != 0)
        return -1;
    /* A role that somebody's lookup did not find, say; the login may do more than any role. */
    if (find(grant, "role") != NULL && grant->role[0] == '\0')
        return sl_error_set(err, SL_BAD_REQUEST,
                            WHAT "'s role is empty; leave it out to run as the export does");
    return sl_identity_check(config, grant->role, grant->settings, grant->n_settings, err);
}

static int read_once(struct sl_grant *grant, struct sl_error *err)
{
    const json_t *once = find(grant, "once");

    if (once != NULL && !json_is_boolean(once))
        return sl_error_set(err, SL_BAD_REQUEST, WHAT "'s once is true or false");
    grant->once = json_is_true(once);
    return 0;
}

/* Too late: a clock that is wrong is the likely reason when it is so by little. */
static int expired(const struct sl_grant *grant, int64_t now, struct sl_error *err)
{
    char utc[SL_TIME_TEXT];
    int64_t late = now - grant->exp;

    if (late >= SL_CLOCK_SUSPICIOUS)
        return sl_error_set(err, SL_FORBIDDEN, WHAT " has expired, %lld s ago", (long long)late);
    sl_clock_utc(utc);
    return sl_error_set(err, SL_FORBIDDEN,
                        WHAT " has expired, %lld s ago; if it was made just now, the clocks "
                             "of the two machines differ: here it is %s",
                        (long long)late, utc);
}

static int read_exp(const struct sl_config *config, struct sl_grant *grant, int64_t signed_at,
                    int64_t now, struct sl_error *err)
{
    const json_t *exp = find(grant, "exp");

    if (exp == NULL)
        return sl_error_set(err, SL_BAD_REQUEST,
                            WHAT " needs exp, the Unix time in seconds when it expires");
    if (!json_is_integer(exp) || json_integer_value(exp) < 0)
        return sl_error_set(err, SL_BAD_REQUEST,
                            WHAT
                            "'s exp is a whole number of seconds, such as int(time.time()) + 300");
    grant->exp = json_integer_value(exp);
    if (grant->exp > signed_at && grant->exp - signed_at > max_age(config))
        return sl_error_set(err, SL_FORBIDDEN,
                            "exp is %lld s after the signature, and [access] grant_max_age of the "
                            "server allows %lld s",
                            (long long)(grant->exp - signed_at), (long long)max_age(config));
    if (grant->exp <= signed_at)
        return sl_error_set(err, SL_FORBIDDEN,
                            WHAT "'s exp is not after its signature; it is Unix time, such as "
                                 "int(time.time()) + 300");
    return now < grant->exp ? 0 : expired(grant, now, err);
}

int sl_grant_read(const struct sl_config *config, const char *payload, size_t len,
                  int64_t signed_at, int64_t now, struct sl_grant *grant, struct sl_error *err)
{
    *grant = (struct sl_grant){0};
    grant->root = sl_document_load(payload, len, WHAT, SL_BAD_REQUEST, err);
    if (grant->root == NULL || check_members(grant, err) != 0 ||
        read_exp(config, grant, signed_at, now, err) != 0 || read_target(grant, err) != 0 ||
        read_all_args(grant, err) != 0 || read_once(grant, err) != 0 ||
        read_identity(config, grant, err) != 0)
        return -1;
    return 0;
}

int sl_grant_open(const struct sl_config *config, const char *token, int64_t now,
                  struct sl_grant *grant, struct sl_error *err)
{
    const struct sl_signing signing = {
        .keys = config->access.grant_key, .salt = SL_GRANT_SALT, .now = now};
    struct sl_buf payload;
    int64_t signed_at;

    *grant = (struct sl_grant){0};
    sl_buf_init(&payload, SL_INFLATED_MAX);
    int result = sl_signing_verify(&signing, token, max_age(config), &payload, &signed_at, err);
    if (result == 0)
        result = sl_grant_read(config, payload.data, payload.len, signed_at, now, grant, err);
    sl_buf_free(&payload);
    return result;
}

int sl_grant_add(struct sl_grant *grant, const struct sl_arg *arg, struct sl_error *err)
{
    if (strcmp(arg->name, "_run") != 0)
        return sl_error_set(err, SL_BAD_REQUEST,
                            "a grant is complete: its URL may add nothing but _run");
    return add(grant, arg->name, arg->value, err);
}

void sl_grant_fini(struct sl_grant *grant)
{
    json_decref(grant->root);
    *grant = (struct sl_grant){0};
}
