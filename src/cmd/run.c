/* pgsluice run EXPORT [name=value ...] [-o FILE]: one export to a file or standard output. */
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/options.h"
#include "export/run.h"
#include "sink/file.h"

struct stopper {
    sigset_t signals;
    struct sl_run *run;
    atomic_int signal; /* the one that came, 0: none */
    atomic_bool done;  /* the run is over: SIGUSR1 ends the wait */
};

/* Turns the first signal into an abort. */
static void *wait_for_signal(void *arg)
{
    struct stopper *stopper = arg;
    int signal = SIGUSR1;

    while (signal == SIGUSR1 && !atomic_load(&stopper->done))
        if (sigwait(&stopper->signals, &signal) != 0)
            return NULL;
    if (signal == SIGUSR1)
        return NULL;
    atomic_store(&stopper->signal, signal);
    sl_run_abort(stopper->run, SL_CANCELLED, "stopped by a signal");
    return NULL;
}

static void catch_signals(struct stopper *stopper)
{
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&stopper->signals);
    sigaddset(&stopper->signals, SIGINT);
    sigaddset(&stopper->signals, SIGTERM);
    sigaddset(&stopper->signals, SIGHUP);
    sigaddset(&stopper->signals, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &stopper->signals, NULL);
}

static void print_receipt(struct sl_run *run)
{
    struct sl_receipt receipt;

    sl_run_receipt(run, &receipt);
    fprintf(stderr, "rows=%" PRId64 " bytes=%" PRId64 " sha256=%s state=%s id=%s ms=%" PRId64,
            receipt.rows, receipt.bytes, receipt.sha256[0] == '\0' ? "-" : receipt.sha256,
            sl_run_state_name(receipt.state), receipt.id, receipt.total_ms);
    if (receipt.kind != SL_NONE)
        fprintf(stderr, " kind=%s", sl_kind_name(receipt.kind));
    if (receipt.sqlstate[0] != '\0')
        fprintf(stderr, " sqlstate=%s", receipt.sqlstate);
    fputc('\n', stderr);
}

static int execute(struct sl_run *run, const char *output)
{
    struct stopper stopper = {.run = run};
    struct sl_error err;
    pthread_t thread;

    catch_signals(&stopper); /* before there is a temporary file to leave behind */
    struct sl_file *file = sl_file_new(output, &err);
    if (file == NULL)
        return sl_fail(&err);
    if (pthread_create(&thread, NULL, wait_for_signal, &stopper) != 0) {
        sl_error_set(&err, SL_INTERNAL, "no thread for signals");
        sl_file_free(file);
        return sl_fail(&err);
    }
    int rc = sl_run_execute(run, sl_file_sink(file), &err);
    atomic_store(&stopper.done, true);
    pthread_kill(thread, SIGUSR1);
    pthread_join(thread, NULL);
    sl_file_free(file);
    print_receipt(run);
    int number = atomic_load(&stopper.signal);
    if (rc == 0)
        return 0;
    int code = sl_fail(&err);
    return number != 0 ? 128 + number : code;
}

static int run_export(struct sl_setup *setup, const char *name, int argc, char **argv,
                      const char *output)
{
    struct sl_service *service = NULL;
    struct sl_args args = {0};
    struct sl_query query = {0};
    struct sl_run *run = NULL;
    const struct sl_run_as as = {.owner = "cli", .peer = "cli"};
    struct sl_error err;
    int code = 0;

    const struct sl_export *export = sl_catalog_find(setup->catalog, name);
    if (export == NULL) {
        sl_error_set(&err, SL_NOT_FOUND, "there is no export '%s': see pgsluice list", name);
        code = sl_fail(&err);
        goto out;
    }
    service = sl_service_new(sl_setup_ref(setup));
    if (service == NULL) {
        sl_error_nomem(&err);
        code = sl_fail(&err);
        goto out;
    }
    if (sl_options_args(argc, argv, &args, &err) < 0 ||
        sl_query_bind(export, &args, &query, &err) < 0 ||
        sl_run_new(service, setup, &query, &as, &run, &err) < 0) {
        code = sl_fail(&err);
        goto out;
    }
    code = execute(run, output);
    sl_run_release(run);
out:
    sl_query_fini(&query);
    free(args.v);
    sl_service_free(service);
    return code;
}

int sl_cmd_run(int argc, char **argv)
{
    static const char usage[] = "usage: pgsluice run EXPORT [name=value ...] [-o FILE] [-c FILE]\n";
    struct sl_options options;
    struct sl_setup *setup;
    struct sl_error err;

    int code = sl_options_read(argc, argv, "co", true, usage, &options);
    if (code >= 0)
        return code;
    if (optind == argc) {
        sl_error_set(&err, SL_USAGE, "run: which export? see pgsluice list");
        return sl_fail(&err);
    }
    if (sl_setup_load(options.config, false, sl_print_config_error, NULL, &setup) < 0)
        return sl_kind_exit(SL_CONFIG);
    sl_log_setup(SL_LOG_ERROR, setup->config->log.json); /* the receipt says it all */
    code = run_export(setup, argv[optind], argc - optind - 1, argv + optind + 1,
                      options.output == NULL ? "-" : options.output);
    sl_setup_release(setup);
    return code;
}
