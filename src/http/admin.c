/* The admin listener: for machines and for the operator. Host and token are checked before
 * (guard.c). */
#include <string.h>

#include "http/guard.h"
#include "http/reply.h"
#include "http/routes.h"
#include "http/runs.h"

enum MHD_Result sl_serve_health(struct sl_request *request)
{
    const unsigned methods = SL_GET | SL_HEAD;
    struct sl_error err;

    if (sl_guard_method(request, methods, &err) != 0)
        return sl_reply_problem(request, &err, NULL, methods);
    return sl_reply_text(request, "ok\n");
}

/*
 * A page of another site can make a browser send a simple request here, and
 * cannot read the answer; but cancelling needs no answer.  A header of our own
 * makes the request not simple, and browsers say where it comes from.
 */
static int check_intent(const struct sl_request *request, struct sl_error *err)
{
    const struct sl_fields *fields = &request->fields;

    if (fields->x_pgsluice == NULL || strcmp(fields->x_pgsluice, "1") != 0)
        return sl_error_set(err, SL_FORBIDDEN, "DELETE needs the header field X-Pgsluice: 1");
    if (fields->sec_fetch_site != NULL && strcmp(fields->sec_fetch_site, "same-origin") != 0 &&
        strcmp(fields->sec_fetch_site, "none") != 0)
        return sl_error_set(err, SL_FORBIDDEN, "DELETE from another site");
    return 0;
}

enum MHD_Result sl_serve_admin_run(struct sl_request *request)
{
    struct sl_error err;

    if (sl_guard_method(request, SL_DELETE, &err) != 0)
        return sl_reply_problem(request, &err, NULL, SL_DELETE);
    if (check_intent(request, &err) != 0)
        return sl_reply_problem(request, &err, NULL, 0);
    return sl_runs_cancel(request, sl_request_segment(request, 1), "cancelled by the operator");
}
