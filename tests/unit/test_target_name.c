#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "cmd/target_name.h"

/* 2026-03-04 05:06:07 UTC, a Wednesday */
#define MOMENT 1772600767

static struct sl_error err;

static void use_zone(const char *zone)
{
    ck_assert_int_eq(setenv("TZ", zone, 1), 0);
    tzset();
}

static void makes(const char *pattern, const char *name)
{
    char *made = sl_target_name(pattern, MOMENT, &err);

    ck_assert_msg(made != NULL, "%s: %s", pattern, err.message);
    ck_assert_str_eq(made, name);
    free(made);
}

static void refused(const char *pattern, const char *word)
{
    ck_assert_msg(sl_target_name(pattern, MOMENT, &err) == NULL, "%s was taken", pattern);
    ck_assert_int_eq(err.kind, SL_USAGE);
    ck_assert_msg(strstr(err.message, word) != NULL, "%s: %s", pattern, err.message);
    ck_assert_ptr_nonnull(strstr(err.message, pattern));
}

START_TEST(conversions_become_the_time)
{
    use_zone("UTC0");
    makes("orders-%Y%m%d.csv.zst", "orders-20260304.csv.zst");
    makes("%F/%H%M%S-%j-%a-%b.csv", "2026-03-04/050607-063-Wed-Mar.csv");
    makes("%s", "1772600767");
    makes("plain.csv", "plain.csv");
    makes("-", "-");
    makes("", "");
}
END_TEST

START_TEST(the_time_is_local)
{
    use_zone("AAA-14");
    makes("%F-%H", "2026-03-04-19");
    use_zone("BBB12");
    makes("%F-%H-%Z%z", "2026-03-03-17-BBB-1200");
    use_zone("UTC0");
}
END_TEST

START_TEST(a_percent_sign_is_written_twice)
{
    makes("100%%", "100%");
    makes("%%Y", "%Y");
    makes("%%%Y%%", "%2026%");
}
END_TEST

START_TEST(what_is_no_conversion_is_refused_by_name)
{
    static const char *const patterns[] = {"%Q.csv", "a%", "%-d", "%Ey", "%Od", "%_d",
                                           "%5Y",    "%n", "%t",  "%k",  "%+",  "% "};

    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++)
        refused(patterns[i], "strftime(3)");
    refused("%Q.csv", "'%Q'");
}
END_TEST

START_TEST(what_cannot_be_part_of_a_name_is_refused)
{
    refused("%D", "03/04/26");
    refused("%x", "03/04/26");
    use_zone("<+001>-1");
    makes("%Z", "+001");
    use_zone("UTC0");
}
END_TEST

START_TEST(a_name_has_a_largest_length)
{
    char pattern[5000];

    memset(pattern, 'x', sizeof pattern - 1);
    pattern[sizeof pattern - 1] = '\0';
    ck_assert_ptr_null(sl_target_name(pattern, MOMENT, &err));
    ck_assert_int_eq(err.kind, SL_USAGE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("target_name");
    TCase *tc = tcase_create("target_name");
    SRunner *sr = srunner_create(suite);

    tcase_add_test(tc, conversions_become_the_time);
    tcase_add_test(tc, the_time_is_local);
    tcase_add_test(tc, a_percent_sign_is_written_twice);
    tcase_add_test(tc, what_is_no_conversion_is_refused_by_name);
    tcase_add_test(tc, what_cannot_be_part_of_a_name_is_refused);
    tcase_add_test(tc, a_name_has_a_largest_length);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
