#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "access/document.h"
#include "base/buf.h"

static struct sl_error err;

/* On the heap with its exact size, so that a sanitizer sees a read past the end. */
static json_t *load(const char *text, size_t len)
{
    char *copy = malloc(len + 1);

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, text, len);
    json_t *object = sl_document_load(copy, len, "the paper", SL_BAD_REQUEST, &err);
    free(copy);
    return object;
}

static const char *refused(const char *text)
{
    ck_assert_msg(load(text, strlen(text)) == NULL, "%s: accepted", text);
    ck_assert_int_eq(err.kind, SL_BAD_REQUEST);
    ck_assert_msg(strncmp(err.message, "the paper ", 10) == 0, "%s", err.message);
    return err.message;
}

START_TEST(an_object_is_read)
{
    static const char text[] = "{\"a\": \"\xc3\xbc\", \"b\": [1, {\"c\": null}]} \n";
    json_t *object = load(text, strlen(text));

    ck_assert_ptr_nonnull(object);
    ck_assert_str_eq(json_string_value(json_object_get(object, "a")), "\xc3\xbc");
    ck_assert_uint_eq(json_object_size(object), 2);
    json_decref(object);
}
END_TEST

START_TEST(what_is_no_object_is_refused)
{
    static const char *const bad[] = {
        "",
        " ",
        "1",
        "[]",
        "null",
        "\"x\"",
        "{",
        "{}x",
        "{\"a\"}",
        "{a: 1}",
        "{'a': 1}",
        "{\"a\": 1,}",
        "{\"a\": \"\xff\"}",
        "{\"a\": \"\\ud800\"}",
        "{\"a\": 1e999}",
        "{\"a\": 99999999999999999999}",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        refused(bad[i]);
}
END_TEST

START_TEST(a_nul_is_refused_however_it_is_written)
{
    ck_assert_ptr_nonnull(strstr(refused("{\"a\": \"x\\u0000y\"}"), "NUL"));
    refused("{\"a\\u0000b\": 1}");
    ck_assert_ptr_null(load("{\"a\": \"x\0y\"}", 12));
    ck_assert_ptr_null(load("{}\0", 3));
}
END_TEST

START_TEST(a_name_that_is_there_twice_is_refused)
{
    ck_assert_ptr_nonnull(strstr(refused("{\"a\": 1, \"a\": 2}"), "twice"));
    refused("{\"b\": {\"a\": 1, \"\\u0061\": 2}}");
}
END_TEST

START_TEST(the_place_is_told_and_nothing_quoted)
{
    const char *message = refused("{\"hush\": \"hush\",\n\"hush\" hush}");

    ck_assert_ptr_nonnull(strstr(message, "line 2"));
    ck_assert_ptr_null(strstr(message, "hush"));
}
END_TEST

static json_t *nested(const char *open, const char *close, int depth)
{
    struct sl_buf text;
    json_t *object;

    sl_buf_init(&text, 1 << 20);
    ck_assert_int_eq(sl_buf_puts(&text, "{\"a\": "), 0);
    for (int i = 0; i < depth; i++)
        ck_assert_int_eq(sl_buf_puts(&text, open), 0);
    ck_assert_int_eq(sl_buf_puts(&text, "\"]}[{\\\"[[[[[[[[\""), 0);
    for (int i = 0; i < depth; i++)
        ck_assert_int_eq(sl_buf_puts(&text, close), 0);
    ck_assert_int_eq(sl_buf_puts(&text, "}"), 0);
    object = load(text.data, text.len);
    sl_buf_free(&text);
    return object;
}

START_TEST(depth_has_a_bound_and_strings_do_not_count)
{
    for (int depth = 0; depth < SL_DOCUMENT_DEPTH; depth++) {
        json_t *object = nested("[", "]", depth);
        ck_assert_msg(object != NULL, "%d: %s", depth, err.message);
        json_decref(object);
    }
    ck_assert_ptr_null(nested("[", "]", SL_DOCUMENT_DEPTH));
    ck_assert_ptr_nonnull(strstr(err.message, "deep"));
    ck_assert_ptr_null(nested("{\"b\":", "}", SL_DOCUMENT_DEPTH));
    ck_assert_ptr_null(nested("[", "]", 100000));
    ck_assert_ptr_null(nested("[", "", 100000));
}
END_TEST

START_TEST(an_unknown_member_gets_the_nearest_as_a_suggestion)
{
    static const char *const names[] = {"sql", "labels", "settings", NULL};

    ck_assert_int_eq(sl_document_find("sql", names, "the paper", SL_BAD_REQUEST, &err), 0);
    ck_assert_int_eq(sl_document_find("settings", names, "the paper", SL_BAD_REQUEST, &err), 2);
    ck_assert_int_eq(sl_document_find("setings", names, "the paper", SL_FORBIDDEN, &err), -1);
    ck_assert_int_eq(err.kind, SL_FORBIDDEN);
    ck_assert_str_eq(err.message,
                     "the paper has an unknown member setings; did you mean settings?");
    ck_assert_int_eq(sl_document_find("colour", names, "the paper", SL_BAD_REQUEST, &err), -1);
    ck_assert_str_eq(err.message, "the paper has an unknown member colour");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("document");
    TCase *tc = tcase_create("document");
    SRunner *runner = srunner_create(suite);

    tcase_add_test(tc, an_object_is_read);
    tcase_add_test(tc, what_is_no_object_is_refused);
    tcase_add_test(tc, a_nul_is_refused_however_it_is_written);
    tcase_add_test(tc, a_name_that_is_there_twice_is_refused);
    tcase_add_test(tc, the_place_is_told_and_nothing_quoted);
    tcase_add_test(tc, depth_has_a_bound_and_strings_do_not_count);
    tcase_add_test(tc, an_unknown_member_gets_the_nearest_as_a_suggestion);
    suite_add_tcase(suite, tc);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
