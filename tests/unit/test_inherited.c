#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/inherited.h"

static struct sl_inherited inherited;
static struct sl_error err;

/* tests/it/test_systemd.py hands sockets over; here is what goes wrong with the variables. */
static void setup(void)
{
    char pid[16];

    snprintf(pid, sizeof(pid), "%d", (int)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "1", 1);
    unsetenv("LISTEN_FDNAMES");
    memset(&inherited, 0xff, sizeof(inherited));
}

static void check_nothing(void)
{
    ck_assert_int_eq(sl_inherited_read(&inherited, &err), 0);
    ck_assert_uint_eq(inherited.n, 0);
}

START_TEST(without_the_variables_there_is_nothing)
{
    unsetenv("LISTEN_PID");
    check_nothing();
    setup();
    unsetenv("LISTEN_FDS");
    check_nothing();
    setenv("LISTEN_FDS", "0", 1);
    check_nothing();
}
END_TEST

START_TEST(what_is_meant_for_another_process_is_not_ours)
{
    static const char *const whose[] = {"1", "", "x", "-1"};

    for (size_t i = 0; i < sizeof(whose) / sizeof(whose[0]); i++) {
        setenv("LISTEN_PID", whose[i], 1);
        check_nothing();
    }
}
END_TEST

START_TEST(a_count_that_is_none_is_an_error)
{
    static const char *const counts[] = {"", "x", "-1", "17", "99999999999999999999"};

    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        setenv("LISTEN_FDS", counts[i], 1);
        ck_assert_int_eq(sl_inherited_read(&inherited, &err), -1);
        ck_assert_int_eq(err.kind, SL_CONFIG);
    }
}
END_TEST

START_TEST(a_descriptor_that_is_not_open_is_an_error)
{
    setenv("LISTEN_FDS", "16", 1);
    ck_assert_int_eq(sl_inherited_read(&inherited, &err), -1);
    ck_assert_int_eq(err.kind, SL_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.message, "not open"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("inherited");
    TCase *tc = tcase_create("inherited");
    SRunner *sr = srunner_create(suite);

    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, without_the_variables_there_is_nothing);
    tcase_add_test(tc, what_is_meant_for_another_process_is_not_ours);
    tcase_add_test(tc, a_count_that_is_none_is_an_error);
    tcase_add_test(tc, a_descriptor_that_is_not_open_is_an_error);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
