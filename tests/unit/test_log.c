#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/log.h"

static int saved_stderr;
static int lines[2];
static char got[8192];

/* Standard error goes through a pipe, so that one read(2) shows what one write(2) wrote. */
static void setup(void)
{
    unsetenv("JOURNAL_STREAM");
    ck_assert_int_eq(pipe(lines), 0);
    saved_stderr = dup(STDERR_FILENO);
    dup2(lines[1], STDERR_FILENO);
}

static void teardown(void)
{
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    close(lines[0]);
    close(lines[1]);
}

/* The line just written, without its time, which differs. */
static const char *line_after_time(const char *until)
{
    ssize_t n = read(lines[0], got, sizeof(got) - 1);

    ck_assert_int_gt(n, 0);
    got[n] = '\0';
    ck_assert_int_eq(got[n - 1], '\n');
    const char *rest = strstr(got, until);
    ck_assert_ptr_nonnull(rest);
    return rest;
}

START_TEST(a_line_is_logfmt_with_plain_values_bare)
{
    struct sl_line line;

    sl_log_setup(SL_LOG_INFO, false);
    sl_log_begin(&line, SL_LOG_INFO, "run");
    sl_log_str(&line, "export", "orders");
    sl_log_int(&line, "rows", -7);
    sl_log_str(&line, "nothing", "");
    sl_log_str(&line, "null", NULL);
    sl_log_end(&line);
    ck_assert_str_eq(line_after_time(" level="), " level=info msg=run export=orders rows=-7\n");
    ck_assert_int_eq(strncmp(got, "time=20", 7), 0);
    ck_assert_uint_eq(strcspn(got, " "), strlen("time=2026-11-21T01:02:03.456Z"));
}
END_TEST

START_TEST(a_value_cannot_forge_a_field_or_a_line)
{
    struct sl_line line;

    sl_log_setup(SL_LOG_INFO, false);
    sl_log_begin(&line, SL_LOG_WARNING, "x");
    sl_log_str(&line, "a", "b level=error");
    sl_log_str(&line, "c", "d\nlevel=error \"q\" \\ \x1B[2J\x7F");
    sl_log_str(&line, "e", "\xE2\x80\xAE\xC2\x85\xC3\xA4\xFF");
    sl_log_str(&line, "f", "=");
    sl_log_end(&line);
    ck_assert_str_eq(line_after_time("a="),
                     "a=\"b level=error\" "
                     "c=\"d\\nlevel=error \\\"q\\\" \\\\ \\u001b[2J\\u007f\" "
                     "e=\"\\u202e\\u0085\xC3\xA4\xEF\xBF\xBD\" f=\"=\"\n");
}
END_TEST

START_TEST(a_json_line_is_one_object)
{
    struct sl_line line;

    sl_log_setup(SL_LOG_INFO, true);
    sl_log_begin(&line, SL_LOG_ERROR, "a \"b\"\n");
    sl_log_int(&line, "n", INT64_MIN);
    sl_log_str(&line, "s", "\xFF");
    sl_log_end(&line);
    line_after_time("{");
    json_t *object = json_loads(got, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_ptr_nonnull(object);
    ck_assert_str_eq(json_string_value(json_object_get(object, "level")), "error");
    ck_assert_str_eq(json_string_value(json_object_get(object, "msg")), "a \"b\"\n");
    ck_assert_int_eq(json_integer_value(json_object_get(object, "n")), INT64_MIN);
    ck_assert_str_eq(json_string_value(json_object_get(object, "s")), "\xEF\xBF\xBD");
    json_decref(object);
}
END_TEST

/* Fills a line with values of every length; `json` is the loop's index. */
START_TEST(a_line_that_is_too_long_is_cut_and_stays_well_formed)
{
    bool json = _i == 1;
    char value[3000];
    struct sl_line line;

    sl_log_setup(SL_LOG_INFO, json);
    for (size_t len = 1900; len < 2100; len++) {
        memset(value, _i == 2 ? '\n' : 'v', len);
        value[len] = '\0';
        sl_log_begin(&line, SL_LOG_INFO, "long");
        sl_log_str(&line, "first", value);
        sl_log_int(&line, "number", 1234567890123456789);
        sl_log_str(&line, "second", value);
        sl_log_str(&line, "third", value);
        sl_log_end(&line);
        line_after_time("first");
        ck_assert_uint_le(strlen(got), sizeof(line.text));
        ck_assert_ptr_eq(strchr(got, '\n'), got + strlen(got) - 1);
        if (json) {
            json_t *object = json_loads(got, 0, NULL);
            ck_assert_msg(object != NULL, "%s", got);
            json_t *number = json_object_get(object, "number");
            ck_assert(number == NULL || json_integer_value(number) == 1234567890123456789);
            json_decref(object);
        }
        if (_i == 2)
            ck_assert_int_eq(got[strlen(got) - 2], '"');
    }
}
END_TEST

START_TEST(a_line_below_the_level_is_not_written)
{
    struct sl_line line;

    sl_log_setup(SL_LOG_WARNING, false);
    sl_log_begin(&line, SL_LOG_INFO, "quiet");
    sl_log_str(&line, "a", "b");
    sl_log_int(&line, "c", 1);
    sl_log_end(&line);
    sl_log_text(SL_LOG_DEBUG, "quiet", "%d", 1);
    sl_log_text(SL_LOG_WARNING, "loud", "%d of %d", 1, 2);
    ck_assert_str_eq(line_after_time("level="), "level=warning msg=loud detail=\"1 of 2\"\n");
}
END_TEST

static void say_that_stderr_is_the_journal(ino_t off)
{
    char stream[64];
    struct stat info;

    ck_assert_int_eq(fstat(STDERR_FILENO, &info), 0);
    snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)info.st_dev,
             (uintmax_t)(info.st_ino + off));
    setenv("JOURNAL_STREAM", stream, 1);
}

START_TEST(the_journal_is_told_the_priority_of_each_line)
{
    static const char *const begins[] = {"<7>time=", "<6>time=", "<4>time=", "<3>time="};

    say_that_stderr_is_the_journal(0);
    sl_log_setup(SL_LOG_DEBUG, false);
    for (size_t i = 0; i < 4; i++) {
        sl_log_text((enum sl_level)i, "x", "y");
        line_after_time("msg=x");
        ck_assert_int_eq(strncmp(got, begins[i], strlen(begins[i])), 0);
    }
    sl_log_setup(SL_LOG_DEBUG, true);
    sl_log_text(SL_LOG_ERROR, "x", "y");
    line_after_time("\"msg\":\"x\"");
    ck_assert_int_eq(strncmp(got, "<3>{\"time\":", 11), 0);
}
END_TEST

START_TEST(another_standard_error_than_the_journal_gets_no_priorities)
{
    say_that_stderr_is_the_journal(1);
    sl_log_setup(SL_LOG_INFO, false);
    sl_log_text(SL_LOG_ERROR, "x", "y");
    line_after_time("msg=x");
    ck_assert_int_eq(strncmp(got, "time=", 5), 0);
}
END_TEST

START_TEST(an_error_is_logged_with_all_its_parts)
{
    struct sl_error err;

    sl_log_setup(SL_LOG_INFO, false);
    sl_error_param(&err, "since", "no date");
    sl_error_detail(&err, "server said: x");
    memcpy(err.sqlstate, "22007", 6);
    sl_log_error("request", &err);
    ck_assert_str_eq(line_after_time("level="),
                     "level=warning msg=request kind=bad_parameter sqlstate=22007 parameter=since "
                     "message=\"no date\" detail=\"server said: x\"\n");
    sl_error_set(&err, SL_UNAVAILABLE, "down");
    sl_log_error("request", &err);
    ck_assert_str_eq(line_after_time("level="),
                     "level=error msg=request kind=unavailable message=down\n");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("log");
    TCase *tc = tcase_create("log");
    SRunner *sr = srunner_create(suite);

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_line_is_logfmt_with_plain_values_bare);
    tcase_add_test(tc, a_value_cannot_forge_a_field_or_a_line);
    tcase_add_test(tc, a_json_line_is_one_object);
    tcase_add_loop_test(tc, a_line_that_is_too_long_is_cut_and_stays_well_formed, 0, 3);
    tcase_add_test(tc, a_line_below_the_level_is_not_written);
    tcase_add_test(tc, an_error_is_logged_with_all_its_parts);
    tcase_add_test(tc, the_journal_is_told_the_priority_of_each_line);
    tcase_add_test(tc, another_standard_error_than_the_journal_gets_no_priorities);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
