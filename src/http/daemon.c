#include "http/daemon.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "http/guard.h"
#include "http/reply.h"
#include "http/routes.h"

__attribute__((format(printf, 2, 0))) static void log_message(void *cls, const char *format,
                                                              va_list args)
{
    char text[512];

    (void)cls;
    vsnprintf(text, sizeof(text), format, args);
    text[strcspn(text, "\r\n")] = '\0';
    /* A transfer that is broken off shows here as an error; it is none. */
    sl_log_text(SL_LOG_DEBUG, "libmicrohttpd", "%s", text);
}

static void on_connection(void *cls, struct MHD_Connection *mhd, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct sl_daemon *daemon = cls;

    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
        if (info != NULL)
            *context =
                sl_conn_open(daemon->http->connections, info->connect_fd, daemon->kind == SL_ADMIN);
    } else if (*context != NULL) {
        sl_conn_close(*context);
        *context = NULL;
    }
}

static struct sl_conn *connection_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info != NULL ? info->socket_context : NULL;
}

/* The request line was read, nothing of it decoded. Makes the request's context. */
static void *on_target(void *cls, const char *target, struct MHD_Connection *mhd)
{
    struct sl_daemon *daemon = cls;
    struct sl_conn *conn = connection_of(mhd);
    struct sl_request *request = conn != NULL ? calloc(1, sizeof(*request)) : NULL;

    if (request == NULL)
        return NULL;
    request->http = daemon->http;
    request->setup = sl_service_setup(daemon->http->service);
    request->listener = daemon->kind;
    request->mhd = mhd;
    request->conn = conn;
    request->raw = strdup(target);
    sl_conn_set(conn, SL_CONN_HEADER);
    return request;
}

static void on_completed(void *cls, struct MHD_Connection *mhd, void **context,
                         enum MHD_RequestTerminationCode how)
{
    struct sl_request *request = *context;

    (void)cls;
    (void)mhd;
    (void)how;
    *context = NULL;
    if (request == NULL)
        return;
    sl_conn_set(request->conn, SL_CONN_IDLE);
    sl_metrics_done(request);
    sl_target_fini(&request->target);
    if (request->takes_body)
        sl_buf_free(&request->body);
    sl_setup_release(request->setup);
    free(request->raw);
    free(request);
}

/* The header is complete. A request that has announced a body that nobody wants is answered now. */
static enum MHD_Result begin_request(struct sl_request *request, const char *method,
                                     const char *version)
{
    struct sl_error err;

    request->begun = true;
    sl_conn_set(request->conn, SL_CONN_HANDLING);
    if (sl_guard(request, method, version, &err) != 0)
        return sl_reply_problem(request, &err, NULL, 0);
    if (!sl_route_takes_body(request))
        return sl_guard_has_body(request) ? sl_route(request) : MHD_YES;
    if (sl_ticket_expect(request, &err) != 0)
        return sl_reply_problem(request, &err, NULL, 0);
    sl_conn_set(request->conn, SL_CONN_BODY);
    return MHD_YES;
}

/* A part of the body. Its length was checked before, so that only memory can be short. */
static enum MHD_Result take_body(struct sl_request *request, const char *bytes, size_t *size)
{
    if (!request->takes_body)
        return MHD_NO;
    if (request->refused.kind == SL_NONE && sl_buf_add(&request->body, bytes, *size) != 0)
        return MHD_NO;
    *size = 0;
    return MHD_YES;
}

/*
 * Called once when the header is complete, then for each part of a body, and
 * again at the end.  A good request is answered in the last call: a reply in the
 * first makes libmicrohttpd 1.0 close the connection.
 */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **context)
{
    struct sl_request *request = *context;

    (void)cls;
    (void)mhd;
    (void)url;
    if (request == NULL)
        return MHD_NO;
    if (!request->begun)
        return *upload_size == 0 ? begin_request(request, method, version) : MHD_NO;
    if (*upload_size != 0)
        return take_body(request, upload, upload_size);
    sl_conn_set(request->conn, SL_CONN_HANDLING);
    return sl_route(request);
}

int sl_daemon_start(struct sl_daemon *daemon, unsigned connections, struct sl_error *err)
{
    const unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_THREAD_PER_CONNECTION |
                           MHD_USE_ITC | MHD_USE_ERROR_LOG;

    errno = 0;
    /* The logger comes first, or messages about the other options are lost. */
    // clang-format off
    daemon->mhd = MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, daemon,
        MHD_OPTION_EXTERNAL_LOGGER, log_message, NULL,
        MHD_OPTION_LISTEN_SOCKET, daemon->listener.fd,
        MHD_OPTION_CONNECTION_LIMIT, connections,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)SL_CONNECTION_MEMORY,
        MHD_OPTION_CONNECTION_TIMEOUT, 0U, /* it would kill healthy exports; see reaper.h */
        MHD_OPTION_THREAD_STACK_SIZE, (size_t)SL_CONNECTION_STACK,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, daemon,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, daemon,
        MHD_OPTION_URI_LOG_CALLBACK, on_target, daemon,
        MHD_OPTION_END);
    // clang-format on
    if (daemon->mhd != NULL)
        return 0;
    return sl_error_set(err, SL_UNAVAILABLE, "cannot serve on %s: %s", daemon->listener.address,
                        errno != 0 ? strerror(errno) : "libmicrohttpd refused");
}

void sl_daemon_quiesce(struct sl_daemon *daemon)
{
    if (daemon->quiesced)
        return;
    daemon->quiesced = true;
    (void)MHD_quiesce_daemon(daemon->mhd);
    /* Not closed yet: its thread may still be about to accept on that number. */
    sl_listen_refuse(&daemon->listener);
}

void sl_daemon_stop(struct sl_daemon *daemon)
{
    if (daemon->mhd != NULL) {
        /* Otherwise libmicrohttpd would close the socket, which is ours. */
        sl_daemon_quiesce(daemon);
        MHD_stop_daemon(daemon->mhd);
        daemon->mhd = NULL;
    }
    sl_listen_close(&daemon->listener);
}
