#include "http/reply.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "export/stats.h"
#include "http/disposition.h"

/* Longest header value that is sent: a Content-Disposition. */
#define HEADER_MAX (SL_DISPOSITION_MAX + 1)

/* One problem: the longest strings of struct sl_error, each byte escaped to six. */
#define PROBLEM_MAX 8192

void sl_reply_header(struct MHD_Response *response, const char *name, const char *value)
{
    char clean[HEADER_MAX];
    size_t n = 0;

    for (; *value != '\0' && n < sizeof(clean) - 1; value++) {
        unsigned char c = (unsigned char)*value;
        if (c >= ' ' && c != 0x7f)
            clean[n++] = *value;
    }
    clean[n] = '\0';
    if (n > 0)
        (void)MHD_add_response_header(response, name, clean);
}

enum MHD_Result sl_reply_send(struct sl_request *request, unsigned status,
                              struct MHD_Response *response)
{
    enum MHD_Result result = MHD_queue_response(request->mhd, status, response);

    MHD_destroy_response(response);
    return result;
}

/* Takes the buffer's text over. NULL: no memory. */
static struct MHD_Response *from_buf(struct sl_buf *buf, const char *type)
{
    size_t len = buf->len;
    char *text = sl_buf_take(buf);

    if (text == NULL)
        return NULL;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        free(text);
        return NULL;
    }
    sl_reply_header(response, "Content-Type", type);
    sl_reply_header(response, "Cache-Control", "no-store");
    sl_reply_header(response, "X-Content-Type-Options", "nosniff");
    return response;
}

enum MHD_Result sl_reply_short(struct sl_request *request, unsigned status,
                               struct MHD_Response *response)
{
    if (response == NULL)
        return MHD_NO;
    sl_conn_set(request->conn, SL_CONN_REPLY);
    return sl_reply_send(request, status, response);
}

static int problem_json(const struct sl_error *err, const char *run, struct sl_buf *out)
{
    char type[64] = "urn:pgsluice:";

    strncat(type, sl_kind_name(err->kind), sizeof(type) - strlen(type) - 1);
    if (sl_buf_putc(out, '{') != 0 || sl_json_member(out, "type", type) != 0 ||
        sl_json_member(out, "title", sl_kind_title(err->kind)) != 0 ||
        sl_json_member_int(out, "status", (int64_t)sl_kind_http(err->kind)) != 0 ||
        sl_json_member(out, "detail", err->message) != 0)
        return -1;
    if (err->parameter[0] != '\0' && sl_json_member(out, "parameter", err->parameter) != 0)
        return -1;
    if (err->sqlstate[0] != '\0' && sl_json_member(out, "sqlstate", err->sqlstate) != 0)
        return -1;
    if (run != NULL && sl_json_member(out, "run", run) != 0)
        return -1;
    return sl_buf_puts(out, "}\n");
}

static void add_allow(struct MHD_Response *response, unsigned allow)
{
    static const char *const names[] = {"GET", "HEAD", "DELETE", "POST"};
    char text[32] = "";

    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if ((allow & (1U << i)) == 0)
            continue;
        if (text[0] != '\0')
            strncat(text, ", ", sizeof(text) - strlen(text) - 1);
        strncat(text, names[i], sizeof(text) - strlen(text) - 1);
    }
    sl_reply_header(response, "Allow", text);
}

/* Neither the target nor a 4xx message: both may hold what the caller wants nobody to read. */
static void log_problem(const struct sl_request *request, const struct sl_error *err,
                        const char *run)
{
    struct sl_line line;

    bool ours = sl_kind_http(err->kind) >= 500 && run == NULL; /* a run logs its own error */

    sl_log_begin(&line, ours ? SL_LOG_WARNING : SL_LOG_INFO, "refused");
    sl_log_int(&line, "status", (int64_t)sl_kind_http(err->kind));
    sl_log_str(&line, "kind", sl_kind_name(err->kind));
    sl_log_str(&line, "parameter", err->parameter);
    sl_log_str(&line, "sqlstate", err->sqlstate);
    sl_log_str(&line, "run", run);
    sl_log_str(&line, "peer", sl_conn_peer(request->conn));
    if (ours) {
        sl_log_str(&line, "reason", err->message);
        sl_log_str(&line, "detail", err->detail);
    }
    sl_log_end(&line);
}

/* What a run that was made for the request counts itself, and the operator's own requests. */
static void count_problem(const struct sl_request *request, const struct sl_error *err)
{
    if (!request->run_made && request->listener != SL_ADMIN)
        sl_stats_refused(sl_service_stats(request->http->service), err->kind);
}

void sl_reply_kind_headers(const struct sl_request *request, enum sl_kind kind,
                           struct MHD_Response *response)
{
    if (!request->keeps)
        sl_reply_header(response, "Connection", "close");
    if (kind == SL_UNAUTHORIZED)
        sl_reply_header(response, "WWW-Authenticate", "Bearer");
    else if (kind == SL_BUSY)
        sl_reply_header(response, "Retry-After", SL_RETRY_AFTER);
}

void sl_reply_refused(const struct sl_request *request, const struct sl_error *err, const char *run)
{
    log_problem(request, err, run);
    count_problem(request, err);
}

enum MHD_Result sl_reply_problem(struct sl_request *request, const struct sl_error *err,
                                 const char *run, unsigned allow)
{
    sl_reply_refused(request, err, run);
    return sl_reply_silent_problem(request, err, run, allow);
}

enum MHD_Result sl_reply_silent_problem(struct sl_request *request, const struct sl_error *err,
                                        const char *run, unsigned allow)
{
    struct sl_buf json;
    struct MHD_Response *response = NULL;

    sl_buf_init(&json, PROBLEM_MAX);
    if (problem_json(err, run, &json) == 0)
        response = from_buf(&json, "application/problem+json");
    sl_buf_free(&json);
    if (response == NULL)
        return MHD_NO;
    sl_reply_kind_headers(request, err->kind, response);
    if (err->kind == SL_METHOD)
        add_allow(response, allow);
    return sl_reply_short(request, sl_kind_http(err->kind), response);
}

enum MHD_Result sl_reply_json(struct sl_request *request, struct sl_buf *json)
{
    return sl_reply_short(request, MHD_HTTP_OK, from_buf(json, "application/json"));
}

enum MHD_Result sl_reply_body(struct sl_request *request, const char *type, struct sl_buf *body)
{
    return sl_reply_short(request, MHD_HTTP_OK, from_buf(body, type));
}

enum MHD_Result sl_reply_varied(struct sl_request *request, struct sl_buf *json)
{
    struct MHD_Response *response = from_buf(json, "application/json");

    if (response != NULL)
        sl_reply_header(response, "Vary", "Accept, Authorization");
    return sl_reply_short(request, MHD_HTTP_OK, response);
}

enum MHD_Result sl_reply_created(struct sl_request *request, struct sl_buf *json,
                                 const char *location)
{
    struct MHD_Response *response = from_buf(json, "application/json");

    if (response != NULL)
        sl_reply_header(response, "Location", location);
    return sl_reply_short(request, MHD_HTTP_CREATED, response);
}

enum MHD_Result sl_reply_receipt(struct sl_request *request, const struct sl_receipt *receipt)
{
    struct sl_buf json;
    enum MHD_Result result = MHD_NO;

    sl_buf_init(&json, PROBLEM_MAX);
    if (sl_receipt_json(receipt, &json) == 0 && sl_buf_putc(&json, '\n') == 0)
        result = sl_reply_json(request, &json);
    sl_buf_free(&json);
    return result;
}

enum MHD_Result sl_reply_text(struct sl_request *request, const char *text)
{
    struct sl_buf buf;
    enum MHD_Result result = MHD_NO;

    sl_buf_init(&buf, PROBLEM_MAX);
    if (sl_buf_puts(&buf, text) == 0)
        result = sl_reply_short(request, MHD_HTTP_OK, from_buf(&buf, "text/plain; charset=utf-8"));
    sl_buf_free(&buf);
    return result;
}
