/*
 * Who asks, and what may they run.  Reads the configuration only; no state, no
 * locks.  Token comparison is in constant time (CRYPTO_memcmp over SHA-256).
 */
#ifndef SL_ACCESS_H
#define SL_ACCESS_H

#include <stdbool.h>
#include "base/config.h"
#include "catalog/rights.h"

/* A caller borrows from the configuration, which outlives every request. */
struct sl_caller {
    const struct sl_config_token *token; /* NULL: anonymous */
    char key[72];                        /* "token:NAME" or "anonymous": the owner of receipts */
    const char *role;                    /* "" : none */
};

/*
 * The token in the value of an Authorization header (RFC 6750 section 2.1), without the
 * blanks around it: *len bytes, at least one, borrowed from the value.  NULL when the
 * value is of another scheme or holds no token, or there is none (NULL).
 */
const char *sl_access_bearer(const char *authorization, size_t *len) SL_MUSTCHECK;

/*
 * Finds the caller from the value of the Authorization header (NULL when there
 * is none).  SL_UNAUTHORIZED when a token is needed, malformed or unknown.
 */
int sl_access_identify(const struct sl_config *config, const char *authorization,
                       struct sl_caller *caller, struct sl_error *err) SL_MUSTCHECK;

/* May the caller run this export (and hence know that it exists)? */
bool sl_access_export(const struct sl_config *config, const struct sl_caller *caller,
                      const char *name);

/* What the caller may see of tables; borrows from the configuration. */
void sl_access_tables(const struct sl_config *config, const struct sl_caller *caller,
                      struct sl_table_rights *rights);

/* The same for a grant: whoever signed it may name every table that is open at all. */
void sl_access_all_tables(const struct sl_config *config, struct sl_table_rights *rights);

#endif
