#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "base/uuid.h"

START_TEST(ids_are_random_uuids_of_version_4)
{
    char first[SL_UUID_TEXT];
    char id[SL_UUID_TEXT];
    struct sl_error err;

    ck_assert_int_eq(sl_uuid_make(first, &err), 0);
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(sl_uuid_make(id, &err), 0);
        ck_assert_uint_eq(strlen(id), 36);
        ck_assert_uint_eq(strspn(id, "0123456789abcdef-"), 36);
        for (size_t at = 0; at < 36; at++)
            ck_assert_int_eq(id[at] == '-', at == 8 || at == 13 || at == 18 || at == 23);
        ck_assert_int_eq(id[14], '4');
        ck_assert_ptr_nonnull(strchr("89ab", id[19]));
        ck_assert_str_ne(id, first);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("uuid");
    TCase *tc = tcase_create("uuid");
    SRunner *sr = srunner_create(suite);

    tcase_add_test(tc, ids_are_random_uuids_of_version_4);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
