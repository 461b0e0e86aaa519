/* pgsluice grant EXPORT [name=value ...]: a signed, expiring URL path. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "access/grant.h"
#include "access/signing.h"
#include "base/units.h"
#include "base/uuid.h"
#include "catalog/catalog.h"
#include "cmd/cmd.h"
#include "cmd/options.h"

#define DEFAULT_EXPIRES "5min"

static const char usage[] =
    "usage: pgsluice grant EXPORT [name=value ...] [OPTION...] [-c FILE]\n"
    "\n"
    "Prints the path of a URL that runs the export with these values, for whoever has it.\n"
    "\n"
    "  --expires TIME         how long it is good, such as 30s, 5min, 2h (default " DEFAULT_EXPIRES
    ")\n"
    "  --once                 for one use; has a run id of its own, so that no two are the same "
    "text\n"
    "  --role ROLE            run as this PostgreSQL role, one of [access] grant_roles\n"
    "  --setting NAME=VALUE   with this setting, one of [access] row_settings; may be repeated\n"
    "  --filename NAME        what the download is called\n"
    "  --format FORMAT        " SL_FORMATS "\n" SL_USAGE_COMMON;

/* A string member unless the text is NULL. */
static int add_text(json_t *object, const char *name, const char *text)
{
    return text == NULL ? 0 : json_object_set_new(object, name, json_string(text));
}

/* Objects keep one of two members with a name: no second one may get lost. */
static int add_arg(json_t *object, const struct sl_arg *arg, struct sl_error *err)
{
    if (json_object_get(object, arg->name) != NULL)
        return sl_error_param(err, arg->name, "%.*s is given twice",
                              sl_utf8_fit(arg->name, SL_NAME_SHOWN), arg->name);
    if (add_text(object, arg->name, arg->value) != 0)
        return sl_error_param(err, arg->name, "%.60s is not valid UTF-8", arg->name);
    return 0;
}

static int add_args(json_t *root, const struct sl_args *args, struct sl_error *err)
{
    json_t *params = json_object();
    json_t *options = json_object();
    int result = 0;

    for (size_t i = 0; i < args->n && result == 0; i++) {
        const struct sl_arg *arg = &args->v[i];

        if (strcmp(arg->name, "_run") == 0)
            result = add_arg(root, &(struct sl_arg){"run", arg->value}, err);
        else
            result = add_arg(arg->name[0] == '_' ? options : params, arg, err);
    }
    if (result == 0 &&
        ((json_object_size(params) > 0 && json_object_set(root, "params", params)) ||
         (json_object_size(options) > 0 && json_object_set(root, "options", options))))
        result = sl_error_nomem(err);
    json_decref(params);
    json_decref(options);
    return result;
}

static int add_settings(json_t *root, const struct sl_options *options, struct sl_error *err)
{
    json_t *settings = json_object();
    int result = 0;

    for (size_t i = 0; i < options->n_settings && result == 0; i++)
        result = add_arg(
            settings, &(struct sl_arg){options->settings[i].name, options->settings[i].value}, err);
    if (result == 0 && options->n_settings > 0 && json_object_set(root, "settings", settings) != 0)
        result = sl_error_nomem(err);
    json_decref(settings);
    return result;
}

/*
 * The server tells grants by their text, which for the same download in the same
 * second is the same.
 */
static int add_run(json_t *root, struct sl_error *err)
{
    char id[SL_UUID_TEXT];

    if (json_object_get(root, "run") != NULL)
        return 0;
    if (sl_uuid_make(id, err) != 0)
        return -1;
    return add_text(root, "run", id) == 0 ? 0 : sl_error_nomem(err);
}

/* The payload, compact and in ASCII as Django's. NULL: see *err. */
static char *make_payload(const char *export, const struct sl_args *args,
                          const struct sl_options *options, int64_t exp, struct sl_error *err)
{
    json_t *root = json_object();
    char *text = NULL;

    if (add_text(root, "export", export) != 0 || add_text(root, "format", options->format) != 0 ||
        add_text(root, "filename", options->filename) != 0 ||
        add_text(root, "role", options->role) != 0 ||
        (options->once && json_object_set_new(root, "once", json_true()) != 0) ||
        json_object_set_new(root, "exp", json_integer(exp)) != 0) {
        sl_error_set(err, SL_USAGE, "an option is not valid UTF-8");
        goto out;
    }
    if (add_args(root, args, err) != 0 || add_settings(root, options, err) != 0 ||
        (options->once && add_run(root, err) != 0))
        goto out;
    text = json_dumps(root, JSON_COMPACT | JSON_ENSURE_ASCII);
    if (text == NULL)
        sl_error_nomem(err);
out:
    json_decref(root);
    return text;
}

/* The server's own eyes: whatever it would refuse is refused here. */
static int try_out(const struct sl_config *config, const struct sl_export *export,
                   const char *token, int64_t now, struct sl_error *err)
{
    struct sl_grant grant;
    struct sl_query query = {0};
    int result = sl_grant_open(config, token, now, &grant, err);

    if (result == 0)
        result = sl_query_bind(export, grant.format, &grant.args, &query, err);
    sl_query_fini(&query);
    sl_grant_fini(&grant);
    return result;
}

static int print_grant(const struct sl_config *config, const struct sl_export *export,
                       const struct sl_args *args, const struct sl_options *options,
                       struct sl_error *err)
{
    const struct sl_signing signing = {
        .keys = config->access.grant_key, .salt = SL_GRANT_SALT, .now = (int64_t)time(NULL)};
    const char *expires = options->expires != NULL ? options->expires : DEFAULT_EXPIRES;
    struct sl_buf token;
    int64_t ms;

    if (sl_parse_duration(expires, &ms) != 0 || ms < 1000 || ms > config->access.grant_max_age)
        return sl_error_set(err, SL_USAGE,
                            "--expires %.40s: write a time from 1s to [access] grant_max_age, such "
                            "as 30s, 5min, 2h",
                            expires);
    char *payload = make_payload(export->name, args, options, signing.now + ms / 1000, err);
    if (payload == NULL)
        return -1;
    sl_buf_init(&token, 2 * (size_t)SL_INFLATED_MAX);
    int result = sl_signing_sign(&signing, payload, strlen(payload), &token, err);
    if (result == 0)
        result = try_out(config, export, token.data, signing.now, err);
    if (result == 0 && (printf("/grants/%s\n", token.data) < 0 || fflush(stdout) != 0))
        result = sl_error_set(err, SL_OUTPUT_WRITE, "cannot write to standard output");
    sl_buf_free(&token);
    free(payload);
    return result;
}

static int find_and_print(const struct sl_config *config, const struct sl_catalog *catalog,
                          int argc, char **argv, const struct sl_options *options,
                          struct sl_error *err)
{
    const struct sl_export *export = sl_catalog_find(catalog, argv[0]);
    struct sl_args args;

    if (export == NULL)
        return sl_error_set(err, SL_NOT_FOUND, "there is no export '%s': see pgsluice list",
                            argv[0]);
    int result = sl_options_args(argc - 1, argv + 1, &args, err);
    if (result == 0)
        result = print_grant(config, export, &args, options, err);
    free(args.v);
    return result;
}

/* One bad file is no reason to refuse a grant for another. */
static int grant(const struct sl_config *config, int argc, char **argv,
                 const struct sl_options *options)
{
    struct sl_catalog *catalog = NULL;
    struct sl_error err;
    int code = 0;

    int bad = sl_catalog_load(config->exports.directory, sl_print_config_error, NULL, &catalog);
    if (catalog == NULL)
        return sl_kind_exit(SL_CONFIG);
    if (find_and_print(config, catalog, argc, argv, options, &err) != 0) {
        code = sl_fail(&err);
        if (err.kind == SL_NOT_FOUND && bad != 0)
            code = sl_kind_exit(SL_CONFIG);
    }
    sl_catalog_free(catalog);
    return code;
}

int sl_cmd_grant(int argc, char **argv)
{
    struct sl_options options;
    struct sl_config *config;
    struct sl_error err;

    int code = sl_options_read(argc, argv, "cerFfns", true, usage, &options);
    if (code >= 0)
        return code;
    if (optind == argc) {
        sl_error_set(&err, SL_USAGE, "grant: for which export? see pgsluice list");
        return sl_fail(&err);
    }
    if (sl_config_load(options.config, true, &config, &err) != 0)
        return sl_fail(&err);
    if (config->access.grant_key[0] != '\0') {
        code = grant(config, argc - optind, argv + optind, &options);
    } else {
        sl_error_set(&err, SL_CONFIG,
                     "%s: [access] has no grant_key; write grant_key_file = and the name of a file "
                     "with what this prints: openssl rand -base64 48",
                     config->file != NULL ? config->file : "configuration");
        code = sl_fail(&err);
    }
    sl_config_free(config);
    return code;
}
