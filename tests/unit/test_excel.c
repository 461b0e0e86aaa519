/* The excel dialect: what counts as a formula, what gets a decimal comma, what is left alone. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "format/excel.h"
#include "windows.h"

static struct windows w; /* large */
static struct sl_style style;

static void setup(void)
{
    sl_style_init(&style, SL_CSV, SL_DIALECT_EXCEL);
}

/* The same at every size of window. */
static void writes(const enum sl_excel *kinds, const char *const *texts, int n, const char *line)
{
    struct sl_cell cells[8];

    for (int i = 0; i < n; i++)
        cells[i] = cell_of(texts[i]);
    for (size_t window = 1; window <= MAX_WINDOW; window++) {
        windows_init(&w, window);
        ck_assert_int_eq(sl_excel_row(&w.out, &style, kinds, cells, n), 0);
        windows_hold(&w, line, strlen(line));
    }
}

#define KINDS(...) ((const enum sl_excel[]){__VA_ARGS__})
#define ROW(n, ...) ((const char *const[n]){__VA_ARGS__}), n

START_TEST(a_text_that_begins_like_a_formula_is_one)
{
    static const char *const formulas[] = {"=",
                                           "=1+1",
                                           "+",
                                           "-",
                                           "-1+1",
                                           "--1",
                                           "+cmd",
                                           "@SUM(A1)",
                                           "\t=1",
                                           "\r=1",
                                           "\n=1",
                                           "-1.2.3",
                                           "-1e5",
                                           "-.5",
                                           "-5 ",
                                           "+-5",
                                           "-5%",
                                           "=5",
                                           "\357\274\2351",
                                           "\357\274\2131",
                                           "\357\274\2151",
                                           "\357\274\240x",
                                           "\xEF\xBC\x9D",
                                           "\xEF\xBB\xBF=1",
                                           "\xEF\xBB\xBF\xEF\xBB\xBF-1+1"};

    for (size_t i = 0; i < sizeof(formulas) / sizeof(formulas[0]); i++)
        ck_assert_msg(sl_excel_formula(formulas[i], strlen(formulas[i])), "%s", formulas[i]);
}
END_TEST

START_TEST(other_texts_and_plain_numbers_are_none)
{
    static const char *const texts[] = {"",
                                        "a",
                                        "5",
                                        "-5",
                                        "+3.25",
                                        "-3,25",
                                        "+49301234567",
                                        "-5.",
                                        " =1+1",
                                        "'=1",
                                        "a=1",
                                        "00123",
                                        "\xEF\xBC",
                                        "\xEF\xBB\xBF",
                                        "\xEF\xBB\xBF-5",
                                        "\xEF\xBC\x9C",
                                        "\xC3\xA4",
                                        "\v"};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        ck_assert_msg(!sl_excel_formula(texts[i], strlen(texts[i])), "%s", texts[i]);
}
END_TEST

START_TEST(only_texts_get_an_apostrophe)
{
    writes(KINDS(SL_XL_TEXT, SL_XL_NUMBER, SL_XL_SAFE, SL_XL_TEXT),
           ROW(4, "=1+1", "-12.5", "-1 days", "-5"), "'=1+1,-12.5,-1 days,-5\r\n");
    writes(KINDS(SL_XL_TEXT, SL_XL_TEXT, SL_XL_TEXT), ROW(3, "=A1,\"x\"", "\r", "@"),
           "\"'=A1,\"\"x\"\"\",\"'\r\",'@\r\n");
}
END_TEST

START_TEST(null_and_the_empty_text_are_told_apart)
{
    writes(KINDS(SL_XL_TEXT, SL_XL_TEXT, SL_XL_NUMBER), ROW(3, "", NULL, NULL), "\"\",,\r\n");
    snprintf(style.null, sizeof(style.null), "%s", "-");
    writes(KINDS(SL_XL_TEXT, SL_XL_TEXT, SL_XL_NUMBER), ROW(3, "", "-", NULL), ",'-,-\r\n");
}
END_TEST

START_TEST(a_decimal_comma_is_for_numbers_only)
{
    style.decimal = ',';
    style.delimiter = ';';
    writes(KINDS(SL_XL_NUMBER, SL_XL_NUMBER, SL_XL_NUMBER, SL_XL_TEXT, SL_XL_SAFE),
           ROW(5, "-1234.50", "1.5e+300", "NaN", "1.5", "12:00:00.5"),
           "-1234,50;1,5e+300;NaN;1.5;12:00:00.5\r\n");
    style.delimiter = ',';
    writes(KINDS(SL_XL_NUMBER, SL_XL_NUMBER, SL_XL_TEXT), ROW(3, "1.5", "15", "-3.25"),
           "\"1,5\",15,-3.25\r\n");
    style.quote = SL_QUOTE_NONNULL;
    writes(KINDS(SL_XL_NUMBER, SL_XL_NUMBER), ROW(2, "1.5", NULL), "\"1,5\",\r\n");
}
END_TEST

START_TEST(a_number_of_a_thousand_digits_is_written_whole)
{
    static char number[2000];
    static char line[2005];

    memset(number, '7', sizeof(number) - 1);
    number[1200] = '.';
    style.decimal = ',';
    style.delimiter = ';';
    snprintf(line, sizeof(line), "%s\r\n", number);
    line[1200] = ',';
    writes(KINDS(SL_XL_NUMBER), ROW(1, number), line);
}
END_TEST

START_TEST(types_that_hold_no_text_are_left_alone)
{
    static const unsigned safe[] = {16,   20,   21,   23,   26,   790, 1082,
                                    1083, 1114, 1184, 1186, 1266, 2950};
    static const unsigned number[] = {700, 701, 1700};
    /* text, varchar, bpchar, name, char, json, int4[], aclitem, inet, one that is not built in */
    static const unsigned text[] = {25, 1043, 1042, 19, 18, 114, 1007, 1033, 869, 16500};

    for (size_t i = 0; i < sizeof(safe) / sizeof(safe[0]); i++)
        ck_assert_int_eq(sl_excel_of(safe[i]), SL_XL_SAFE);
    for (size_t i = 0; i < sizeof(number) / sizeof(number[0]); i++)
        ck_assert_int_eq(sl_excel_of(number[i]), SL_XL_NUMBER);
    for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
        ck_assert_int_eq(sl_excel_of(text[i]), SL_XL_TEXT);
}
END_TEST

START_TEST(names_are_texts)
{
    const struct sl_cell names[] = {cell_of("id"), cell_of("=name"), cell_of("-5"), cell_of("a;b")};
    static const char *const lines[] = {
        [SL_QUOTE_MINIMAL] = "id,'=name,-5,a;b\r\n",
        [SL_QUOTE_NONNULL] = "id,'=name,-5,a;b\r\n",
        [SL_QUOTE_ALL] = "\"id\",\"'=name\",\"-5\",\"a;b\"\r\n",
    };

    style.quote = (enum sl_quote)_i;
    windows_init(&w, 7);
    ck_assert_int_eq(sl_excel_header(&w.out, &style, names, 4), 0);
    windows_hold(&w, lines[_i], strlen(lines[_i]));
}
END_TEST

START_TEST(a_receiver_that_fails_ends_the_row)
{
    const enum sl_excel kinds[] = {SL_XL_TEXT, SL_XL_NUMBER, SL_XL_TEXT};
    const struct sl_cell cells[] = {cell_of("=1,2"), cell_of("1.5"), cell_of(NULL)};
    static const char line[] = "\"'=1,2\",\"1,5\",\r\n";

    style.decimal = ',';
    for (int fail_at = 1; fail_at <= (int)strlen(line); fail_at++) {
        windows_init(&w, 1);
        w.fail_at = fail_at;
        ck_assert_int_eq(sl_excel_row(&w.out, &style, kinds, cells, 3), -1);
        ck_assert_uint_eq(w.n, (size_t)fail_at - 1);
        ck_assert_mem_eq(w.got, line, w.n);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("excel");
    TCase *tc = tcase_create("excel");
    SRunner *sr = srunner_create(suite);

    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, a_text_that_begins_like_a_formula_is_one);
    tcase_add_test(tc, other_texts_and_plain_numbers_are_none);
    tcase_add_test(tc, only_texts_get_an_apostrophe);
    tcase_add_test(tc, null_and_the_empty_text_are_told_apart);
    tcase_add_test(tc, a_decimal_comma_is_for_numbers_only);
    tcase_add_test(tc, a_number_of_a_thousand_digits_is_written_whole);
    tcase_add_test(tc, types_that_hold_no_text_are_left_alone);
    tcase_add_loop_test(tc, names_are_texts, 0, 3);
    tcase_add_test(tc, a_receiver_that_fails_ends_the_row);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
