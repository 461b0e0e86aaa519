#include <check.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include "access/signing.h"

#define SALT "pgsluice.grant"
#define KEY "the first key, of 32 bytes or more"
#define OTHER_KEY "another key, which is as long as it"
#define NOW 1700000000
#define AGE 300

/* All of these are what django.core.signing.dumps() of Django 3.2 has made. */
#define PAYLOAD                                                                                    \
    "{\"export\":\"orders\",\"params\":{\"since\":\"2026-01-01\",\"name\":\"\\u00e9\"},"           \
    "\"exp\":1700000300}"
#define DATA                                                                                       \
    "eyJleHBvcnQiOiJvcmRlcnMiLCJwYXJhbXMiOnsic2luY2UiOiIyMDI2LTAxLTAxIiwibmFtZSI6Ilx1MDBlOSJ9LCJl" \
    "eHAiOjE3MDAwMDAzMDB9"
#define TOKEN DATA ":1r31eq:wXjQqiyKl89wPsX__zkGbD67xEqwuA5dKLL2R_jIs9U"
#define PACKED                                                                                     \
    ".eJyrVkqtKMgvKlGyUsovSkktKlbSUSpILErMLVayqlYqzsxLTgVKGRkYmekaGAIRUDovMRckFlNqYJBqqVSrAzJBy"   \
    "crQ3AAEjA0MagFQpRgM:1r31eq:M5wLWBTiop8A0_o7xNC5i1BmBVOzyvcfRfqpENUwZMo"
#define OTHER_KEYS DATA ":1r31eq:EGxVit05nFYv-v7OZ0dEQx8cZcRZDOQosyiwaHuO6H8"
#define OTHER_SALTS DATA ":1r31eq:49CCehEdd1-BOBEsr5LV9dxR2kYMZM3srXSybTcqDCY"

static struct sl_signing signing;
static struct sl_buf payload;
static struct sl_error err;
static int64_t signed_at;

static void setup(void)
{
    signing = (struct sl_signing){.keys = KEY, .salt = SALT, .now = NOW};
    sl_buf_init(&payload, SL_INFLATED_MAX);
}

static void teardown(void)
{
    sl_buf_free(&payload);
}

static int verify(const char *token)
{
    sl_buf_free(&payload);
    err.kind = SL_NONE;
    return sl_signing_verify(&signing, token, AGE, &payload, &signed_at, &err);
}

static void refused(const char *token, const char *why)
{
    ck_assert_msg(verify(token) == -1, "accepted: %.80s", token);
    ck_assert_int_eq(err.kind, SL_FORBIDDEN);
    ck_assert_msg(strstr(err.message, why) != NULL, "%s", err.message);
    /* Nothing of the keys, nor of what should have stood there. */
    ck_assert_ptr_null(strstr(err.message, "key, "));
}

/* The rules a second time, by other means: a token of any bytes, signed properly. */
static char *forge(const char *data, const char *timestamp)
{
    static char token[200000];
    unsigned char key[32];
    unsigned char digest[32];
    unsigned char text[48];

    EVP_Digest(SALT "signer" KEY, strlen(SALT "signer" KEY), key, NULL, EVP_sha256(), NULL);
    int len = snprintf(token, sizeof token, "%s:%s", data, timestamp);
    HMAC(EVP_sha256(), key, sizeof key, (const unsigned char *)token, (size_t)len, digest, NULL);
    EVP_EncodeBlock(text, digest, sizeof digest);
    snprintf(token + len, sizeof token - (size_t)len, ":%.43s", (const char *)text);
    for (char *c = token + len; *c != '\0'; c++)
        *c = (char)(*c == '+' ? '-' : *c == '/' ? '_' : *c);
    return token;
}

/* Bytes as base64 of URLs behind a prefix. */
static const char *encoded(const char *prefix, const void *bytes, size_t len)
{
    static char text[150000];

    size_t n = (size_t)snprintf(text, sizeof text, "%s", prefix);
    ck_assert_uint_lt(len, 100000);
    EVP_EncodeBlock((unsigned char *)text + n, bytes, (int)len);
    for (char *c = text + n; *c != '\0'; c++)
        *c = (char)(*c == '+' ? '-' : *c == '/' ? '_' : *c == '=' ? '\0' : *c);
    return text;
}

/* n bytes of one letter, compressed, with `more` bytes behind the end of the stream. */
static const char *bomb(size_t n, size_t more)
{
    static unsigned char packed[100000];
    unsigned char *plain = malloc(n);
    uLongf len = sizeof packed;

    memset(plain, 'a', n);
    ck_assert_int_eq(compress(packed, &len, plain, n), Z_OK);
    free(plain);
    memset(packed + len, 'x', more);
    return encoded(".", packed, len + more);
}

START_TEST(what_django_has_signed_is_accepted)
{
    ck_assert_int_eq(verify(TOKEN), 0);
    ck_assert_str_eq(payload.data, PAYLOAD);
    ck_assert_int_eq(signed_at, NOW);
    ck_assert_int_eq(verify(PACKED), 0);
    ck_assert_str_eq(payload.data, PAYLOAD);
    signing.keys = OTHER_KEY;
    ck_assert_int_eq(verify(OTHER_KEYS), 0);
    signing = (struct sl_signing){.keys = KEY, .salt = "pgsluice.other", .now = NOW};
    ck_assert_int_eq(verify(OTHER_SALTS), 0);
}
END_TEST

/* With keys of Django's own choosing, shorter than the configuration takes. */
START_TEST(known_tokens_of_other_keys_are_accepted)
{
    signing = (struct sl_signing){.keys = "test-secret-key", .salt = "csv.export", .now = NOW};
    ck_assert_int_eq(verify("eyJzcWwiOiJTRUxFQ1QgMSIsInAiOlsxLCJcdTAwZTkiXX0:1r31eq:"
                            "oQaj8WGo9e19vaN8HnH0L0J-kVLfPPsgj663k34VKnY"),
                     0);
    ck_assert_str_eq(payload.data, "{\"sql\":\"SELECT 1\",\"p\":[1,\"\\u00e9\"]}");
    ck_assert_int_eq(verify(".eJyrViouzFGyUgp29XF1DlEwHKXJo5V0lAqUrKINdZRiSg0MUi2VYmsBhRNZ9Q:"
                            "1r31eq:ye1fge3qjtpHaBRGkn_on30lKad_QYWcMjJJBYFQjBA"),
                     0);
    ck_assert_uint_eq(payload.len, strlen("{\"sql\":\"\",\"p\":[1,\"\\u00e9\"]}") + 40 * 8);
}
END_TEST

START_TEST(what_is_signed_here_is_what_django_signs)
{
    struct sl_buf token;

    sl_buf_init(&token, SL_SIGNED_MAX);
    ck_assert_int_eq(sl_signing_sign(&signing, "{}", 2, &token, &err), 0);
    ck_assert_int_eq(strncmp(token.data, "e30:1r31eq:", 11), 0);
    ck_assert_str_eq(token.data, forge("e30", "1r31eq"));
    sl_buf_free(&token);
    /* Another zlib may make other bytes of it, which are as good. */
    ck_assert_int_eq(sl_signing_sign(&signing, PAYLOAD, strlen(PAYLOAD), &token, &err), 0);
    ck_assert_int_eq(token.data[0], '.');
    ck_assert_int_eq(verify(token.data), 0);
    ck_assert_str_eq(payload.data, PAYLOAD);
    sl_buf_free(&token);
}
END_TEST

START_TEST(every_payload_comes_back)
{
    char text[600];

    for (size_t len = 1; len < sizeof text; len += len < 80 ? 1 : 37) {
        struct sl_buf token;

        for (size_t i = 0; i < len; i++)
            text[i] = (char)(i * 37 % 251 + (i % 3 == 0));
        sl_buf_init(&token, SL_SIGNED_MAX);
        ck_assert_int_eq(sl_signing_sign(&signing, text, len, &token, &err), 0);
        ck_assert_int_eq(verify(token.data), 0);
        ck_assert_uint_eq(payload.len, len);
        ck_assert_mem_eq(payload.data, text, len);
        sl_buf_free(&token);
    }
}
END_TEST

START_TEST(the_first_key_signs_and_every_key_verifies)
{
    struct sl_buf token;

    signing.keys = KEY "\n" OTHER_KEY;
    ck_assert_int_eq(verify(TOKEN), 0);
    ck_assert_int_eq(verify(OTHER_KEYS), 0);
    signing.keys = OTHER_KEY "\n" KEY;
    ck_assert_int_eq(verify(TOKEN), 0);
    ck_assert_int_eq(verify(OTHER_KEYS), 0);
    sl_buf_init(&token, SL_SIGNED_MAX);
    ck_assert_int_eq(sl_signing_sign(&signing, "{}", 2, &token, &err), 0);
    signing.keys = KEY;
    refused(token.data, "does not match");
    signing.keys = OTHER_KEY;
    ck_assert_int_eq(verify(token.data), 0);
    sl_buf_free(&token);
}
END_TEST

START_TEST(another_key_or_salt_is_refused)
{
    refused(OTHER_KEYS, "the signature does not match");
    refused(OTHER_SALTS, "the salt is pgsluice.grant");
    signing.keys = "";
    refused(TOKEN, "the signature does not match");
    signing.keys = KEY KEY;
    refused(TOKEN, "the signature does not match");
}
END_TEST

START_TEST(no_byte_can_be_changed_left_out_or_added)
{
    static const char *const tokens[] = {TOKEN, PACKED};

    for (size_t t = 0; t < 2; t++) {
        size_t len = strlen(tokens[t]);
        char changed[sizeof(TOKEN) + 100];

        for (size_t i = 0; i < len; i++) {
            snprintf(changed, sizeof changed, "%s", tokens[t]);
            changed[i] = changed[i] == 'A' ? 'B' : 'A';
            refused(changed, "");
            changed[i] = (char)(tokens[t][i] ^ 0x80);
            refused(changed, "");
            snprintf(changed + i, sizeof changed - i, "%s", tokens[t] + i + 1);
            refused(changed, "");
            snprintf(changed, sizeof changed, "%.*sA%s", (int)i, tokens[t], tokens[t] + i);
            refused(changed, "");
            snprintf(changed, sizeof changed, "%.*s", (int)i, tokens[t]);
            refused(changed, "");
        }
        snprintf(changed, sizeof changed, "%s=", tokens[t]);
        refused(changed, "cut, or something was added");
    }
}
END_TEST

START_TEST(what_is_no_token_is_refused)
{
    refused("", "no grant");
    refused(":", "no grant");
    refused("a:b", "no grant");
    refused("::", "signature");
    refused(":::", "signature");
    refused(DATA ":1r31eq:", "cut");
    /* HMAC-SHA1, as Django made it before 3.1. */
    refused(DATA ":1r31eq:aaaaaaaaaaaaaaaaaaaaaaaaaaa", "SHA-256");
}
END_TEST

START_TEST(a_token_has_at_most_four_kilobytes)
{
    static char data[SL_SIGNED_MAX];
    size_t rest = strlen(":01r31eq:") + 43;

    memset(data, 'A', SL_SIGNED_MAX - rest);
    ck_assert_int_eq(verify(forge(data, "01r31eq")), 0);
    refused(forge(data, "001r31eq"), "longer than 4096 bytes");
}
END_TEST

START_TEST(the_time_stamp_is_a_number_of_seconds)
{
    refused(forge("e30", ""), "no time stamp");
    refused(forge("e30", "-1"), "no time stamp");
    refused(forge("e30", "1r31e."), "no time stamp");
    refused(forge("e30", "zzzzzzzzzzz"), "no time stamp");
    refused(forge("e30", "zzzzzzzzzz"), "in the future");
    refused(forge("e30", "0"), "1700000000 s ago");
    ck_assert_int_eq(verify(forge("e30", "00001r31eq")), 0);
}
END_TEST

START_TEST(a_token_is_refused_when_it_is_too_old)
{
    signing.now = NOW + AGE;
    ck_assert_int_eq(verify(TOKEN), 0);
    signing.now = NOW + AGE + 1;
    refused(TOKEN, "was signed 301 s ago, and grants are good for 300 s");
    ck_assert_ptr_nonnull(strstr(err.message, "the clocks of the two machines differ"));
    signing.now = NOW + AGE + SL_CLOCK_SUSPICIOUS;
    refused(TOKEN, "was signed 600 s ago");
    ck_assert_ptr_null(strstr(err.message, "clocks"));
}
END_TEST

START_TEST(a_clock_that_is_ahead_is_named_as_the_reason)
{
    signing.now = NOW - SL_CLOCK_TOLERANCE;
    ck_assert_int_eq(verify(TOKEN), 0);
    signing.now--;
    refused(TOKEN, "61 s in the future by this server's clock: the clocks of the two machines");
}
END_TEST

START_TEST(a_zip_bomb_is_refused)
{
    ck_assert_int_eq(verify(forge(bomb(SL_INFLATED_MAX, 0), "1r31eq")), 0);
    ck_assert_uint_eq(payload.len, SL_INFLATED_MAX);
    refused(forge(bomb(SL_INFLATED_MAX + 1, 0), "1r31eq"), "longer than 32768 bytes");
    ck_assert_uint_eq(payload.len, 0);
    refused(forge(bomb((size_t)2 << 20, 0), "1r31eq"), "longer than 32768 bytes");
    /* Large enough, and the token itself is. */
    refused(forge(bomb((size_t)10 << 20, 0), "1r31eq"), "longer than 4096 bytes");
}
END_TEST

START_TEST(what_cannot_be_decoded_is_refused)
{
    char data[200];

    refused(forge("e", "1r31eq"), "not base64");
    refused(forge("e30=", "1r31eq"), "not base64");
    refused(forge("e3+/", "1r31eq"), "not base64");
    refused(forge("e3 0", "1r31eq"), "not base64");
    refused(forge(".", "1r31eq"), "inflated");
    refused(forge(".e30", "1r31eq"), "inflated");
    refused(forge(bomb(500, 1), "1r31eq"), "inflated");
    size_t len = (size_t)snprintf(data, sizeof data, "%s", bomb(500, 0));
    for (size_t i = 1; i < len; i++) {
        char cut[200];

        snprintf(cut, sizeof cut, "%.*s", (int)i, data);
        refused(forge(cut, "1r31eq"), "");
    }
}
END_TEST

START_TEST(a_payload_that_no_token_can_hold_is_not_signed)
{
    static char noise[SL_INFLATED_MAX + 1];
    struct sl_buf token;
    uint32_t x = 1;

    for (size_t i = 0; i < sizeof noise; i++) {
        x = x * 1664525 + 1013904223;
        noise[i] = (char)(x >> 24);
    }
    sl_buf_init(&token, 2 * SL_INFLATED_MAX);
    ck_assert_int_eq(sl_signing_sign(&signing, noise, 3000, &token, &err), 0);
    sl_buf_free(&token);
    ck_assert_int_eq(sl_signing_sign(&signing, noise, 3100, &token, &err), -1);
    ck_assert_int_eq(err.kind, SL_LIMIT);
    sl_buf_free(&token);
    ck_assert_int_eq(sl_signing_sign(&signing, noise, sizeof noise, &token, &err), -1);
    ck_assert_int_eq(err.kind, SL_LIMIT);
    ck_assert_int_eq(sl_signing_sign(&signing, noise, 0, &token, &err), -1);
    ck_assert_int_eq(err.kind, SL_LIMIT);
    sl_buf_free(&token);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("signing");
    TCase *tc = tcase_create("signing");
    SRunner *sr = srunner_create(suite);

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, what_django_has_signed_is_accepted);
    tcase_add_test(tc, known_tokens_of_other_keys_are_accepted);
    tcase_add_test(tc, what_is_signed_here_is_what_django_signs);
    tcase_add_test(tc, every_payload_comes_back);
    tcase_add_test(tc, the_first_key_signs_and_every_key_verifies);
    tcase_add_test(tc, another_key_or_salt_is_refused);
    tcase_add_test(tc, no_byte_can_be_changed_left_out_or_added);
    tcase_add_test(tc, what_is_no_token_is_refused);
    tcase_add_test(tc, a_token_has_at_most_four_kilobytes);
    tcase_add_test(tc, the_time_stamp_is_a_number_of_seconds);
    tcase_add_test(tc, a_token_is_refused_when_it_is_too_old);
    tcase_add_test(tc, a_clock_that_is_ahead_is_named_as_the_reason);
    tcase_add_test(tc, a_zip_bomb_is_refused);
    tcase_add_test(tc, what_cannot_be_decoded_is_refused);
    tcase_add_test(tc, a_payload_that_no_token_can_hold_is_not_signed);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
