#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"
#include "http/connections.h"

/* Both ends of one connection, entered in a registry of its own. */
static struct sl_connections *all;
static struct sl_conn *conn;
static int ours, theirs;

static void enter(bool admin)
{
    all = sl_connections_new();
    ck_assert_ptr_nonnull(all);
    conn = sl_conn_open(all, ours, admin);
    ck_assert_ptr_nonnull(conn);
}

static void open_unix(bool admin)
{
    int pair[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    ours = pair[0];
    theirs = pair[1];
    enter(admin);
}

static void open_tcp(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    theirs = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(theirs, (struct sockaddr *)&address, sizeof(address)), 0);
    ours = accept(listener, NULL, NULL);
    ck_assert_int_ge(ours, 0);
    close(listener);
    enter(false);
}

static void close_all(void)
{
    sl_conn_close(conn);
    sl_connections_free(all);
    close(ours);
    close(theirs);
}

/* What the peer reads: 'o' nothing yet, 'e' the end, 'r' a reset. */
static char peer_sees(void)
{
    char byte;
    ssize_t n = recv(theirs, &byte, 1, MSG_DONTWAIT);

    if (n == 0)
        return 'e';
    ck_assert_int_lt(n, 0);
    return errno == ECONNRESET ? 'r' : 'o';
}

/* In a state, just before and just after its time: what the peer sees then. */
static void check_limit(enum sl_conn_state state, int64_t limit, char after)
{
    sl_conn_set(conn, state);
    int64_t entered = sl_clock_ms();
    sl_connections_reap(all, entered + limit - 1000);
    ck_assert_int_eq(peer_sees(), 'o');
    sl_connections_reap(all, entered + limit + 1);
    ck_assert_int_eq(peer_sees(), after);
    close_all();
}

START_TEST(a_header_that_does_not_come_ends_the_connection)
{
    open_tcp();
    check_limit(SL_CONN_HEADER, SL_HEADER_MS, 'e');
    open_unix(false);
    check_limit(SL_CONN_HEADER, SL_HEADER_MS, 'e');
}
END_TEST

START_TEST(a_new_connection_owes_a_header)
{
    open_unix(false);
    sl_connections_reap(all, sl_clock_ms() + SL_HEADER_MS + 1);
    ck_assert_int_eq(peer_sees(), 'e');
    close_all();
}
END_TEST

START_TEST(a_body_that_does_not_come_ends_the_connection)
{
    open_unix(false);
    check_limit(SL_CONN_BODY, SL_BODY_MS, 'e');
}
END_TEST

START_TEST(an_idle_connection_is_ended)
{
    open_tcp();
    check_limit(SL_CONN_IDLE, SL_IDLE_MS, 'e');
}
END_TEST

START_TEST(a_reply_that_is_not_taken_is_broken_off)
{
    open_tcp();
    check_limit(SL_CONN_REPLY, SL_REPLY_MS, 'r');
    open_unix(false);
    check_limit(SL_CONN_REPLY, SL_REPLY_MS, 'e');
}
END_TEST

START_TEST(a_request_that_is_being_handled_has_all_the_time)
{
    open_tcp();
    check_limit(SL_CONN_HANDLING, (int64_t)1000 * 86400, 'o');
}
END_TEST

START_TEST(a_reset_is_a_reset_on_tcp)
{
    open_tcp();
    sl_conn_reset(conn);
    ck_assert_int_eq(peer_sees(), 'r');
    /* And once more does no harm. */
    sl_conn_reset(conn);
    close_all();
    open_unix(false);
    sl_conn_reset(conn);
    ck_assert_int_eq(peer_sees(), 'e');
    close_all();
}
END_TEST

START_TEST(ending_the_idle_ones_leaves_requests_and_the_admin_listener_alone)
{
    open_unix(false);
    sl_conn_set(conn, SL_CONN_REPLY);
    ck_assert_uint_eq(sl_connections_end_idle(all), 1);
    ck_assert_int_eq(peer_sees(), 'o');
    sl_conn_set(conn, SL_CONN_IDLE);
    ck_assert_uint_eq(sl_connections_end_idle(all), 0);
    ck_assert_int_eq(peer_sees(), 'e');
    close_all();

    open_unix(true);
    sl_conn_set(conn, SL_CONN_IDLE);
    ck_assert_uint_eq(sl_connections_end_idle(all), 0);
    ck_assert_int_eq(peer_sees(), 'o');
    sl_conn_set(conn, SL_CONN_REPLY);
    ck_assert_uint_eq(sl_connections_end_idle(all), 0);
    close_all();
}
END_TEST

START_TEST(a_new_connection_has_a_moment_to_ask_for_something)
{
    open_unix(false);
    int64_t began = sl_clock_ms();
    ck_assert_uint_eq(sl_connections_end_idle(all), 1);
    ck_assert_int_eq(peer_sees(), 'o');
    while (sl_connections_end_idle(all) > 0)
        ck_assert_int_lt(sl_clock_ms() - began, 10 * SL_GREETING_MS);
    ck_assert_int_ge(sl_clock_ms() - began, SL_GREETING_MS);
    ck_assert_int_eq(peer_sees(), 'e');
    close_all();
}
END_TEST

START_TEST(a_connection_may_leave_from_anywhere_in_the_list)
{
    struct sl_conn *conns[3];

    for (int leaver = 0; leaver < 3; leaver++) {
        open_unix(false);
        sl_conn_set(conn, SL_CONN_REPLY);
        for (int i = 0; i < 3; i++) {
            conns[i] = sl_conn_open(all, ours, false);
            sl_conn_set(conns[i], SL_CONN_REPLY);
        }
        sl_conn_close(conns[leaver]);
        ck_assert_uint_eq(sl_connections_end_idle(all), 3);
        for (int i = 0; i < 3; i++) {
            if (i != leaver)
                sl_conn_close(conns[i]);
        }
        ck_assert_uint_eq(sl_connections_end_idle(all), 1);
        close_all();
    }
}
END_TEST

/* How long the reaper would sleep after a look at all connections, if not for longer than ms. */
static int64_t sleeps(int64_t ms)
{
    sl_connections_wake(all);
    sl_connections_wait(all, INT64_MAX); /* what was due is forgotten: a round begins */
    int64_t began = sl_clock_ms();
    sl_connections_reap(all, began);
    sl_connections_wait(all, began + ms);
    return sl_clock_ms() - began;
}

START_TEST(without_connections_the_reaper_sleeps_until_it_is_woken)
{
    all = sl_connections_new();
    ck_assert_int_ge(sleeps(300), 300);
    sl_connections_wake(all); /* also when that came before */
    sl_connections_wait(all, INT64_MAX);
    sl_connections_free(all);
}
END_TEST

START_TEST(a_connection_is_looked_at_when_it_may_be_over_its_time_and_not_before)
{
    open_unix(false);
    static const enum sl_conn_state states[] = {SL_CONN_HEADER, SL_CONN_IDLE, SL_CONN_BODY,
                                                SL_CONN_HANDLING, SL_CONN_REPLY};
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        sl_conn_set(conn, states[i]);
        ck_assert_int_ge(sleeps(200), 200);
    }
    close_all();
}
END_TEST

START_TEST(a_connection_that_was_broken_off_needs_no_further_look)
{
    open_unix(false);
    sl_connections_reap(all, sl_clock_ms() + SL_HEADER_MS + 1);
    ck_assert_int_eq(peer_sees(), 'e');
    ck_assert_int_ge(sleeps(200), 200);
    close_all();
}
END_TEST

START_TEST(a_peer_is_named_by_its_address)
{
    open_tcp();
    ck_assert_int_eq(strncmp(sl_conn_peer(conn), "127.0.0.1:", 10), 0);
    ck_assert_int_eq(sl_conn_fd(conn), ours);
    close_all();
    open_unix(false);
    ck_assert_str_eq(sl_conn_peer(conn), "unix");
    close_all();
}
END_TEST

START_TEST(a_peer_that_has_left_already_is_no_trouble)
{
    struct linger hard = {.l_onoff = 1};
    int pair[2];

    open_tcp();
    setsockopt(theirs, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    close(theirs);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    struct sl_conn *late = sl_conn_open(all, ours, false);
    ck_assert_ptr_nonnull(late);
    sl_conn_reset(late);
    sl_conn_close(late);
    theirs = pair[0];
    close(pair[1]);
    close_all();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("connections");
    TCase *tc = tcase_create("connections");
    SRunner *sr = srunner_create(suite);

    tcase_add_test(tc, a_header_that_does_not_come_ends_the_connection);
    tcase_add_test(tc, a_new_connection_owes_a_header);
    tcase_add_test(tc, a_body_that_does_not_come_ends_the_connection);
    tcase_add_test(tc, an_idle_connection_is_ended);
    tcase_add_test(tc, a_reply_that_is_not_taken_is_broken_off);
    tcase_add_test(tc, a_request_that_is_being_handled_has_all_the_time);
    tcase_add_test(tc, a_reset_is_a_reset_on_tcp);
    tcase_add_test(tc, ending_the_idle_ones_leaves_requests_and_the_admin_listener_alone);
    tcase_add_test(tc, a_new_connection_has_a_moment_to_ask_for_something);
    tcase_add_test(tc, a_connection_may_leave_from_anywhere_in_the_list);
    tcase_add_test(tc, without_connections_the_reaper_sleeps_until_it_is_woken);
    tcase_add_test(tc, a_connection_is_looked_at_when_it_may_be_over_its_time_and_not_before);
    tcase_add_test(tc, a_connection_that_was_broken_off_needs_no_further_look);
    tcase_add_test(tc, a_peer_is_named_by_its_address);
    tcase_add_test(tc, a_peer_that_has_left_already_is_no_trouble);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_ENV);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
