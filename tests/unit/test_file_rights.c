/* Whose a file is and who may read it: as the old one, and never by a trap. */
#include <check.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "scratch.h"

static mode_t mode_of(const char *path)
{
    struct stat st;

    ck_assert_int_eq(stat(path, &st), 0);
    return st.st_mode & 07777;
}

START_TEST(a_file_keeps_its_mode_and_a_new_one_follows_the_umask)
{
    static const mode_t modes[] = {0600, 0640, 0644, 0666};

    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        put_file("out.csv", "old\n");
        ck_assert_int_eq(chmod("out.csv", modes[i]), 0);
        struct sl_file *file = make("out.csv");
        ck_assert_int_eq(mode_of(".out.csv.pgsluice-tmp"), modes[i]);
        ck_assert_int_eq(finish(file), 0);
        sl_file_free(file);
        ck_assert_int_eq(mode_of("out.csv"), modes[i]);
    }
    /* What is executed with its owner's rights was another program. */
    ck_assert_int_eq(chmod("out.csv", 06755), 0);
    struct sl_file *file = make("out.csv");
    ck_assert_int_eq(finish(file), 0);
    sl_file_free(file);
    ck_assert_int_eq(mode_of("out.csv"), 0755);
    umask(027);
    file = make("new.csv");
    ck_assert_int_eq(finish(file), 0);
    sl_file_free(file);
    ck_assert_int_eq(mode_of("new.csv"), 0640);
}
END_TEST

#define SOMEBODY 12345 /* a user and a group that only root can give files to */

static void check_owner(const char *path, uid_t uid, gid_t gid, mode_t mode)
{
    struct stat st;

    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_uid, uid);
    ck_assert_uint_eq(st.st_gid, gid);
    ck_assert_uint_eq(st.st_mode & 07777, mode);
}

START_TEST(a_file_keeps_its_owner_and_group)
{
    bool root = geteuid() == 0;
    uid_t uid = root ? SOMEBODY : geteuid();
    gid_t gid = root ? SOMEBODY + 1 : getegid();

    for (int i = 0; i < 3; i++) {
        put_file("out.csv", "old\n");
        ck_assert_int_eq(chown("out.csv", uid, gid), 0);
        ck_assert_int_eq(chmod("out.csv", 0640), 0);
        if (i == 1) { /* as a run leaves it that is killed */
            put_file(".out.csv.pgsluice-tmp", "half");
            ck_assert_int_eq(chown(".out.csv.pgsluice-tmp", uid, gid), 0);
        }
        struct sl_file *file = make("out.csv");
        check_owner(".out.csv.pgsluice-tmp", uid, gid, 0640);
        ck_assert_int_eq(put(file, "new\n"), 0);
        ck_assert_int_eq(finish(file), 0);
        sl_file_free(file);
        check_owner("out.csv", uid, gid, 0640);
        ck_assert(holds("out.csv", "new\n"));
    }
    if (!root)
        return; /* nobody else's file can be made */
    put_file(".out.csv.pgsluice-tmp", "a trap");
    ck_assert_int_eq(chown(".out.csv.pgsluice-tmp", SOMEBODY + 2, 0), 0);
    ck_assert_ptr_null(sl_file_new("out.csv", &watch, &err));
    ck_assert_msg(strstr(err.message, "user 12347") != NULL, "%s", err.message);
}
END_TEST

START_TEST(in_a_folder_for_everybody_only_our_own_is_replaced)
{
    static const char *const names[] = {"tmp/link.csv", "tmp/plain.csv"};

    ck_assert_int_eq(mkdir("tmp", 0777), 0);
    ck_assert_int_eq(chmod("tmp", 01777), 0);
    put_file("victim", "old\n");
    put_file("tmp/plain.csv", "old\n");
    ck_assert_int_eq(symlink("../victim", "tmp/link.csv"), 0);
    for (int i = 0; i < 2; i++)
        sl_file_free(make(names[i]));
    if (geteuid() != 0)
        return; /* nobody else's file can be made */
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(lchown(names[i], SOMEBODY, SOMEBODY), 0);
        ck_assert_ptr_null(sl_file_new(names[i], &watch, &err));
        ck_assert_int_eq(err.kind, SL_OUTPUT_CREATE);
        ck_assert_msg(strstr(err.message, "user 12345") != NULL, "%s", err.message);
    }
    /* The folder's owner is trusted, and a folder where nobody else can lay anything. */
    ck_assert_int_eq(chown("tmp", SOMEBODY, SOMEBODY), 0);
    sl_file_free(make("tmp/link.csv"));
    ck_assert_int_eq(chown("tmp", 0, 0), 0);
    ck_assert_int_eq(chmod("tmp", 0755), 0);
    sl_file_free(make("tmp/link.csv"));
}
END_TEST

START_TEST(a_folder_that_may_be_written_but_not_read_takes_a_file)
{
    ck_assert_int_eq(chown(".", SOMEBODY, (gid_t)-1), geteuid() == 0 ? 0 : -1);
    if (geteuid() == 0) /* who may read all */
        ck_assert_int_eq(seteuid(SOMEBODY), 0);
    ck_assert_int_eq(mkdir("box", 0300), 0);
    struct sl_file *file = make("box/out.csv");
    ck_assert_int_eq(put(file, "new\n"), 0);
    ck_assert_msg(finish(file) == 0, "%s", err.message);
    sl_file_free(file);
    ck_assert_int_eq(chmod("box", 0700), 0);
    ck_assert(holds("box/out.csv", "new\n"));
    (void)!seteuid(getuid());
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("file_rights");
    TCase *tc = tcase_create("file_rights");
    SRunner *sr = srunner_create(suite);

    tcase_add_checked_fixture(tc, scratch_setup, scratch_teardown);
    tcase_add_test(tc, a_file_keeps_its_mode_and_a_new_one_follows_the_umask);
    tcase_add_test(tc, a_file_keeps_its_owner_and_group);
    tcase_add_test(tc, in_a_folder_for_everybody_only_our_own_is_replaced);
    tcase_add_test(tc, a_folder_that_may_be_written_but_not_read_takes_a_file);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
