#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "http/listen.h"

static char directory[32];
static struct sl_listen listener;
static struct sl_error err;

static void make_directory(void)
{
    snprintf(directory, sizeof(directory), "/tmp/sl-listen-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
}

static void remove_directory(void)
{
    ck_assert_int_eq(rmdir(directory), 0);
}

static struct sl_address tcp(const char *host, const char *port)
{
    struct sl_address address = {.path = ""};

    snprintf(address.host, sizeof(address.host), "%s", host);
    snprintf(address.port, sizeof(address.port), "%s", port);
    return address;
}

static struct sl_address unix_socket(void)
{
    struct sl_address address = {.host = ""};

    snprintf(address.path, sizeof(address.path), "%s/s", directory);
    return address;
}

static bool can_connect(const struct sl_address *to)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    memcpy(address.sun_path, to->path, sizeof(address.sun_path));
    int failed = connect(fd, (struct sockaddr *)&address, sizeof(address));
    close(fd);
    return failed == 0;
}

START_TEST(port_0_is_a_free_port_that_is_told)
{
    struct sl_address address = tcp("127.0.0.1", "0");

    ck_assert_int_eq(sl_listen_open(&address, &listener, &err), 0);
    ck_assert_int_ge(listener.fd, 0);
    ck_assert_int_eq(strncmp(listener.address, "127.0.0.1:", 10), 0);
    ck_assert_int_gt(atoi(listener.address + 10), 0);
    sl_listen_close(&listener);
    ck_assert_int_eq(listener.fd, -1);
    sl_listen_close(&listener);
}
END_TEST

START_TEST(ipv6_is_written_in_brackets)
{
    struct sl_address address = tcp("::1", "0");

    if (sl_listen_open(&address, &listener, &err) != 0)
        return; /* a machine without IPv6 */
    ck_assert_int_eq(strncmp(listener.address, "[::1]:", 6), 0);
    sl_listen_close(&listener);
}
END_TEST

START_TEST(an_address_that_is_taken_is_named)
{
    struct sl_listen second;
    struct sl_address address = tcp("127.0.0.1", "0");

    ck_assert_int_eq(sl_listen_open(&address, &listener, &err), 0);
    address = tcp("127.0.0.1", listener.address + 10);
    ck_assert_int_eq(sl_listen_open(&address, &second, &err), -1);
    ck_assert_int_eq(err.kind, SL_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(err.message, listener.address));
    sl_listen_close(&listener);
}
END_TEST

START_TEST(a_unix_socket_is_for_its_group_and_goes_with_its_listener)
{
    struct sl_address address = unix_socket();
    struct stat info;

    mode_t before = umask(077);
    ck_assert_int_eq(sl_listen_open(&address, &listener, &err), 0);
    umask(before);
    ck_assert_int_eq(stat(address.path, &info), 0);
    ck_assert_uint_eq(info.st_mode & 0777, 0660);
    ck_assert_int_eq(strncmp(listener.address, "unix:/tmp/", 10), 0);
    ck_assert(can_connect(&address));
    sl_listen_refuse(&listener);
    ck_assert(!can_connect(&address));
    sl_listen_close(&listener);
    ck_assert_int_ne(access(address.path, F_OK), 0);
}
END_TEST

START_TEST(a_socket_file_left_behind_is_replaced_but_not_one_in_use)
{
    struct sl_address address = unix_socket();
    struct sl_listen second;

    ck_assert_int_eq(sl_listen_open(&address, &listener, &err), 0);
    ck_assert_int_eq(sl_listen_open(&address, &second, &err), -1);
    ck_assert_int_eq(err.kind, SL_UNAVAILABLE);
    ck_assert(can_connect(&address));
    /* As a killed process leaves it. */
    close(listener.fd);
    ck_assert_int_eq(sl_listen_open(&address, &second, &err), 0);
    ck_assert(can_connect(&address));
    sl_listen_close(&second);
}
END_TEST

START_TEST(a_file_that_is_no_socket_is_never_removed)
{
    struct sl_address address = unix_socket();
    FILE *file = fopen(address.path, "w");

    ck_assert_ptr_nonnull(file);
    fclose(file);
    ck_assert_int_eq(sl_listen_open(&address, &listener, &err), -1);
    ck_assert_int_eq(access(address.path, F_OK), 0);
    unlink(address.path);
}
END_TEST

START_TEST(a_directory_that_is_missing_is_an_error)
{
    struct sl_address address = unix_socket();

    strcat(address.path, "/missing");
    ck_assert_int_eq(sl_listen_open(&address, &listener, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "No such file"));
}
END_TEST

START_TEST(an_inherited_socket_stays_open_and_its_file_stays)
{
    struct sl_address address = unix_socket();
    struct sl_listen ours;

    ck_assert_int_eq(sl_listen_open(&address, &listener, &err), 0);
    ck_assert_int_eq(fcntl(listener.fd, F_SETFL, 0), 0);
    ck_assert_int_eq(sl_listen_adopt(dup(listener.fd), &ours, &err), 0);
    ck_assert_str_eq(ours.address, listener.address);
    ck_assert(fcntl(ours.fd, F_GETFL) & O_NONBLOCK);
    sl_listen_refuse(&ours);
    ck_assert(can_connect(&address));
    sl_listen_close(&ours);
    ck_assert_int_eq(ours.fd, -1);
    ck_assert(can_connect(&address));
    sl_listen_close(&listener);
}
END_TEST

START_TEST(an_inherited_tcp_socket_tells_its_address)
{
    struct sl_address address = tcp("127.0.0.1", "0");
    struct sl_listen ours;

    ck_assert_int_eq(sl_listen_open(&address, &listener, &err), 0);
    ck_assert_int_eq(sl_listen_adopt(dup(listener.fd), &ours, &err), 0);
    ck_assert_str_eq(ours.address, listener.address);
    sl_listen_close(&ours);
    sl_listen_close(&listener);
}
END_TEST

START_TEST(what_does_not_listen_for_streams_is_not_adopted)
{
    int pair[2];
    const int bad[] = {open("/dev/null", O_RDWR), socket(AF_UNIX, SOCK_STREAM, 0),
                       socket(AF_UNIX, SOCK_DGRAM, 0), socket(AF_INET, SOCK_DGRAM, 0)};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ck_assert_int_eq(sl_listen_adopt(bad[i], &listener, &err), -1);
        ck_assert_int_eq(err.kind, SL_CONFIG);
        close(bad[i]);
    }
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    ck_assert_int_eq(sl_listen_adopt(pair[0], &listener, &err), -1);
    close(pair[0]);
    close(pair[1]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("listen");
    TCase *tc = tcase_create("listen");
    SRunner *sr = srunner_create(suite);

    tcase_add_checked_fixture(tc, make_directory, remove_directory);
    tcase_add_test(tc, port_0_is_a_free_port_that_is_told);
    tcase_add_test(tc, ipv6_is_written_in_brackets);
    tcase_add_test(tc, an_address_that_is_taken_is_named);
    tcase_add_test(tc, a_unix_socket_is_for_its_group_and_goes_with_its_listener);
    tcase_add_test(tc, a_socket_file_left_behind_is_replaced_but_not_one_in_use);
    tcase_add_test(tc, a_file_that_is_no_socket_is_never_removed);
    tcase_add_test(tc, a_directory_that_is_missing_is_an_error);
    tcase_add_test(tc, an_inherited_socket_stays_open_and_its_file_stays);
    tcase_add_test(tc, an_inherited_tcp_socket_tells_its_address);
    tcase_add_test(tc, what_does_not_listen_for_streams_is_not_adopted);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_ENV);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
