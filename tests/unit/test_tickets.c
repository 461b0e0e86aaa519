/* The store: each ticket once, never two at a time, and never more than there is room for. */
#include <check.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "access/tickets.h"
#include "base/clock.h"

#define RACERS 8

static struct sl_config config;
static struct sl_tickets *tickets;
static struct sl_error err;

static void setup(void)
{
    tickets = sl_tickets_new();
    ck_assert_ptr_nonnull(tickets);
}

static void teardown(void)
{
    sl_tickets_free(tickets);
}

static struct sl_ticket *make(int64_t expires_in)
{
    static const char json[] = "{\"sql\": \"SELECT 1\"}";
    struct sl_ticket *ticket;

    ck_assert_int_eq(sl_ticket_parse(&config, "", json, strlen(json), &ticket, &err), 0);
    ticket->expires_in = expires_in;
    return ticket;
}

static int add(size_t memory, char id[SL_TICKET_ID_TEXT])
{
    struct sl_ticket *ticket = make(60);

    ticket->memory = memory;
    return sl_tickets_add(tickets, ticket, id, &err);
}

static bool is_there(const char *id)
{
    struct sl_waiting *waiting = sl_tickets_find(tickets, id, &err);

    if (waiting == NULL) {
        ck_assert_int_eq(err.kind, SL_TICKET_GONE);
        return false;
    }
    sl_tickets_done(tickets, waiting);
    return true;
}

/* Finds and uses it. */
static bool take(const char *id)
{
    struct sl_waiting *waiting = sl_tickets_find(tickets, id, &err);

    if (waiting == NULL)
        return false;
    int result = sl_tickets_use(tickets, waiting, &err);
    sl_tickets_done(tickets, waiting);
    return result == 0;
}

START_TEST(a_ticket_is_found_until_it_is_used)
{
    char id[SL_TICKET_ID_TEXT];

    ck_assert_int_eq(add(1, id), 0);
    ck_assert(is_there(id));
    ck_assert(is_there(id));
    ck_assert(take(id));
    ck_assert(!is_there(id));
    ck_assert(!take(id));
}
END_TEST

START_TEST(ids_are_long_different_and_fit_a_url)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char first[SL_TICKET_ID_TEXT];
    char second[SL_TICKET_ID_TEXT];

    ck_assert_int_eq(add(1, first), 0);
    for (int i = 0; i < 200; i++) {
        ck_assert_int_eq(add(1, second), 0);
        ck_assert_uint_eq(strlen(second), 32);
        ck_assert_uint_eq(strspn(second, letters), 32);
        ck_assert_str_ne(first, second);
    }
}
END_TEST

START_TEST(used_expired_and_unknown_are_the_same)
{
    char id[SL_TICKET_ID_TEXT];
    char message[sizeof(err.message)];

    ck_assert_int_eq(add(1, id), 0);
    ck_assert(take(id));
    ck_assert(!is_there(id));
    memcpy(message, err.message, sizeof(message));
    ck_assert(!is_there("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
    ck_assert_str_eq(err.message, message);
    ck_assert(!is_there(""));
    ck_assert_str_eq(err.message, message);
    ck_assert_int_eq(sl_tickets_add(tickets, make(0), id, &err), 0);
    ck_assert(!is_there(id));
    ck_assert_str_eq(err.message, message);
}
END_TEST

START_TEST(a_part_of_an_id_finds_nothing)
{
    char id[SL_TICKET_ID_TEXT + 1] = "";

    ck_assert_int_eq(add(1, id), 0);
    id[31] = '\0';
    ck_assert(!is_there(id));
}
END_TEST

START_TEST(who_holds_a_ticket_that_expires_may_still_use_it)
{
    char id[SL_TICKET_ID_TEXT];

    ck_assert_int_eq(sl_tickets_add(tickets, make(1), id, &err), 0);
    struct sl_waiting *waiting = sl_tickets_find(tickets, id, &err);
    ck_assert_ptr_nonnull(waiting);
    int64_t late = sl_clock_ms() + 5000;
    while (is_there(id) && sl_clock_ms() < late)
        poll(NULL, 0, 5);
    ck_assert(!is_there(id));
    ck_assert_str_eq(sl_waiting_ticket(waiting)->sql, "SELECT 1");
    ck_assert_int_eq(sl_tickets_use(tickets, waiting, &err), 0);
    ck_assert_int_eq(sl_tickets_use(tickets, waiting, &err), -1);
    ck_assert_int_eq(err.kind, SL_TICKET_GONE);
    sl_tickets_done(tickets, waiting);
}
END_TEST

START_TEST(a_ticket_that_is_given_back_is_used_once_again)
{
    char id[SL_TICKET_ID_TEXT];
    char full[SL_TICKET_ID_TEXT];

    ck_assert_int_eq(add(1, id), 0);
    struct sl_waiting *waiting = sl_tickets_find(tickets, id, &err);
    ck_assert_int_eq(sl_tickets_use(tickets, waiting, &err), 0);
    ck_assert(!is_there(id));
    ck_assert_int_eq(add(SL_TICKETS_BYTES, full), 0);
    sl_tickets_give_back(tickets, waiting);
    sl_tickets_done(tickets, waiting);
    ck_assert_int_eq(add(1, full), -1);
    ck_assert_int_eq(err.kind, SL_BUSY);
    ck_assert(take(id));
    ck_assert(!take(id));
}
END_TEST

START_TEST(a_ticket_that_is_given_back_too_late_is_gone)
{
    char id[SL_TICKET_ID_TEXT];

    ck_assert_int_eq(sl_tickets_add(tickets, make(1), id, &err), 0);
    struct sl_waiting *waiting = sl_tickets_find(tickets, id, &err);
    ck_assert_int_eq(sl_tickets_use(tickets, waiting, &err), 0);
    poll(NULL, 0, 1010);
    sl_tickets_give_back(tickets, waiting);
    ck_assert(!is_there(id));
    sl_tickets_done(tickets, waiting);
}
END_TEST

START_TEST(a_thousand_wait_and_no_more)
{
    char first[SL_TICKET_ID_TEXT];
    char id[SL_TICKET_ID_TEXT];

    ck_assert_int_eq(add(1, first), 0);
    for (int i = 1; i < SL_TICKETS_MAX; i++)
        ck_assert_int_eq(add(1, id), 0);
    ck_assert_int_eq(add(1, id), -1);
    ck_assert_int_eq(err.kind, SL_BUSY);
    ck_assert(take(first));
    ck_assert_int_eq(add(1, id), 0);
    ck_assert_int_eq(add(1, id), -1);
}
END_TEST

START_TEST(the_bytes_of_all_have_a_bound)
{
    char id[SL_TICKET_ID_TEXT];
    char small[SL_TICKET_ID_TEXT];

    ck_assert_int_eq(add(SL_TICKETS_BYTES - 10, id), 0);
    ck_assert_int_eq(add(11, small), -1);
    ck_assert_int_eq(err.kind, SL_BUSY);
    ck_assert_int_eq(add(10, small), 0);
    ck_assert_int_eq(add(1, small), -1);
    ck_assert(take(id));
    ck_assert_int_eq(add(SL_TICKETS_BYTES - 10, id), 0);
}
END_TEST

START_TEST(expired_tickets_make_room)
{
    char id[SL_TICKET_ID_TEXT];

    for (int i = 0; i < 2 * SL_TICKETS_MAX; i++) {
        struct sl_ticket *ticket = make(0);

        ticket->memory = SL_TICKETS_BYTES;
        ck_assert_int_eq(sl_tickets_add(tickets, ticket, id, &err), 0);
    }
}
END_TEST

static char contested[SL_TICKET_ID_TEXT];
static atomic_int winners;

static void *race(void *arg)
{
    struct sl_error own;
    struct sl_waiting *waiting = sl_tickets_find(tickets, contested, &own);

    pthread_barrier_wait(arg);
    if (waiting == NULL)
        return NULL;
    if (sl_tickets_use(tickets, waiting, &own) == 0)
        atomic_fetch_add(&winners, 1);
    sl_tickets_done(tickets, waiting);
    return NULL;
}

START_TEST(of_all_who_hold_a_ticket_one_uses_it)
{
    for (int round = 0; round < 200; round++) {
        pthread_t threads[RACERS];
        pthread_barrier_t barrier;

        ck_assert_int_eq(add(1, contested), 0);
        atomic_store(&winners, 0);
        pthread_barrier_init(&barrier, NULL, RACERS);
        for (int i = 0; i < RACERS; i++)
            ck_assert_int_eq(pthread_create(&threads[i], NULL, race, &barrier), 0);
        for (int i = 0; i < RACERS; i++)
            pthread_join(threads[i], NULL);
        pthread_barrier_destroy(&barrier);
        ck_assert_int_eq(atomic_load(&winners), 1);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tickets");
    TCase *tc = tcase_create("tickets");
    SRunner *runner = srunner_create(suite);

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_ticket_is_found_until_it_is_used);
    tcase_add_test(tc, ids_are_long_different_and_fit_a_url);
    tcase_add_test(tc, used_expired_and_unknown_are_the_same);
    tcase_add_test(tc, a_part_of_an_id_finds_nothing);
    tcase_add_test(tc, who_holds_a_ticket_that_expires_may_still_use_it);
    tcase_add_test(tc, a_ticket_that_is_given_back_is_used_once_again);
    tcase_add_test(tc, a_ticket_that_is_given_back_too_late_is_gone);
    tcase_add_test(tc, a_thousand_wait_and_no_more);
    tcase_add_test(tc, the_bytes_of_all_have_a_bound);
    tcase_add_test(tc, expired_tickets_make_room);
    tcase_add_test(tc, of_all_who_hold_a_ticket_one_uses_it);
    suite_add_tcase(suite, tc);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
