#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "base/units.h"

#define REFUSED INT64_MIN

/* What a reader makes of a text; REFUSED for none. */
static int64_t with(int (*parse)(const char *, int64_t *), const char *text)
{
    int64_t value = 0;

    return parse(text, &value) == 0 ? value : REFUSED;
}

START_TEST(integers_are_digits_within_their_range)
{
    int64_t value = -1;

    ck_assert_int_eq(sl_parse_int("0", 0, 10, &value), 0);
    ck_assert_int_eq(value, 0);
    ck_assert_int_eq(sl_parse_int("10", 0, 10, &value), 0);
    ck_assert_int_eq(value, 10);
    ck_assert_int_eq(sl_parse_int("9223372036854775807", 0, INT64_MAX, &value), 0);
    ck_assert_int_eq(value, INT64_MAX);

    static const char *const bad[] = {"",   "11",  "-1",   "+1",  " 1", "1 ",
                                      "1x", "1.0", "0x10", "1e3", "\n", "9223372036854775808"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(sl_parse_int(bad[i], 0, 10, &value) == -1, "%s", bad[i]);
    ck_assert_int_eq(sl_parse_int("99999999999999999999", 0, INT64_MAX, &value), -1);
    ck_assert_int_eq(sl_parse_int("4", 5, 10, &value), -1);
}
END_TEST

START_TEST(sizes_take_the_units_of_postgresql)
{
    ck_assert_int_eq(with(sl_parse_size, "512"), 512);
    ck_assert_int_eq(with(sl_parse_size, "512B"), 512);
    ck_assert_int_eq(with(sl_parse_size, "256kB"), 256 * 1024);
    ck_assert_int_eq(with(sl_parse_size, "2 MB"), 2 * 1024 * 1024);
    ck_assert_int_eq(with(sl_parse_size, "1GB"), INT64_C(1) << 30);
    ck_assert_int_eq(with(sl_parse_size, "3TB"), INT64_C(3) << 40);
    ck_assert_int_eq(with(sl_parse_size, "8388607TB"), INT64_C(8388607) << 40);

    static const char *const bad[] = {"",     "MB",    "2mb",  "2M",   "2KB",       "2MiB",
                                      "-1kB", "1.5MB", "2MB ", "2MBx", "8388608TB", "2kB/s"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(with(sl_parse_size, bad[i]) == REFUSED, "%s", bad[i]);
}
END_TEST

START_TEST(rates_are_sizes_a_second)
{
    ck_assert_int_eq(with(sl_parse_rate, "16kB/s"), 16 * 1024);
    ck_assert_int_eq(with(sl_parse_rate, "7/s"), 7);
    ck_assert_int_eq(with(sl_parse_rate, "16kB"), REFUSED);
    ck_assert_int_eq(with(sl_parse_rate, "16kB/min"), REFUSED);
    ck_assert_int_eq(with(sl_parse_rate, "/s"), REFUSED);
}
END_TEST

START_TEST(durations_are_milliseconds_and_bare_numbers_seconds)
{
    ck_assert_int_eq(with(sl_parse_duration, "500ms"), 500);
    ck_assert_int_eq(with(sl_parse_duration, "30s"), 30000);
    ck_assert_int_eq(with(sl_parse_duration, "30"), 30000);
    ck_assert_int_eq(with(sl_parse_duration, "30min"), 1800000);
    ck_assert_int_eq(with(sl_parse_duration, "6 h"), 21600000);
    ck_assert_int_eq(with(sl_parse_duration, "1d"), 86400000);
    ck_assert_int_eq(with(sl_parse_duration, "0"), 0);
    ck_assert_int_eq(with(sl_parse_duration, "30m"), REFUSED);
    ck_assert_int_eq(with(sl_parse_duration, "1h30min"), REFUSED);
    ck_assert_int_eq(with(sl_parse_duration, "9223372036854775807d"), REFUSED);
}
END_TEST

START_TEST(booleans_have_their_usual_words)
{
    bool value = false;

    ck_assert_int_eq(sl_parse_bool("on", &value), 0);
    ck_assert(value);
    ck_assert_int_eq(sl_parse_bool("NO", &value), 0);
    ck_assert(!value);
    ck_assert_int_eq(sl_parse_bool("True", &value), 0);
    ck_assert(value);
    ck_assert_int_eq(sl_parse_bool("0", &value), 0);
    ck_assert(!value);
    ck_assert_int_eq(sl_parse_bool("", &value), -1);
    ck_assert_int_eq(sl_parse_bool("enabled", &value), -1);
}
END_TEST

START_TEST(utf8_is_what_rfc_3629_allows)
{
    static const char *const good[] = {"",
                                       "x",
                                       "\xC2\x80",
                                       "\xDF\xBF",
                                       "\xE0\xA0\x80",
                                       "\xED\x9F\xBF",
                                       "\xEE\x80\x80",
                                       "\xF0\x90\x80\x80",
                                       "\xF4\x8F\xBF\xBF"};
    static const char *const bad[] = {"\x80",
                                      "\xC0\x80",
                                      "\xC1\xBF",
                                      "\xC3",
                                      "\xE0\x9F\xBF",
                                      "\xED\xA0\x80",
                                      "\xE2\x82",
                                      "\xF0\x8F\xBF\xBF",
                                      "\xF4\x90\x80\x80",
                                      "\xF5\x80\x80\x80",
                                      "\xFF",
                                      "a\xC3(b"};

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        ck_assert_msg(sl_utf8_valid(good[i], strlen(good[i])), "good %zu", i);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(!sl_utf8_valid(bad[i], strlen(bad[i])), "bad %zu", i);
    ck_assert(!sl_utf8_valid("a\0b", 3));
}
END_TEST

START_TEST(a_name_is_cut_between_characters)
{
    static const char name[] = "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x90\x98";
    static const int fit[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10};

    for (int max = 0; max < 12; max++)
        ck_assert_int_eq(sl_utf8_fit(name, max), fit[max]);
    ck_assert_int_eq(sl_utf8_fit("", 5), 0);
    /* What is no UTF-8 is cut somewhere. */
    ck_assert_int_eq(sl_utf8_fit("\xFC\xFC\xFC", 2), 2);
    ck_assert_int_ge(sl_utf8_fit("\x80\x80\x80\x80\x80\x80\x80\x80", 6), 3);
}
END_TEST

START_TEST(a_slip_of_the_fingers_finds_the_word)
{
    static const char *const words[] = {"listen", "admin_listen", "max_exports",
                                        "memory", "role",         NULL};

    ck_assert_str_eq(sl_suggest("lisen", words), "listen");
    ck_assert_str_eq(sl_suggest("memroy", words), "memory");
    ck_assert_str_eq(sl_suggest("max-export", words), "max_exports");
    ck_assert_str_eq(sl_suggest("adm_listen", words), "admin_listen");
    ck_assert_str_eq(sl_suggest("role", words), "role");
}
END_TEST

START_TEST(a_different_word_finds_nothing)
{
    static const char *const words[] = {"listen", "role", "xy", NULL};
    char longest[200];

    ck_assert_ptr_null(sl_suggest("timeout", words));
    ck_assert_ptr_null(sl_suggest("ab", words));
    ck_assert_ptr_null(sl_suggest("", words));
    memset(longest, 'l', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    ck_assert_ptr_null(sl_suggest(longest, words));
    const char *const long_words[] = {longest, NULL};
    ck_assert_ptr_null(sl_suggest("llll", long_words));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("units");
    TCase *tc = tcase_create("units");
    SRunner *sr = srunner_create(suite);

    tcase_add_test(tc, integers_are_digits_within_their_range);
    tcase_add_test(tc, sizes_take_the_units_of_postgresql);
    tcase_add_test(tc, rates_are_sizes_a_second);
    tcase_add_test(tc, durations_are_milliseconds_and_bare_numbers_seconds);
    tcase_add_test(tc, booleans_have_their_usual_words);
    tcase_add_test(tc, utf8_is_what_rfc_3629_allows);
    tcase_add_test(tc, a_name_is_cut_between_characters);
    tcase_add_test(tc, a_slip_of_the_fingers_finds_the_word);
    tcase_add_test(tc, a_different_word_finds_nothing);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
