#include "http/routes.h"

#include <string.h>

#include "http/guard.h"
#include "http/reply.h"

static const struct route {
    bool admin;
    const char *first; /* segment */
    size_t segments;
    bool keeps; /* an error leaves the connection open */
    enum MHD_Result (*serve)(struct sl_request *request);
} routes[] = {
    {false, "exports", 1, false, sl_serve_catalogue}, {false, "exports", 2, false, sl_serve_export},
    {false, "runs", 2, true, sl_serve_run},           {true, "healthz", 1, true, sl_serve_health},
    {true, "runs", 2, true, sl_serve_admin_run},
};

enum MHD_Result sl_route(struct sl_request *request)
{
    struct sl_error err;

    if (request->admin && sl_guard_admin(request, &err) != 0)
        return sl_reply_problem(request, &err, NULL, 0);
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        const struct route *route = &routes[i];
        if (route->admin == request->admin && route->segments == request->target.n_segments &&
            strcmp(route->first, sl_request_segment(request, 0)) == 0) {
            request->keeps = route->keeps && !sl_guard_has_body(request);
            return route->serve(request);
        }
    }
    sl_error_set(&err, SL_NOT_FOUND, "no such path");
    return sl_reply_problem(request, &err, NULL, 0);
}
