/*
 * `GET /runs/{id}` and `DELETE /runs/{id}`.  A run of a token belongs to that
 * token: everyone else gets what an unknown id gets.  Any other run belongs to
 * whoever knows its id, which nobody can guess; so a request without
 * Authorization is not refused here even where exports need a token.
 */
#include "http/runs.h"

#include <string.h>

#include "access/access.h"
#include "base/json.h"
#include "http/guard.h"
#include "http/reply.h"
#include "http/routes.h"

#define METHODS (SL_GET | SL_HEAD | SL_DELETE)

enum MHD_Result sl_runs_unknown(struct sl_request *request)
{
    struct sl_error err;

    sl_error_set(&err, SL_NOT_FOUND, "there is no such run, or it is no longer remembered");
    return sl_reply_problem(request, &err, NULL, 0);
}

int sl_runs_json(struct sl_buf *out, const char *name, const struct sl_receipt *receipts, size_t n)
{
    if (sl_json_name(out, name) < 0 || sl_buf_putc(out, '[') < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if ((i > 0 && sl_buf_putc(out, ',') < 0) || sl_receipt_json_full(&receipts[i], out) < 0)
            return -1;
    return sl_buf_putc(out, ']');
}

static bool is_owner(const struct sl_receipt *receipt, const struct sl_caller *caller)
{
    static const char token[] = "token:";

    return strncmp(receipt->owner, token, sizeof(token) - 1) != 0 ||
           strcmp(receipt->owner, caller->key) == 0;
}

enum MHD_Result sl_runs_cancel(struct sl_request *request, const char *id, const char *why)
{
    struct sl_service *service = request->http->service;
    struct sl_receipt receipt;
    struct sl_error err;

    if (sl_service_cancel(service, id, why, &receipt))
        return sl_reply_receipt(request, &receipt);
    if (!sl_service_receipt(service, id, &receipt))
        return sl_runs_unknown(request);
    sl_error_set(&err, SL_CONFLICT, "the run has ended already: %s",
                 sl_run_state_name(receipt.state));
    return sl_reply_problem(request, &err, id, 0);
}

enum MHD_Result sl_serve_run(struct sl_request *request)
{
    const char *id = sl_request_segment(request, 1);
    struct sl_caller caller = {.key = "anonymous", .role = ""};
    struct sl_receipt receipt;
    struct sl_error err;

    if (sl_guard_method(request, METHODS, &err) != 0)
        return sl_reply_problem(request, &err, NULL, METHODS);
    if (request->fields.authorization != NULL &&
        sl_access_identify(request->setup->config, request->fields.authorization, &caller, &err) !=
            0)
        return sl_reply_problem(request, &err, NULL, 0);
    if (!sl_service_receipt(request->http->service, id, &receipt) || !is_owner(&receipt, &caller))
        return sl_runs_unknown(request);
    if (request->method == SL_DELETE)
        return sl_runs_cancel(request, id, "cancelled by its caller");
    return sl_reply_receipt(request, &receipt);
}
