#include "http/server.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
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

/* Addresses of all kinds together. */
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
static int open_list(struct sl_server *server, const char *list, enum sl_listener kind,
                     struct sl_error *err)
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
        daemon->kind = kind;
        server->n++;
    }
    if (more < 0)
        return sl_error_set(err, SL_CONFIG, "cannot read the listen address \"%s\"", list);
    return 0;
}

static int start_daemon(struct sl_daemon *daemon, const struct sl_config *config,
                        struct sl_error *err)
{
    static const char *const names[] = {
        [SL_PUBLIC] = "public", [SL_ADMIN] = "admin", [SL_TICKETS] = "tickets"};
    const int64_t connections[] = {
        [SL_PUBLIC] =
            config->database.max_exports + config->database.queue_length + SL_SPARE_CONNECTIONS,
        [SL_ADMIN] = SL_ADMIN_CONNECTIONS,
        [SL_TICKETS] = SL_TICKETS_CONNECTIONS,
    };
    struct sl_line line;

    if (sl_daemon_start(daemon, (unsigned)connections[daemon->kind], err) != 0)
        return -1;
    sl_log_begin(&line, SL_LOG_INFO, "listening");
    sl_log_str(&line, "listener", names[daemon->kind]);
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
    sl_once_free(server->http.once);
    sl_tickets_free(server->http.tickets);
    free(server);
}

int sl_server_start(struct sl_service *service, struct sl_server **server, struct sl_error *err)
{
    struct sl_server *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return sl_error_nomem(err);
    struct sl_setup *setup = sl_service_setup(service);
    const struct sl_config *config = setup->config;
    MHD_set_panic_func(panic, NULL);
    made->http.service = service;
    atomic_init(&made->http.draining, false);
    made->http.connections = sl_connections_new();
    made->http.once = sl_once_new();
    if (made->http.connections == NULL || made->http.once == NULL) {
        sl_error_nomem(err);
        goto fail;
    }
    if (config->tickets.listen[0] != '\0') {
        made->http.tickets = sl_tickets_new();
        if (made->http.tickets == NULL) {
            sl_error_nomem(err);
            goto fail;
        }
    }
    /* All sockets first: nobody is served by a server that then fails to start. */
    if (open_list(made, config->server.listen, SL_PUBLIC, err) != 0 ||
        open_list(made, config->server.admin_listen, SL_ADMIN, err) != 0 ||
        open_list(made, config->tickets.listen, SL_TICKETS, err) != 0 ||
        sl_reaper_start(made->http.connections, service, &made->reaper, err) != 0)
        goto fail;
    for (size_t i = 0; i < made->n; i++) {
        if (start_daemon(&made->daemons[i], config, err) != 0)
            goto fail;
    }
    struct sl_line line;
    sl_log_begin(&line, SL_LOG_INFO, "ready");
    sl_log_end(&line);
    sl_setup_release(setup);
    *server = made;
    return 0;
fail:
    sl_setup_release(setup);
    dispose(made);
    return -1;
}

/* Names what stays as it was: sockets are opened once, at start. */
static void warn_of_restart(const struct sl_config *old, const struct sl_config *now)
{
    const struct {
        const char *key;
        bool changed;
    } keys[] = {
        {"[server] listen", strcmp(old->server.listen, now->server.listen) != 0},
        {"[server] admin_listen", strcmp(old->server.admin_listen, now->server.admin_listen) != 0},
        {"[tickets] listen", strcmp(old->tickets.listen, now->tickets.listen) != 0},
        {"[database] max_exports, queue_length (as many connections are taken as before)",
         now->database.max_exports + now->database.queue_length >
             old->database.max_exports + old->database.queue_length},
    };

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (keys[i].changed)
            sl_log_text(SL_LOG_WARNING, "needs a restart", "%s", keys[i].key);
}

int sl_server_reload(struct sl_server *server, struct sl_setup *setup)
{
    struct sl_service *service = server->http.service;
    struct sl_setup *old = sl_service_setup(service);

    sl_setup_ref(setup);
    int failed = sl_service_reload(service, setup);
    if (failed == 0) {
        sl_log_setup(setup->config->log.level, setup->config->log.json);
        warn_of_restart(old->config, setup->config);
    }
    sl_setup_release(old);
    sl_setup_release(setup);
    return failed;
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

void sl_server_stop(struct sl_server *server, int hurry_fd)
{
    struct sl_service *service = server->http.service;
    struct sl_setup *setup = sl_service_setup(service);
    int64_t drain_ms = setup->config->server.drain_timeout;

    sl_setup_release(setup);
    sl_log_text(SL_LOG_INFO, "stopping", "waiting up to %lld s for running exports",
                (long long)(drain_ms / 1000));
    atomic_store(&server->http.draining, true);
    for (size_t i = 0; i < server->n; i++) {
        if (server->daemons[i].kind != SL_ADMIN)
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
