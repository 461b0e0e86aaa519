/*
 * As whom may a grant or a ticket run?  Its role and its settings, read and held
 * against [access] grant_roles and row_settings.  Reads the configuration only; no
 * state, no locks.
 */
#ifndef SL_IDENTITY_H
#define SL_IDENTITY_H

#include <jansson.h>

#include "base/config.h"
#include "pg/settings.h"

/* Longest name of a role or setting, as PostgreSQL has them, and longest value, in bytes. */
#define SL_IDENTITY_NAME_MAX 63
#define SL_IDENTITY_VALUE_MAX 1000

/*
 * Reads `object`, the member settings of what `what` tells ("the ticket"): strings
 * only, as one that is not set would leave a policy with whatever the login has.
 * NULL has none.  Names and values are borrowed.  SL_BAD_REQUEST when it is no such
 * object or has more than SL_MAX_ROW_SETTINGS.  They are not checked yet.
 */
int sl_identity_settings(json_t *object, const char *what,
                         struct sl_setting settings[SL_MAX_ROW_SETTINGS], size_t *n_settings,
                         struct sl_error *err) SL_MUSTCHECK;

/*
 * role: "" or NULL is none.  SL_FORBIDDEN with the reason when a pattern does
 * not allow it, or when it is nothing that PostgreSQL could take: too long, a
 * setting without a dot, a name that is no name, too many.
 */
int sl_identity_check(const struct sl_config *config, const char *role,
                      const struct sl_setting *settings, size_t n_settings,
                      struct sl_error *err) SL_MUSTCHECK;

#endif
