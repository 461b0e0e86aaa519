#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "format/out.h"

/* Hands out windows of a given size and keeps what was written. */
struct pieces {
    struct sl_out out;
    size_t size;
    int calls;
    int fail_at; /* this call fails; 0: none */
    char window[64];
    char *base;
    char got[4096];
    size_t n;
};

static void collect(struct pieces *p)
{
    size_t n = (size_t)(p->out.pos - p->base);

    if (n > 0)
        memcpy(p->got + p->n, p->base, n);
    p->n += n;
    p->base = p->out.pos = p->out.end = NULL;
}

static int more(struct sl_out *out)
{
    struct pieces *p = (struct pieces *)out;

    ck_assert_ptr_eq(out->pos, out->end);
    collect(p);
    p->calls++;
    if (p->calls == p->fail_at)
        return -1;
    p->base = p->window;
    out->pos = p->window;
    out->end = p->window + p->size;
    return 0;
}

static void init(struct pieces *p, size_t size)
{
    memset(p, 0, sizeof *p);
    p->out.more = more;
    p->size = size;
}

static const char text[] = "the quick brown fox jumps over the lazy dog";

START_TEST(bytes_pass_in_order_over_windows_of_any_size)
{
    for (size_t size = 1; size <= 64; size++) {
        for (size_t n = 0; n < sizeof text; n++) {
            struct pieces p;

            init(&p, size);
            ck_assert_int_eq(sl_out_bytes(&p.out, text, n), 0);
            ck_assert_int_eq(sl_out_bytes(&p.out, text, n), 0);
            collect(&p);
            ck_assert_uint_eq(p.n, 2 * n);
            ck_assert_mem_eq(p.got, text, n);
            ck_assert_mem_eq(p.got + n, text, n);
        }
    }
}
END_TEST

START_TEST(a_window_is_opened_only_when_a_byte_needs_it)
{
    struct pieces p;

    init(&p, 4);
    ck_assert_int_eq(sl_out_bytes(&p.out, NULL, 0), 0);
    ck_assert_int_eq(p.calls, 0);
    ck_assert_int_eq(sl_out_bytes(&p.out, text, 4), 0);
    ck_assert_int_eq(p.calls, 1);
    ck_assert_int_eq(sl_out_bytes(&p.out, text, 0), 0);
    ck_assert_int_eq(p.calls, 1);
    ck_assert_int_eq(sl_out_bytes(&p.out, text, 1), 0);
    ck_assert_int_eq(p.calls, 2);
}
END_TEST

START_TEST(a_window_that_cannot_be_had_ends_the_writing_at_once)
{
    for (int fail_at = 1; fail_at <= 10; fail_at++) {
        struct pieces p;

        init(&p, 4);
        p.fail_at = fail_at;
        ck_assert_int_eq(sl_out_bytes(&p.out, text, 43), -1);
        ck_assert_int_eq(p.calls, fail_at);
        ck_assert_uint_eq(p.n, (size_t)(fail_at - 1) * 4);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("out");
    TCase *tc = tcase_create("out");
    SRunner *sr = srunner_create(suite);

    tcase_add_test(tc, bytes_pass_in_order_over_windows_of_any_size);
    tcase_add_test(tc, a_window_is_opened_only_when_a_byte_needs_it);
    tcase_add_test(tc, a_window_that_cannot_be_had_ends_the_writing_at_once);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
