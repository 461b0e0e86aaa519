#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "pg/internal.h"
#include "pg/settings.h"

#define SQL_MAX 8192

static const struct sl_settings usual = {
    .application_name = "pgsluice:orders:01234567",
    .timezone = "UTC",
    .search_path = "app, public",
    .role = "exporter",
    .lock_timeout = 5000,
    .statement_timeout = 21600000,
    .idle_timeout = 90000,
};

static struct sl_buf sql;
static const char *values[SL_SETTINGS_VALUES];
static int n;

/* libpq quotes for a connection, which need not have come about. */
static struct sl_session session;
static struct sl_error err;

static void setup(void)
{
    sl_buf_init(&sql, SQL_MAX);
    session.conn = PQconnectStart("host=/dev/null hostaddr='' port=''");
    ck_assert_ptr_nonnull(session.conn);
}

static void teardown(void)
{
    PQfinish(session.conn);
    sl_buf_free(&sql);
}

static void make(const struct sl_settings *settings, int version)
{
    sql.len = 0;
    n = -1;
    ck_assert_int_eq(sl_settings_sql(settings, version, &sql, values, &n), 0);
}

/* Is this call in the SQL, exactly once? */
static bool has(const char *call)
{
    const char *at = strstr(sql.data, call);

    return at != NULL && strstr(at + 1, call) == NULL;
}

static bool has_setting(const char *name, const char *value)
{
    char call[200];

    snprintf(call, sizeof call, ", pg_catalog.set_config('%s', %s, true)", name, value);
    return has(call);
}

START_TEST(every_setting_that_changes_how_a_value_prints_has_postgresqls_default)
{
    make(&usual, 150018);
    ck_assert(has_setting("DateStyle", "'ISO, MDY'"));
    ck_assert(has_setting("IntervalStyle", "'postgres'"));
    ck_assert(has_setting("extra_float_digits", "'1'"));
    ck_assert(has_setting("bytea_output", "'hex'"));
    ck_assert(has_setting("xmloption", "'content'"));
    ck_assert(has_setting("lc_monetary", "'C'"));
    ck_assert(has_setting("standard_conforming_strings", "'on'"));
    ck_assert(has_setting("quote_all_identifiers", "'off'"));
    ck_assert(has_setting("client_encoding", "'UTF8'"));
}
END_TEST

START_TEST(the_plan_is_for_all_rows_and_the_order_does_not_depend_on_others)
{
    make(&usual, 150018);
    ck_assert(has_setting("cursor_tuple_fraction", "'1'"));
    ck_assert(has_setting("synchronize_seqscans", "'off'"));
    ck_assert(has_setting("row_security", "'on'"));
    ck_assert(has_setting("jit", "'off'"));
    struct sl_settings jit = usual;
    jit.jit = true;
    make(&jit, 150018);
    ck_assert(has_setting("jit", "'on'"));
}
END_TEST

START_TEST(times_are_in_milliseconds)
{
    struct sl_settings settings = usual;

    make(&settings, 150018);
    ck_assert(has_setting("lock_timeout", "'5000ms'"));
    ck_assert(has_setting("statement_timeout", "'21600000ms'"));
    ck_assert(has_setting("idle_in_transaction_session_timeout", "'90000ms'"));
    settings.lock_timeout = 0;
    settings.statement_timeout = 2147483647;
    make(&settings, 150018);
    ck_assert(has_setting("lock_timeout", "'0ms'"));
    ck_assert(has_setting("statement_timeout", "'2147483647ms'"));
}
END_TEST

START_TEST(a_server_is_only_told_what_its_version_knows)
{
    static const struct {
        int version;
        bool check_interval;
        bool transaction_timeout;
    } versions[] = {
        {130012, false, false}, {140000, true, false}, {150018, true, false}, {160003, true, false},
        {169999, true, false},  {170000, true, true},  {180001, true, true},
    };

    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        make(&usual, versions[i].version);
        ck_assert_int_eq(has_setting("client_connection_check_interval", "'2s'"),
                         versions[i].check_interval);
        ck_assert_int_eq(has_setting("transaction_timeout", "'0'"),
                         versions[i].transaction_timeout);
        ck_assert(has_setting("idle_in_transaction_session_timeout", "'90000ms'"));
    }
}
END_TEST

START_TEST(texts_are_bound_values_and_the_role_comes_last)
{
    make(&usual, 170000);
    ck_assert_int_eq(n, 4);
    ck_assert(has_setting("application_name", "$1"));
    ck_assert(has_setting("TimeZone", "$2"));
    ck_assert(has_setting("search_path", "$3"));
    ck_assert_str_eq(values[0], usual.application_name);
    ck_assert_str_eq(values[1], usual.timezone);
    ck_assert_str_eq(values[2], usual.search_path);
    ck_assert_str_eq(values[3], usual.role);
    const char *last = ", pg_catalog.set_config('role', $4, true)";
    ck_assert_uint_gt(sql.len, strlen(last));
    ck_assert_str_eq(sql.data + sql.len - strlen(last), last);
    /* Nothing of the caller's is in the text. */
    ck_assert_ptr_null(strstr(sql.data, "exporter"));
    ck_assert_ptr_null(strstr(sql.data, "orders"));
}
END_TEST

START_TEST(an_empty_text_leaves_the_logins_value)
{
    static const char *const texts[] = {"name", "zone", "path", "role"};

    for (unsigned set = 0; set < 16; set++) {
        struct sl_settings settings = usual;
        int expected = 0;

        settings.application_name = set & 1 ? texts[0] : "";
        settings.timezone = set & 2 ? texts[1] : "";
        settings.search_path = set & 4 ? texts[2] : "";
        settings.role = set & 8 ? texts[3] : "";
        make(&settings, 150018);
        for (unsigned i = 0; i < 4; i++)
            if (set >> i & 1)
                ck_assert_str_eq(values[expected++], texts[i]);
        ck_assert_int_eq(n, expected);
        for (int i = 1; i <= 4; i++) {
            char number[16];

            snprintf(number, sizeof number, "$%d,", i);
            ck_assert_int_eq(has(number), i <= n);
        }
        ck_assert_int_eq(strstr(sql.data, "'role'") != NULL, (set & 8) != 0);
        ck_assert_int_eq(strstr(sql.data, "'search_path'") != NULL, (set & 4) != 0);
    }
}
END_TEST

START_TEST(it_is_one_statement_that_the_search_path_cannot_change)
{
    make(&usual, 180000);
    ck_assert_int_eq(strncmp(sql.data, "SELECT pg_catalog.to_char(", 26), 0);
    ck_assert_ptr_null(strchr(sql.data, ';'));
    for (const char *at = sql.data; (at = strstr(at, "set_config(")) != NULL; at++) {
        ck_assert_int_eq(strncmp(at - 11, "pg_catalog.", 11), 0);
        ck_assert_ptr_nonnull(strstr(at, ", true)")); /* local to the transaction */
    }
    ck_assert_ptr_null(strstr(sql.data, ", false)"));
}
END_TEST

START_TEST(a_buffer_that_is_too_small_is_an_error_at_every_size)
{
    make(&usual, 180000);
    size_t needed = sql.len;
    for (size_t max = 0; max < needed; max++) {
        struct sl_buf small;

        sl_buf_init(&small, max);
        ck_assert_int_eq(sl_settings_sql(&usual, 180000, &small, values, &n), -1);
        sl_buf_free(&small);
    }
}
END_TEST

/* The statements that each setting becomes, one to a line. */
static int append_local(void *ctx, const char *name, const char *value)
{
    struct sl_buf *out = ctx;

    if (sl_settings_local(&session, name, value, out, &err) < 0)
        return -1;
    return sl_buf_putc(out, '\n');
}

START_TEST(set_local_says_the_same_as_set_config)
{
    static const struct sl_setting own[] = {{"pgsluice.user", "7"}, {"pgsluice.none", ""}};
    struct sl_settings settings = usual;

    settings.extra = own;
    settings.n_extra = 2;
    ck_assert_int_eq(sl_settings_each(&settings, 150018, append_local, &sql), 0);
    ck_assert(has("SET LOCAL \"DateStyle\" TO 'ISO, MDY'\n"));
    ck_assert(has("SET LOCAL \"jit\" TO 'off'\n"));
    ck_assert(has("SET LOCAL \"statement_timeout\" TO '21600000ms'\n"));
    ck_assert(has("SET LOCAL \"TimeZone\" TO 'UTC'\n"));
    ck_assert(has("SET LOCAL \"pgsluice\".\"user\" TO '7'\n"));
    ck_assert(has("SET LOCAL \"pgsluice\".\"none\" TO ''\n"));
    ck_assert_ptr_null(strstr(sql.data, "transaction_timeout"));
    const char *last = strstr(sql.data, "SET LOCAL \"role\" TO 'exporter'\n");
    ck_assert_ptr_nonnull(last);
    ck_assert_ptr_null(strstr(last + 1, "SET LOCAL"));
    size_t calls = 0;
    size_t lines = 0;
    for (const char *at = sql.data; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    settings.search_path = "";
    make(&settings, 150018);
    for (const char *at = sql.data; (at = strstr(at, "set_config(")) != NULL; at++)
        calls++;
    ck_assert_uint_eq(lines, calls);
}
END_TEST

static void local(const char *name, const char *value, const char *expected)
{
    sql.len = 0;
    ck_assert_int_eq(sl_settings_local(&session, name, value, &sql, &err), 0);
    ck_assert_str_eq(sql.data, expected);
}

START_TEST(a_value_cannot_leave_its_quotes)
{
    local("pgsluice.x", "a'b\\c\nd\"e", "SET LOCAL \"pgsluice\".\"x\" TO  E'a''b\\\\c\nd\"e'");
    local("pgsluice.x", "'; SELECT 1 --", "SET LOCAL \"pgsluice\".\"x\" TO '''; SELECT 1 --'");
    local("pgsluice.x", "\\'", "SET LOCAL \"pgsluice\".\"x\" TO  E'\\\\'''");
}
END_TEST

START_TEST(a_name_cannot_leave_its_quotes)
{
    local("pgsluice.\"x", "1", "SET LOCAL \"pgsluice\".\"\"\"x\" TO '1'");
    local("a.b\" TO 1; --.c", "1", "SET LOCAL \"a\".\"b\"\" TO 1; --\".\"c\" TO '1'");
    local("a..", "1", "SET LOCAL \"a\".\"\".\"\" TO '1'"); /* which the server refuses */
}
END_TEST

START_TEST(a_statement_without_room_is_an_error_at_every_size)
{
    local("pgsluice.x", "a'b", "SET LOCAL \"pgsluice\".\"x\" TO 'a''b'");
    for (size_t max = 0; max < sql.len; max++) {
        struct sl_buf small;

        sl_buf_init(&small, max);
        ck_assert_int_eq(sl_settings_local(&session, "pgsluice.x", "a'b", &small, &err), -1);
        ck_assert_int_eq(err.kind, SL_INTERNAL);
        sl_buf_free(&small);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("settings");
    TCase *tc = tcase_create("settings");
    SRunner *sr = srunner_create(suite);

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, every_setting_that_changes_how_a_value_prints_has_postgresqls_default);
    tcase_add_test(tc, the_plan_is_for_all_rows_and_the_order_does_not_depend_on_others);
    tcase_add_test(tc, times_are_in_milliseconds);
    tcase_add_test(tc, a_server_is_only_told_what_its_version_knows);
    tcase_add_test(tc, texts_are_bound_values_and_the_role_comes_last);
    tcase_add_test(tc, an_empty_text_leaves_the_logins_value);
    tcase_add_test(tc, it_is_one_statement_that_the_search_path_cannot_change);
    tcase_add_test(tc, a_buffer_that_is_too_small_is_an_error_at_every_size);
    tcase_add_test(tc, set_local_says_the_same_as_set_config);
    tcase_add_test(tc, a_value_cannot_leave_its_quotes);
    tcase_add_test(tc, a_name_cannot_leave_its_quotes);
    tcase_add_test(tc, a_statement_without_room_is_an_error_at_every_size);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
