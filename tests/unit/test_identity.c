#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "access/identity.h"

static char roles[] = "app_*, reader";
static char settings[] = "pgsluice.*,app.tenant";
static struct sl_config config = {.access = {.grant_roles = roles, .row_settings = settings}};
static struct sl_error err;

static bool role_allowed(const char *role)
{
    int result = sl_identity_check(&config, role, NULL, 0, &err);

    ck_assert(result == 0 || err.kind == SL_FORBIDDEN);
    return result == 0;
}

static bool setting_allowed(const char *name, const char *value)
{
    const struct sl_setting both[] = {{"pgsluice.first", "1"}, {name, value}};
    int result = sl_identity_check(&config, NULL, both, 2, &err);

    ck_assert(result == 0 || err.kind == SL_FORBIDDEN);
    return result == 0;
}

START_TEST(a_role_is_allowed_by_the_patterns_only)
{
    ck_assert(role_allowed(""));
    ck_assert(role_allowed("reader"));
    ck_assert(role_allowed("app_1"));
    ck_assert(!role_allowed("readers"));
    ck_assert(!role_allowed("Reader"));
    ck_assert(!role_allowed("postgres"));
    ck_assert_ptr_nonnull(strstr(err.message, "postgres"));
    ck_assert_ptr_nonnull(strstr(err.message, "grant_roles"));
}
END_TEST

START_TEST(no_pattern_allows_a_role_that_is_none)
{
    char any[] = "*";
    struct sl_config open = {.access = {.grant_roles = any, .row_settings = any}};
    char long_name[SL_IDENTITY_NAME_MAX + 2];

    memset(long_name, 'x', sizeof(long_name));
    long_name[SL_IDENTITY_NAME_MAX + 1] = '\0';
    ck_assert_int_eq(sl_identity_check(&open, "none", NULL, 0, &err), -1);
    ck_assert_int_eq(sl_identity_check(&open, long_name, NULL, 0, &err), -1);
    ck_assert_int_eq(sl_identity_check(&open, "a\xff", NULL, 0, &err), -1);
    long_name[SL_IDENTITY_NAME_MAX] = '\0';
    ck_assert_int_eq(sl_identity_check(&open, long_name, NULL, 0, &err), 0);
}
END_TEST

START_TEST(a_setting_is_allowed_by_the_patterns_only)
{
    ck_assert(setting_allowed("pgsluice.user_id", "7"));
    ck_assert(setting_allowed("pgsluice.a.b", ""));
    ck_assert(setting_allowed("app.tenant", "Gr\xc3\xbc\xc3\x9f"));
    ck_assert(!setting_allowed("app.tenants", "7"));
    ck_assert(!setting_allowed("plpgsql.x", "7"));
}
END_TEST

START_TEST(a_setting_is_named_as_postgresql_wants_it)
{
    static const char *const bad[] = {
        "role",
        "pgsluice",
        "pgsluice.",
        ".pgsluice",
        "pgsluice..x",
        "a b.c",
        "pgsluice.x y",
        "pgsluice.1x",
        "pgsluice.\"x\"",
        "pgsluice.x'",
        "1.pgsluice",
        "pgsluice.\xc3\xbc",
        "",
    };
    char any[] = "*";
    struct sl_config open = {.access = {.grant_roles = any, .row_settings = any}};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const struct sl_setting one = {bad[i], "x"};
        ck_assert_msg(sl_identity_check(&open, "", &one, 1, &err) == -1, "%s", bad[i]);
        ck_assert_int_eq(err.kind, SL_FORBIDDEN);
    }
}
END_TEST

START_TEST(the_value_of_a_setting_is_text_of_a_bounded_length)
{
    char value[SL_IDENTITY_VALUE_MAX + 2];

    memset(value, 'x', sizeof(value));
    value[SL_IDENTITY_VALUE_MAX + 1] = '\0';
    ck_assert(!setting_allowed("pgsluice.x", value));
    value[SL_IDENTITY_VALUE_MAX] = '\0';
    ck_assert(setting_allowed("pgsluice.x", value));
    ck_assert(!setting_allowed("pgsluice.x", "\xff"));
}
END_TEST

START_TEST(there_are_not_too_many_settings)
{
    struct sl_setting many[SL_MAX_ROW_SETTINGS + 1];

    for (size_t i = 0; i <= SL_MAX_ROW_SETTINGS; i++)
        many[i] = (struct sl_setting){"pgsluice.x", "1"};
    ck_assert_int_eq(sl_identity_check(&config, "", many, SL_MAX_ROW_SETTINGS, &err), 0);
    ck_assert_int_eq(sl_identity_check(&config, "", many, SL_MAX_ROW_SETTINGS + 1, &err), -1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("identity");
    TCase *tc = tcase_create("identity");
    SRunner *runner = srunner_create(suite);

    tcase_add_test(tc, a_role_is_allowed_by_the_patterns_only);
    tcase_add_test(tc, no_pattern_allows_a_role_that_is_none);
    tcase_add_test(tc, a_setting_is_allowed_by_the_patterns_only);
    tcase_add_test(tc, a_setting_is_named_as_postgresql_wants_it);
    tcase_add_test(tc, the_value_of_a_setting_is_text_of_a_bounded_length);
    tcase_add_test(tc, there_are_not_too_many_settings);
    suite_add_tcase(suite, tc);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
