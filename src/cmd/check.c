/* pgsluice check: parse everything, connect, prepare every export. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/config.h"
#include "catalog/checks.h"
#include "catalog/catalog.h"
#include "cmd/cmd.h"
#include "cmd/notyet.h"
#include "cmd/options.h"
#include "export/heading.h"
#include "export/setup.h"
#include "pg/check.h"

/* An export whose planning takes longer is not fit to be one (ms). */
#define PREPARE_TIMEOUT_MS 30000

static int go_on(struct sl_watch *watch, struct sl_error *err)
{
    (void)watch;
    (void)err;
    return 0;
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

/* Is there a column for each label, and is each of a type that the dialect writes? */
static int check_columns(struct sl_session *session, const struct sl_export *export,
                         struct sl_watch *watch, int *line, struct sl_error *err)
{
    struct sl_columns columns = {0};
    enum sl_dialect dialect = SL_DIALECT_POSTGRES;
    int rc = sl_check_columns(session, &columns, watch, err);

    for (size_t i = 0; rc == 0 && i < export->n_labels; i++) {
        *line = export->labels_line;
        if (sl_columns_find(&columns, export->labels[i].column) < 0)
            rc = sl_error_set(err, SL_CONFIG,
                              "headers: the query has no column \"%.100s\"; write the name as its "
                              "header line has it",
                              export->labels[i].column);
    }
    if (rc == 0 && export->dialect[0] != '\0' &&
        sl_dialect_read(export->dialect, &dialect) == NULL && dialect == SL_DIALECT_DJANGO) {
        *line = export->sql_line;
        struct sl_style style;
        sl_style_init(&style, SL_CSV, dialect);
        struct sl_rows *rows = sl_heading_rows(session, &style, &columns, watch, SL_CONFIG, err);
        rc = rows == NULL ? -1 : 0;
        sl_rows_free(rows);
    }
    sl_columns_free(&columns);
    return rc;
}

/* -1 and *line: where the export is at fault. */
static int check_parts(struct sl_session *session, const struct sl_export *export,
                       const struct sl_settings *settings, struct sl_watch *watch, int *line,
                       struct sl_error *err)
{
    const char *values[SL_MAX_PARAMS];

    if (sl_check_begin(session, settings, watch, err) < 0)
        return -1;
    for (size_t i = 0; i < export->n_params; i++) {
        const struct sl_param *param = &export->params[i];

        *line = param->line;
        values[i] = param->default_value;
        if (sl_check_value(session, param->type, param->default_value, watch, err) < 0)
            return -1;
    }
    if (sl_check_query(session, export->sql, (int)export->n_params, values, watch, err) == 0)
        return check_columns(session, export, watch, line, err);
    *line = query_line(export, err);
    return -1;
}

static struct sl_settings settings_for(const struct sl_config *config, const char *role)
{
    return (struct sl_settings){
        .application_name = "pgsluice:check",
        .timezone = config->database.timezone,
        .search_path = "",
        .role = role,
        .lock_timeout = config->database.lock_timeout,
        .statement_timeout = PREPARE_TIMEOUT_MS,
        .idle_timeout = PREPARE_TIMEOUT_MS,
    };
}

static int check_export(const struct sl_config *config, const struct sl_export *export,
                        struct sl_watch *watch, int *line, struct sl_error *err)
{
    struct sl_settings settings = settings_for(config, export->role);
    struct sl_session *session = sl_session_open(config->database.dsn, watch, err);

    if (export->timezone[0] != '\0')
        settings.timezone = export->timezone;
    settings.search_path = export->search_path;
    settings.jit = export->jit;
    *line = 1;
    if (session == NULL)
        return -1;
    int rc = check_parts(session, export, &settings, watch, line, err);
    sl_session_close(session);
    return rc;
}

/* Can the database be reached, and does it know the time zone and, unless "", the role? */
static int check_login(const struct sl_config *config, const char *section, const char *role,
                       struct sl_watch *watch)
{
    struct sl_settings settings = settings_for(config, role);
    struct sl_error err;
    struct sl_session *session = sl_session_open(config->database.dsn, watch, &err);

    if (session == NULL)
        return sl_fail(&err);
    int rc = sl_check_begin(session, &settings, watch, &err);
    sl_session_close(session);
    if (rc == 0)
        return 0;
    fprintf(stderr, "%s: [%s]: the database refuses this: %s\n",
            config->file == NULL ? "configuration" : config->file, section, err.detail);
    return sl_kind_exit(SL_CONFIG);
}

static void tickets_line(const struct sl_config *config, const char *weight, const char *login,
                         const char *text)
{
    fprintf(stderr, "%s: [tickets] dsn: %sthe login %s %s\n",
            config->file == NULL ? "configuration" : config->file, weight, login, text);
}

/* Foreign SQL runs as this login: its rights are the only bound, so they should be few. */
static int check_tickets_login(const struct sl_config *config, struct sl_session *session,
                               struct sl_watch *watch)
{
    const char *login = sl_session_login(session);
    struct sl_login_reach reach;
    struct sl_error err;

    if (sl_session_superuser(session)) {
        tickets_line(config, "", login,
                     "is a superuser; write one that may read what is exported, and no more");
        return sl_kind_exit(SL_CONFIG);
    }
    if (sl_check_reach(session, watch, &reach, &err) < 0)
        return sl_fail(&err);
    if (reach.roles[0] != '\0') {
        char text[sizeof(reach.roles) + 128];
        snprintf(text, sizeof(text),
                 "is a member of %s: a ticket's SQL has the rights of those roles, too",
                 reach.roles);
        tickets_line(config, "warning: ", login, text);
    }
    if (reach.set_config)
        tickets_line(config, "warning: ", login,
                     "may call set_config(): a ticket's SQL can change the settings that policies "
                     "look at. Where they matter: REVOKE EXECUTE ON FUNCTION "
                     "pg_catalog.set_config(text, text, boolean) FROM PUBLIC, then GRANT it to the "
                     "logins that need it, that of [database] dsn among them");
    return 0;
}

static int check_tickets(const struct sl_config *config, struct sl_watch *watch)
{
    struct sl_error err;

    if (config->tickets.listen[0] == '\0')
        return 0;
    struct sl_session *session = sl_session_open(config->tickets.dsn, watch, &err);
    if (session == NULL)
        return sl_fail(&err);
    int code = check_tickets_login(config, session, watch);
    sl_session_close(session);
    return code;
}

static int check_logins(const struct sl_config *config, struct sl_watch *watch)
{
    int code = check_login(config, "database", "", watch);

    if (code == 0 && config->anonymous.role[0] != '\0')
        code = check_login(config, "anonymous", config->anonymous.role, watch);
    for (size_t i = 0; i < config->n_tokens && code == 0; i++)
        if (config->tokens[i].role[0] != '\0')
            code = check_login(config, config->tokens[i].name, config->tokens[i].role, watch);
    return code == 0 ? check_tickets(config, watch) : code;
}

/* Is the export at fault, rather than the moment? */
static bool refused(const struct sl_error *err)
{
    return err->kind == SL_SQL || err->kind == SL_FORBIDDEN || err->kind == SL_BAD_PARAMETER ||
           err->kind == SL_CONFIG;
}

/* The exit code: 0, 78 for refused exports, else what went wrong first. */
static int check_exports(const struct sl_config *config, const struct sl_catalog *catalog,
                         struct sl_watch *watch)
{
    int code = check_logins(config, watch);

    if (code != 0)
        return code;
    for (size_t i = 0; i < catalog->n; i++) {
        const struct sl_export *export = catalog->exports[i];
        struct sl_error err;
        int line;

        if (check_export(config, export, watch, &line, &err) == 0) {
            printf("ok %s\n", export->name);
            continue;
        }
        if (!refused(&err))
            return sl_fail(&err);
        if (err.kind == SL_CONFIG)
            fprintf(stderr, "%s:%d: %s\n", export->file, line, err.message);
        else
            fprintf(stderr, "%s:%d: the database refuses this: %s (SQLSTATE %s)\n", export->file,
                    line, err.detail[0] == '\0' ? err.message : err.detail, err.sqlstate);
        code = sl_kind_exit(SL_CONFIG);
    }
    return code;
}

static const char usage[] =
    "usage: pgsluice check [-c FILE]\n"
    "\n"
    "Reads the configuration and every export, connects, and lets the database prepare each\n"
    "query. What is wrong is told by file and line.\n"
    "\n" SL_USAGE_COMMON;

int sl_cmd_check(int argc, char **argv)
{
    struct sl_watch watch = {.check = go_on, .source_fd = -1, .deadline_ms = INT64_MAX};
    struct sl_options options;
    struct sl_catalog *catalog = NULL;
    struct sl_config *config;
    struct sl_error err;

    int code = sl_options_read(argc, argv, "c", false, usage, &options);
    if (code >= 0)
        return code;
    if (sl_setup_config(options.config, true, &config, &err) < 0)
        return sl_fail(&err);
    sl_pg_setup();
    watch.wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    int bad = sl_catalog_load(config->exports.directory, sl_print_config_error, NULL, &catalog);
    if (catalog != NULL)
        sl_warn_not_yet(config, catalog);
    code = catalog == NULL ? sl_kind_exit(SL_INTERNAL) : check_exports(config, catalog, &watch);
    close(watch.wake_fd);
    sl_catalog_free(catalog);
    sl_config_free(config);
    return bad < 0 ? sl_kind_exit(SL_CONFIG) : code;
}
