/* `pgsluice serve`: the HTTP service, from configuration to the last signal. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/notify.h"
#include "cmd/cmd.h"
#include "cmd/notyet.h"
#include "cmd/options.h"
#include "export/service.h"
#include "http/server.h"

/* How often the status is looked at for systemd (ms). */
#define STATUS_MS 5000

/* Signs of life within the time that the watchdog waits for one. */
#define PINGS 4

static const char usage[] =
    "usage: pgsluice serve [-c FILE]\n"
    "\n"
    "Serves the exports over HTTP, in the foreground, until SIGTERM or SIGINT ends it.\n"
    "SIGHUP reads the configuration and the exports again, SIGUSR2 logs what runs.\n"
    "\n" SL_USAGE_COMMON;

/*
 * The signals that the service knows, as a descriptor to wait for.  Blocked before
 * any thread exists, so that every thread inherits that.
 */
static int open_signals(struct sl_error *err)
{
    static const int taken[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR2};
    sigset_t set;

    signal(SIGPIPE, SIG_IGN); /* a client that left is an error of send(2) */
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
        sigaddset(&set, taken[i]);
    if (sigprocmask(SIG_BLOCK, &set, NULL) == 0) {
        int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (fd >= 0)
            return fd;
    }
    return sl_error_set(err, SL_INTERNAL, "cannot wait for signals");
}

/*
 * A connection is a descriptor and a run has three more: as many as may be had,
 * as libmicrohttpd's limit, and not this one, says how many clients there are.
 */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* What the main thread is busy with, from the first listener to the last thread. */
struct serving {
    struct sl_server *server;
    struct sl_service *service;
    const char *path; /* of the configuration, NULL: the default */
    int signals;
    struct sl_notify notify;
    int64_t told_at; /* when it was told last (sl_clock_ms()) */
    char status[128];
    bool stopping;
    bool hurry; /* a second signal has come */
};

/* How often somebody is told that and how the service lives (ms), -1: nobody listens. */
static int tell_ms(const struct serving *serving)
{
    int64_t watchdog_ms = serving->notify.watchdog_ms;

    if (serving->notify.fd < 0)
        return -1;
    if (watchdog_ms == 0 || watchdog_ms / PINGS > STATUS_MS)
        return STATUS_MS;
    return watchdog_ms < PINGS ? 1 : (int)(watchdog_ms / PINGS);
}

/* STATUS= for `systemctl status`, when it has changed. */
static void tell_status(struct serving *serving)
{
    char status[sizeof(serving->status)];
    struct sl_service_now now;

    sl_service_look(serving->service, &now);
    snprintf(status, sizeof(status), "%s%d running, %d waiting%s",
             serving->stopping ? "draining: " : "", now.slots_held, now.waiting,
             sl_service_reloaded_ok(serving->service) ? "" : "; the last reload failed");
    if (strcmp(status, serving->status) == 0)
        return;
    snprintf(serving->status, sizeof(serving->status), "%s", status);
    sl_notify_send(&serving->notify, "STATUS=%s", status);
}

/* Says that the service lives, if it is time to: this thread does, and the server's says so too. */
static void tell(struct serving *serving)
{
    int every = tell_ms(serving);

    if (every < 0 || sl_clock_ms() - serving->told_at < every)
        return;
    serving->told_at = sl_clock_ms();
    tell_status(serving);
    if (serving->notify.watchdog_ms == 0)
        return;
    if (sl_server_alive(serving->server))
        sl_notify_send(&serving->notify, "WATCHDOG=1");
    else
        sl_log_text(SL_LOG_ERROR, "watchdog", "the reaper does not answer");
}

/* Takes a signal, 0: none has come within so many ms (-1: waits on). */
static uint32_t next_signal(int fd, int timeout_ms)
{
    struct pollfd event = {.fd = fd, .events = POLLIN};
    struct signalfd_siginfo info;

    if (poll(&event, 1, timeout_ms) > 0 && read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
        return info.ssi_signo;
    return 0;
}

static void log_load_error(void *ctx, const struct sl_error *err)
{
    (void)ctx;
    sl_log_text(SL_LOG_ERROR, "reload", "%s", err->message);
}

/* All or nothing: an error anywhere leaves the setup in force. */
static void reload(struct serving *serving)
{
    struct sl_setup *setup = NULL;
    struct sl_error err;

    sl_notify_state(&serving->notify, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)sl_clock_us());
    bool loaded = sl_setup_load(serving->path, true, log_load_error, NULL, &setup) == 0;
    if (loaded) {
        sl_warn_not_yet(setup->config, setup->catalog);
        loaded = sl_server_reload(serving->server, setup, &err) == 0;
        if (!loaded)
            log_load_error(NULL, &err);
    }
    if (!loaded) {
        sl_service_reload_failed(serving->service);
        sl_log_text(SL_LOG_ERROR, "reload failed", "the configuration stays as it was");
    } else {
        sl_log_text(SL_LOG_INFO, "reloaded", "new requests go by the new configuration");
    }
    sl_notify_state(&serving->notify, "READY=1");
    tell_status(serving);
}

static void log_signal(uint32_t number)
{
    sl_log_text(SL_LOG_INFO, "signal", "%s", number == SIGINT ? "SIGINT" : "SIGTERM");
}

/* Serves until a signal says to end. */
static void serve_signals(struct serving *serving)
{
    for (;;) {
        uint32_t number = next_signal(serving->signals, tell_ms(serving));

        if (number == SIGHUP) {
            reload(serving);
        } else if (number == SIGUSR2) {
            sl_service_log_runs(serving->service);
        } else if (number != 0) {
            log_signal(number);
            return;
        }
        tell(serving);
    }
}

/* What sl_server_stop() asks while it waits: signals still count, and the watchdog must not bite.
 */
static bool patience(void *ctx)
{
    struct serving *serving = ctx;
    uint32_t number;

    tell(serving);
    while ((number = next_signal(serving->signals, 0)) != 0) {
        if (number == SIGHUP) {
            sl_log_text(SL_LOG_WARNING, "reload", "not now: the service is stopping");
        } else if (number == SIGUSR2) {
            sl_service_log_runs(serving->service);
        } else {
            log_signal(number);
            serving->hurry = true;
        }
    }
    return !serving->hurry;
}

/* systemd would kill after TimeoutStopSec=, which knows nothing of drain_timeout. */
static void tell_stopping(struct serving *serving)
{
    struct sl_setup *setup = sl_service_setup(serving->service);
    int64_t ms = setup->config->server.drain_timeout + SL_STOP_MS;

    sl_setup_release(setup);
    sl_notify_state(&serving->notify, "STOPPING=1\nEXTEND_TIMEOUT_USEC=%lld", (long long)ms * 1000);
    serving->stopping = true;
    tell_status(serving);
}

/* Takes the reference to `setup` over: after a reload nothing holds what was read at the start. */
static int serve(struct sl_setup *setup, const char *path)
{
    struct serving serving = {.path = path, .notify = {.fd = -1}};
    struct sl_error err;
    int result = -1;

    serving.signals = open_signals(&err);
    if (serving.signals < 0 || sl_notify_open(&serving.notify, &err) != 0) {
        sl_setup_release(setup);
        goto out;
    }
    raise_descriptor_limit();
    serving.service = sl_service_new(setup);
    if (serving.service == NULL) {
        sl_error_nomem(&err);
        goto out;
    }
    if (sl_server_start(serving.service, &serving.server, &err) != 0)
        goto out;
    sl_notify_state(&serving.notify, "READY=1");
    tell_status(&serving);
    serve_signals(&serving);
    tell_stopping(&serving);
    sl_server_stop(serving.server, patience, &serving);
    result = 0;
out:
    if (serving.service != NULL)
        sl_service_free(serving.service);
    sl_notify_close(&serving.notify);
    if (serving.signals >= 0)
        close(serving.signals);
    return result == 0 ? 0 : sl_fail(&err);
}

int sl_cmd_serve(int argc, char **argv)
{
    struct sl_setup *setup;
    struct sl_options options;

    int result = sl_options_read(argc, argv, "c", false, usage, &options);
    if (result >= 0)
        return result;
    /* A file that cannot be read as an export is fatal; one that the database refuses is not. */
    if (sl_setup_load(options.config, true, sl_print_config_error, NULL, &setup) != 0)
        return sl_kind_exit(SL_CONFIG);
    const struct sl_config *config = setup->config;
    sl_log_setup(config->log.level, config->log.json);
    if (config->file == NULL)
        sl_log_text(SL_LOG_WARNING, "no configuration",
                    "anonymous access on %s, the database of libpq's environment, exports of %s",
                    config->server.listen, config->exports.directory);
    sl_warn_not_yet(config, setup->catalog);
    return serve(setup, options.config);
}
