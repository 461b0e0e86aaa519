#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/units.h"
#include "catalog/query.h"

static struct sl_export *export;
static struct sl_query query;
static struct sl_error err;

/* since has a default, country may be NULL, id is required, label's default is the empty text. */
static const char text[] = "-- param: since date = 2020-01-01\n-- param: country text?\n"
                           "-- param: id bigint\n-- param: label text = ''\n\n"
                           "SELECT :since, :country, :id, :label";

static void setup(void)
{
    ck_assert_int_eq(sl_export_parse("e", "e.sql", text, strlen(text), &export, &err), 0);
    memset(&query, 0, sizeof(query));
}

static void teardown(void)
{
    sl_query_fini(&query);
    sl_export_free(export);
}

/* Binds pairs of names and values that end with NULL. */
static int bind(const char *const *pairs)
{
    struct sl_arg args[SL_MAX_ARGS + 1];
    size_t n = 0;

    for (; pairs[2 * n] != NULL; n++)
        args[n] = (struct sl_arg){pairs[2 * n], pairs[2 * n + 1]};
    sl_query_fini(&query);
    return sl_query_bind(export, sl_formats, &(struct sl_args){args, n}, &query, &err);
}

#define PAIRS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define binds(...) ck_assert_msg(bind(PAIRS(__VA_ARGS__)) == 0, "%s", err.message)

/* Refused with this kind, parameter ("" for none) and a word of the message. */
static void refused(enum sl_kind kind, const char *parameter, const char *word,
                    const char *const *pairs)
{
    ck_assert_int_eq(bind(pairs), -1);
    ck_assert_int_eq(err.kind, kind);
    ck_assert_str_eq(err.parameter, parameter);
    ck_assert_msg(strstr(err.message, word) != NULL, "%s", err.message);
}

START_TEST(values_go_to_their_parameters_as_they_are)
{
    binds("id", "1", "label", "' OR 1=1 --\n\xC3\xA9", "since", "$1", "country", ":id");
    ck_assert_ptr_eq(query.export, export);
    ck_assert_uint_eq(query.n_values, 4);
    ck_assert_str_eq(query.values[0], "$1");
    ck_assert_str_eq(query.values[1], ":id");
    ck_assert_str_eq(query.values[2], "1");
    ck_assert_str_eq(query.values[3], "' OR 1=1 --\n\xC3\xA9");
    ck_assert_int_eq(query.header, SL_HEADER_NAMES);
    ck_assert_int_eq(query.style.dialect, SL_DIALECT_POSTGRES);
    ck_assert(!query.dialect_asked);
    ck_assert_str_eq(query.timezone, "");
    ck_assert_str_eq(query.filename, "");
    ck_assert_str_eq(query.run_id, "");
}
END_TEST

START_TEST(what_is_left_out_is_the_default_or_null)
{
    binds("id", "x");
    ck_assert_str_eq(query.values[0], "2020-01-01");
    ck_assert_ptr_null(query.values[1]);
    ck_assert_str_eq(query.values[3], "");
}
END_TEST

START_TEST(an_empty_value_means_left_out)
{
    binds("since", "", "country", "", "id", "1", "label", "", "_header", "", "_run", "",
          "_timezone", "", "_filename", "");
    ck_assert_str_eq(query.values[0], "2020-01-01");
    ck_assert_ptr_null(query.values[1]);
    ck_assert_str_eq(query.values[3], "");
    ck_assert_int_eq(query.header, SL_HEADER_NAMES);
    refused(SL_BAD_PARAMETER, "id", "id", PAIRS("id", ""));
}
END_TEST

START_TEST(a_missing_parameter_is_named_with_its_type)
{
    refused(SL_BAD_PARAMETER, "id", "bigint", PAIRS("since", "2020-01-01"));
    refused(SL_BAD_PARAMETER, "id", "bigint", (const char *const[]){NULL});
}
END_TEST

START_TEST(an_unknown_parameter_is_told_what_there_is)
{
    refused(SL_BAD_PARAMETER, "cuontry", "did you mean country?", PAIRS("id", "1", "cuontry", "x"));
    refused(SL_BAD_PARAMETER, "color", "since date, country text?, id bigint, label text",
            PAIRS("id", "1", "color", ""));
    refused(SL_BAD_PARAMETER, "ID", "ID", PAIRS("ID", "1"));
    refused(SL_BAD_PARAMETER, "", "parameter", PAIRS("", "1"));
    refused(SL_BAD_PARAMETER, "id ", "id", PAIRS("id ", "1"));
}
END_TEST

START_TEST(a_long_unknown_name_is_cut)
{
    char name[5000];

    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    ck_assert_int_eq(bind(PAIRS(name, "1")), -1);
    ck_assert_int_eq(err.kind, SL_BAD_PARAMETER);
    ck_assert_uint_lt(strlen(err.message), sizeof(err.message));
    ck_assert_ptr_nonnull(strstr(err.message, "e takes since date"));
    name[0] = '_';
    ck_assert_int_eq(bind(PAIRS(name, "1")), -1);
    ck_assert_int_eq(err.kind, SL_BAD_REQUEST);
}
END_TEST

START_TEST(a_repeated_parameter_is_refused)
{
    refused(SL_BAD_PARAMETER, "id", "twice", PAIRS("id", "1", "id", "1"));
    refused(SL_BAD_PARAMETER, "id", "twice", PAIRS("id", "", "id", "1"));
    refused(SL_BAD_PARAMETER, "id", "{1,2}", PAIRS("id", "1", "since", "x", "id", ""));
    refused(SL_BAD_PARAMETER, "_header", "twice",
            PAIRS("id", "1", "_header", "off", "_header", "off"));
    refused(SL_BAD_PARAMETER, "_run", "twice", PAIRS("id", "1", "_run", "", "_run", ""));
}
END_TEST

START_TEST(a_value_that_is_not_utf8_is_refused)
{
    refused(SL_BAD_PARAMETER, "label", "UTF-8", PAIRS("id", "1", "label", "\xFF"));
    refused(SL_BAD_PARAMETER, "id", "UTF-8", PAIRS("id", "\xED\xA0\x80"));
    refused(SL_BAD_PARAMETER, "_filename", "UTF-8", PAIRS("id", "1", "_filename", "a\xC3"));
}
END_TEST

START_TEST(values_are_never_in_a_message)
{
    refused(SL_BAD_PARAMETER, "label", "", PAIRS("id", "private", "label", "private\xFF"));
    ck_assert_ptr_null(strstr(err.message, "private"));
    refused(SL_BAD_PARAMETER, "_header", "", PAIRS("id", "1", "_header", "private"));
    ck_assert_ptr_null(strstr(err.message, "private"));
    refused(SL_BAD_PARAMETER, "_timezone", "", PAIRS("id", "1", "_timezone", "private'"));
    ck_assert_ptr_null(strstr(err.message, "private"));
}
END_TEST

START_TEST(options_of_this_version_are_read)
{
    binds("id", "1", "_header", "off", "_timezone", "America/Argentina/Buenos_Aires", "_filename",
          "B\xC3\xA9richt 1.csv", "_run", "7D444840-9DC0-4D11-9B3A-5E1A3E9F0B11");
    ck_assert_int_eq(query.header, SL_HEADER_OFF);
    ck_assert_str_eq(query.timezone, "America/Argentina/Buenos_Aires");
    ck_assert_str_eq(query.filename, "B\xC3\xA9richt 1.csv");
    ck_assert_str_eq(query.run_id, "7d444840-9dc0-4d11-9b3a-5e1a3e9f0b11");
    binds("id", "1", "_header", "names", "_timezone", "<+03>-3");
    ck_assert_int_eq(query.header, SL_HEADER_NAMES);
    binds("id", "1", "_header", "labels", "_dialect", "django");
    ck_assert_int_eq(query.header, SL_HEADER_LABELS);
    ck_assert_int_eq(query.style.dialect, SL_DIALECT_DJANGO);
    ck_assert(query.dialect_asked);
}
END_TEST

START_TEST(columns_order_and_limit_are_read_for_every_format)
{
    for (const struct sl_format *format = sl_formats; format->name != NULL; format++) {
        struct sl_arg args[] = {
            {"id", "1"}, {"_columns", "b,a"}, {"_order", "a,-b"}, {"_limit", "007"}};

        ck_assert_int_eq(sl_query_bind(export, format, &(struct sl_args){args, 4}, &query, &err),
                         0);
        ck_assert_uint_eq(query.columns.n, 2);
        ck_assert_str_eq(query.columns.v[0].text, "b");
        ck_assert_uint_eq(query.order.n, 2);
        ck_assert(!query.order.v[0].descending);
        ck_assert_str_eq(query.order.v[1].text, "b");
        ck_assert(query.order.v[1].descending);
        ck_assert_int_eq(query.limit, 7);
        sl_query_fini(&query);
    }
    binds("id", "1", "_columns", "", "_order", "", "_limit", "");
    ck_assert_uint_eq(query.columns.n + query.order.n, 0);
    ck_assert_int_eq(query.limit, -1);
    refused(SL_BAD_PARAMETER, "_columns", "empty", PAIRS("id", "1", "_columns", "a,"));
    refused(SL_BAD_PARAMETER, "_order", "quote", PAIRS("id", "1", "_order", "\"a"));
    refused(SL_BAD_PARAMETER, "_limit", "rows", PAIRS("id", "1", "_limit", "-1"));
}
END_TEST

START_TEST(the_dialect_is_the_callers_else_the_exports)
{
    static const char django[] = "-- dialect: django\n\nSELECT 1";
    struct sl_arg arg = {"_dialect", "postgres"};
    struct sl_export *own;

    ck_assert_int_eq(sl_export_parse("d", "d.sql", django, strlen(django), &own, &err), 0);
    ck_assert_int_eq(sl_query_bind(own, sl_formats, &(struct sl_args){NULL, 0}, &query, &err), 0);
    ck_assert_int_eq(query.style.dialect, SL_DIALECT_DJANGO);
    ck_assert(!query.dialect_asked);
    sl_query_fini(&query);
    ck_assert_int_eq(sl_query_bind(own, sl_formats, &(struct sl_args){&arg, 1}, &query, &err), 0);
    ck_assert_int_eq(query.style.dialect, SL_DIALECT_POSTGRES);
    ck_assert(query.dialect_asked);
    sl_query_fini(&query);
    sl_export_free(own);
}
END_TEST

START_TEST(a_bad_value_of_an_option_is_refused_by_name)
{
    static const char *const bad[][2] = {
        {"_header", "on"},
        {"_header", "Names"},
        {"_header", "Labels"},
        {"_dialect", "csv"},
        {"_dialect", "Django"},
        {"_timezone", "Europe/Berlin; SELECT"},
        {"_timezone", "a'b"},
        {"_timezone", "a b"},
        {"_timezone", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
        {"_filename", "a/b"},
        {"_filename", ".."},
        {"_filename", "a\\b"},
        {"_filename", "a\"b"},
        {"_filename", "a\r\nX-Evil: 1"},
        {"_filename", "a\x7f"},
        {"_run", "1"},
        {"_run", "7d444840-9dc0-1d11-9b3a-5e1a3e9f0b11"},
        {"_run", "7d444840-9dc0-4d11-cb3a-5e1a3e9f0b11"},
        {"_run", "7d444840-9dc0-4d11-9b3a-5e1a3e9f0b1"},
        {"_run", "7d444840-9dc0-4d11-9b3a-5e1a3e9f0b111"},
        {"_run", "7d444840-9dc0-4d11-9b3a-5e1a3e9f0b1g"},
        {"_run", "7d444840-9dc0-4d11-9b3a_5e1a3e9f0b11"},
        {"_run", "{d444840-9dc0-4d11-9b3a-5e1a3e9f0b1}"},
        {"_run", "7d4448409dc04d119b3a5e1a3e9f0b11"},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        refused(SL_BAD_PARAMETER, bad[i][0], bad[i][0], PAIRS("id", "1", bad[i][0], bad[i][1]));
}
END_TEST

START_TEST(the_options_of_a_style_are_read)
{
    const struct sl_style *style = &query.style;

    binds("id", "1");
    ck_assert(style->delimiter == ',' && !style->crlf && !style->bom);
    ck_assert(style->quote == SL_QUOTE_MINIMAL && style->null[0] == '\0');
    binds("id", "1", "_delimiter", ";", "_null", "NULL", "_quote", "nonnull", "_eol", "crlf",
          "_bom", "on");
    ck_assert(style->delimiter == ';' && style->crlf && style->bom);
    ck_assert_int_eq(style->quote, SL_QUOTE_NONNULL);
    ck_assert_str_eq(style->null, "NULL");
    binds("id", "1", "_delimiter", "tab", "_quote", "all", "_null", "a,b");
    ck_assert(style->delimiter == '\t' && style->quote == SL_QUOTE_ALL);
    binds("id", "1", "_delimiter", "\t", "_null", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    ck_assert_int_eq(style->delimiter, '\t');
}
END_TEST

START_TEST(a_locale_is_the_ground_for_what_is_asked_beside_it)
{
    const struct sl_style *style = &query.style;

    binds("id", "1", "_dialect", "excel");
    ck_assert(style->delimiter == ',' && style->decimal == '.' && style->crlf && style->bom);
    binds("id", "1", "_locale", "de", "_dialect", "excel");
    ck_assert(style->delimiter == ';' && style->decimal == ',');
    binds("id", "1", "_locale", "de_CH.UTF-8", "_dialect", "excel");
    ck_assert(style->delimiter == ',' && style->decimal == '.');
    binds("id", "1", "_delimiter", "|", "_bom", "off", "_eol", "lf", "_quote", "all", "_locale",
          "fr", "_dialect", "excel");
    ck_assert(style->delimiter == '|' && style->decimal == ',' && !style->crlf && !style->bom);
    ck_assert_int_eq(style->quote, SL_QUOTE_ALL);
}
END_TEST

START_TEST(a_style_that_cannot_be_is_refused)
{
    static const struct {
        const char *dialect, *name, *value, *word;
    } bad[] = {
        {"postgres", "_delimiter", "ab", "one character"},
        {"postgres", "_delimiter", "\"", "one character"},
        {"postgres", "_delimiter", "\n", "one character"},
        {"postgres", "_delimiter", "\xC3\xA4", "one character"},
        {"postgres", "_null", "a;b", "neither the delimiter nor a quote"},
        {"postgres", "_null", "\"", "neither the delimiter nor a quote"},
        {"postgres", "_null", "a\rb", "line ends"},
        {"postgres", "_null", "\xC3", "31 bytes"},
        {"postgres", "_null", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "31 bytes"},
        {"postgres", "_quote", "none", "minimal, nonnull or all"},
        {"postgres", "_eol", "cr", "lf or crlf"},
        {"postgres", "_bom", "yes, please", "on or off"},
        {"postgres", "_locale", "de", "_dialect=excel"},
        {"django", "_locale", "de", "_dialect=excel"},
        {"django", "_null", "NULL", "no text for NULL"},
        {"django", "_quote", "nonnull", "minimal or all"},
        {"excel", "_locale", "german", "de_CH"},
        {"excel", "_null", "=1", "formula"},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (strcmp(bad[i].name, "_delimiter") == 0)
            refused(SL_BAD_PARAMETER, bad[i].name, bad[i].word,
                    PAIRS("id", "1", bad[i].name, bad[i].value));
        else
            refused(SL_BAD_PARAMETER, bad[i].name, bad[i].word,
                    PAIRS("id", "1", bad[i].name, bad[i].value, "_delimiter", ";", "_dialect",
                          bad[i].dialect));
}
END_TEST

START_TEST(an_option_that_means_nothing_in_a_format_is_refused)
{
    static const struct {
        const char *format, *name, *value;
        bool taken;
    } examples[] = {
        {"tsv", "_null", "\"", true},        {"tsv", "_bom", "on", true},
        {"tsv", "_header", "names", true},   {"tsv", "_null", "a\tb", false},
        {"tsv", "_dialect", "excel", false}, {"tsv", "_locale", "de", false},
        {"tsv", "_delimiter", ";", false},   {"tsv", "_quote", "all", false},
        {"tsv.gz", "_eol", "crlf", false},   {"jsonl", "_null", "x", false},
        {"jsonl", "_header", "off", false},  {"jsonl", "_bom", "on", false},
    };

    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        struct sl_arg args[] = {{"id", "1"}, {examples[i].name, examples[i].value}};
        const struct sl_format *format = sl_format_find(examples[i].format);

        sl_query_fini(&query);
        int rc = sl_query_bind(export, format, &(struct sl_args){args, 2}, &query, &err);
        ck_assert_msg((rc == 0) == examples[i].taken, "%s in %s", examples[i].name,
                      examples[i].format);
        if (rc != 0)
            ck_assert_str_eq(err.parameter, examples[i].name);
    }
}
END_TEST

START_TEST(a_file_name_is_as_long_as_the_limit)
{
    char name[202];

    memset(name, 'x', sizeof(name));
    name[200] = '\0';
    binds("id", "1", "_filename", name);
    name[200] = 'x';
    name[201] = '\0';
    refused(SL_BAD_PARAMETER, "_filename", "200 bytes", PAIRS("id", "1", "_filename", name));
}
END_TEST

START_TEST(an_option_of_later_versions_is_told_apart_from_an_unknown_one)
{
    static const char *const later[] = {"_parallel"};

    for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
        refused(SL_BAD_REQUEST, "", "not available in this version",
                PAIRS("id", "1", later[i], ""));
        ck_assert_ptr_nonnull(strstr(err.message, later[i]));
    }
    refused(SL_BAD_REQUEST, "", "did you mean _header?", PAIRS("id", "1", "_haeder", "off"));
    refused(SL_BAD_REQUEST, "", "_Header", PAIRS("id", "1", "_Header", "off"));
    refused(SL_BAD_REQUEST, "", "there is no option _;", PAIRS("id", "1", "_", "1"));
    refused(SL_BAD_REQUEST, "", "_nonsense", PAIRS("id", "1", "_nonsense", ""));
}
END_TEST

START_TEST(more_arguments_than_the_limit_are_refused)
{
    struct sl_arg args[SL_MAX_ARGS + 1];

    for (size_t i = 0; i <= SL_MAX_ARGS; i++)
        args[i] = (struct sl_arg){"id", "1"};
    ck_assert_int_eq(
        sl_query_bind(export, sl_formats, &(struct sl_args){args, SL_MAX_ARGS + 1}, &query, &err),
        -1);
    ck_assert_int_eq(err.kind, SL_BAD_REQUEST);
}
END_TEST

START_TEST(an_export_without_parameters_says_so)
{
    struct sl_export *plain;

    ck_assert_int_eq(sl_export_parse("plain", "p.sql", "SELECT 1", 8, &plain, &err), 0);
    ck_assert_int_eq(sl_query_bind(plain, sl_formats, &(struct sl_args){NULL, 0}, &query, &err), 0);
    ck_assert_uint_eq(query.n_values, 0);
    sl_query_fini(&query);
    struct sl_arg arg = {"x", "1"};
    ck_assert_int_eq(sl_query_bind(plain, sl_formats, &(struct sl_args){&arg, 1}, &query, &err),
                     -1);
    ck_assert_str_eq(err.message, "there is no parameter x; plain takes none");
    sl_query_fini(&query);
    sl_export_free(plain);
}
END_TEST

START_TEST(an_export_with_many_parameters_lists_the_first)
{
    struct sl_export *wide;
    char many[16 * 1024];
    size_t len = 0;

    for (int i = 0; i < SL_MAX_PARAMS; i++)
        len += (size_t)snprintf(many + len, sizeof(many) - len, "-- param: column_%d text?\n", i);
    len += (size_t)snprintf(many + len, sizeof(many) - len, "SELECT 1");
    for (int i = 0; i < SL_MAX_PARAMS; i++)
        len += (size_t)snprintf(many + len, sizeof(many) - len, ", :column_%d", i);
    ck_assert_int_eq(sl_export_parse("wide", "w.sql", many, len, &wide, &err), 0);
    struct sl_arg arg = {"x", "1"};
    ck_assert_int_eq(sl_query_bind(wide, sl_formats, &(struct sl_args){&arg, 1}, &query, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "column_0 text?, column_1 text?"));
    ck_assert_ptr_nonnull(strstr(err.message, ", ..."));
    sl_query_fini(&query);
    arg.name = "column_99";
    ck_assert_int_eq(sl_query_bind(wide, sl_formats, &(struct sl_args){&arg, 1}, &query, &err), 0);
    ck_assert_str_eq(query.values[99], "1");
    ck_assert_ptr_null(query.values[98]);
    sl_query_fini(&query);
    sl_export_free(wide);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("query");
    TCase *params = tcase_create("params");
    TCase *options = tcase_create("options");
    SRunner *runner = srunner_create(suite);

    tcase_add_checked_fixture(params, setup, teardown);
    tcase_add_test(params, values_go_to_their_parameters_as_they_are);
    tcase_add_test(params, what_is_left_out_is_the_default_or_null);
    tcase_add_test(params, an_empty_value_means_left_out);
    tcase_add_test(params, a_missing_parameter_is_named_with_its_type);
    tcase_add_test(params, an_unknown_parameter_is_told_what_there_is);
    tcase_add_test(params, a_long_unknown_name_is_cut);
    tcase_add_test(params, a_repeated_parameter_is_refused);
    tcase_add_test(params, a_value_that_is_not_utf8_is_refused);
    tcase_add_test(params, values_are_never_in_a_message);
    tcase_add_test(params, more_arguments_than_the_limit_are_refused);
    tcase_add_test(params, an_export_without_parameters_says_so);
    tcase_add_test(params, an_export_with_many_parameters_lists_the_first);
    tcase_add_checked_fixture(options, setup, teardown);
    tcase_add_test(options, options_of_this_version_are_read);
    tcase_add_test(options, columns_order_and_limit_are_read_for_every_format);
    tcase_add_test(options, the_dialect_is_the_callers_else_the_exports);
    tcase_add_test(options, a_bad_value_of_an_option_is_refused_by_name);
    tcase_add_test(options, the_options_of_a_style_are_read);
    tcase_add_test(options, a_locale_is_the_ground_for_what_is_asked_beside_it);
    tcase_add_test(options, a_style_that_cannot_be_is_refused);
    tcase_add_test(options, an_option_that_means_nothing_in_a_format_is_refused);
    tcase_add_test(options, a_file_name_is_as_long_as_the_limit);
    tcase_add_test(options, an_option_of_later_versions_is_told_apart_from_an_unknown_one);
    suite_add_tcase(suite, params);
    suite_add_tcase(suite, options);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
