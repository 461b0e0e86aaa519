#include "cmd/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/units.h"

/* Added to the letter of an option that was written out. */
#define LONG 0x100

#define LONGEST_OPTION 40 /* bytes that a message quotes */

static const struct option longs[] = {
    {"config", required_argument, NULL, LONG | 'c'},
    {"output", required_argument, NULL, LONG | 'o'},
    {"json", no_argument, NULL, LONG | 'j'},
    {"help", no_argument, NULL, LONG | 'h'},
    {NULL, 0, NULL, 0},
};

static int mistake(const char *command, const char *what, const char *word, const char *usage)
{
    fprintf(stderr, "pgsluice: %s: %s \"%s\"\n%s", command, what, word, usage);
    return sl_kind_exit(SL_USAGE);
}

/* Names what getopt_long(3) found or did not know: one of `longs`, a letter, or 0. */
static int no_option(char **argv, int option, const char *usage)
{
    char name[LONGEST_OPTION + 1];

    snprintf(name, sizeof(name), "-%c", option);
    if (option == 0)
        snprintf(name, sizeof(name), "%s", argv[optind - 1]);
    for (const struct option *known = longs; known->name != NULL; known++)
        if (known->val == option)
            snprintf(name, sizeof(name), "--%s", known->name);
    return mistake(argv[0], "there is no option", name, usage);
}

void sl_print_text(FILE *out, const char *text)
{
    uint32_t code;
    size_t n;

    for (size_t left = strlen(text); left > 0; left -= n, text += n) {
        n = sl_utf8_char(text, left, &code);
        /* The server's messages have several lines. */
        bool show = n > 0 && (!sl_invisible(code) || *text == '\n' || *text == '\t');

        n += n == 0;
        if (show)
            fwrite(text, 1, n, out);
        else
            putc('?', out);
    }
}

void sl_print_config_error(void *ctx, const struct sl_error *err)
{
    (void)ctx;
    sl_print_text(stderr, err->message);
    putc('\n', stderr);
}

int sl_fail(const struct sl_error *err)
{
    if (err->kind == SL_CONFIG) {
        sl_print_config_error(NULL, err);
        return sl_kind_exit(err->kind);
    }
    fputs("pgsluice: ", stderr);
    sl_print_text(stderr, err->message);
    if (err->detail[0] != '\0') {
        fputs(": ", stderr);
        sl_print_text(stderr, err->detail);
    }
    putc('\n', stderr);
    return sl_kind_exit(err->kind);
}

int sl_options_read(int argc, char **argv, const char *letters, bool arguments, const char *usage,
                    struct sl_options *options)
{
    int c;

    *options = (struct sl_options){0};
    optind = 0; /* forgets a word that an earlier call left half read, too */
    opterr = 0; /* its messages would begin with the command's name */
    while ((c = getopt_long(argc, argv, ":c:o:h", longs, NULL)) != -1) {
        int letter = c & ~LONG;

        if (letter == 'h') {
            fputs(usage, stdout);
            return 0;
        }
        if (c == ':')
            return mistake(argv[0], "a value is missing after", argv[optind - 1], usage);
        if (c == '?' && (optopt & LONG) != 0)
            return mistake(argv[0], "an option without a value has one in", argv[optind - 1],
                           usage);
        if (c == '?' || strchr(letters, letter) == NULL)
            return no_option(argv, c == '?' ? optopt : c, usage);
        if (letter == 'c')
            options->config = optarg;
        else if (letter == 'o')
            options->output = optarg;
        else
            options->json = true;
    }
    if (optind < argc && !arguments)
        return mistake(argv[0], "it takes no argument", argv[optind], usage);
    return -1;
}
