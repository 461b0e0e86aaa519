/* What the patterns of the configuration open and hide. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "access/access.h"
#include "catalog/rights.h"

static struct sl_table_name name;

static bool reads(const char *text)
{
    return sl_table_name_read(text, (int)strlen(text), &name);
}

START_TEST(the_schema_ends_at_the_first_dot)
{
    ck_assert(reads("public.orders"));
    ck_assert_str_eq(name.schema, "public");
    ck_assert_str_eq(name.table, "orders");
    ck_assert(reads("a.b.c.d"));
    ck_assert_str_eq(name.schema, "a");
    ck_assert_str_eq(name.table, "b.c.d");
    ck_assert(reads("a.."));
    ck_assert_str_eq(name.table, ".");
    for (const char *const *bad = (const char *const[]){"", ".", "a", "a.", ".a", "..", NULL};
         *bad != NULL; bad++)
        ck_assert_msg(!reads(*bad), "%s", *bad);
    ck_assert(sl_table_name_read("public.orders.csv", 13, &name));
    ck_assert_str_eq(name.table, "orders");
}
END_TEST

START_TEST(names_longer_than_postgresql_has_are_none)
{
    char text[200];

    memset(text, 'x', sizeof(text));
    text[63] = '.';
    ck_assert(sl_table_name_read(text, 63 + 1 + 63, &name));
    ck_assert_uint_eq(strlen(name.schema), 63);
    ck_assert_uint_eq(strlen(name.table), 63);
    ck_assert(!sl_table_name_read(text, 63 + 1 + 64, &name));
    memmove(text + 1, text, sizeof(text) - 1);
    ck_assert(!sl_table_name_read(text, 64 + 1 + 5, &name));
}
END_TEST

static bool open_to(const char *open, const char *own, const char *schema, const char *table)
{
    const struct sl_table_rights rights = {.open = open, .own = own, .hidden = ""};

    return sl_rights_table(&rights, schema, table);
}

START_TEST(both_lists_must_open_a_table)
{
    ck_assert(open_to("shop.*", NULL, "shop", "orders"));
    ck_assert(open_to("shop.*", "*", "shop", "orders"));
    ck_assert(open_to("*.orders", "shop.o*, x.y", "shop", "orders"));
    ck_assert(!open_to("shop.*", "other.*", "shop", "orders"));
    ck_assert(!open_to("shop.*", "", "shop", "orders"));
    ck_assert(!open_to("", NULL, "shop", "orders"));
    ck_assert(!open_to("", "*", "shop", "orders"));
    ck_assert(!open_to("orders", NULL, "shop", "orders"));
    ck_assert(!open_to("shop.*", NULL, "shopping", "orders"));
    ck_assert(open_to("shop.*", NULL, "shop", "a.orders"));
    ck_assert(!open_to("*, shop.*", NULL, "shop.a", "orders"));
}
END_TEST

START_TEST(no_pattern_opens_the_system)
{
    static const char *const schemas[] = {"pg_catalog", "pg_toast", "pg_temp",
                                          "pg_temp_3",  "pg_",      "information_schema"};

    for (size_t i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++)
        ck_assert_msg(!open_to("*, pg_*.*, *.*", NULL, schemas[i], "x"), "%s", schemas[i]);
    ck_assert(open_to("*", NULL, "pgx", "x"));
    ck_assert(open_to("*", NULL, "information_schema2", "x"));
}
END_TEST

START_TEST(a_column_is_hidden_by_its_table_or_by_its_schema_too)
{
    const struct sl_table_rights rights = {.open = "*",
                                           .hidden = "*.password, users.*_key, audit.log.who"};

    ck_assert(sl_rights_hidden(&rights, "public", "anything", "password"));
    ck_assert(sl_rights_hidden(&rights, "public", "users", "api_key"));
    ck_assert(!sl_rights_hidden(&rights, "public", "groups", "api_key"));
    ck_assert(sl_rights_hidden(&rights, "audit", "log", "who"));
    ck_assert(!sl_rights_hidden(&rights, "public", "log", "who"));
    ck_assert(!sl_rights_hidden(&rights, "public", "users", "Password"));
    ck_assert(sl_rights_hidden(&rights, "a.b", "c.d", "password"));
}
END_TEST

START_TEST(there_is_none_where_a_list_is_empty)
{
    ck_assert(sl_rights_none(&(struct sl_table_rights){.open = ""}));
    ck_assert(sl_rights_none(&(struct sl_table_rights){.open = " , "}));
    ck_assert(sl_rights_none(&(struct sl_table_rights){.open = "*", .own = ""}));
    ck_assert(!sl_rights_none(&(struct sl_table_rights){.open = "*"}));
    ck_assert(!sl_rights_none(&(struct sl_table_rights){.open = "*", .own = "a.b"}));
}
END_TEST

START_TEST(callers_have_their_own_patterns)
{
    static char all[] = "shop.*";
    static char some[] = "shop.orders";
    struct sl_config config = {.exports = {.tables = all, .regex = true}};
    struct sl_config_token token = {.tables = some};
    struct sl_caller caller = {.token = &token};
    struct sl_table_rights rights;

    sl_access_tables(&config, &caller, &rights);
    ck_assert_str_eq(rights.open, "shop.*");
    ck_assert_str_eq(rights.own, "shop.orders");
    ck_assert(rights.regex);
    token.tables = NULL;
    sl_access_tables(&config, &caller, &rights);
    ck_assert_str_eq(rights.own, "");
    caller.token = NULL;
    sl_access_tables(&config, &caller, &rights);
    ck_assert_str_eq(rights.own, "");
    config.access.anonymous = true;
    sl_access_tables(&config, &caller, &rights);
    ck_assert_ptr_null(rights.own);
    config.anonymous.given = true;
    sl_access_tables(&config, &caller, &rights);
    ck_assert_str_eq(rights.own, "");
    config.anonymous.tables = some;
    sl_access_tables(&config, &caller, &rights);
    ck_assert_str_eq(rights.own, "shop.orders");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rights");
    TCase *tests = tcase_create("rights");
    SRunner *runner = srunner_create(suite);

    tcase_add_test(tests, the_schema_ends_at_the_first_dot);
    tcase_add_test(tests, names_longer_than_postgresql_has_are_none);
    tcase_add_test(tests, both_lists_must_open_a_table);
    tcase_add_test(tests, no_pattern_opens_the_system);
    tcase_add_test(tests, a_column_is_hidden_by_its_table_or_by_its_schema_too);
    tcase_add_test(tests, there_is_none_where_a_list_is_empty);
    tcase_add_test(tests, callers_have_their_own_patterns);
    suite_add_tcase(suite, tests);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
