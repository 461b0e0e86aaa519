/*
 * `/openapi.json`: OpenAPI 3.1 of what the caller may run.  What is the same for
 * everyone is in pages/openapi.json; the paths of exports are put before its own.
 */
#include <string.h>

#include "access/access.h"
#include "base/json.h"
#include "base/units.h"
#include "http/catalogue.h"
#include "http/guard.h"
#include "http/input.h"
#include "http/page.h"
#include "http/reply.h"
#include "http/routes.h"

#define METHODS (SL_GET | SL_HEAD)

/* What pages/openapi.json begins with. */
#define OPENING "{\"paths\":{"

/* All options of catalog/option.c that this version has; a test holds one against the other. */
static const char *const options[] = {
    "_dialect",  "_locale",  "_header", "_delimiter", "_null",     "_quote",    "_eol", "_bom",
    "_encoding", "_columns", "_order",  "_limit",     "_timezone", "_filename", "_run",
};

static int put_description(struct sl_buf *out, const struct sl_param *param)
{
    struct sl_buf text;
    int rc = -1;

    sl_buf_init(&text, SL_REPLY_MAX);
    if (sl_buf_printf(&text, "%s%sPostgreSQL type: %s.", param->text,
                      param->text[0] != '\0' ? " \342\200\223 " : "", param->type) == 0 &&
        (param->default_value == NULL ||
         sl_buf_printf(&text, " When left out: %s.", param->default_value) == 0))
        rc = sl_json_member(out, "description", text.data);
    sl_buf_free(&text);
    return rc;
}

/* A default that the schema's type can hold. */
static int put_default(struct sl_buf *out, const struct sl_input *input, const char *value)
{
    int64_t whole;
    bool yes;

    switch (input->control) {
    case SL_CONTROL_TEXT:
    case SL_CONTROL_LIST:
        return sl_json_member(out, "default", value);
    case SL_CONTROL_DATE:
        return strcmp(sl_input_type(input, value), "date") == 0
                   ? sl_json_member(out, "default", value)
                   : 0;
    case SL_CONTROL_WHOLE:
    case SL_CONTROL_NUMBER:
        return sl_parse_int(value, 0, INT32_MAX, &whole) == 0
                   ? sl_json_member_int(out, "default", whole)
                   : 0;
    case SL_CONTROL_BOOL:
        if (sl_parse_bool(value, &yes) != 0)
            return 0;
        return sl_json_name(out, "default") != 0 ? -1 : sl_buf_puts(out, yes ? "true" : "false");
    default:
        return 0;
    }
}

static int put_param(struct sl_buf *out, const struct sl_param *param)
{
    const struct sl_input *input = sl_input_of(param->type);
    bool required = !param->nullable && param->default_value == NULL;

    if (sl_buf_puts(out, ",{") != 0 || sl_json_member(out, "name", param->name) != 0 ||
        sl_json_member(out, "in", "query") != 0 ||
        (required && sl_buf_puts(out, ",\"required\":true") != 0) ||
        put_description(out, param) != 0 ||
        sl_buf_printf(out, ",\"schema\":{%s", input->schema) != 0)
        return -1;
    if (param->default_value != NULL && put_default(out, input, param->default_value) != 0)
        return -1;
    return sl_buf_puts(out, "}}");
}

static int put_reference(struct sl_buf *out, const char *comma, const char *parameter)
{
    return sl_buf_printf(out, "%s{\"$ref\":\"#/components/parameters/%s\"}", comma, parameter);
}

int sl_openapi_references(struct sl_buf *out)
{
    if (put_reference(out, "", "format") != 0)
        return -1;
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        if (put_reference(out, ",", options[i]) != 0)
            return -1;
    return 0;
}

int sl_openapi_responses(struct sl_buf *out)
{
    return sl_buf_puts(out, "],\"responses\":{\"200\":{\"$ref\":\"#/components/responses/File\"},"
                            "\"default\":{\"$ref\":\"#/components/responses/Problem\"}}}},");
}

static int put_export(struct sl_buf *out, const struct sl_export *export)
{
    bool titled = export->title[0] != '\0';

    if (sl_buf_printf(out,
                      "\n\"/exports/%s.{format}\":{\"get\":{\"operationId\":\"export_%s\","
                      "\"tags\":[\"exports\"]",
                      export->name, export->name) != 0 ||
        sl_json_member(out, "summary", titled ? export->title : export->name) != 0 ||
        sl_json_member(out, "description", export->description) != 0 ||
        sl_buf_puts(out, ",\"parameters\":[") != 0 || sl_openapi_references(out) != 0)
        return -1;
    for (size_t i = 0; i < export->n_params; i++)
        if (put_param(out, &export->params[i]) != 0)
            return -1;
    return sl_openapi_responses(out);
}

static int put_head(struct sl_buf *out, const struct sl_config *config)
{
    if (sl_buf_puts(out, "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"pgsluice\"") != 0 ||
        sl_json_member(out, "version", PACKAGE_VERSION) != 0 ||
        sl_json_member(out, "description",
                       "Queries of PostgreSQL as downloads. A parameter or option with an empty "
                       "value counts as left out.") != 0)
        return -1;
    return sl_buf_printf(out, "},\"security\":[{\"token\":[]}%s],\"paths\":{",
                         config->access.anonymous ? ",{}" : "");
}

static int put_document(const struct sl_request *request, const struct sl_caller *caller,
                        const struct sl_open_tables *open, struct sl_buf *out)
{
    const struct sl_config *config = request->setup->config;
    const struct sl_catalog *catalog = request->setup->catalog;
    const struct sl_page_file *rest = sl_page_file("openapi.json");
    const size_t skip = strlen(OPENING);

    if (rest == NULL || rest->len < skip || put_head(out, config) != 0)
        return -1;
    for (size_t i = 0; i < catalog->n; i++)
        if (sl_access_export(config, caller, catalog->exports[i]->name) &&
            put_export(out, catalog->exports[i]) != 0)
            return -1;
    if (sl_catalogue_tables_openapi(out, open) != 0)
        return -1;
    return sl_buf_add(out, rest->bytes + skip, rest->len - skip);
}

enum MHD_Result sl_serve_openapi(struct sl_request *request)
{
    enum MHD_Result result;
    struct sl_open_tables open;
    struct sl_caller caller;
    struct sl_error err;
    struct sl_buf json;

    if (sl_guard_method(request, METHODS, &err) != 0)
        return sl_reply_problem(request, &err, NULL, METHODS);
    if (sl_access_identify(request->setup->config, request->fields.authorization, &caller, &err) !=
        0)
        return sl_catalogue_refuse(request, &err);
    sl_catalogue_ask(request, &caller, &open);
    sl_buf_init(&json, SL_REPLY_MAX);
    int rc = put_document(request, &caller, &open, &json);
    sl_tables_free(&open.tables);
    if (rc == 0) {
        result = sl_reply_json(request, &json);
    } else {
        sl_error_nomem(&err);
        result = sl_reply_problem(request, &err, NULL, 0);
    }
    sl_buf_free(&json);
    return result;
}
