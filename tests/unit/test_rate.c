#include <check.h>
#include <stdbool.h>
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
    ck_assert_ptr_null(sl_rate_look(&rate, 0, 0));
    ck_assert_ptr_null(sl_rate_look(&rate, 1000000, 5));
    sl_rate_stop(&rate, 5000, 0);
    ck_assert_ptr_null(sl_rate_look(&rate, 1000000, 0));
}
END_TEST

START_TEST(nothing_that_moves_for_stall_timeout_is_a_stall)
{
    sl_rate_start(&rate, 50000, 100000);
    ck_assert_ptr_null(sl_rate_look(&rate, 50000, 0));
    ck_assert_ptr_null(sl_rate_look(&rate, 50999, 0));
    ck_assert_str_eq(sl_rate_look(&rate, 51000, 0), "stall_timeout");
}
END_TEST

START_TEST(a_queue_that_moves_is_no_stall)
{
    int64_t now = 0;

    sl_rate_start(&rate, now, 100000);
    for (int64_t queue = 30000; queue > 0; queue -= 1000, now += 999)
        ck_assert_ptr_null(sl_rate_look(&rate, now, queue));
    now -= 999; /* it moved last at this time */
    ck_assert_ptr_null(sl_rate_look(&rate, now + 999, 1000));
    ck_assert_str_eq(sl_rate_look(&rate, now + 1000, 1000), "stall_timeout");
}
END_TEST

START_TEST(a_new_hand_over_is_no_stall)
{
    sl_rate_start(&rate, 0, 100000);
    ck_assert_ptr_null(sl_rate_look(&rate, 900, 7));
    sl_rate_stop(&rate, 1800, 9);
    sl_rate_start(&rate, 1800, 100000);
    ck_assert_ptr_null(sl_rate_look(&rate, 2799, 9));
    ck_assert_str_eq(sl_rate_look(&rate, 2800, 9), "stall_timeout");
}
END_TEST

START_TEST(the_clock_stands_while_the_query_is_slow)
{
    int64_t now = 0;

    /* 1 byte a minute, each taken in 1 ms: an hour on the wall, 60 ms on the clock. */
    for (int i = 0; i < 60; i++) {
        sl_rate_start(&rate, now, 1);
        sl_rate_stop(&rate, now + 1, 1);
        now += 60000;
        ck_assert_ptr_null(sl_rate_look(&rate, now, i % 2));
    }
}
END_TEST

START_TEST(fewer_bytes_than_min_rate_over_a_whole_window_are_too_few)
{
    int64_t now = 0;

    /* A window is a second and, for the longest pause, 100 ms. */
    for (int i = 0; i < 11; i++, now += 100) {
        sl_rate_start(&rate, now, 90);
        ck_assert_ptr_null(sl_rate_look(&rate, now + 99, 0));
        sl_rate_stop(&rate, now + 100, 0);
    }
    ck_assert_str_eq(sl_rate_look(&rate, now, 0), "min_rate"); /* 990 in 1000 ms */
    /* Seen by whoever looks later, too, however much it took meanwhile. */
    for (int i = 0; i < 20; i++, now += 100) {
        sl_rate_start(&rate, now, 1000000);
        ck_assert_str_eq(sl_rate_look(&rate, now + 99, i), "min_rate");
        sl_rate_stop(&rate, now + 100, i);
    }
    ck_assert_str_eq(sl_rate_look(&rate, now + 60000, 0), "min_rate");
}
END_TEST

START_TEST(exactly_min_rate_is_enough_for_ever)
{
    int64_t now = 0;

    for (int i = 0; i < 1000; i++, now += 100) {
        sl_rate_start(&rate, now, 100);
        ck_assert_ptr_null(sl_rate_look(&rate, now, 0));
        sl_rate_stop(&rate, now + 100, 0);
        ck_assert_ptr_null(sl_rate_look(&rate, now + 100, 0));
    }
}
END_TEST

START_TEST(a_fast_window_is_no_credit_for_the_next)
{
    sl_rate_start(&rate, 0, 1000000000);
    sl_rate_stop(&rate, 1000, 0);
    sl_rate_start(&rate, 1000, 1);
    sl_rate_stop(&rate, 2000, 0); /* this window is over and was kept */
    for (int64_t now = 2000; now < 3500; now += 500) {
        ck_assert_ptr_null(sl_rate_look(&rate, now, 0));
        sl_rate_start(&rate, now, 10);
        sl_rate_stop(&rate, now + 500, 0);
    }
    ck_assert_str_eq(sl_rate_look(&rate, 3500, 0), "min_rate");
}
END_TEST

/* A window that begins at 2000 with a queue of 90000. */
static void start_window(void)
{
    sl_rate_start(&rate, 0, 100000);
    ck_assert_ptr_null(sl_rate_look(&rate, 1000, 95000));
    sl_rate_stop(&rate, 2000, 90000);
}

START_TEST(a_slow_client_is_noticed_inside_a_hand_over)
{
    start_window();
    sl_rate_start(&rate, 2000, 200);
    ck_assert_ptr_null(sl_rate_look(&rate, 2500, 89900));
    ck_assert_ptr_null(sl_rate_look(&rate, 3000, 89500));
    ck_assert_ptr_null(sl_rate_look(&rate, 3499, 89400));
    ck_assert_str_eq(sl_rate_look(&rate, 3600, 89200), "min_rate"); /* 200 + 800 in 1100 ms */
}
END_TEST

START_TEST(what_the_queue_lost_counts_as_taken)
{
    start_window();
    sl_rate_start(&rate, 2000, 200);
    ck_assert_ptr_null(sl_rate_look(&rate, 2500, 89900));
    ck_assert_ptr_null(sl_rate_look(&rate, 3000, 89500));
    ck_assert_ptr_null(sl_rate_look(&rate, 3600, 89200)); /* 200 + 800 in 1000 ms */
    ck_assert_ptr_null(sl_rate_look(&rate, 3900, 88900)); /* 200 + 1100 in 1300 ms */
    ck_assert_str_eq(sl_rate_look(&rate, 4002, 88900), "min_rate");
}
END_TEST

START_TEST(a_queue_that_grew_is_not_held_against_the_client)
{
    sl_rate_start(&rate, 0, 1000);
    sl_rate_stop(&rate, 1000, 0);
    sl_rate_start(&rate, 1000, 1000);
    sl_rate_stop(&rate, 2000, 5000); /* a Unix socket's queue has more than the bytes in it */
    sl_rate_start(&rate, 2000, 1000);
    sl_rate_stop(&rate, 3000, 9000);
    ck_assert_ptr_null(sl_rate_look(&rate, 3000, 9000));
}
END_TEST

START_TEST(the_longest_pause_does_not_count)
{
    start_window();
    sl_rate_start(&rate, 2000, 200);
    for (int64_t now = 2100; now <= 3000; now += 100)
        ck_assert_ptr_null(sl_rate_look(&rate, now, 90000 - (now - 2200)));
    /* 1000 in 1000 ms; then nothing for 999 ms, and a step that takes its time. */
    ck_assert_ptr_null(sl_rate_look(&rate, 3999, 89200));
    ck_assert_ptr_null(sl_rate_look(&rate, 3999, 89199));
    ck_assert_ptr_null(sl_rate_look(&rate, 4099, 89099));
    /* A second pause does. */
    ck_assert_str_eq(sl_rate_look(&rate, 4200, 89099), "min_rate");
}
END_TEST

START_TEST(with_min_rate_zero_only_stalls_count)
{
    sl_rate_init(&rate, STALL, 0);
    for (int64_t now = 0; now < 100000; now += 999) {
        sl_rate_start(&rate, now, 1);
        ck_assert_ptr_null(sl_rate_look(&rate, now + 998, 0));
        sl_rate_stop(&rate, now + 999, 0);
    }
    sl_rate_start(&rate, 200000, 1);
    ck_assert_str_eq(sl_rate_look(&rate, 201000, 0), "stall_timeout");
}
END_TEST

START_TEST(large_numbers_do_not_overflow)
{
    const int64_t half_a_day = 43200000;
    int64_t now = 0;

    /* Two windows, each a day and the longest pause. */
    sl_rate_init(&rate, 2 * half_a_day, 1000000000);
    for (int i = 1; i <= 6; i++) {
        sl_rate_start(&rate, now, INT64_C(28800000000000) - (i > 3));
        now += half_a_day;
        ck_assert_ptr_null(sl_rate_look(&rate, now - 1, 0));
        sl_rate_stop(&rate, now, 0);
    }
    ck_assert_str_eq(sl_rate_look(&rate, now, 0), "min_rate");
}
END_TEST

/* A transfer: chunks go through a kernel's buffer to a client that reads at an even pace. */
struct transfer {
    int64_t stall_ms, min_rate;
    int64_t pace;   /* bytes a second that the client reads */
    int64_t chunk;  /* handed over at once */
    int64_t buffer; /* the kernel's; it takes more once half of it is free */
    int64_t step;   /* the client's window opens by so many bytes at once */
    int64_t stops;  /* when it reads no more, 0: never */
};

/* Runs it for so long, the reaper looking every 100 ms. The verdict, or NULL; *when it came. */
static const char *transfer(struct transfer t, int64_t for_ms, int64_t *when)
{
    int64_t in_user = 0, queue = 0, acknowledged = 0;
    bool full = false;

    sl_rate_init(&rate, t.stall_ms, t.min_rate);
    for (int64_t now = 0; now < for_ms; now += 10) {
        int64_t reading = t.stops > 0 && now > t.stops ? t.stops : now;
        int64_t due = reading * t.pace / 1000 / t.step * t.step - acknowledged;
        if (due > queue)
            due = queue;
        queue -= due;
        acknowledged += due;
        if (queue <= t.buffer / 2)
            full = false;
        while (!full) {
            int64_t n = in_user < t.buffer - queue ? in_user : t.buffer - queue;
            queue += n;
            in_user -= n;
            full = queue == t.buffer;
            if (in_user > 0)
                break;
            sl_rate_stop(&rate, now, queue);
            sl_rate_start(&rate, now, t.chunk);
            in_user = t.chunk;
        }
        *when = now;
        if (now % 100 == 50 && sl_rate_look(&rate, now, queue) != NULL)
            return sl_rate_look(&rate, now, queue);
    }
    return NULL;
}

/* The default limits; short ones where a chunk takes five windows; steps of every size. */
static const struct transfer transfers[] = {
    {60000, 16000, 0, 131072, 262144, 1460, 0},     {60000, 16000, 0, 131072, 262144, 65536, 0},
    {60000, 16000, 0, 131072, 2000000, 4096, 0},    {60000, 16000, 0, 32768, 65536, 375000, 0},
    {1000, 25000, 0, 131072, 262144, 1000, 0},      {1000, 25000, 0, 131072, 50000, 16384, 0},
    {2000, 10000000, 0, 131072, 4000000, 65536, 0},
};

#define TRANSFERS (int)(sizeof(transfers) / sizeof(transfers[0]))

START_TEST(a_client_at_min_rate_is_left_alone_for_hours)
{
    struct transfer t = transfers[_i];
    int64_t when;

    /* A look comes up to 100 ms late. */
    t.pace = t.min_rate + t.min_rate * 100 / t.stall_ms;
    const char *verdict = transfer(t, 200 * t.stall_ms, &when);
    ck_assert_msg(verdict == NULL, "%d: %s after %d ms", _i, verdict, (int)when);
}
END_TEST

START_TEST(a_client_at_two_thirds_of_min_rate_is_ended)
{
    struct transfer t = transfers[_i];
    int64_t when, ahead = t.chunk + t.buffer;

    t.pace = t.min_rate * 2 / 3;
    /* What was handed ahead of it takes time to become visible as too little. */
    int64_t latest = 3 * t.stall_ms + (3 * ahead + t.step) * 1000 / t.pace;
    const char *verdict = transfer(t, latest, &when);
    ck_assert_msg(verdict != NULL, "%d: none in %d ms", _i, (int)latest);
    ck_assert_str_eq(verdict, "min_rate");
}
END_TEST

START_TEST(a_client_that_stops_is_ended_after_stall_timeout)
{
    struct transfer t = transfers[_i];
    int64_t when;

    t.pace = t.min_rate * 3;
    t.stops = 5 * t.stall_ms + 17;
    const char *verdict = transfer(t, t.stops + t.stall_ms + 1000, &when);
    ck_assert_msg(verdict != NULL, "%d: none", _i);
    ck_assert_str_eq(verdict, "stall_timeout");
    ck_assert_int_gt(when, t.stops);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rate");
    TCase *tc = tcase_create("rate");
    SRunner *sr = srunner_create(suite);

    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, a_clock_that_never_started_blames_nobody);
    tcase_add_test(tc, nothing_that_moves_for_stall_timeout_is_a_stall);
    tcase_add_test(tc, a_queue_that_moves_is_no_stall);
    tcase_add_test(tc, a_new_hand_over_is_no_stall);
    tcase_add_test(tc, the_clock_stands_while_the_query_is_slow);
    tcase_add_test(tc, fewer_bytes_than_min_rate_over_a_whole_window_are_too_few);
    tcase_add_test(tc, exactly_min_rate_is_enough_for_ever);
    tcase_add_test(tc, a_fast_window_is_no_credit_for_the_next);
    tcase_add_test(tc, a_slow_client_is_noticed_inside_a_hand_over);
    tcase_add_test(tc, what_the_queue_lost_counts_as_taken);
    tcase_add_test(tc, a_queue_that_grew_is_not_held_against_the_client);
    tcase_add_test(tc, the_longest_pause_does_not_count);
    tcase_add_test(tc, with_min_rate_zero_only_stalls_count);
    tcase_add_test(tc, large_numbers_do_not_overflow);
    tcase_add_loop_test(tc, a_client_at_min_rate_is_left_alone_for_hours, 0, TRANSFERS);
    tcase_add_loop_test(tc, a_client_at_two_thirds_of_min_rate_is_ended, 0, TRANSFERS);
    tcase_add_loop_test(tc, a_client_that_stops_is_ended_after_stall_timeout, 0, TRANSFERS);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
