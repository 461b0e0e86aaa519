#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "access/grant.h"
#include "access/signing.h"

#define KEY "the first key, of 32 bytes or more"
#define NOW 1700000000
#define EXP "\"exp\":1700000300"
#define AE10 "\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4"
#define MINIMAL "{\"export\":\"orders\"," EXP "}"

static const char text[] = "[access]\n"
                           "grant_key = " KEY "\n"
                           "grant_max_age = 10min\n"
                           "grant_roles = reader, team_*\n"
                           "row_settings = pgsluice.*, app.user\n";

static struct sl_config *config;
static struct sl_grant grant;
static struct sl_error err;

static void setup(void)
{
    ck_assert_int_eq(sl_config_parse("x.conf", text, strlen(text), true, &config, &err), 0);
}

static void teardown(void)
{
    sl_grant_fini(&grant);
    sl_config_free(config);
}

static int read_at(const char *payload, int64_t signed_at, int64_t now)
{
    sl_grant_fini(&grant);
    err.kind = SL_NONE;
    return sl_grant_read(config, payload, strlen(payload), signed_at, now, &grant, &err);
}

static void accepted(const char *payload)
{
    ck_assert_msg(read_at(payload, NOW, NOW) == 0, "%s: %s", payload, err.message);
}

static void refused(const char *payload, enum sl_kind kind, const char *why)
{
    ck_assert_msg(read_at(payload, NOW, NOW) == -1, "accepted: %s", payload);
    ck_assert_msg(err.kind == kind, "%s: %s", payload, sl_kind_name(err.kind));
    ck_assert_msg(strstr(err.message, why) != NULL, "%s: %s", payload, err.message);
}

static void malformed(const char *payload, const char *why)
{
    refused(payload, SL_BAD_REQUEST, why);
}

static const char *argument(const char *name)
{
    const char *value = NULL;

    for (size_t i = 0; i < grant.args.n; i++)
        if (strcmp(grant.args.v[i].name, name) == 0) {
            ck_assert_ptr_null(value);
            value = grant.args.v[i].value;
        }
    return value;
}

START_TEST(an_export_and_exp_are_enough)
{
    accepted(MINIMAL);
    ck_assert_str_eq(grant.export, "orders");
    ck_assert_str_eq(grant.table, "");
    ck_assert_str_eq(grant.format->name, "csv");
    ck_assert_str_eq(grant.role, "");
    ck_assert_uint_eq(grant.n_settings, 0);
    ck_assert_uint_eq(grant.args.n, 0);
    ck_assert_int_eq(grant.exp, NOW + 300);
    ck_assert(!grant.once);
}
END_TEST

START_TEST(every_member_is_read)
{
    accepted(
        "{\"export\":\"orders\",\"format\":\"csv\",\"params\":{\"since\":\"2026-01-01\","
        "\"tag\":null,\"note\":\"\"},\"options\":{\"_header\":\"off\",\"_timezone\":null},"
        "\"filename\":\"\\u00fc.csv\",\"role\":\"team_a\",\"settings\":{\"pgsluice.user\":\"7\","
        "\"app.user\":\"\"},\"run\":\"id\",\"filters\":{}," EXP ",\"once\":true}");
    ck_assert_str_eq(grant.format->name, "csv");
    ck_assert_str_eq(argument("since"), "2026-01-01");
    ck_assert_str_eq(argument("tag"), "");
    ck_assert_str_eq(argument("note"), "");
    ck_assert_str_eq(argument("_header"), "off");
    ck_assert_str_eq(argument("_timezone"), "");
    ck_assert_str_eq(argument("_filename"), "\xc3\xbc.csv");
    ck_assert_str_eq(argument("_run"), "id");
    ck_assert_uint_eq(grant.args.n, 7);
    ck_assert_str_eq(grant.role, "team_a");
    ck_assert_uint_eq(grant.n_settings, 2);
    ck_assert_str_eq(grant.settings[0].name, "pgsluice.user");
    ck_assert_str_eq(grant.settings[0].value, "7");
    ck_assert_str_eq(grant.settings[1].value, "");
    ck_assert(grant.once);
    accepted("{\"table\":\"public.orders\",\"filters\":{\"total__gt\":\"5\"}," EXP "}");
    ck_assert_str_eq(grant.table, "public.orders");
}
END_TEST

START_TEST(a_member_that_is_null_is_left_out)
{
    accepted("{\"export\":\"orders\",\"table\":null,\"format\":null,\"params\":null,"
             "\"filters\":null,\"options\":null,\"filename\":null,\"role\":null,\"settings\":null,"
             "\"run\":null,\"once\":null," EXP "}");
    ck_assert_uint_eq(grant.args.n, 0);
    malformed("{\"export\":\"orders\",\"exp\":null}", "needs exp");
}
END_TEST

START_TEST(what_is_malformed_is_told_to_the_developer)
{
    malformed("", "ends too early");
    malformed("[]", "not a JSON object");
    malformed("{\"export\":\"orders\"," EXP, "ends too early");
    malformed("{\"export\":\"a\",\"export\":\"b\"," EXP "}", "twice");
    malformed("{\"export\":\"a\",\"params\":{\"x\":\"1\",\"x\":\"2\"}," EXP "}", "twice");
    malformed("{\"export\":\"a\\u0000b\"," EXP "}", "NUL");
    malformed("{\"export\":\"\xff\"," EXP "}", "UTF-8");
    malformed("{\"export\":\"a\",\"roles\":\"reader\"," EXP "}", "did you mean role?");
    malformed("{\"export\":\"a\",\"sql\":\"SELECT 1\"," EXP "}", "unknown member sql");
    malformed("{\"export\":\"a\",\"params\":[[[[[[[[[[]]]]]]]]]]," EXP "}", "nested");
    malformed("{" EXP "}", "names an export or a table");
    malformed("{\"export\":\"\"," EXP "}", "names an export or a table");
    malformed("{\"export\":\"a\",\"table\":\"b\"," EXP "}", "names an export or a table");
    malformed("{\"export\":\"a\",\"filters\":{\"x\":\"1\"}," EXP "}", "for a table");
    malformed("{\"export\":\"a\",\"filters\":[]," EXP "}", "filters is no object");
    malformed("{\"export\":5," EXP "}", "export is no string");
    malformed("{\"export\":\"a\",\"params\":{\"x" AE10 AE10 AE10 "\":5}," EXP "}",
              "\xC3\xA4 is neither");
    malformed("{\"export\":\"a\",\"role\":[\"reader\"]," EXP "}", "role is no string");
    malformed("{\"export\":\"a\",\"role\":\"\"," EXP "}", "role is empty");
    malformed("{\"export\":\"a\",\"format\":\"xml\"," EXP "}", "format is csv");
    malformed("{\"export\":\"a\",\"filename\":1," EXP "}", "filename is no string");
    malformed("{\"export\":\"a\",\"once\":\"yes\"," EXP "}", "once is true or false");
    malformed("{\"export\":\"a\",\"once\":1," EXP "}", "once is true or false");
    malformed("{\"export\":\"a\",\"params\":\"x\"," EXP "}", "params is no object");
    malformed("{\"export\":\"a\",\"params\":{\"n\":5}," EXP "}", "n is neither a string nor null");
    malformed("{\"export\":\"a\",\"params\":{\"n\":[1,2]}," EXP "}", "{1,2}");
    malformed("{\"export\":\"a\",\"params\":{\"_header\":\"off\"}," EXP "}",
              "belongs into options");
    malformed("{\"export\":\"a\",\"options\":{\"header\":\"off\"}," EXP "}", "underscore");
    malformed("{\"export\":\"a\",\"options\":{\"_run\":\"x\"}," EXP "}", "member run");
    malformed("{\"export\":\"a\",\"settings\":{\"pgsluice.user\":7}," EXP "}", "is no string");
    malformed("{\"export\":\"a\",\"settings\":{\"pgsluice.user\":null}," EXP "}", "is no string");
}
END_TEST

START_TEST(exp_is_a_whole_number_of_seconds)
{
    malformed("{\"export\":\"a\"}", "needs exp");
    malformed("{\"export\":\"a\",\"exp\":\"1700000300\"}", "whole number");
    malformed("{\"export\":\"a\",\"exp\":1700000300.5}", "whole number");
    malformed("{\"export\":\"a\",\"exp\":true}", "whole number");
    malformed("{\"export\":\"a\",\"exp\":-1}", "whole number");
    malformed("{\"export\":\"a\",\"exp\":99999999999999999999}", "too large");
    refused("{\"export\":\"a\",\"exp\":9223372036854775807}", SL_FORBIDDEN, "grant_max_age");
    refused("{\"export\":\"a\",\"exp\":300}", SL_FORBIDDEN, "not after its signature");
    refused("{\"export\":\"a\",\"exp\":1700000000}", SL_FORBIDDEN, "not after its signature");
}
END_TEST

START_TEST(a_grant_lives_until_exp_and_no_longer_than_the_server_allows)
{
    ck_assert_int_eq(read_at(MINIMAL, NOW, NOW + 299), 0);
    ck_assert_int_eq(read_at(MINIMAL, NOW, NOW + 300), -1);
    ck_assert_int_eq(err.kind, SL_FORBIDDEN);
    ck_assert_int_eq(read_at(MINIMAL, NOW - 300, NOW), 0);
    ck_assert_int_eq(read_at(MINIMAL, NOW - 301, NOW), -1);
    ck_assert_int_eq(err.kind, SL_FORBIDDEN);
    ck_assert_ptr_nonnull(strstr(err.message, "exp is 601 s after the signature"));
    ck_assert_ptr_nonnull(strstr(err.message, "allows 600 s"));
}
END_TEST

START_TEST(clocks_that_differ_are_named_when_they_may_be_the_reason)
{
    ck_assert_int_eq(read_at(MINIMAL, NOW, NOW + 320), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "expired, 20 s ago"));
    ck_assert_ptr_nonnull(strstr(err.message, "the clocks of the two machines differ"));
    ck_assert_int_eq(read_at(MINIMAL, NOW, NOW + 300 + SL_CLOCK_SUSPICIOUS), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "expired, 300 s ago"));
    ck_assert_ptr_null(strstr(err.message, "clocks"));
}
END_TEST

START_TEST(a_role_or_setting_outside_the_patterns_is_forbidden)
{
    refused("{\"export\":\"a\",\"role\":\"postgres\"," EXP "}", SL_FORBIDDEN, "grant_roles");
    refused("{\"export\":\"a\",\"role\":\"readers\"," EXP "}", SL_FORBIDDEN, "grant_roles");
    refused("{\"export\":\"a\",\"role\":\"none\"," EXP "}", SL_FORBIDDEN, "role");
    accepted("{\"export\":\"a\",\"role\":\"reader\"," EXP "}");
    refused("{\"export\":\"a\",\"settings\":{\"app.role\":\"x\"}," EXP "}", SL_FORBIDDEN,
            "row_settings");
    refused("{\"export\":\"a\",\"settings\":{\"role\":\"x\"}," EXP "}", SL_FORBIDDEN, "dot");
    refused("{\"export\":\"a\",\"settings\":{\"pgsluice.\":\"x\"}," EXP "}", SL_FORBIDDEN, "dot");
    refused("{\"export\":\"a\",\"settings\":{\"pgsluice.user\":\"1\",\"row_security\":\"off\"}," EXP
            "}",
            SL_FORBIDDEN, "dot");
}
END_TEST

START_TEST(there_are_never_more_arguments_or_settings_than_room)
{
    static char payload[32000];
    size_t n;

    for (int more = 0; more < 2; more++) {
        n = (size_t)snprintf(payload, sizeof payload, "{\"export\":\"a\"," EXP ",\"params\":{");
        for (int i = 0; i < SL_MAX_ARGS + more; i++)
            n += (size_t)snprintf(payload + n, sizeof payload - n, "%s\"p%d\":\"\"",
                                  i > 0 ? "," : "", i);
        snprintf(payload + n, sizeof payload - n, "}}");
        if (more == 0)
            accepted(payload);
        else
            malformed(payload, "more than 200");
        if (more == 0)
            ck_assert_int_eq(sl_grant_add(&grant, &(struct sl_arg){"_run", "x"}, &err), -1);
        n = (size_t)snprintf(payload, sizeof payload, "{\"export\":\"a\"," EXP ",\"settings\":{");
        for (int i = 0; i < SL_MAX_ROW_SETTINGS + more; i++)
            n += (size_t)snprintf(payload + n, sizeof payload - n, "%s\"pgsluice.p%d\":\"\"",
                                  i > 0 ? "," : "", i);
        snprintf(payload + n, sizeof payload - n, "}}");
        if (more == 0)
            accepted(payload);
        else
            malformed(payload, "more than 16 settings");
    }
}
END_TEST

START_TEST(the_url_may_add_the_runs_id_only)
{
    accepted(MINIMAL);
    ck_assert_int_eq(sl_grant_add(&grant, &(struct sl_arg){"since", "2026-01-01"}, &err), -1);
    ck_assert_int_eq(err.kind, SL_BAD_REQUEST);
    ck_assert_int_eq(sl_grant_add(&grant, &(struct sl_arg){"_header", "off"}, &err), -1);
    ck_assert_uint_eq(grant.args.n, 0);
    ck_assert_int_eq(sl_grant_add(&grant, &(struct sl_arg){"_run", "x"}, &err), 0);
    ck_assert_str_eq(argument("_run"), "x");
}
END_TEST

START_TEST(a_signed_payload_is_opened)
{
    struct sl_signing signing = {.keys = KEY, .salt = SL_GRANT_SALT, .now = NOW};
    struct sl_buf token;

    sl_buf_init(&token, SL_SIGNED_MAX);
    ck_assert_int_eq(sl_signing_sign(&signing, MINIMAL, strlen(MINIMAL), &token, &err), 0);
    ck_assert_int_eq(sl_grant_open(config, token.data, NOW, &grant, &err), 0);
    ck_assert_str_eq(grant.export, "orders");
    sl_grant_fini(&grant);
    ck_assert_int_eq(sl_grant_open(config, token.data, NOW + 300, &grant, &err), -1);
    ck_assert_int_eq(err.kind, SL_FORBIDDEN);
    sl_grant_fini(&grant);
    token.data[0] ^= 1;
    ck_assert_int_eq(sl_grant_open(config, token.data, NOW, &grant, &err), -1);
    ck_assert_int_eq(err.kind, SL_FORBIDDEN);
    sl_buf_free(&token);
    signing.salt = "django.core.signing";
    ck_assert_int_eq(sl_signing_sign(&signing, MINIMAL, strlen(MINIMAL), &token, &err), 0);
    ck_assert_int_eq(sl_grant_open(config, token.data, NOW, &grant, &err), -1);
    ck_assert_int_eq(err.kind, SL_FORBIDDEN);
    sl_buf_free(&token);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("grant");
    TCase *tc = tcase_create("grant");
    SRunner *sr = srunner_create(suite);

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, an_export_and_exp_are_enough);
    tcase_add_test(tc, every_member_is_read);
    tcase_add_test(tc, a_member_that_is_null_is_left_out);
    tcase_add_test(tc, what_is_malformed_is_told_to_the_developer);
    tcase_add_test(tc, exp_is_a_whole_number_of_seconds);
    tcase_add_test(tc, a_grant_lives_until_exp_and_no_longer_than_the_server_allows);
    tcase_add_test(tc, clocks_that_differ_are_named_when_they_may_be_the_reason);
    tcase_add_test(tc, a_role_or_setting_outside_the_patterns_is_forbidden);
    tcase_add_test(tc, there_are_never_more_arguments_or_settings_than_room);
    tcase_add_test(tc, the_url_may_add_the_runs_id_only);
    tcase_add_test(tc, a_signed_payload_is_opened);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
