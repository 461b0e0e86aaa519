/* The service's counters: what is counted where, and that nothing is lost between threads. */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "export/stats.h"

static struct sl_stats *stats;
static struct sl_stats_copy copy;

static void setup(void)
{
    stats = sl_stats_new();
    ck_assert_ptr_nonnull(stats);
    copy = (struct sl_stats_copy){0};
}

static void teardown(void)
{
    free(copy.exports);
    sl_stats_free(stats);
}

static void look(void)
{
    free(copy.exports);
    ck_assert_int_eq(sl_stats_copy(stats, &copy), 0);
}

static const struct sl_export_stats *of(const char *name)
{
    for (size_t i = 0; i < copy.n; i++)
        if (strcmp(copy.exports[i].name, name) == 0)
            return &copy.exports[i];
    ck_abort_msg("%s is not counted", name);
    return NULL;
}

static int64_t count_of(const struct sl_histogram *histogram)
{
    int64_t all = 0;

    for (size_t i = 0; i <= SL_BUCKETS_MAX; i++)
        all += histogram->count[i];
    return all;
}

START_TEST(a_fresh_service_has_counted_nothing_and_its_configuration_is_good)
{
    time_t now = time(NULL);

    look();
    ck_assert_uint_eq(copy.n, 0);
    ck_assert(copy.reload_ok);
    ck_assert_int_le(copy.reloaded_at, now);
    ck_assert_int_ge(copy.reloaded_at, now - 2);
    ck_assert_int_eq(copy.started_at, copy.reloaded_at);
    for (int i = 0; i < SL_KIND_COUNT; i++) {
        ck_assert_int_eq(copy.failed[i], 0);
        ck_assert_int_eq(copy.refused[i], 0);
    }
}
END_TEST

START_TEST(a_value_is_counted_in_the_first_bucket_that_holds_it)
{
    static const struct sl_buckets buckets = {3, {10, 100, 1000}};
    static const struct {
        int64_t value;
        int bucket;
    } cases[] = {{0, 0},   {10, 0},   {11, 1},   {100, 1},
                 {101, 2}, {1000, 2}, {1001, 3}, {INT32_MAX, 3}};
    int64_t sum = 0;
    struct sl_histogram histogram = {0};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t before = histogram.count[cases[i].bucket];

        sl_histogram_add(&histogram, &buckets, cases[i].value);
        sum += cases[i].value;
        ck_assert_int_eq(histogram.count[cases[i].bucket], before + 1);
        ck_assert_int_eq(count_of(&histogram), (int64_t)i + 1);
        ck_assert_int_eq(histogram.sum, sum);
    }
}
END_TEST

START_TEST(the_buckets_of_every_histogram_ascend)
{
    const struct sl_buckets *const all[] = {&sl_duration_buckets, &sl_ttfb_buckets,
                                            &sl_wait_buckets, &sl_memory_buckets};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        ck_assert_uint_gt(all[i]->n, 2);
        ck_assert_uint_le(all[i]->n, SL_BUCKETS_MAX);
        for (size_t j = 1; j < all[i]->n; j++)
            ck_assert_int_gt(all[i]->bound[j], all[i]->bound[j - 1]);
    }
}
END_TEST

START_TEST(a_run_is_counted_under_its_export_and_how_it_ended)
{
    struct sl_export_stats *orders = sl_stats_export(stats, "orders");
    struct sl_receipt receipt = {.state = SL_RUN_COMPLETE, .total_ms = 700, .peak_memory = 300000};

    sl_stats_export(stats, "users");
    sl_stats_began(stats, orders);
    sl_stats_first(stats, orders, 20);
    sl_stats_wrote(stats, orders, 10, 1000);
    sl_stats_wrote(stats, orders, 5, 500);
    sl_stats_sent(stats, orders, 1400);
    look();
    ck_assert_int_eq(of("orders")->running, 1);
    ck_assert_int_eq(of("orders")->ended[SL_RUN_COMPLETE], 0);
    sl_stats_ended(stats, orders, &receipt);
    sl_stats_began(stats, orders);
    receipt = (struct sl_receipt){.state = SL_RUN_FAILED, .kind = SL_DB_LOST, .total_ms = 5};
    sl_stats_over_memory(stats, orders);
    sl_stats_ended(stats, orders, &receipt);
    look();
    const struct sl_export_stats *got = of("orders");
    ck_assert_int_eq(got->running, 0);
    ck_assert_int_eq(got->ended[SL_RUN_COMPLETE], 1);
    ck_assert_int_eq(got->ended[SL_RUN_FAILED], 1);
    ck_assert_int_eq(got->ended[SL_RUN_CANCELLED], 0);
    ck_assert_int_eq(got->rows, 15);
    ck_assert_int_eq(got->bytes, 1500);
    ck_assert_int_eq(got->sent, 1400);
    ck_assert_int_eq(got->over_memory, 1);
    ck_assert_int_eq(count_of(&got->duration), 2);
    ck_assert_int_eq(got->duration.sum, 705);
    ck_assert_int_eq(count_of(&got->ttfb), 1);
    ck_assert_int_eq(got->memory.sum, 300000);
    ck_assert_int_eq(copy.failed[SL_DB_LOST], 1);
    ck_assert_int_eq(copy.failed[SL_NONE], 0);
    ck_assert_int_eq(of("users")->ended[SL_RUN_COMPLETE], 0);
}
END_TEST

START_TEST(what_belongs_to_no_export_is_counted_too)
{
    sl_stats_waited(stats, 3);
    sl_stats_waited(stats, 40000);
    sl_stats_refused(stats, SL_BUSY);
    sl_stats_refused(stats, SL_BUSY);
    sl_stats_left(stats);
    sl_stats_held(stats, 70);
    sl_stats_held(stats, 50);
    sl_stats_reloaded(stats, false);
    look();
    ck_assert_int_eq(count_of(&copy.wait), 2);
    ck_assert_int_eq(copy.wait.sum, 40003);
    ck_assert_int_eq(copy.refused[SL_BUSY], 2);
    ck_assert_int_eq(copy.left, 1);
    ck_assert_int_eq(copy.held_max_ms, 70);
    ck_assert(!copy.reload_ok);
    ck_assert(!sl_stats_reload_ok(stats));
    sl_stats_reloaded(stats, true);
    look();
    ck_assert(copy.reload_ok);
}
END_TEST

START_TEST(exports_are_found_again_and_listed_by_name)
{
    static const char *const names[] = {"m", "z", "a", "mm", "b"};
    struct sl_export_stats *made[5];

    for (int i = 0; i < 5; i++)
        made[i] = sl_stats_export(stats, names[i]);
    for (int i = 0; i < 5; i++)
        ck_assert_ptr_eq(sl_stats_export(stats, names[i]), made[i]);
    look();
    ck_assert_uint_eq(copy.n, 5);
    for (size_t i = 1; i < copy.n; i++)
        ck_assert_int_lt(strcmp(copy.exports[i - 1].name, copy.exports[i].name), 0);
}
END_TEST

START_TEST(beyond_the_maximum_exports_share_one_place)
{
    char name[16];

    for (int i = 0; i < SL_STATS_EXPORTS + 10; i++) {
        snprintf(name, sizeof name, "e%04d", i);
        sl_stats_wrote(stats, sl_stats_export(stats, name), 1, 1);
    }
    sl_stats_wrote(stats, sl_stats_export(stats, "e0003"), 1, 1);
    look();
    ck_assert_uint_eq(copy.n, SL_STATS_EXPORTS + 1);
    ck_assert_int_eq(of(SL_STATS_OTHER)->rows, 10);
    ck_assert_int_eq(of("e0003")->rows, 2);
}
END_TEST

#define THREADS 4
#define TIMES 20000

static void *count(void *arg)
{
    struct sl_receipt receipt = {.state = SL_RUN_CANCELLED, .kind = SL_CANCELLED, .total_ms = 1};

    for (int i = 0; i < TIMES; i++) {
        struct sl_export_stats *export = sl_stats_export(stats, i % 2 == 0 ? "even" : "odd");

        sl_stats_began(stats, export);
        sl_stats_wrote(stats, export, 1, 2);
        sl_stats_ended(stats, export, &receipt);
    }
    return arg;
}

START_TEST(nothing_is_lost_between_threads_and_a_copy_is_of_one_moment)
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, count, NULL), 0);
    for (int i = 0; i < 200; i++) {
        look();
        int64_t ended = 0;
        for (size_t j = 0; j < copy.n; j++)
            ended += copy.exports[j].ended[SL_RUN_CANCELLED];
        ck_assert_int_eq(ended, copy.failed[SL_CANCELLED]);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    look();
    ck_assert_int_eq(of("even")->rows + of("odd")->rows, THREADS * TIMES);
    ck_assert_int_eq(of("even")->bytes, THREADS * TIMES);
    ck_assert_int_eq(of("odd")->running, 0);
    ck_assert_int_eq(copy.failed[SL_CANCELLED], THREADS * TIMES);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stats");
    TCase *tc = tcase_create("stats");
    SRunner *sr = srunner_create(suite);

    tcase_set_timeout(tc, 20);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_fresh_service_has_counted_nothing_and_its_configuration_is_good);
    tcase_add_test(tc, a_value_is_counted_in_the_first_bucket_that_holds_it);
    tcase_add_test(tc, the_buckets_of_every_histogram_ascend);
    tcase_add_test(tc, a_run_is_counted_under_its_export_and_how_it_ended);
    tcase_add_test(tc, what_belongs_to_no_export_is_counted_too);
    tcase_add_test(tc, exports_are_found_again_and_listed_by_name);
    tcase_add_test(tc, beyond_the_maximum_exports_share_one_place);
    tcase_add_test(tc, nothing_is_lost_between_threads_and_a_copy_is_of_one_moment);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
