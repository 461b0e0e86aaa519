#include "export/setup.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "pg/session.h"

struct counted {
    struct sl_setup setup;
    atomic_int refs;
};

struct sl_setup *sl_setup_new(struct sl_config *config, struct sl_catalog *catalog)
{
    struct counted *counted = calloc(1, sizeof *counted);

    if (counted == NULL) {
        sl_catalog_free(catalog);
        sl_config_free(config);
        return NULL;
    }
    atomic_init(&counted->refs, 1);
    counted->setup.config = config;
    counted->setup.catalog = catalog;
    if (config->tickets.dsn != NULL && config->tickets.listen[0] != '\0')
        sl_pg_login(config->tickets.dsn, counted->setup.tickets_login);
    return &counted->setup;
}

static int check_dsn(const struct sl_config *config, const char *section, const char *dsn,
                     struct sl_error *err)
{
    struct sl_error why;

    if (dsn == NULL || sl_pg_dsn_check(dsn, &why) == 0)
        return 0;
    return sl_error_set(err, SL_CONFIG, "%s: [%s] %s",
                        config->file == NULL ? "environment" : config->file, section, why.message);
}

int sl_setup_config(const char *path, bool secrets, struct sl_config **config, struct sl_error *err)
{
    if (sl_config_load(path, secrets, config, err) < 0)
        return -1;
    if (check_dsn(*config, "database", (*config)->database.dsn, err) == 0 &&
        check_dsn(*config, "tickets", (*config)->tickets.dsn, err) == 0)
        return 0;
    sl_config_free(*config);
    *config = NULL;
    return -1;
}

int sl_setup_load(const char *path, bool secrets, sl_catalog_error_fn on_error, void *ctx,
                  struct sl_setup **setup)
{
    struct sl_config *config;
    struct sl_catalog *catalog = NULL;
    struct sl_error err;

    if (sl_setup_config(path, secrets, &config, &err) < 0) {
        on_error(ctx, &err);
        return -1;
    }
    if (sl_catalog_load(config->exports.directory, on_error, ctx, &catalog) < 0) {
        sl_catalog_free(catalog);
        sl_config_free(config);
        return -1;
    }
    *setup = sl_setup_new(config, catalog);
    if (*setup != NULL)
        return 0;
    sl_error_nomem(&err);
    on_error(ctx, &err);
    return -1;
}

struct sl_setup *sl_setup_ref(struct sl_setup *setup)
{
    atomic_fetch_add(&((struct counted *)setup)->refs, 1);
    return setup;
}

void sl_setup_release(struct sl_setup *setup)
{
    struct counted *counted = (struct counted *)setup;

    if (setup == NULL || atomic_fetch_sub(&counted->refs, 1) != 1)
        return;
    sl_catalog_free(setup->catalog);
    sl_config_free(setup->config);
    free(counted);
}
