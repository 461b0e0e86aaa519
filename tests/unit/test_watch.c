#include <check.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/watch.h"

#define PROMPT_MS 1000

struct fixture {
    struct sl_watch watch; /* first: the calls get it */
    atomic_bool stop;
    int ticks;
    int fail_at_tick;
};

static struct fixture f;
static int ends[2];
static struct sl_error err;
static short revents;

static int check(struct sl_watch *watch, struct sl_error *e)
{
    if (atomic_load(&((struct fixture *)watch)->stop))
        return sl_error_set(e, SL_CANCELLED, "stopped");
    if (sl_clock_ms() >= watch->deadline_ms)
        return sl_error_set(e, SL_TIMEOUT, "late");
    return 0;
}

static int tick(struct sl_watch *watch, struct sl_error *e)
{
    struct fixture *of = (struct fixture *)watch;

    watch->tick_at = sl_clock_ms() + 20;
    if (++of->ticks == of->fail_at_tick)
        return sl_error_set(e, SL_OUTPUT_WRITE, "tick failed");
    return 0;
}

static void setup(void)
{
    memset(&f, 0, sizeof f);
    f.watch.check = check;
    f.watch.source_fd = -1;
    f.watch.deadline_ms = INT64_MAX;
    f.watch.wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    ck_assert_int_ge(f.watch.wake_fd, 0);
    ck_assert_int_eq(pipe(ends), 0);
    revents = 77;
}

static void teardown(void)
{
    close(f.watch.wake_fd);
    close(ends[0]);
    close(ends[1]);
}

START_TEST(a_descriptor_that_is_ready_ends_the_wait)
{
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    ck_assert_int_eq(sl_watch_wait(&f.watch, ends[0], POLLIN, -1, &revents, &err), 0);
    ck_assert_int_eq(revents, POLLIN);
}
END_TEST

START_TEST(a_timeout_ends_the_wait_with_nothing)
{
    int64_t began = sl_clock_ms();

    ck_assert_int_eq(sl_watch_wait(&f.watch, ends[0], POLLIN, 30, &revents, &err), 0);
    ck_assert_int_eq(revents, 0);
    ck_assert_int_ge(sl_clock_ms() - began, 29);
    ck_assert_int_eq(sl_watch_wait(&f.watch, -1, 0, 0, &revents, &err), 0);
    ck_assert_int_eq(revents, 0);
}
END_TEST

START_TEST(a_wake_up_ends_the_wait_once)
{
    sl_wake(f.watch.wake_fd);
    sl_wake(f.watch.wake_fd);
    ck_assert_int_eq(sl_watch_wait(&f.watch, -1, 0, -1, &revents, &err), 0);
    ck_assert_int_eq(revents, 0);
    int64_t began = sl_clock_ms();
    ck_assert_int_eq(sl_watch_wait(&f.watch, -1, 0, 30, &revents, &err), 0);
    ck_assert_int_ge(sl_clock_ms() - began, 29);
}
END_TEST

START_TEST(a_wake_up_does_not_hide_the_descriptor)
{
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    sl_wake(f.watch.wake_fd);
    ck_assert_int_eq(sl_watch_wait(&f.watch, ends[0], POLLIN, -1, &revents, &err), 0);
    ck_assert_int_eq(revents, POLLIN);
}
END_TEST

static void *stop_soon(void *arg)
{
    (void)arg;
    usleep(20000);
    atomic_store(&f.stop, true);
    sl_wake(f.watch.wake_fd);
    return NULL;
}

START_TEST(an_abort_from_another_thread_ends_the_wait_at_once)
{
    pthread_t thread;
    int64_t began = sl_clock_ms();

    ck_assert_int_eq(pthread_create(&thread, NULL, stop_soon, NULL), 0);
    ck_assert_int_eq(sl_watch_wait(&f.watch, ends[0], POLLIN, -1, &revents, &err), -1);
    ck_assert_int_eq(err.kind, SL_CANCELLED);
    ck_assert_int_lt(sl_clock_ms() - began, PROMPT_MS);
    pthread_join(thread, NULL);
    /* And before any wait, though the descriptor is ready. */
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    ck_assert_int_eq(sl_watch_wait(&f.watch, ends[0], POLLIN, -1, &revents, &err), -1);
    ck_assert_int_eq(revents, 0);
}
END_TEST

START_TEST(the_deadline_ends_a_wait_that_has_no_other_limit)
{
    int64_t began = sl_clock_ms();

    f.watch.deadline_ms = began + 30;
    ck_assert_int_eq(sl_watch_wait(&f.watch, ends[0], POLLIN, -1, &revents, &err), -1);
    ck_assert_int_eq(err.kind, SL_TIMEOUT);
    ck_assert_int_ge(sl_clock_ms() - began, 30);
    ck_assert_int_lt(sl_clock_ms() - began, PROMPT_MS);
}
END_TEST

START_TEST(ticks_come_while_waiting_and_set_the_next)
{
    f.watch.tick = tick;
    f.watch.tick_at = sl_clock_ms() + 20;
    f.watch.deadline_ms = sl_clock_ms() + 150;
    while (sl_watch_wait(&f.watch, -1, 0, -1, &revents, &err) == 0)
        ;
    ck_assert_int_eq(err.kind, SL_TIMEOUT);
    ck_assert_int_ge(f.ticks, 2);
    ck_assert_int_le(f.ticks, 7);
}
END_TEST

START_TEST(a_tick_that_is_due_comes_also_when_the_descriptor_is_always_ready)
{
    f.watch.tick = tick;
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    ck_assert_int_eq(sl_watch_wait(&f.watch, ends[0], POLLIN, -1, &revents, &err), 0);
    ck_assert_int_eq(f.ticks, 1);
    ck_assert_int_eq(revents, POLLIN);
}
END_TEST

START_TEST(a_tick_that_fails_stops_the_work)
{
    f.watch.tick = tick;
    f.fail_at_tick = 1;
    ck_assert_int_eq(sl_watch_wait(&f.watch, -1, 0, -1, &revents, &err), -1);
    ck_assert_int_eq(err.kind, SL_OUTPUT_WRITE);
}
END_TEST

START_TEST(a_full_counter_is_no_reason_to_block)
{
    uint64_t most = UINT64_MAX - 1;

    ck_assert_int_eq(write(f.watch.wake_fd, &most, sizeof most), sizeof most);
    sl_wake(f.watch.wake_fd);
    sl_wake_clear(f.watch.wake_fd);
    sl_wake_clear(f.watch.wake_fd); /* empty: returns, too */
    ck_assert_int_eq(sl_watch_wait(&f.watch, -1, 0, 0, &revents, &err), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("watch");
    TCase *tc = tcase_create("watch");
    SRunner *sr = srunner_create(suite);

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_descriptor_that_is_ready_ends_the_wait);
    tcase_add_test(tc, a_timeout_ends_the_wait_with_nothing);
    tcase_add_test(tc, a_wake_up_ends_the_wait_once);
    tcase_add_test(tc, a_wake_up_does_not_hide_the_descriptor);
    tcase_add_test(tc, an_abort_from_another_thread_ends_the_wait_at_once);
    tcase_add_test(tc, the_deadline_ends_a_wait_that_has_no_other_limit);
    tcase_add_test(tc, ticks_come_while_waiting_and_set_the_next);
    tcase_add_test(tc, a_tick_that_is_due_comes_also_when_the_descriptor_is_always_ready);
    tcase_add_test(tc, a_tick_that_fails_stops_the_work);
    tcase_add_test(tc, a_full_counter_is_no_reason_to_block);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
