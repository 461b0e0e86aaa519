/* The statement of _columns, _order and _limit: names of the source only, each in its quotes. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/shape.h"
#include "export/shaping.h"
#include "pg/internal.h"

static const char *const names[] = {"id", "a b", "say \"hi\"", "d", "d"};
static const char *const expressions[] = {"q.c1", "q.c2", "q.c3", "q.c4", "q.c5"};
static const struct sl_shape_source source = {5, names, expressions, NULL, "t AS q"};

/* libpq quotes for a connection, which need not have come about. */
static struct sl_session session;
static struct sl_query query;
static struct sl_buf sql;
static struct sl_error err;

static void setup(void)
{
    session.conn = PQconnectStart("host=/dev/null hostaddr='' port=''");
    ck_assert_ptr_nonnull(session.conn);
    sl_buf_init(&sql, 8192);
    query.limit = -1;
}

static void teardown(void)
{
    sl_names_free(&query.columns);
    sl_names_free(&query.order);
    sl_buf_free(&sql);
    PQfinish(session.conn);
}

static void ask(const char *columns, const char *order, int64_t limit)
{
    teardown();
    setup();
    if (columns != NULL)
        ck_assert_int_eq(sl_names_read("_columns", columns, false, &query.columns, &err), 0);
    if (order != NULL)
        ck_assert_int_eq(sl_names_read("_order", order, true, &query.order, &err), 0);
    query.limit = limit;
}

static void selects(const char *wanted)
{
    ck_assert_msg(sl_shape_select(&session, &source, &query, &sql, &err) == 0, "%s", err.message);
    ck_assert_str_eq(sql.data, wanted);
}

START_TEST(without_columns_all_are_selected_under_their_names)
{
    ask(NULL, NULL, 0);
    selects("SELECT q.c1 AS \"id\", q.c2 AS \"a b\", q.c3 AS \"say \"\"hi\"\"\", q.c4 AS \"d\", "
            "q.c5 AS \"d\" FROM t AS q LIMIT 0");
}
END_TEST

START_TEST(columns_come_in_the_order_of_the_request)
{
    ask("\"say \"\"hi\"\"\",id,id", NULL, -1);
    selects("SELECT q.c3 AS \"say \"\"hi\"\"\", q.c1 AS \"id\", q.c1 AS \"id\" FROM t AS q");
}
END_TEST

START_TEST(an_order_is_of_expressions_and_the_limit_a_number)
{
    ask("a b", "-id,a b", INT64_MAX);
    selects("SELECT q.c2 AS \"a b\" FROM t AS q ORDER BY q.c1 DESC, q.c2 LIMIT "
            "9223372036854775807");
}
END_TEST

START_TEST(an_order_is_by_the_value_that_to_json_is_given)
{
    static const bool to_json[] = {false, true, false, false, false};
    struct sl_shape_source wrapped = source;

    wrapped.to_json = to_json;
    ask("id,a b", "a b", -1);
    ck_assert_int_eq(sl_shape_select(&session, &wrapped, &query, &sql, &err), 0);
    ck_assert_str_eq(sql.data,
                     "SELECT q.c1 AS \"id\", pg_catalog.to_json(q.c2) AS \"a b\" FROM t AS "
                     "q ORDER BY q.c2");
}
END_TEST

static void refused(const char *parameter, const char *word)
{
    ck_assert_int_eq(sl_shape_select(&session, &source, &query, &sql, &err), -1);
    ck_assert_int_eq(err.kind, SL_BAD_PARAMETER);
    ck_assert_str_eq(err.parameter, parameter);
    ck_assert_msg(strstr(err.message, word) != NULL, "%s", err.message);
}

START_TEST(what_names_no_column_or_two_is_refused_by_its_option)
{
    ask("id,idd", NULL, -1);
    refused("_columns", "did you mean id?");
    ask("id", "-x; DROP TABLE t", -1);
    refused("_order", "there is no column x; DROP TABLE t");
    ask("d", NULL, -1);
    refused("_columns", "2 columns d");
    ask(NULL, "d", -1);
    refused("_order", "2 columns d");
    ask("q.c1", NULL, -1);
    refused("_columns", "there is no column q.c1");
}
END_TEST

static int wrap(const char *base, int n, struct sl_error *error)
{
    struct sl_cell cells[] = {{"id", 2}, {"x", 1}};
    struct sl_column unused[2] = {{0}};
    const struct sl_columns columns = {cells, unused, n};

    return sl_shape_wrap(&session, base, &columns, NULL, &query, &sql, error);
}

START_TEST(a_query_becomes_a_subselect_with_columns_by_position)
{
    ask("x", "-id", 3);
    ck_assert_int_eq(wrap("SELECT 1 AS id, 2 AS x -- the end", 2, &err), 0);
    ck_assert_str_eq(sql.data,
                     "SELECT q.c2 AS \"x\" FROM (\nSELECT 1 AS id, 2 AS x -- the end\n) AS "
                     "q(c1, c2) ORDER BY q.c1 DESC LIMIT 3");
}
END_TEST

START_TEST(a_query_without_columns_stays_one)
{
    ask(NULL, NULL, 3);
    ck_assert_int_eq(wrap("SELECT FROM t", 0, &err), 0);
    ck_assert_str_eq(sql.data, "SELECT FROM (\nSELECT FROM t\n) AS q LIMIT 3");
}
END_TEST

START_TEST(a_statement_without_room_is_an_error_at_every_size)
{
    ask("id,x", "-id", 3);
    ck_assert_int_eq(wrap("SELECT 1, 2", 2, &err), 0);
    size_t len = sql.len;
    for (size_t max = 0; max < len; max++) {
        sl_buf_free(&sql);
        sl_buf_init(&sql, max);
        ck_assert_int_eq(wrap("SELECT 1, 2", 2, &err), -1);
        ck_assert_int_eq(err.kind, SL_INTERNAL);
    }
}
END_TEST

START_TEST(only_who_asks_for_it_waits_for_a_description)
{
    ask(NULL, NULL, -1);
    ck_assert(!sl_shaping_needed(&query));
    ask("id", NULL, -1);
    ck_assert(sl_shaping_needed(&query));
    ask(NULL, "id", -1);
    ck_assert(sl_shaping_needed(&query));
    ask(NULL, NULL, 0);
    ck_assert(sl_shaping_needed(&query));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shape");
    TCase *tc = tcase_create("shape");
    SRunner *sr = srunner_create(suite);

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, without_columns_all_are_selected_under_their_names);
    tcase_add_test(tc, columns_come_in_the_order_of_the_request);
    tcase_add_test(tc, an_order_is_of_expressions_and_the_limit_a_number);
    tcase_add_test(tc, an_order_is_by_the_value_that_to_json_is_given);
    tcase_add_test(tc, what_names_no_column_or_two_is_refused_by_its_option);
    tcase_add_test(tc, a_query_becomes_a_subselect_with_columns_by_position);
    tcase_add_test(tc, a_query_without_columns_stays_one);
    tcase_add_test(tc, a_statement_without_room_is_an_error_at_every_size);
    tcase_add_test(tc, only_who_asks_for_it_waits_for_a_description);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
