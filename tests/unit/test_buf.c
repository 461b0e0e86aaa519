#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/buf.h"

START_TEST(an_empty_buffer_is_an_empty_string)
{
    struct sl_buf buf;

    sl_buf_init(&buf, 10);
    ck_assert_str_eq(buf.data, "");
    ck_assert_int_eq(sl_buf_add(&buf, NULL, 0), 0);
    ck_assert_str_eq(buf.data, "");
    char *text = sl_buf_take(&buf);
    ck_assert_str_eq(text, "");
    free(text);
    sl_buf_free(&buf);
}
END_TEST

START_TEST(content_grows_in_order_and_ends_with_nul)
{
    struct sl_buf buf;

    sl_buf_init(&buf, 100000);
    for (int i = 0; i < 1000; i++) {
        ck_assert_int_eq(sl_buf_printf(&buf, "%d", i), 0);
        ck_assert_int_eq(sl_buf_putc(&buf, ','), 0);
        ck_assert_uint_eq(strlen(buf.data), buf.len);
    }
    ck_assert_int_eq(sl_buf_puts(&buf, "end"), 0);
    ck_assert_int_eq(strncmp(buf.data, "0,1,2,3,", 8), 0);
    ck_assert_str_eq(buf.data + buf.len - 7, "999,end");
    sl_buf_free(&buf);
}
END_TEST

START_TEST(the_maximum_holds_and_overflow_keeps_the_content)
{
    struct sl_buf buf;

    for (size_t max = 0; max < 200; max++) {
        sl_buf_init(&buf, max);
        for (size_t i = 0; i < max; i++)
            ck_assert_int_eq(sl_buf_putc(&buf, 'x'), 0);
        ck_assert_int_eq(sl_buf_putc(&buf, 'y'), -1);
        ck_assert_int_eq(sl_buf_printf(&buf, "%s", "yy"), -1);
        ck_assert_int_eq(sl_buf_puts(&buf, "yyy"), -1);
        ck_assert_uint_eq(buf.len, max);
        ck_assert_uint_le(buf.cap, max + 1);
        ck_assert_uint_eq(strspn(buf.data, "x"), max);
        sl_buf_free(&buf);
    }
}
END_TEST

START_TEST(a_length_that_would_wrap_around_is_refused)
{
    struct sl_buf buf;

    sl_buf_init(&buf, SIZE_MAX);
    ck_assert_int_eq(sl_buf_puts(&buf, "abc"), 0);
    ck_assert_int_eq(sl_buf_add(&buf, "x", SIZE_MAX - 2), -1);
    ck_assert_str_eq(buf.data, "abc");
    sl_buf_free(&buf);
}
END_TEST

START_TEST(taking_leaves_an_empty_buffer_that_can_be_used_again)
{
    struct sl_buf buf;

    sl_buf_init(&buf, 100);
    ck_assert_int_eq(sl_buf_puts(&buf, "first"), 0);
    char *first = sl_buf_take(&buf);
    ck_assert_str_eq(buf.data, "");
    ck_assert_int_eq(sl_buf_puts(&buf, "second"), 0);
    ck_assert_str_eq(first, "first");
    ck_assert_str_eq(buf.data, "second");
    free(first);
    sl_buf_free(&buf);
}
END_TEST

/* Makes a file of n bytes; the caller unlinks it. */
static void make_file(char *path, size_t n)
{
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq(write(fd, "z", 1), 1);
    close(fd);
}

START_TEST(a_file_is_read_whole_or_not_at_all)
{
    char path[] = "/tmp/test_buf_XXXXXX";
    struct sl_error err;
    struct sl_buf buf;

    make_file(path, 10000);
    sl_buf_init(&buf, 10000);
    ck_assert_int_eq(sl_buf_read_file(&buf, path, SL_CONFIG, &err), 0);
    ck_assert_uint_eq(buf.len, 10000);
    sl_buf_free(&buf);

    sl_buf_init(&buf, 9999);
    ck_assert_int_eq(sl_buf_read_file(&buf, path, SL_CONFIG, &err), -1);
    ck_assert_int_eq(err.kind, SL_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.message, path));
    ck_assert_ptr_nonnull(strstr(err.message, "larger than 9999 bytes"));
    sl_buf_free(&buf);
    unlink(path);

    ck_assert_int_eq(sl_buf_read_file(&buf, path, SL_NOT_FOUND, &err), -1);
    ck_assert_int_eq(err.kind, SL_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(err.message, "No such file"));
    ck_assert_int_eq(sl_buf_read_file(&buf, "/", SL_CONFIG, &err), -1);
    sl_buf_free(&buf);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("buf");
    TCase *tc = tcase_create("buf");
    SRunner *sr = srunner_create(suite);

    tcase_add_test(tc, an_empty_buffer_is_an_empty_string);
    tcase_add_test(tc, content_grows_in_order_and_ends_with_nul);
    tcase_add_test(tc, the_maximum_holds_and_overflow_keeps_the_content);
    tcase_add_test(tc, a_length_that_would_wrap_around_is_refused);
    tcase_add_test(tc, taking_leaves_an_empty_buffer_that_can_be_used_again);
    tcase_add_test(tc, a_file_is_read_whole_or_not_at_all);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
