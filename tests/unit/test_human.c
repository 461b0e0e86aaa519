#include <check.h>
#include <stdlib.h>

#include "base/human.h"

static char text[SL_HUMAN_TEXT];

static const char *number(int64_t value)
{
    sl_human_number(value, text);
    return text;
}

static const char *size(int64_t bytes)
{
    sl_human_size(bytes, text);
    return text;
}

static const char *duration(int64_t ms)
{
    sl_human_time(ms, text);
    return text;
}

START_TEST(thousands_are_set_apart)
{
    ck_assert_str_eq(number(0), "0");
    ck_assert_str_eq(number(999), "999");
    ck_assert_str_eq(number(1000), "1,000");
    ck_assert_str_eq(number(12345678), "12,345,678");
    ck_assert_str_eq(number(INT64_MAX), "9,223,372,036,854,775,807");
}
END_TEST

START_TEST(sizes_have_the_unit_that_keeps_them_short)
{
    ck_assert_str_eq(size(0), "0 B");
    ck_assert_str_eq(size(1023), "1023 B");
    ck_assert_str_eq(size(1024), "1.0 kB");
    ck_assert_str_eq(size(1536 * 1024), "1.5 MB");
    ck_assert_str_eq(size((int64_t)250 << 30), "250 GB");
    ck_assert_str_eq(size(INT64_MAX), "8388608 TB");
}
END_TEST

START_TEST(times_are_as_on_a_clock)
{
    ck_assert_str_eq(duration(0), "0:00");
    ck_assert_str_eq(duration(7999), "0:07");
    ck_assert_str_eq(duration(754000), "12:34");
    ck_assert_str_eq(duration(3723000), "1:02:03");
    ck_assert_str_eq(duration(360000000), "100:00:00");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("human");
    TCase *tc = tcase_create("human");
    SRunner *sr = srunner_create(suite);

    tcase_add_test(tc, thousands_are_set_apart);
    tcase_add_test(tc, sizes_have_the_unit_that_keeps_them_short);
    tcase_add_test(tc, times_are_as_on_a_clock);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
