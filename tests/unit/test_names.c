/* _columns and _order: a record of names, and which columns they mean. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/names.h"
#include "catalog/record.h"

static struct sl_names names;
static struct sl_error err;

static void teardown(void)
{
    sl_names_free(&names);
}

static int take(const char *value, bool directed)
{
    sl_names_free(&names);
    return sl_names_read(directed ? "_order" : "_columns", value, directed, &names, &err);
}

/* The names that a value holds, joined by | and with v before a descending one. */
static const char *read_as(const char *value, bool directed)
{
    static char text[256];
    size_t len = 0;

    ck_assert_msg(take(value, directed) == 0, "%s", err.message);
    text[0] = '\0';
    for (size_t i = 0; i < names.n; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s%s", i > 0 ? "|" : "",
                                names.v[i].descending ? "v" : "", names.v[i].text);
    return text;
}

static void refused(const char *value, const char *word)
{
    ck_assert_int_eq(take(value, true), -1);
    ck_assert_int_eq(err.kind, SL_BAD_PARAMETER);
    ck_assert_str_eq(err.parameter, "_order");
    ck_assert_msg(strstr(err.message, word) != NULL, "%s", err.message);
}

START_TEST(names_are_one_csv_record)
{
    ck_assert_str_eq(read_as("id", false), "id");
    ck_assert_str_eq(read_as("id,email", false), "id|email");
    ck_assert_str_eq(read_as(" id ,\tfull name ", false), "id|full name");
    ck_assert_str_eq(read_as("\"a,b\",\"say \"\"hi\"\"\",\" x \"", false), "a,b|say \"hi\"| x ");
    ck_assert_str_eq(read_as("Gr\xC3\xB6\xC3\x9F"
                             "e,?column?,a'b;--,$1,:x",
                             false),
                     "Gr\xC3\xB6\xC3\x9F"
                     "e|?column?|a'b;--|$1|:x");
    ck_assert_str_eq(read_as("id,id", false), "id|id");
}
END_TEST

START_TEST(a_minus_before_the_name_is_descending_in_an_order_only)
{
    ck_assert_str_eq(read_as("-placed_at,id", true), "vplaced_at|id");
    ck_assert_str_eq(read_as(" - placed_at, -\"a,b\"", true), "vplaced_at|va,b");
    ck_assert_str_eq(read_as("\"-x\",--x,a-b", true), "-x|v-x|a-b");
    ck_assert_str_eq(read_as("-x", false), "-x");
}
END_TEST

START_TEST(what_is_no_record_of_names_is_refused)
{
    refused("a,,b", "empty");
    refused(",", "empty");
    refused("a,", "empty");
    refused("-", "empty");
    refused(" ", "empty");
    refused("\"\"", "empty");
    refused("a,\"b", "quote");
    refused("a\xFF", "UTF-8");
}
END_TEST

START_TEST(more_names_than_a_query_has_columns_are_refused)
{
    char value[2 * SL_NAMES_MAX + 2];

    for (size_t i = 0; i < sizeof(value) - 1; i++)
        value[i] = i % 2 == 0 ? 'a' : ',';
    value[sizeof(value) - 1] = '\0'; /* one more than fits */
    refused(value, "more than 1664");
    value[sizeof(value) - 3] = '\0';
    ck_assert_int_eq(take(value, true), 0);
    ck_assert_uint_eq(names.n, SL_NAMES_MAX);
}
END_TEST

static int find(const char *name, const char *const *columns, size_t n, size_t *found)
{
    return sl_names_find("_columns", name, columns, n, found, &err);
}

START_TEST(a_name_means_the_column_that_is_called_so)
{
    static const char *const columns[] = {"id", "ID", "a b", "-x"};
    size_t found = 9;

    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(find(columns[i], columns, 4, &found), 0);
        ck_assert_uint_eq(found, i);
    }
}
END_TEST

static void not_found(const char *name, const char *const *columns, size_t n, const char *message)
{
    size_t found;

    ck_assert_int_eq(find(name, columns, n, &found), -1);
    ck_assert_int_eq(err.kind, SL_BAD_PARAMETER);
    ck_assert_str_eq(err.parameter, "_columns");
    ck_assert_str_eq(err.message, message);
}

START_TEST(an_unknown_name_is_told_what_there_is_as_it_is_to_be_written)
{
    static const char *const columns[] = {"email", "d", "a,b", "d", "-x", " y", "say \"hi\""};

    not_found("emial", columns, 7,
              "_columns: there is no column emial, did you mean email?; the columns are email, "
              "\"a,b\", \"-x\", \" y\", \"say \"\"hi\"\"\"");
    not_found("", columns, 1, "_columns: there is no column ; the columns are email");
    not_found("x", columns, 0, "_columns: there is no column x; the columns are none");
}
END_TEST

START_TEST(a_name_of_several_columns_means_none)
{
    static const char *const columns[] = {"d", "e", "d"};

    not_found("d", columns, 3, "_columns: there are 2 columns d, so that the name means none");
}
END_TEST

START_TEST(long_names_and_many_columns_are_cut)
{
    static const char *columns[SL_NAMES_MAX];
    char name[5000];
    size_t found;

    for (size_t i = 0; i < SL_NAMES_MAX; i++)
        columns[i] = i % 2 == 0 ? "a_column_with_a_long_name" : "b";
    columns[0] = "first";
    columns[7] = "eighth";
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    ck_assert_int_eq(find(name, columns, SL_NAMES_MAX, &found), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "xxx; the columns are first, eighth"));
}
END_TEST

/* What a filter's list of values needs. */
START_TEST(without_trimming_blanks_are_part_of_a_field)
{
    char field[32];
    const char *at = " a , \"b\" ,";

    ck_assert_int_eq(sl_record_field(&at, false, field), 0);
    ck_assert_str_eq(field, " a ");
    ck_assert_int_eq(*at++, ',');
    ck_assert_int_eq(sl_record_field(&at, false, field), 0);
    ck_assert_str_eq(field, " b ");
    ck_assert_int_eq(*at++, ',');
    ck_assert_int_eq(sl_record_field(&at, false, field), 0);
    ck_assert_str_eq(field, "");
    ck_assert_int_eq(*at, '\0');
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("names");
    TCase *tc = tcase_create("names");

    tcase_add_checked_fixture(tc, NULL, teardown);
    tcase_add_test(tc, names_are_one_csv_record);
    tcase_add_test(tc, a_minus_before_the_name_is_descending_in_an_order_only);
    tcase_add_test(tc, what_is_no_record_of_names_is_refused);
    tcase_add_test(tc, more_names_than_a_query_has_columns_are_refused);
    tcase_add_test(tc, a_name_means_the_column_that_is_called_so);
    tcase_add_test(tc, an_unknown_name_is_told_what_there_is_as_it_is_to_be_written);
    tcase_add_test(tc, a_name_of_several_columns_means_none);
    tcase_add_test(tc, long_names_and_many_columns_are_cut);
    tcase_add_test(tc, without_trimming_blanks_are_part_of_a_field);
    suite_add_tcase(suite, tc);

    SRunner *runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
