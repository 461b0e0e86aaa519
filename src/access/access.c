#include "access/access.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define TOKEN_MAX 512 /* bytes of a bearer token */

static const char scheme[] = "Bearer";

static int anonymous(const struct sl_config *config, struct sl_caller *caller, struct sl_error *err)
{
    const char *role = config->anonymous.given ? config->anonymous.role : NULL;

    if (!config->access.anonymous)
        return sl_error_set(err, SL_UNAUTHORIZED,
                            "a token is needed: send Authorization: Bearer TOKEN");
    *caller = (struct sl_caller){.role = role != NULL ? role : ""};
    snprintf(caller->key, sizeof(caller->key), "anonymous");
    return 0;
}

/* The token in the header's value (RFC 6750 section 2.1), or NULL when it is malformed. */
static const char *find_token(const char *authorization, size_t *len)
{
    const char *token = authorization + strlen(scheme);
    size_t n = 0;

    if (strncasecmp(authorization, scheme, strlen(scheme)) != 0 || *token != ' ')
        return NULL;
    token += strspn(token, " ");
    while (token[n] > ' ' && token[n] < 0x7f)
        n++;
    if (n == 0 || n > TOKEN_MAX || token[n + strspn(token + n, " \t")] != '\0')
        return NULL;
    *len = n;
    return token;
}

int sl_access_identify(const struct sl_config *config, const char *authorization,
                       struct sl_caller *caller, struct sl_error *err)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    const struct sl_config_token *found = NULL;
    const char *token;
    size_t len;

    *caller = (struct sl_caller){.role = ""};
    if (authorization == NULL)
        return anonymous(config, caller, err);
    token = find_token(authorization, &len);
    if (token == NULL)
        return sl_error_set(err, SL_UNAUTHORIZED,
                            "the Authorization header is malformed: send Bearer TOKEN");
    if (EVP_Digest(token, len, hash, NULL, EVP_sha256(), NULL) != 1)
        return sl_error_set(err, SL_INTERNAL, "SHA-256 is not available");
    /* Every token is compared, so that the time does not tell which one was near. */
    for (size_t i = 0; i < config->n_tokens; i++)
        if (CRYPTO_memcmp(hash, config->tokens[i].sha256, sizeof(config->tokens[i].sha256)) == 0)
            found = &config->tokens[i];
    if (found == NULL)
        return sl_error_set(err, SL_UNAUTHORIZED, "this token is not known");
    caller->token = found;
    caller->role = found->role != NULL ? found->role : "";
    /* A cut key could be another caller's, who would then read his receipts. */
    if ((size_t)snprintf(caller->key, sizeof(caller->key), "token:%s", found->name) >=
        sizeof(caller->key))
        return sl_error_set(err, SL_INTERNAL, "the name of the token is too long");
    return 0;
}

bool sl_access_export(const struct sl_config *config, const struct sl_caller *caller,
                      const char *name)
{
    const char *patterns;

    if (caller->token == NULL && !config->access.anonymous)
        return false;
    if (caller->token == NULL && !config->anonymous.given)
        return true;
    patterns = caller->token != NULL ? caller->token->exports : config->anonymous.exports;
    return patterns != NULL && sl_pattern_list(patterns, name);
}
