#include <check.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "access/access.h"

static struct sl_config config;
static struct sl_config_token tokens[3];
static struct sl_caller caller;
static struct sl_error err;

static void set_token(struct sl_config_token *token, const char *name, const char *secret,
                      const char *exports, const char *role)
{
    *token = (struct sl_config_token){.name = strdup(name),
                                      .exports = strdup(exports),
                                      .tables = strdup(""),
                                      .role = strdup(role)};
    ck_assert_int_eq(EVP_Digest(secret, strlen(secret), token->sha256, NULL, EVP_sha256(), NULL),
                     1);
}

static void setup(void)
{
    memset(&config, 0, sizeof(config));
    set_token(&tokens[0], "reports", "secret-of-reports", "orders, report_*", "reader");
    set_token(&tokens[1], "all", "secret-of-all", "*", "");
    set_token(&tokens[2], "none", "secret-of-none", "", "");
    config.tokens = tokens;
    config.n_tokens = 3;
}

static void teardown(void)
{
    for (size_t i = 0; i < 3; i++) {
        free(tokens[i].name);
        free(tokens[i].exports);
        free(tokens[i].tables);
        free(tokens[i].role);
    }
    free(config.anonymous.exports);
    free(config.anonymous.role);
}

/* on: without [anonymous]; with a list of patterns: with it. */
static void anonymous(const char *exports, const char *role)
{
    config.access.anonymous = true;
    config.anonymous.given = exports != NULL;
    if (exports != NULL) {
        config.anonymous.exports = strdup(exports);
        config.anonymous.role = strdup(role);
    }
}

static void unknown(const char *authorization)
{
    memset(&caller, 0xff, sizeof(caller));
    ck_assert_msg(sl_access_identify(&config, authorization, &caller, &err) == -1, "%s",
                  authorization);
    ck_assert_int_eq(err.kind, SL_UNAUTHORIZED);
    ck_assert_ptr_null(caller.token);
}

static void known(const char *authorization, const char *key)
{
    ck_assert_int_eq(sl_access_identify(&config, authorization, &caller, &err), 0);
    ck_assert_str_eq(caller.key, key);
}

START_TEST(a_token_identifies_its_caller)
{
    known("Bearer secret-of-reports", "token:reports");
    ck_assert_ptr_eq(caller.token, &tokens[0]);
    ck_assert_str_eq(caller.role, "reader");
    known("Bearer secret-of-all", "token:all");
    ck_assert_ptr_eq(caller.token, &tokens[1]);
    ck_assert_str_eq(caller.role, "");
}
END_TEST

START_TEST(the_scheme_is_read_in_any_case_and_blanks_are_allowed)
{
    known("bearer secret-of-all", "token:all");
    known("BEARER   secret-of-all", "token:all");
    known("Bearer secret-of-all \t", "token:all");
}
END_TEST

START_TEST(a_wrong_or_malformed_token_is_refused)
{
    static const char *const bad[] = {"",
                                      "Bearer",
                                      "Bearer ",
                                      "Bearer secret-of-al",
                                      "Bearer secret-of-alll",
                                      "Bearer Secret-of-all",
                                      "Bearer secret-of-all x",
                                      "Bearer secret-of-all, Bearer secret-of-all",
                                      "Bearersecret-of-all",
                                      "Bearer\tsecret-of-all",
                                      " Bearer secret-of-all",
                                      "Basic secret-of-all",
                                      "secret-of-all",
                                      "Bearer secret-of-all\x01",
                                      "Bearer secret-of-\xC3\xA9",
                                      "Bearer all",
                                      "Bearer \"secret-of-all\""};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        unknown(bad[i]);
}
END_TEST

START_TEST(what_stands_behind_the_scheme_is_the_token)
{
    size_t len = 0;
    const char *value = "bEARER   a b\xC3\xA9 \t ";

    /* The characters are for who compares it: a secret may hold any. */
    ck_assert_ptr_eq(sl_access_bearer(value, &len), value + 9);
    ck_assert_uint_eq(len, 5);
    ck_assert_ptr_null(sl_access_bearer(NULL, &len));
    ck_assert_ptr_null(sl_access_bearer("", &len));
    ck_assert_ptr_null(sl_access_bearer("Bearer", &len));
    ck_assert_ptr_null(sl_access_bearer("Bearer  \t ", &len));
    ck_assert_ptr_null(sl_access_bearer("Bearer\tx", &len));
    ck_assert_ptr_null(sl_access_bearer("Basic x", &len));
}
END_TEST

START_TEST(a_token_is_as_long_as_the_limit)
{
    char header[7 + 513 + 1] = "Bearer ";
    unsigned char hash[32];

    memset(header + 7, 'x', 513);
    header[7 + 512] = '\0';
    ck_assert_int_eq(EVP_Digest(header + 7, 512, hash, NULL, EVP_sha256(), NULL), 1);
    memcpy(tokens[1].sha256, hash, sizeof(hash));
    known(header, "token:all");
    header[7 + 512] = 'x';
    header[7 + 513] = '\0';
    ck_assert_int_eq(EVP_Digest(header + 7, 513, hash, NULL, EVP_sha256(), NULL), 1);
    memcpy(tokens[1].sha256, hash, sizeof(hash));
    unknown(header);
}
END_TEST

START_TEST(without_a_token_nobody_is_let_in)
{
    unknown(NULL);
    ck_assert_ptr_nonnull(strstr(err.message, "Authorization: Bearer"));
    config.n_tokens = 0;
    unknown("Bearer secret-of-all");
    /* The section alone opens nothing. */
    anonymous("*", "");
    config.access.anonymous = false;
    unknown(NULL);
    caller = (struct sl_caller){.key = "anonymous", .role = ""};
    ck_assert(!sl_access_export(&config, &caller, "orders"));
}
END_TEST

START_TEST(anonymous_callers_are_let_in_when_the_configuration_says_so)
{
    anonymous(NULL, NULL);
    known(NULL, "anonymous");
    ck_assert_ptr_null(caller.token);
    ck_assert_str_eq(caller.role, "");
    ck_assert(sl_access_export(&config, &caller, "anything"));
}
END_TEST

START_TEST(the_anonymous_section_limits_what_they_may_run)
{
    anonymous("orders, public_*", "guest");
    known(NULL, "anonymous");
    ck_assert_str_eq(caller.role, "guest");
    ck_assert(sl_access_export(&config, &caller, "orders"));
    ck_assert(sl_access_export(&config, &caller, "public_x"));
    ck_assert(!sl_access_export(&config, &caller, "users"));
}
END_TEST

START_TEST(an_empty_anonymous_section_opens_nothing)
{
    anonymous("", "");
    known(NULL, "anonymous");
    ck_assert(!sl_access_export(&config, &caller, "orders"));
}
END_TEST

START_TEST(a_wrong_token_is_refused_even_when_anonymous_is_on)
{
    anonymous(NULL, NULL);
    unknown("Bearer nonsense");
    unknown("");
    unknown("Basic dXNlcjpwYXNz");
    known("Bearer secret-of-none", "token:none");
    ck_assert(!sl_access_export(&config, &caller, "orders"));
}
END_TEST

START_TEST(a_token_may_run_what_its_patterns_match)
{
    known("Bearer secret-of-reports", "token:reports");
    ck_assert(sl_access_export(&config, &caller, "orders"));
    ck_assert(sl_access_export(&config, &caller, "report_2026"));
    ck_assert(!sl_access_export(&config, &caller, "orders2"));
    ck_assert(!sl_access_export(&config, &caller, "a_report_x"));
    known("Bearer secret-of-all", "token:all");
    ck_assert(sl_access_export(&config, &caller, "users"));
    known("Bearer secret-of-none", "token:none");
    ck_assert(!sl_access_export(&config, &caller, "orders"));
    ck_assert(!sl_access_export(&config, &caller, ""));
}
END_TEST

START_TEST(two_long_names_never_share_a_key)
{
    free(tokens[1].name);
    tokens[1].name =
        strdup("a123456789012345678901234567890123456789012345678901234567890123456789");
    ck_assert_int_eq(sl_access_identify(&config, "Bearer secret-of-all", &caller, &err), -1);
    ck_assert_int_eq(err.kind, SL_INTERNAL);
}
END_TEST

START_TEST(no_secret_is_in_a_message)
{
    unknown("Bearer secret-of-alll");
    ck_assert_ptr_null(strstr(err.message, "secret"));
    unknown("Bearer secret of all");
    ck_assert_ptr_null(strstr(err.message, "secret"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("access");
    TCase *access = tcase_create("access");
    SRunner *runner = srunner_create(suite);

    tcase_add_checked_fixture(access, setup, teardown);
    tcase_add_test(access, a_token_identifies_its_caller);
    tcase_add_test(access, the_scheme_is_read_in_any_case_and_blanks_are_allowed);
    tcase_add_test(access, a_wrong_or_malformed_token_is_refused);
    tcase_add_test(access, what_stands_behind_the_scheme_is_the_token);
    tcase_add_test(access, a_token_is_as_long_as_the_limit);
    tcase_add_test(access, without_a_token_nobody_is_let_in);
    tcase_add_test(access, anonymous_callers_are_let_in_when_the_configuration_says_so);
    tcase_add_test(access, the_anonymous_section_limits_what_they_may_run);
    tcase_add_test(access, an_empty_anonymous_section_opens_nothing);
    tcase_add_test(access, a_wrong_token_is_refused_even_when_anonymous_is_on);
    tcase_add_test(access, a_token_may_run_what_its_patterns_match);
    tcase_add_test(access, two_long_names_never_share_a_key);
    tcase_add_test(access, no_secret_is_in_a_message);
    suite_add_tcase(suite, access);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
