/*
 * Who asks, and what may they run.  Reads the configuration only; no state, no
 * locks.  Token comparison is in constant time (CRYPTO_memcmp over SHA-256).
 */
#ifndef SL_ACCESS_H
#define SL_ACCESS_H

#include <stdbool.h>
#include "base/config.h"

/* A caller borrows from the configuration, which outlives every request. */
struct sl_caller {
    const struct sl_config_token *token; /* NULL: anonymous */
    char key[72];                        /* "token:NAME" or "anonymous": the owner of receipts */
    const char *role;                    /* "" : none */
};

/*
 * Finds the caller from the value of the Authorization header (NULL when there
 * is none).  SL_UNAUTHORIZED when a token is needed, malformed or unknown.
 */
int sl_access_identify(const struct sl_config *config, const char *authorization,
                       struct sl_caller *caller, struct sl_error *err) SL_MUSTCHECK;

/* May the caller run this export (and hence know that it exists)? */
bool sl_access_export(const struct sl_config *config, const struct sl_caller *caller,
                      const char *name);

#endif
