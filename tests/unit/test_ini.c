#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/ini.h"

static struct sl_buf seen;
static struct sl_error err;

static void setup(void)
{
    sl_buf_init(&seen, SL_INI_MAX_BYTES);
}

static void teardown(void)
{
    sl_buf_free(&seen);
}

/* Notes what was read, one entry a line: "LINE section/name.key=value". */
static int note(void *ctx, const struct sl_ini_entry *entry, struct sl_error *error)
{
    struct sl_buf *buf = ctx;

    if (entry->key == NULL)
        return sl_buf_printf(buf, "%d [%s/%s]\n", entry->line, entry->section, entry->name);
    if (strcmp(entry->key, "stop") == 0)
        return sl_error_set(error, SL_CONFIG, "stopped at %d", entry->line);
    return sl_buf_printf(buf, "%d %s/%s.%s=<%s>\n", entry->line, entry->section, entry->name,
                         entry->key, entry->value);
}

static int read_text(const char *text)
{
    return sl_ini_read("x.conf", text, strlen(text), note, &seen, &err);
}

static void reads_as(const char *text, const char *entries)
{
    seen.len = 0;
    ck_assert_msg(read_text(text) == 0, "%s", err.message);
    seen.data[seen.len] = '\0';
    ck_assert_str_eq(seen.data, entries);
}

static void refused(const char *text, const char *begin)
{
    ck_assert_int_eq(read_text(text), -1);
    ck_assert_int_eq(err.kind, SL_CONFIG);
    ck_assert_msg(strncmp(err.message, begin, strlen(begin)) == 0, "%s", err.message);
}

START_TEST(sections_and_keys_come_in_order_with_their_lines)
{
    reads_as("# comment\n\n[server]\nlisten = 127.0.0.1:8080\n; comment\nadmin_listen=\n"
             "[token  Reports-2.x]\t\nrole =  a = b  \n",
             "3 [server/]\n4 server/.listen=<127.0.0.1:8080>\n6 server/.admin_listen=<>\n"
             "7 [token/Reports-2.x]\n8 token/Reports-2.x.role=<a = b>\n");
}
END_TEST

START_TEST(indented_lines_continue_a_value)
{
    reads_as("[a]\nk = 1\n  2\n# between\n\t3\nl =\n  x\n  # y\nm = z",
             "1 [a/]\n2 a/.k=<1\n2\n3>\n6 a/.l=<x>\n9 a/.m=<z>\n");
    reads_as("[a]\n  # first\nk = 1\n  ; y\n  2 # z\n", "1 [a/]\n3 a/.k=<1\n2 # z>\n");
}
END_TEST

START_TEST(line_ends_and_byte_order_marks_of_other_systems_do_no_harm)
{
    reads_as("\xEF\xBB\xBF[a]\r\nk = 1\r\n  2\r\n\r\nl = 3\r\n",
             "1 [a/]\n2 a/.k=<1\n2>\n5 a/.l=<3>\n");
}
END_TEST

START_TEST(a_blank_line_ends_a_value)
{
    refused("[a]\nk = 1\n\n  2\n", "x.conf:4: ");
}
END_TEST

START_TEST(what_is_no_ini_is_refused_with_its_line)
{
    refused("k = 1\n", "x.conf:1: a key stands before the first section");
    refused("[a]\n k = 1\n", "x.conf:2: a line that begins with white space");
    refused("[a]\nhello\n", "x.conf:2: this line is no section");
    refused("[a\n", "x.conf:1: a section line must end with ]");
    refused("[", "x.conf:1: a section line must end with ]");
    refused("[]\n", "x.conf:1: this is no section name");
    refused("[a b c]\n", "x.conf:1: a section's own name");
    refused("[A]\n", "x.conf:1: this is no section name");
    refused("[a]\nKey = 1\n", "x.conf:2: a key is a word");
    refused("[a]\na b = 1\n", "x.conf:2: a key is a word");
    refused("[a]\n= 1\n", "x.conf:2: a key is a word");
    refused("[a]\nk = \xFF\n", "x.conf:2: this line is not UTF-8");
    ck_assert_int_eq(sl_ini_read("x.conf", "[a]\nk=\0\n", 8, note, &seen, &err), -1);
    ck_assert_str_eq(err.message, "x.conf:2: this line is not UTF-8 text; save the file as UTF-8");
}
END_TEST

START_TEST(a_message_does_not_quote_the_line)
{
    refused("[access]\nhunter2 is my key\n", "x.conf:2: ");
    ck_assert_ptr_null(strstr(err.message, "hunter2"));
}
END_TEST

START_TEST(the_reader_stops_where_its_user_says)
{
    refused("[a]\nk = 1\nstop = 1\nl = 2\n", "stopped at 3");
    seen.data[seen.len] = '\0';
    ck_assert_str_eq(seen.data, "1 [a/]\n2 a/.k=<1>\n");
}
END_TEST

/* A value of n bytes in lines of 100. */
static void long_value(struct sl_buf *text, size_t n)
{
    text->len = 0;
    ck_assert_int_eq(sl_buf_puts(text, "[a]\nk = "), 0);
    for (size_t i = 1; i <= n; i++)
        ck_assert_int_eq(sl_buf_puts(text, i % 100 == 0 && i < n ? "\n " : "x"), 0);
}

START_TEST(sizes_have_their_limits)
{
    struct sl_buf text;

    sl_buf_init(&text, SL_INI_MAX_BYTES + 1);
    long_value(&text, SL_INI_MAX_VALUE - 1);
    ck_assert_int_eq(sl_ini_read("x.conf", text.data, text.len, note, &seen, &err), 0);
    long_value(&text, SL_INI_MAX_VALUE + 1);
    ck_assert_int_eq(sl_ini_read("x.conf", text.data, text.len, note, &seen, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "longer than 64 kB"));
    while (sl_buf_putc(&text, '\n') == 0)
        continue;
    ck_assert_int_eq(sl_ini_read("x.conf", text.data, text.len, note, &seen, &err), -1);
    ck_assert_str_eq(err.message, "x.conf: larger than 1 MB; shorten it");
    sl_buf_free(&text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ini");
    TCase *tc = tcase_create("ini");
    SRunner *sr = srunner_create(suite);

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, sections_and_keys_come_in_order_with_their_lines);
    tcase_add_test(tc, indented_lines_continue_a_value);
    tcase_add_test(tc, line_ends_and_byte_order_marks_of_other_systems_do_no_harm);
    tcase_add_test(tc, a_blank_line_ends_a_value);
    tcase_add_test(tc, what_is_no_ini_is_refused_with_its_line);
    tcase_add_test(tc, a_message_does_not_quote_the_line);
    tcase_add_test(tc, the_reader_stops_where_its_user_says);
    tcase_add_test(tc, sizes_have_their_limits);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
