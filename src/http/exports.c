/* The main job: `/exports/{name}.{format}`, or `/exports/{name}` and Accept. */
#include <string.h>

#include "access/access.h"
#include "http/catalogue.h"
#include "http/download.h"
#include "http/guard.h"
#include "http/page.h"
#include "http/reply.h"
#include "http/routes.h"

/* The export that `{name}.{format}` names; what the caller may not see does not exist. */
static const struct sl_export *find(struct sl_request *request, const struct sl_caller *caller,
                                    const struct sl_format **format, struct sl_error *err)
{
    const char *file = sl_request_segment(request, 1);
    size_t len = strcspn(file, ".");
    char name[SL_EXPORT_NAME_MAX + 1];
    const struct sl_export *export = NULL;

    request->chooses = file[len] == '\0';
    *format = request->chooses ? sl_accept_format(&request->fields.accept)
                               : sl_format_find(file + len + 1);
    if (*format != NULL && len < sizeof(name)) {
        memcpy(name, file, len);
        name[len] = '\0';
        export = sl_catalog_find(request->setup->catalog, name);
    }
    if (export != NULL && sl_access_export(request->setup->config, caller, export->name))
        return export;
    sl_error_set(err, SL_NOT_FOUND, "there is no such export");
    return NULL;
}

enum MHD_Result sl_serve_export(struct sl_request *request)
{
    struct sl_caller caller;
    struct sl_query query;
    struct sl_error err;

    /* No export's name begins with a dot. */
    if (sl_request_segment(request, 1)[0] == '.')
        return sl_page_send_file(request, sl_request_segment(request, 1) + 1);
    if (sl_export_page_named(sl_request_segment(request, 1)))
        return sl_serve_export_page(request);
    if (!sl_download_possible(request, &err))
        return sl_reply_problem(request, &err, NULL, 0);
    if (sl_access_identify(request->setup->config, request->fields.authorization, &caller, &err) !=
        0)
        return sl_reply_problem(request, &err, NULL, 0);
    const struct sl_format *format;
    const struct sl_export *export = find(request, &caller, &format, &err);
    if (export == NULL || sl_guard_method(request, SL_DOWNLOAD_METHODS, &err) != 0)
        return sl_reply_problem(request, &err, NULL, SL_DOWNLOAD_METHODS);
    if (sl_query_bind(export, format, &request->target.args, &query, &err) != 0) {
        sl_query_fini(&query);
        return sl_reply_problem(request, &err, NULL, 0);
    }
    struct sl_download download = {.as = {.owner = caller.key, .role = caller.role}};
    return sl_download(request, &download, &query);
}
