/* Rows of the django dialect, through windows so small that every value is split. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "format/django.h"

#define MAX_WINDOW 16
#define MAX_COLUMNS 12

struct windows {
    struct sl_out out;
    size_t size;
    int left; /* windows that may still be had */
    char memory[MAX_WINDOW];
    char got[4096];
    size_t n;
};

static void collect(struct windows *w)
{
    size_t n = w->out.pos == NULL ? 0 : (size_t)(w->out.pos - w->memory);

    ck_assert_uint_le(w->n + n, sizeof(w->got));
    memcpy(w->got + w->n, w->memory, n);
    w->n += n;
}

static int more(struct sl_out *out)
{
    struct windows *w = (struct windows *)out;

    collect(w);
    if (w->left-- == 0)
        return -1;
    out->pos = w->memory;
    out->end = w->memory + w->size;
    return 0;
}

static void init(struct windows *w, size_t size)
{
    *w = (struct windows){.out = {.more = more}, .size = size, .left = 4096};
}

static struct sl_cell cell(const char *text)
{
    return (struct sl_cell){text, text == NULL ? -1 : (int)strlen(text)};
}

static int make(struct sl_cell *cells, const char *const *texts, int n)
{
    for (int i = 0; i < n; i++)
        cells[i] = cell(texts[i]);
    return n;
}

/* csv.writer's own, unless a test changes it. */
static struct sl_style style;

static void setup(void)
{
    sl_style_init(&style, SL_CSV, SL_DIALECT_DJANGO);
}

static void writes(const enum sl_python *kinds, const char *const *texts, int n, const char *wanted)
{
    struct sl_cell cells[MAX_COLUMNS];
    struct windows w;
    int bad;

    make(cells, texts, n);
    for (size_t size = 1; size <= MAX_WINDOW; size++) {
        init(&w, size);
        ck_assert_int_eq(sl_django_row(&w.out, &style, kinds, cells, n, &bad), 0);
        ck_assert_int_eq(bad, -1);
        collect(&w);
        ck_assert_msg(w.n == strlen(wanted) && memcmp(w.got, wanted, w.n) == 0,
                      "window %zu: %.*s, not %s", size, (int)w.n, w.got, wanted);
    }
}

#define KINDS(...) ((const enum sl_python[]){__VA_ARGS__})
#define ROW(n, ...) ((const char *const[n]){__VA_ARGS__}), n

START_TEST(every_kind_is_written_as_python_does)
{
    writes(KINDS(SL_PY_BOOL, SL_PY_BOOL, SL_PY_INT, SL_PY_DECIMAL, SL_PY_DECIMAL, SL_PY_FLOAT,
                 SL_PY_DATE, SL_PY_TIME, SL_PY_DATETIME, SL_PY_TIMEDELTA, SL_PY_STR),
           ROW(11, "t", "f", "-42", "100.10", "-0.000000123", "1e+15", "2026-02-01", "12:00:00.5",
               "2026-02-01 03:04:05.678+00", "1 day 02:00:00", "plain"),
           "True,False,-42,100.10,-1.23E-7,1000000000000000.0,2026-02-01,12:00:00.500000,"
           "2026-02-01 03:04:05.678000+00:00,\"1 day, 2:00:00\",plain\r\n");
}
END_TEST

START_TEST(one_digit_near_zero_has_no_point)
{
    writes(KINDS(SL_PY_DECIMAL, SL_PY_DECIMAL, SL_PY_DECIMAL),
           ROW(3, "0.0000001", "0.00000000", "-0.00000001"), "1E-7,0E-8,-1E-8\r\n");
}
END_TEST

START_TEST(text_is_quoted_for_comma_quote_cr_and_lf_only)
{
    writes(KINDS(SL_PY_STR, SL_PY_STR, SL_PY_STR, SL_PY_STR, SL_PY_STR, SL_PY_STR),
           ROW(6, "a,b", "say \"hi\"", "x\ny", "\r", " blanks\t", "\\."),
           "\"a,b\",\"say \"\"hi\"\"\",\"x\ny\",\"\r\", blanks\t,\\.\r\n");
}
END_TEST

START_TEST(null_and_the_empty_text_are_nothing)
{
    writes(KINDS(SL_PY_STR, SL_PY_INT, SL_PY_STR), ROW(3, NULL, NULL, ""), ",,\r\n");
}
END_TEST

START_TEST(a_lone_empty_column_is_quoted)
{
    writes(KINDS(SL_PY_STR), ROW(1, ""), "\"\"\r\n");
    writes(KINDS(SL_PY_INT), ROW(1, NULL), "\"\"\r\n");
    writes(KINDS(SL_PY_STR), ROW(1, " "), " \r\n");
    writes(KINDS(SL_PY_STR), ROW(1, "\\."), "\\.\r\n");
}
END_TEST

START_TEST(a_row_without_columns_is_an_empty_line)
{
    struct windows w;
    int bad;

    init(&w, MAX_WINDOW);
    ck_assert_int_eq(sl_django_row(&w.out, &style, NULL, NULL, 0, &bad), 0);
    ck_assert_int_eq(sl_django_header(&w.out, &style, NULL, 0), 0);
    collect(&w);
    ck_assert_uint_eq(w.n, 4);
    ck_assert_mem_eq(w.got, "\r\n\r\n", 4);
}
END_TEST

START_TEST(a_header_is_text)
{
    struct sl_cell cells[3];
    struct windows w;

    init(&w, 3);
    make(cells, (const char *const[]){"id", "Placed, at", "t"}, 3);
    ck_assert_int_eq(sl_django_header(&w.out, &style, cells, 3), 0);
    make(cells, (const char *const[]){""}, 1);
    ck_assert_int_eq(sl_django_header(&w.out, &style, cells, 1), 0);
    collect(&w);
    ck_assert_uint_eq(w.n, 23);
    ck_assert_mem_eq(w.got, "id,\"Placed, at\",t\r\n\"\"\r\n", 23);
}
END_TEST

START_TEST(a_value_that_python_cannot_hold_tells_its_column)
{
    static const struct {
        enum sl_python kind;
        const char *text;
    } examples[] = {{SL_PY_DATE, "infinity"}, {SL_PY_DATETIME, "0044-03-15 12:00:00 BC"},
                    {SL_PY_TIME, "24:00:00"}, {SL_PY_TIMEDELTA, "178000000 years"},
                    {SL_PY_NONE, "x"},        {SL_PY_BOOL, ""},
                    {SL_PY_FLOAT, ""}};

    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        const enum sl_python kinds[] = {SL_PY_INT, examples[i].kind, SL_PY_INT};
        struct sl_cell cells[3];
        struct windows w;
        int bad = -1;

        init(&w, MAX_WINDOW);
        make(cells, (const char *const[]){"1", examples[i].text, "2"}, 3);
        ck_assert_int_eq(sl_django_row(&w.out, &style, kinds, cells, 3, &bad), -1);
        ck_assert_msg(bad == 1, "%s: %d", examples[i].text, bad);
    }
}
END_TEST

START_TEST(what_is_looked_for_is_the_delimiter)
{
    style.delimiter = ';';
    style.crlf = false;
    writes(KINDS(SL_PY_STR, SL_PY_STR, SL_PY_TIMEDELTA), ROW(3, "a;b", "a,b", "1 day 02:00:00"),
           "\"a;b\";a,b;1 day, 2:00:00\n");
    style.delimiter = '-';
    writes(KINDS(SL_PY_INT, SL_PY_DECIMAL, SL_PY_DATE), ROW(3, "1", "0.000000123", "2026-02-01"),
           "1-\"1.23E-7\"-\"2026-02-01\"\n");
    style.delimiter = '.';
    writes(KINDS(SL_PY_INT, SL_PY_DECIMAL, SL_PY_DECIMAL), ROW(3, "1", "0.000000123", "0.0000001"),
           "1.\"1.23E-7\".1E-7\n");
}
END_TEST

START_TEST(all_in_quotes_is_also_null_and_the_empty_text)
{
    struct sl_cell cells[2];
    struct windows w;

    style.quote = SL_QUOTE_ALL;
    writes(KINDS(SL_PY_STR, SL_PY_INT, SL_PY_STR, SL_PY_BOOL, SL_PY_DECIMAL),
           ROW(5, "", NULL, "a\"b", "t", "0.0000001"),
           "\"\",\"\",\"a\"\"b\",\"True\",\"1E-7\"\r\n");
    writes(KINDS(SL_PY_STR), ROW(1, NULL), "\"\"\r\n");
    init(&w, 3);
    make(cells, (const char *const[]){"id", ""}, 2);
    ck_assert_int_eq(sl_django_header(&w.out, &style, cells, 2), 0);
    collect(&w);
    ck_assert_uint_eq(w.n, 9);
    ck_assert_mem_eq(w.got, "\"id\",\"\"\r\n", 9);
}
END_TEST

START_TEST(text_beyond_ascii_is_written_as_it_is)
{
    writes(KINDS(SL_PY_STR, SL_PY_STR),
           ROW(2, "\xc3\xa9 \xf0\x9f\x98\x80 and more", "\xe2\x80\xa8"),
           "\xc3\xa9 \xf0\x9f\x98\x80 and more,\xe2\x80\xa8\r\n");
}
END_TEST

START_TEST(a_receiver_that_fails_ends_the_row)
{
    const enum sl_python kinds[] = {SL_PY_DECIMAL, SL_PY_STR, SL_PY_TIMEDELTA};
    struct sl_cell cells[3];
    struct windows w;
    int bad;

    make(cells, (const char *const[]){"-0.000000123", "a\"b", "1 day 02:00:00"}, 3);
    for (int windows = 0;; windows++) {
        init(&w, 1);
        w.left = windows;
        int rc = sl_django_row(&w.out, &style, kinds, cells, 3, &bad);

        ck_assert_int_eq(bad, -1);
        if (rc == 0)
            break;
        ck_assert_int_eq(w.left, -1);
        ck_assert_int_lt(windows, 64);
    }
    ck_assert_uint_eq(w.n + 1, strlen("-1.23E-7,\"a\"\"b\",\"1 day, 2:00:00\"\r\n"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("django");
    TCase *rows = tcase_create("rows");
    SRunner *runner = srunner_create(suite);

    tcase_add_test(rows, every_kind_is_written_as_python_does);
    tcase_add_test(rows, one_digit_near_zero_has_no_point);
    tcase_add_test(rows, text_is_quoted_for_comma_quote_cr_and_lf_only);
    tcase_add_test(rows, null_and_the_empty_text_are_nothing);
    tcase_add_test(rows, a_lone_empty_column_is_quoted);
    tcase_add_test(rows, a_row_without_columns_is_an_empty_line);
    tcase_add_test(rows, a_header_is_text);
    tcase_add_test(rows, a_value_that_python_cannot_hold_tells_its_column);
    tcase_add_test(rows, text_beyond_ascii_is_written_as_it_is);
    tcase_add_test(rows, a_receiver_that_fails_ends_the_row);
    tcase_add_checked_fixture(rows, setup, NULL);
    tcase_add_test(rows, what_is_looked_for_is_the_delimiter);
    tcase_add_test(rows, all_in_quotes_is_also_null_and_the_empty_text);
    suite_add_tcase(suite, rows);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
