/*
 * Signed grants: what a URL `/grants/{token}` allows, and to whom.  The payload is
 * JSON; see signing.h for what is around it.  Reads the configuration only.
 */
#ifndef SL_GRANT_H
#define SL_GRANT_H

#include <jansson.h>
#include <stdbool.h>

#include "base/config.h"
#include "catalog/query.h"
#include "pg/settings.h"

#define SL_GRANT_SALT "pgsluice.grant"

struct sl_grant {
    json_t *root;       /* owns the texts below */
    const char *export; /* "" : a table */
    const char *table;  /* schema.table; "" : an export */
    const struct sl_format *format;
    const char *role; /* "" : none */
    struct sl_setting settings[SL_MAX_ROW_SETTINGS];
    size_t n_settings;
    struct sl_args
        args; /* parameters or filters, and options, the file's name and the run's id among them */
    struct sl_arg arg[SL_MAX_ARGS];
    int64_t exp; /* Unix seconds; from then on it is no longer good */
    bool once;
};

/*
 * Verifies a token at `now` (Unix seconds) and reads it.  SL_FORBIDDEN: altered,
 * expired, of another key or salt, too long, or it asks for a role or setting that
 * the configuration does not allow; SL_BAD_REQUEST: signed, but malformed.
 * The struct must not move afterwards.  Free with sl_grant_fini(), also after an error.
 */
int sl_grant_open(const struct sl_config *config, const char *token, int64_t now,
                  struct sl_grant *grant, struct sl_error *err) SL_MUSTCHECK;

/* The same from the payload of a grant signed at `signed_at`. */
int sl_grant_read(const struct sl_config *config, const char *payload, size_t len,
                  int64_t signed_at, int64_t now, struct sl_grant *grant,
                  struct sl_error *err) SL_MUSTCHECK;

/* Adds an argument of the URL: only _run may be. The texts are borrowed. */
int sl_grant_add(struct sl_grant *grant, const struct sl_arg *arg,
                 struct sl_error *err) SL_MUSTCHECK;

void sl_grant_fini(struct sl_grant *grant);

#endif
