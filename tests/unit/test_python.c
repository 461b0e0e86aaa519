/* What Python prints for PostgreSQL's text: expectations are str() of CPython 3.11 and
 * psycopg2 2.9. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "format/python.h"

struct example {
    const char *text;
    const char *wanted; /* NULL: Python cannot hold it */
};

typedef int print_fn(const char *text, size_t n, char *to);

static void check_all(print_fn *print, const struct example *examples, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct example *e = &examples[i];
        size_t len = strlen(e->text);
        char *exact = malloc(len + 1); /* so that reading past the end is seen */
        char to[SL_PYTHON_MAX];

        memcpy(exact, e->text, len);
        int got = print(exact, len, to);
        free(exact);
        if (e->wanted == NULL)
            ck_assert_msg(got == -1, "%s was taken: %.*s", e->text, got, to);
        else
            ck_assert_msg(got == (int)strlen(e->wanted) && memcmp(to, e->wanted, (size_t)got) == 0,
                          "%s became %.*s, not %s", e->text, got < 0 ? 0 : got, to, e->wanted);
    }
}

#define CHECK_ALL(print, ...)                                                                      \
    do {                                                                                           \
        static const struct example examples[] = {__VA_ARGS__};                                    \
        check_all(print, examples, sizeof(examples) / sizeof(examples[0]));                        \
    } while (0)

START_TEST(a_float_has_the_layout_of_repr)
{
    CHECK_ALL(sl_python_float, {"0", "0.0"}, {"-0", "-0.0"}, {"1", "1.0"}, {"100", "100.0"},
              {"-1.5", "-1.5"}, {"0.1", "0.1"}, {"0.0001", "0.0001"}, {"1e-05", "1e-05"},
              {"1.25e-05", "1.25e-05"}, {"0.00012", "0.00012"}, {"1e+15", "1000000000000000.0"},
              {"1e+16", "1e+16"}, {"1.234567890123456e+16", "1.234567890123456e+16"},
              {"1234567890123456", "1234567890123456.0"},
              {"9.007199254740992e+15", "9007199254740992.0"}, {"1.6777216e+07", "16777216.0"},
              {"1.7976931348623157e+308", "1.7976931348623157e+308"}, {"5e-324", "5e-324"},
              {"123456789.12345679", "123456789.12345679"}, {"3.4028235e+38", "3.4028235e+38"},
              {"NaN", "nan"}, {"Infinity", "inf"}, {"-Infinity", "-inf"});
}
END_TEST

START_TEST(a_float_in_the_middle_between_two_has_the_shorter_digits)
{
    CHECK_ALL(sl_python_float, {"9.999999999999999e+22", "1e+23"},
              {"-9.999999999999999e+22", "-1e+23"}, {"1e+22", "1e+22"},
              {"9.007199254740993e+22", "9.007199254740993e+22"});
}
END_TEST

START_TEST(what_is_no_float_is_refused)
{
    CHECK_ALL(sl_python_float, {"", NULL}, {"-", NULL}, {".", NULL}, {"1e", NULL}, {"1e+", NULL},
              {"1e99999", NULL}, {"1.2.3", NULL}, {"1x", NULL}, {"nan", NULL}, {"Infinit", NULL},
              {"123456789012345678901234567890123", NULL}, {"--1", NULL}, {"+1", NULL});
}
END_TEST

START_TEST(a_decimal_takes_an_exponent_near_zero_only)
{
    static const struct {
        const char *text;
        size_t first;
        int exponent; /* 0: as it is */
    } examples[] = {{"0", 0, 0},
                    {"0.000001", 0, 0},
                    {"-0.000001", 0, 0},
                    {"10.0000000", 0, 0},
                    {"100", 0, 0},
                    {"0.0000001", 8, -7},
                    {"0.000000", 0, 0},
                    {"0.0000000", 8, -7},
                    {"-0.00000012", 9, -7},
                    {"0.00000000", 9, -8},
                    {"0.000000001230", 10, -9},
                    {"NaN", 0, 0},
                    {"-Infinity", 0, 0},
                    {"", 0, 0},
                    {"-", 0, 0},
                    {"0.", 0, 0},
                    {"-0", 0, 0},
                    {"1.00000001", 0, 0}};

    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        size_t first = 0;
        int exponent = 0;
        bool takes =
            sl_python_decimal(examples[i].text, strlen(examples[i].text), &first, &exponent);

        ck_assert_msg(takes == (examples[i].exponent != 0), "%s", examples[i].text);
        if (takes) {
            ck_assert_msg(first == examples[i].first, "%s: %zu", examples[i].text, first);
            ck_assert_msg(exponent == examples[i].exponent, "%s: %d", examples[i].text, exponent);
        }
    }
}
END_TEST

START_TEST(a_date_is_from_year_1_to_9999)
{
    CHECK_ALL(sl_python_date, {"2026-02-01", "2026-02-01"}, {"0001-01-01", "0001-01-01"},
              {"9999-12-31", "9999-12-31"}, {"10000-01-01", NULL}, {"0044-03-15 BC", NULL},
              {"infinity", NULL}, {"-infinity", NULL}, {"0000-01-01", NULL}, {"", NULL},
              {"2026-02-0", NULL}, {"2026/02/01", NULL});
}
END_TEST

START_TEST(a_time_has_six_digits_of_a_second_or_none)
{
    CHECK_ALL(sl_python_time, {"00:00:00", "00:00:00"}, {"23:59:59.999999", "23:59:59.999999"},
              {"12:00:00.1", "12:00:00.100000"}, {"04:05:06.789", "04:05:06.789000"},
              {"12:00:00.000000", "12:00:00"}, {"24:00:00", NULL}, {"12:00", NULL},
              {"12:00:00+05:30", "12:00:00+05:30"}, {"12:00:00.5-07", "12:00:00.500000-07:00"},
              {"12:00:00+00:53:28", "12:00:00+00:53:28"},
              {"12:00:00+15:59:59", "12:00:00+15:59:59"}, {"12:00:00+", NULL}, {"12:00:00+5", NULL},
              {"12:00:00.1234567", NULL}, {"12:00:00.", NULL}, {"12:00:00 ", NULL}, {"", NULL});
}
END_TEST

START_TEST(a_datetime_tells_its_offset_in_minutes_or_seconds)
{
    CHECK_ALL(sl_python_datetime, {"2026-02-01 03:04:05", "2026-02-01 03:04:05"},
              {"2024-01-02 03:04:05.678+00", "2024-01-02 03:04:05.678000+00:00"},
              {"1850-01-01 00:53:28+00:53:28", "1850-01-01 00:53:28+00:53:28"},
              {"1969-12-31 19:00:00.000001-05", "1969-12-31 19:00:00.000001-05:00"},
              {"0044-03-15 12:00:00 BC", NULL}, {"294276-12-31 23:59:59.999999", NULL},
              {"infinity", NULL}, {"-infinity", NULL}, {"2026-02-01", NULL}, {"2026-02-01 ", NULL},
              {"2026-02-01T03:04:05", NULL}, {"0044-03-15 12:00:00+00:53:28 BC", NULL}, {"", NULL});
}
END_TEST

START_TEST(a_timedelta_counts_days_and_is_negative_in_days_only)
{
    CHECK_ALL(sl_python_timedelta, {"00:00:00", "0:00:00"}, {"1 day 02:00:00", "1 day, 2:00:00"},
              {"1 year 2 mons 3 days 04:05:06.789", "428 days, 4:05:06.789000"},
              {"-1 years -2 mons +3 days -04:05:06", "-423 days, 19:54:54"},
              {"1 mon", "30 days, 0:00:00"}, {"-1 days", "-1 day, 0:00:00"},
              {"00:00:00.000001", "0:00:00.000001"}, {"-00:00:01", "-1 day, 23:59:59"},
              {"-00:00:00.000001", "-1 day, 23:59:59.999999"}, {"1 day -00:00:01", "23:59:59"},
              {"1000:00:00", "41 days, 16:00:00"}, {"-24:00:00", "-1 day, 0:00:00"},
              {"999999999 days", "999999999 days, 0:00:00"},
              {"-999999999 days", "-999999999 days, 0:00:00"}, {"999999999 days 24:00:00", NULL},
              {"-999999999 days -00:00:00.000001", NULL}, {"178000000 years", NULL},
              {"2147483647:00:00", "89478485 days, 7:00:00"}, {"2147483648:00:00", NULL},
              {"2562047788:00:54.775807", NULL}, {"infinity", NULL}, {"", NULL}, {"1", NULL},
              {"1 week", NULL}, {"1 day ", NULL}, {"1:2:3", NULL}, {"P1D", NULL},
              {"00:00:00 1 day", NULL}, {"99999999999 days", NULL});
}
END_TEST

START_TEST(types_that_are_not_promised_have_no_kind)
{
    static const unsigned others[] = {17,  114, 3802, 1009, 790, 650,
                                      142, 600, 3904, 2249, 0,   16384};

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        ck_assert_int_eq(sl_python_of(others[i]), SL_PY_NONE);
    ck_assert_int_eq(sl_python_of(16), SL_PY_BOOL);
    ck_assert_int_eq(sl_python_of(25), SL_PY_STR);
    ck_assert_int_eq(sl_python_of(1186), SL_PY_TIMEDELTA);
    ck_assert_int_eq(sl_python_of(1700), SL_PY_DECIMAL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("python");
    TCase *values = tcase_create("values");
    SRunner *runner = srunner_create(suite);

    tcase_add_test(values, a_float_has_the_layout_of_repr);
    tcase_add_test(values, a_float_in_the_middle_between_two_has_the_shorter_digits);
    tcase_add_test(values, what_is_no_float_is_refused);
    tcase_add_test(values, a_decimal_takes_an_exponent_near_zero_only);
    tcase_add_test(values, a_date_is_from_year_1_to_9999);
    tcase_add_test(values, a_time_has_six_digits_of_a_second_or_none);
    tcase_add_test(values, a_datetime_tells_its_offset_in_minutes_or_seconds);
    tcase_add_test(values, a_timedelta_counts_days_and_is_negative_in_days_only);
    tcase_add_test(values, types_that_are_not_promised_have_no_kind);
    suite_add_tcase(suite, values);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
