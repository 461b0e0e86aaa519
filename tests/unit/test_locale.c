/* Decimal signs of locales, by hand. */
#include <check.h>
#include <stdlib.h>
#include "format/locale.h"

static char decimal_of(const char *name)
{
    char decimal;

    return sl_locale_decimal(name, &decimal) ? decimal : '?';
}

static void all_are(char decimal, const char *const *names)
{
    for (; *names != NULL; names++)
        ck_assert_msg(decimal_of(*names) == decimal, "%s: %c", *names, decimal_of(*names));
}

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

START_TEST(a_language_has_its_decimal_sign)
{
    all_are(',', NAMES("de", "fr", "es", "it", "pt", "nl", "pl", "ru", "uk", "cs", "sv", "da", "nb",
                       "fi", "tr", "el", "hu", "ro", "bg", "hr", "sr", "sk", "sl", "id", "vi", "af",
                       "is", "kab", "zgh", "fur", "ksh", "nds", "os", "wae"));
    all_are('.', NAMES("en", "zh", "ja", "ko", "he", "hi", "th", "ms", "ga", "mt", "sw", "yue",
                       "gsw", "C", "POSIX"));
}
END_TEST

START_TEST(a_region_may_have_another_one)
{
    all_are('.', NAMES("de-CH", "de_LI", "es_MX", "es-419", "es_US", "it_CH", "en_US", "en-GB",
                       "ms_MY", "ar_EG"));
    all_are(',', NAMES("de-DE", "de_AT", "es_ES", "es_AR", "es_CL", "fr_CH", "fr_CA", "pt_BR",
                       "pt-PT", "en_ZA", "en_DE", "en-NL", "ms_ID", "ar_MA", "sw_CD"));
}
END_TEST

START_TEST(names_of_bcp_47_and_of_posix_are_read)
{
    all_are(',', NAMES("DE", "De-dE", "de_DE.UTF-8", "de_DE@euro", "de.utf8", "sr-Latn-RS",
                       "sr_RS@latin", "de-1996", "ca-ES-valencia", "de-Latn-AT", "de-u-ch-latn"));
    all_are('.', NAMES("DE-ch", "de_CH.UTF-8", "zh-Hant-TW", "en-u-de-x", "de-Latn-CH-1996"));
}
END_TEST

START_TEST(what_is_no_known_locale_is_refused)
{
    all_are('?',
            NAMES("", "x", "xx", "xx_DE", "german", "d", "deu", "de-", "de_", "-", "_DE", "de--DE",
                  "de DE", "de/DE", "de-D\xC3\x84", "e", "en_", "c", "a b", "1", ".UTF-8",
                  "de-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("locale");
    TCase *tc = tcase_create("locale");
    SRunner *sr = srunner_create(suite);

    tcase_add_test(tc, a_language_has_its_decimal_sign);
    tcase_add_test(tc, a_region_may_have_another_one);
    tcase_add_test(tc, names_of_bcp_47_and_of_posix_are_read);
    tcase_add_test(tc, what_is_no_known_locale_is_refused);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
