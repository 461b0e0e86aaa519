/*
 * `/grants/{token}`: what a signed grant allows.  It needs no bearer token and no
 * anonymous access, since whoever signed it has checked that; and it names one
 * export with all its values, of which the URL can change none.  A token too long
 * for a grant is forbidden; one too long for any request target is a bad request,
 * as every such target is.
 */
#include <string.h>
#include <time.h>

#include "access/access.h"
#include "access/grant.h"
#include "access/once.h"
#include "catalog/filter.h"
#include "catalog/table.h"
#include "http/download.h"
#include "http/guard.h"
#include "http/reply.h"
#include "http/routes.h"

/* The owner of the receipts: whoever knows the id may read them. */
#define OWNER "grant"

/* A grant that is good for one use: used up when its run gets a slot, so not by HEAD, nor by 503.
 */
struct use {
    struct sl_once *once;
    const char *token;
    int64_t exp;
};

static int use_up(void *ctx, struct sl_error *err)
{
    const struct use *use = ctx;

    return sl_once_use(use->once, use->token, use->exp, (int64_t)time(NULL), err);
}

static void give_back(void *ctx)
{
    const struct use *use = ctx;

    sl_once_give_back(use->once, use->token, use->exp);
}

/* Binds what an export is to run with. */
static int bind_export(const struct sl_request *request, const struct sl_grant *grant,
                       struct sl_query *query, struct sl_error *err)
{
    const struct sl_export *export = sl_catalog_find(request->setup->catalog, grant->export);

    if (export == NULL)
        return sl_error_set(err, SL_NOT_FOUND, "there is no such export");
    return sl_query_bind(export, grant->format, &grant->args, query, err);
}

/* The same of a table: any that the configuration opens, as whoever signed has chosen it. */
static int bind_table(const struct sl_request *request, const struct sl_grant *grant,
                      struct sl_query *query, struct sl_error *err)
{
    struct sl_table_rights rights;
    struct sl_table_name name;

    sl_access_all_tables(request->setup->config, &rights);
    if (!sl_table_name_read(grant->table, (int)strlen(grant->table), &name) ||
        !sl_rights_table(&rights, name.schema, name.table))
        return sl_table_not_found(err);
    return sl_table_bind(&rights, &name, grant->format, &grant->args, query, err);
}

/* What it names, if it is good now, with the arguments of the URL. */
static int bind_query(const struct sl_request *request, struct sl_grant *grant,
                      struct sl_query *query, struct sl_error *err)
{
    if (grant->once &&
        sl_once_check(request->http->once, sl_request_segment(request, 1), grant->exp, err) != 0)
        return -1;
    for (size_t i = 0; i < request->target.args.n; i++)
        if (sl_grant_add(grant, &request->target.args.v[i], err) != 0)
            return -1;
    return grant->table[0] != '\0' ? bind_table(request, grant, query, err)
                                   : bind_export(request, grant, query, err);
}

static enum MHD_Result serve(struct sl_request *request, struct sl_grant *grant)
{
    struct sl_query query = {0};
    struct sl_error err;

    if (bind_query(request, grant, &query, &err) != 0) {
        sl_query_fini(&query);
        return sl_reply_problem(request, &err, NULL, 0);
    }
    struct use use = {request->http->once, sl_request_segment(request, 1), grant->exp};
    struct sl_download download = {
        .as = {.owner = OWNER,
               .asked = true,
               .role = grant->role,
               .settings = grant->settings,
               .n_settings = grant->n_settings},
        .admitted = grant->once ? use_up : NULL,
        .refused = grant->once ? give_back : NULL,
        .ctx = &use,
    };
    return sl_download(request, &download, &query);
}

enum MHD_Result sl_serve_grant(struct sl_request *request)
{
    const struct sl_config *config = request->setup->config;
    struct sl_grant grant;
    struct sl_error err;

    if (!sl_download_possible(request, &err))
        return sl_reply_problem(request, &err, NULL, 0);
    if (config->access.grant_key[0] == '\0') {
        sl_error_set(&err, SL_NOT_FOUND, "this server takes no grants: it has no grant_key");
        return sl_reply_problem(request, &err, NULL, 0);
    }
    if (sl_guard_method(request, SL_DOWNLOAD_METHODS, &err) != 0)
        return sl_reply_problem(request, &err, NULL, SL_DOWNLOAD_METHODS);
    enum MHD_Result result;
    if (sl_grant_open(config, sl_request_segment(request, 1), (int64_t)time(NULL), &grant, &err) !=
        0)
        result = sl_reply_problem(request, &err, NULL, 0);
    else
        result = serve(request, &grant);
    sl_grant_fini(&grant);
    return result;
}
