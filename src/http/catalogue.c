/* The catalogue: `/exports`, what the caller may run; JSON here, the page in catalogue_page.c. */
#include "access/access.h"
#include "base/json.h"
#include "http/catalogue.h"
#include "http/guard.h"
#include "http/page.h"
#include "http/reply.h"
#include "http/routes.h"

#define METHODS (SL_GET | SL_HEAD)

static int param_json(const struct sl_param *param, struct sl_buf *out)
{
    bool required = !param->nullable && param->default_value == NULL;

    if (sl_buf_putc(out, '{') != 0 || sl_json_member(out, "name", param->name) != 0 ||
        sl_json_member(out, "type", param->type) != 0 || sl_json_name(out, "nullable") != 0 ||
        sl_buf_puts(out, param->nullable ? "true" : "false") != 0 ||
        sl_json_name(out, "required") != 0 || sl_buf_puts(out, required ? "true" : "false") != 0 ||
        sl_json_member(out, "default", param->default_value) != 0 ||
        sl_json_member(out, "text", param->text) != 0)
        return -1;
    return sl_buf_putc(out, '}');
}

static int formats_json(struct sl_buf *out)
{
    if (sl_json_name(out, "formats") != 0 || sl_buf_putc(out, '[') != 0)
        return -1;
    for (const struct sl_format *format = sl_formats; format->name != NULL; format++) {
        const char *comma = format == sl_formats ? "" : ",";

        if (sl_buf_printf(out, "%s\"%s\"", comma, format->name) != 0)
            return -1;
    }
    return sl_buf_putc(out, ']');
}

static int export_json(const struct sl_export *export, struct sl_buf *out)
{
    if (sl_buf_putc(out, '{') != 0 || sl_json_member(out, "name", export->name) != 0 ||
        sl_json_member(out, "title", export->title) != 0 ||
        sl_json_member(out, "description", export->description) != 0 ||
        sl_json_name(out, "path") != 0 ||
        sl_buf_printf(out, "\"/exports/%s.csv\"", export->name) != 0 || formats_json(out) != 0 ||
        sl_json_name(out, "params") != 0 || sl_buf_putc(out, '[') != 0)
        return -1;
    for (size_t i = 0; i < export->n_params; i++) {
        if ((i > 0 && sl_buf_putc(out, ',') != 0) || param_json(&export->params[i], out) != 0)
            return -1;
    }
    return sl_buf_puts(out, "]}");
}

static int catalogue_json(const struct sl_request *request, const struct sl_caller *caller,
                          const struct sl_open_tables *open, struct sl_buf *out)
{
    const struct sl_config *config = request->setup->config;
    const struct sl_catalog *catalog = request->setup->catalog;
    bool first = true;

    if (sl_buf_puts(out, "{\"exports\":[") != 0)
        return -1;
    for (size_t i = 0; i < catalog->n; i++) {
        if (!sl_access_export(config, caller, catalog->exports[i]->name))
            continue;
        if ((!first && sl_buf_putc(out, ',') != 0) || export_json(catalog->exports[i], out) != 0)
            return -1;
        first = false;
    }
    if (sl_buf_putc(out, ']') != 0 || sl_catalogue_tables_json(out, open) != 0)
        return -1;
    return sl_buf_puts(out, "}\n");
}

enum MHD_Result sl_serve_catalogue(struct sl_request *request)
{
    bool html = sl_catalogue_for_people(request);
    enum MHD_Result result;
    struct sl_open_tables open;
    struct sl_caller caller;
    struct sl_error err;
    struct sl_buf text;

    if (sl_guard_method(request, METHODS, &err) != 0)
        return sl_reply_problem(request, &err, NULL, METHODS);
    if (sl_access_identify(request->setup->config, request->fields.authorization, &caller, &err) !=
        0)
        return sl_catalogue_refuse(request, &err);
    sl_catalogue_ask(request, &caller, &open);
    sl_buf_init(&text, SL_REPLY_MAX);
    int rc = html ? sl_catalogue_page(request, &caller, &open, &text)
                  : catalogue_json(request, &caller, &open, &text);
    sl_tables_free(&open.tables);
    if (rc != 0) {
        sl_error_nomem(&err);
        result = sl_reply_problem(request, &err, NULL, 0);
    } else if (html) {
        result = sl_page_send(request, MHD_HTTP_OK, &text);
    } else {
        result = sl_reply_varied(request, &text);
    }
    sl_buf_free(&text);
    return result;
}
