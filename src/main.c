/* pgsluice: argv to a command, nothing else. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/units.h"
#include "cmd/cmd.h"
#include "http/server.h"
#include "pg/session.h"
#include "sink/compress.h"

/* Where the texts begin; a command whose arguments are longer has its text below. */
#define TEXT_COLUMN 37

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *arguments; /* but -c */
    const char *text;
} commands[] = {
    {"serve", sl_cmd_serve, "", "the HTTP service"},
    {"run", sl_cmd_run, " EXPORT [name=value ...] [-o FILE]",
     "one export to a file or standard output"},
    {"list", sl_cmd_list, " [--json]", "the exports and their parameters"},
    {"check", sl_cmd_check, "", "parse everything, connect, prepare every export"},
    {"grant", sl_cmd_grant, " EXPORT [name=value ...]", "print a signed, expiring URL path"},
};
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_help(FILE *out)
{
    fputs("usage: pgsluice COMMAND [-c FILE] [ARGUMENT...]\n"
          "\n"
          "Turns PostgreSQL queries into downloads, in constant memory.\n"
          "\n",
          out);
    for (size_t i = 0; i < N_COMMANDS; i++) {
        int len = fprintf(out, "  %s%s", commands[i].name, commands[i].arguments);

        if (len > TEXT_COLUMN - 2) {
            fputc('\n', out);
            len = 0;
        }
        fprintf(out, "%*s%s\n", TEXT_COLUMN - len, "", commands[i].text);
    }
    fputs("\n"
          "  -h, --help                         this text; `pgsluice COMMAND --help` says more\n"
          "  -V, --version                      versions of pgsluice and its libraries\n",
          out);
}

static int print_version(void)
{
    printf("pgsluice %s (libpq %s, libmicrohttpd %s, gzip by %s, %s)\n", PACKAGE_VERSION,
           sl_pg_version(), sl_http_version(), sl_compress_library(SL_GZIP),
           sl_compress_library(SL_ZSTD));
    return 0;
}

static int unknown(const char *name)
{
    const char *names[N_COMMANDS + 1] = {NULL};
    const char *near;

    for (size_t i = 0; i < N_COMMANDS; i++)
        names[i] = commands[i].name;
    near = sl_suggest(name, names);
    fprintf(stderr, "pgsluice: unknown command \"%s\"", name);
    if (near != NULL) {
        fprintf(stderr, "; did you mean \"%s\"?\n", near);
    } else {
        fputc('\n', stderr);
        print_help(stderr);
    }
    return sl_kind_exit(SL_USAGE);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return sl_kind_exit(SL_USAGE);
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        print_help(stdout);
        return 0;
    }
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0)
        return print_version();
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (strcmp(name, commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    }
    return unknown(name);
}
