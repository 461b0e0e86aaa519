/* A dsn that libpq would quote as it complains is refused before, in words that quote nothing. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "pg/session.h"

static struct sl_error err;

static const char *const good[] = {
    "",
    "shop",
    "service=shop",
    "host=/run/postgresql dbname=shop user=exports",
    "host=a,b port=5432,5433 password='it\\'s: @/%' connect_timeout=3",
    "postgresql://",
    "postgresql:///shop?user=a@b&host=@abstract",
    "postgres://db.example/shop",
    "postgres://u:pa:ss?w#rd@db.example:5432/shop?sslmode=require",
    "postgres://u:%70%25%40%2F%3A@db1.example:5432,db2.example:5433/shop",
    "postgres://u@[::1]:5432/db%40name",
};

static const char *const bad[] = {
    "postgres://u:SECRET%sSECRET@db.example/shop",
    "postgres://u:SECRET@SECRET@db.example/shop",
    "postgres://u:SECRET/SECRET@db.example/shop",
    "postgres://u:12/SECRET@db.example/shop",
    "postgres://u:12/x?SECRET@db.example/shop",
    "postgres://u:12/x?SECRET=SECRET@db.example/shop",
    "postgres://db.example:SECRET/shop",
    "postgres://u:p@[SECRET/shop",
    "host=a password=SECRET SECRET",
    "host=a password=SECRET SECRET=SECRET",
    "host=a password='SECRET",
    "host=a port=SECRET",
};

START_TEST(what_libpq_understands_passes)
{
    if (sl_pg_dsn_check(good[_i], &err) < 0)
        ck_abort_msg("%s: %s", good[_i], err.message);
}
END_TEST

START_TEST(what_it_does_not_is_refused_without_a_word_of_it)
{
    if (sl_pg_dsn_check(bad[_i], &err) == 0)
        ck_abort_msg("%s passes", bad[_i]);
    ck_assert_int_eq(err.kind, SL_CONFIG);
    ck_assert_ptr_null(strstr(err.message, "SECRET"));
    ck_assert_str_eq(err.detail, "");
    ck_assert_ptr_null(sl_session_open(bad[_i], NULL, &err));
    ck_assert_int_eq(err.kind, SL_CONFIG);
    ck_assert_str_eq(err.detail, "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dsn");
    TCase *tc = tcase_create("dsn");
    SRunner *sr = srunner_create(suite);

    tcase_add_loop_test(tc, what_libpq_understands_passes, 0, sizeof good / sizeof good[0]);
    tcase_add_loop_test(tc, what_it_does_not_is_refused_without_a_word_of_it, 0,
                        sizeof bad / sizeof bad[0]);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
