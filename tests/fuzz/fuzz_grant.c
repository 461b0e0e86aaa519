/*
 * Grants.  The first byte says what the others are: `t` a token as it comes from a
 * URL, `d` its data, which is then signed so that it is decoded and inflated, and
 * anything else a payload: JSON from someone who has the key.
 */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "access/grant.h"
#include "access/signing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define KEY "a key of more than thirty-two bytes"
#define NOW 1700000000

static const struct sl_signing signing = {.keys = KEY, .salt = SL_GRANT_SALT, .now = NOW};

static void require(bool holds)
{
    if (!holds)
        abort();
}

static const struct sl_config *configuration(void)
{
    static const char text[] = "[access]\ngrant_key = " KEY "\ngrant_roles = r*\n";
    static struct sl_config *config;
    struct sl_error err;

    if (config == NULL)
        require(sl_config_parse("fuzz.conf", text, strlen(text), true, &config, &err) == 0);
    return config;
}

static void check_error(const struct sl_error *err)
{
    require(err->kind == SL_FORBIDDEN || err->kind == SL_BAD_REQUEST);
    require(err->message[0] != '\0');
}

/* What the server relies on without looking again. */
static void check_grant(const struct sl_grant *grant)
{
    require((grant->export[0] == '\0') != (grant->table[0] == '\0'));
    require(grant->exp > NOW && grant->args.n <= SL_MAX_ARGS);
    require(grant->n_settings <= SL_MAX_ROW_SETTINGS);
    require(grant->role[0] == '\0' || grant->role[0] == 'r');
    for (size_t i = 0; i < grant->n_settings; i++)
        require(strncmp(grant->settings[i].name, "pgsluice.", 9) == 0 &&
                grant->settings[i].value != NULL);
    for (size_t i = 0; i < grant->args.n; i++)
        require(grant->args.v[i].name != NULL && grant->args.v[i].value != NULL);
}

static void open_token(const char *token)
{
    struct sl_grant grant;
    struct sl_error err;

    if (sl_grant_open(configuration(), token, NOW, &grant, &err) == 0)
        check_grant(&grant);
    else
        check_error(&err);
    sl_grant_fini(&grant);
}

/* The token that has this data, whatever it is. */
static void open_data(const char *data)
{
    unsigned char key[32];
    unsigned char digest[32];
    unsigned char text[48];
    char token[2 * SL_SIGNED_MAX];
    int len = snprintf(token, sizeof(token) - sizeof(text), "%s:1r31eq", data);

    if (len < 0 || (size_t)len >= sizeof(token) - sizeof(text))
        return;
    EVP_Digest(SL_GRANT_SALT "signer" KEY, strlen(SL_GRANT_SALT "signer" KEY), key, NULL,
               EVP_sha256(), NULL);
    HMAC(EVP_sha256(), key, sizeof(key), (unsigned char *)token, (size_t)len, digest, NULL);
    EVP_EncodeBlock(text, digest, sizeof(digest));
    snprintf(token + len, sizeof(token) - (size_t)len, ":%.43s", (char *)text);
    for (char *c = token + len; *c != '\0'; c++)
        *c = (char)(*c == '+' ? '-' : *c == '/' ? '_' : *c);
    open_token(token);
}

static void read_payload(const char *payload, size_t len)
{
    struct sl_grant grant;
    struct sl_error err;

    if (sl_grant_read(configuration(), payload, len, NOW, NOW, &grant, &err) == 0)
        check_grant(&grant);
    else
        check_error(&err);
    sl_grant_fini(&grant);
}

/* What is signed verifies, and is what it was. */
static void sign(const char *payload, size_t len)
{
    struct sl_buf token;
    struct sl_buf back;
    struct sl_error err;
    int64_t signed_at;

    sl_buf_init(&token, SL_SIGNED_MAX);
    sl_buf_init(&back, SL_INFLATED_MAX);
    if (sl_signing_sign(&signing, payload, len, &token, &err) == 0) {
        require(sl_signing_verify(&signing, token.data, 0, &back, &signed_at, &err) == 0);
        require(back.len == len && memcmp(back.data, payload, len) == 0 && signed_at == NOW);
    } else {
        require(err.kind == SL_LIMIT);
    }
    sl_buf_free(&token);
    sl_buf_free(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    char *text = malloc(size);
    require(text != NULL);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    if (data[0] == 't') {
        open_token(text);
    } else if (data[0] == 'd') {
        open_data(text);
    } else {
        read_payload(text, size - 1);
        sign(text, size - 1);
    }
    free(text);
    return 0;
}
