/* JSON Lines by hand, and against a reference that escapes byte by byte, over windows of every
 * size. */
#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "format/jsonl.h"
#include "format/jsontext.h"

#define MAX_WINDOW 64
#define GUARD 0x5A
#define MAX_TEXT 20000
#define MAX_COLUMNS 8

enum { BOOL = 16, INT8 = 20, TEXT = 25, JSON = 114, FLOAT8 = 701, STAMP = 1114, STAMP_ZONE = 1184 };

/* A receiver with small windows. Bytes behind a window are guarded. */
struct windows {
    struct sl_out out;
    size_t size;
    int calls;
    int fail_at; /* this call of more() fails; 0: none */
    char memory[MAX_WINDOW + 8];
    char *base;
    size_t n;
    char got[8 * MAX_TEXT];
};

static struct windows w; /* large */

static void collect(void)
{
    if (w.base == NULL)
        return;
    for (size_t i = w.size; i < sizeof w.memory; i++)
        if (w.memory[i] != GUARD)
            ck_abort_msg("byte %zu behind a window of %zu was written", i - w.size, w.size);
    memcpy(w.got + w.n, w.base, (size_t)(w.out.pos - w.base));
    w.n += (size_t)(w.out.pos - w.base);
    w.base = w.out.pos = w.out.end = NULL;
}

static int more(struct sl_out *out)
{
    if (w.fail_at > 0 && w.calls >= w.fail_at)
        ck_abort_msg("asked for a window after a failure");
    collect();
    if (++w.calls == w.fail_at)
        return -1;
    w.base = out->pos = w.memory;
    out->end = w.memory + w.size;
    return 0;
}

static void init(size_t size)
{
    w.out = (struct sl_out){.more = more};
    w.size = size;
    w.calls = w.fail_at = 0;
    w.base = NULL;
    w.n = 0;
    memset(w.memory, GUARD, sizeof w.memory);
}

static void got(const char *expected, size_t len, const char *what)
{
    collect();
    if (w.n != len || memcmp(w.got, expected, len) != 0)
        ck_abort_msg("%s: window %zu: wrote '%.*s', not '%.*s'", what, w.size, (int)w.n, w.got,
                     (int)len, expected);
}

static struct sl_cell cell(const char *text)
{
    return (struct sl_cell){text, text == NULL ? -1 : (int)strlen(text)};
}

static const size_t sizes[] = {1, 2, 3, 7, 16, 33, MAX_WINDOW};
#define EACH_SIZE(i) (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)

/* ---- rows */

struct column {
    const char *name;
    unsigned type;
    const char *value;
};

static void row_is(const struct column *columns, int n, const char *line)
{
    struct sl_field fields[MAX_COLUMNS] = {{.type = 0}};
    struct sl_cell cells[MAX_COLUMNS];

    for (int i = 0; i < n; i++) {
        fields[i] = (struct sl_field){cell(columns[i].name), columns[i].type, false};
        cells[i] = cell(columns[i].value);
    }
    struct sl_jsonl *jsonl = sl_jsonl_new(fields, n);
    ck_assert_ptr_nonnull(jsonl);
    for
        EACH_SIZE(i)
        {
            init(sizes[i]);
            ck_assert_int_eq(sl_jsonl_row(jsonl, &w.out, cells), 0);
            got(line, strlen(line), line);
        }
    sl_jsonl_free(jsonl);
}

START_TEST(a_value_is_what_its_type_says)
{
    static const struct {
        unsigned type;
        const char *value;
        const char *json;
    } values[] = {
        {BOOL, "t", "true"},
        {BOOL, "f", "false"},
        {INT8, "-9223372036854775808", "-9223372036854775808"},
        {20, "0", "0"},
        {21, "1", "1"},
        {23, "2", "2"},
        {700, "1.5", "1.5"},
        {FLOAT8, "1e+300", "1e+300"},
        {FLOAT8, "-0", "-0"},
        {FLOAT8, "NaN", "\"NaN\""},
        {FLOAT8, "-Infinity", "\"-Infinity\""},
        {1700, "123456789012345678901234567890.10", "123456789012345678901234567890.10"},
        {1700, "Infinity", "\"Infinity\""},
        {26, "7", "\"7\""}, /* oid: row_to_json() quotes it */
        {TEXT, "7", "\"7\""},
        {TEXT, "", "\"\""},
        {TEXT, NULL, "null"},
        {1082, "0044-03-15 BC", "\"0044-03-15 BC\""},
        {STAMP, "2026-01-31 10:00:00.5", "\"2026-01-31T10:00:00.5\""},
        {STAMP, "0044-03-15 12:00:00 BC", "\"0044-03-15T12:00:00 BC\""},
        {STAMP, "-infinity", "\"-infinity\""},
        {STAMP_ZONE, "2026-01-31 10:00:00+00", "\"2026-01-31T10:00:00+00:00\""},
        {STAMP_ZONE, "2026-01-31 10:00:00.25-08", "\"2026-01-31T10:00:00.25-08:00\""},
        {STAMP_ZONE, "2026-01-31 10:00:00+05:30", "\"2026-01-31T10:00:00+05:30\""},
        {STAMP_ZONE, "1850-01-01 00:00:00-00:43:08", "\"1850-01-01T00:00:00-00:43:08\""},
        {STAMP_ZONE, "0044-03-15 12:00:00+00 BC", "\"0044-03-15T12:00:00+00:00 BC\""},
        {STAMP_ZONE, "infinity", "\"infinity\""},
        {JSON, " { \"a b\" : [ 1 ,\n\t\"x\\\" y\" ] }\r\n", "{\"a b\":[1,\"x\\\" y\"]}"},
        {3802, "\"  \\\\\"", "\"  \\\\\""},
        {JSON, "null", "null"},
        {JSON, NULL, "null"},
        {1009, "{a,\"b\"}", "\"{a,\\\"b\\\"}\""}, /* an array, when nobody has wrapped it */
    };
    char line[200];

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        const struct column column = {"k", values[i].type, values[i].value};

        snprintf(line, sizeof line, "{\"k\":%s}\n", values[i].json);
        row_is(&column, 1, line);
    }
}
END_TEST

START_TEST(keys_are_escaped_and_may_come_twice)
{
    const struct column columns[] = {{"a\"b", INT8, "1"},
                                     {"x\\\n", TEXT, "v"},
                                     {"a\"b", TEXT, NULL},
                                     {"", BOOL, "t"},
                                     {"\xC3\xBC\x01", JSON, "[1, 2]"}};

    row_is(
        columns, 5,
        "{\"a\\\"b\":1,\"x\\\\\\n\":\"v\",\"a\\\"b\":null,\"\":true,\"\xC3\xBC\\u0001\":[1,2]}\n");
}
END_TEST

START_TEST(a_row_without_columns_is_an_empty_object)
{
    row_is(NULL, 0, "{}\n");
}
END_TEST

/* ---- strings */

static size_t reference(const char *text, size_t n, char *to)
{
    size_t at = 0;

    to[at++] = '"';
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        const char *named = c == 0 ? NULL : strchr("\bb\ff\nn\rr\tt", c);

        if (c == '"' || c == '\\')
            at += (size_t)sprintf(to + at, "\\%c", c);
        else if (c < ' ' && named != NULL)
            at += (size_t)sprintf(to + at, "\\%c", named[1]);
        else if (c < ' ')
            at += (size_t)sprintf(to + at, "\\u%04x", c);
        else
            to[at++] = (char)c;
    }
    to[at++] = '"';
    return at;
}

static char expected[8 * MAX_TEXT];

static void check_string(const char *text, size_t n, size_t window)
{
    size_t len = reference(text, n, expected);

    init(window);
    ck_assert_int_eq(sl_jsontext_string(&w.out, text, n), 0);
    got(expected, len, "a string");
}

START_TEST(a_special_byte_is_found_at_every_place_of_every_length)
{
    static const char specials[] = "\"\\\n\x01\x1f";
    char text[70];

    for (size_t n = 1; n <= sizeof text; n++)
        for (size_t at = 0; at < n; at++)
            for (const char *c = specials; *c != '\0'; c++) {
                memset(text, 'x', n);
                text[at] = *c;
                check_string(text, n, MAX_WINDOW);
                check_string(text, n, 5);
            }
}
END_TEST

START_TEST(each_byte_stands_for_itself_or_has_its_escape)
{
    char text[40];

    for (int c = 0; c < 256; c++) {
        memset(text, c, sizeof text);
        for (size_t n = 0; n <= sizeof text; n++)
            check_string(text, n, 1 + (size_t)c % MAX_WINDOW);
    }
}
END_TEST

START_TEST(a_long_text_is_escaped_across_its_pieces)
{
    static char text[MAX_TEXT];

    for (size_t n = 4090; n < 4102; n++)
        for (size_t at = 4090; at < n; at++) {
            memset(text, 'x', n);
            text[at] = '"';
            check_string(text, n, MAX_WINDOW);
        }
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = "ab\"c\\d\ne "[i * i % 9];
    check_string(text, sizeof text, MAX_WINDOW);
}
END_TEST

/* ---- JSON that is JSON already */

static void compact_is(const char *json, const char *wanted)
{
    for
        EACH_SIZE(i)
        {
            init(sizes[i]);
            ck_assert_int_eq(sl_jsontext_compact(&w.out, json, strlen(json)), 0);
            got(wanted, strlen(wanted), json);
        }
}

START_TEST(white_space_goes_but_for_that_in_strings)
{
    compact_is("", "");
    compact_is(" \n", "");
    compact_is("{\"a\": [1, 2, {\"b\": null}]}", "{\"a\":[1,2,{\"b\":null}]}");
    compact_is("\" \\\" \" , \" \"", "\" \\\" \",\" \"");
    compact_is("\" \\\\\" , 1", "\" \\\\\",1");
    compact_is("[\"\", \"\\\\\", \" \"]", "[\"\",\"\\\\\",\" \"]");
    compact_is("1.50", "1.50");
    /* No JSON, and no byte beyond its end is read for it. */
    compact_is("\" unfinished", "\" unfinished");
    compact_is("\" \\", "\" \\");
}
END_TEST

/* ---- failures */

START_TEST(a_window_that_cannot_be_had_ends_the_row_and_nothing_follows)
{
    const struct sl_field fields[] = {{cell("a"), TEXT, false},
                                      {cell("b"), STAMP_ZONE, false},
                                      {cell("c"), JSON, false},
                                      {cell("d"), BOOL, false}};
    const struct sl_cell cells[] = {cell("x\"y"), cell("2026-01-31 10:00:00+00"), cell("[1, 2]"),
                                    cell("t")};
    struct sl_jsonl *jsonl = sl_jsonl_new(fields, 4);
    int needed;

    init(1);
    ck_assert_int_eq(sl_jsonl_row(jsonl, &w.out, cells), 0);
    needed = w.calls;
    ck_assert_int_gt(needed, 50);
    for (int at = 1; at <= needed; at++) {
        init(1);
        w.fail_at = at;
        ck_assert_int_eq(sl_jsonl_row(jsonl, &w.out, cells), -1);
        ck_assert_int_eq(w.calls, at);
    }
    sl_jsonl_free(jsonl);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("jsonl");
    TCase *tc = tcase_create("jsonl");
    SRunner *sr = srunner_create(suite);

    tcase_set_timeout(tc, 20);
    tcase_add_test(tc, a_value_is_what_its_type_says);
    tcase_add_test(tc, keys_are_escaped_and_may_come_twice);
    tcase_add_test(tc, a_row_without_columns_is_an_empty_object);
    tcase_add_test(tc, a_special_byte_is_found_at_every_place_of_every_length);
    tcase_add_test(tc, each_byte_stands_for_itself_or_has_its_escape);
    tcase_add_test(tc, a_long_text_is_escaped_across_its_pieces);
    tcase_add_test(tc, white_space_goes_but_for_that_in_strings);
    tcase_add_test(tc, a_window_that_cannot_be_had_ends_the_row_and_nothing_follows);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
