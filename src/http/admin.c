/* The admin listener: for machines and for the operator. Host and token are checked before
 * (guard.c). */
#include <stdlib.h>
#include <string.h>

#include "http/guard.h"
#include "http/ready.h"
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

static int check_ready(const struct sl_request *request, struct sl_error *err)
{
    if (atomic_load(&request->http->draining))
        return sl_error_set(err, SL_UNAVAILABLE, "draining: the service is shutting down");
    return sl_ready_check(request->http->ready, request->setup, err);
}

/* That the last reload failed is told by the metrics; the configuration in force serves. */
enum MHD_Result sl_serve_ready(struct sl_request *request)
{
    const unsigned methods = SL_GET | SL_HEAD;
    struct sl_error err;

    if (sl_guard_method(request, methods, &err) != 0)
        return sl_reply_problem(request, &err, NULL, methods);
    if (check_ready(request, &err) != 0)
        return sl_reply_silent_problem(request, &err, NULL, 0);
    return sl_reply_text(request, "ready\n");
}

static int list_runs(struct sl_service *service, struct sl_buf *out)
{
    struct sl_runs runs;

    if (sl_service_runs(service, SL_RUNS_LISTED, SL_RUNS_LISTED, &runs) < 0)
        return -1;
    int failed = sl_buf_putc(out, '{') < 0 ||
                 sl_runs_json(out, "running", runs.under_way, runs.n_under_way) < 0 ||
                 sl_runs_json(out, "recent", runs.ended, runs.n_ended) < 0 ||
                 sl_buf_puts(out, "}\n") < 0;
    free(runs.under_way);
    return failed ? -1 : 0;
}

enum MHD_Result sl_serve_runs(struct sl_request *request)
{
    const unsigned methods = SL_GET | SL_HEAD;
    enum MHD_Result result;
    struct sl_buf json;
    struct sl_error err;

    if (sl_guard_method(request, methods, &err) != 0)
        return sl_reply_problem(request, &err, NULL, methods);
    sl_buf_init(&json, SL_REPLY_MAX);
    if (list_runs(request->http->service, &json) == 0) {
        result = sl_reply_json(request, &json);
    } else {
        sl_error_nomem(&err);
        result = sl_reply_problem(request, &err, NULL, 0);
    }
    sl_buf_free(&json);
    return result;
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
