/* `pgsluice serve`: the HTTP service, from configuration to the last signal. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/config.h"
#include "base/log.h"
#include "catalog/catalog.h"
#include "cmd/cmd.h"
#include "cmd/notyet.h"
#include "cmd/options.h"
#include "export/service.h"
#include "http/server.h"

static const char usage[] = "usage: pgsluice serve [-c FILE]\n";

/*
 * The signals that end the service, as a descriptor to wait for.  Blocked before
 * any thread exists, so that every thread inherits that.
 */
static int open_signals(struct sl_error *err)
{
    sigset_t ends;

    /* A client that left is an error of send(2), and a closed terminal ends no service. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    if (sigprocmask(SIG_BLOCK, &ends, NULL) == 0) {
        int fd = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
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
static void wait_for_signal(int fd)
{
    struct pollfd event = {.fd = fd, .events = POLLIN};
    struct signalfd_siginfo info;

    do {
        poll(&event, 1, -1);
    } while (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info));
    sl_log_text(SL_LOG_INFO, "signal", "%s", info.ssi_signo == SIGINT ? "SIGINT" : "SIGTERM");
}

static int serve(const struct sl_config *config, const struct sl_catalog *catalog)
{
    struct sl_service *service = NULL;
    struct sl_server *server = NULL;
    struct sl_error err;
    int result = -1;
    int signals = open_signals(&err);

    if (signals < 0)
        goto out;
    raise_descriptor_limit();
    service = sl_service_new(config, catalog);
    if (service == NULL) {
        sl_error_nomem(&err);
        goto out;
    }
    if (sl_server_start(service, &server, &err) != 0)
        goto out;
    wait_for_signal(signals);
    sl_server_stop(server, config->server.drain_timeout, signals);
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
    struct sl_config *config = NULL;
    struct sl_catalog *catalog = NULL;
    struct sl_error err;
    struct sl_options options;

    int result = sl_options_read(argc, argv, "c", false, usage, &options);
    if (result >= 0)
        return result;
    if (sl_config_load(options.config, true, &config, &err) != 0)
        return sl_fail(&err);
    sl_log_setup(config->log.level, config->log.json);
    if (config->file == NULL)
        sl_log_text(SL_LOG_WARNING, "no configuration",
                    "anonymous access on %s, the database of libpq's environment, exports of %s",
                    config->server.listen, config->exports.directory);
    /* A file that cannot be read as an export is fatal; one that the database refuses is not. */
    if (sl_catalog_load(config->exports.directory, sl_print_config_error, NULL, &catalog) != 0) {
        result = sl_kind_exit(SL_CONFIG);
    } else {
        sl_warn_not_yet(config, catalog);
        result = serve(config, catalog);
    }
    sl_catalog_free(catalog);
    sl_config_free(config);
    return result;
}
