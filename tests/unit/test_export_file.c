#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "catalog/export_file.h"

static struct sl_export *export;
static struct sl_error err;

static void teardown(void)
{
    sl_export_free(export);
    export = NULL;
}

static int parse_bytes(const char *text, size_t len)
{
    /* On the heap with its exact size, so that a sanitizer sees a read past the end. */
    char *copy = malloc(len > 0 ? len : 1);
    int result;

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, text, len);
    sl_export_free(export);
    result = sl_export_parse("e", "d/e.sql", copy, len, &export, &err);
    free(copy);
    ck_assert((result == 0) == (export != NULL));
    return result;
}

static const struct sl_export *parse(const char *text)
{
    ck_assert_msg(parse_bytes(text, strlen(text)) == 0, "%s: %s", text, err.message);
    return export;
}

/* The message begins with the file and line, and holds the advice. */
static void refused_bytes(const char *text, size_t len, int line, const char *advice)
{
    char place[32];

    snprintf(place, sizeof(place), "d/e.sql:%d: ", line);
    ck_assert_msg(parse_bytes(text, len) == -1, "accepted: %s", text);
    ck_assert_int_eq(err.kind, SL_CONFIG);
    ck_assert_msg(strncmp(err.message, place, strlen(place)) == 0, "%s", err.message);
    ck_assert_msg(strstr(err.message, advice) != NULL, "%s", err.message);
}

static void refused(const char *text, int line, const char *advice)
{
    refused_bytes(text, strlen(text), line, advice);
}

/* The one parameter that a `param:` line declares. */
static const struct sl_param *param(const char *line)
{
    char text[1024];

    snprintf(text, sizeof(text), "-- param: %s\n\nSELECT :p", line);
    ck_assert_uint_eq(parse(text)->n_params, 1);
    ck_assert_str_eq(export->params[0].name, "p");
    return &export->params[0];
}

static void param_refused(const char *line, const char *advice)
{
    char text[1024];

    snprintf(text, sizeof(text), "-- title: x\n-- param: %s\n\nSELECT :p", line);
    refused(text, 2, advice);
}

static void header_refused(const char *line, const char *advice)
{
    char text[1024];

    snprintf(text, sizeof(text), "-- title: x\n%s\n\nSELECT 1", line);
    refused(text, 2, advice);
}

START_TEST(the_example_of_the_manual_is_read)
{
    parse("-- title: Orders\n"
          "-- description: One line per order, newest first\n"
          "-- param: since date = 2020-01-01   Orders placed on or after this day\n"
          "-- param: country text?   ISO code; all countries when left out\n"
          "-- headers: id=Order,placed_at=Placed at\n"
          "\n"
          "SELECT id, placed_at, total FROM orders\n"
          "WHERE placed_at >= :'since' AND (:'country' IS NULL OR country = :'country')\n"
          "ORDER BY placed_at DESC;\n");
    ck_assert_str_eq(export->name, "e");
    ck_assert_str_eq(export->file, "d/e.sql");
    ck_assert_str_eq(export->title, "Orders");
    ck_assert_str_eq(export->description, "One line per order, newest first");
    ck_assert_uint_eq(export->n_params, 2);
    ck_assert_str_eq(export->params[0].name, "since");
    ck_assert_str_eq(export->params[0].type, "date");
    ck_assert(!export->params[0].nullable);
    ck_assert_str_eq(export->params[0].default_value, "2020-01-01");
    ck_assert_str_eq(export->params[0].text, "Orders placed on or after this day");
    ck_assert_str_eq(export->params[1].name, "country");
    ck_assert_str_eq(export->params[1].type, "text");
    ck_assert(export->params[1].nullable);
    ck_assert_ptr_null(export->params[1].default_value);
    ck_assert_str_eq(export->params[1].text, "ISO code; all countries when left out");
    ck_assert_uint_eq(export->n_labels, 2);
    ck_assert_str_eq(export->labels[0].column, "id");
    ck_assert_str_eq(export->labels[0].label, "Order");
    ck_assert_str_eq(export->labels[1].column, "placed_at");
    ck_assert_str_eq(export->labels[1].label, "Placed at");
    ck_assert_int_eq(export->sql_line, 7);
    ck_assert_str_eq(export->sql,
                     "SELECT id, placed_at, total FROM orders\n"
                     "WHERE placed_at >= ($1::date) AND (($2::text) IS NULL OR country = "
                     "($2::text))\nORDER BY placed_at DESC");
}
END_TEST

START_TEST(a_header_may_be_absent)
{
    parse("SELECT 1");
    ck_assert_str_eq(export->title, "");
    ck_assert_str_eq(export->description, "");
    ck_assert_str_eq(export->filename, "");
    ck_assert_str_eq(export->dialect, "");
    ck_assert_str_eq(export->timezone, "");
    ck_assert_str_eq(export->search_path, "");
    ck_assert_str_eq(export->role, "");
    ck_assert(!export->jit);
    ck_assert_int_eq(export->parallel, 1);
    ck_assert_int_eq(export->max_rows, 0);
    ck_assert_int_eq(export->max_bytes, 0);
    ck_assert_int_eq(export->max_duration, 0);
    ck_assert_int_eq(export->sql_line, 1);
    ck_assert_str_eq(parse("\n\n  -- a comment: not a key\nSELECT 1")->sql,
                     "-- a comment: not a key\nSELECT 1");
    ck_assert_int_eq(export->sql_line, 3);
}
END_TEST

START_TEST(every_key_is_read)
{
    parse("-- filename: monthly report\n-- dialect: postgres\n-- timezone: Europe/Berlin\n"
          "-- search_path: shop, public\n-- role: Reader\n-- jit: on\n-- parallel: 4\n"
          "-- max_rows: 1000\n-- max_bytes: 2GB\n-- max_duration: 10min\nSELECT 1");
    ck_assert_str_eq(export->filename, "monthly report");
    ck_assert_str_eq(export->dialect, "postgres");
    ck_assert_str_eq(export->timezone, "Europe/Berlin");
    ck_assert_str_eq(export->search_path, "shop, public");
    ck_assert_str_eq(export->role, "Reader");
    ck_assert(export->jit);
    ck_assert_int_eq(export->parallel, 4);
    ck_assert_int_eq(export->max_rows, 1000);
    ck_assert_int_eq(export->max_bytes, INT64_C(2) << 30);
    ck_assert_int_eq(export->max_duration, 600 * 1000);
    ck_assert_int_eq(export->sql_line, 11);
}
END_TEST

START_TEST(blanks_around_keys_and_values_do_not_matter)
{
    ck_assert_str_eq(parse("--title:Orders\nSELECT 1")->title, "Orders");
    ck_assert_str_eq(parse("--\ttitle \t:  Orders, all \t \nSELECT 1")->title, "Orders, all");
    ck_assert_str_eq(parse("  -- title: a: b -- c\nSELECT 1")->title, "a: b -- c");
}
END_TEST

START_TEST(line_ends_and_a_byte_order_mark_of_windows_are_accepted)
{
    parse("\xEF\xBB\xBF-- title: Orders\r\n-- param: p int = 1\r\n\r\nSELECT\r\n:p;\r\n");
    ck_assert_str_eq(export->title, "Orders");
    ck_assert_str_eq(export->params[0].type, "int");
    ck_assert_str_eq(export->params[0].default_value, "1");
    ck_assert_str_eq(export->sql, "SELECT\r\n($1::int)");
    ck_assert_int_eq(export->sql_line, 4);
    refused("\xEF\xBB\xBF\xEF\xBB\xBFSELECT 1", 1, "one SELECT");
}
END_TEST

START_TEST(the_header_ends_at_the_first_other_line)
{
    ck_assert_str_eq(parse("-- title: a\n\n-- title: b\nSELECT 1")->title, "a");
    ck_assert_str_eq(export->sql, "-- title: b\nSELECT 1");
    ck_assert_str_eq(parse("-- title: a\nSELECT 1\n-- jit: on\n")->sql, "SELECT 1");
    ck_assert(!export->jit);
    ck_assert_str_eq(parse("-- title: a\n/* b */ SELECT 1")->sql, "/* b */ SELECT 1");
    refused("-- title: a\n\n-- param: p int\n\nSELECT :p", 5, ":p is not declared");
    refused("-- title: a", 1, "there is no query");
    refused("-- title: a\n", 2, "there is no query");
}
END_TEST

START_TEST(a_line_of_the_header_that_is_no_key_is_refused)
{
    header_refused("-- Copyright 2026", "put a blank line before comments");
    header_refused("--", "put a blank line before comments");
    header_refused("-----------", "put a blank line before comments");
    header_refused("-- :", "put a blank line before comments");
    header_refused("-- see also: x", "put a blank line before comments");
    header_refused("-- \xC3\xA9: x", "put a blank line before comments");
}
END_TEST

START_TEST(an_unknown_key_is_refused_with_a_suggestion)
{
    header_refused("-- titel: x", "did you mean \"title\"?");
    header_refused("-- parm: p int", "did you mean \"param\"?");
    header_refused("-- max_row: 5", "did you mean \"max_rows\"?");
    header_refused("-- author: me", "a comment comes after a blank line");
}
END_TEST

START_TEST(a_bad_value_is_refused_with_what_to_write)
{
    header_refused("-- title: y", "twice");
    header_refused("-- description:", "no value");
    header_refused("-- description:  \t", "no value");
    header_refused("-- dialect: postgre", "is postgres, excel or django");
    header_refused("-- dialect: Excel", "is postgres, excel or django");
    header_refused("-- timezone: Europe/Berlin; DROP", "Europe/Berlin or UTC");
    header_refused("-- jit: maybe", "on or off");
    header_refused("-- parallel: 0", "1 to 64");
    header_refused("-- parallel: 65", "1 to 64");
    header_refused("-- parallel: -1", "1 to 64");
    header_refused("-- max_rows: 0", "1 or more");
    header_refused("-- max_rows: 1.5", "1 or more");
    header_refused("-- max_rows: 99999999999999999999", "1 or more");
    header_refused("-- max_bytes: 2 gigs", "such as 100MB");
    header_refused("-- max_bytes: 0", "such as 100MB");
    header_refused("-- max_duration: soon", "such as 30s");
    header_refused("-- max_duration: 0s", "such as 30s");
    header_refused("-- filename: a/b", "slash");
    header_refused("-- filename: a\"b", "double quote");
    header_refused("-- filename: a\\b", "backslash");
    header_refused("-- filename: .htaccess", "dot");
    header_refused("-- role: 1234567890123456789012345678901234567890123456789012345678901234",
                   "63 bytes");
}
END_TEST

START_TEST(a_parameter_line_has_name_type_default_and_text)
{
    ck_assert_str_eq(param("p date")->type, "date");
    ck_assert_ptr_null(export->params[0].default_value);
    ck_assert(!export->params[0].nullable);
    ck_assert_str_eq(export->params[0].text, "");
    ck_assert_str_eq(param("p   date   Since  when")->text, "Since  when");
    ck_assert_str_eq(param("p date\tSince")->text, "Since");
    ck_assert(param("p date?")->nullable);
    ck_assert_str_eq(param("p date?  a = b")->text, "a = b");
    ck_assert_ptr_null(export->params[0].default_value);
    ck_assert(param("p date ?  a")->nullable);
    ck_assert_str_eq(export->params[0].type, "date");
    ck_assert_str_eq(param("p date? = today  a")->default_value, "today");
    ck_assert(export->params[0].nullable);
    ck_assert_str_eq(export->params[0].text, "a");
    ck_assert_str_eq(param("p date=today")->default_value, "today");
    ck_assert_str_eq(param("p date    = today  a")->default_value, "today");
    ck_assert_str_eq(param("p text = a b  c")->default_value, "a b");
    ck_assert_str_eq(export->params[0].text, "c");
    ck_assert_str_eq(param("p text = it's = so")->default_value, "it's = so");
    ck_assert_str_eq(param("p int[] = {1,2}")->default_value, "{1,2}");
}
END_TEST

START_TEST(the_name_of_a_type_may_hold_what_names_hold)
{
    static const char *const types[] = {"timestamp with time zone",
                                        "Timestamp Without Time Zone",
                                        "timestamp with time zone[]",
                                        "national character varying",
                                        "interval day to second",
                                        "int []",
                                        "int[3][]",
                                        "int array",
                                        "double precision",
                                        "int[]",
                                        "shop.status",
                                        "\"Mood\"",
                                        "pg_catalog.int4[]",
                                        "_int4",
                                        "\"a b\".\"c\"[]",
                                        "\xC3\xA9t\xC3\xA9"};

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        char line[128];
        char sql[128];
        snprintf(line, sizeof(line), "p %s  text", types[i]);
        snprintf(sql, sizeof(sql), "SELECT ($1::%s)", types[i]);
        ck_assert_str_eq(param(line)->type, types[i]);
        ck_assert_str_eq(export->sql, sql);
    }
}
END_TEST

START_TEST(a_quoted_default_may_hold_anything)
{
    ck_assert_str_eq(param("p text = 'two  spaces'  Text")->default_value, "two  spaces");
    ck_assert_str_eq(export->params[0].text, "Text");
    ck_assert_str_eq(param("p text = ''")->default_value, "");
    ck_assert_str_eq(param("p text = ''''")->default_value, "'");
    ck_assert_str_eq(param("p text = 'it''s'  it's")->default_value, "it's");
    ck_assert_str_eq(param("p text = 'NULL'")->default_value, "NULL");
    ck_assert_str_eq(param("p text ='x'")->default_value, "x");
    param_refused("p text = 'abc", "does not end");
    param_refused("p text = 'abc''", "does not end");
    param_refused("p text = '", "does not end");
    param_refused("p text = '''", "does not end");
    param_refused("p text = 'a'b", "does not end");
    param_refused("p text = 'a' b", "does not end");
}
END_TEST

START_TEST(a_bad_parameter_line_is_refused_with_what_to_write)
{
    param_refused("P int", "cannot be the name");
    param_refused("_p int", "cannot be the name");
    param_refused("1p int", "cannot be the name");
    param_refused("p-q int", "cannot be the name");
    param_refused("p: int", "cannot be the name");
    param_refused("p\xC3\xA9 int", "cannot be the name");
    param_refused("p1234567890123456789012345678901234567890123456789012345678901234 int",
                  "cannot be the name");
    param_refused("p", "has no type");
    param_refused("p = 5", "has no type");
    param_refused("p ?", "has no type");
    param_refused("p 5", "has no type");
    param_refused("p [] x", "has no type");
    param_refused("p \"int", "has no type");
    param_refused("p numeric(10,2)", "write numeric");
    param_refused("p numeric (10,2)", "write numeric");
    param_refused("p int; DROP", "cannot be in the name of a type");
    param_refused("p int)--", "cannot be in the name of a type");
    param_refused("p int, or so", "cannot be in the name of a type");
    param_refused("p int'", "cannot be in the name of a type");
    param_refused("p date Some text here", "\"date Some text here\" is no type; put two spaces");
    param_refused("p date Since", "two spaces before the text");
    param_refused("p date Since?", "two spaces before the text");
    param_refused("p double precision Ratio", "two spaces before the text");
    param_refused("p time with time zone of it", "two spaces before the text");
    param_refused("p text COLLATE \"C\"", "two spaces before the text");
    param_refused("p \"a b\" c", "two spaces before the text");
    param_refused("p int?text", "two spaces");
    param_refused("p int? text", "two spaces");
    param_refused("p int =", "no default");
    param_refused("p int =   Text", "no default");
    param_refused("p int = NULL", "write int?");
    param_refused("p int = null  x", "write int?");
}
END_TEST

START_TEST(a_parameter_is_declared_once_and_used)
{
    refused("-- param: p int\n-- param: q int\n-- param: p date\n\nSELECT :p, :q", 3, "twice");
    refused("-- param: p int\n-- param: q int\n\nSELECT :p", 2, "does not use it");
    refused("-- param: p int\n\nSELECT ':p' -- :p", 1, "does not use it");
}
END_TEST

START_TEST(more_parameters_than_the_limit_are_refused)
{
    char text[16 * 1024];
    size_t len = 0;

    for (int i = 0; i <= SL_MAX_PARAMS; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "-- param: p%d int\n", i);
    snprintf(text + len, sizeof(text) - len, "SELECT 1");
    refused(text, SL_MAX_PARAMS + 1, "at most");
}
END_TEST

START_TEST(labels_are_one_csv_record)
{
    parse("-- headers: a = One ,\"b=Two, too\",c=\"Three \"\"3\"\"\",d=x=y, \"e e\" = \"5\"\" "
          "\"\nSELECT 1");
    ck_assert_uint_eq(export->n_labels, 5);
    ck_assert_str_eq(export->labels[0].column, "a");
    ck_assert_str_eq(export->labels[0].label, "One");
    ck_assert_str_eq(export->labels[1].column, "b");
    ck_assert_str_eq(export->labels[1].label, "Two, too");
    ck_assert_str_eq(export->labels[2].label, "Three \"3\"");
    ck_assert_str_eq(export->labels[3].label, "x=y");
    ck_assert_str_eq(export->labels[4].column, "e e");
    ck_assert_str_eq(export->labels[4].label, "5\" ");
    header_refused("-- headers: a", "column=Label");
    header_refused("-- headers: a=", "column=Label");
    header_refused("-- headers: =A", "column=Label");
    header_refused("-- headers: a=A,", "column=Label");
    header_refused("-- headers: a=A,,b=B", "column=Label");
    header_refused("-- headers: a=\"A", "does not end");
    header_refused("-- headers: a=A,b=B,a=C", "two labels");
}
END_TEST

START_TEST(the_errors_of_the_query_have_their_line)
{
    refused("-- title: x\n\nSELECT 1;\nSELECT 2", 4, "second statement");
    refused("-- title: x\n\n\nDELETE FROM t", 4, "one SELECT");
    refused("", 1, "there is no query");
    refused("SELECT\r\n1,\r\n$1", 3, "$1");
}
END_TEST

START_TEST(text_that_is_not_utf8_is_refused_with_its_line)
{
    refused("-- title: caf\xE9\n\nSELECT 1", 1, "UTF-8");
    refused("-- title: x\n\nSELECT '\xC3'", 3, "UTF-8");
    refused("SELECT '\xED\xA0\x80'", 1, "UTF-8");
    refused("\xFF\xFES\n", 1, "UTF-8");
    refused_bytes("SELECT 1\n\0", 10, 2, "NUL");
    refused_bytes("-- title: a\0b\nSELECT 1", 22, 1, "NUL");
}
END_TEST

START_TEST(a_file_over_the_limit_is_refused)
{
    size_t len = SL_EXPORT_MAX_BYTES + 1;
    char *text = malloc(len);

    ck_assert_ptr_nonnull(text);
    memset(text, ' ', len);
    memcpy(text, "SELECT 1", 8);
    ck_assert_int_eq(parse_bytes(text, len - 1), 0);
    ck_assert_str_eq(export->sql, "SELECT 1");
    refused_bytes(text, len, 1, "1 MB");
    free(text);
}
END_TEST

START_TEST(only_names_fit_for_a_url_are_names)
{
    static const char *const good[] = {
        "a", "0", "orders", "a-b_c", "9z-", "a_", "a12345678901234567890123456789012345678901234"};
    static const char *const bad[] = {
        "",    "-a", "_a",   "A",     "a.b", "a b",
        "a/b", "..", "a%20", "a\xC3", "a\n", "a123456789012345678901234567890123456789012345"};

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        ck_assert_msg(sl_export_name_valid(good[i], strlen(good[i])), "%s", good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(!sl_export_name_valid(bad[i], strlen(bad[i])), "%s", bad[i]);
    ck_assert(!sl_export_name_valid("a\0b", 3));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("export_file");
    TCase *header = tcase_create("header");
    TCase *params = tcase_create("params");
    TCase *file = tcase_create("file");
    SRunner *runner = srunner_create(suite);

    tcase_add_checked_fixture(header, NULL, teardown);
    tcase_add_test(header, the_example_of_the_manual_is_read);
    tcase_add_test(header, a_header_may_be_absent);
    tcase_add_test(header, every_key_is_read);
    tcase_add_test(header, blanks_around_keys_and_values_do_not_matter);
    tcase_add_test(header, line_ends_and_a_byte_order_mark_of_windows_are_accepted);
    tcase_add_test(header, the_header_ends_at_the_first_other_line);
    tcase_add_test(header, a_line_of_the_header_that_is_no_key_is_refused);
    tcase_add_test(header, an_unknown_key_is_refused_with_a_suggestion);
    tcase_add_test(header, a_bad_value_is_refused_with_what_to_write);
    tcase_add_test(header, labels_are_one_csv_record);
    tcase_add_checked_fixture(params, NULL, teardown);
    tcase_add_test(params, a_parameter_line_has_name_type_default_and_text);
    tcase_add_test(params, the_name_of_a_type_may_hold_what_names_hold);
    tcase_add_test(params, a_quoted_default_may_hold_anything);
    tcase_add_test(params, a_bad_parameter_line_is_refused_with_what_to_write);
    tcase_add_test(params, a_parameter_is_declared_once_and_used);
    tcase_add_test(params, more_parameters_than_the_limit_are_refused);
    tcase_add_checked_fixture(file, NULL, teardown);
    tcase_add_test(file, the_errors_of_the_query_have_their_line);
    tcase_add_test(file, text_that_is_not_utf8_is_refused_with_its_line);
    tcase_add_test(file, a_file_over_the_limit_is_refused);
    tcase_add_test(file, only_names_fit_for_a_url_are_names);
    suite_add_tcase(suite, header);
    suite_add_tcase(suite, params);
    suite_add_tcase(suite, file);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
