/*
 * As whom may a grant or a ticket run?  Its role and its settings against
 * [access] grant_roles and row_settings.  Reads the configuration only; no
 * state, no locks.
 */
#ifndef SL_IDENTITY_H
#define SL_IDENTITY_H

#include "base/config.h"
#include "pg/settings.h"

/* Longest name of a role or setting, as PostgreSQL has them, and longest value, in bytes. */
#define SL_IDENTITY_NAME_MAX 63
#define SL_IDENTITY_VALUE_MAX 1000

/*
 * role: "" or NULL is none.  SL_FORBIDDEN with the reason when a pattern does
 * not allow it, or when it is nothing that PostgreSQL could take: too long, a
 * setting without a dot, a name that is no name, too many.
 */
int sl_identity_check(const struct sl_config *config, const char *role,
                      const struct sl_setting *settings, size_t n_settings,
                      struct sl_error *err) SL_MUSTCHECK;

#endif
