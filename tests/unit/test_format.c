#include <check.h>
#include <stdlib.h>

#include "catalog/format.h"

static const char *of_file(const char *path)
{
    const struct sl_format *format = sl_format_of_file(path);

    return format == NULL ? "none" : format->name;
}

START_TEST(each_format_is_found_by_its_name_alone)
{
    ck_assert_int_eq(sl_format_find("csv")->compression, SL_PLAIN);
    ck_assert_int_eq(sl_format_find("csv.gz")->compression, SL_GZIP);
    ck_assert_int_eq(sl_format_find("csv.zst")->compression, SL_ZSTD);
    for (const struct sl_format *format = sl_formats; format->name != NULL; format++)
        ck_assert_ptr_eq(sl_format_find(format->name), format);
    ck_assert_ptr_null(sl_format_find(""));
    ck_assert_ptr_null(sl_format_find("gz"));
    ck_assert_ptr_null(sl_format_find("csv."));
    ck_assert_ptr_null(sl_format_find("csv.gz.gz"));
    ck_assert_ptr_null(sl_format_find("CSV"));
}
END_TEST

START_TEST(a_file_has_the_format_that_its_name_ends_in)
{
    ck_assert_str_eq(of_file("orders.csv"), "csv");
    ck_assert_str_eq(of_file("/srv/2026.01/orders.csv.gz"), "csv.gz");
    ck_assert_str_eq(of_file("orders-20260101.csv.zst"), "csv.zst");
    ck_assert_str_eq(of_file("orders.gz.csv"), "csv");
    ck_assert_str_eq(of_file("ORDERS.CSV.GZ"), "csv.gz");
    ck_assert_str_eq(of_file("orders.txt"), "none");
    ck_assert_str_eq(of_file("orders.gz"), "none");
    ck_assert_str_eq(of_file("csv"), "none");
    ck_assert_str_eq(of_file("xcsv"), "none");
    ck_assert_str_eq(of_file("orders.csv.bz2"), "none");
    ck_assert_str_eq(of_file(""), "none");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("format");
    TCase *tc = tcase_create("format");
    SRunner *sr = srunner_create(suite);

    tcase_add_test(tc, each_format_is_found_by_its_name_alone);
    tcase_add_test(tc, a_file_has_the_format_that_its_name_ends_in);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
