#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "http/disposition.h"

static void check(const char *name, const char *expected)
{
    struct sl_buf out;

    sl_buf_init(&out, 4096);
    ck_assert_int_eq(sl_disposition(name, &out), 0);
    ck_assert_str_eq(out.data, expected);
    sl_buf_free(&out);
}

START_TEST(a_plain_name_is_quoted)
{
    check("orders-2026-01-02.csv", "attachment; filename=\"orders-2026-01-02.csv\"");
    check("two words.csv", "attachment; filename=\"two words.csv\"");
    check("a;b,c=d'e.csv", "attachment; filename=\"a;b,c=d'e.csv\"");
    check("", "attachment; filename=\"\"");
}
END_TEST

START_TEST(a_name_beyond_ascii_has_both_forms)
{
    check("B\xc3\xa9richt \xe2\x82\xac.csv",
          "attachment; filename=\"B_richt _.csv\"; filename*=UTF-8''B%C3%A9richt%20%E2%82%AC.csv");
    check("\xf0\x9f\x98\x80", "attachment; filename=\"_\"; filename*=UTF-8''%F0%9F%98%80");
}
END_TEST

START_TEST(what_clients_read_differently_has_both_forms)
{
    check("a\"b.csv", "attachment; filename=\"a_b.csv\"; filename*=UTF-8''a%22b.csv");
    check("100%.csv", "attachment; filename=\"100_.csv\"; filename*=UTF-8''100%25.csv");
    check("a%2Fb", "attachment; filename=\"a_2Fb\"; filename*=UTF-8''a%252Fb");
}
END_TEST

START_TEST(a_name_is_never_a_path_or_a_header)
{
    check("../etc/passwd", "attachment; filename=\".._etc_passwd\"");
    check("c:\\x", "attachment; filename=\"c:_x\"");
    check("a\r\nX-Evil: 1", "attachment; filename=\"a__X-Evil: 1\"");
    check("a\x7f\x01z", "attachment; filename=\"a__z\"");
    check("\xc3\xa9/\r", "attachment; filename=\"___\"; filename*=UTF-8''%C3%A9__");
}
END_TEST

START_TEST(a_name_that_is_not_utf8_has_the_plain_form_only)
{
    check("a\xff", "attachment; filename=\"a_\"");
}
END_TEST

START_TEST(a_long_name_is_cut_between_characters)
{
    char name[400];
    struct sl_buf out;

    memset(name, 'x', sizeof(name));
    memcpy(name + SL_FILENAME_MAX - 1, "\xc3\xa9", 3);
    sl_buf_init(&out, 4096);
    ck_assert_int_eq(sl_disposition(name, &out), 0);
    ck_assert_uint_eq(out.len, strlen("attachment; filename=\"\"") + SL_FILENAME_MAX - 1);
    sl_buf_free(&out);
}
END_TEST

START_TEST(a_full_buffer_is_an_error)
{
    struct sl_buf out;

    for (size_t max = 0; max < strlen("attachment; filename=\"_\"; filename*=UTF-8''%22"); max++) {
        sl_buf_init(&out, max);
        ck_assert_int_eq(sl_disposition("\"", &out), -1);
        sl_buf_free(&out);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("disposition");
    TCase *tc = tcase_create("disposition");
    SRunner *sr = srunner_create(suite);

    tcase_add_test(tc, a_plain_name_is_quoted);
    tcase_add_test(tc, a_name_beyond_ascii_has_both_forms);
    tcase_add_test(tc, what_clients_read_differently_has_both_forms);
    tcase_add_test(tc, a_name_is_never_a_path_or_a_header);
    tcase_add_test(tc, a_name_that_is_not_utf8_has_the_plain_form_only);
    tcase_add_test(tc, a_long_name_is_cut_between_characters);
    tcase_add_test(tc, a_full_buffer_is_an_error);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_ENV);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
