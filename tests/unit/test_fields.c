#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "http/fields.h"

static bool token(const char *name)
{
    return sl_field_token(name, strlen(name));
}

START_TEST(a_field_name_is_a_token)
{
    ck_assert(token("Host"));
    ck_assert(token("X-Run-Id"));
    ck_assert(token("!#$%&'*+-.^_`|~09azAZ"));
    ck_assert(!token(""));
    ck_assert(!token("Content-Length "));
    ck_assert(!token(" Host"));
    ck_assert(!token("Ho st"));
    ck_assert(!token("Host\t"));
    ck_assert(!token("Host:"));
    ck_assert(!token("H\xc3\xb6st"));
    ck_assert(!token("Host\x01"));
    ck_assert(!sl_field_token("Ho\0st", 5));
}
END_TEST

START_TEST(te_says_trailers_as_a_whole_word)
{
    ck_assert(sl_field_te_trailers("trailers"));
    ck_assert(sl_field_te_trailers("Trailers"));
    ck_assert(sl_field_te_trailers("deflate;q=0.5, trailers"));
    ck_assert(sl_field_te_trailers("trailers , gzip"));
    ck_assert(sl_field_te_trailers(",,trailers"));
    ck_assert(!sl_field_te_trailers(""));
    ck_assert(!sl_field_te_trailers("deflate"));
    ck_assert(!sl_field_te_trailers("trailersx"));
    ck_assert(!sl_field_te_trailers("xtrailers"));
    ck_assert(!sl_field_te_trailers("trail ers"));
}
END_TEST

START_TEST(ip_literals_and_localhost_are_local_hosts)
{
    static const char *const local[] = {
        "localhost", "LOCALHOST",  "localhost:8081",   "127.0.0.1",      "127.0.0.1:1", "10.0.0.7",
        "[::1]",     "[::1]:8081", "[2001:db8::1]:80", "192.168.1.1:80", "localhost:"};

    for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++)
        ck_assert_msg(sl_field_host_local(local[i], ""), "%s", local[i]);
}
END_TEST

START_TEST(other_hosts_are_not_local)
{
    static const char *const foreign[] = {"",
                                          ":80",
                                          "evil.example",
                                          "evil.example:8081",
                                          "127.0.0.1.evil.example",
                                          "localhost.evil.example",
                                          "evil.localhost",
                                          "localhost:80:80",
                                          "localhost:80x",
                                          "127.1",
                                          "0x7f000001",
                                          "127.0.0.1.",
                                          "::1",
                                          "[::1",
                                          "[::1]x",
                                          "[::1]:x",
                                          "[evil.example]",
                                          "[127.0.0.1]",
                                          "localhost,evil.example"};
    char longer[1000];

    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
        ck_assert_msg(!sl_field_host_local(foreign[i], ""), "%s", foreign[i]);
    memset(longer, '1', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    ck_assert(!sl_field_host_local(longer, ""));
}
END_TEST

START_TEST(names_of_the_list_are_local)
{
    const char *names = "ops.example, other.example,\n third.example";

    ck_assert(sl_field_host_local("ops.example", names));
    ck_assert(sl_field_host_local("OPS.example:443", names));
    ck_assert(sl_field_host_local("other.example", names));
    ck_assert(sl_field_host_local("third.example:8081", names));
    ck_assert(!sl_field_host_local("example", names));
    ck_assert(!sl_field_host_local("xops.example", names));
    ck_assert(!sl_field_host_local("ops.example.evil", names));
    ck_assert(!sl_field_host_local("", names));
    ck_assert(!sl_field_host_local("", ",,"));
}
END_TEST

START_TEST(a_weight_has_three_decimals_at_most)
{
    static const struct {
        const char *text;
        int weight;
    } cases[] = {
        {"0", 0},      {"0.", 0},      {"0.000", 0}, {"0.001", 1},   {"0.5", 500},
        {"0.25", 250}, {"0.999", 999}, {"1", 1000},  {"1.", 1000},   {"1.000", 1000},
        {"", -1},      {"1.001", -1},  {"2", -1},    {"0.0000", -1}, {"-0", -1},
        {"0.5 ", -1},  {".5", -1},     {"0,5", -1},  {"0.x", -1},    {"10", -1},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_msg(sl_field_weight(cases[i].text, strlen(cases[i].text)) == cases[i].weight,
                      "%s", cases[i].text);
    ck_assert_int_eq(sl_field_weight("0.5, gzip", 3), 500);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fields");
    TCase *tc = tcase_create("fields");
    SRunner *sr = srunner_create(suite);

    tcase_add_test(tc, a_field_name_is_a_token);
    tcase_add_test(tc, te_says_trailers_as_a_whole_word);
    tcase_add_test(tc, ip_literals_and_localhost_are_local_hosts);
    tcase_add_test(tc, other_hosts_are_not_local);
    tcase_add_test(tc, names_of_the_list_are_local);
    tcase_add_test(tc, a_weight_has_three_decimals_at_most);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_ENV);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
