/* Runs and receipts, with real runs that never meet a database. */
#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "export/internal.h"

static struct sl_setup *files;
static struct sl_service *service;
static struct sl_registry *registry;
static char export_name[] = "orders";
static struct sl_export export = {.name = export_name};
static struct sl_error err;

static void setup(void)
{
    sl_log_setup(SL_LOG_ERROR, false);
    struct sl_config *config;
    ck_assert_int_eq(sl_config_parse("test", "", 0, false, &config, &err), 0);
    files = sl_setup_new(config, calloc(1, sizeof(struct sl_catalog)));
    ck_assert_ptr_nonnull(files);
    service = sl_service_new(sl_setup_ref(files));
    ck_assert_ptr_nonnull(service);
    registry = service->registry;
}

static void teardown(void)
{
    sl_service_free(service);
    sl_setup_release(files);
}

static const char *id_of(char id[SL_RUN_ID_TEXT], unsigned n)
{
    snprintf(id, SL_RUN_ID_TEXT, "00000000-0000-4000-8000-%012x", n);
    return id;
}

/* id "": one is made. NULL and err when it is refused. */
static struct sl_run *new_run(const char *id, const char *owner)
{
    struct sl_query query = {
        .export = &export,
        .timezone = strdup(""),
        .filename = strdup(""),
        .run_id = strdup(id),
    };
    const struct sl_run_as as = {.owner = owner, .peer = "unit test"};
    struct sl_run *run = NULL;

    if (sl_run_new(service, files, &query, &as, &run, &err) < 0)
        return NULL;
    return run;
}

START_TEST(foreign_sql_never_runs_as_the_login_of_the_exports)
{
    const char *const none[] = {NULL, ""};

    for (size_t i = 0; i < 2; i++) {
        struct sl_query query = {.export = &export};
        const struct sl_run_as as = {
            .owner = "ticket", .peer = "unit test", .foreign = true, .dsn = none[i]};
        struct sl_run *run = NULL;

        ck_assert_int_eq(sl_run_new(service, files, &query, &as, &run, &err), -1);
        ck_assert_int_eq(err.kind, SL_CONFIG);
    }
}
END_TEST

/* A run that was at the database: it leaves a receipt. */
static void finished_run(const char *id, const char *owner)
{
    struct sl_run *run = new_run(id, owner);

    ck_assert_msg(run != NULL, "%s: %s", id, err.message);
    run->begun = true;
    sl_run_abort(run, SL_CANCELLED, "test");
    sl_run_release(run);
}

static bool known(const char *id)
{
    struct sl_receipt receipt;
    bool found = sl_registry_receipt(registry, id, &receipt);

    if (found)
        ck_assert_str_eq(receipt.id, id);
    return found;
}

START_TEST(a_run_is_known_while_it_lives_and_forgotten_when_it_never_began)
{
    struct sl_receipt receipt;
    struct sl_run *run = new_run("", "anonymous");

    ck_assert_ptr_nonnull(run);
    char id[SL_RUN_ID_TEXT];
    strcpy(id, sl_run_id(run));
    ck_assert_uint_eq(strlen(id), 36);
    ck_assert(id[14] == '4' && strchr("89ab", id[19]) != NULL); /* UUID, version 4 */
    ck_assert(sl_registry_receipt(registry, id, &receipt));
    ck_assert_int_eq(receipt.state, SL_RUN_QUEUED);
    ck_assert_str_eq(receipt.export, "orders");
    ck_assert_str_eq(receipt.owner, "anonymous");
    ck_assert_int_eq(receipt.estimated_rows, -1);
    sl_run_release(run);
    ck_assert(!known(id));
    ck_assert_ptr_null(sl_registry_find(registry, id));
}
END_TEST

START_TEST(a_run_that_began_leaves_its_receipt)
{
    struct sl_receipt receipt;
    char id[SL_RUN_ID_TEXT];
    struct sl_run *run = new_run(id_of(id, 1), "token:a");

    ck_assert_ptr_nonnull(run);
    run->begun = true;
    atomic_store(&run->rows, 7);
    sl_run_abort(run, SL_TIMEOUT, "first reason");
    sl_run_abort(run, SL_CANCELLED, "second reason");
    sl_run_release(run);
    ck_assert(sl_registry_receipt(registry, id, &receipt));
    ck_assert_int_eq(receipt.state, SL_RUN_FAILED);
    ck_assert_int_eq(receipt.kind, SL_TIMEOUT);
    ck_assert_str_eq(receipt.detail, "first reason");
    ck_assert_int_eq(receipt.rows, 7);
    ck_assert_str_ne(receipt.finished_at, "");
    ck_assert_ptr_null(sl_registry_find(registry, id));
    struct sl_receipt cancelled;
    ck_assert(!sl_service_cancel(service, id, "too late", &cancelled));
}
END_TEST

START_TEST(an_id_in_use_or_remembered_is_a_conflict)
{
    char id[SL_RUN_ID_TEXT];
    struct sl_run *run = new_run(id_of(id, 1), "token:a");

    ck_assert_ptr_nonnull(run);
    ck_assert_ptr_null(new_run(id, "token:a"));
    ck_assert_int_eq(err.kind, SL_CONFLICT);
    ck_assert_ptr_null(new_run(id, "token:b"));
    ck_assert_int_eq(err.kind, SL_CONFLICT);
    ck_assert(known(id)); /* the refused ones took nothing away */
    sl_run_release(run);
    finished_run(id, "token:a");
    ck_assert_ptr_null(new_run(id, "token:a"));
    ck_assert_int_eq(err.kind, SL_CONFLICT);
}
END_TEST

START_TEST(the_last_thousand_receipts_are_kept)
{
    char id[SL_RUN_ID_TEXT];

    for (unsigned i = 0; i < SL_RECEIPTS; i++)
        finished_run(id_of(id, i), "anonymous");
    ck_assert(known(id_of(id, 0)));
    for (unsigned i = 0; i < 5; i++) {
        finished_run(id_of(id, SL_RECEIPTS + i), "anonymous");
        ck_assert(!known(id_of(id, i)));
        ck_assert(known(id_of(id, i + 1)));
        ck_assert(known(id_of(id, SL_RECEIPTS + i)));
    }
    /* A forgotten id may be used again. */
    finished_run(id_of(id, 0), "anonymous");
    ck_assert(known(id));
}
END_TEST

START_TEST(twenty_of_each_caller_outlive_the_flood_of_another)
{
    char id[SL_RUN_ID_TEXT];

    for (unsigned i = 0; i < 25; i++)
        finished_run(id_of(id, i), "token:quiet");
    for (unsigned i = 1000; i < 1000 + SL_RECEIPTS + 100; i++)
        finished_run(id_of(id, i), "token:loud");
    for (unsigned i = 0; i < 25; i++)
        ck_assert_int_eq(known(id_of(id, i)), i >= 5);
    /* The loud one has the rest, and the newest of it. */
    ck_assert(known(id_of(id, 1000 + SL_RECEIPTS + 99)));
    ck_assert(known(id_of(id, 1000 + 100 + 20)));
    ck_assert(!known(id_of(id, 1000 + 100 + 19)));
}
END_TEST

START_TEST(many_callers_keep_twenty_each_and_the_registry_stays_quick)
{
    enum { CALLERS = 200, EACH = 25 };
    char id[SL_RUN_ID_TEXT];
    int64_t began = sl_clock_ms();

    for (unsigned i = 0; i < CALLERS * EACH; i++) {
        char owner[32];

        snprintf(owner, sizeof owner, "token:%u", i % CALLERS);
        finished_run(id_of(id, i), owner);
    }
    for (unsigned i = 0; i < CALLERS * EACH; i++)
        ck_assert_int_eq(known(id_of(id, i)), i >= CALLERS * (EACH - SL_RECEIPTS_PER_CALLER));
    if (getenv("SL_SANITIZED") == NULL)
        ck_assert_int_lt(sl_clock_ms() - began, 3000);
}
END_TEST

START_TEST(found_is_a_reference_that_keeps_the_run)
{
    char id[SL_RUN_ID_TEXT];
    struct sl_run *run = new_run(id_of(id, 1), "token:a");
    struct sl_run *found = sl_registry_find(registry, id);

    ck_assert_ptr_eq(run, found);
    sl_run_release(run);
    ck_assert(known(id));
    ck_assert_str_eq(sl_run_id(found), id);
    sl_run_release(found);
    ck_assert(!known(id));
}
END_TEST

START_TEST(a_cancel_by_id_reaches_the_run)
{
    struct sl_receipt receipt;
    char id[SL_RUN_ID_TEXT];
    struct sl_run *run = new_run(id_of(id, 1), "token:a");

    struct sl_receipt cancelled;
    ck_assert(sl_service_cancel(service, id, "cancelled by its caller", &cancelled));
    ck_assert_int_eq(cancelled.state, SL_RUN_CANCELLED);
    ck_assert(sl_run_aborted(run));
    sl_run_receipt(run, &receipt);
    ck_assert_int_eq(receipt.state, SL_RUN_CANCELLED);
    ck_assert_str_eq(receipt.detail, "cancelled by its caller");
    sl_run_release(run);
    ck_assert(!sl_service_cancel(service, "no-such-id", "x", &cancelled));
}
END_TEST

START_TEST(all_runs_are_aborted_at_once_and_drained_when_the_last_is_gone)
{
    struct sl_run *runs[5];
    int64_t began = sl_clock_ms();

    ck_assert(sl_registry_drained(registry, began)); /* none: at once */
    for (int i = 0; i < 5; i++)
        runs[i] = new_run("", "anonymous");
    sl_registry_abort_all(registry, "shutdown");
    ck_assert(!sl_registry_drained(registry, sl_clock_ms() + 50));
    ck_assert_int_ge(sl_clock_ms() - began, 50);
    for (int i = 0; i < 5; i++) {
        ck_assert(sl_run_aborted(runs[i]));
        ck_assert(!sl_registry_drained(registry, sl_clock_ms()));
        sl_run_release(runs[i]);
    }
    ck_assert(sl_registry_drained(registry, sl_clock_ms()));
}
END_TEST

static void *release_soon(void *arg)
{
    usleep(20000);
    sl_run_release(arg);
    return NULL;
}

START_TEST(draining_ends_as_soon_as_the_last_run_is_gone)
{
    pthread_t thread;
    int64_t began = sl_clock_ms();

    ck_assert_int_eq(pthread_create(&thread, NULL, release_soon, new_run("", "anonymous")), 0);
    ck_assert(sl_registry_drained(registry, began + 10000));
    ck_assert_int_lt(sl_clock_ms() - began, 2000);
    pthread_join(thread, NULL);
}
END_TEST

/* ---- threads */

static void *write_log(void *arg)
{
    sl_registry_log(arg);
    return NULL;
}

/* A pipe that takes not one line more; *read_end is where a reader would be. */
static int full_pipe(int *read_end)
{
    char page[4096] = "";
    int fds[2];

    ck_assert_int_eq(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
    while (write(fds[1], page, sizeof page) > 0)
        ;
    while (write(fds[1], page, 1) > 0)
        ;
    ck_assert_int_eq(fcntl(fds[1], F_SETFL, 0), 0);
    *read_end = fds[0];
    return fds[1];
}

/* Waits until a line has come behind what full_pipe() wrote. */
static void read_until_a_line(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    char page[4096];

    for (;;) {
        ck_assert_int_eq(poll(&p, 1, 10000), 1);
        ssize_t n = read(fd, page, sizeof page);
        ck_assert_int_gt(n, 0);
        if (page[n - 1] == '\n')
            return;
    }
}

START_TEST(a_log_that_nobody_reads_holds_up_nobody_else)
{
    struct sl_run *run = new_run("", "anonymous");
    int saved = dup(STDERR_FILENO);
    pthread_t thread;
    int reader;
    int writer = full_pipe(&reader);

    sl_log_setup(SL_LOG_INFO, false);
    ck_assert_int_ge(dup2(writer, STDERR_FILENO), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, write_log, registry), 0);
    /* It stands in its write by the end of these, and at some of them before. */
    for (int i = 0; i < 200; i++) {
        ck_assert(known(sl_run_id(run)));
        usleep(1000);
    }
    read_until_a_line(reader);
    pthread_join(thread, NULL);
    ck_assert_int_ge(dup2(saved, STDERR_FILENO), 0);
    close(saved);
    close(writer);
    close(reader);
    sl_run_release(run);
}
END_TEST

#define IDS 4
#define ROUNDS 400

static atomic_bool over;
static atomic_int failures;

/* Runs come and go under few ids, so that the others meet them at every moment of their lives. */
static void *live(void *arg)
{
    unsigned which = *(unsigned *)arg;
    char id[SL_RUN_ID_TEXT];

    for (unsigned i = 0; i < ROUNDS; i++) {
        struct sl_query query = {
            .export = &export,
            .timezone = strdup(""),
            .filename = strdup(""),
            .run_id = strdup(id_of(id, which)),
        };
        const struct sl_run_as as = {.owner = "anonymous", .peer = "unit test"};
        struct sl_run *run = NULL;
        struct sl_error e;

        /* A finder may hold the one before for a moment. */
        if (sl_run_new(service, files, &query, &as, &run, &e) < 0) {
            if (e.kind != SL_CONFLICT)
                atomic_fetch_add(&failures, 1);
            continue;
        }
        atomic_fetch_add(&run->rows, 1);
        if (i % 3 == 0)
            sl_run_abort(run, SL_CANCELLED, "done");
        sl_run_release(run);
    }
    return NULL;
}

static void *look(void *arg)
{
    char id[SL_RUN_ID_TEXT];

    (void)arg;
    for (unsigned i = 0; !atomic_load(&over); i++) {
        struct sl_receipt receipt;
        struct sl_run *run = sl_registry_find(registry, id_of(id, i % IDS));

        if (run != NULL) {
            if (strcmp(sl_run_id(run), id) != 0)
                atomic_fetch_add(&failures, 1);
            if (i % 5 == 0)
                sl_run_abort(run, SL_CANCELLED, "found");
            sl_run_release(run);
        }
        if (sl_registry_receipt(registry, id, &receipt) && strcmp(receipt.id, id) != 0)
            atomic_fetch_add(&failures, 1);
        if (i % 50 == 0)
            sl_registry_abort_all(registry, "all");
    }
    return NULL;
}

START_TEST(a_list_has_those_under_way_and_the_latest_that_ended)
{
    struct sl_runs runs;
    char id[SL_RUN_ID_TEXT];

    for (unsigned i = 1; i <= 7; i++)
        finished_run(id_of(id, i), "a");
    struct sl_run *run = new_run(id_of(id, 8), "token:bob");
    ck_assert_int_eq(sl_registry_list(registry, 3, 3, &runs), 0);
    ck_assert_uint_eq(runs.n_under_way, 1);
    ck_assert_uint_eq(runs.n_ended, 3);
    ck_assert_uint_eq(runs.remembered, 7);
    ck_assert_str_eq(runs.under_way[0].owner, "token:bob");
    ck_assert_str_eq(runs.under_way[0].peer, "unit test");
    for (unsigned i = 0; i < 3; i++)
        ck_assert_str_eq(runs.ended[i].id, id_of(id, 7 - i));
    free(runs.under_way);
    ck_assert_int_eq(sl_registry_list(registry, 100, 50, &runs), 0);
    ck_assert_uint_eq(runs.n_under_way, 1);
    ck_assert_uint_eq(runs.n_ended, 7);
    free(runs.under_way);
    sl_run_release(run);
}
END_TEST

START_TEST(of_more_under_way_than_there_is_room_for_the_oldest_are_listed)
{
    struct sl_runs list;
    struct sl_run *runs[5];

    for (int i = 0; i < 5; i++)
        runs[i] = new_run("", "a");
    ck_assert_int_eq(sl_registry_list(registry, 3, 1, &list), 0);
    ck_assert_uint_eq(list.n_under_way, 3);
    ck_assert_uint_eq(list.n_ended, 0);
    for (int i = 0; i < 3; i++)
        ck_assert_str_eq(list.under_way[i].id, sl_run_id(runs[2 - i]));
    free(list.under_way);
    for (int i = 0; i < 5; i++)
        sl_run_release(runs[i]);
}
END_TEST

START_TEST(a_list_tells_how_long_a_snapshot_is_held)
{
    struct sl_runs list;
    struct sl_run *runs[2];

    for (int i = 0; i < 2; i++)
        runs[i] = new_run("", "a");
    atomic_store(&runs[1]->held_since, sl_clock_ms() - 60000);
    runs[0]->created_ms -= 5000;
    ck_assert_int_eq(sl_registry_list(registry, 2, 1, &list), 0);
    ck_assert_int_ge(list.under_way[0].held_ms, 60000);
    ck_assert_int_eq(list.under_way[1].held_ms, -1);
    ck_assert_int_ge(list.under_way[1].total_ms, 5000);
    free(list.under_way);
    atomic_store(&runs[1]->held_since, 0);
    for (int i = 0; i < 2; i++)
        sl_run_release(runs[i]);
}
END_TEST

START_TEST(the_longest_snapshot_is_that_of_a_run_under_way)
{
    int64_t longest;
    struct sl_run *runs[3];

    ck_assert_int_eq(sl_registry_holders(registry, 1000, &longest), 0);
    ck_assert_int_eq(longest, 0);
    for (int i = 0; i < 3; i++)
        runs[i] = new_run("", "a");
    atomic_store(&runs[0]->held_since, 900);
    atomic_store(&runs[2]->held_since, 300);
    ck_assert_int_eq(sl_registry_holders(registry, 1000, &longest), 2);
    ck_assert_int_eq(longest, 700);
    for (int i = 0; i < 3; i++)
        sl_run_release(runs[i]);
    ck_assert_int_eq(sl_registry_holders(registry, 1000, &longest), 0);
}
END_TEST

START_TEST(a_run_is_counted_once_as_ended_or_as_refused)
{
    struct sl_stats_copy copy;
    char id[SL_RUN_ID_TEXT];

    finished_run(id_of(id, 1), "a");
    struct sl_run *run = new_run("", "a");
    ck_assert(sl_run_abort(run, SL_BUSY, "test"));
    sl_run_release(run);
    ck_assert_int_eq(sl_stats_copy(service->stats, &copy), 0);
    ck_assert_uint_eq(copy.n, 1);
    ck_assert_int_eq(copy.exports[0].ended[SL_RUN_CANCELLED], 1);
    ck_assert_int_eq(copy.exports[0].ended[SL_RUN_FAILED], 0);
    ck_assert_int_eq(copy.failed[SL_CANCELLED], 1);
    ck_assert_int_eq(copy.failed[SL_BUSY], 0);
    ck_assert_int_eq(copy.refused[SL_BUSY], 1);
    ck_assert_int_eq(copy.refused[SL_CANCELLED], 0);
    free(copy.exports);
}
END_TEST

START_TEST(finding_and_cancelling_meets_runs_at_every_moment_of_their_lives)
{
    unsigned which[IDS] = {0, 1, 2, 3};
    pthread_t lives[IDS];
    pthread_t looks[2];

    atomic_store(&over, false);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&looks[i], NULL, look, NULL), 0);
    for (int i = 0; i < IDS; i++)
        ck_assert_int_eq(pthread_create(&lives[i], NULL, live, &which[i]), 0);
    for (int i = 0; i < IDS; i++)
        pthread_join(lives[i], NULL);
    atomic_store(&over, true);
    for (int i = 0; i < 2; i++)
        pthread_join(looks[i], NULL);
    ck_assert_int_eq(atomic_load(&failures), 0);
    ck_assert(sl_registry_drained(registry, sl_clock_ms()));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("registry");
    TCase *tc = tcase_create("registry");
    SRunner *sr = srunner_create(suite);

    tcase_set_timeout(tc, 20);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_run_is_known_while_it_lives_and_forgotten_when_it_never_began);
    tcase_add_test(tc, foreign_sql_never_runs_as_the_login_of_the_exports);
    tcase_add_test(tc, a_run_that_began_leaves_its_receipt);
    tcase_add_test(tc, an_id_in_use_or_remembered_is_a_conflict);
    tcase_add_test(tc, the_last_thousand_receipts_are_kept);
    tcase_add_test(tc, twenty_of_each_caller_outlive_the_flood_of_another);
    tcase_add_test(tc, many_callers_keep_twenty_each_and_the_registry_stays_quick);
    tcase_add_test(tc, found_is_a_reference_that_keeps_the_run);
    tcase_add_test(tc, a_cancel_by_id_reaches_the_run);
    tcase_add_test(tc, all_runs_are_aborted_at_once_and_drained_when_the_last_is_gone);
    tcase_add_test(tc, draining_ends_as_soon_as_the_last_run_is_gone);
    tcase_add_test(tc, a_list_has_those_under_way_and_the_latest_that_ended);
    tcase_add_test(tc, of_more_under_way_than_there_is_room_for_the_oldest_are_listed);
    tcase_add_test(tc, a_list_tells_how_long_a_snapshot_is_held);
    tcase_add_test(tc, the_longest_snapshot_is_that_of_a_run_under_way);
    tcase_add_test(tc, a_run_is_counted_once_as_ended_or_as_refused);
    tcase_add_test(tc, a_log_that_nobody_reads_holds_up_nobody_else);
    tcase_add_test(tc, finding_and_cancelling_meets_runs_at_every_moment_of_their_lives);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
