#include "cmd/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/units.h"

/* Added to the letter of an option that was written out. */
#define LONG 0x100

#define LONGEST_OPTION 40 /* bytes that a message quotes */

static const struct option longs[] = {
    {"config", required_argument, NULL, LONG | 'c'},
    {"output", required_argument, NULL, LONG | 'o'},
    {"json", no_argument, NULL, LONG | 'j'},
    {"expires", required_argument, NULL, LONG | 'e'},
    {"role", required_argument, NULL, LONG | 'r'},
    {"filename", required_argument, NULL, LONG | 'F'},
    {"format", required_argument, NULL, LONG | 'f'},
    {"once", no_argument, NULL, LONG | 'n'},
    {"setting", required_argument, NULL, LONG | 's'},
    {"if-rows", no_argument, NULL, LONG | 'i'},
    {"lock", no_argument, NULL, LONG | 'l'},
    {"receipt", required_argument, NULL, LONG | 'p'},
    {"quiet", no_argument, NULL, LONG | 'q'},
    {"retry", required_argument, NULL, LONG | 't'},
    {"verbose", no_argument, NULL, LONG | 'v'},
    {"sha256", no_argument, NULL, LONG | 'x'},
    {"help", no_argument, NULL, LONG | 'h'},
    {NULL, 0, NULL, 0},
};

/*
 * The first line of the usage is enough: the mistake must not scroll away.  Where
 * nobody looks on, as in cron's mail, the mistake alone.
 */
static int mistake(const char *command, const char *what, const char *word, const char *usage)
{
    fprintf(stderr, "pgsluice: %s: %s \"%s\"\n", command, what, word);
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "%.*s\n", (int)strcspn(usage, "\n"), usage);
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

static void set_option(struct sl_options *options, int letter)
{
    const struct {
        int letter;
        const char **value;
    } texts[] = {
        {'c', &options->config},  {'o', &options->output},   {'e', &options->expires},
        {'r', &options->role},    {'F', &options->filename}, {'f', &options->format},
        {'p', &options->receipt}, {'t', &options->retry},
    };
    const struct {
        int letter;
        bool *value;
    } flags[] = {
        {'j', &options->json},    {'n', &options->once},   {'i', &options->if_rows},
        {'l', &options->lock},    {'x', &options->sha256}, {'q', &options->quiet},
        {'v', &options->verbose},
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (texts[i].letter == letter)
            *texts[i].value = optarg;
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        if (flags[i].letter == letter)
            *flags[i].value = true;
}

/* Splits in place. */
static int add_setting(struct sl_options *options, char *text)
{
    char *equals = strchr(text, '=');

    if (equals == NULL || options->n_settings == SL_MAX_ROW_SETTINGS)
        return -1;
    *equals = '\0';
    options->settings[options->n_settings++] = (struct sl_setting){text, equals + 1};
    return 0;
}

int sl_options_args(int argc, char **argv, struct sl_args *args, struct sl_error *err)
{
    *args = (struct sl_args){.v = calloc((size_t)argc + 1, sizeof *args->v)};
    if (args->v == NULL)
        return sl_error_nomem(err);
    for (int i = 0; i < argc; i++) {
        char *equals = strchr(argv[i], '=');

        if (equals == NULL)
            return sl_error_set(err, SL_USAGE, "'%s' is not name=value", argv[i]);
        *equals = '\0';
        args->v[args->n++] = (struct sl_arg){argv[i], equals + 1};
    }
    return 0;
}

int sl_options_read(int argc, char **argv, const char *letters, bool arguments, const char *usage,
                    struct sl_options *options)
{
    int c;

    *options = (struct sl_options){0};
    optind = 0; /* forgets a word that an earlier call left half read, too */
    opterr = 0; /* its messages would begin with the command's name */
    while ((c = getopt_long(argc, argv, ":c:o:hqv", longs, NULL)) != -1) {
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
        if (letter == 's') {
            if (add_setting(options, optarg) != 0)
                return mistake(argv[0], "this is not name=value, or one too many:", optarg, usage);
        } else {
            set_option(options, letter);
        }
    }
    if (optind < argc && !arguments)
        return mistake(argv[0], "it takes no argument", argv[optind], usage);
    return -1;
}
