/* `pgsluice serve`: the HTTP service, from configuration to the last signal. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/notyet.h"
#include "cmd/options.h"
#include "export/service.h"
#include "http/server.h"

static const char usage[] = "usage: pgsluice serve [-c FILE]\n";

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

/* Waits for a signal and takes it, so that the descriptor tells of the next one. */
static uint32_t next_signal(int fd)
{
    struct pollfd event = {.fd = fd, .events = POLLIN};
    struct signalfd_siginfo info;

    do {
        poll(&event, 1, -1);
    } while (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info));
    return info.ssi_signo;
}

static void log_load_error(void *ctx, const struct sl_error *err)
{
    (void)ctx;
    sl_log_text(SL_LOG_ERROR, "reload", "%s", err->message);
}

/* All or nothing: an error anywhere leaves the setup in force. */
static void reload(struct sl_server *server, const char *path)
{
    struct sl_setup *setup;

    if (sl_setup_load(path, true, log_load_error, NULL, &setup) < 0 ||
        sl_server_reload(server, setup) < 0) {
        sl_log_text(SL_LOG_ERROR, "reload failed", "the configuration stays as it was");
        return;
    }
    sl_log_text(SL_LOG_INFO, "reloaded", "new requests go by the new configuration");
}

/* Serves until a signal says to end. */
static void serve_signals(struct sl_server *server, struct sl_service *service, const char *path,
                          int fd)
{
    for (;;) {
        uint32_t number = next_signal(fd);

        if (number == SIGHUP) {
            reload(server, path);
        } else if (number == SIGUSR2) {
            sl_service_log_runs(service);
        } else {
            sl_log_text(SL_LOG_INFO, "signal", "%s", number == SIGINT ? "SIGINT" : "SIGTERM");
            return;
        }
    }
}

static int serve(struct sl_setup *setup, const char *path)
{
    struct sl_service *service = NULL;
    struct sl_server *server = NULL;
    struct sl_error err;
    int result = -1;
    int signals = open_signals(&err);

    if (signals < 0)
        goto out;
    raise_descriptor_limit();
    service = sl_service_new(sl_setup_ref(setup));
    if (service == NULL) {
        sl_error_nomem(&err);
        goto out;
    }
    if (sl_server_start(service, &server, &err) != 0)
        goto out;
    serve_signals(server, service, path, signals);
    sl_server_stop(server, signals);
    result = 0;
out:
    if (service != NULL)
        sl_service_free(service);
    if (signals >= 0)
        close(signals);
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
    result = serve(setup, options.config);
    sl_setup_release(setup);
    return result;
}
