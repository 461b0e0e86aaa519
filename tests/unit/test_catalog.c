#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "catalog/catalog.h"

/* What the loading reported: all messages, a line each. */
static char messages[16 * 1024];
static char directory[64];
static struct sl_catalog *catalog;

static void note(void *ctx, const struct sl_error *err)
{
    size_t len = strlen(messages);

    ck_assert_ptr_eq(ctx, &catalog);
    ck_assert_int_eq(err->kind, SL_CONFIG);
    snprintf(messages + len, sizeof(messages) - len, "%s\n", err->message);
}

static void path_of(char *path, size_t size, const char *name)
{
    ck_assert_int_lt(snprintf(path, size, "%s/%s", directory, name), (int)size);
}

static void put(const char *name, const char *text)
{
    char path[512];
    FILE *file;

    path_of(path, sizeof(path), name);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static int load(void)
{
    messages[0] = '\0';
    sl_catalog_free(catalog);
    return sl_catalog_load(directory, note, &catalog, &catalog);
}

static void setup(void)
{
    snprintf(directory, sizeof(directory), "/tmp/test_catalog.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
}

static void teardown(void)
{
    char command[128];

    sl_catalog_free(catalog);
    catalog = NULL;
    snprintf(command, sizeof(command), "rm -rf '%s'", directory);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(exports_are_sorted_by_name_and_found)
{
    static const char *const names[] = {"a", "a-b", "a_b", "ab", "b", "0"};
    static const char *const sorted[] = {"0", "a", "a-b", "a_b", "ab", "b"};
    char file[64];

    for (size_t i = 0; i < 6; i++) {
        snprintf(file, sizeof(file), "%s.sql", names[i]);
        put(file, "SELECT 1");
    }
    ck_assert_int_eq(load(), 0);
    ck_assert_uint_eq(catalog->n, 6);
    for (size_t i = 0; i < 6; i++) {
        ck_assert_str_eq(catalog->exports[i]->name, sorted[i]);
        ck_assert_ptr_eq(sl_catalog_find(catalog, sorted[i]), catalog->exports[i]);
    }
    ck_assert_ptr_null(sl_catalog_find(catalog, ""));
    ck_assert_ptr_null(sl_catalog_find(catalog, "A"));
    ck_assert_ptr_null(sl_catalog_find(catalog, "a.sql"));
    ck_assert_ptr_null(sl_catalog_find(catalog, "zzz"));
}
END_TEST

START_TEST(other_files_are_passed_over)
{
    put("a.sql", "SELECT 1");
    put(".hidden.sql", "nonsense");
    put(".sql", "nonsense");
    put("b.sql~", "nonsense");
    put("README", "nonsense");
    put("#c.sql#", "nonsense");
    put("d.SQL", "nonsense");
    ck_assert_int_eq(load(), 0);
    ck_assert_uint_eq(catalog->n, 1);
    ck_assert_str_eq(messages, "");
}
END_TEST

START_TEST(an_empty_directory_is_an_empty_catalogue)
{
    ck_assert_int_eq(load(), 0);
    ck_assert_uint_eq(catalog->n, 0);
    ck_assert_ptr_null(sl_catalog_find(catalog, "a"));
}
END_TEST

START_TEST(a_bad_file_is_reported_and_the_others_are_loaded)
{
    char file[128];

    put("a.sql", "SELECT 1");
    put("bad.sql", "-- titel: x\n\nSELECT 1");
    put("c.sql", "SELECT 1;\nSELECT 2");
    put("d.sql", "SELECT 1");
    ck_assert_int_eq(load(), -1);
    ck_assert_uint_eq(catalog->n, 2);
    ck_assert_ptr_nonnull(sl_catalog_find(catalog, "a"));
    ck_assert_ptr_nonnull(sl_catalog_find(catalog, "d"));
    ck_assert_ptr_null(sl_catalog_find(catalog, "bad"));
    path_of(file, sizeof(file), "bad.sql:1: unknown key");
    ck_assert_ptr_nonnull(strstr(messages, file));
    path_of(file, sizeof(file), "c.sql:2: a second statement");
    ck_assert_ptr_nonnull(strstr(messages, file));
}
END_TEST

START_TEST(a_name_that_no_url_may_have_is_reported)
{
    put("Orders.sql", "SELECT 1");
    put("a b.sql", "SELECT 1");
    put("-x.sql", "SELECT 1");
    put("a.b.sql", "SELECT 1");
    put("a1234567890123456789012345678901234567890123456.sql", "SELECT 1");
    put("good.sql", "SELECT 1");
    ck_assert_int_eq(load(), -1);
    ck_assert_uint_eq(catalog->n, 1);
    ck_assert_ptr_nonnull(strstr(messages, "Orders.sql: this cannot be the name of an export"));
    ck_assert_ptr_nonnull(strstr(messages, "a b.sql: "));
    ck_assert_ptr_nonnull(strstr(messages, "-x.sql: "));
    ck_assert_ptr_nonnull(strstr(messages, "a.b.sql: "));
}
END_TEST

START_TEST(what_is_no_regular_file_is_reported_and_does_not_block)
{
    char path[128];

    path_of(path, sizeof(path), "pipe.sql");
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    path_of(path, sizeof(path), "folder.sql");
    ck_assert_int_eq(mkdir(path, 0700), 0);
    path_of(path, sizeof(path), "gone.sql");
    ck_assert_int_eq(symlink("nowhere", path), 0);
    put("real.txt", "SELECT 1");
    path_of(path, sizeof(path), "link.sql");
    ck_assert_int_eq(symlink("real.txt", path), 0);
    ck_assert_int_eq(load(), -1);
    ck_assert_uint_eq(catalog->n, 1);
    ck_assert_str_eq(catalog->exports[0]->name, "link");
    ck_assert_ptr_nonnull(strstr(messages, "pipe.sql: not a regular file"));
    ck_assert_ptr_nonnull(strstr(messages, "folder.sql: not a regular file"));
    ck_assert_ptr_nonnull(strstr(messages, "gone.sql: No such file"));
}
END_TEST

START_TEST(a_file_over_the_limit_is_reported)
{
    char *text = malloc(SL_EXPORT_MAX_BYTES + 2);

    ck_assert_ptr_nonnull(text);
    memset(text, ' ', SL_EXPORT_MAX_BYTES + 1);
    text[SL_EXPORT_MAX_BYTES + 1] = '\0';
    put("a.sql", text);
    free(text);
    ck_assert_int_eq(load(), -1);
    ck_assert_uint_eq(catalog->n, 0);
    ck_assert_ptr_nonnull(strstr(messages, "a.sql"));
}
END_TEST

START_TEST(a_directory_that_is_not_there_is_reported)
{
    size_t len = strlen(directory);

    snprintf(directory + len, sizeof(directory) - len, "/none");
    ck_assert_int_eq(load(), -1);
    directory[len] = '\0';
    ck_assert_uint_eq(catalog->n, 0);
    ck_assert_ptr_null(sl_catalog_find(catalog, "a"));
    ck_assert_ptr_nonnull(strstr(messages, "/none: No such file"));
    ck_assert_ptr_nonnull(strstr(messages, "[exports]"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("catalog");
    TCase *loading = tcase_create("loading");
    SRunner *runner = srunner_create(suite);

    tcase_add_checked_fixture(loading, setup, teardown);
    tcase_add_test(loading, exports_are_sorted_by_name_and_found);
    tcase_add_test(loading, other_files_are_passed_over);
    tcase_add_test(loading, an_empty_directory_is_an_empty_catalogue);
    tcase_add_test(loading, a_bad_file_is_reported_and_the_others_are_loaded);
    tcase_add_test(loading, a_name_that_no_url_may_have_is_reported);
    tcase_add_test(loading, what_is_no_regular_file_is_reported_and_does_not_block);
    tcase_add_test(loading, a_file_over_the_limit_is_reported);
    tcase_add_test(loading, a_directory_that_is_not_there_is_reported);
    suite_add_tcase(suite, loading);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
