/* pgsluice check: parse everything, connect, prepare every export. */
#include <stdint.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/config.h"
#include "catalog/catalog.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "pg/check.h"

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

/* Where the error is in the file: the query keeps its line breaks when it is rewritten. */
static int query_line(const struct sl_export *export, const struct sl_error *err)
{
    int line = export->sql_line;
    int characters = 0;

    for (const char *p = export->sql; *p != '\0' && characters < err->position; p++) {
        characters += ((unsigned char)*p & 0xc0) != 0x80; /* the server counts characters */
        line += *p == '\n' && characters < err->position;
    }
    return line;
}

/* -1 and *line: where the export is at fault. */
static int check_parts(struct sl_session *session, const struct sl_export *export,
                       const struct sl_settings *settings, struct sl_watch *watch, int *line,
                       struct sl_error *err)
{
    *line = 1;
    if (sl_check_begin(session, settings, watch, err) < 0)
        return -1;
    for (size_t i = 0; i < export->n_params; i++) {
        const struct sl_param *param = &export->params[i];

        *line = param->line;
        if (sl_check_value(session, param->type, param->default_value, watch, err) < 0)
            return -1;
    }
    if (sl_check_query(session, export->sql, watch, err) == 0)
        return 0;
    *line = query_line(export, err);
    return -1;
}

static int check_export(const struct sl_config *config, const struct sl_export *export,
                        struct sl_watch *watch, int *line, struct sl_error *err)
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
    int rc = check_parts(session, export, &settings, watch, line, err);
    sl_session_close(session);
    return rc;
}

/* The exit code: 0, 78 for a refused export, 69 when the database cannot be reached. */
static int check_exports(const struct sl_config *config, const struct sl_catalog *catalog)
{
    struct sl_watch watch = {.check = go_on, .source_fd = -1, .deadline_ms = INT64_MAX};
    int code = 0;

    watch.wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    for (size_t i = 0; i < catalog->n; i++) {
        const struct sl_export *export = catalog->exports[i];
        struct sl_error err;
        int line = 1;

        if (check_export(config, export, &watch, &line, &err) == 0) {
            printf("ok %s\n", export->name);
            continue;
        }
        if (err.kind == SL_UNAVAILABLE) {
            fprintf(stderr, "pgsluice: %s: %s\n", err.message, err.detail);
            code = sl_kind_exit(SL_UNAVAILABLE);
            break;
        }
        fprintf(stderr, "%s:%d: the database refuses this: %s (SQLSTATE %s)\n", export->file, line,
                err.detail, err.sqlstate);
        code = sl_kind_exit(SL_CONFIG);
    }
    close(watch.wake_fd);
    return code;
}

int sl_cmd_check(int argc, char **argv)
{
    static const char usage[] = "usage: pgsluice check [-c FILE]\n";
    struct sl_options options;
    struct sl_catalog *catalog = NULL;
    struct sl_config *config;
    struct sl_error err;

    int code = sl_options_read(argc, argv, "c", false, usage, &options);
    if (code >= 0)
        return code;
    if (sl_config_load(options.config, true, &config, &err) < 0) {
        fprintf(stderr, "%s\n", err.message);
        return sl_kind_exit(err.kind);
    }
    sl_pg_setup();
    int bad = sl_catalog_load(config->exports.directory, print_error, NULL, &catalog);
    code = catalog == NULL ? sl_kind_exit(SL_INTERNAL) : check_exports(config, catalog);
    sl_catalog_free(catalog);
    sl_config_free(config);
    return bad < 0 ? sl_kind_exit(SL_CONFIG) : code;
}
