/*
 * The CSV writer against the rules of COPY TO (FORMAT csv), by hand and against a
 * reference that is written as the rules read, byte by byte.
 */
#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "format/csv.h"

#define MAX_WINDOW 40
#define GUARD 0x5A
#define MAX_LINE 20000

/* A receiver with tiny windows. Bytes behind a window are guarded. */
struct windows {
    struct sl_out out;
    size_t size;
    int calls;
    int fail_at; /* this call of more() fails; 0: none */
    char memory[MAX_WINDOW + 8];
    char *base;
    size_t n;
    char got[2 * MAX_LINE];
};

static void collect(struct windows *w)
{
    if (w->base == NULL)
        return;
    if (w->out.pos > w->base + w->size)
        ck_abort_msg("wrote past the end of a window of %zu", w->size);
    for (size_t i = w->size; i < sizeof w->memory; i++)
        if (w->memory[i] != GUARD)
            ck_abort_msg("byte %zu behind a window of %zu was written", i - w->size, w->size);
    memcpy(w->got + w->n, w->base, (size_t)(w->out.pos - w->base));
    w->n += (size_t)(w->out.pos - w->base);
    w->base = w->out.pos = w->out.end = NULL;
}

static int more(struct sl_out *out)
{
    struct windows *w = (struct windows *)out;

    if (w->fail_at > 0 && w->calls >= w->fail_at)
        ck_abort_msg("asked for a window after a failure");
    if (out->pos != out->end)
        ck_abort_msg("asked for a window with %td bytes free", out->end - out->pos);
    collect(w);
    if (++w->calls == w->fail_at)
        return -1;
    w->base = out->pos = w->memory;
    out->end = w->memory + w->size;
    return 0;
}

/* As a run begins: without a window. */
static void init(struct windows *w, size_t size)
{
    w->out = (struct sl_out){.more = more};
    w->size = size;
    w->calls = w->fail_at = 0;
    w->base = NULL;
    w->n = 0;
    memset(w->memory, GUARD, sizeof w->memory);
}

/* ---- the reference */

static size_t reference(char *line, const struct sl_cell *cells, int n)
{
    size_t at = 0;

    for (int i = 0; i < n; i++) {
        if (i > 0)
            line[at++] = ',';
        if (cells[i].len < 0)
            continue;
        bool quote = cells[i].len == 0;
        for (int k = 0; k < cells[i].len; k++)
            if (strchr(",\"\r\n", cells[i].data[k]) != NULL && cells[i].data[k] != '\0')
                quote = true;
        if (n == 1 && cells[i].len == 2 && memcmp(cells[i].data, "\\.", 2) == 0)
            quote = true;
        if (quote)
            line[at++] = '"';
        for (int k = 0; k < cells[i].len; k++) {
            if (cells[i].data[k] == '"')
                line[at++] = '"';
            line[at++] = cells[i].data[k];
        }
        if (quote)
            line[at++] = '"';
    }
    line[at++] = '\n';
    return at;
}

static struct windows w; /* large */
static char expected[2 * MAX_LINE];

static void check_row(const struct sl_cell *cells, int n, size_t window)
{
    size_t len = reference(expected, cells, n);

    init(&w, window);
    if (sl_csv_row(&w.out, cells, n) != 0)
        ck_abort_msg("a row of %d cells failed", n);
    collect(&w);
    if (w.n != len || memcmp(w.got, expected, len) != 0)
        ck_abort_msg("window %zu: wrote '%.*s', not '%.*s'", window, (int)w.n, w.got, (int)len,
                     expected);
}

static struct sl_cell cell(const char *text)
{
    return (struct sl_cell){text, text == NULL ? -1 : (int)strlen(text)};
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
            cells[k] = cell(rules[i].cells[k]);
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
        init(&w, window);
        for (int i = 0; i < 3; i++)
            ck_assert_int_eq(sl_csv_row(&w.out, NULL, 0), 0);
        collect(&w);
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

        init(&w, 1 + below(MAX_WINDOW));
        for (int i = 0; i < 6; i++) {
            int n = random_row(cells, memory);

            len += reference(expected + len, cells, n);
            ck_assert_int_eq(sl_csv_row(&w.out, cells, n), 0);
        }
        collect(&w);
        ck_assert_uint_eq(w.n, len);
        ck_assert_mem_eq(w.got, expected, len);
    }
}
END_TEST

/* ---- failure */

START_TEST(a_window_that_cannot_be_had_ends_the_row_and_nothing_follows)
{
    struct sl_cell cells[] = {cell("plain"), cell(NULL),  cell(""),   cell("with \"quotes\", and"),
                              cell("a\nb"),  cell("\\."), cell("end")};
    size_t len = reference(expected, cells, 7);

    for (size_t window = 1; window <= MAX_WINDOW; window++) {
        int needed = (int)((len + window - 1) / window);

        for (int fail_at = 1; fail_at <= needed; fail_at++) {
            init(&w, window);
            w.fail_at = fail_at;
            ck_assert_int_eq(sl_csv_row(&w.out, cells, 7), -1);
            ck_assert_int_eq(w.calls, fail_at);
            ck_assert_uint_eq(w.n, (size_t)(fail_at - 1) * window);
            ck_assert_mem_eq(w.got, expected, w.n);
        }
        init(&w, window);
        w.fail_at = needed + 1;
        ck_assert_int_eq(sl_csv_row(&w.out, cells, 7), 0);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("csv");
    TCase *tc = tcase_create("csv");
    SRunner *sr = srunner_create(suite);

    tcase_set_timeout(tc, 20);
    tcase_add_test(tc, each_rule_of_copy_holds);
    tcase_add_test(tc, a_row_of_no_columns_is_an_empty_line);
    tcase_add_test(tc, a_special_byte_is_found_at_every_place_of_every_length);
    tcase_add_test(tc, no_other_byte_is_ever_quoted);
    tcase_add_test(tc, a_special_byte_is_found_across_the_pieces_of_a_long_value);
    tcase_add_test(tc, random_rows_are_what_the_reference_prints);
    tcase_add_test(tc, rows_follow_each_other_without_a_gap);
    tcase_add_test(tc, a_window_that_cannot_be_had_ends_the_row_and_nothing_follows);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
