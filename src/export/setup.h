/*
 * What the files say at one time: the configuration and the exports, together.
 * Immutable and reference-counted.  A request holds the setup that it began with,
 * a run likewise to its end, so that a reload takes nothing away from anyone.
 */
#ifndef SL_SETUP_H
#define SL_SETUP_H

#include "base/config.h"
#include "catalog/catalog.h"

struct sl_setup {
    struct sl_config *config;
    struct sl_catalog *catalog;
    char tickets_login[64]; /* who [tickets] dsn logs in as; "": not known, or no tickets */
};

/* As sl_config_load(), and SL_CONFIG too when libpq does not understand a dsn: no dsn is quoted. */
int sl_setup_config(const char *path, bool secrets, struct sl_config **config,
                    struct sl_error *err) SL_MUSTCHECK;

/*
 * Reads the configuration (as sl_setup_config() does) and the
 * exports that it names.  Each error is reported through on_error; with -1 there
 * is no setup.
 */
int sl_setup_load(const char *path, bool secrets, sl_catalog_error_fn on_error, void *ctx,
                  struct sl_setup **setup) SL_MUSTCHECK;

/* Takes both over, in every case. NULL: no memory. */
struct sl_setup *sl_setup_new(struct sl_config *config, struct sl_catalog *catalog);

/* A further reference; each one is given back once. The last frees all. Any thread. */
struct sl_setup *sl_setup_ref(struct sl_setup *setup);
void sl_setup_release(struct sl_setup *setup); /* NULL is nothing */

#endif
