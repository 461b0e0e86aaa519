#include "access/access.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define TOKEN_MAX 512 /* bytes of a bearer token */

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

const char *sl_access_bearer(const char *authorization, size_t *len)
{
    static const char scheme[] = "Bearer ";
    size_t n;

    if (authorization == NULL || strncasecmp(authorization, scheme, strlen(scheme)) != 0)
        return NULL;
    authorization += strlen(scheme);
    authorization += strspn(authorization, " ");
    n = strlen(authorization);
    while (n > 0 && (authorization[n - 1] == ' ' || authorization[n - 1] == '\t'))
        n--;
    *len = n;
    return n > 0 ? authorization : NULL;
}

/* Can it be the token of a [token] section: visible ASCII, not too long? */
static bool is_plain(const char *token, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (token[i] <= ' ' || token[i] >= 0x7f)
            return false;
    return len <= TOKEN_MAX;
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
    token = sl_access_bearer(authorization, &len);
    if (token == NULL || !is_plain(token, len))
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

void sl_access_all_tables(const struct sl_config *config, struct sl_table_rights *rights)
{
    *rights = (struct sl_table_rights){
        .open = config->exports.tables,
        .hidden = config->exports.hidden_columns,
        .regex = config->exports.regex,
    };
}

void sl_access_tables(const struct sl_config *config, const struct sl_caller *caller,
                      struct sl_table_rights *rights)
{
    const char *own = "";

    sl_access_all_tables(config, rights);
    if (caller->token == NULL && config->access.anonymous && !config->anonymous.given)
        return;
    if (caller->token != NULL)
        own = caller->token->tables;
    else if (config->access.anonymous)
        own = config->anonymous.tables;
    /* None at all would be every table. */
    rights->own = own != NULL ? own : "";
}
