/* The small files of `run`: at no moment is an old sum beside a new file. */
#include <check.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cmd/run_file.h"

#define OLD_SUM "oldsum  out.csv\n"
#define NEW_SUM "newsum  out.csv\n"

static char folder[64];
static struct sl_error err;
static int steps;     /* renames and removals in the folder */
static int fail_step; /* the one that fails, 0: none */
static bool watched;  /* else it is libcheck that renames and removes */

static void put_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

/* Is the content of path exactly this? "" stands for no file. */
static bool holds(const char *path, const char *text)
{
    char bytes[1024];
    FILE *file = fopen(path, "r");

    if (file == NULL)
        return text[0] == '\0';
    size_t n = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    return n == strlen(text) && memcmp(bytes, text, n) == 0;
}

/* What a checker would find if it came now, or after a power cut. */
static void look(void)
{
    bool old = holds("out.csv", "old\n") || holds("out.csv", "");

    ck_assert(old || holds("out.csv", "new\n"));
    ck_assert(holds("out.csv.sha256", "") || holds("out.csv.sha256", old ? OLD_SUM : NEW_SUM));
}

static bool step(void)
{
    look();
    return ++steps != fail_step;
}

/* In place of the C library's: every step is looked at, and one may fail. */
int rename(const char *from, const char *to)
{
    if (!watched)
        return renameat(AT_FDCWD, from, AT_FDCWD, to);
    int rc = step() ? renameat(AT_FDCWD, from, AT_FDCWD, to) : -1;
    look();
    return rc;
}

int unlink(const char *path)
{
    if (!watched || strstr(path, "pgsluice-tmp") != NULL)
        return unlinkat(AT_FDCWD, path, 0);
    int rc = step() ? unlinkat(AT_FDCWD, path, 0) : -1;
    look();
    return rc;
}

static void setup(void)
{
    strcpy(folder, "/tmp/test_run_file_XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    steps = fail_step = 0;
}

static void teardown(void)
{
    static const char *const names[] = {"out.csv", "out.csv.sha256", "r.json", "a\\b\n.csv",
                                        "a\\b\n.csv.sha256"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void)unlinkat(AT_FDCWD, names[i], 0);
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_msg(rmdir(folder) == 0, "something is left in %s", folder);
}

static struct sl_file *make(const char *path, const char *text)
{
    struct sl_file *file = sl_file_new(path, NULL, &err);
    size_t size;
    char *data;

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(sl_sink_buffer(sl_file_sink(file), &data, &size, &err), 0);
    memcpy(data, text, strlen(text));
    ck_assert_int_eq(sl_sink_write(sl_file_sink(file), strlen(text), &err), 0);
    ck_assert_int_eq(sl_sink_end(sl_file_sink(file), &err), 0);
    return file;
}

static int commit(void)
{
    struct sl_file *file = make("out.csv", "new\n");

    watched = true;
    int rc = sl_run_file_commit(file, "out.csv", "newsum", &err);
    watched = false;
    sl_file_free(file);
    return rc;
}

START_TEST(a_sum_is_always_that_of_the_file_beside_it)
{
    put_file("out.csv", "old\n");
    put_file("out.csv.sha256", OLD_SUM);
    ck_assert_int_eq(commit(), 0);
    ck_assert_int_eq(steps, 3);
    ck_assert(holds("out.csv", "new\n"));
    ck_assert(holds("out.csv.sha256", NEW_SUM));
}
END_TEST

START_TEST(so_it_is_where_there_was_no_file_or_no_sum)
{
    ck_assert_int_eq(commit(), 0);
    ck_assert(holds("out.csv", "new\n") && holds("out.csv.sha256", NEW_SUM));
    put_file("out.csv", "old\n");
    (void)unlinkat(AT_FDCWD, "out.csv.sha256", 0);
    ck_assert_int_eq(commit(), 0);
    ck_assert(holds("out.csv", "new\n") && holds("out.csv.sha256", NEW_SUM));
}
END_TEST

START_TEST(whichever_step_fails_no_wrong_pair_is_left)
{
    for (int at = 1; at <= 3; at++) {
        put_file("out.csv", "old\n");
        put_file("out.csv.sha256", OLD_SUM);
        steps = 0;
        fail_step = at;
        ck_assert_int_eq(commit(), -1);
        ck_assert_int_eq(err.kind, SL_OUTPUT_WRITE);
        look();
    }
}
END_TEST

START_TEST(a_sum_that_cannot_be_made_keeps_the_old_file)
{
    put_file("out.csv", "old\n");
    ck_assert_int_eq(mkdir("out.csv.sha256", 0700), 0);
    ck_assert_int_eq(sl_run_file_check("out.csv.sha256", &err), -1);
    ck_assert_int_eq(err.kind, SL_OUTPUT_CREATE);
    struct sl_file *file = make("out.csv", "new\n");
    ck_assert_int_eq(sl_run_file_commit(file, "out.csv", "newsum", &err), -1);
    sl_file_free(file);
    ck_assert(holds("out.csv", "old\n"));
    ck_assert_int_eq(rmdir("out.csv.sha256"), 0);
}
END_TEST

START_TEST(an_odd_name_is_escaped_as_sha256sum_does)
{
    struct sl_file *file = make("a\\b\n.csv", "new\n");

    ck_assert_int_eq(sl_run_file_commit(file, "a\\b\n.csv", "newsum", &err), 0);
    sl_file_free(file);
    ck_assert(holds("a\\b\n.csv.sha256", "\\newsum  a\\\\b\\n.csv\n"));
}
END_TEST

START_TEST(a_receipt_is_one_line_of_json_in_place_of_the_old_one)
{
    struct sl_receipt receipt = {.id = "i", .export = "e", .estimated_rows = -1};
    char text[1024] = "";

    put_file("r.json", "old");
    ck_assert_int_eq(sl_run_file_receipt("r.json", &receipt, &err), 0);
    FILE *file = fopen("r.json", "r");
    ck_assert_uint_gt(fread(text, 1, sizeof text - 1, file), 0);
    fclose(file);
    ck_assert_int_eq(strncmp(text, "{\"id\":\"i\",\"export\":\"e\",\"state\":\"queued\",", 40), 0);
    ck_assert_str_eq(text + strlen(text) - 2, "}\n");
    ck_assert_int_eq(sl_run_file_receipt("no/r.json", &receipt, &err), -1);
    ck_assert_int_eq(err.kind, SL_OUTPUT_CREATE);
}
END_TEST

START_TEST(whether_a_file_can_be_made_is_known_before)
{
    ck_assert_int_eq(sl_run_file_check("new", &err), 0);
    ck_assert_int_eq(sl_run_file_check("no/new", &err), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "No such file"));
    ck_assert_int_eq(sl_run_file_check(".", &err), -1);
    ck_assert_int_eq(sl_run_file_check("/dev/null", &err), -1);
    put_file("r.json", "");
    ck_assert_int_eq(sl_run_file_check("r.json", &err), 0);
    ck_assert_int_eq(sl_run_file_check("r.json/new", &err), -1);
    ck_assert_int_eq(sl_run_file_check("/new", &err), access("/", W_OK));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("run_file");
    TCase *tc = tcase_create("run_file");
    SRunner *sr = srunner_create(suite);

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_sum_is_always_that_of_the_file_beside_it);
    tcase_add_test(tc, so_it_is_where_there_was_no_file_or_no_sum);
    tcase_add_test(tc, whichever_step_fails_no_wrong_pair_is_left);
    tcase_add_test(tc, a_sum_that_cannot_be_made_keeps_the_old_file);
    tcase_add_test(tc, an_odd_name_is_escaped_as_sha256sum_does);
    tcase_add_test(tc, a_receipt_is_one_line_of_json_in_place_of_the_old_one);
    tcase_add_test(tc, whether_a_file_can_be_made_is_known_before);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
