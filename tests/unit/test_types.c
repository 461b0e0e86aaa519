#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "pg/types.h"

#define NONE (-1)

/* The longest text that PostgreSQL prints for a type, under the settings of an export. */
static const struct {
    unsigned oid;
    const char *longest;
} widest[] = {
    {16, "f"},
    {18, "\\377"},
    {20, "-9223372036854775808"},
    {21, "-32768"},
    {23, "-2147483648"},
    {26, "4294967295"},
    {27, "(4294967295,65535)"},
    {28, "4294967295"},
    {29, "4294967295"},
    {700, "-1.17549435e-38"},
    {701, "-2.2250738585072014e-308"},
    {774, "ff:ff:ff:ff:ff:ff:ff:ff"},
    {790, "-$92,233,720,368,547,758.08"},
    {829, "ff:ff:ff:ff:ff:ff"},
    {869, "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/127"},
    {650, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"},
    {600, "(-2.2250738585072014e-308,-2.2250738585072014e-308)"},
    {1082, "4713-01-01 BC"},
    {1083, "23:59:59.999999"},
    {1114, "294276-12-31 23:59:59.999999"},
    {1184, "294277-01-01 15:59:58.999999+15:59:59"},
    {1184, "4714-11-24 15:59:59.999999-15:59:59 BC"},
    {1186, "-178956970 years -8 mons -2147483648 days -2562047788:00:54.775808"},
    {1266, "24:00:00.999999+15:59:59"},
    {2950, "ffffffff-ffff-ffff-ffff-ffffffffffff"},
    {3220, "FFFFFFFF/FFFFFFFF"},
    {5069, "18446744073709551615"},
};

START_TEST(no_value_of_a_bounded_type_is_wider_than_told)
{
    for (size_t i = 0; i < sizeof widest / sizeof widest[0]; i++) {
        int64_t width = sl_type_width(widest[i].oid, NONE);

        ck_assert_msg(width >= (int64_t)strlen(widest[i].longest), "type %u", widest[i].oid);
        ck_assert_msg(width < 100, "type %u: %lld is no useful bound", widest[i].oid,
                      (long long)width);
    }
    ck_assert_int_ge(sl_type_width(19, NONE), 63); /* name */
}
END_TEST

START_TEST(types_without_a_bound_have_none)
{
    static const unsigned oids[] = {
        0,    17,    25,    114,         142,  /* none, bytea, text, json, xml */
        1007, 1009,  1560,  1562,        2249, /* int4[], text[], bit, varbit, record */
        3802, 3614,  3904,  601,         602,  /* jsonb, tsvector, int4range, lseg, path */
        705,  10000, 16384, 4294967295U,
    };

    for (size_t i = 0; i < sizeof oids / sizeof oids[0]; i++) {
        ck_assert_int_eq(sl_type_width(oids[i], NONE), -1);
        ck_assert_int_eq(sl_type_width(oids[i], 14), -1);
    }
}
END_TEST

START_TEST(a_declared_length_counts_characters_of_four_bytes)
{
    ck_assert_int_eq(sl_type_width(1043, 4 + 10), 40); /* varchar(10) */
    ck_assert_int_eq(sl_type_width(1042, 4 + 1), 4);   /* char(1) */
    ck_assert_int_eq(sl_type_width(1043, 4 + 10485760), 41943040);
    ck_assert_int_eq(sl_type_width(1043, NONE), -1);
    ck_assert_int_eq(sl_type_width(1042, NONE), -1);
}
END_TEST

/* As numerictypmodin() of PostgreSQL 15 packs them: eleven bits of a signed scale. */
static int numeric(int precision, int scale)
{
    return ((precision << 16) | (scale & 0x7ff)) + 4;
}

START_TEST(a_numeric_of_declared_precision_is_bounded_whatever_its_scale)
{
    /* Digits, sign, point, and zeros before (scale > precision) or after (scale < 0). */
    ck_assert_int_ge(sl_type_width(1700, numeric(10, 2)), 12);
    ck_assert_int_ge(sl_type_width(1700, numeric(1000, 1000)), 1003);
    ck_assert_int_ge(sl_type_width(1700, numeric(1, 1000)), 1003);
    ck_assert_int_ge(sl_type_width(1700, numeric(1, -1000)), 1002);
    ck_assert_int_ge(sl_type_width(1700, numeric(1000, -1000)), 2001);
    ck_assert_int_ge(sl_type_width(1700, numeric(1, 0)), 9); /* -Infinity */
    ck_assert_int_le(sl_type_width(1700, numeric(1000, -1000)), 4096);
    ck_assert_int_eq(sl_type_width(1700, NONE), -1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("types");
    TCase *tc = tcase_create("types");
    SRunner *sr = srunner_create(suite);

    tcase_add_test(tc, no_value_of_a_bounded_type_is_wider_than_told);
    tcase_add_test(tc, types_without_a_bound_have_none);
    tcase_add_test(tc, a_declared_length_counts_characters_of_four_bytes);
    tcase_add_test(tc, a_numeric_of_declared_precision_is_bounded_whatever_its_scale);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
