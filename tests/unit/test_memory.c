/* A sink that keeps what is written, up to its limit. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "sink/memory.h"

static int put(struct sl_memory *memory, size_t n, struct sl_error *err)
{
    char *data;
    size_t size;

    ck_assert_int_eq(sl_sink_buffer(&memory->sink, &data, &size, err), 0);
    ck_assert_uint_ge(size, n);
    memset(data, 'x', n);
    return sl_sink_write(&memory->sink, n, err);
}

START_TEST(what_is_written_is_there)
{
    struct sl_memory memory;
    struct sl_error err;

    sl_memory_init(&memory, 100);
    ck_assert_int_eq(put(&memory, 60, &err), 0);
    ck_assert_int_eq(put(&memory, 40, &err), 0);
    ck_assert_int_eq(sl_sink_end(&memory.sink, &err), 0);
    ck_assert_uint_eq(memory.bytes.len, 100);
    ck_assert_uint_gt(sl_sink_room(&memory.sink), 0);
    sl_buf_free(&memory.bytes);
}
END_TEST

START_TEST(more_than_the_limit_is_refused)
{
    struct sl_memory memory;
    struct sl_error err;

    sl_memory_init(&memory, 100);
    ck_assert_int_eq(put(&memory, 60, &err), 0);
    ck_assert_int_eq(put(&memory, 41, &err), -1);
    ck_assert_int_eq(err.kind, SL_LIMIT);
    sl_sink_abort(&memory.sink);
    ck_assert_uint_eq(memory.bytes.len, 60);
    sl_buf_free(&memory.bytes);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("memory");
    TCase *tc = tcase_create("memory");
    SRunner *sr = srunner_create(suite);

    tcase_add_test(tc, what_is_written_is_there);
    tcase_add_test(tc, more_than_the_limit_is_refused);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
