/* Which control and which schema a parameter's type has. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "http/input.h"

static const char *type(const char *pg, const char *value)
{
    return sl_input_type(sl_input_of(pg), value);
}

START_TEST(each_type_has_its_control)
{
    ck_assert_str_eq(type("date", ""), "date");
    ck_assert_str_eq(type("DATE", ""), "date");
    ck_assert_str_eq(type("timestamp with time zone", ""), "datetime-local");
    ck_assert_str_eq(type("time", ""), "time");
    ck_assert_str_eq(type("bigint", ""), "number");
    ck_assert_str_eq(type("double precision", ""), "number");
    ck_assert_str_eq(type("text", ""), "text");
    ck_assert_str_eq(type("date[]", ""), "text");
    ck_assert_str_eq(type("", ""), "text");
    ck_assert_int_eq(sl_input_of("boolean")->control, SL_CONTROL_BOOL);
    ck_assert_int_eq(sl_input_of("integer[]")->control, SL_CONTROL_LIST);
    ck_assert_int_eq(sl_input_of("numeric(12,2)")->control, SL_CONTROL_NUMBER);
    ck_assert_int_eq(sl_input_of("numeric(12,2)[]")->control, SL_CONTROL_LIST);
    ck_assert_int_eq(sl_input_of("timestamp(3) with time zone")->control, SL_CONTROL_MOMENT);
    ck_assert_int_eq(sl_input_of("my_enum")->control, SL_CONTROL_TEXT);
    ck_assert_int_eq(sl_input_of("timetz")->control, SL_CONTROL_TEXT);
}
END_TEST

START_TEST(a_value_that_the_control_cannot_show_is_shown_as_text)
{
    ck_assert_str_eq(type("date", "2026-02-03"), "date");
    ck_assert_str_eq(type("date", "yesterday"), "text");
    ck_assert_str_eq(type("date", "2026-02-033"), "text");
    ck_assert_str_eq(type("date", "2026-02-0"), "text");
    ck_assert_str_eq(type("timestamp", "2026-02-03T10:30"), "datetime-local");
    ck_assert_str_eq(type("timestamp", "2026-02-03T10:30:59"), "datetime-local");
    ck_assert_str_eq(type("timestamp", "2026-02-03 10:30"), "text");
    ck_assert_str_eq(type("timestamptz", "2026-02-03T10:30:59+01"), "text");
    ck_assert_str_eq(type("time", "10:30"), "time");
    ck_assert_str_eq(type("time", "noon"), "text");
    ck_assert_str_eq(type("integer", "-7"), "number");
    ck_assert_str_eq(type("integer", "1e3"), "text");
    ck_assert_str_eq(type("numeric", "1.5"), "number");
    ck_assert_str_eq(type("numeric", "NaN"), "text");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("input");
    TCase *tc = tcase_create("input");
    SRunner *sr = srunner_create(suite);

    tcase_add_test(tc, each_type_has_its_control);
    tcase_add_test(tc, a_value_that_the_control_cannot_show_is_shown_as_text);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
