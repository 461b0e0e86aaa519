/* A file target is the old one or the whole new one; devices and pipes are written as they are. */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "scratch.h"

static bool exists(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

/* Entries of the folder: nothing may be left behind. */
static int entries(void)
{
    DIR *dir = opendir(".");
    int n = 0;

    while (readdir(dir) != NULL)
        n++;
    closedir(dir);
    return n - 2;
}

START_TEST(the_old_file_stands_until_the_new_one_is_whole)
{
    put_file("out.csv", "old\n");
    struct sl_file *file = make("out.csv");
    ck_assert_int_eq(put(file, "new 1\n"), 0);
    ck_assert_int_eq(put(file, "new 2\n"), 0);
    ck_assert(holds("out.csv", "old\n"));
    ck_assert(holds(".out.csv.pgsluice-tmp", "new 1\nnew 2\n"));
    ck_assert_int_eq(finish(file), 0);
    ck_assert(holds("out.csv", "new 1\nnew 2\n"));
    sl_file_free(file);
    ck_assert(holds("out.csv", "new 1\nnew 2\n"));
    ck_assert_int_eq(entries(), 1);
}
END_TEST

START_TEST(a_new_file_appears_only_when_it_is_whole)
{
    char path[100];

    snprintf(path, sizeof path, "%s/out.csv", folder);
    struct sl_file *file = make(path);
    ck_assert_int_eq(put(file, "x\n"), 0);
    ck_assert(!exists("out.csv"));
    ck_assert_int_eq(finish(file), 0);
    sl_file_free(file);
    ck_assert(holds("out.csv", "x\n"));
    ck_assert_int_eq(entries(), 1);
}
END_TEST

START_TEST(an_output_without_a_byte_is_an_empty_file)
{
    struct sl_file *file = make("out.csv");

    ck_assert_int_eq(finish(file), 0);
    sl_file_free(file);
    ck_assert(holds("out.csv", ""));
}
END_TEST

START_TEST(after_an_abort_or_without_an_end_the_old_file_stands_and_nothing_is_left)
{
    put_file("out.csv", "old\n");
    for (int i = 0; i < 2; i++) {
        struct sl_file *file = make("out.csv");

        ck_assert_int_eq(put(file, "half"), 0);
        if (i == 0)
            sl_sink_abort(sl_file_sink(file));
        sl_file_free(file);
        ck_assert(holds("out.csv", "old\n"));
        ck_assert_int_eq(entries(), 1);
    }
}
END_TEST

START_TEST(nothing_is_replaced_before_the_commit)
{
    put_file("out.csv", "old\n");
    struct sl_file *file = make("out.csv");
    ck_assert_int_eq(put(file, "new\n"), 0);
    ck_assert_int_eq(sl_sink_end(sl_file_sink(file), &err), 0);
    ck_assert(holds("out.csv", "old\n"));
    sl_file_free(file);
    ck_assert(holds("out.csv", "old\n"));
    ck_assert_int_eq(entries(), 1);
}
END_TEST

START_TEST(after_an_abort_a_file_is_written_again_from_its_beginning)
{
    put_file("out.csv", "old\n");
    struct sl_file *file = make("out.csv");
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(put(file, "half of a longer one"), 0);
        sl_sink_abort(sl_file_sink(file));
        ck_assert_int_eq(entries(), 1);
        ck_assert_int_eq(sl_file_again(file, &err), 0);
        ck_assert(holds(".out.csv.pgsluice-tmp", ""));
    }
    ck_assert_int_eq(sl_file_again(file, &err), 0);
    ck_assert_int_eq(put(file, "new\n"), 0);
    ck_assert(!sl_file_final(file));
    ck_assert_int_eq(finish(file), 0);
    sl_file_free(file);
    ck_assert(holds("out.csv", "new\n"));
    ck_assert_int_eq(entries(), 1);
}
END_TEST

START_TEST(between_attempts_another_run_may_come_and_is_not_overwritten)
{
    struct sl_file *first = make("out.csv");

    sl_sink_abort(sl_file_sink(first));
    struct sl_file *second = make("out.csv");
    ck_assert_int_eq(put(second, "second\n"), 0);
    ck_assert_int_eq(sl_file_again(first, &err), -1);
    ck_assert_int_eq(err.kind, SL_OUTPUT_CREATE);
    sl_file_free(first);
    ck_assert_int_eq(finish(second), 0);
    sl_file_free(second);
    ck_assert(holds("out.csv", "second\n"));
    ck_assert_int_eq(entries(), 1);
}
END_TEST

START_TEST(an_old_file_is_withdrawn)
{
    put_file("out.csv", "old\n");
    struct sl_file *file = make("out.csv");
    ck_assert_int_eq(put(file, "new\n"), 0);
    ck_assert_int_eq(sl_sink_end(sl_file_sink(file), &err), 0);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(sl_file_withdraw(file, &err), 0);
        ck_assert(!exists("out.csv"));
    }
    ck_assert_int_eq(sl_file_commit(file, &err), 0);
    sl_file_free(file);
    ck_assert(holds("out.csv", "new\n"));
}
END_TEST

START_TEST(bytes_to_a_device_are_final)
{
    struct sl_file *file = make("/dev/null");

    ck_assert(!sl_file_final(file));
    ck_assert_int_eq(sl_file_again(file, &err), 0);
    ck_assert_int_eq(put(file, "x"), 0);
    ck_assert(sl_file_final(file));
    sl_file_free(file);
}
END_TEST

static int stop(struct sl_watch *w, struct sl_error *e)
{
    (void)w;
    return sl_error_set(e, SL_CANCELLED, "stopped");
}

START_TEST(the_wait_for_a_reader_ends_with_the_watch)
{
    struct sl_watch stopped = {
        .wake_fd = -1, .source_fd = -1, .check = stop, .deadline_ms = INT64_MAX};

    ck_assert_int_eq(mkfifo("pipe", 0600), 0);
    ck_assert_ptr_null(sl_file_new("pipe", &stopped, &err));
    ck_assert_int_eq(err.kind, SL_CANCELLED);
}
END_TEST

START_TEST(what_a_killed_run_left_behind_is_overwritten)
{
    put_file(".out.csv.pgsluice-tmp", "a long rest of a run that was killed\n");
    struct sl_file *file = make("out.csv");
    ck_assert_int_eq(put(file, "new\n"), 0);
    ck_assert_int_eq(finish(file), 0);
    sl_file_free(file);
    ck_assert(holds("out.csv", "new\n"));
    ck_assert_int_eq(entries(), 1);
}
END_TEST

START_TEST(two_runs_into_one_file_never_mix)
{
    put_file("out.csv", "old\n");
    struct sl_file *first = make("out.csv");
    ck_assert_int_eq(put(first, "first 1\n"), 0);
    ck_assert_ptr_null(sl_file_new("out.csv", &watch, &err));
    ck_assert_int_eq(err.kind, SL_OUTPUT_CREATE);
    ck_assert_ptr_nonnull(strstr(err.message, "out.csv"));
    ck_assert_int_eq(put(first, "first 2\n"), 0);
    ck_assert_int_eq(finish(first), 0);
    ck_assert(holds("out.csv", "first 1\nfirst 2\n"));
    /* Complete: the next may come, though the first has not let go yet. */
    struct sl_file *second = make("out.csv");
    ck_assert_int_eq(put(second, "second\n"), 0);
    sl_file_free(first);
    ck_assert(holds("out.csv", "first 1\nfirst 2\n"));
    ck_assert_int_eq(finish(second), 0);
    sl_file_free(second);
    ck_assert(holds("out.csv", "second\n"));
    ck_assert_int_eq(entries(), 1);
}
END_TEST

START_TEST(a_link_laid_under_the_temporary_name_is_not_followed)
{
    put_file("victim", "precious\n");
    ck_assert_int_eq(symlink("victim", ".out.csv.pgsluice-tmp"), 0);
    ck_assert_ptr_null(sl_file_new("out.csv", &watch, &err));
    ck_assert_int_eq(err.kind, SL_OUTPUT_CREATE);
    ck_assert(holds("victim", "precious\n"));
    ck_assert(!exists("out.csv"));
}
END_TEST

START_TEST(what_a_link_points_to_is_replaced_not_the_link)
{
    struct stat st;

    ck_assert_int_eq(mkdir("sub", 0755), 0);
    put_file("sub/real.csv", "old\n");
    ck_assert_int_eq(symlink("sub/real.csv", "link.csv"), 0);
    struct sl_file *file = make("link.csv");
    ck_assert_int_eq(put(file, "new\n"), 0);
    ck_assert(exists("sub/.real.csv.pgsluice-tmp"));
    ck_assert_int_eq(finish(file), 0);
    sl_file_free(file);
    ck_assert_int_eq(lstat("link.csv", &st), 0);
    ck_assert(S_ISLNK(st.st_mode));
    ck_assert(holds("sub/real.csv", "new\n"));
    ck_assert_int_eq(entries(), 2);
}
END_TEST

START_TEST(the_longest_names_have_a_temporary_file_each)
{
    char names[2][NAME_MAX + 1];
    struct sl_file *files[2];

    for (int i = 0; i < 2; i++) {
        memset(names[i], 'x', NAME_MAX);
        names[i][NAME_MAX] = '\0';
        names[i][NAME_MAX - 1] = (char)('a' + i);
        files[i] = make(names[i]);
    }
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(put(files[i], names[i] + NAME_MAX - 2), 0);
        ck_assert_int_eq(finish(files[i]), 0);
        sl_file_free(files[i]);
        ck_assert(holds(names[i], names[i] + NAME_MAX - 2));
    }
    ck_assert_int_eq(entries(), 2);
}
END_TEST

START_TEST(a_full_disk_is_an_error_and_the_device_stays)
{
    struct stat st;
    struct sl_file *file = make("/dev/full");

    ck_assert_int_eq(put(file, "x"), -1);
    ck_assert_int_eq(err.kind, SL_OUTPUT_WRITE);
    ck_assert_ptr_nonnull(strstr(err.message, "/dev/full"));
    ck_assert_ptr_nonnull(strstr(err.message, "No space left"));
    sl_sink_abort(sl_file_sink(file));
    sl_file_free(file);
    ck_assert_int_eq(stat("/dev/full", &st), 0);
    ck_assert(S_ISCHR(st.st_mode));
}
END_TEST

START_TEST(a_device_is_written_without_a_temporary_file)
{
    struct stat st;
    struct sl_file *file = make("/dev/null");

    ck_assert_int_eq(put(file, "x"), 0);
    ck_assert_int_eq(finish(file), 0);
    sl_file_free(file);
    ck_assert_int_eq(stat("/dev/null", &st), 0);
    ck_assert(S_ISCHR(st.st_mode));
}
END_TEST

static void *read_fifo(void *arg)
{
    static char text[64];
    int fd = open(arg, O_RDONLY | O_CLOEXEC);
    size_t n = 0;
    ssize_t got;

    while ((got = read(fd, text + n, sizeof text - 1 - n)) > 0)
        n += (size_t)got;
    text[n] = '\0';
    close(fd);
    return text;
}

START_TEST(a_fifo_is_written_through_and_stays_a_fifo)
{
    char path[] = "pipe";
    pthread_t thread;
    void *got;
    struct stat st;

    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, read_fifo, path), 0);
    struct sl_file *file = make(path);
    ck_assert_int_eq(put(file, "one\n"), 0);
    ck_assert_int_eq(put(file, "two\n"), 0);
    ck_assert_int_eq(finish(file), 0);
    sl_file_free(file);
    pthread_join(thread, &got);
    ck_assert_str_eq(got, "one\ntwo\n");
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert(S_ISFIFO(st.st_mode));
    ck_assert_int_eq(entries(), 1);
}
END_TEST

START_TEST(a_minus_is_standard_output)
{
    int saved = dup(STDOUT_FILENO);
    int fd = open("stdout", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
    struct sl_file *file = make("-");
    int rc = put(file, "text\n");
    rc |= finish(file);
    sl_file_free(file);
    ck_assert_int_eq(write(STDOUT_FILENO, "still open\n", 11), 11);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    close(fd);
    ck_assert_int_eq(rc, 0);
    ck_assert(holds("stdout", "text\nstill open\n"));
    ck_assert_int_eq(entries(), 1);
}
END_TEST

START_TEST(a_target_that_cannot_be_made_is_told_before_the_export_runs)
{
    static const char *const paths[] = {
        "no/such/folder/out.csv", "file/out.csv", ".", "sub/", "sub", "new/", ""};
    char deep[400];

    put_file("file", "old\n");
    ck_assert_int_eq(mkdir("sub", 0755), 0);
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        ck_assert_msg(sl_file_new(paths[i], &watch, &err) == NULL, "'%s' was made", paths[i]);
        ck_assert_int_eq(err.kind, SL_OUTPUT_CREATE);
        ck_assert_ptr_nonnull(strstr(err.message, paths[i]));
    }
    memset(deep, 'x', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    ck_assert_ptr_null(sl_file_new(deep, &watch, &err));
    ck_assert_int_eq(err.kind, SL_OUTPUT_CREATE);
    ck_assert_int_eq(entries(), 2);
}
END_TEST

START_TEST(a_link_to_nothing_is_refused_not_replaced)
{
    struct stat st;

    ck_assert_int_eq(mkdir("sub", 0755), 0);
    ck_assert_int_eq(symlink("sub/new.csv", "link.csv"), 0);
    ck_assert_ptr_null(sl_file_new("link.csv", &watch, &err));
    ck_assert_int_eq(err.kind, SL_OUTPUT_CREATE);
    ck_assert_int_eq(lstat("link.csv", &st), 0);
    ck_assert(S_ISLNK(st.st_mode));
    ck_assert_int_eq(entries(), 2);
}
END_TEST

START_TEST(a_folder_that_vanished_is_an_error_at_the_end)
{
    ck_assert_int_eq(mkdir("sub", 0755), 0);
    struct sl_file *file = make("sub/out.csv");
    ck_assert_int_eq(put(file, "x"), 0);
    ck_assert_int_eq(rename("sub", "moved"), 0);
    ck_assert_int_eq(finish(file), -1);
    ck_assert_int_eq(err.kind, SL_OUTPUT_WRITE);
    sl_file_free(file);
}
END_TEST

START_TEST(no_descriptor_is_left_open)
{
    int before = dup(0);

    close(before);
    put_file("out.csv", "old\n");
    for (int i = 0; i < 3; i++) {
        struct sl_file *file = make("out.csv");

        if (i == 1)
            ck_assert_int_eq(finish(file), 0);
        if (i == 2)
            ck_assert_ptr_null(sl_file_new("out.csv", &watch, &err));
        sl_file_free(file);
    }
    ck_assert_ptr_null(sl_file_new("no/such", &watch, &err));
    int after = dup(0);
    close(after);
    ck_assert_int_eq(before, after);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("file");
    TCase *tc = tcase_create("file");
    SRunner *sr = srunner_create(suite);

    tcase_add_checked_fixture(tc, scratch_setup, scratch_teardown);
    tcase_add_test(tc, the_old_file_stands_until_the_new_one_is_whole);
    tcase_add_test(tc, a_new_file_appears_only_when_it_is_whole);
    tcase_add_test(tc, an_output_without_a_byte_is_an_empty_file);
    tcase_add_test(tc, after_an_abort_or_without_an_end_the_old_file_stands_and_nothing_is_left);
    tcase_add_test(tc, nothing_is_replaced_before_the_commit);
    tcase_add_test(tc, after_an_abort_a_file_is_written_again_from_its_beginning);
    tcase_add_test(tc, between_attempts_another_run_may_come_and_is_not_overwritten);
    tcase_add_test(tc, an_old_file_is_withdrawn);
    tcase_add_test(tc, bytes_to_a_device_are_final);
    tcase_add_test(tc, the_wait_for_a_reader_ends_with_the_watch);
    tcase_add_test(tc, what_a_killed_run_left_behind_is_overwritten);
    tcase_add_test(tc, two_runs_into_one_file_never_mix);
    tcase_add_test(tc, a_link_laid_under_the_temporary_name_is_not_followed);
    tcase_add_test(tc, what_a_link_points_to_is_replaced_not_the_link);
    tcase_add_test(tc, a_link_to_nothing_is_refused_not_replaced);
    tcase_add_test(tc, the_longest_names_have_a_temporary_file_each);
    tcase_add_test(tc, a_full_disk_is_an_error_and_the_device_stays);
    tcase_add_test(tc, a_device_is_written_without_a_temporary_file);
    tcase_add_test(tc, a_fifo_is_written_through_and_stays_a_fifo);
    tcase_add_test(tc, a_minus_is_standard_output);
    tcase_add_test(tc, a_target_that_cannot_be_made_is_told_before_the_export_runs);
    tcase_add_test(tc, a_folder_that_vanished_is_an_error_at_the_end);
    tcase_add_test(tc, no_descriptor_is_left_open);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
