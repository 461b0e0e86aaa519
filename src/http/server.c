#include "http/server.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/inherited.h"
#include "base/log.h"
#include "base/process.h"
#include "http/daemon.h"
#include "http/reaper.h"
#include "http/ready.h"

/* How often a stopping server looks whether it may go on (ms). */
#define STOP_STEP_MS 50

/* Cancelled runs are given this long to end their queries and transfers (ms). */
#define CANCEL_MS 5000

/* Replies under way are then given this long to reach their clients (ms). */
#define REPLIES_MS 1000

/* Addresses of all kinds together. */
#define SL_MAX_LISTENERS 16

#define N_KINDS (SL_TICKETS + 1)

struct sl_server {
    struct sl_http http;
    struct sl_reaper *reaper;
    struct sl_daemon daemons[SL_MAX_LISTENERS]; /* they must not move */
    size_t n;
    char *listen[N_KINDS]; /* as the configuration had them when the sockets were opened */
    int64_t exports;       /* running and waiting: the public sockets' connections are for these */
    bool (*patience)(void *ctx); /* while it stops */
    void *ctx;
};

static const char *const kind_names[N_KINDS] = {
    [SL_PUBLIC] = "public", [SL_ADMIN] = "admin", [SL_TICKETS] = "tickets"};

static const char *listen_of(const struct sl_config *config, enum sl_listener kind)
{
    const char *const lists[N_KINDS] = {
        [SL_PUBLIC] = config->server.listen,
        [SL_ADMIN] = config->server.admin_listen,
        [SL_TICKETS] = config->tickets.listen,
    };

    return lists[kind];
}

static int64_t exports_of(const struct sl_config *config)
{
    return config->database.max_exports + config->database.queue_length;
}

static void panic(void *cls, const char *file, unsigned line, const char *reason)
{
    (void)cls;
    sl_log_text(SL_LOG_ERROR, "libmicrohttpd panicked", "%s:%u: %s", file, line,
                reason != NULL ? reason : "");
    abort();
}

/* The next free place for a listener of that kind, or NULL. It counts once its socket is open. */
static struct sl_daemon *next_daemon(struct sl_server *server, enum sl_listener kind,
                                     struct sl_error *err)
{
    struct sl_daemon *daemon = &server->daemons[server->n];

    if (server->n == SL_MAX_LISTENERS) {
        sl_error_set(err, SL_CONFIG, "more than %d listen addresses", SL_MAX_LISTENERS);
        return NULL;
    }
    daemon->http = &server->http;
    daemon->kind = kind;
    return daemon;
}

static bool is_set(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static bool is_unix(const struct sl_daemon *daemon)
{
    return strncmp(daemon->listener.address, "unix:", 5) == 0;
}

static bool is_local(const struct sl_daemon *daemon)
{
    const char *text = daemon->listener.address;
    struct sl_address address;

    return is_unix(daemon) ||
           (sl_address_next(&text, &address) > 0 && sl_address_is_local(&address));
}

/* The configuration holds its own addresses to this; here it is for sockets that are open already.
 */
static int check_admin(const struct sl_daemon *daemon, const struct sl_config *config,
                       struct sl_error *err)
{
    if (daemon->kind != SL_ADMIN || is_local(daemon) || is_set(config->server.admin_token))
        return 0;
    return sl_error_set(err, SL_CONFIG,
                        "the admin socket %s is open to the network: write an admin_token",
                        daemon->listener.address);
}

/* The configuration is held to its own addresses; who hands a socket over may not go around that.
 */
static int check_inherited(const struct sl_daemon *daemon, const struct sl_config *config,
                           struct sl_error *err)
{
    if (check_admin(daemon, config, err) != 0)
        return -1;
    if (daemon->kind == SL_PUBLIC && !is_local(daemon) && config->file == NULL)
        return sl_error_set(err, SL_CONFIG,
                            "the inherited socket %s is open to the network: write a configuration",
                            daemon->listener.address);
    if (daemon->kind == SL_TICKETS && (!is_unix(daemon) || config->tickets.listen[0] == '\0'))
        return sl_error_set(
            err, SL_CONFIG,
            "an inherited socket named tickets must be a Unix socket, and [tickets] "
            "listen must be written");
    return 0;
}

/* Takes the sockets that the process which started us has opened, by their names. */
static int adopt_inherited(struct sl_server *server, const struct sl_config *config,
                           struct sl_error *err)
{
    struct sl_inherited inherited;

    if (sl_inherited_read(&inherited, err) != 0)
        return -1;
    for (size_t i = 0; i < inherited.n; i++) {
        const char *name = inherited.sockets[i].name;
        int kind = SL_PUBLIC; /* what a socket without a name is */

        while (name[0] != '\0' && kind <= SL_TICKETS && strcmp(name, kind_names[kind]) != 0)
            kind++;
        if (kind > SL_TICKETS)
            return sl_error_set(err, SL_CONFIG,
                                "the inherited socket is named \"%s\"; FileDescriptorName= is one "
                                "of public, admin, tickets",
                                name);
        struct sl_daemon *daemon = next_daemon(server, (enum sl_listener)kind, err);
        if (daemon == NULL ||
            sl_listen_adopt(inherited.sockets[i].fd, &daemon->listener, err) != 0 ||
            check_inherited(daemon, config, err) != 0)
            return -1;
        server->n++;
    }
    return 0;
}

/* Opens every address of that kind, unless inherited sockets have taken their place. */
static int open_list(struct sl_server *server, enum sl_listener kind, struct sl_error *err)
{
    const char *list = server->listen[kind];
    struct sl_address address;
    int more;

    for (size_t i = 0; i < server->n; i++)
        if (server->daemons[i].kind == kind && server->daemons[i].listener.inherited)
            return 0;
    while ((more = sl_address_next(&list, &address)) > 0) {
        struct sl_daemon *daemon = next_daemon(server, kind, err);
        if (daemon == NULL || sl_listen_open(&address, &daemon->listener, err) != 0)
            return -1;
        server->n++;
    }
    if (more < 0)
        return sl_error_set(err, SL_CONFIG, "cannot read the listen address \"%s\"", list);
    return 0;
}

/* Keeps what the sockets are opened by. */
static int remember(struct sl_server *server, const struct sl_config *config, struct sl_error *err)
{
    for (int kind = 0; kind < N_KINDS; kind++) {
        server->listen[kind] = strdup(listen_of(config, (enum sl_listener)kind));
        if (server->listen[kind] == NULL)
            return sl_error_nomem(err);
    }
    server->exports = exports_of(config);
    return 0;
}

static int start_daemon(struct sl_server *server, struct sl_daemon *daemon, struct sl_error *err)
{
    const int64_t connections[N_KINDS] = {
        [SL_PUBLIC] = server->exports + SL_SPARE_CONNECTIONS,
        [SL_ADMIN] = SL_ADMIN_CONNECTIONS,
        [SL_TICKETS] = SL_TICKETS_CONNECTIONS,
    };
    struct sl_line line;

    if (sl_daemon_start(daemon, (unsigned)connections[daemon->kind], err) != 0)
        return -1;
    sl_log_begin(&line, SL_LOG_INFO, "listening");
    sl_log_str(&line, "listener", kind_names[daemon->kind]);
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
    sl_ready_free(server->http.ready);
    sl_tickets_free(server->http.tickets);
    for (int kind = 0; kind < N_KINDS; kind++)
        free(server->listen[kind]);
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
    atomic_init(&made->http.scrapes, 0);
    made->http.connections = sl_connections_new();
    made->http.once = sl_once_new();
    made->http.ready = sl_ready_new();
    if (made->http.connections == NULL || made->http.once == NULL || made->http.ready == NULL) {
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
    if (remember(made, config, err) != 0 || adopt_inherited(made, config, err) != 0 ||
        open_list(made, SL_PUBLIC, err) != 0 || open_list(made, SL_ADMIN, err) != 0 ||
        open_list(made, SL_TICKETS, err) != 0 ||
        sl_reaper_start(made->http.connections, service, &made->reaper, err) != 0)
        goto fail;
    struct sl_process process;
    sl_process_look(&process);
    made->http.base_memory = process.resident;
    sl_clock_utc(made->http.started_at);
    for (size_t i = 0; i < made->n; i++) {
        if (start_daemon(made, &made->daemons[i], err) != 0)
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
static void warn_of_restart(const struct sl_server *server, const struct sl_config *now)
{
    static const char *const keys[N_KINDS] = {
        [SL_PUBLIC] = "[server] listen",
        [SL_ADMIN] = "[server] admin_listen",
        [SL_TICKETS] = "[tickets] listen",
    };

    for (int kind = 0; kind < N_KINDS; kind++)
        if (strcmp(server->listen[kind], listen_of(now, (enum sl_listener)kind)) != 0)
            sl_log_text(SL_LOG_WARNING, "needs a restart", "%s", keys[kind]);
    if (exports_of(now) > server->exports)
        sl_log_text(SL_LOG_WARNING, "needs a restart", "%s",
                    "[database] max_exports, queue_length (as many connections are taken as "
                    "before)");
}

/* A new configuration speaks of its own addresses, but the sockets of the old one stay open. */
static int check_open(const struct sl_server *server, const struct sl_config *old,
                      const struct sl_config *now, struct sl_error *err)
{
    if (old->file != NULL && now->file == NULL)
        return sl_error_set(err, SL_CONFIG,
                            "%s has gone, and without it everyone may download everything",
                            old->file);
    for (size_t i = 0; i < server->n; i++)
        if (check_admin(&server->daemons[i], now, err) != 0)
            return -1;
    return 0;
}

int sl_server_reload(struct sl_server *server, struct sl_setup *setup, struct sl_error *err)
{
    struct sl_service *service = server->http.service;
    struct sl_setup *old = sl_service_setup(service);
    int failed = check_open(server, old->config, setup->config, err);

    if (failed == 0 && (failed = sl_service_reload(service, sl_setup_ref(setup))) != 0)
        sl_error_nomem(err);
    if (failed == 0) {
        sl_log_setup(setup->config->log.level, setup->config->log.json);
        warn_of_restart(server, setup->config);
    }
    sl_setup_release(old);
    sl_setup_release(setup);
    return failed;
}

bool sl_server_alive(struct sl_server *server)
{
    return sl_reaper_alive(server->reaper);
}

/*
 * Waits until no run is under way and, up to replies_until, no reply: joining the
 * threads would cut them.  A run is over when all but its last chunk's end is in
 * the kernel, and a slow client may need long to make room for that.
 */
static bool wait_until_quiet(struct sl_server *server, int64_t deadline, int64_t replies_until,
                             bool patient)
{
    for (;;) {
        bool drained = sl_service_drained(server->http.service, STOP_STEP_MS);
        bool quiet = sl_connections_end_idle(server->http.connections) == 0;

        if (drained && (quiet || sl_clock_ms() >= replies_until))
            return quiet;
        if ((!server->patience(server->ctx) && patient) || sl_clock_ms() >= deadline)
            return false;
        if (drained)
            poll(NULL, 0, STOP_STEP_MS);
    }
}

void sl_server_stop(struct sl_server *server, bool (*patience)(void *ctx), void *ctx)
{
    struct sl_service *service = server->http.service;
    struct sl_setup *setup = sl_service_setup(service);
    int64_t drain_ms = setup->config->server.drain_timeout;
    int64_t deadline = sl_clock_ms() + drain_ms;

    sl_setup_release(setup);
    server->patience = patience;
    server->ctx = ctx;
    atomic_store(&server->http.draining, true);
    for (size_t i = 0; i < server->n; i++) {
        if (server->daemons[i].kind != SL_ADMIN)
            sl_daemon_quiesce(&server->daemons[i]);
    }
    sl_log_text(SL_LOG_INFO, "stopping", "waiting up to %lld s for running exports",
                (long long)(drain_ms / 1000));
    if (!wait_until_quiet(server, deadline, deadline, true)) {
        sl_service_cancel_all(service, "the service is shutting down");
        int64_t now = sl_clock_ms();
        if (!wait_until_quiet(server, now + CANCEL_MS, now + REPLIES_MS, false))
            sl_log_text(SL_LOG_WARNING, "stopping", "not every client has taken its reply");
    }
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
