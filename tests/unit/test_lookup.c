/* What the key of a filter means, and what SQL a lookup is. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/condition.h"
#include "catalog/filter.h"
#include "catalog/lookup.h"

#define COLUMN(name_, kind_)                                                                       \
    {                                                                                              \
        .name = (char[]){name_}, .type = (char[]){"a type"}, .cast = (char[]){"cast"},             \
        .element = (char[]){"element"}, .kind = SL_TYPE_##kind_                                    \
    }
#define FOREIGN(name_, table_, column_)                                                            \
    {                                                                                              \
        .name = (char[]){name_}, .type = (char[]){"integer"}, .cast = (char[]){"integer"},         \
        .kind = SL_TYPE_PLAIN, .to_schema = (char[]){"s"}, .to_table = (char[]){table_},           \
        .to_column = (char[])                                                                      \
        {                                                                                          \
            column_                                                                                \
        }                                                                                          \
    }

static struct sl_table_column columns[] = {
    COLUMN("id", PLAIN),          COLUMN("a", PLAIN),
    COLUMN("a__b", PLAIN),        COLUMN("total__gte", PLAIN),
    COLUMN("total", PLAIN),       FOREIGN("customer_id", "customer", "id"),
    COLUMN("date", DATE),         FOREIGN("x", "x", "id"),
    FOREIGN("x_id", "y", "id"),   FOREIGN("a__fk_id", "z", "id"),
    COLUMN("customer__x", PLAIN),
};
static struct sl_table_column target_columns[] = {COLUMN("id", PLAIN), COLUMN("country", PLAIN),
                                                  COLUMN("year", TIMESTAMPTZ), COLUMN("in", PLAIN)};
static const struct sl_table table = {.columns = columns,
                                      .n = sizeof(columns) / sizeof(columns[0])};
static const struct sl_table target = {.columns = target_columns,
                                       .n = sizeof(target_columns) / sizeof(target_columns[0])};
static struct sl_key key;
static struct sl_error err;

static void means(const char *text, const char *column, enum sl_lookup lookup)
{
    ck_assert_msg(sl_key_read(&table, text, &key) == SL_KEY_FOUND, "%s", text);
    ck_assert_str_eq(key.column->name, column);
    ck_assert_int_eq(key.lookup, lookup);
}

static void leads(const char *text, const char *foreign, const char *rest)
{
    ck_assert_msg(sl_key_read(&table, text, &key) == SL_KEY_FOREIGN, "%s", text);
    ck_assert_str_eq(key.column->name, foreign);
    ck_assert_str_eq(key.rest, rest);
}

static void is(const char *text, enum sl_key_result result)
{
    ck_assert_msg(sl_key_read(&table, text, &key) == result, "%s", text);
}

START_TEST(a_whole_name_comes_first_then_the_longest_column_with_a_lookup)
{
    means("id", "id", SL_EXACT);
    means("id__gte", "id", SL_GTE);
    means("a__b", "a__b", SL_EXACT);
    means("a__b__in", "a__b", SL_IN);
    means("a__in", "a", SL_IN);
    means("total__gte", "total__gte", SL_EXACT);
    means("total__gte__gte", "total__gte", SL_GTE);
    means("total__gt", "total", SL_GT);
    means("date__date", "date", SL_DATE);
    means("customer__x", "customer__x", SL_EXACT);
    means("a__has_key", "a", SL_HAS_KEY);
}
END_TEST

START_TEST(a_foreign_key_has_its_name_and_that_without_id)
{
    means("customer_id", "customer_id", SL_EXACT);
    means("customer", "customer_id", SL_EXACT);
    means("customer_id__in", "customer_id", SL_IN);
    leads("customer__country", "customer_id", "country");
    leads("customer_id__country", "customer_id", "country");
    leads("customer__country__gte", "customer_id", "country__gte");
    leads("customer__isnull", "customer_id", "isnull");
    leads("customer__x__y", "customer_id", "x__y");
    leads("a__fk__country", "a__fk_id", "country");
    leads("a__fk_id__country__in", "a__fk_id", "country__in");
    /* A name of its own is before one that is cut. */
    means("x", "x", SL_EXACT);
    leads("x__country", "x", "country");
    leads("x_id__country", "x_id", "country");
}
END_TEST

START_TEST(what_is_neither_is_told_apart)
{
    static const char *const unknown[] = {
        "",   "_",           "__",     "__gte",     "i",   "idd",    "id__",      "gte",
        "ID", "nothing__in", "custom", "customer_", "_id", "___gte", "custo__in", "customer_i__x"};

    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
        is(unknown[i], SL_KEY_UNKNOWN);
    is("id__nothing", SL_KEY_NO_LOOKUP);
    ck_assert_str_eq(key.rest, "nothing");
    is("a__b__c__gte", SL_KEY_NO_LOOKUP);
    ck_assert_str_eq(key.column->name, "a__b");
    is("id__gte__lte", SL_KEY_NO_LOOKUP);
    is("id___gte", SL_KEY_NO_LOOKUP);
}
END_TEST

START_TEST(the_rest_is_a_column_of_the_target_or_a_lookup_of_the_key)
{
    const struct sl_table_column *foreign = &columns[5];

    ck_assert_int_eq(sl_key_read_rest(&target, foreign, "country", &key), SL_KEY_FOUND);
    ck_assert_ptr_eq(key.column, &target_columns[1]);
    ck_assert_int_eq(sl_key_read_rest(&target, foreign, "year__year", &key), SL_KEY_FOUND);
    ck_assert_ptr_eq(key.column, &target_columns[2]);
    ck_assert_int_eq(key.lookup, SL_YEAR);
    ck_assert_int_eq(sl_key_read_rest(&target, foreign, "isnull", &key), SL_KEY_FOUND);
    ck_assert_ptr_eq(key.column, foreign);
    ck_assert_int_eq(key.lookup, SL_ISNULL);
    /* A column of that name is before the lookup. */
    ck_assert_int_eq(sl_key_read_rest(&target, foreign, "in", &key), SL_KEY_FOUND);
    ck_assert_ptr_eq(key.column, &target_columns[3]);
    ck_assert_int_eq(sl_key_read_rest(&target, foreign, "nothing", &key), SL_KEY_UNKNOWN);
    ck_assert_int_eq(sl_key_read_rest(&target, foreign, "country__no", &key), SL_KEY_NO_LOOKUP);
    ck_assert_int_eq(sl_key_read_rest(&target, foreign, "", &key), SL_KEY_UNKNOWN);
}
END_TEST

START_TEST(types_have_the_lookups_that_django_gives_them)
{
    ck_assert(sl_lookup_fits(SL_CONTAINS, SL_TYPE_PLAIN));
    ck_assert(sl_lookup_fits(SL_CONTAINS, SL_TYPE_ARRAY));
    ck_assert(!sl_lookup_fits(SL_CONTAINS, SL_TYPE_JSON));
    ck_assert(sl_lookup_fits(SL_HAS_KEY, SL_TYPE_KEYED));
    ck_assert(!sl_lookup_fits(SL_HAS_KEY, SL_TYPE_JSON));
    ck_assert(!sl_lookup_fits(SL_YEAR, SL_TYPE_PLAIN));
    ck_assert(sl_lookup_fits(SL_YEAR, SL_TYPE_DATE));
    ck_assert(!sl_lookup_fits(SL_STARTSWITH, SL_TYPE_RANGE));
    ck_assert(sl_lookup_fits(SL_ISTARTSWITH, SL_TYPE_INET));
}
END_TEST

/* The SQL of a lookup on c of that kind, and its values with | between them. */
static void gives(enum sl_lookup lookup, enum sl_type_kind kind, const char *value, bool negated,
                  const char *wanted, const char *values)
{
    const struct sl_table_column column = {
        .cast = (char[]){"cast"}, .element = (char[]){"element"}, .kind = kind};
    const struct sl_condition condition = {.expression = "c",
                                           .column = &column,
                                           .lookup = lookup,
                                           .negated = negated,
                                           .nullable = true,
                                           .value = value,
                                           .parameter = "p",
                                           .timezone = "zone"};
    struct sl_binds binds = {0};
    struct sl_buf sql;
    struct sl_buf joined;

    sl_buf_init(&sql, 1000);
    sl_buf_init(&joined, 1000);
    ck_assert_msg(sl_condition_put(&condition, &binds, &sql, &err) == 0, "%s", err.message);
    for (size_t i = 0; i < binds.n; i++)
        ck_assert_int_eq(sl_buf_printf(&joined, "%s%s", i > 0 ? "|" : "", binds.values[i]), 0);
    ck_assert_str_eq(sql.data, wanted);
    ck_assert_str_eq(joined.data, values);
    sl_binds_free(&binds);
    sl_buf_free(&sql);
    sl_buf_free(&joined);
}

START_TEST(the_sql_is_djangos_and_the_values_are_bound)
{
    gives(SL_EXACT, SL_TYPE_PLAIN, "' OR 1=1", false, "(c = $1::cast)", "' OR 1=1");
    gives(SL_EXACT, SL_TYPE_PLAIN, "v", true, "NOT (c = $1::cast AND c IS NOT NULL)", "v");
    gives(SL_ISNULL, SL_TYPE_PLAIN, "True", true, "NOT (c IS NULL)", "");
    gives(SL_ISNULL, SL_TYPE_PLAIN, "0", false, "(c IS NOT NULL)", "");
    gives(SL_IN, SL_TYPE_PLAIN, "a,\"b,\"\"c\", d,", false,
          "(c IN ($1::cast, $2::cast, $3::cast, $4::cast))", "a|b,\"c| d|");
    gives(SL_RANGE, SL_TYPE_PLAIN, "1,2", false, "(c BETWEEN $1::cast AND $2::cast)", "1|2");
    gives(SL_CONTAINS, SL_TYPE_PLAIN, "a%_\\b", false, "(c::text LIKE $1::text)", "%a\\%\\_\\\\b%");
    gives(SL_ISTARTSWITH, SL_TYPE_PLAIN, "x", false, "(UPPER(c::text) LIKE UPPER($1::text))", "x%");
    gives(SL_ENDSWITH, SL_TYPE_CITEXT, "x", false, "(c::cast LIKE $1::cast)", "%x");
    gives(SL_IEXACT, SL_TYPE_INET, "x", false, "(UPPER(HOST(c)) = UPPER($1::text))", "x");
    gives(SL_IREGEX, SL_TYPE_PLAIN, "^x", false, "(c::text ~* $1::text)", "^x");
    gives(SL_CONTAINS, SL_TYPE_ARRAY, "{a}", false, "(c @> $1::cast)", "{a}");
    gives(SL_CONTAINS, SL_TYPE_RANGE, "[1,2]", false, "(c @> $1::cast)", "[1,2]");
    gives(SL_CONTAINS, SL_TYPE_RANGE, "5", false, "(c @> $1::element)", "5");
    gives(SL_HAS_KEY, SL_TYPE_KEYED, "k", false, "(c ? $1::text)", "k");
    gives(SL_DATE, SL_TYPE_TIMESTAMPTZ, "d", false, "((c AT TIME ZONE $1::text)::date = $2::date)",
          "zone|d");
    gives(SL_MONTH, SL_TYPE_TIMESTAMP, "2", false, "(EXTRACT(MONTH FROM c) = $1::integer)", "2");
    gives(SL_YEAR, SL_TYPE_DATE, "99", false, "(c BETWEEN $1::cast AND $2::cast)",
          "0099-01-01|0099-12-31");
    gives(SL_YEAR, SL_TYPE_TIMESTAMPTZ, "2026", false, "(c BETWEEN $1::cast AND $2::cast)",
          "2026-01-01 00:00:00|2026-12-31 23:59:59.999999");
}
END_TEST

START_TEST(filters_and_options_part_at_the_underscore)
{
    static struct sl_arg args[] = {
        {"total__gte", "5"}, {"_limit", "3"}, {"note!", "a"}, {"empty", ""}, {"!", "x"}};
    const struct sl_table_rights rights = {.open = "*", .hidden = ""};
    const struct sl_table_name name = {"public", "orders"};
    struct sl_query query;

    ck_assert_msg(
        sl_table_bind(&rights, &name, sl_formats, &(struct sl_args){args, 5}, &query, &err) == 0,
        "%s", err.message);
    ck_assert_str_eq(query.export->name, "public.orders");
    ck_assert_int_eq(query.limit, 3);
    ck_assert_uint_eq(query.table->n, 3);
    ck_assert_str_eq(query.table->filters[0].key, "total__gte");
    ck_assert(!query.table->filters[0].negated);
    ck_assert_str_eq(query.table->filters[1].key, "note");
    ck_assert_str_eq(query.table->filters[1].name, "note!");
    ck_assert(query.table->filters[1].negated);
    ck_assert_str_eq(query.table->filters[2].key, "");
    sl_query_fini(&query);
    args[2].name = "total__gte";
    ck_assert_int_eq(
        sl_table_bind(&rights, &name, sl_formats, &(struct sl_args){args, 5}, &query, &err), -1);
    ck_assert_int_eq(err.kind, SL_BAD_PARAMETER);
    ck_assert_str_eq(err.parameter, "total__gte");
    sl_query_fini(&query);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lookup");
    TCase *tests = tcase_create("lookup");
    SRunner *runner = srunner_create(suite);

    tcase_add_test(tests, a_whole_name_comes_first_then_the_longest_column_with_a_lookup);
    tcase_add_test(tests, a_foreign_key_has_its_name_and_that_without_id);
    tcase_add_test(tests, what_is_neither_is_told_apart);
    tcase_add_test(tests, the_rest_is_a_column_of_the_target_or_a_lookup_of_the_key);
    tcase_add_test(tests, types_have_the_lookups_that_django_gives_them);
    tcase_add_test(tests, the_sql_is_djangos_and_the_values_are_bound);
    tcase_add_test(tests, filters_and_options_part_at_the_underscore);
    suite_add_tcase(suite, tests);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
