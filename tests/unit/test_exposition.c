/* Prometheus' text format, against what its documentation shows. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "http/exposition.h"

static struct sl_buf out;
static struct sl_exposition text;

static void setup(void)
{
    sl_buf_init(&out, 65536);
    text = (struct sl_exposition){.out = &out};
}

static void teardown(void)
{
    sl_buf_free(&out);
}

START_TEST(a_family_has_its_head_and_then_its_samples)
{
    sl_exposition_family(&text, "x_total", "counter", "How many.");
    sl_exposition_int(&text, SL_LABEL("export", "orders"), 12);
    sl_exposition_int(&text, SL_LABEL("export", "users"), INT64_MAX);
    sl_exposition_family(&text, "y", "gauge", "How much.");
    sl_exposition_real(&text, SL_NO_LABELS, 1.5);
    ck_assert_int_eq(sl_exposition_done(&text), 0);
    ck_assert_str_eq(out.data, "# HELP x_total How many.\n# TYPE x_total counter\n"
                               "x_total{export=\"orders\"} 12\n"
                               "x_total{export=\"users\"} 9223372036854775807\n"
                               "# HELP y How much.\n# TYPE y gauge\ny 1.500\n");
}
END_TEST

START_TEST(label_values_cannot_end_their_quotes_or_their_line)
{
    text.name = "x";
    sl_exposition_int(&text, (struct sl_labels){{{"a", "\"\\\n"}, {"b", "\xC3\xA4{},="}}}, -1);
    ck_assert_str_eq(out.data, "x{a=\"\\\"\\\\\\n\",b=\"\xC3\xA4{},=\"} -1\n");
}
END_TEST

START_TEST(buckets_of_a_histogram_add_up_and_end_in_infinity)
{
    static const struct sl_buckets buckets = {3, {5, 100, 1500}};
    struct sl_histogram histogram = {0};
    static const int64_t values[] = {5, 6, 7, 1000, 99999, 100000};

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        sl_histogram_add(&histogram, &buckets, values[i]);
    text.name = "t_seconds";
    sl_exposition_histogram(&text, SL_LABEL("export", "o"), &histogram, &buckets, 1000);
    ck_assert_str_eq(out.data, "t_seconds_bucket{export=\"o\",le=\"0.005\"} 1\n"
                               "t_seconds_bucket{export=\"o\",le=\"0.1\"} 3\n"
                               "t_seconds_bucket{export=\"o\",le=\"1.5\"} 4\n"
                               "t_seconds_bucket{export=\"o\",le=\"+Inf\"} 6\n"
                               "t_seconds_sum{export=\"o\"} 201.017\n"
                               "t_seconds_count{export=\"o\"} 6\n");
}
END_TEST

START_TEST(sizes_are_written_in_full)
{
    static const struct sl_buckets buckets = {1, {67108864}};
    struct sl_histogram histogram = {0};

    sl_histogram_add(&histogram, &buckets, 3758096385);
    text.name = "m_bytes";
    sl_exposition_histogram(&text, SL_NO_LABELS, &histogram, &buckets, 1);
    ck_assert_str_eq(out.data, "m_bytes_bucket{le=\"67108864\"} 0\nm_bytes_bucket{le=\"+Inf\"} 1\n"
                               "m_bytes_sum 3758096385\nm_bytes_count 1\n");
}
END_TEST

static void put_much(void)
{
    static const struct sl_buckets buckets = {2, {1, 2}};
    static const struct sl_histogram histogram;

    sl_exposition_family(&text, "x", "histogram", "Help.");
    sl_exposition_histogram(&text, SL_LABEL("a", "q\"\n"), &histogram, &buckets, 1);
    sl_exposition_real(&text, SL_NO_LABELS, 0);
}

START_TEST(a_buffer_that_is_too_small_is_an_error_at_every_size)
{
    put_much();
    ck_assert_int_eq(sl_exposition_done(&text), 0);
    size_t needed = out.len;
    for (size_t max = 0; max < needed; max++) {
        teardown();
        setup();
        out.max = max;
        put_much();
        ck_assert_int_eq(sl_exposition_done(&text), -1);
        ck_assert_uint_le(out.len, max);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("exposition");
    TCase *tc = tcase_create("exposition");
    SRunner *sr = srunner_create(suite);

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_family_has_its_head_and_then_its_samples);
    tcase_add_test(tc, label_values_cannot_end_their_quotes_or_their_line);
    tcase_add_test(tc, buckets_of_a_histogram_add_up_and_end_in_infinity);
    tcase_add_test(tc, sizes_are_written_in_full);
    tcase_add_test(tc, a_buffer_that_is_too_small_is_an_error_at_every_size);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
