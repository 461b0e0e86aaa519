/* A value in a page is a text, whatever it holds; the files of the pages are in the program. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "http/page.h"

/* One buffer for one text. */
static struct sl_buf out;

static void begin(void)
{
    sl_buf_init(&out, 65536);
}

static void is(const char *wanted)
{
    ck_assert_str_eq(out.data, wanted);
    sl_buf_free(&out);
}

START_TEST(what_has_a_meaning_in_html_is_escaped)
{
    begin();
    ck_assert_int_eq(sl_page_text(&out, "a<b>&\"c'd &amp; \303\274"), 0);
    is("a&#60;b&#62;&#38;&#34;c&#39;d &#38;amp; \303\274");
    begin();
    ck_assert_int_eq(sl_page_text(&out, ""), 0);
    is("");
    begin();
    ck_assert_int_eq(sl_page_text(&out, "<<"), 0);
    is("&#60;&#60;");
}
END_TEST

START_TEST(every_value_of_a_pattern_is_escaped)
{
    begin();
    ck_assert_int_eq(sl_page_put(&out, "<p title=\"%s\">%s 100 %%</p>", "\"x", "<y> %s"), 0);
    is("<p title=\"&#34;x\">&#60;y&#62; %s 100 %</p>");
}
END_TEST

START_TEST(a_pattern_with_anything_else_is_refused)
{
    const char *pattern = "%d";

    begin();
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-security"
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    ck_assert_int_eq(sl_page_put(&out, pattern, 1), -1);
#pragma GCC diagnostic pop
    is("");
}
END_TEST

START_TEST(a_page_that_is_too_long_is_refused)
{
    sl_buf_init(&out, 8);
    ck_assert_int_eq(sl_page_put(&out, "<p>%s</p>", "12345"), -1);
    ck_assert_int_eq(sl_page_text(&out, "<>"), -1);
    sl_buf_free(&out);
}
END_TEST

START_TEST(the_files_are_in_the_program)
{
    const struct sl_page_file *file = sl_page_file("common.css");

    ck_assert_ptr_nonnull(file);
    ck_assert(file->len > 1000);
    ck_assert_int_eq(strncmp((const char *)file->bytes, "/* The look", 11), 0);
    ck_assert_int_eq(file->bytes[file->len - 1], '\n');
    file = sl_page_file("openapi.json");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(strncmp((const char *)file->bytes, "{\"paths\":{", 10), 0);
    ck_assert_ptr_null(sl_page_file("common"));
    ck_assert_ptr_null(sl_page_file(""));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("page");
    TCase *tc = tcase_create("page");
    SRunner *sr = srunner_create(suite);

    tcase_add_test(tc, what_has_a_meaning_in_html_is_escaped);
    tcase_add_test(tc, every_value_of_a_pattern_is_escaped);
    tcase_add_test(tc, a_pattern_with_anything_else_is_refused);
    tcase_add_test(tc, a_page_that_is_too_long_is_refused);
    tcase_add_test(tc, the_files_are_in_the_program);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
