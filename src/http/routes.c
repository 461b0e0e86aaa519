#include "http/routes.h"

#include <string.h>

#include "http/guard.h"
#include "http/reply.h"

static const struct route {
    enum sl_listener listener;
    const char *first; /* segment */
    size_t segments;
    bool keeps; /* an error leaves the connection open */
    enum MHD_Result (*serve)(struct sl_request *request);
} routes[] = {
    {SL_PUBLIC, "exports", 1, false, sl_serve_catalogue},
    {SL_PUBLIC, "exports", 2, false, sl_serve_export},
    {SL_PUBLIC, "tables", 2, false, sl_serve_table},
    {SL_PUBLIC, "openapi.json", 1, false, sl_serve_openapi},
    {SL_PUBLIC, "grants", 2, false, sl_serve_grant},
    {SL_PUBLIC, "tickets", 2, false, sl_serve_ticket},
    {SL_PUBLIC, "runs", 2, true, sl_serve_run},
    {SL_ADMIN, "healthz", 1, true, sl_serve_health},
    {SL_ADMIN, "readyz", 1, true, sl_serve_ready},
    {SL_ADMIN, "metrics", 1, true, sl_serve_metrics},
    {SL_ADMIN, "runs", 1, true, sl_serve_runs},
    {SL_ADMIN, "runs", 2, true, sl_serve_admin_run},
    {SL_ADMIN, "status", 1, true, sl_serve_status},
    {SL_ADMIN, "status", 2, true, sl_serve_status_file},
    {SL_ADMIN, "status.json", 1, true, sl_serve_status_json},
    {SL_TICKETS, "tickets", 1, false, sl_serve_new_ticket},
};

bool sl_route_takes_body(const struct sl_request *request)
{
    return request->listener == SL_TICKETS && request->method == SL_POST &&
           request->target.n_segments == 1 &&
           strcmp(sl_request_segment(request, 0), "tickets") == 0;
}

static const struct route *find(const struct sl_request *request)
{
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        const struct route *route = &routes[i];
        if (route->listener == request->listener && route->segments == request->target.n_segments &&
            strcmp(route->first, sl_request_segment(request, 0)) == 0)
            return route;
    }
    return NULL;
}

/* The handler looks at the token itself, or tells nothing that it guards. */
static bool is_tokenless(const struct route *route)
{
    return route->serve == sl_serve_status || route->serve == sl_serve_status_file;
}

/* Before anything is told, also that there is no such path. */
static int check_admin(const struct sl_request *request, const struct route *route,
                       struct sl_error *err)
{
    if (sl_guard_admin_host(request, err) != 0)
        return -1;
    return route != NULL && is_tokenless(route) ? 0 : sl_guard_admin_token(request, err);
}

enum MHD_Result sl_route(struct sl_request *request)
{
    const struct route *route = find(request);
    struct sl_error err;

    if (request->listener == SL_ADMIN && check_admin(request, route, &err) != 0)
        return sl_reply_problem(request, &err, NULL, 0);
    if (route == NULL) {
        sl_error_set(&err, SL_NOT_FOUND, "no such path");
        return sl_reply_problem(request, &err, NULL, 0);
    }
    request->keeps = route->keeps && !sl_guard_has_body(request);
    return route->serve(request);
}
