#include "cmd/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

static int mistake(const char *command, const char *what, const char *word, const char *usage)
{
    fprintf(stderr, "pgsluice: %s: %s \"%s\"\n%s", command, what, word, usage);
    return sl_kind_exit(SL_USAGE);
}

void sl_print_config_error(void *ctx, const struct sl_error *err)
{
    (void)ctx;
    fprintf(stderr, "%s\n", err->message);
}

int sl_fail(const struct sl_error *err)
{
    if (err->kind == SL_CONFIG)
        sl_print_config_error(NULL, err);
    else
        fprintf(stderr, "pgsluice: %s%s%s\n", err->message, err->detail[0] == '\0' ? "" : ": ",
                err->detail);
    return sl_kind_exit(err->kind);
}

int sl_options_read(int argc, char **argv, const char *letters, bool arguments, const char *usage,
                    struct sl_options *options)
{
    static const struct option longs[] = {
        {"config", required_argument, NULL, 'c'},
        {"output", required_argument, NULL, 'o'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int c;

    *options = (struct sl_options){0};
    optind = 1;
    opterr = 0; /* its messages would begin with the command's name */
    while ((c = getopt_long(argc, argv, ":c:o:h", longs, NULL)) != -1) {
        if (c == 'h') {
            fputs(usage, stdout);
            return 0;
        }
        if (c == ':')
            return mistake(argv[0], "a value is missing after", argv[optind - 1], usage);
        if (c == '?' || strchr(letters, c) == NULL)
            return mistake(argv[0], "there is no option", argv[optind - 1], usage);
        if (c == 'c')
            options->config = optarg;
        else if (c == 'o')
            options->output = optarg;
        else
            options->json = true;
    }
    if (optind < argc && !arguments)
        return mistake(argv[0], "it takes no argument", argv[optind], usage);
    return -1;
}
