/* `/tables/{schema}.{table}.{format}`: a table that the configuration opens. */
#include <string.h>

#include "access/access.h"
#include "catalog/filter.h"
#include "catalog/table.h"
#include "http/catalogue.h"
#include "http/download.h"
#include "http/guard.h"
#include "http/reply.h"
#include "http/routes.h"

/*
 * The table that a path names: the schema ends at the first dot, and the format is the
 * longest that the name ends in, so that a table's own name may hold dots.  What the caller
 * may not see does not exist; whether the rest does, only the database knows.
 */
static const struct sl_format *find(const char *file, const struct sl_table_rights *rights,
                                    struct sl_table_name *name)
{
    size_t len = strlen(file);
    const struct sl_format *found = NULL;
    size_t longest = 0;

    for (const struct sl_format *format = sl_formats; format->name != NULL; format++) {
        size_t n = strlen(format->name);

        if (n > longest && len > n && file[len - n - 1] == '.' &&
            strcmp(file + len - n, format->name) == 0) {
            found = format;
            longest = n;
        }
    }
    if (found == NULL || !sl_table_name_read(file, (int)(len - longest - 1), name) ||
        !sl_rights_table(rights, name->schema, name->table))
        return NULL;
    return found;
}

enum MHD_Result sl_serve_table(struct sl_request *request)
{
    const struct sl_config *config = request->setup->config;
    struct sl_caller caller;
    struct sl_table_rights rights;
    struct sl_table_name name;
    struct sl_query query;
    struct sl_error err;

    if (sl_table_page_named(sl_request_segment(request, 1)))
        return sl_serve_table_page(request);
    if (!sl_download_possible(request, &err))
        return sl_reply_problem(request, &err, NULL, 0);
    if (sl_access_identify(config, request->fields.authorization, &caller, &err) != 0)
        return sl_reply_problem(request, &err, NULL, 0);
    sl_access_tables(config, &caller, &rights);
    const struct sl_format *format = find(sl_request_segment(request, 1), &rights, &name);
    if (format == NULL) {
        sl_table_not_found(&err);
        return sl_reply_problem(request, &err, NULL, 0);
    }
    if (sl_guard_method(request, SL_DOWNLOAD_METHODS, &err) != 0)
        return sl_reply_problem(request, &err, NULL, SL_DOWNLOAD_METHODS);
    if (sl_table_bind(&rights, &name, format, &request->target.args, &query, &err) != 0) {
        sl_query_fini(&query);
        return sl_reply_problem(request, &err, NULL, 0);
    }
    struct sl_download download = {.as = {.owner = caller.key, .role = caller.role}};
    return sl_download(request, &download, &query);
}
