#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include "base/limits.h"
#include "pg/fetch_size.h"

#define SHARE (256 * 1024)

static struct sl_fetch_size fresh(void)
{
    struct sl_fetch_size size;

    sl_fetch_size_init(&size, SL_FETCH_FIRST, SL_FETCH_LARGEST, SHARE);
    return size;
}

static bool power_of_two(int n)
{
    return n > 0 && (n & (n - 1)) == 0;
}

START_TEST(narrow_fast_rows_double_it_up_to_the_largest)
{
    struct sl_fetch_size size = fresh();

    for (int rows = SL_FETCH_FIRST; rows < SL_FETCH_LARGEST; rows *= 2) {
        ck_assert_int_eq(size.rows, rows);
        sl_fetch_size_learn(&size, rows, rows, rows * 10, 1);
    }
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(size.rows, SL_FETCH_LARGEST);
        sl_fetch_size_learn(&size, size.rows, size.rows, 100, 0);
    }
}
END_TEST

START_TEST(two_in_flight_double_it_once_not_twice)
{
    struct sl_fetch_size size = fresh();

    sl_fetch_size_learn(&size, 8, 8, 100, 0);
    sl_fetch_size_learn(&size, 8, 8, 100, 0);
    ck_assert_int_eq(size.rows, 16);
}
END_TEST

START_TEST(between_half_a_share_and_a_share_it_stays)
{
    struct sl_fetch_size size = fresh();

    sl_fetch_size_learn(&size, 8, 8, SHARE / 2, 1);
    ck_assert_int_eq(size.rows, 16);
    sl_fetch_size_learn(&size, 8, 8, SHARE / 2 + 1, 1);
    ck_assert_int_eq(size.rows, 8);
    sl_fetch_size_learn(&size, 8, 8, SHARE, 1);
    ck_assert_int_eq(size.rows, 8);
    sl_fetch_size_learn(&size, 8, 8, SHARE + 1, 1);
    ck_assert_int_eq(size.rows, 4);
}
END_TEST

START_TEST(a_slow_fetch_halves_it)
{
    struct sl_fetch_size size = fresh();

    size.rows = 64;
    sl_fetch_size_learn(&size, 64, 64, 10, SL_FETCH_SLOW_MS);
    ck_assert_int_eq(size.rows, 64);
    sl_fetch_size_learn(&size, 64, 64, 10, SL_FETCH_SLOW_MS + 1);
    ck_assert_int_eq(size.rows, 32);
    sl_fetch_size_learn(&size, 32, 32, 10, SL_FETCH_SLOW_MS / 2);
    ck_assert_int_eq(size.rows, 64);
    sl_fetch_size_learn(&size, 64, 64, 10, SL_FETCH_SLOW_MS / 2 + 1);
    ck_assert_int_eq(size.rows, 64);
}
END_TEST

START_TEST(rows_that_turn_wide_cut_it_so_that_as_many_would_fit)
{
    struct sl_fetch_size size = fresh();

    sl_fetch_size_learn(&size, 1024, 1024, (int64_t)1024 * 10000, 1); /* 10 kB a row */
    ck_assert_int_eq(size.rows, 16);
    sl_fetch_size_learn(&size, 16, 16, (int64_t)16 * 1000000, 1);
    ck_assert_int_eq(size.rows, 1);
    sl_fetch_size_learn(&size, 1, 1, (int64_t)1 << 40, 100000);
    ck_assert_int_eq(size.rows, 1);
}
END_TEST

START_TEST(a_fetch_without_rows_teaches_nothing)
{
    struct sl_fetch_size size = fresh();

    sl_fetch_size_learn(&size, 8, 0, 0, 100000);
    ck_assert_int_eq(size.rows, SL_FETCH_FIRST);
}
END_TEST

START_TEST(rows_of_a_known_width_never_exceed_the_share)
{
    for (int64_t widest = 0; widest < 3 * SHARE; widest = widest * 5 / 4 + 1) {
        struct sl_fetch_size size = fresh();

        sl_fetch_size_bound(&size, widest);
        ck_assert(power_of_two(size.rows));
        ck_assert(power_of_two(size.largest));
        ck_assert_int_le(size.rows, size.largest);
        ck_assert(size.largest == 1 || widest * size.largest <= SHARE);
        ck_assert(size.largest == SL_FETCH_LARGEST || widest * size.largest * 2 > SHARE);
        for (int i = 0; i < 20; i++)
            sl_fetch_size_learn(&size, size.rows, size.rows, 1, 0);
        ck_assert_int_eq(size.rows, size.largest);
    }
}
END_TEST

START_TEST(the_first_is_never_more_than_the_largest)
{
    struct sl_fetch_size size;

    sl_fetch_size_init(&size, 8, 4, SHARE);
    ck_assert_int_eq(size.rows, 4);
}
END_TEST

START_TEST(whatever_comes_it_is_a_power_of_two_within_bounds_and_at_most_doubles)
{
    struct sl_fetch_size size = fresh();
    unsigned seed = 7;

    for (int i = 0; i < 200000; i++) {
        seed = seed * 1103515245U + 12345U;
        int asked = size.rows;
        int rows = (int)(seed >> 8) % (asked + 1);
        int64_t bytes = (int64_t)rows << ((seed >> 20) % 24);

        sl_fetch_size_learn(&size, asked, rows, bytes, (seed >> 4) % 400);
        if (!power_of_two(size.rows) || size.rows > size.largest || size.rows > 2 * asked)
            ck_abort_msg("%d rows after %d of %d with %lld bytes", size.rows, rows, asked,
                         (long long)bytes);
        if (rows > 0 && bytes > SHARE && size.rows > 1 && bytes / rows * size.rows > SHARE)
            ck_abort_msg("%d rows of %lld bytes pass the share", size.rows,
                         (long long)(bytes / rows));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fetch_size");
    TCase *tc = tcase_create("fetch_size");
    SRunner *sr = srunner_create(suite);

    tcase_add_test(tc, narrow_fast_rows_double_it_up_to_the_largest);
    tcase_add_test(tc, two_in_flight_double_it_once_not_twice);
    tcase_add_test(tc, between_half_a_share_and_a_share_it_stays);
    tcase_add_test(tc, a_slow_fetch_halves_it);
    tcase_add_test(tc, rows_that_turn_wide_cut_it_so_that_as_many_would_fit);
    tcase_add_test(tc, a_fetch_without_rows_teaches_nothing);
    tcase_add_test(tc, rows_of_a_known_width_never_exceed_the_share);
    tcase_add_test(tc, the_first_is_never_more_than_the_largest);
    tcase_add_test(tc, whatever_comes_it_is_a_power_of_two_within_bounds_and_at_most_doubles);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
