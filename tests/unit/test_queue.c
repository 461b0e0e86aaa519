/* The queue between two threads: nothing lost, nothing shown too early, nobody left waiting. */
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
#include "sink/queue.h"

#define PROMPT_MS 1000 /* far more than a wake-up takes, far less than the test's own limit */

/* Both sides of one queue. watch comes first: check() gets it. */
struct pair {
    struct sl_watch watch;
    atomic_bool stop;
    struct sl_queue *queue;
    struct sl_sink *sink;
    int consumer_fd;
    size_t blocks;
    size_t block_size;
    size_t total;
    uint32_t seed;
    atomic_size_t written;
    int rc;
    struct sl_error err;
};

static int check(struct sl_watch *watch, struct sl_error *err)
{
    struct pair *pair = (struct pair *)watch;

    return atomic_load(&pair->stop) ? sl_error_set(err, SL_CANCELLED, "stopped") : 0;
}

static void open_pair(struct pair *pair, size_t blocks, size_t block_size)
{
    memset(pair, 0, sizeof *pair);
    pair->watch.check = check;
    pair->watch.source_fd = -1;
    pair->watch.deadline_ms = INT64_MAX;
    pair->watch.wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    pair->consumer_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    pair->blocks = blocks;
    pair->block_size = block_size;
    pair->seed = (uint32_t)(blocks * 100 + block_size);
    pair->queue = sl_queue_new(blocks, block_size, &pair->watch, pair->consumer_fd);
    ck_assert_ptr_nonnull(pair->queue);
    pair->sink = sl_queue_sink(pair->queue);
}

static void close_pair(struct pair *pair)
{
    sl_queue_free(pair->queue);
    close(pair->watch.wake_fd);
    close(pair->consumer_fd);
}

static uint32_t below(uint32_t *seed, uint32_t n)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed % n;
}

/* The output that every test writes. */
static char byte_at(size_t i)
{
    return (char)((i * 2654435761U) >> 13);
}

static int put(struct pair *pair, size_t n)
{
    char *data;
    size_t size;
    size_t from = atomic_load(&pair->written);

    if (sl_sink_buffer(pair->sink, &data, &size, &pair->err) < 0)
        return -1;
    if (n > size)
        n = size;
    for (size_t i = 0; i < n; i++)
        data[i] = byte_at(from + i);
    atomic_store(&pair->written, from + n);
    return sl_sink_write(pair->sink, n, &pair->err);
}

/* Writes in blocks filled by chance, then ends. */
static void *produce(void *arg)
{
    struct pair *pair = arg;

    while (atomic_load(&pair->written) < pair->total) {
        size_t left = pair->total - atomic_load(&pair->written);
        size_t n = 1 + below(&pair->seed, (uint32_t)pair->block_size);

        pair->rc = put(pair, n < left ? n : left);
        if (pair->rc < 0)
            return NULL;
    }
    pair->rc = sl_sink_end(pair->sink, &pair->err);
    return NULL;
}

/* Writes whole blocks until it is stopped. */
static void *produce_for_ever(void *arg)
{
    struct pair *pair = arg;

    while ((pair->rc = put(pair, pair->block_size)) == 0)
        ;
    return NULL;
}

static void start(struct pair *pair, pthread_t *thread, void *(*main)(void *))
{
    ck_assert_int_eq(pthread_create(thread, NULL, main, pair), 0);
}

static void wait_readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    if (poll(&p, 1, PROMPT_MS) != 1)
        ck_abort_msg("nobody was woken");
    sl_wake_clear(fd);
}

static void check_bytes(const char *bytes, size_t from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != byte_at(from + i))
            ck_abort_msg("byte %zu is wrong", from + i);
}

static size_t drain(struct pair *pair, size_t from, enum sl_queue_state *state)
{
    char bytes[64];
    size_t all = 0;
    size_t n;

    while ((n = sl_queue_read(pair->queue, bytes, sizeof bytes, state)) > 0) {
        check_bytes(bytes, from + all, n);
        all += n;
    }
    return all;
}

/* ---- two threads */

static void transfer(size_t blocks, size_t block_size, size_t total)
{
    struct pair pair;
    pthread_t thread;
    enum sl_queue_state state = SL_QUEUE_OPEN;
    uint32_t seed = 99;
    char bytes[40];
    size_t got = 0;

    open_pair(&pair, blocks, block_size);
    pair.total = total;
    start(&pair, &thread, produce);
    for (;;) {
        size_t n = sl_queue_read(pair.queue, bytes, 1 + below(&seed, sizeof bytes), &state);

        check_bytes(bytes, got, n);
        got += n;
        if (n > 0 && state != SL_QUEUE_ENDED && got == total)
            ck_abort_msg("the last byte came before the end");
        if (sl_sink_memory(sl_queue_sink(pair.queue)) > blocks * block_size)
            ck_abort_msg("more memory than %zu blocks of %zu", blocks, block_size);
        if (n == 0 && state != SL_QUEUE_OPEN)
            break;
        if (n == 0)
            wait_readable(pair.consumer_fd);
    }
    pthread_join(thread, NULL);
    ck_assert_int_eq(state, SL_QUEUE_ENDED);
    ck_assert_int_eq(pair.rc, 0);
    ck_assert_uint_eq(got, total);
    ck_assert_int_eq(sl_queue_last_byte(pair.queue), '\n');
    close_pair(&pair);
}

START_TEST(every_byte_arrives_in_order_whatever_the_blocks)
{
    for (size_t blocks = 2; blocks <= 4; blocks++)
        for (size_t size = 1; size <= 17; size++)
            transfer(blocks, size, 700 + size);
}
END_TEST

START_TEST(every_total_arrives_whole)
{
    for (size_t total = 0; total <= 40; total++)
        transfer(2 + total % 3, 5, total);
}
END_TEST

START_TEST(a_full_queue_blocks_and_a_block_that_is_read_wakes_the_producer)
{
    struct pair pair;
    pthread_t thread;
    enum sl_queue_state state;
    char bytes[8];
    size_t got = 0;

    open_pair(&pair, 3, 8);
    start(&pair, &thread, produce_for_ever);
    for (size_t round = 0; round < 20; round++) {
        size_t full = 8 * (3 + round);
        int64_t until = sl_clock_ms() + PROMPT_MS;

        while (atomic_load(&pair.written) < full && sl_clock_ms() < until)
            usleep(200);
        usleep(1000);
        ck_assert_uint_eq(atomic_load(&pair.written), full);
        got += sl_queue_read(pair.queue, bytes, 7, &state);
        usleep(1000);
        ck_assert_uint_eq(atomic_load(&pair.written), full); /* a block in part is no room */
        got += sl_queue_read(pair.queue, bytes, 8, &state);
        ck_assert_uint_eq(got, 8 * (round + 1));
    }
    atomic_store(&pair.stop, true);
    sl_wake(pair.watch.wake_fd);
    pthread_join(thread, NULL);
    ck_assert_uint_eq(sl_sink_memory(sl_queue_sink(pair.queue)), 24);
    close_pair(&pair);
}
END_TEST

START_TEST(an_abort_frees_a_producer_that_waits_for_room_at_once)
{
    struct pair pair;
    pthread_t thread;

    open_pair(&pair, 2, 4);
    start(&pair, &thread, produce_for_ever);
    while (atomic_load(&pair.written) < 8)
        usleep(200);
    usleep(10000);
    int64_t began = sl_clock_ms();
    atomic_store(&pair.stop, true);
    sl_wake(pair.watch.wake_fd);
    pthread_join(thread, NULL);
    ck_assert_int_lt(sl_clock_ms() - began, PROMPT_MS);
    ck_assert_int_eq(pair.rc, -1);
    ck_assert_int_eq(pair.err.kind, SL_CANCELLED);
    ck_assert_uint_eq(atomic_load(&pair.written), 8);
    close_pair(&pair);
}
END_TEST

static void *abort_soon(void *arg)
{
    struct pair *pair = arg;

    usleep(20000);
    sl_sink_abort(pair->sink);
    return NULL;
}

START_TEST(a_producer_that_gives_up_wakes_the_consumer_at_once)
{
    struct pair pair;
    pthread_t thread;
    enum sl_queue_state state;
    char byte;

    open_pair(&pair, 2, 4);
    ck_assert_int_eq(put(&pair, 1), 0);
    wait_readable(pair.consumer_fd);
    start(&pair, &thread, abort_soon);
    ck_assert_uint_eq(sl_queue_read(pair.queue, &byte, 1, &state), 0);
    ck_assert_int_eq(state, SL_QUEUE_OPEN);
    wait_readable(pair.consumer_fd);
    ck_assert_uint_eq(sl_queue_read(pair.queue, &byte, 1, &state), 0);
    ck_assert_int_eq(state, SL_QUEUE_ABORTED);
    pthread_join(thread, NULL);
    close_pair(&pair);
}
END_TEST

START_TEST(aborts_at_any_moment_end_both_sides)
{
    for (unsigned i = 0; i < 150; i++) {
        struct pair pair;
        pthread_t thread;
        enum sl_queue_state state;
        size_t got = 0;

        open_pair(&pair, 2 + i % 3, 1 + i % 17);
        start(&pair, &thread, produce_for_ever);
        for (unsigned k = 0; k < i; k++)
            got += drain(&pair, got, &state);
        atomic_store(&pair.stop, true);
        sl_wake(pair.watch.wake_fd);
        got += drain(&pair, got, &state);
        pthread_join(thread, NULL);
        sl_sink_abort(pair.sink);
        ck_assert_uint_eq(drain(&pair, got, &state), 0);
        ck_assert_int_eq(state, SL_QUEUE_ABORTED);
        ck_assert_int_eq(pair.rc, -1);
        close_pair(&pair);
    }
}
END_TEST

/* ---- one thread */

START_TEST(the_last_byte_is_held_back_until_the_end)
{
    for (size_t total = 1; total <= 12; total++) {
        struct pair pair;
        enum sl_queue_state state;
        size_t got = 0;

        open_pair(&pair, 4, 4);
        while (atomic_load(&pair.written) < total) {
            size_t left = total - atomic_load(&pair.written);

            ck_assert_int_eq(put(&pair, left < 3 ? left : 3), 0);
            got += drain(&pair, got, &state);
            ck_assert_int_eq(state, SL_QUEUE_OPEN);
            ck_assert_uint_eq(got, atomic_load(&pair.written) - 1);
            ck_assert_int_eq(sl_queue_last_byte(pair.queue), byte_at(got));
        }
        ck_assert_int_eq(sl_sink_end(pair.sink, &pair.err), 0);
        ck_assert_uint_eq(drain(&pair, got, &state), 1);
        ck_assert_int_eq(state, SL_QUEUE_ENDED);
        ck_assert_int_eq(sl_queue_last_byte(pair.queue), '\n');
        close_pair(&pair);
    }
}
END_TEST

START_TEST(after_an_abort_there_is_always_a_byte_to_break_a_chunk_with)
{
    for (size_t total = 0; total <= 9; total++) {
        for (size_t taken = 0; taken <= total; taken++) {
            struct pair pair;
            enum sl_queue_state state;
            char bytes[16];
            size_t got = 0;

            open_pair(&pair, 3, 3);
            while (atomic_load(&pair.written) < total)
                ck_assert_int_eq(put(&pair, total - atomic_load(&pair.written)), 0);
            for (size_t n = 1; got < taken && n > 0; got += n)
                n = sl_queue_read(pair.queue, bytes, taken - got, &state);
            sl_sink_abort(pair.sink);
            ck_assert_uint_eq(sl_queue_read(pair.queue, bytes, sizeof bytes, &state), 0);
            ck_assert_int_eq(state, SL_QUEUE_ABORTED);
            ck_assert_int_eq(sl_queue_last_byte(pair.queue), total == 0 ? '\n' : byte_at(got));
            close_pair(&pair);
        }
    }
}
END_TEST

START_TEST(an_empty_output_ends_without_a_byte)
{
    struct pair pair;
    enum sl_queue_state state;
    char byte;

    open_pair(&pair, 2, 4);
    ck_assert_uint_eq(sl_queue_read(pair.queue, &byte, 1, &state), 0);
    ck_assert_int_eq(state, SL_QUEUE_OPEN);
    ck_assert_int_eq(sl_sink_end(pair.sink, &pair.err), 0);
    wait_readable(pair.consumer_fd);
    ck_assert_uint_eq(sl_queue_read(pair.queue, &byte, 1, &state), 0);
    ck_assert_int_eq(state, SL_QUEUE_ENDED);
    close_pair(&pair);
}
END_TEST

START_TEST(room_is_what_whole_blocks_are_free)
{
    struct pair pair;
    enum sl_queue_state state;
    struct pollfd woken;
    char bytes[16];

    open_pair(&pair, 4, 10);
    woken = (struct pollfd){.fd = pair.watch.wake_fd, .events = POLLIN};
    ck_assert_uint_eq(sl_sink_room(pair.sink), 40);
    ck_assert_int_eq(put(&pair, 10), 0);
    ck_assert_uint_eq(sl_sink_room(pair.sink), 30);
    ck_assert_int_eq(put(&pair, 1), 0); /* published early: takes a block all the same */
    ck_assert_uint_eq(sl_sink_room(pair.sink), 20);
    ck_assert_uint_eq(sl_queue_read(pair.queue, bytes, 9, &state), 9);
    ck_assert_uint_eq(sl_sink_room(pair.sink), 20);
    ck_assert_int_eq(poll(&woken, 1, 0), 0);
    /* Who has asked for room is told when there is more. */
    ck_assert_uint_eq(sl_queue_read(pair.queue, bytes, 9, &state), 1);
    ck_assert_int_eq(poll(&woken, 1, 0), 1);
    ck_assert_uint_eq(sl_sink_room(pair.sink), 30);
    close_pair(&pair);
}
END_TEST

START_TEST(who_asked_for_room_is_told_of_more_also_when_it_wrote_in_between)
{
    struct pair pair;
    enum sl_queue_state state;
    struct pollfd woken;
    char bytes[16];

    open_pair(&pair, 4, 10);
    woken = (struct pollfd){.fd = pair.watch.wake_fd, .events = POLLIN};
    ck_assert_int_eq(put(&pair, 10), 0);
    ck_assert_uint_eq(sl_sink_room(pair.sink), 30);
    ck_assert_int_eq(put(&pair, 10), 0); /* found a block at once */
    ck_assert_uint_eq(sl_queue_read(pair.queue, bytes, 10, &state), 10);
    ck_assert_int_eq(poll(&woken, 1, 0), 1);
    close_pair(&pair);
}
END_TEST

START_TEST(a_window_that_was_not_written_is_handed_out_again)
{
    struct pair pair;
    char *first;
    char *again;
    size_t size;

    open_pair(&pair, 2, 10);
    ck_assert_int_eq(sl_sink_buffer(pair.sink, &first, &size, &pair.err), 0);
    ck_assert_uint_eq(size, 10);
    ck_assert_int_eq(sl_sink_buffer(pair.sink, &again, &size, &pair.err), 0);
    ck_assert_ptr_eq(first, again);
    ck_assert_uint_eq(sl_sink_memory(sl_queue_sink(pair.queue)), 10);
    close_pair(&pair);
}
END_TEST

START_TEST(blocks_are_allocated_when_first_needed_and_then_reused)
{
    struct pair pair;
    enum sl_queue_state state;
    size_t got = 0;

    open_pair(&pair, 4, 1000);
    ck_assert_uint_eq(sl_sink_memory(sl_queue_sink(pair.queue)), 0);
    for (size_t i = 1; i <= 4; i++) {
        ck_assert_int_eq(put(&pair, 1000), 0);
        ck_assert_uint_eq(sl_sink_memory(sl_queue_sink(pair.queue)), 1000 * i);
    }
    for (int i = 0; i < 20; i++) {
        got += drain(&pair, got, &state);
        ck_assert_int_eq(put(&pair, 1000), 0);
        ck_assert_uint_eq(sl_sink_memory(sl_queue_sink(pair.queue)), 4000);
    }
    close_pair(&pair);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("queue");
    TCase *tc = tcase_create("queue");
    SRunner *sr = srunner_create(suite);

    tcase_set_timeout(tc, 20);
    tcase_add_test(tc, every_byte_arrives_in_order_whatever_the_blocks);
    tcase_add_test(tc, every_total_arrives_whole);
    tcase_add_test(tc, a_full_queue_blocks_and_a_block_that_is_read_wakes_the_producer);
    tcase_add_test(tc, an_abort_frees_a_producer_that_waits_for_room_at_once);
    tcase_add_test(tc, a_producer_that_gives_up_wakes_the_consumer_at_once);
    tcase_add_test(tc, aborts_at_any_moment_end_both_sides);
    tcase_add_test(tc, the_last_byte_is_held_back_until_the_end);
    tcase_add_test(tc, after_an_abort_there_is_always_a_byte_to_break_a_chunk_with);
    tcase_add_test(tc, an_empty_output_ends_without_a_byte);
    tcase_add_test(tc, room_is_what_whole_blocks_are_free);
    tcase_add_test(tc, who_asked_for_room_is_told_of_more_also_when_it_wrote_in_between);
    tcase_add_test(tc, a_window_that_was_not_written_is_handed_out_again);
    tcase_add_test(tc, blocks_are_allocated_when_first_needed_and_then_reused);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
