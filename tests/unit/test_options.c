#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cmd/options.h"

#define MAX_WORDS 24

static struct sl_options options;
static char printed[1024]; /* on standard error */

/* What a call prints on standard error lands in `printed`. */
static FILE *begin_capture(int *saved)
{
    FILE *file = tmpfile();

    ck_assert_ptr_nonnull(file);
    fflush(stderr);
    *saved = dup(STDERR_FILENO);
    ck_assert_int_ge(dup2(fileno(file), STDERR_FILENO), 0);
    return file;
}

static void end_capture(FILE *file, int saved)
{
    fflush(stderr);
    ck_assert_int_ge(dup2(saved, STDERR_FILENO), 0);
    close(saved);
    rewind(file);
    printed[fread(printed, 1, sizeof(printed) - 1, file)] = '\0';
    fclose(file);
}

/* Reads a line of words parted by one blank. */
static int read_words(const char *line, const char *letters)
{
    static char copy[512];
    char *argv[MAX_WORDS + 1] = {NULL};
    int argc = 0;
    int saved;

    snprintf(copy, sizeof(copy), "%s", line);
    for (char *word = strtok(copy, " "); word != NULL && argc < MAX_WORDS; word = strtok(NULL, " "))
        argv[argc++] = word;
    FILE *file = begin_capture(&saved);
    int code = sl_options_read(argc, argv, letters, false, "usage\n", &options);
    end_capture(file, saved);
    return code;
}

/* Nobody looks on here: the message is all, without the usage. */
static void refused(const char *line, const char *message)
{
    size_t len = strlen(message);

    ck_assert_int_eq(read_words(line, "cj"), 64);
    ck_assert_msg(strncmp(printed, message, len) == 0, "%s: %s", line, printed);
    ck_assert_msg(strcmp(printed + len, "\n") == 0, "%s: %s", line, printed);
}

START_TEST(options_are_read_in_both_spellings)
{
    ck_assert_int_eq(read_words("list -c a", "c"), -1);
    ck_assert_str_eq(options.config, "a");
    ck_assert_int_eq(read_words("list --config=b --output c --json", "coj"), -1);
    ck_assert_str_eq(options.config, "b");
    ck_assert_str_eq(options.output, "c");
    ck_assert(options.json);
}
END_TEST

START_TEST(the_options_of_grant_are_read)
{
    ck_assert_int_eq(read_words("grant --expires 5min --role r --filename f --format csv --once "
                                "--setting a.b=c=d --setting a.e=",
                                "cerFfns"),
                     -1);
    ck_assert_str_eq(options.expires, "5min");
    ck_assert_str_eq(options.role, "r");
    ck_assert_str_eq(options.filename, "f");
    ck_assert_str_eq(options.format, "csv");
    ck_assert(options.once && !options.json);
    ck_assert_uint_eq(options.n_settings, 2);
    ck_assert_str_eq(options.settings[0].name, "a.b");
    ck_assert_str_eq(options.settings[0].value, "c=d");
    ck_assert_str_eq(options.settings[1].name, "a.e");
    ck_assert_str_eq(options.settings[1].value, "");
    ck_assert_int_eq(read_words("grant", "cerFfns"), -1);
    ck_assert(options.expires == NULL && options.role == NULL && options.format == NULL);
    ck_assert(options.filename == NULL && !options.once && options.n_settings == 0);
}
END_TEST

START_TEST(the_options_of_run_are_read)
{
    ck_assert_int_eq(
        read_words("run -o f --if-rows --lock --retry 5 --receipt r --sha256 --quiet", "coilpqtvx"),
        -1);
    ck_assert_str_eq(options.output, "f");
    ck_assert_str_eq(options.retry, "5");
    ck_assert_str_eq(options.receipt, "r");
    ck_assert(options.if_rows && options.lock && options.sha256 && options.quiet);
    ck_assert(!options.verbose);
    ck_assert_int_eq(read_words("run -q", "coilpqtvx"), -1);
    ck_assert(options.quiet && !options.lock && !options.if_rows && !options.sha256);
    ck_assert(options.retry == NULL && options.receipt == NULL);
    ck_assert_int_eq(read_words("run --verbose", "coilpqtvx"), -1);
    ck_assert(options.verbose && !options.quiet);
    ck_assert_int_eq(read_words("run -v", "coilpqtvx"), -1);
    ck_assert(options.verbose);
    refused("list -q", "pgsluice: list: there is no option \"-q\"");
    refused("list --retry 3", "pgsluice: list: there is no option \"--retry\"");
}
END_TEST

START_TEST(a_setting_is_a_name_and_a_value_and_there_are_not_too_many)
{
    char line[512] = "grant";

    ck_assert_int_eq(read_words("grant --setting a.b", "cs"), 64);
    ck_assert_ptr_nonnull(strstr(printed, "name=value"));
    for (int i = 0; i <= SL_MAX_ROW_SETTINGS; i++) {
        ck_assert_int_eq(read_words(line, "cs"), -1);
        strncat(line, " --setting=a.b=c", sizeof(line) - strlen(line) - 1);
    }
    ck_assert_int_eq(read_words(line, "cs"), 64);
    refused("list --role r", "pgsluice: list: there is no option \"--role\"");
    refused("list --once", "pgsluice: list: there is no option \"--once\"");
}
END_TEST

static void read_args(int argc, char **argv, struct sl_args *args, int result)
{
    struct sl_error err;

    ck_assert_int_eq(sl_options_args(argc, argv, args, &err), result);
    if (result != 0)
        ck_assert_int_eq(err.kind, SL_USAGE);
}

START_TEST(arguments_are_names_and_values)
{
    char first[] = "a=b=c";
    char second[] = "_d=";
    char third[] = "e";
    char *argv[] = {first, second, third};
    struct sl_args args;

    read_args(2, argv, &args, 0);
    ck_assert_uint_eq(args.n, 2);
    ck_assert_str_eq(args.v[0].name, "a");
    ck_assert_str_eq(args.v[0].value, "b=c");
    ck_assert_str_eq(args.v[1].name, "_d");
    ck_assert_str_eq(args.v[1].value, "");
    free(args.v);
    read_args(1, argv + 2, &args, -1);
    free(args.v);
    read_args(0, argv, &args, 0);
    ck_assert_uint_eq(args.n, 0);
    free(args.v);
}
END_TEST

START_TEST(a_mistake_names_the_option_and_not_its_value)
{
    refused("list -o foo", "pgsluice: list: there is no option \"-o\"");
    refused("list -ofoo", "pgsluice: list: there is no option \"-o\"");
    refused("list --output foo", "pgsluice: list: there is no option \"--output\"");
    refused("list --output --foo", "pgsluice: list: there is no option \"--output\"");
    refused("list --output=foo", "pgsluice: list: there is no option \"--output\"");
    refused("list --json -zc x", "pgsluice: list: there is no option \"-z\"");
    refused("list -j", "pgsluice: list: there is no option \"-j\"");
    refused("list --nope", "pgsluice: list: there is no option \"--nope\"");
    refused("list --json=x", "pgsluice: list: an option without a value has one in \"--json=x\"");
    refused("list -c", "pgsluice: list: a value is missing after \"-c\"");
    refused("list --config", "pgsluice: list: a value is missing after \"--config\"");
    refused("list foo", "pgsluice: list: it takes no argument \"foo\"");
}
END_TEST

static void fails(enum sl_kind kind, const char *message, const char *detail, int code,
                  const char *text)
{
    struct sl_error err;
    int saved;

    sl_error_set(&err, kind, "%s", message);
    sl_error_detail(&err, "%s", detail);
    FILE *file = begin_capture(&saved);
    int result = sl_fail(&err);
    end_capture(file, saved);
    ck_assert_int_eq(result, code);
    ck_assert_str_eq(printed, text);
}

START_TEST(an_error_has_the_place_or_the_program_first)
{
    fails(SL_CONFIG, "x.conf:3: bad", "", 78, "x.conf:3: bad\n");
    fails(SL_NOT_FOUND, "no such export", "", 64, "pgsluice: no such export\n");
    fails(SL_UNAVAILABLE, "cannot connect", "no\nserver", 69,
          "pgsluice: cannot connect: no\nserver\n");
}
END_TEST

START_TEST(what_does_not_show_does_not_reach_the_terminal)
{
    fails(SL_CONFIG, "f:1: \x1b[31m", "", 78, "f:1: ?[31m\n");
    fails(SL_CONFIG, "f:1: \xC2\x9B|\xE2\x80\xAE|\xD8\x9C|\xFF|\xC3\xA9", "", 78,
          "f:1: ?|?|?|?|\xC3\xA9\n");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("options");
    TCase *tc = tcase_create("options");
    SRunner *sr = srunner_create(suite);

    tcase_add_test(tc, options_are_read_in_both_spellings);
    tcase_add_test(tc, the_options_of_grant_are_read);
    tcase_add_test(tc, the_options_of_run_are_read);
    tcase_add_test(tc, a_setting_is_a_name_and_a_value_and_there_are_not_too_many);
    tcase_add_test(tc, arguments_are_names_and_values);
    tcase_add_test(tc, a_mistake_names_the_option_and_not_its_value);
    tcase_add_test(tc, an_error_has_the_place_or_the_program_first);
    tcase_add_test(tc, what_does_not_show_does_not_reach_the_terminal);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
