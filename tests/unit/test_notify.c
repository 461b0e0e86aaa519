#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include "base/notify.h"

static char directory[] = "/tmp/sl-notify-XXXXXX";
static char path[64];
static int service_manager;
static struct sl_notify notify;
static struct sl_error err;

/* A datagram socket at a name as NOTIFY_SOCKET writes it. */
static void listen_at(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));

    memcpy(address.sun_path, name, strlen(name));
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    service_manager = socket(AF_UNIX, SOCK_DGRAM, 0);
    ck_assert_int_eq(bind(service_manager, (struct sockaddr *)&address, len), 0);
    setenv("NOTIFY_SOCKET", name, 1);
}

static void setup(void)
{
    strcpy(directory + sizeof(directory) - sizeof("XXXXXX"), "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/notify", directory);
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    service_manager = -1;
}

static void teardown(void)
{
    sl_notify_close(&notify);
    if (service_manager >= 0)
        close(service_manager);
    unlink(path);
    rmdir(directory);
}

static const char *heard(void)
{
    static char text[1024];
    ssize_t n = recv(service_manager, text, sizeof(text) - 1, MSG_DONTWAIT);

    text[n < 0 ? 0 : n] = '\0';
    return text;
}

START_TEST(without_a_socket_nothing_is_told)
{
    ck_assert_int_eq(sl_notify_open(&notify, &err), 0);
    ck_assert_int_eq(notify.fd, -1);
    sl_notify_send(&notify, "READY=1");
    setenv("NOTIFY_SOCKET", "", 1);
    ck_assert_int_eq(sl_notify_open(&notify, &err), 0);
    ck_assert_int_eq(notify.fd, -1);
}
END_TEST

START_TEST(a_message_is_one_datagram)
{
    listen_at(path);
    ck_assert_int_eq(sl_notify_open(&notify, &err), 0);
    sl_notify_send(&notify, "READY=1\nSTATUS=%s %d", "running", 3);
    ck_assert_str_eq(heard(), "READY=1\nSTATUS=running 3");
    ck_assert_str_eq(heard(), "");
}
END_TEST

START_TEST(an_abstract_name_is_written_with_an_at)
{
    char name[64];

    snprintf(name, sizeof(name), "@sl-notify-%d", (int)getpid());
    listen_at(name);
    ck_assert_int_eq(sl_notify_open(&notify, &err), 0);
    sl_notify_send(&notify, "STOPPING=1");
    ck_assert_str_eq(heard(), "STOPPING=1");
}
END_TEST

START_TEST(who_does_not_listen_any_more_does_no_harm)
{
    listen_at(path);
    ck_assert_int_eq(sl_notify_open(&notify, &err), 0);
    close(service_manager);
    service_manager = -1;
    sl_notify_send(&notify, "READY=1");
    unlink(path);
    sl_notify_send(&notify, "READY=1");
}
END_TEST

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Fills the socket; returns how many messages it took. */
static int fill(void)
{
    struct sockaddr_un address = notify.address;
    int n = 0;

    while (sendto(notify.fd, "x", 1, MSG_DONTWAIT, (struct sockaddr *)&address, notify.len) == 1)
        n++;
    return n;
}

START_TEST(who_does_not_read_does_not_hold_it_up)
{
    listen_at(path);
    ck_assert_int_eq(sl_notify_open(&notify, &err), 0);
    int n = fill();
    ck_assert_int_gt(n, 0);

    int64_t begun = now_ms();
    sl_notify_send(&notify, "WATCHDOG=1");
    ck_assert_int_lt(now_ms() - begun, SL_NOTIFY_WAIT_MS / 2);

    begun = now_ms();
    sl_notify_state(&notify, "READY=1");
    ck_assert_int_ge(now_ms() - begun, SL_NOTIFY_WAIT_MS / 2);
    ck_assert_int_lt(now_ms() - begun, SL_NOTIFY_WAIT_MS * 3);

    while (n-- > 0)
        ck_assert_str_eq(heard(), "x");
    ck_assert_str_eq(heard(), "");
    sl_notify_state(&notify, "READY=1");
    ck_assert_str_eq(heard(), "READY=1");
}
END_TEST

START_TEST(a_name_that_is_none_is_refused)
{
    char longest[200];

    memset(longest, 'x', sizeof(longest));
    longest[0] = '/';
    longest[sizeof(longest) - 1] = '\0';
    const char *const bad[] = {"notify", "vsock:2:1234", "/", "@", longest};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        setenv("NOTIFY_SOCKET", bad[i], 1);
        ck_assert_int_eq(sl_notify_open(&notify, &err), -1);
        ck_assert_int_eq(err.kind, SL_CONFIG);
        ck_assert_int_eq(notify.fd, -1);
    }
}
END_TEST

START_TEST(the_watchdog_is_ours_or_nobodys)
{
    char pid[16];

    listen_at(path);
    ck_assert_int_eq(sl_notify_open(&notify, &err), 0);
    ck_assert_int_eq(notify.watchdog_ms, 0);
    sl_notify_close(&notify);

    setenv("WATCHDOG_USEC", "30000000", 1);
    ck_assert_int_eq(sl_notify_open(&notify, &err), 0);
    ck_assert_int_eq(notify.watchdog_ms, 30000);
    sl_notify_close(&notify);

    snprintf(pid, sizeof(pid), "%d", (int)getpid());
    setenv("WATCHDOG_PID", pid, 1);
    ck_assert_int_eq(sl_notify_open(&notify, &err), 0);
    ck_assert_int_eq(notify.watchdog_ms, 30000);
    sl_notify_close(&notify);

    setenv("WATCHDOG_PID", "1", 1);
    ck_assert_int_eq(sl_notify_open(&notify, &err), 0);
    ck_assert_int_eq(notify.watchdog_ms, 0);
    sl_notify_close(&notify);

    unsetenv("WATCHDOG_PID");
    static const char *const bad[] = {"", "0", "-5", "x", "99999999999999999999"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        setenv("WATCHDOG_USEC", bad[i], 1);
        ck_assert_int_eq(sl_notify_open(&notify, &err), 0);
        ck_assert_int_eq(notify.watchdog_ms, 0);
        sl_notify_close(&notify);
    }
}
END_TEST

START_TEST(a_message_that_is_too_long_is_cut)
{
    char status[1000];

    listen_at(path);
    ck_assert_int_eq(sl_notify_open(&notify, &err), 0);
    memset(status, 's', sizeof(status));
    status[sizeof(status) - 1] = '\0';
    sl_notify_send(&notify, "STATUS=%s", status);
    ck_assert_uint_eq(strlen(heard()), SL_NOTIFY_MAX - 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("notify");
    TCase *tc = tcase_create("notify");
    SRunner *sr = srunner_create(suite);

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, without_a_socket_nothing_is_told);
    tcase_add_test(tc, a_message_is_one_datagram);
    tcase_add_test(tc, an_abstract_name_is_written_with_an_at);
    tcase_add_test(tc, who_does_not_listen_any_more_does_no_harm);
    tcase_add_test(tc, who_does_not_read_does_not_hold_it_up);
    tcase_add_test(tc, a_name_that_is_none_is_refused);
    tcase_add_test(tc, the_watchdog_is_ours_or_nobodys);
    tcase_add_test(tc, a_message_that_is_too_long_is_cut);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
