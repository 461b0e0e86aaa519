/* Addresses that are shown lead where the form leads, and mean nothing to a shell. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "http/link.h"

START_TEST(all_but_the_unreserved_is_escaped)
{
    struct sl_buf out;

    sl_buf_init(&out, 1024);
    ck_assert_int_eq(sl_link_escape(&out, "aZ09-._~ /?&=#'\"%+\n\303\274"), 0);
    ck_assert_str_eq(out.data, "aZ09-._~%20%2F%3F%26%3D%23%27%22%25%2B%0A%C3%BC");
    sl_buf_free(&out);
}
END_TEST

START_TEST(an_argument_without_a_value_is_left_out)
{
    struct sl_arg v[] = {{"since", ""}, {"country", "D&E"}, {"_header", ""}, {"x y", "1"}};
    struct sl_buf out;

    sl_buf_init(&out, 1024);
    ck_assert_int_eq(sl_link_file(&out, "orders", "csv.gz", &(struct sl_args){v, 4}), 0);
    ck_assert_str_eq(out.data, "orders.csv.gz?country=D%26E&x%20y=1");
    out.len = 0;
    ck_assert_int_eq(sl_link_file(&out, "orders", "csv", &(struct sl_args){v, 1}), 0);
    ck_assert_str_eq(out.data, "orders.csv");
    sl_buf_free(&out);
}
END_TEST

static void origin(const char *host, const char *proto, const char *wanted)
{
    struct sl_request request = {.fields = {.host = host, .forwarded_proto = proto}};
    struct sl_buf out;

    sl_buf_init(&out, 1024);
    ck_assert_int_eq(sl_link_origin(&out, &request), 0);
    ck_assert_str_eq(out.data, wanted);
    sl_buf_free(&out);
}

START_TEST(the_origin_is_what_the_client_sees)
{
    origin("data.example:8080", NULL, "http://data.example:8080");
    origin("[::1]:80", "http", "http://[::1]:80");
    origin("data.example", "HTTPS", "https://data.example");
    origin("data.example", "https, http", "http://data.example");
    origin(NULL, NULL, "http://localhost");
    origin("", NULL, "http://localhost");
}
END_TEST

START_TEST(a_host_that_would_mean_something_to_a_shell_is_none)
{
    origin("a'b", NULL, "http://localhost");
    origin("a b", NULL, "http://localhost");
    origin("$(x)", NULL, "http://localhost");
    origin("a\\b", NULL, "http://localhost");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("link");
    TCase *tc = tcase_create("link");
    SRunner *sr = srunner_create(suite);

    tcase_add_test(tc, all_but_the_unreserved_is_escaped);
    tcase_add_test(tc, an_argument_without_a_value_is_left_out);
    tcase_add_test(tc, the_origin_is_what_the_client_sees);
    tcase_add_test(tc, a_host_that_would_mean_something_to_a_shell_is_none);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
