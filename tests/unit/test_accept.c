/* Accept: the most specific range decides, and the client gets a format in any case. */
#include <check.h>
#include <stdlib.h>

#include "http/accept.h"

static struct sl_accept accept_of(const char *value)
{
    struct sl_accept accept = {.n = 0};

    sl_accept_add(&accept, value);
    return accept;
}

static int weight(const char *value, const char *type)
{
    const struct sl_accept accept = accept_of(value);

    return sl_accept_weight(&accept, type);
}

static const char *format(const char *value)
{
    const struct sl_accept accept = accept_of(value);

    return sl_accept_format(&accept)->name;
}

START_TEST(nothing_said_is_everything)
{
    const struct sl_accept none = {.n = 0};

    ck_assert_int_eq(sl_accept_weight(&none, "text/csv"), 1000);
    ck_assert_str_eq(sl_accept_format(&none)->name, "csv");
    ck_assert_int_eq(weight("", "text/csv"), 1000);
    ck_assert_int_eq(weight(" , ,\t", "text/csv"), 1000);
    ck_assert_str_eq(format("*/*"), "csv");
}
END_TEST

START_TEST(a_type_that_is_named_is_sent)
{
    ck_assert_str_eq(format("text/csv"), "csv");
    ck_assert_str_eq(format("text/tab-separated-values"), "tsv");
    ck_assert_str_eq(format("application/jsonl"), "jsonl");
    ck_assert_str_eq(format("application/x-ndjson"), "jsonl");
    ck_assert_str_eq(format("Application/X-NDJSON"), "jsonl");
    ck_assert_str_eq(format("text/html, application/jsonl"), "jsonl");
}
END_TEST

START_TEST(the_largest_weight_wins_and_the_first_format_when_they_are_equal)
{
    ck_assert_str_eq(format("text/csv;q=0.5, application/jsonl"), "jsonl");
    ck_assert_str_eq(format("text/csv;q=0.5,text/tab-separated-values;q=0.501"), "tsv");
    ck_assert_str_eq(format("application/jsonl, text/tab-separated-values, text/csv"), "csv");
    ck_assert_str_eq(format("application/jsonl;q=0.9, */*;q=0.8"), "jsonl");
    ck_assert_str_eq(format("application/jsonl;q=0.1, application/x-ndjson;q=0.9, */*;q=0.8"),
                     "jsonl");
}
END_TEST

START_TEST(the_most_specific_range_decides_wherever_it_stands)
{
    ck_assert_int_eq(weight("text/csv;q=0.3, text/*;q=0.7, */*", "text/csv"), 300);
    ck_assert_int_eq(weight("*/*, text/*;q=0.7, text/csv;q=0.3", "text/csv"), 300);
    ck_assert_int_eq(weight("*/*, text/*;q=0.7, text/csv;q=0.3", "text/html"), 700);
    ck_assert_int_eq(weight("*/*, text/*;q=0.7, text/csv;q=0.3", "application/jsonl"), 1000);
    ck_assert_int_eq(weight("text/csv;q=0, */*", "text/csv"), 0);
    ck_assert_str_eq(format("text/csv;q=0, */*"), "tsv");
    ck_assert_str_eq(format("text/*;q=0, */*"), "jsonl");
}
END_TEST

START_TEST(what_a_browser_or_a_script_sends_gets_csv)
{
    ck_assert_str_eq(format("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
                     "csv");
    ck_assert_str_eq(format("application/json, text/plain, */*"), "csv");
}
END_TEST

START_TEST(who_wants_none_of_them_gets_csv)
{
    ck_assert_str_eq(format("application/xml"), "csv");
    ck_assert_str_eq(format("application/json-seq"), "csv");
    ck_assert_str_eq(format("*/*;q=0"), "csv");
    ck_assert_int_eq(weight("application/xml", "text/csv"), 0);
}
END_TEST

START_TEST(parameters_are_passed_over_quotes_and_all)
{
    ck_assert_int_eq(weight("text/csv;header=present;q=0.4", "text/csv"), 400);
    ck_assert_int_eq(weight("text/csv ; charset=utf-8 ; Q=0.4", "text/csv"), 400);
    ck_assert_int_eq(weight("text/csv;x=\"a,b;q=0.1\\\",\";q=0.4, text/html", "text/csv"), 400);
    ck_assert_int_eq(weight("text/csv;x=\"a,b\", text/html;q=0.2", "text/html"), 200);
    ck_assert_int_eq(weight("text/csv;x=\"never closed, text/html", "text/html"), 0);
}
END_TEST

START_TEST(what_is_malformed_takes_nothing)
{
    static const char *const values[] = {
        "text/csv;q=2",
        "text/csv;q=",
        "text/csv;q=0.1234",
        "text/csv;q=x",
        "text",
        "text/csvx",
        "text/cs",
        "/csv",
        "text/",
        "*",
        "*/csv",
        "text/c*",
        ";q=1",
        "text /csv",
    };

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        ck_assert_msg(weight(values[i], "text/csv") == 0, "%s", values[i]);
}
END_TEST

START_TEST(several_fields_are_one_list)
{
    struct sl_accept accept = accept_of("text/csv;q=0.5");

    sl_accept_add(&accept, "application/jsonl");
    ck_assert_str_eq(sl_accept_format(&accept)->name, "jsonl");
    for (int i = 0; i < 2 * SL_ACCEPT_LINES; i++)
        sl_accept_add(&accept, "text/html");
    ck_assert_uint_eq(accept.n, SL_ACCEPT_LINES);
    ck_assert_str_eq(sl_accept_format(&accept)->name, "jsonl");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("accept");
    TCase *tc = tcase_create("accept");
    SRunner *sr = srunner_create(suite);

    tcase_add_test(tc, nothing_said_is_everything);
    tcase_add_test(tc, a_type_that_is_named_is_sent);
    tcase_add_test(tc, the_largest_weight_wins_and_the_first_format_when_they_are_equal);
    tcase_add_test(tc, the_most_specific_range_decides_wherever_it_stands);
    tcase_add_test(tc, what_a_browser_or_a_script_sends_gets_csv);
    tcase_add_test(tc, who_wants_none_of_them_gets_csv);
    tcase_add_test(tc, parameters_are_passed_over_quotes_and_all);
    tcase_add_test(tc, what_is_malformed_takes_nothing);
    tcase_add_test(tc, several_fields_are_one_list);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
