#include <check.h>
#include <stdlib.h>
#include "export/rate.h"

#define STALL 1000 /* ms */
#define RATE 1000  /* bytes a second */

static struct sl_rate rate;

static void setup(void)
{
    sl_rate_init(&rate, STALL, RATE);
}

START_TEST(a_clock_that_never_started_blames_nobody)
{
    ck_assert_ptr_null(sl_rate_violated(&rate, 0));
    ck_assert_ptr_null(sl_rate_violated(&rate, 1000000));
    sl_rate_stop(&rate, 5000, 0);
    ck_assert_ptr_null(sl_rate_violated(&rate, 1000000));
}
END_TEST

START_TEST(one_hand_over_that_takes_stall_timeout_is_a_stall)
{
    sl_rate_start(&rate, 50000);
    ck_assert_ptr_null(sl_rate_violated(&rate, 50000));
    ck_assert_ptr_null(sl_rate_violated(&rate, 50999));
    ck_assert_str_eq(sl_rate_violated(&rate, 51000), "stall_timeout");
}
END_TEST

START_TEST(the_clock_stands_while_the_query_is_slow)
{
    int64_t now = 0;

    /* 1 byte a minute, each taken in 1 ms: an hour on the wall, 60 ms on the clock. */
    for (int i = 0; i < 60; i++) {
        sl_rate_start(&rate, now);
        sl_rate_stop(&rate, now + 1, 1);
        now += 60000;
        ck_assert_ptr_null(sl_rate_violated(&rate, now));
    }
}
END_TEST

START_TEST(fewer_bytes_than_min_rate_over_a_whole_window_are_too_few)
{
    int64_t now = 0;

    for (int i = 0; i < 9; i++, now += 100) {
        sl_rate_start(&rate, now);
        sl_rate_stop(&rate, now + 100, 99);
        ck_assert_ptr_null(sl_rate_violated(&rate, now + 100));
    }
    sl_rate_start(&rate, now);
    ck_assert_ptr_null(sl_rate_violated(&rate, now + 99));
    sl_rate_stop(&rate, now + 100, 99);
    /* Seen by whoever looks later, too. */
    ck_assert_str_eq(sl_rate_violated(&rate, now + 100), "min_rate");
    ck_assert_str_eq(sl_rate_violated(&rate, now + 60000), "min_rate");
}
END_TEST

START_TEST(exactly_min_rate_is_enough_for_ever)
{
    int64_t now = 0;

    for (int i = 0; i < 1000; i++, now += 100) {
        sl_rate_start(&rate, now);
        ck_assert_ptr_null(sl_rate_violated(&rate, now));
        sl_rate_stop(&rate, now + 100, 100);
        ck_assert_ptr_null(sl_rate_violated(&rate, now + 100));
    }
}
END_TEST

START_TEST(a_fast_window_is_no_credit_for_the_next)
{
    sl_rate_start(&rate, 0);
    sl_rate_stop(&rate, 999, 1000000000);
    sl_rate_start(&rate, 1000);
    sl_rate_stop(&rate, 1001, 1); /* this window is over and was kept */
    ck_assert_ptr_null(sl_rate_violated(&rate, 1001));
    for (int64_t now = 2000; now < 3000; now += 500) {
        sl_rate_start(&rate, now);
        sl_rate_stop(&rate, now + 500, 10);
    }
    ck_assert_str_eq(sl_rate_violated(&rate, 3000), "min_rate");
}
END_TEST

START_TEST(a_client_in_the_middle_of_a_slow_window_is_noticed_before_it_takes_more)
{
    sl_rate_start(&rate, 0);
    sl_rate_stop(&rate, 500, 100);
    sl_rate_start(&rate, 500);
    ck_assert_ptr_null(sl_rate_violated(&rate, 999));
    ck_assert_str_eq(sl_rate_violated(&rate, 1000), "min_rate");
}
END_TEST

START_TEST(with_min_rate_zero_only_stalls_count)
{
    sl_rate_init(&rate, STALL, 0);
    for (int64_t now = 0; now < 100000; now += 999) {
        sl_rate_start(&rate, now);
        ck_assert_ptr_null(sl_rate_violated(&rate, now + 999));
        sl_rate_stop(&rate, now + 999, 1);
    }
    sl_rate_start(&rate, 200000);
    ck_assert_str_eq(sl_rate_violated(&rate, 201000), "stall_timeout");
}
END_TEST

START_TEST(large_numbers_do_not_overflow)
{
    sl_rate_init(&rate, 86400000, 1000000000);
    sl_rate_start(&rate, 0);
    sl_rate_stop(&rate, 86400000, INT64_C(86400000000000));
    ck_assert_ptr_null(sl_rate_violated(&rate, 86400000));
    sl_rate_start(&rate, 86400000);
    sl_rate_stop(&rate, 172800000, INT64_C(86399999999999));
    ck_assert_str_eq(sl_rate_violated(&rate, 172800000), "min_rate");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rate");
    TCase *tc = tcase_create("rate");
    SRunner *sr = srunner_create(suite);

    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, a_clock_that_never_started_blames_nobody);
    tcase_add_test(tc, one_hand_over_that_takes_stall_timeout_is_a_stall);
    tcase_add_test(tc, the_clock_stands_while_the_query_is_slow);
    tcase_add_test(tc, fewer_bytes_than_min_rate_over_a_whole_window_are_too_few);
    tcase_add_test(tc, exactly_min_rate_is_enough_for_ever);
    tcase_add_test(tc, a_fast_window_is_no_credit_for_the_next);
    tcase_add_test(tc, a_client_in_the_middle_of_a_slow_window_is_noticed_before_it_takes_more);
    tcase_add_test(tc, with_min_rate_zero_only_stalls_count);
    tcase_add_test(tc, large_numbers_do_not_overflow);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
