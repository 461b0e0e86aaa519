#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "base/address.h"

static struct sl_address address;

static int only(const char *list)
{
    return sl_address_next(&list, &address);
}

START_TEST(each_address_of_a_list_is_read_in_turn)
{
    const char *list = "127.0.0.1:8080,[::1]:0,unix:/run/x y.sock,localhost:65535";

    ck_assert_int_eq(sl_address_next(&list, &address), 1);
    ck_assert_str_eq(address.host, "127.0.0.1");
    ck_assert_str_eq(address.port, "8080");
    ck_assert_str_eq(address.path, "");
    ck_assert_int_eq(sl_address_next(&list, &address), 1);
    ck_assert_str_eq(address.host, "::1");
    ck_assert_str_eq(address.port, "0");
    ck_assert_int_eq(sl_address_next(&list, &address), 1);
    ck_assert_str_eq(address.path, "/run/x y.sock");
    ck_assert_str_eq(address.host, "");
    ck_assert_int_eq(sl_address_next(&list, &address), 1);
    ck_assert_str_eq(address.host, "localhost");
    ck_assert_int_eq(sl_address_next(&list, &address), 0);
    ck_assert_int_eq(sl_address_next(&list, &address), 0);
}
END_TEST

START_TEST(what_is_no_address_is_refused)
{
    static const char *const bad[] = {",",
                                      "8080",
                                      ":8080",
                                      "localhost",
                                      "localhost:",
                                      "localhost:http",
                                      "localhost:65536",
                                      "localhost:-1",
                                      "a b:1",
                                      "*:80",
                                      "::1:80",
                                      "[::1]",
                                      "[::1:80",
                                      "[]:80",
                                      "[127.0.0.1]:80",
                                      "[::1]x:80",
                                      "http://localhost:80",
                                      "unix:",
                                      "unix:run/x.sock"};
    char path[200] = "unix:/";

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(only(bad[i]) == -1, "%s", bad[i]);
    memset(path + 6, 'x', 106);
    ck_assert_int_eq(only(path), 1);
    path[6 + 106] = 'x';
    ck_assert_int_eq(only(path), -1);
}
END_TEST

START_TEST(local_is_what_no_other_machine_can_reach)
{
    static const char *const local[] = {"unix:/x",     "localhost:1", "LocalHost:1",
                                        "127.0.0.1:1", "127.9.9.9:1", "[::1]:1"};
    static const char *const open[] = {"0.0.0.0:1",     "128.0.0.1:1", "[::]:1",
                                       "example.org:1", "10.0.0.1:1",  "127.example.org:1"};

    for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++) {
        ck_assert_int_eq(only(local[i]), 1);
        ck_assert_msg(sl_address_is_local(&address), "%s", local[i]);
    }
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
        ck_assert_int_eq(only(open[i]), 1);
        ck_assert_msg(!sl_address_is_local(&address), "%s", open[i]);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("address");
    TCase *tc = tcase_create("address");
    SRunner *sr = srunner_create(suite);

    tcase_add_test(tc, each_address_of_a_list_is_read_in_turn);
    tcase_add_test(tc, what_is_no_address_is_refused);
    tcase_add_test(tc, local_is_what_no_other_machine_can_reach);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
