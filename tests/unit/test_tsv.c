/* The TSV writer against the rules of COPY TO (FORMAT text), by hand and against a reference. */
#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "format/tsv.h"
#include "windows.h"

static struct windows w; /* large */
static struct sl_style style;

static void setup(void)
{
    sl_style_init(&style, SL_TSV, SL_DIALECT_POSTGRES);
}

static void check_row(const struct sl_cell *cells, int n, size_t window, const char *line,
                      size_t len)
{
    windows_init(&w, window);
    ck_assert_int_eq(sl_tsv_row(&w.out, &style, cells, n), 0);
    windows_hold(&w, line, len);
}

START_TEST(each_rule_of_copy_holds)
{
    static const struct {
        const char *cells[3];
        int n;
        const char *line;
    } rules[] = {
        {{"a", "b", "c"}, 3, "a\tb\tc\n"},
        {{NULL}, 1, "\\N\n"},
        {{""}, 1, "\n"},
        {{NULL, "", NULL}, 3, "\\N\t\t\\N\n"},
        {{"\\N"}, 1, "\\\\N\n"},
        {{"\\."}, 1, "\\\\.\n"},
        {{"\b\t\n"}, 1, "\\b\\t\\n\n"},
        {{"\v\f\r"}, 1, "\\v\\f\\r\n"},
        {{"\a\x0e\x1f\x7f\x01"}, 1, "\a\x0e\x1f\x7f\x01\n"},
        {{"say \"hi\", 'a';b"}, 1, "say \"hi\", 'a';b\n"},
        {{"\xC3\xA4\xE2\x82\xAC"}, 1, "\xC3\xA4\xE2\x82\xAC\n"},
        {{"one tab\tin a text that is longer than a vector"},
         1,
         "one tab\\tin a text that is longer than a vector\n"},
    };

    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        struct sl_cell cells[3];

        for (int k = 0; k < rules[i].n; k++)
            cells[k] = cell_of(rules[i].cells[k]);
        for (size_t window = 1; window <= MAX_WINDOW; window++)
            check_row(cells, rules[i].n, window, rules[i].line, strlen(rules[i].line));
    }
}
END_TEST

START_TEST(null_may_be_another_text)
{
    const struct sl_cell cells[] = {cell_of(NULL), cell_of("NULL"), cell_of("")};

    snprintf(style.null, sizeof(style.null), "%s", "NULL");
    check_row(cells, 3, 3, "NULL\tNULL\t\n", 11);
    style.null[0] = '\0';
    check_row(cells, 3, 3, "\tNULL\t\n", 7);
}
END_TEST

START_TEST(a_row_of_no_columns_is_an_empty_line)
{
    check_row(NULL, 0, 1, "\n", 1);
}
END_TEST

/* Values end where their memory ends. */
START_TEST(every_byte_at_every_place_of_every_length_is_escaped_or_not)
{
    static const char escaped[] = "\b\t\n\v\f\r\\";
    static const char letters[] = "btnvfr\\";
    char line[320];

    for (int len = 1; len <= 300; len += len < 70 ? 1 : 57) {
        char *value = malloc((size_t)len);

        for (int byte = 1; byte < 256; byte++)
            for (int at = 0; at < len; at += len < 70 ? 1 : 13) {
                const char *found = memchr(escaped, byte, sizeof escaped - 1);
                int n = at;

                memset(value, 'x', (size_t)len);
                value[at] = (char)byte;
                memcpy(line, value, (size_t)len);
                if (found != NULL) {
                    line[n++] = '\\';
                    line[n] = letters[found - escaped];
                    memset(line + n + 1, 'x', (size_t)(len - at - 1));
                }
                line[len + (found != NULL)] = '\n';
                check_row(&(struct sl_cell){value, len}, 1, MAX_WINDOW, line,
                          (size_t)len + 1 + (found != NULL));
            }
        free(value);
    }
}
END_TEST

START_TEST(a_window_that_cannot_be_had_ends_the_row_and_nothing_follows)
{
    const struct sl_cell cells[] = {cell_of("plain"), cell_of(NULL), cell_of("a\tb"), cell_of("")};
    static const char line[] = "plain\t\\N\ta\\tb\t\n";

    for (size_t window = 1; window <= 16; window++)
        for (int fail_at = 1; (size_t)(fail_at - 1) * window < strlen(line); fail_at++) {
            windows_init(&w, window);
            w.fail_at = fail_at;
            ck_assert_int_eq(sl_tsv_row(&w.out, &style, cells, 4), -1);
            ck_assert_uint_eq(w.n, (size_t)(fail_at - 1) * window);
            ck_assert_mem_eq(w.got, line, w.n);
        }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tsv");
    TCase *tc = tcase_create("tsv");
    SRunner *sr = srunner_create(suite);

    tcase_set_timeout(tc, 20);
    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, each_rule_of_copy_holds);
    tcase_add_test(tc, null_may_be_another_text);
    tcase_add_test(tc, a_row_of_no_columns_is_an_empty_line);
    tcase_add_test(tc, every_byte_at_every_place_of_every_length_is_escaped_or_not);
    tcase_add_test(tc, a_window_that_cannot_be_had_ends_the_row_and_nothing_follows);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
