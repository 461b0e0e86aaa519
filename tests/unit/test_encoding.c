/* Accept-Encoding: what the client takes is what it gets. */
#include <check.h>
#include <stdlib.h>

#include "http/encoding.h"

static enum sl_compression choose(const char *value)
{
    struct sl_encodings encodings = {0};

    sl_encodings_add(&encodings, value);
    return sl_encodings_choose(&encodings);
}

START_TEST(nothing_said_is_identity)
{
    struct sl_encodings encodings = {0};

    ck_assert_int_eq(sl_encodings_choose(&encodings), SL_PLAIN);
    ck_assert_int_eq(choose(""), SL_PLAIN);
    ck_assert_int_eq(choose(" , ,\t"), SL_PLAIN);
    ck_assert_int_eq(choose("identity"), SL_PLAIN);
    ck_assert_int_eq(choose("br, deflate, compress"), SL_PLAIN);
}
END_TEST

START_TEST(a_coding_that_is_named_is_taken)
{
    ck_assert_int_eq(choose("gzip"), SL_GZIP);
    ck_assert_int_eq(choose("GZip"), SL_GZIP);
    ck_assert_int_eq(choose("x-gzip"), SL_GZIP);
    ck_assert_int_eq(choose("zstd"), SL_ZSTD);
    ck_assert_int_eq(choose("deflate, gzip;q=1.0, *;q=0.5"), SL_GZIP);
    ck_assert_int_eq(choose("br;q=1.0 , gzip ; q=0.8"), SL_GZIP);
}
END_TEST

/* Who says "anything" means what was there when he learned to speak. */
START_TEST(a_star_is_gzip_and_zstd_must_be_named)
{
    ck_assert_int_eq(choose("*"), SL_GZIP);
    ck_assert_int_eq(choose("*;q=0.5, gzip;q=0.1"), SL_GZIP);
    ck_assert_int_eq(choose("gzip;q=0, *"), SL_PLAIN);
    ck_assert_int_eq(choose("zstd, *"), SL_ZSTD);
    ck_assert_int_eq(choose("zstd;q=0.5, *"), SL_GZIP);
    ck_assert_int_eq(choose("zstd;q=0, *"), SL_GZIP);
}
END_TEST

START_TEST(the_larger_weight_wins_and_zstd_when_they_are_equal)
{
    ck_assert_int_eq(choose("gzip, deflate, br, zstd"), SL_ZSTD);
    ck_assert_int_eq(choose("zstd;q=0.5, gzip;q=0.5"), SL_ZSTD);
    ck_assert_int_eq(choose("zstd;q=0.5, gzip;q=0.501"), SL_GZIP);
    ck_assert_int_eq(choose("gzip;q=0.2, zstd;q=0.9"), SL_ZSTD);
    ck_assert_int_eq(choose("gzip;Q=0.001"), SL_GZIP);
    ck_assert_int_eq(choose("gzip, *;q=0.1"), SL_GZIP);
}
END_TEST

START_TEST(a_weight_of_zero_refuses)
{
    ck_assert_int_eq(choose("gzip;q=0"), SL_PLAIN);
    ck_assert_int_eq(choose("gzip;q=0.000, zstd;q=0."), SL_PLAIN);
    ck_assert_int_eq(choose("*;q=0"), SL_PLAIN);
    ck_assert_int_eq(choose("gzip, *;q=0"), SL_GZIP);
}
END_TEST

START_TEST(identity_wins_only_with_a_larger_weight_of_its_own)
{
    ck_assert_int_eq(choose("identity, gzip;q=0.5"), SL_PLAIN);
    ck_assert_int_eq(choose("identity, gzip"), SL_GZIP);
    ck_assert_int_eq(choose("identity;q=0.5, gzip;q=0.4"), SL_PLAIN);
    ck_assert_int_eq(choose("identity;q=0.5, gzip;q=0.6"), SL_GZIP);
    ck_assert_int_eq(choose("gzip;q=0.001, identity;q=0"), SL_GZIP);
}
END_TEST

START_TEST(when_nothing_is_acceptable_identity_is_sent)
{
    ck_assert_int_eq(choose("identity;q=0"), SL_PLAIN);
    ck_assert_int_eq(choose("identity;q=0, *;q=0"), SL_PLAIN);
    ck_assert_int_eq(choose("identity;q=0, gzip;q=0, zstd;q=0"), SL_PLAIN);
}
END_TEST

/* He had something to say against it, perhaps q=0. */
START_TEST(a_coding_whose_weight_is_malformed_is_refused)
{
    ck_assert_int_eq(choose("gzip;q=9, zstd;q=0.1"), SL_ZSTD);
    ck_assert_int_eq(choose("gzip;q=0.0000, *"), SL_PLAIN);
    ck_assert_int_eq(choose("gzip, gzip;q=no"), SL_PLAIN);
    ck_assert_int_eq(choose("*, *;q="), SL_PLAIN);
    ck_assert_int_eq(choose("identity;q=2, gzip;q=0.1"), SL_GZIP);
}
END_TEST

START_TEST(what_is_malformed_takes_nothing)
{
    static const char *const values[] = {
        "gzip;",        "gzip;q",         "gzip;q=",       "gzip;q=2",
        "gzip;q=1.001", "gzip;q=.5",      "gzip;q=0.1234", "gzip;q=0,5 gzip",
        "gzip;q=-1",    "gzip;q=0.5;x=1", "gzip;x=1",      "gzip q=1",
        "gzip;q =1",    "gzip;q= 1",      "\"gzip\"",      "gzipx",
        "xgzip",        ";q=1",           "gzip;q=1.5",    "gzip;q=0x1",
        "gzip;q=00.5",  "gzip;q=1.0000",  "gzip\tgzip",    "gz ip",
    };

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        ck_assert_msg(choose(values[i]) == SL_PLAIN, "%s", values[i]);
}
END_TEST

START_TEST(several_fields_are_one_list_and_the_last_word_counts)
{
    struct sl_encodings encodings = {0};

    sl_encodings_add(&encodings, "gzip;q=0.5");
    sl_encodings_add(&encodings, "zstd;q=0.4");
    ck_assert_int_eq(sl_encodings_choose(&encodings), SL_GZIP);
    sl_encodings_add(&encodings, "gzip;q=0");
    ck_assert_int_eq(sl_encodings_choose(&encodings), SL_ZSTD);
}
END_TEST

START_TEST(codings_have_their_registered_names)
{
    ck_assert_ptr_null(sl_encoding_name(SL_PLAIN));
    ck_assert_str_eq(sl_encoding_name(SL_GZIP), "gzip");
    ck_assert_str_eq(sl_encoding_name(SL_ZSTD), "zstd");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("encoding");
    TCase *tc = tcase_create("encoding");
    SRunner *sr = srunner_create(suite);

    tcase_add_test(tc, nothing_said_is_identity);
    tcase_add_test(tc, a_coding_that_is_named_is_taken);
    tcase_add_test(tc, a_star_is_gzip_and_zstd_must_be_named);
    tcase_add_test(tc, the_larger_weight_wins_and_zstd_when_they_are_equal);
    tcase_add_test(tc, a_weight_of_zero_refuses);
    tcase_add_test(tc, identity_wins_only_with_a_larger_weight_of_its_own);
    tcase_add_test(tc, when_nothing_is_acceptable_identity_is_sent);
    tcase_add_test(tc, a_coding_whose_weight_is_malformed_is_refused);
    tcase_add_test(tc, what_is_malformed_takes_nothing);
    tcase_add_test(tc, several_fields_are_one_list_and_the_last_word_counts);
    tcase_add_test(tc, codings_have_their_registered_names);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
