/* pgsluice check: parse everything, connect, prepare every export. */
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/config.h"
#include "catalog/catalog.h"
#include "cmd/cmd.h"
#include "pg/cursor.h"

/* An export whose planning takes longer is not fit to be one (ms). */
#define PREPARE_TIMEOUT_MS 30000

static int go_on(struct sl_watch *watch, struct sl_error *err)
{
    (void)watch;
    (void)err;
    return 0;
}

static void print_error(void *ctx, const struct sl_error *err)
{
    (void)ctx;
    fprintf(stderr, "%s\n", err->message);
}

static int check_export(const struct sl_config *config, const struct sl_export *export,
                        struct sl_watch *watch, struct sl_error *err)
{
    struct sl_settings settings = {
        .application_name = "pgsluice:check",
        .timezone = export->timezone[0] != '\0' ? export->timezone : config->database.timezone,
        .search_path = export->search_path,
        .role = export->role,
        .jit = export->jit,
        .lock_timeout = config->database.lock_timeout,
        .statement_timeout = PREPARE_TIMEOUT_MS,
        .idle_timeout = PREPARE_TIMEOUT_MS,
    };
    struct sl_session *session = sl_session_open(config->database.dsn, watch, err);

    if (session == NULL)
        return -1;
    int rc = sl_cursor_check(session, &settings, export->sql, watch, err);
    sl_session_close(session);
    return rc;
}

/* The exit code: 0, 78 for a refused export, 69 when the database cannot be reached. */
static int check_exports(const struct sl_config *config, const struct sl_catalog *catalog)
{
    struct sl_watch watch = {.check = go_on, .deadline_ms = INT64_MAX};
    int code = 0;

    watch.wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    for (size_t i = 0; i < catalog->n; i++) {
        const struct sl_export *export = catalog->exports[i];
        struct sl_error err;

        if (check_export(config, export, &watch, &err) == 0) {
            printf("ok %s\n", export->name);
            continue;
        }
        if (err.kind == SL_UNAVAILABLE) {
            fprintf(stderr, "pgsluice: %s: %s\n", err.message, err.detail);
            code = sl_kind_exit(SL_UNAVAILABLE);
            break;
        }
        fprintf(stderr, "%s:%d: the database refuses this query: %s (SQLSTATE %s)\n", export->file,
                export->sql_line, err.detail, err.sqlstate);
        code = sl_kind_exit(SL_CONFIG);
    }
    close(watch.wake_fd);
    return code;
}

int sl_cmd_check(int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {NULL, 0, NULL, 0}};
    const char *path = NULL;
    struct sl_catalog *catalog = NULL;
    struct sl_config *config;
    struct sl_error err;
    int c;

    while ((c = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
        if (c != 'c')
            return sl_kind_exit(SL_USAGE);
        path = optarg;
    }
    if (optind != argc) {
        fprintf(stderr, "pgsluice: check takes no argument '%s'\n", argv[optind]);
        return sl_kind_exit(SL_USAGE);
    }
    if (sl_config_load(path, true, &config, &err) < 0) {
        fprintf(stderr, "%s\n", err.message);
        return sl_kind_exit(err.kind);
    }
    sl_pg_setup();
    int bad = sl_catalog_load(config->exports.directory, print_error, NULL, &catalog);
    int code = catalog == NULL ? sl_kind_exit(SL_INTERNAL) : check_exports(config, catalog);
    sl_catalog_free(catalog);
    sl_config_free(config);
    return bad < 0 ? sl_kind_exit(SL_CONFIG) : code;
}
