#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "http/target.h"

static struct sl_target target;
static struct sl_error err;

static int parse(const char *raw)
{
    return sl_target_parse(&target, raw, strlen(raw), &err);
}

/* The path as its segments, each followed by '|'. */
static void check_path(const char *raw, const char *expected)
{
    char text[SL_TARGET_MAX * 2] = "";

    ck_assert_msg(parse(raw) == 0, "%s: %s", raw, err.message);
    for (size_t i = 0; i < target.n_segments; i++) {
        strcat(text, target.segments[i]);
        strcat(text, "|");
    }
    ck_assert_str_eq(text, expected);
    sl_target_fini(&target);
}

/* The arguments, each as `name=value` and a newline. */
static void check_query(const char *raw, const char *expected)
{
    char text[SL_TARGET_MAX * 2] = "";

    ck_assert_msg(parse(raw) == 0, "%s: %s", raw, err.message);
    for (size_t i = 0; i < target.args.n; i++) {
        strcat(text, target.args.v[i].name);
        strcat(text, "=");
        strcat(text, target.args.v[i].value);
        strcat(text, "\n");
    }
    ck_assert_str_eq(text, expected);
    sl_target_fini(&target);
}

static void check_refused(const char *raw, enum sl_kind kind)
{
    ck_assert_msg(parse(raw) == -1, "accepted: %s", raw);
    ck_assert_str_eq(sl_kind_name(err.kind), sl_kind_name(kind));
    ck_assert_uint_gt(strlen(err.message), 0);
    sl_target_fini(&target);
}

START_TEST(a_path_is_split_before_it_is_decoded)
{
    check_path("/", "|");
    check_path("/exports", "exports|");
    check_path("/exports/", "exports||");
    check_path("//exports", "|exports|");
    check_path("/exports/orders.csv", "exports|orders.csv|");
    check_path("/exports%2Forders.csv", "exports/orders.csv|");
    check_path("/a%20b/%C3%A9", "a b|\xc3\xa9|");
    check_path("/a/../b", "a|..|b|");
    check_path("/a%3Fb?c", "a?b|");
    check_path("/1/2/3/4/5/6/7/8", "1|2|3|4|5|6|7|8|");
}
END_TEST

START_TEST(a_plus_is_a_space_in_the_query_only)
{
    check_path("/a+b", "a+b|");
    check_query("/?a+b=c+d", "a b=c d\n");
    check_query("/?a=%2B", "a=+\n");
}
END_TEST

START_TEST(a_query_is_split_before_it_is_decoded)
{
    check_query("/", "");
    check_query("/?", "");
    check_query("/?a=1", "a=1\n");
    check_query("/?a=1&b=2&a=3", "a=1\nb=2\na=3\n");
    check_query("/?a", "a=\n");
    check_query("/?a=", "a=\n");
    check_query("/?&&a=1&&", "a=1\n");
    check_query("/?a=b=c", "a=b=c\n");
    check_query("/?a=?/", "a=?/\n");
    check_query("/?a=x%26b%3D2", "a=x&b=2\n");
    check_query("/?%61=%62", "a=b\n");
    check_query("/?a=%c3%A9", "a=\xc3\xa9\n");
    check_query("/?a=\xc3\xa9", "a=\xc3\xa9\n");
    check_query("/?a=%2525", "a=%25\n");
    check_query("/?a=%0A%09", "a=\n\t\n");
    check_query("/?a;b=1", "a;b=1\n");
}
END_TEST

START_TEST(a_bad_escape_is_refused)
{
    static const char *const bad[] = {"/%",       "/%2",     "/%zz",   "/%2z",    "/%z2",
                                      "/% 2",     "/?a=%",   "/?a=%2", "/?a=%2&", "/?%=1",
                                      "/?a=%%",   "/?a=%+1", "/?%4=1", "/?a=%2/", "/?%2=%2",
                                      "/%u0041b", "/?a=%-1"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        check_refused(bad[i], SL_BAD_REQUEST);
}
END_TEST

START_TEST(nul_is_refused_raw_and_escaped)
{
    check_refused("/%00", SL_BAD_REQUEST);
    check_refused("/?a=b%00c", SL_BAD_REQUEST);
    check_refused("/?a%00=1", SL_BAD_REQUEST);
    ck_assert_int_eq(sl_target_parse(&target, "/a\0b", 4, &err), -1);
    sl_target_fini(&target);
}
END_TEST

START_TEST(what_is_not_utf8_is_refused)
{
    check_refused("/%ff", SL_BAD_REQUEST);
    check_refused("/?a=%C3", SL_BAD_REQUEST);
    check_refused("/?a=%C3&b=%A9", SL_BAD_REQUEST);
    check_refused("/?%C3=%A9", SL_BAD_REQUEST);
    check_refused("/?a=%ED%A0%80", SL_BAD_REQUEST);
    check_refused("/?a=%C0%AF", SL_BAD_REQUEST);
    check_refused("/?a=\xff", SL_BAD_REQUEST);
}
END_TEST

START_TEST(raw_bytes_that_no_client_sends_are_refused)
{
    check_refused("", SL_BAD_REQUEST);
    check_refused("exports", SL_BAD_REQUEST);
    check_refused("*", SL_BAD_REQUEST);
    check_refused("http://x/exports", SL_BAD_REQUEST);
    check_refused("/a b", SL_BAD_REQUEST);
    check_refused("/a\tb", SL_BAD_REQUEST);
    check_refused("/a\x7f", SL_BAD_REQUEST);
    check_refused("/a#b", SL_BAD_REQUEST);
    check_refused("/?a=1#b", SL_BAD_REQUEST);
}
END_TEST

START_TEST(an_argument_without_a_name_is_refused)
{
    check_refused("/?=1", SL_BAD_REQUEST);
    check_refused("/?a=1&=", SL_BAD_REQUEST);
}
END_TEST

START_TEST(messages_never_quote_a_value)
{
    ck_assert_int_eq(parse("/?a=secret%zz"), -1);
    ck_assert_ptr_null(strstr(err.message, "secret"));
    sl_target_fini(&target);
}
END_TEST

START_TEST(length_depth_and_arguments_are_limited)
{
    static char raw[SL_TARGET_MAX + 2];
    char *end = raw;

    memset(raw, 'x', sizeof(raw));
    raw[0] = '/';
    ck_assert_int_eq(sl_target_parse(&target, raw, SL_TARGET_MAX, &err), 0);
    sl_target_fini(&target);
    ck_assert_int_eq(sl_target_parse(&target, raw, SL_TARGET_MAX + 1, &err), -1);
    ck_assert_int_eq(err.kind, SL_BAD_REQUEST);
    sl_target_fini(&target);

    check_refused("/1/2/3/4/5/6/7/8/9", SL_NOT_FOUND);

    end += sprintf(end, "/?");
    for (int i = 0; i < SL_MAX_ARGS; i++)
        end += sprintf(end, "a%d=%d&", i, i);
    ck_assert_int_eq(parse(raw), 0);
    ck_assert_uint_eq(target.args.n, SL_MAX_ARGS);
    ck_assert_str_eq(target.args.v[SL_MAX_ARGS - 1].value, "199");
    sl_target_fini(&target);
    sprintf(end, "b");
    check_refused(raw, SL_BAD_REQUEST);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("target");
    TCase *tc = tcase_create("target");
    SRunner *sr = srunner_create(suite);

    tcase_add_test(tc, a_path_is_split_before_it_is_decoded);
    tcase_add_test(tc, a_plus_is_a_space_in_the_query_only);
    tcase_add_test(tc, a_query_is_split_before_it_is_decoded);
    tcase_add_test(tc, a_bad_escape_is_refused);
    tcase_add_test(tc, nul_is_refused_raw_and_escaped);
    tcase_add_test(tc, what_is_not_utf8_is_refused);
    tcase_add_test(tc, raw_bytes_that_no_client_sends_are_refused);
    tcase_add_test(tc, an_argument_without_a_name_is_refused);
    tcase_add_test(tc, messages_never_quote_a_value);
    tcase_add_test(tc, length_depth_and_arguments_are_limited);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_ENV);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
