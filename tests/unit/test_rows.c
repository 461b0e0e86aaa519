/* A style and the columns of a result make the formatter that writes them. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "format/rows.h"
#include "windows.h"

static struct windows w; /* large */

/* numeric, text, an array of text */
static const struct sl_field fields[] = {
    {{"=n", 2}, 1700, false}, {{"t", 1}, 25, false}, {{"a", 1}, 1009, false}};

/* Begins, writes header and one row. */
static void writes(const struct sl_style *style, int n, const char *wanted)
{
    const struct sl_cell cells[] = {cell_of("-1.5"), cell_of("=x\t,"), cell_of(NULL)};
    struct sl_cell names[3];
    int bad;
    struct sl_rows *rows = sl_rows_new(style, fields, n, &bad);

    ck_assert_ptr_nonnull(rows);
    windows_init(&w, 4);
    for (int i = 0; i < n; i++)
        names[i] = fields[i].name;
    ck_assert_int_eq(sl_rows_begin(rows, &w.out), 0);
    ck_assert_int_eq(sl_rows_header(rows, &w.out, names), 0);
    ck_assert_int_eq(sl_rows_row(rows, &w.out, cells, &bad), 0);
    ck_assert_int_eq(bad, -1);
    windows_hold(&w, wanted, strlen(wanted));
    sl_rows_free(rows);
}

static struct sl_style style_of(enum sl_layout layout, enum sl_dialect dialect)
{
    struct sl_style style;

    sl_style_init(&style, layout, dialect);
    return style;
}

START_TEST(each_style_writes_in_its_own_way)
{
    struct sl_style style = style_of(SL_CSV, SL_DIALECT_POSTGRES);

    writes(&style, 3, "=n,t,a\n-1.5,\"=x\t,\",\n");
    style = style_of(SL_CSV, SL_DIALECT_DJANGO);
    writes(&style, 2, "=n,t\r\n-1.5,\"=x\t,\"\r\n");
    style = style_of(SL_CSV, SL_DIALECT_EXCEL);
    writes(&style, 3, "\xEF\xBB\xBF'=n,t,a\r\n-1.5,\"'=x\t,\",\r\n");
    style.bom = false;
    style.decimal = ',';
    style.delimiter = ';';
    writes(&style, 3, "'=n;t;a\r\n-1,5;'=x\t,;\r\n");
}
END_TEST

START_TEST(a_dialect_means_nothing_beside_csv)
{
    struct sl_style style = style_of(SL_TSV, SL_DIALECT_EXCEL);

    writes(&style, 3, "=n\tt\ta\n-1.5\t=x\\t,\t\\N\n");
    style.bom = true;
    writes(&style, 3, "\xEF\xBB\xBF=n\tt\ta\n-1.5\t=x\\t,\t\\N\n");
}
END_TEST

START_TEST(a_type_that_python_has_no_value_for_is_told)
{
    struct sl_style style = style_of(SL_CSV, SL_DIALECT_DJANGO);
    int bad;

    ck_assert_ptr_null(sl_rows_new(&style, fields, 3, &bad));
    ck_assert_int_eq(bad, 2);
}
END_TEST

START_TEST(no_columns_are_empty_lines)
{
    struct sl_style style = style_of(SL_TSV, SL_DIALECT_POSTGRES);

    writes(&style, 0, "\n\n");
    style = style_of(SL_CSV, SL_DIALECT_EXCEL);
    writes(&style, 0, "\xEF\xBB\xBF\r\n\r\n");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rows");
    TCase *tc = tcase_create("rows");
    SRunner *sr = srunner_create(suite);

    tcase_add_test(tc, each_style_writes_in_its_own_way);
    tcase_add_test(tc, a_dialect_means_nothing_beside_csv);
    tcase_add_test(tc, a_type_that_python_has_no_value_for_is_told);
    tcase_add_test(tc, no_columns_are_empty_lines);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
