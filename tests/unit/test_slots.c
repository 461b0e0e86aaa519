/* Slots without a database: who waits, in which order, and that none is ever lost. */
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/limits.h"
#include "pg/internal.h"
#include "pg/slots.h"

#define PROMPT_MS 1000
#define LONG_MS 10000

/* One who wants a slot, in a thread of its own. watch comes first: check() gets it. */
struct caller {
    struct sl_watch watch;
    atomic_bool stop;
    atomic_bool waits; /* its first look at the watch: it stands in the queue */
    struct sl_slots *slots;
    int client_fd;
    pthread_t thread;
    int rc;
    struct sl_error err;
    int turn;         /* order in which it got the slot, from 0 */
    atomic_int *next; /* the turn to give */
};

static int check(struct sl_watch *watch, struct sl_error *err)
{
    struct caller *caller = (struct caller *)watch;

    atomic_store(&caller->waits, true);
    return atomic_load(&caller->stop) ? sl_error_set(err, SL_CANCELLED, "stopped") : 0;
}

static void init(struct caller *caller, struct sl_slots *slots, atomic_int *next)
{
    memset(caller, 0, sizeof *caller);
    caller->watch.check = check;
    caller->watch.source_fd = -1;
    caller->watch.deadline_ms = INT64_MAX;
    caller->watch.wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    ck_assert_int_ge(caller->watch.wake_fd, 0);
    caller->slots = slots;
    caller->client_fd = -1;
    caller->next = next;
    caller->turn = -1;
}

static void fini(struct caller *caller)
{
    close(caller->watch.wake_fd);
}

/* Takes a slot, notes its turn, gives it back. */
static void *visit(void *arg)
{
    struct caller *caller = arg;

    caller->rc = sl_slots_acquire(caller->slots, &caller->watch, caller->client_fd, &caller->err);
    if (caller->rc == 0) {
        caller->turn = atomic_fetch_add(caller->next, 1);
        sl_slots_release(caller->slots);
    }
    return NULL;
}

/* Starts a caller and returns when it stands in the queue. */
static void queue_up(struct caller *caller)
{
    int64_t until = sl_clock_ms() + PROMPT_MS;

    ck_assert_int_eq(pthread_create(&caller->thread, NULL, visit, caller), 0);
    while (!atomic_load(&caller->waits) && sl_clock_ms() < until)
        usleep(100);
    ck_assert(atomic_load(&caller->waits));
}

static void stop(struct caller *caller)
{
    atomic_store(&caller->stop, true);
    sl_wake(caller->watch.wake_fd);
}

static void take(struct sl_slots *slots, int n)
{
    struct caller caller;

    init(&caller, slots, NULL);
    for (int i = 0; i < n; i++)
        ck_assert_int_eq(sl_slots_acquire(slots, &caller.watch, -1, &caller.err), 0);
    ck_assert(!atomic_load(&caller.waits));
    fini(&caller);
}

static void give(struct sl_slots *slots, int n)
{
    for (int i = 0; i < n; i++)
        sl_slots_release(slots);
}

/* Exactly n are free: n can be had without waiting, one more cannot. */
static void exactly_free(struct sl_slots *slots, int n)
{
    struct caller caller;

    take(slots, n);
    init(&caller, slots, NULL);
    atomic_store(&caller.stop, true); /* willing to take one, not to wait */
    ck_assert_int_eq(sl_slots_acquire(slots, &caller.watch, -1, &caller.err), -1);
    fini(&caller);
    give(slots, n);
}

START_TEST(as_many_as_max_have_a_slot_without_waiting)
{
    for (int max = 1; max <= 5; max++) {
        struct sl_slots *slots = sl_slots_new(max, 3, LONG_MS);

        exactly_free(slots, max);
        exactly_free(slots, max);
        sl_slots_free(slots);
    }
}
END_TEST

#define CALLERS 8

START_TEST(slots_are_given_in_order_of_arrival)
{
    struct sl_slots *slots = sl_slots_new(1, CALLERS, LONG_MS);
    struct caller callers[CALLERS];
    atomic_int next = 0;

    take(slots, 1);
    for (int i = 0; i < CALLERS; i++) {
        init(&callers[i], slots, &next);
        queue_up(&callers[i]);
    }
    give(slots, 1);
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(callers[i].thread, NULL);
        ck_assert_int_eq(callers[i].rc, 0);
        ck_assert_int_eq(callers[i].turn, i);
        fini(&callers[i]);
    }
    exactly_free(slots, 1);
    sl_slots_free(slots);
}
END_TEST

START_TEST(whoever_leaves_the_queue_leaves_the_order_of_the_others)
{
    /* Every set of four callers that leave, then one more comes. */
    for (int leaving = 0; leaving < 16; leaving++) {
        struct sl_slots *slots = sl_slots_new(1, 4, LONG_MS);
        struct caller callers[5];
        atomic_int next = 0;
        int turn = 0;

        take(slots, 1);
        for (int i = 0; i < 4; i++) {
            init(&callers[i], slots, &next);
            queue_up(&callers[i]);
        }
        for (int i = 0; i < 4; i++) {
            if ((leaving >> i & 1) == 0)
                continue;
            stop(&callers[i]);
            pthread_join(callers[i].thread, NULL);
            ck_assert_int_eq(callers[i].rc, -1);
            ck_assert_int_eq(callers[i].err.kind, SL_CANCELLED);
        }
        init(&callers[4], slots, &next);
        if (leaving != 0)
            queue_up(&callers[4]);
        give(slots, 1);
        for (int i = 0; i < 5; i++) {
            bool came = i == 4 ? leaving != 0 : (leaving >> i & 1) == 0;

            if (came) {
                pthread_join(callers[i].thread, NULL);
                ck_assert_int_eq(callers[i].turn, turn++);
            }
            fini(&callers[i]);
        }
        exactly_free(slots, 1);
        sl_slots_free(slots);
    }
}
END_TEST

START_TEST(a_full_queue_is_busy_at_once)
{
    for (int length = 0; length <= 3; length++) {
        struct sl_slots *slots = sl_slots_new(2, length, LONG_MS);
        struct caller callers[3];
        struct caller late;
        atomic_int next = 0;

        take(slots, 2);
        for (int i = 0; i < length; i++) {
            init(&callers[i], slots, &next);
            queue_up(&callers[i]);
        }
        init(&late, slots, &next);
        ck_assert_int_eq(sl_slots_acquire(slots, &late.watch, -1, &late.err), -1);
        ck_assert_int_eq(late.err.kind, SL_BUSY);
        ck_assert(!atomic_load(&late.waits));
        fini(&late);
        give(slots, 2);
        for (int i = 0; i < length; i++) {
            pthread_join(callers[i].thread, NULL);
            ck_assert_int_eq(callers[i].rc, 0);
            fini(&callers[i]);
        }
        exactly_free(slots, 2);
        sl_slots_free(slots);
    }
}
END_TEST

START_TEST(after_queue_timeout_it_is_busy_and_the_place_in_the_queue_is_free)
{
    struct sl_slots *slots = sl_slots_new(1, 1, 50);
    struct caller caller;

    take(slots, 1);
    init(&caller, slots, NULL);
    for (int i = 0; i < 2; i++) {
        int64_t began = sl_clock_ms();

        ck_assert_int_eq(sl_slots_acquire(slots, &caller.watch, -1, &caller.err), -1);
        ck_assert_int_eq(caller.err.kind, SL_BUSY);
        ck_assert_ptr_nonnull(strstr(caller.err.message, "queue_timeout"));
        ck_assert_int_ge(sl_clock_ms() - began, 50);
        ck_assert_int_lt(sl_clock_ms() - began, 50 + PROMPT_MS);
    }
    /* Wake-ups for nothing do not start the time anew. */
    int64_t began = sl_clock_ms();
    sl_wake(caller.watch.wake_fd);
    ck_assert_int_eq(sl_slots_acquire(slots, &caller.watch, -1, &caller.err), -1);
    ck_assert_int_lt(sl_clock_ms() - began, 50 + PROMPT_MS);
    fini(&caller);
    give(slots, 1);
    exactly_free(slots, 1);
    sl_slots_free(slots);
}
END_TEST

/* how: 0 closes, 1 only its sending side. */
static void leave(int how)
{
    struct sl_slots *slots = sl_slots_new(1, 1, LONG_MS);
    struct caller caller;
    atomic_int next = 0;
    int ends[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    take(slots, 1);
    init(&caller, slots, &next);
    caller.client_fd = ends[0];
    /* Bytes that the client sent ahead are no reason to give up. */
    ck_assert_int_eq(write(ends[1], "GET", 3), 3);
    queue_up(&caller);
    usleep(20000);
    int64_t began = sl_clock_ms();
    if (how == 0)
        close(ends[1]);
    else
        shutdown(ends[1], SHUT_WR);
    pthread_join(caller.thread, NULL);
    ck_assert_int_lt(sl_clock_ms() - began, PROMPT_MS);
    ck_assert_int_eq(caller.rc, -1);
    ck_assert_int_eq(caller.err.kind, SL_CANCELLED);
    fini(&caller);
    close(ends[0]);
    if (how != 0)
        close(ends[1]);
    give(slots, 1);
    exactly_free(slots, 1);
    sl_slots_free(slots);
}

START_TEST(a_client_that_leaves_ends_the_wait_at_once)
{
    leave(0);
    leave(1);
}
END_TEST

START_TEST(an_abort_ends_the_wait_at_once)
{
    struct sl_slots *slots = sl_slots_new(1, 1, LONG_MS);
    struct caller caller;
    atomic_int next = 0;

    take(slots, 1);
    init(&caller, slots, &next);
    queue_up(&caller);
    usleep(20000);
    int64_t began = sl_clock_ms();
    stop(&caller);
    pthread_join(caller.thread, NULL);
    ck_assert_int_lt(sl_clock_ms() - began, PROMPT_MS);
    ck_assert_int_eq(caller.rc, -1);
    ck_assert_str_eq(caller.err.message, "stopped");
    fini(&caller);
    give(slots, 1);
    exactly_free(slots, 1);
    sl_slots_free(slots);
}
END_TEST

START_TEST(a_slot_given_to_one_who_gives_up_at_that_moment_is_not_lost)
{
    struct sl_slots *slots = sl_slots_new(1, 2, LONG_MS);

    for (int i = 0; i < 300; i++) {
        struct caller first;
        struct caller second;
        atomic_int next = 0;

        take(slots, 1);
        init(&first, slots, &next);
        init(&second, slots, &next);
        queue_up(&first);
        queue_up(&second);
        if (i % 3 == 0)
            usleep((useconds_t)(i % 7) * 10);
        if (i % 2 == 0) {
            stop(&first);
            give(slots, 1);
        } else {
            give(slots, 1);
            stop(&first);
        }
        pthread_join(first.thread, NULL);
        pthread_join(second.thread, NULL);
        ck_assert_int_eq(second.rc, 0);
        fini(&first);
        fini(&second);
    }
    exactly_free(slots, 1);
    sl_slots_free(slots);
}
END_TEST

#define CROWD 6
#define CROWD_MAX 2

static atomic_int inside;
static atomic_int most_inside;

/* Comes again and again, often giving up: queue_timeout is shorter than a visit. */
static void *come_and_go(void *arg)
{
    struct caller *caller = arg;

    for (int i = 0; i < 150; i++) {
        if (sl_slots_acquire(caller->slots, &caller->watch, -1, &caller->err) < 0) {
            caller->rc += caller->err.kind != SL_BUSY;
            continue;
        }
        int now = atomic_fetch_add(&inside, 1) + 1;
        int most = atomic_load(&most_inside);

        while (now > most && !atomic_compare_exchange_weak(&most_inside, &most, now))
            ;
        if (i % 4 != 0)
            usleep((useconds_t)(i % 5) * 400);
        atomic_fetch_sub(&inside, 1);
        sl_slots_release(caller->slots);
    }
    return NULL;
}

START_TEST(a_crowd_never_has_more_than_max_and_leaves_all_behind)
{
    struct sl_slots *slots = sl_slots_new(CROWD_MAX, 3, 1);
    struct caller callers[CROWD];

    for (int i = 0; i < CROWD; i++) {
        init(&callers[i], slots, NULL);
        ck_assert_int_eq(pthread_create(&callers[i].thread, NULL, come_and_go, &callers[i]), 0);
    }
    for (int i = 0; i < CROWD; i++) {
        pthread_join(callers[i].thread, NULL);
        ck_assert_int_eq(callers[i].rc, 0);
        fini(&callers[i]);
    }
    ck_assert_int_eq(atomic_load(&most_inside), CROWD_MAX);
    exactly_free(slots, CROWD_MAX);
    sl_slots_free(slots);
}
END_TEST

START_TEST(a_connection_that_may_not_be_reused_is_not_kept)
{
    struct sl_slots *slots = sl_slots_new(2, 0, 0);
    struct sl_session *session = calloc(1, sizeof *session); /* no connection: a bad one */

    ck_assert_ptr_null(sl_slots_take(slots, ""));
    take(slots, 1);
    ck_assert(!sl_session_reusable(session));
    sl_slots_keep(slots, session);
    ck_assert_ptr_null(sl_slots_take(slots, ""));
    ck_assert(sl_slots_sweep(slots) != INT64_MAX);
    give(slots, 1);
    sl_slots_free(slots);
}
END_TEST

START_TEST(with_no_slot_taken_and_nothing_idle_there_is_nothing_to_sweep)
{
    struct sl_slots *slots = sl_slots_new(2, 0, 0);
    struct sl_slots_counts counts;

    ck_assert(sl_slots_sweep(slots) == INT64_MAX);
    take(slots, 1);
    sl_slots_counts(slots, &counts);
    ck_assert_int_eq(counts.running, 1);
    ck_assert_int_eq(counts.waiting, 0);
    /* Its holder may leave a connection behind. */
    int64_t before = sl_clock_ms();
    int64_t next = sl_slots_sweep(slots);
    ck_assert(next > before && next <= sl_clock_ms() + SL_IDLE_KEEP_MS);
    give(slots, 1);
    ck_assert(sl_slots_sweep(slots) == INT64_MAX);
    sl_slots_free(slots);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("slots");
    TCase *tc = tcase_create("slots");
    SRunner *sr = srunner_create(suite);

    tcase_set_timeout(tc, 20);
    tcase_add_test(tc, as_many_as_max_have_a_slot_without_waiting);
    tcase_add_test(tc, slots_are_given_in_order_of_arrival);
    tcase_add_test(tc, whoever_leaves_the_queue_leaves_the_order_of_the_others);
    tcase_add_test(tc, a_full_queue_is_busy_at_once);
    tcase_add_test(tc, after_queue_timeout_it_is_busy_and_the_place_in_the_queue_is_free);
    tcase_add_test(tc, a_client_that_leaves_ends_the_wait_at_once);
    tcase_add_test(tc, an_abort_ends_the_wait_at_once);
    tcase_add_test(tc, a_slot_given_to_one_who_gives_up_at_that_moment_is_not_lost);
    tcase_add_test(tc, a_crowd_never_has_more_than_max_and_leaves_all_behind);
    tcase_add_test(tc, a_connection_that_may_not_be_reused_is_not_kept);
    tcase_add_test(tc, with_no_slot_taken_and_nothing_idle_there_is_nothing_to_sweep);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
