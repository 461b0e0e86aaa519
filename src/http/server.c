#include "http/server.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/daemon.h"
#include "http/reaper.h"

/* How often a stopping server looks whether it may go on (ms). */
#define STOP_STEP_MS 50

/* Cancelled runs are given this long to end their queries and transfers (ms). */
#define CANCEL_MS 5000

/* Replies under way are given this long to reach their clients (ms). */
#define REPLIES_MS 1000

/* Public and admin addresses together. */
#define SL_MAX_LISTENERS 16

struct sl_server {
    struct sl_http http;
    struct sl_reaper *reaper;
    struct sl_daemon daemons[SL_MAX_LISTENERS]; /* they must not move */
    size_t n;
};

static void panic(void *cls, const char *file, unsigned line, const char *reason)
{
    (void)cls;
    sl_log_text(SL_LOG_ERROR, "libmicrohttpd panicked", "%s:%u: %s", file, line,
                reason != NULL ? reason : "");
    abort();
}

/* Opens every address of a comma list. */
static int open_list(struct sl_server *server, const char *list, bool admin, struct sl_error *err)
{
    struct sl_address address;
    int more;

    while ((more = sl_address_next(&list, &address)) > 0) {
        struct sl_daemon *daemon = &server->daemons[server->n];
        if (server->n == SL_MAX_LISTENERS)
            return sl_error_set(err, SL_CONFIG, "more than %d listen addresses", SL_MAX_LISTENERS);
        if (sl_listen_open(&address, &daemon->listener, err) != 0)
            return -1;
        daemon->http = &server->http;
        daemon->admin = admin;
        server->n++;
    }
    if (more < 0)
        return sl_error_set(err, SL_CONFIG, "cannot read the listen address \"%s\"", list);
    return 0;
}

static int start_daemon(struct sl_daemon *daemon, struct sl_error *err)
{
    const struct sl_config *config = sl_service_config(daemon->http->service);
    int64_t connections =
        config->database.max_exports + config->database.queue_length + SL_SPARE_CONNECTIONS;
    struct sl_line line;

    if (daemon->admin)
        connections = SL_ADMIN_CONNECTIONS;
    if (sl_daemon_start(daemon, (unsigned)connections, err) != 0)
        return -1;
    sl_log_begin(&line, SL_LOG_INFO, "listening");
    sl_log_str(&line, "listener", daemon->admin ? "admin" : "public");
    sl_log_str(&line, "address", daemon->listener.address);
    sl_log_end(&line);
    return 0;
}

/* Ends every thread and frees all. No run may be under way. */
static void dispose(struct sl_server *server)
{
    for (size_t i = 0; i < server->n; i++)
        sl_daemon_stop(&server->daemons[i]);
    sl_reaper_stop(server->reaper);
    sl_connections_free(server->http.connections);
    free(server);
}

int sl_server_start(struct sl_service *service, struct sl_server **server, struct sl_error *err)
{
    const struct sl_config *config = sl_service_config(service);
    struct sl_server *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return sl_error_nomem(err);
    MHD_set_panic_func(panic, NULL);
    made->http.service = service;
    atomic_init(&made->http.draining, false);
    made->http.connections = sl_connections_new();
    if (made->http.connections == NULL) {
        sl_error_nomem(err);
        goto fail;
    }
    /* All sockets first: nobody is served by a server that then fails to start. */
    if (open_list(made, config->server.listen, false, err) != 0 ||
        open_list(made, config->server.admin_listen, true, err) != 0 ||
        sl_reaper_start(made->http.connections, service, &made->reaper, err) != 0)
        goto fail;
    for (size_t i = 0; i < made->n; i++) {
        if (start_daemon(&made->daemons[i], err) != 0)
            goto fail;
    }
    struct sl_line line;
    sl_log_begin(&line, SL_LOG_INFO, "ready");
    sl_log_end(&line);
    *server = made;
    return 0;
fail:
    dispose(made);
    return -1;
}

static bool hurried(int fd)
{
    struct pollfd event = {.fd = fd, .events = POLLIN};

    return fd >= 0 && poll(&event, 1, 0) > 0;
}

/* Waits until no run is under way. hurry_fd: as in sl_server_stop(), or -1. */
static bool wait_for_runs(struct sl_server *server, int64_t ms, int hurry_fd)
{
    int64_t deadline = sl_clock_ms() + ms;
    bool drained;

    while (!(drained = sl_service_drained(server->http.service, STOP_STEP_MS)) &&
           sl_clock_ms() < deadline && !hurried(hurry_fd))
        (void)sl_connections_end_idle(server->http.connections);
    return drained;
}

void sl_server_stop(struct sl_server *server, int64_t drain_ms, int hurry_fd)
{
    struct sl_service *service = server->http.service;

    sl_log_text(SL_LOG_INFO, "stopping", "waiting up to %lld s for running exports",
                (long long)(drain_ms / 1000));
    atomic_store(&server->http.draining, true);
    for (size_t i = 0; i < server->n; i++) {
        if (!server->daemons[i].admin)
            sl_daemon_quiesce(&server->daemons[i]);
    }
    if (!wait_for_runs(server, drain_ms, hurry_fd)) {
        sl_service_cancel_all(service, "the service is shutting down");
        if (!wait_for_runs(server, CANCEL_MS, -1))
            sl_log_text(SL_LOG_WARNING, "stopping", "runs are still under way");
    }
    /* The last bytes of exports and other replies: joining the threads would cut them. */
    int64_t deadline = sl_clock_ms() + REPLIES_MS;
    while (sl_connections_end_idle(server->http.connections) > 0 && sl_clock_ms() < deadline)
        poll(NULL, 0, STOP_STEP_MS);
    dispose(server);
    /* No run can begin any more; what a producer still works on must not be freed under it. */
    if (!sl_service_drained(service, CANCEL_MS)) {
        sl_log_text(SL_LOG_WARNING, "stopped", "runs were left to the end of the process");
        _exit(0);
    }
    sl_log_text(SL_LOG_INFO, "stopped", "bye");
}

const char *sl_http_version(void)
{
    return MHD_get_version();
}
