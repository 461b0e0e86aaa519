/*
 * The CSV writer against the rules of COPY TO (FORMAT csv), by hand and against a
 * reference that is written as the rules read, byte by byte.
 */
#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "format/csv.h"
#include "windows.h"

#define MAX_LINE (MAX_GOT / 2)

/* ---- the reference */

/* The style of what is checked: COPY's own, unless a test changes it. */
static struct sl_style style;

static void setup(void)
{
    sl_style_init(&style, SL_CSV, SL_DIALECT_POSTGRES);
}

static bool is_quoted(const struct sl_cell *cell, int n)
{
    size_t len = (size_t)cell->len;

    if (style.quote != SL_QUOTE_MINIMAL)
        return true;
    if (len == strlen(style.null) && (len == 0 || memcmp(cell->data, style.null, len) == 0))
        return true;
    for (size_t k = 0; k < len; k++)
        if (cell->data[k] == style.delimiter ||
            (cell->data[k] != '\0' && strchr("\"\r\n", cell->data[k]) != NULL))
            return true;
    return n == 1 && len == 2 && memcmp(cell->data, "\\.", 2) == 0;
}

static size_t reference(char *line, const struct sl_cell *cells, int n)
{
    size_t at = 0;

    for (int i = 0; i < n; i++) {
        bool is_null = cells[i].len < 0;
        struct sl_cell cell = is_null ? cell_of(style.null) : cells[i];
        bool quote = is_null ? style.quote == SL_QUOTE_ALL : is_quoted(&cell, n);

        if (i > 0)
            line[at++] = style.delimiter;
        if (quote)
            line[at++] = '"';
        for (int k = 0; k < cell.len; k++) {
            if (cell.data[k] == '"')
                line[at++] = '"';
            line[at++] = cell.data[k];
        }
        if (quote)
            line[at++] = '"';
    }
    if (style.crlf)
        line[at++] = '\r';
    line[at++] = '\n';
    return at;
}

static struct windows w; /* large */
static char expected[2 * MAX_LINE];

static void check_row(const struct sl_cell *cells, int n, size_t window)
{
    size_t len = reference(expected, cells, n);

    windows_init(&w, window);
    if (sl_csv_row(&w.out, &style, cells, n) != 0)
        ck_abort_msg("a row of %d cells failed", n);
    windows_hold(&w, expected, len);
}

/* ---- rules by hand */

START_TEST(each_rule_of_copy_holds)
{
    static const struct {
        const char *cells[3];
        int n;
        const char *line;
    } rules[] = {
        {{"a", "b", "c"}, 3, "a,b,c\n"},
        {{NULL}, 1, "\n"},
        {{""}, 1, "\"\"\n"},
        {{NULL, NULL}, 2, ",\n"},
        {{"", ""}, 2, "\"\",\"\"\n"},
        {{NULL, "", NULL}, 3, ",\"\",\n"},
        {{"\\."}, 1, "\"\\.\"\n"},
        {{"\\.", "x"}, 2, "\\.,x\n"},
        {{"x", "\\."}, 2, "x,\\.\n"},
        {{"\\.", "\\."}, 2, "\\.,\\.\n"},
        {{"\\", "."}, 2, "\\,.\n"},
        {{"\\.x"}, 1, "\\.x\n"},
        {{"x\\."}, 1, "x\\.\n"},
        {{"\\"}, 1, "\\\n"},
        {{"."}, 1, ".\n"},
        {{"\\N"}, 1, "\\N\n"},
        {{"NULL"}, 1, "NULL\n"},
        {{"#"}, 1, "#\n"},
        {{" a "}, 1, " a \n"},
        {{"\ta\t"}, 1, "\ta\t\n"},
        {{" "}, 1, " \n"},
        {{"a;b|c'd"}, 1, "a;b|c'd\n"},
        {{","}, 1, "\",\"\n"},
        {{"\""}, 1, "\"\"\"\"\n"},
        {{"\"\""}, 1, "\"\"\"\"\"\"\n"},
        {{"\n"}, 1, "\"\n\"\n"},
        {{"\r"}, 1, "\"\r\"\n"},
        {{"\r\n"}, 1, "\"\r\n\"\n"},
        {{"say \"hi\""}, 1, "\"say \"\"hi\"\"\"\n"},
        {{"\"x"}, 1, "\"\"\"x\"\n"},
        {{"x\""}, 1, "\"x\"\"\"\n"},
        {{"\xC3\xA4\xE2\x82\xAC"}, 1, "\xC3\xA4\xE2\x82\xAC\n"},
        {{"=1+1"}, 1, "=1+1\n"},
    };

    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        struct sl_cell cells[3];

        for (int k = 0; k < rules[i].n; k++)
            cells[k] = cell_of(rules[i].cells[k]);
        for (size_t window = 1; window <= MAX_WINDOW; window++) {
            check_row(cells, rules[i].n, window);
            ck_assert_uint_eq(w.n, strlen(rules[i].line));
            ck_assert_mem_eq(w.got, rules[i].line, w.n);
        }
    }
}
END_TEST

START_TEST(a_row_of_no_columns_is_an_empty_line)
{
    for (size_t window = 1; window <= MAX_WINDOW; window++) {
        windows_init(&w, window);
        for (int i = 0; i < 3; i++)
            ck_assert_int_eq(sl_csv_row(&w.out, &style, NULL, 0), 0);
        windows_collect(&w);
        ck_assert_uint_eq(w.n, 3);
        ck_assert_mem_eq(w.got, "\n\n\n", 3);
    }
}
END_TEST

/* ---- every length, every place. Values end where their memory ends. */

static const char special[] = {',', '"', '\n', '\r'};
/* Near a special byte, but none. */
static const char harmless[] = {'+',        '-',        '!',        '#',        '\t',       '\v',
                                '\f',       '\x0e',     '\\',       '\'',       ' ',        '\x7f',
                                (char)0xAC, (char)0xA2, (char)0x8A, (char)0x8D, (char)0xFF, ';'};

static void check_value(char *value, int len)
{
    for (size_t window = 1; window <= MAX_WINDOW; window++)
        check_row(&(struct sl_cell){value, len}, 1, window);
}

START_TEST(a_special_byte_is_found_at_every_place_of_every_length)
{
    for (int len = 0; len <= 70; len++) {
        char *value = malloc((size_t)len + (len == 0));

        memset(value, 'x', (size_t)len);
        check_value(value, len);
        for (int at = 0; at < len; at++) {
            for (size_t i = 0; i < sizeof special; i++) {
                value[at] = special[i];
                check_value(value, len);
            }
            value[at] = 'x';
        }
        free(value);
    }
}
END_TEST

START_TEST(no_other_byte_is_ever_quoted)
{
    for (int len = 1; len <= 70; len++) {
        char *value = malloc((size_t)len);

        for (int byte = 1; byte < 256; byte++) {
            bool is_special = memchr(special, byte, sizeof special) != NULL;

            memset(value, byte, (size_t)len);
            check_row(&(struct sl_cell){value, len}, 1, MAX_WINDOW);
            ck_assert_msg((w.got[0] == '"') == is_special, "byte %d, length %d", byte, len);
        }
        for (int at = 0; at < len; at++) {
            for (size_t i = 0; i < sizeof harmless; i++) {
                memset(value, 'x', (size_t)len);
                value[at] = harmless[i];
                check_row(&(struct sl_cell){value, len}, 1, 17);
                if (w.got[0] == '"')
                    ck_abort_msg("byte %d at %d of %d was quoted", harmless[i], at, len);
            }
        }
        free(value);
    }
}
END_TEST

START_TEST(a_special_byte_is_found_across_the_pieces_of_a_long_value)
{
    static const int lengths[] = {4080, 4095, 4096, 4097, 4103, 4112, 4113, 8191, 8192, 8193, 8208};

    for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++) {
        int len = lengths[l];
        char *value = malloc((size_t)len);
        struct sl_cell one = {value, len};

        memset(value, 'x', (size_t)len);
        check_row(&one, 1, MAX_WINDOW);
        for (int at = 0; at < len; at++) {
            bool near = at < 20 || at > len - 40 || (at % 4096) < 20 || (at % 4096) > 4070;

            value[at] = special[at % 4];
            if (near)
                check_row(&one, 1, MAX_WINDOW);
            value[at] = 'x';
        }
        free(value);
    }
}
END_TEST

/* ---- pseudo-random rows */

static uint32_t seed;

static uint32_t below(uint32_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed % n;
}

#define MAX_CELLS 9
#define CELL_BYTES 300

/* cells[i] points into memory; returns the number of cells. */
static int random_row(struct sl_cell *cells, char memory[MAX_CELLS][CELL_BYTES])
{
    static const char alphabet[] = "abcdefghij,\"\n\r\\. \t;\xC3\xA4";
    int n = (int)below(MAX_CELLS + 1);

    for (int i = 0; i < n; i++) {
        uint32_t kind = below(10);
        int len = (int)(kind < 5 ? below(12) : below(CELL_BYTES));

        if (kind == 0)
            len = -1;
        if (kind == 1)
            len = 0;
        for (int k = 0; k < len; k++)
            memory[i][k] =
                kind < 7 ? (char)('a' + below(26)) : alphabet[below(sizeof alphabet - 1)];
        if (kind == 2) {
            memcpy(memory[i], "\\.", 2);
            len = 2;
        }
        cells[i] = (struct sl_cell){memory[i], len};
    }
    return n;
}

START_TEST(random_rows_are_what_the_reference_prints)
{
    static char memory[MAX_CELLS][CELL_BYTES];
    struct sl_cell cells[MAX_CELLS];

    seed = 20261121;
    for (int i = 0; i < 20000; i++) {
        int n = random_row(cells, memory);

        check_row(cells, n, 1 + below(MAX_WINDOW));
    }
}
END_TEST

START_TEST(rows_follow_each_other_without_a_gap)
{
    static char memory[MAX_CELLS][CELL_BYTES];
    struct sl_cell cells[MAX_CELLS];

    seed = 4711;
    for (int round = 0; round < 2000; round++) {
        size_t len = 0;

        windows_init(&w, 1 + below(MAX_WINDOW));
        for (int i = 0; i < 6; i++) {
            int n = random_row(cells, memory);

            len += reference(expected + len, cells, n);
            ck_assert_int_eq(sl_csv_row(&w.out, &style, cells, n), 0);
        }
        windows_collect(&w);
        ck_assert_uint_eq(w.n, len);
        ck_assert_mem_eq(w.got, expected, len);
    }
}
END_TEST

/* ---- styles */

static const struct {
    enum sl_quote quote;
    char delimiter;
    bool crlf;
    const char *null;
} styles[] = {
    {SL_QUOTE_MINIMAL, ';', false, ""},     {SL_QUOTE_MINIMAL, '\t', true, ""},
    {SL_QUOTE_MINIMAL, ',', false, "NULL"}, {SL_QUOTE_MINIMAL, '|', true, "\\N"},
    {SL_QUOTE_MINIMAL, 'a', false, "b"},    {SL_QUOTE_NONNULL, ',', false, ""},
    {SL_QUOTE_NONNULL, ';', true, "NULL"},  {SL_QUOTE_ALL, ',', false, ""},
    {SL_QUOTE_ALL, '\t', true, "NULL"},     {SL_QUOTE_MINIMAL, '.', false, "\\\\"},
};
#define N_STYLES (int)(sizeof(styles) / sizeof(styles[0]))

static void choose_style(int i)
{
    style.quote = styles[i].quote;
    style.delimiter = styles[i].delimiter;
    style.crlf = styles[i].crlf;
    snprintf(style.null, sizeof(style.null), "%s", styles[i].null);
}

START_TEST(random_rows_of_a_style_are_what_the_reference_prints)
{
    static char memory[MAX_CELLS][CELL_BYTES];
    static const char *const odd[] = {"NULL", "NUL", "NULLS", "\\N", "b", "", ";", "\t", "."};
    struct sl_cell cells[MAX_CELLS];

    choose_style(_i);
    seed = 815;
    for (int i = 0; i < 5000; i++) {
        int n = random_row(cells, memory);

        if (n > 0)
            cells[below((uint32_t)n)] = cell_of(odd[below(sizeof(odd) / sizeof(odd[0]))]);
        check_row(cells, n, 1 + below(MAX_WINDOW));
    }
}
END_TEST

START_TEST(the_delimiter_is_found_at_every_place_and_a_comma_no_longer)
{
    char value[70];

    style.delimiter = ';';
    for (int len = 1; len <= 70; len++)
        for (int at = 0; at < len; at++) {
            memset(value, ',', sizeof(value));
            check_row(&(struct sl_cell){value, len}, 1, 17);
            value[at] = ';';
            check_row(&(struct sl_cell){value, len}, 1, 17);
        }
}
END_TEST

START_TEST(pieces_are_written_as_the_whole_that_they_make)
{
    static const char *const wholes[] = {"'=1+1", "1234;56", "NULL", "say \"hi\"",
                                         "a\nb",  "x",       "12,5"};

    choose_style(_i);
    for (size_t k = 0; k < sizeof(wholes) / sizeof(wholes[0]); k++) {
        struct sl_cell whole = cell_of(wholes[k]);

        for (int cut = 0; cut <= whole.len; cut++) {
            const struct sl_cell pieces[] = {{whole.data, cut},
                                             {whole.data + cut, whole.len - cut}};

            windows_init(&w, 3);
            ck_assert_int_eq(sl_csv_pieces(&w.out, &style, pieces, 2), 0);
            ck_assert_int_eq(sl_csv_end(&w.out, &style), 0);
            windows_hold(&w, expected, reference(expected, &whole, 1));
        }
    }
}
END_TEST

START_TEST(a_header_is_in_quotes_only_where_all_is)
{
    const struct sl_cell names[] = {cell_of("id"), cell_of("a,b")};
    static const char *const lines[] = {
        [SL_QUOTE_MINIMAL] = "id,\"a,b\"\n",
        [SL_QUOTE_NONNULL] = "id,\"a,b\"\n",
        [SL_QUOTE_ALL] = "\"id\",\"a,b\"\n",
    };

    style.quote = (enum sl_quote)_i;
    windows_init(&w, 5);
    ck_assert_int_eq(sl_csv_header(&w.out, &style, names, 2), 0);
    windows_hold(&w, lines[_i], strlen(lines[_i]));
}
END_TEST

/* ---- failure */

START_TEST(a_window_that_cannot_be_had_ends_the_row_and_nothing_follows)
{
    struct sl_cell cells[] = {
        cell_of("plain"), cell_of(NULL),  cell_of(""),   cell_of("with \"quotes\", and"),
        cell_of("a\nb"),  cell_of("\\."), cell_of("end")};
    size_t len = reference(expected, cells, 7);

    for (size_t window = 1; window <= MAX_WINDOW; window++) {
        int needed = (int)((len + window - 1) / window);

        for (int fail_at = 1; fail_at <= needed; fail_at++) {
            windows_init(&w, window);
            w.fail_at = fail_at;
            ck_assert_int_eq(sl_csv_row(&w.out, &style, cells, 7), -1);
            ck_assert_int_eq(w.calls, fail_at);
            ck_assert_uint_eq(w.n, (size_t)(fail_at - 1) * window);
            ck_assert_mem_eq(w.got, expected, w.n);
        }
        windows_init(&w, window);
        w.fail_at = needed + 1;
        ck_assert_int_eq(sl_csv_row(&w.out, &style, cells, 7), 0);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("csv");
    TCase *tc = tcase_create("csv");
    SRunner *sr = srunner_create(suite);

    tcase_set_timeout(tc, 20);
    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, each_rule_of_copy_holds);
    tcase_add_test(tc, a_row_of_no_columns_is_an_empty_line);
    tcase_add_test(tc, a_special_byte_is_found_at_every_place_of_every_length);
    tcase_add_test(tc, no_other_byte_is_ever_quoted);
    tcase_add_test(tc, a_special_byte_is_found_across_the_pieces_of_a_long_value);
    tcase_add_test(tc, random_rows_are_what_the_reference_prints);
    tcase_add_test(tc, rows_follow_each_other_without_a_gap);
    tcase_add_test(tc, a_window_that_cannot_be_had_ends_the_row_and_nothing_follows);
    tcase_add_loop_test(tc, random_rows_of_a_style_are_what_the_reference_prints, 0, N_STYLES);
    tcase_add_test(tc, the_delimiter_is_found_at_every_place_and_a_comma_no_longer);
    tcase_add_loop_test(tc, pieces_are_written_as_the_whole_that_they_make, 0, N_STYLES);
    tcase_add_loop_test(tc, a_header_is_in_quotes_only_where_all_is, 0, 3);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
