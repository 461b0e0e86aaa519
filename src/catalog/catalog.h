/* All export files of a directory, sorted by name.  Immutable after loading. */
#ifndef SL_CATALOG_H
#define SL_CATALOG_H

#include "catalog/export_file.h"

#define SL_MAX_EXPORTS 10000 /* files in the directory */

struct sl_catalog {
    struct sl_export **exports;
    size_t n;
};

/* Called for each file that cannot be used; loading goes on. */
typedef void (*sl_catalog_error_fn)(void *ctx, const struct sl_error *err);

/*
 * Loads every *.sql file of a directory (hidden files are passed over).  A bad
 * file is reported through on_error; the return value is -1 when any was bad or
 * the directory cannot be read (also reported), 0 otherwise.  *catalog holds the
 * good ones in either case, never NULL unless memory ran out.
 */
int sl_catalog_load(const char *directory, sl_catalog_error_fn on_error, void *ctx,
                    struct sl_catalog **catalog) SL_MUSTCHECK;

void sl_catalog_free(struct sl_catalog *catalog);

/* NULL when there is none of that name. */
const struct sl_export *sl_catalog_find(const struct sl_catalog *catalog, const char *name);

#endif
