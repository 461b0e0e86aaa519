#include "http/status.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/process.h"
#include "http/guard.h"
#include "http/page.h"
#include "http/reply.h"
#include "http/routes.h"
#include "http/runs.h"

/* Slots were more before the last reload: who has one keeps it. */
static int64_t slots_at_most(const struct sl_service_now *now)
{
    return now->slots > now->slots_held ? now->slots : now->slots_held;
}

static void look_at_memory(const struct sl_request *request, struct sl_status *status)
{
    const struct sl_config *config = request->setup->config;
    int64_t slots = slots_at_most(&status->service);
    struct sl_process process;

    sl_process_look(&process);
    status->resident = process.resident;
    status->base = request->http->base_memory;
    status->limit =
        status->base + slots * (config->limits.memory + SL_ROW_MEMORY(config->limits.max_row) +
                                SL_COMPRESS_MEMORY + SL_ENCODE_MEMORY);
}

/* -1: no memory. Free status->runs.under_way. */
static int look(const struct sl_request *request, struct sl_status *status)
{
    struct sl_service *service = request->http->service;

    sl_clock_utc(status->now);
    status->started_at = request->http->started_at;
    status->draining = atomic_load(&request->http->draining);
    status->reload_ok = sl_service_reloaded_ok(service);
    status->queue_length = request->setup->config->database.queue_length;
    sl_service_look(service, &status->service);
    look_at_memory(request, status);
    return sl_service_runs(service, SL_STATUS_UNDER_WAY, SL_STATUS_ENDED, &status->runs);
}

static int put_bool(struct sl_buf *out, const char *name, bool value)
{
    return sl_json_name(out, name) < 0 ? -1 : sl_buf_puts(out, value ? "true" : "false");
}

static int put_service(struct sl_buf *out, const struct sl_status *status)
{
    if (sl_json_member(out, "now", status->now) < 0 ||
        sl_json_member(out, "started_at", status->started_at) < 0 ||
        sl_json_member(out, "version", PACKAGE_VERSION) < 0 ||
        put_bool(out, "draining", status->draining) < 0 ||
        put_bool(out, "reload_ok", status->reload_ok) < 0)
        return -1;
    return 0;
}

static int put_places(struct sl_buf *out, const struct sl_status *status)
{
    const struct sl_service_now *now = &status->service;

    if (sl_json_name(out, "slots") < 0 || sl_buf_putc(out, '{') < 0 ||
        sl_json_member_int(out, "limit", now->slots) < 0 ||
        sl_json_member_int(out, "used", now->slots_held) < 0 || sl_buf_putc(out, '}') < 0 ||
        sl_json_name(out, "queue") < 0 || sl_buf_putc(out, '{') < 0 ||
        sl_json_member_int(out, "limit", status->queue_length) < 0 ||
        sl_json_member_int(out, "waiting", now->waiting) < 0)
        return -1;
    return sl_buf_putc(out, '}');
}

static int put_memory(struct sl_buf *out, const struct sl_status *status)
{
    if (sl_json_name(out, "memory") < 0 || sl_buf_putc(out, '{') < 0 ||
        sl_json_member_int(out, "resident", status->resident) < 0 ||
        sl_json_member_int(out, "base", status->base) < 0 ||
        sl_json_member_int(out, "limit", status->limit) < 0)
        return -1;
    return sl_buf_putc(out, '}');
}

static int put_json(const struct sl_status *status, struct sl_buf *out)
{
    const struct sl_runs *runs = &status->runs;

    if (sl_buf_putc(out, '{') < 0 || put_service(out, status) < 0 || put_places(out, status) < 0 ||
        put_memory(out, status) < 0 ||
        sl_json_member_int(out, "remembered", (int64_t)runs->remembered) < 0 ||
        sl_runs_json(out, "running", runs->under_way, runs->n_under_way) < 0 ||
        sl_runs_json(out, "recent", runs->ended, runs->n_ended) < 0)
        return -1;
    return sl_buf_puts(out, "}\n");
}

static enum MHD_Result no_memory(struct sl_request *request)
{
    struct sl_error err;

    sl_error_nomem(&err);
    return sl_reply_problem(request, &err, NULL, 0);
}

enum MHD_Result sl_serve_status_json(struct sl_request *request)
{
    const unsigned methods = SL_GET | SL_HEAD;
    enum MHD_Result result;
    struct sl_status status;
    struct sl_buf out;
    struct sl_error err;

    if (sl_guard_method(request, methods, &err) != 0)
        return sl_reply_problem(request, &err, NULL, methods);
    if (look(request, &status) < 0)
        return no_memory(request);
    sl_buf_init(&out, SL_REPLY_MAX);
    result = put_json(&status, &out) < 0 ? no_memory(request) : sl_reply_json(request, &out);
    sl_buf_free(&out);
    free(status.runs.under_way);
    return result;
}

/*
 * A browser cannot be told to send the token: it gets the page without what the token
 * guards, and the page's script asks for it.
 */
enum MHD_Result sl_serve_status(struct sl_request *request)
{
    const unsigned methods = SL_GET | SL_HEAD;
    enum MHD_Result result;
    struct sl_status status = {0};
    struct sl_buf out;
    struct sl_error err;

    if (sl_guard_method(request, methods, &err) != 0)
        return sl_reply_problem(request, &err, NULL, methods);
    bool may = sl_guard_admin_token(request, &err) == 0;
    if (may && look(request, &status) < 0)
        return no_memory(request);
    sl_buf_init(&out, SL_REPLY_MAX);
    result = sl_status_page(may ? &status : NULL, &out) < 0
                 ? no_memory(request)
                 : sl_page_send(request, MHD_HTTP_OK, &out);
    sl_buf_free(&out);
    free(status.runs.under_way);
    return result;
}

enum MHD_Result sl_serve_status_file(struct sl_request *request)
{
    return sl_page_send_file(request, sl_request_segment(request, 1));
}
