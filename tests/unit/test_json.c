#include <check.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "base/json.h"

static struct sl_buf buf;

static void setup(void)
{
    sl_buf_init(&buf, 1000);
}

static void teardown(void)
{
    sl_buf_free(&buf);
}

START_TEST(every_byte_gives_valid_json)
{
    for (int first = 1; first < 256; first++) {
        for (int second = 0; second < 256; second++) {
            const char text[] = {(char)first, (char)second, '\0'};
            buf.len = 0;
            ck_assert_int_eq(sl_json_string(&buf, text), 0);
            json_t *value = json_loads(buf.data, JSON_DECODE_ANY, NULL);
            ck_assert_msg(value != NULL, "bytes %d %d gave %s", first, second, buf.data);
            json_decref(value);
        }
    }
}
END_TEST

START_TEST(valid_text_survives_the_round_trip)
{
    static const char *const texts[] = {"",          "plain",          "a\"b\\c\n\r\t\x01\x7F",
                                        "\xC3\xA4",  "\xE2\x80\xAE x", "\xF0\x9F\x90\x98 elephant",
                                        "</script>", "\xE2\x80\xA8"};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        buf.len = 0;
        ck_assert_int_eq(sl_json_string(&buf, texts[i]), 0);
        json_t *value = json_loads(buf.data, JSON_DECODE_ANY, NULL);
        ck_assert_str_eq(json_string_value(value), texts[i]);
        json_decref(value);
    }
}
END_TEST

START_TEST(broken_utf8_becomes_the_replacement_character)
{
    ck_assert_int_eq(sl_json_string(&buf, "a\xFF"
                                          "b\xC3"),
                     0);
    ck_assert_str_eq(buf.data, "\"a\xEF\xBF\xBD"
                               "b\xEF\xBF\xBD\"");
}
END_TEST

START_TEST(members_are_separated_by_commas)
{
    ck_assert_int_eq(sl_buf_putc(&buf, '{'), 0);
    ck_assert_int_eq(sl_json_member(&buf, "a", "{"), 0);
    ck_assert_int_eq(sl_json_member(&buf, "b", NULL), 0);
    ck_assert_int_eq(sl_json_member_int(&buf, "c", INT64_MIN), 0);
    ck_assert_int_eq(sl_json_name(&buf, "d"), 0);
    ck_assert_int_eq(sl_buf_putc(&buf, '{'), 0);
    ck_assert_int_eq(sl_json_member_int(&buf, "e", 0), 0);
    ck_assert_int_eq(sl_buf_puts(&buf, "}}"), 0);
    ck_assert_str_eq(buf.data,
                     "{\"a\":\"{\",\"b\":null,\"c\":-9223372036854775808,\"d\":{\"e\":0}}");
}
END_TEST

START_TEST(a_full_buffer_is_an_error)
{
    sl_buf_free(&buf);
    sl_buf_init(&buf, 8);
    ck_assert_int_eq(sl_json_string(&buf, "1234567"), -1);
    buf.len = 0;
    ck_assert_int_eq(sl_json_string(&buf, "123456"), 0);
    ck_assert_int_eq(sl_json_member(&buf, "a", "b"), -1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("json");
    TCase *tc = tcase_create("json");
    SRunner *sr = srunner_create(suite);

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, every_byte_gives_valid_json);
    tcase_add_test(tc, valid_text_survives_the_round_trip);
    tcase_add_test(tc, broken_utf8_becomes_the_replacement_character);
    tcase_add_test(tc, members_are_separated_by_commas);
    tcase_add_test(tc, a_full_buffer_is_an_error);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
