#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "cmd/progress.h"

static char text[256];

static void shows(struct sl_progress progress, const char *line)
{
    progress.name = "orders";
    size_t len = sl_progress_line(&progress, 200, text, sizeof text);
    ck_assert_str_eq(text, line);
    ck_assert_uint_eq(len, strlen(text));
}

START_TEST(with_an_estimate_there_is_a_bar_and_the_time_left)
{
    shows(
        (struct sl_progress){
            .rows = 250, .bytes = 2560, .estimated_rows = 1000, .ms = 15000, .rows_ms = 10000},
        "orders 25% [#####               ] 250 rows, 2.5 kB, 256 B/s, 0:30 left");
    shows((struct sl_progress){.rows = 1234567,
                               .bytes = (int64_t)300 << 20,
                               .estimated_rows = 1234568,
                               .ms = 100000,
                               .rows_ms = 100000},
          "orders 99% [################### ] 1,234,567 rows, 300 MB, 3.0 MB/s, 0:00 left");
    shows(
        (struct sl_progress){
            .rows = 1, .bytes = 10, .estimated_rows = 3601, .ms = 1000, .rows_ms = 1000},
        "orders  0% [                    ] 1 rows, 10 B, 10 B/s, 1:00:00 left");
}
END_TEST

START_TEST(without_one_there_is_the_time_that_passed)
{
    shows((struct sl_progress){.rows = 5000,
                               .bytes = (int64_t)5 << 30,
                               .estimated_rows = -1,
                               .ms = 3723000,
                               .rows_ms = 1000},
          "orders 5,000 rows, 5.0 GB, 5.0 GB/s, 1:02:03");
    /* The planner was wrong. */
    shows(
        (struct sl_progress){
            .rows = 1000, .bytes = 1000, .estimated_rows = 1000, .ms = 2000, .rows_ms = 1000},
        "orders 1,000 rows, 1000 B, 1000 B/s, 0:02");
}
END_TEST

START_TEST(before_the_first_row_there_is_no_rate_to_go_by)
{
    shows((struct sl_progress){.estimated_rows = 100, .ms = 61000},
          "orders  0% [                    ] 0 rows, 0 B, 0 B/s, 1:01");
    shows(
        (struct sl_progress){
            .rows = 50, .bytes = 500, .estimated_rows = 100, .ms = 1100, .rows_ms = 100},
        "orders 50% [##########          ] 50 rows, 500 B, 0 B/s, 0:01");
    shows((struct sl_progress){.estimated_rows = -1}, "orders 0 rows, 0 B, 0 B/s, 0:00");
}
END_TEST

START_TEST(the_line_keeps_to_the_width_and_to_its_memory)
{
    const struct sl_progress progress = {.name = "orders",
                                         .rows = INT64_MAX,
                                         .bytes = INT64_MAX,
                                         .estimated_rows = -1,
                                         .ms = INT64_MAX,
                                         .rows_ms = INT64_MAX};

    ck_assert_uint_eq(sl_progress_line(&progress, 10, text, sizeof text), 10);
    ck_assert_str_eq(text, "orders 9,2");
    ck_assert_uint_eq(sl_progress_line(&progress, 200, text, 12), 11);
    ck_assert_str_eq(text, "orders 9,22");
    ck_assert_uint_gt(sl_progress_line(&progress, 200, text, sizeof text), 40);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("progress");
    TCase *tc = tcase_create("progress");
    SRunner *sr = srunner_create(suite);

    tcase_add_test(tc, with_an_estimate_there_is_a_bar_and_the_time_left);
    tcase_add_test(tc, without_one_there_is_the_time_that_passed);
    tcase_add_test(tc, before_the_first_row_there_is_no_rate_to_go_by);
    tcase_add_test(tc, the_line_keeps_to_the_width_and_to_its_memory);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
