/*
 * `POST /tickets` on the listener of the application: SQL is left here, which the
 * database does not see yet.  `GET /tickets/{id}` on the public listener runs it,
 * once; who knows the id may, as it cannot be guessed.
 */
#include "access/tickets.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/units.h"
#include "http/download.h"
#include "http/guard.h"
#include "http/reply.h"
#include "http/routes.h"

#define PATH "/tickets/"
#define REPLY_MAX 512

/*
 * A body that is refused is read to its end up to this length: a client that is
 * still sending would see a broken connection and not the answer.
 */
#define DROPPED_MAX ((int64_t)4 * 1024 * 1024)

/* What Content-Length says: 0 without it, DROPPED_MAX + 1 for what is larger or no number. */
static int64_t body_length(const struct sl_request *request)
{
    const char *length = request->fields.content_length;
    int64_t value;

    if (length == NULL)
        return 0;
    return sl_parse_int(length, 0, DROPPED_MAX, &value) == 0 ? value : DROPPED_MAX + 1;
}

/* A reload can turn tickets off while their socket is open and some wait to be run. */
static int check_on(const struct sl_request *request, struct sl_error *err)
{
    const struct sl_config *config = request->setup->config;

    if (request->http->tickets != NULL && config->tickets.listen[0] != '\0')
        return 0;
    return sl_error_set(err, SL_NOT_FOUND, "no such path");
}

int sl_ticket_expect(struct sl_request *request, struct sl_error *err)
{
    struct sl_error *refused = &request->refused;
    int64_t length = body_length(request);

    request->takes_body = true;
    sl_buf_init(&request->body, SL_TICKET_MAX);
    if (check_on(request, refused) == 0 && sl_guard_tickets(request, refused) == 0) {
        if (length == 0)
            sl_error_set(refused, SL_BAD_REQUEST, "there is no ticket in the request");
        else if (length > (int64_t)SL_TICKET_MAX)
            sl_error_set(refused, SL_LIMIT, "a ticket is at most %zu bytes of JSON", SL_TICKET_MAX);
    }
    *err = *refused;
    return length > DROPPED_MAX ? -1 : 0;
}

static enum MHD_Result reply_ticket(struct sl_request *request, const char *id, const char *until)
{
    char path[sizeof(PATH) + SL_TICKET_ID_TEXT];
    enum MHD_Result result = MHD_NO;
    struct sl_buf json;

    snprintf(path, sizeof(path), PATH "%s", id);
    sl_buf_init(&json, REPLY_MAX);
    if (sl_buf_putc(&json, '{') == 0 && sl_json_member(&json, "id", id) == 0 &&
        sl_json_member(&json, "path", path) == 0 &&
        sl_json_member(&json, "expires_at", until) == 0 && sl_buf_puts(&json, "}\n") == 0)
        result = sl_reply_created(request, &json, path);
    sl_buf_free(&json);
    return result;
}

enum MHD_Result sl_serve_new_ticket(struct sl_request *request)
{
    struct sl_http *http = request->http;
    char id[SL_TICKET_ID_TEXT];
    char until[SL_TIME_TEXT];
    struct sl_ticket *ticket;
    struct sl_error err;

    if (sl_guard_method(request, SL_POST, &err) != 0)
        return sl_reply_problem(request, &err, NULL, SL_POST);
    if (request->refused.kind != SL_NONE)
        return sl_reply_problem(request, &request->refused, NULL, 0);
    if (sl_ticket_parse(request->setup->config, request->setup->tickets_login, request->body.data,
                        request->body.len, &ticket, &err) != 0)
        return sl_reply_problem(request, &err, NULL, 0);
    sl_clock_utc_in(ticket->expires_in * 1000, until);
    if (sl_tickets_add(http->tickets, ticket, id, &err) != 0)
        return sl_reply_problem(request, &err, NULL, 0);
    return reply_ticket(request, id, until);
}

struct use {
    struct sl_tickets *tickets;
    struct sl_waiting *waiting;
};

static int use(void *ctx, struct sl_error *err)
{
    const struct use *use = ctx;

    return sl_tickets_use(use->tickets, use->waiting, err);
}

static void give_back(void *ctx)
{
    const struct use *use = ctx;

    sl_tickets_give_back(use->tickets, use->waiting);
}

/* The ticket is held. */
static enum MHD_Result serve_held(struct sl_request *request, struct use *held)
{
    const struct sl_ticket *ticket = sl_waiting_ticket(held->waiting);
    struct sl_download download = {
        .as = {.owner = "ticket",
               .settings = ticket->settings,
               .n_settings = ticket->n_settings,
               .dsn = request->setup->config->tickets.dsn,
               .asked = true,
               .foreign = true,
               .login = ticket->role},
        .admitted = use,
        .refused = give_back,
        .ctx = held,
    };
    struct sl_query query;
    struct sl_error err;

    if (sl_ticket_query(ticket, &request->target.args, &query, &err) != 0) {
        sl_query_fini(&query);
        return sl_reply_problem(request, &err, NULL, 0);
    }
    return sl_download(request, &download, &query);
}

enum MHD_Result sl_serve_ticket(struct sl_request *request)
{
    struct use held = {.tickets = request->http->tickets};
    struct sl_error err;

    if (check_on(request, &err) != 0)
        return sl_reply_problem(request, &err, NULL, 0);
    if (!sl_download_possible(request, &err))
        return sl_reply_problem(request, &err, NULL, 0);
    if (sl_guard_method(request, SL_DOWNLOAD_METHODS, &err) != 0)
        return sl_reply_problem(request, &err, NULL, SL_DOWNLOAD_METHODS);
    held.waiting = sl_tickets_find(held.tickets, sl_request_segment(request, 1), &err);
    if (held.waiting == NULL)
        return sl_reply_problem(request, &err, NULL, 0);
    enum MHD_Result result = serve_held(request, &held);
    sl_tickets_done(held.tickets, held.waiting);
    return result;
}
