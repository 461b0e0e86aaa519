#include "cmd/cmd.h"
#include "cmd/options.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "base/config.h"
#include "base/json.h"
#include "catalog/catalog.h"

/* One export as JSON: a file's bytes, each escaped as six, and the names of the members. */
#define MAX_JSON (8 * SL_EXPORT_MAX_BYTES)

/* One long name must not push all texts off the screen. */
#define MAX_COLUMN 32

static const char usage[] = "usage: pgsluice list [--json] [-c FILE]\n"
                            "\n"
                            "Prints the exports and their parameters; asks no database.\n"
                            "\n"
                            "  --json                 as a JSON array\n" SL_USAGE_COMMON;

/* The columns of a table of parameters, as wide as the widest of each. */
struct widths {
    int name;
    int type;
    int value;
};

/* What the third column says: a default, or that there is none. */
static const char *value_of(const struct sl_param *param)
{
    if (param->default_value == NULL)
        return param->nullable ? "" : "required";
    return *param->default_value != '\0' ? param->default_value : "''";
}

static void widen(int *width, size_t len, int max)
{
    int n = len < (size_t)max ? (int)len : max;

    *width = n > *width ? n : *width;
}

static void print_column(const char *text, const char *more, int width)
{
    int len = (int)(strlen(text) + strlen(more));

    sl_print_text(stdout, text);
    printf("%s%*s", more, len < width ? width - len : 0, "");
}

static void print_param(const struct sl_param *param, const struct widths *widths)
{
    bool has_default = param->default_value != NULL;

    printf("    ");
    print_column(param->name, "", widths->name);
    printf("  ");
    print_column(param->type, param->nullable ? "?" : "", widths->type);
    printf(has_default ? "  = " : "  ");
    print_column(value_of(param), "", widths->value - 2 * (int)has_default);
    if (*param->text != '\0')
        printf("  ");
    sl_print_text(stdout, param->text);
    putchar('\n');
}

static void print_export(const struct sl_export *export)
{
    struct widths widths = {0};

    printf("%s", export->name);
    if (*export->title != '\0')
        printf("   ");
    sl_print_text(stdout, export->title);
    putchar('\n');
    if (*export->description != '\0') {
        printf("    ");
        sl_print_text(stdout, export->description);
        putchar('\n');
    }
    for (size_t i = 0; i < export->n_params; i++) {
        const struct sl_param *param = &export->params[i];

        widen(&widths.name, strlen(param->name), MAX_COLUMN);
        widen(&widths.type, strlen(param->type) + param->nullable, MAX_COLUMN);
        widen(&widths.value, strlen(value_of(param)) + 2 * (size_t)(param->default_value != NULL),
              MAX_COLUMN);
    }
    for (size_t i = 0; i < export->n_params; i++)
        print_param(&export->params[i], &widths);
}

static int add_flag(struct sl_buf *out, const char *name, bool value)
{
    return sl_json_name(out, name) != 0 || sl_buf_puts(out, value ? "true" : "false") != 0 ? -1 : 0;
}

static int add_param(struct sl_buf *out, const struct sl_param *param)
{
    bool required = !param->nullable && param->default_value == NULL;

    if (sl_buf_putc(out, '{') != 0 || sl_json_member(out, "name", param->name) != 0 ||
        sl_json_member(out, "type", param->type) != 0 ||
        add_flag(out, "nullable", param->nullable) != 0 ||
        add_flag(out, "required", required) != 0 ||
        sl_json_member(out, "default", param->default_value) != 0 ||
        sl_json_member(out, "text", param->text) != 0 || sl_buf_putc(out, '}') != 0)
        return -1;
    return 0;
}

static int add_export(struct sl_buf *out, const struct sl_export *export)
{
    if (sl_buf_putc(out, '{') != 0 || sl_json_member(out, "name", export->name) != 0 ||
        sl_json_member(out, "title", export->title) != 0 ||
        sl_json_member(out, "description", export->description) != 0 ||
        sl_json_name(out, "params") != 0 || sl_buf_putc(out, '[') != 0)
        return -1;
    for (size_t i = 0; i < export->n_params; i++)
        if ((i > 0 && sl_buf_putc(out, ',') != 0) || add_param(out, &export->params[i]) != 0)
            return -1;
    return sl_buf_puts(out, "]}");
}

/* A JSON array, one export a line, so that it can be read by people and by grep, too. */
static int print_json(const struct sl_catalog *catalog, struct sl_error *err)
{
    struct sl_buf out;

    sl_buf_init(&out, MAX_JSON);
    putchar('[');
    for (size_t i = 0; i < catalog->n; i++) {
        if (add_export(&out, catalog->exports[i]) != 0) {
            sl_buf_free(&out);
            return sl_error_nomem(err);
        }
        printf("%s\n%s", i > 0 ? "," : "", out.data);
        sl_buf_free(&out);
    }
    printf("%s]\n", catalog->n > 0 ? "\n" : "");
    return 0;
}

static int print_all(const struct sl_catalog *catalog, bool json, struct sl_error *err)
{
    if (json) {
        if (print_json(catalog, err) != 0)
            return -1;
    } else {
        for (size_t i = 0; i < catalog->n; i++) {
            if (i > 0)
                putchar('\n');
            print_export(catalog->exports[i]);
        }
    }
    if (fflush(stdout) != 0 || ferror(stdout))
        return sl_error_set(err, SL_OUTPUT_WRITE, "cannot write the list to standard output");
    return 0;
}

int sl_cmd_list(int argc, char **argv)
{
    struct sl_options options;
    struct sl_config *config = NULL;
    struct sl_catalog *catalog = NULL;
    struct sl_error err = {.kind = SL_NONE};
    int exit_code;

    exit_code = sl_options_read(argc, argv, "cj", false, usage, &options);
    if (exit_code >= 0)
        return exit_code;
    if (sl_config_load(options.config, false, &config, &err) != 0)
        return sl_fail(&err);
    /* The good exports are listed although some are bad. */
    exit_code =
        sl_catalog_load(config->exports.directory, sl_print_config_error, NULL, &catalog) == 0
            ? 0
            : sl_kind_exit(SL_CONFIG);
    if (catalog != NULL && print_all(catalog, options.json, &err) != 0)
        exit_code = sl_fail(&err);
    sl_catalog_free(catalog);
    sl_config_free(config);
    return exit_code;
}
