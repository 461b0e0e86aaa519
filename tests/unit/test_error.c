#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/units.h"

START_TEST(setting_an_error_returns_minus_one_and_forgets_the_last)
{
    struct sl_error err;

    ck_assert_int_eq(sl_error_param(&err, "since", "no date"), -1);
    ck_assert_int_eq(sl_error_detail(&err, "was %s", "tomorrow"), -1);
    ck_assert_int_eq(err.kind, SL_BAD_PARAMETER);
    ck_assert_str_eq(err.parameter, "since");
    ck_assert_str_eq(err.message, "no date");
    ck_assert_str_eq(err.detail, "was tomorrow");

    ck_assert_int_eq(sl_error_set(&err, SL_BUSY, "%d are waiting", 64), -1);
    ck_assert_int_eq(err.kind, SL_BUSY);
    ck_assert_str_eq(err.message, "64 are waiting");
    ck_assert_str_eq(err.parameter, "");
    ck_assert_str_eq(err.detail, "");
    ck_assert_str_eq(err.sqlstate, "");
}
END_TEST

START_TEST(what_the_caller_wrote_is_told_to_him_and_not_recorded)
{
    struct sl_error err;

    sl_error_param(&err, "_columns", "there is no column secret");
    ck_assert_str_eq(sl_error_recorded(&err), "there is no column secret");
    err.echoes = true;
    ck_assert_str_eq(sl_error_recorded(&err), sl_kind_title(SL_BAD_PARAMETER));
    sl_error_set(&err, SL_BUSY, "64 are waiting");
    ck_assert_str_eq(sl_error_recorded(&err), "64 are waiting");
}
END_TEST

START_TEST(an_error_may_quote_itself)
{
    struct sl_error err;

    sl_error_param(&err, "day", "no date");
    sl_error_param(&err, err.parameter, "orders: %s", err.message);
    ck_assert_str_eq(err.message, "orders: no date");
    ck_assert_str_eq(err.parameter, "day");
}
END_TEST

START_TEST(a_long_text_is_cut_between_characters)
{
    static const char *const characters[] = {"x", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x90\x98"};
    struct sl_error err;

    for (size_t c = 0; c < 4; c++) {
        char text[1024];
        size_t width = strlen(characters[c]);
        for (size_t shift = 0; shift < 4; shift++) {
            memset(text, 'x', shift);
            size_t len = shift;
            for (; len + width < sizeof(text); len += width)
                memcpy(text + len, characters[c], width);
            text[len] = '\0';
            sl_error_param(&err, text, "%s", text);
            ck_assert_uint_gt(strlen(err.message) + width, sizeof(err.message) - 1);
            ck_assert(sl_utf8_valid(err.message, strlen(err.message)));
            ck_assert_uint_gt(strlen(err.parameter) + width, sizeof(err.parameter) - 1);
            ck_assert(sl_utf8_valid(err.parameter, strlen(err.parameter)));
        }
    }
}
END_TEST

START_TEST(kinds_map_to_status_and_exit_code_as_documented)
{
    static const struct {
        enum sl_kind kind;
        const char *name;
        unsigned http;
        int exit;
    } table[] = {
        {SL_USAGE, "usage", 400, 64},
        {SL_BAD_REQUEST, "bad_request", 400, 64},
        {SL_BAD_PARAMETER, "bad_parameter", 400, 65},
        {SL_UNAUTHORIZED, "unauthorized", 401, 77},
        {SL_FORBIDDEN, "forbidden", 403, 77},
        {SL_NOT_FOUND, "not_found", 404, 64},
        {SL_METHOD, "method", 405, 70},
        {SL_CONFLICT, "conflict", 409, 70},
        {SL_TICKET_GONE, "ticket_gone", 410, 70},
        {SL_LIMIT, "limit", 413, 65},
        {SL_BAD_QUERY, "bad_query", 422, 70},
        {SL_SQL, "sql", 500, 70},
        {SL_INTERNAL, "internal", 500, 70},
        {SL_HTTP_VERSION, "http_version", 505, 70},
        {SL_BUSY, "busy", 503, 75},
        {SL_UNAVAILABLE, "unavailable", 503, 69},
        {SL_DB_LOST, "db_lost", 503, 75},
        {SL_TIMEOUT, "timeout", 504, 75},
        {SL_CANCELLED, "cancelled", 503, 75},
        {SL_OUTPUT_CREATE, "output", 500, 73},
        {SL_OUTPUT_WRITE, "output", 500, 74},
        {SL_CONFIG, "config", 500, 78},
    };

    ck_assert_uint_eq(sizeof(table) / sizeof(table[0]), SL_KIND_COUNT - 1);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        ck_assert_str_eq(sl_kind_name(table[i].kind), table[i].name);
        ck_assert_uint_eq(sl_kind_http(table[i].kind), table[i].http);
        ck_assert_int_eq(sl_kind_exit(table[i].kind), table[i].exit);
        ck_assert_uint_gt(strlen(sl_kind_title(table[i].kind)), 0);
    }
    ck_assert_int_eq(sl_kind_exit(SL_NONE), 0);
}
END_TEST

START_TEST(four_kinds_may_pass_by_themselves)
{
    for (int kind = SL_NONE; kind < SL_KIND_COUNT; kind++)
        ck_assert_int_eq(sl_kind_passes((enum sl_kind)kind),
                         kind == SL_BUSY || kind == SL_UNAVAILABLE || kind == SL_DB_LOST ||
                             kind == SL_TIMEOUT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("error");
    TCase *tc = tcase_create("error");
    SRunner *sr = srunner_create(suite);

    tcase_add_test(tc, setting_an_error_returns_minus_one_and_forgets_the_last);
    tcase_add_test(tc, what_the_caller_wrote_is_told_to_him_and_not_recorded);
    tcase_add_test(tc, an_error_may_quote_itself);
    tcase_add_test(tc, a_long_text_is_cut_between_characters);
    tcase_add_test(tc, kinds_map_to_status_and_exit_code_as_documented);
    tcase_add_test(tc, four_kinds_may_pass_by_themselves);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
