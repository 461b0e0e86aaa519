/* pgsluice: argv to a command, nothing else. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/units.h"
#include "cmd/cmd.h"
#include "http/server.h"
#include "pg/session.h"

static const char help[] =
    "usage: pgsluice COMMAND [-c FILE] [ARGUMENT...]\n"
    "\n"
    "Turns PostgreSQL queries into downloads, in constant memory.\n"
    "\n"
    "  serve                              the HTTP service\n"
    "  run EXPORT [name=value ...] [-o FILE]\n"
    "                                     one export to a file or standard output\n"
    "  list [--json]                      the exports and their parameters\n"
    "  check                              parse everything, connect, prepare every export\n"
    "\n"
    "  -h, --help                         this text; `pgsluice COMMAND --help` says more\n"
    "  -V, --version                      versions of pgsluice, libpq and libmicrohttpd\n";

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"serve", sl_cmd_serve},
    {"run", sl_cmd_run},
    {"list", sl_cmd_list},
    {"check", sl_cmd_check},
};

static int print_version(void)
{
    printf("pgsluice %s (libpq %s, libmicrohttpd %s)\n", PACKAGE_VERSION, sl_pg_version(),
           sl_http_version());
    return 0;
}

static int unknown(const char *name)
{
    static const char *const names[] = {"serve", "run", "list", "check", NULL};
    const char *near = sl_suggest(name, names);

    fprintf(stderr, "pgsluice: unknown command \"%s\"", name);
    if (near != NULL)
        fprintf(stderr, "; did you mean \"%s\"?\n", near);
    else
        fprintf(stderr, "\n%s", help);
    return sl_kind_exit(SL_USAGE);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fputs(help, stderr);
        return sl_kind_exit(SL_USAGE);
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        fputs(help, stdout);
        return 0;
    }
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0)
        return print_version();
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(name, commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    }
    return unknown(name);
}
