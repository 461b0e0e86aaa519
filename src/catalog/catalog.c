#include "catalog/catalog.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/buf.h"

static const char suffix[] = ".sql";

struct loader {
    const char *directory;
    struct sl_catalog *catalog;
    sl_catalog_error_fn on_error;
    void *ctx;
    bool failed;
};

static void report(struct loader *loader, const struct sl_error *err)
{
    loader->failed = true;
    loader->on_error(loader->ctx, err);
}

static int wanted(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return entry->d_name[0] != '.' && len > strlen(suffix) &&
           strcmp(entry->d_name + len - strlen(suffix), suffix) == 0;
}

/* Byte order, so that the catalogue is the same in every locale. */
static int compare_entries(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Reads a regular file: a FIFO or a device would hang the start. */
static int read_file(const char *path, struct sl_buf *text, struct sl_error *err)
{
    struct stat info;

    if (stat(path, &info) != 0)
        return sl_error_set(err, SL_CONFIG, "%s: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return sl_error_set(err, SL_CONFIG, "%s: not a regular file; move it elsewhere", path);
    return sl_buf_read_file(text, path, SL_CONFIG, err);
}

static int load_file(struct loader *loader, const char *entry, struct sl_error *err)
{
    struct sl_catalog *catalog = loader->catalog;
    size_t len = strlen(entry) - strlen(suffix);
    char name[SL_EXPORT_NAME_MAX + 1];
    char *path = NULL;
    struct sl_buf text;
    int result = -1;

    sl_buf_init(&text, SL_EXPORT_MAX_BYTES);
    if (asprintf(&path, "%s/%s", loader->directory, entry) < 0)
        return sl_error_nomem(err);
    if (!sl_export_name_valid(entry, len)) {
        sl_error_set(err, SL_CONFIG,
                     "%s: this cannot be the name of an export; rename the file to a-z, 0-9, _ and "
                     "-, at most %d characters, then .sql",
                     path, SL_EXPORT_NAME_MAX);
        goto out;
    }
    memcpy(name, entry, len);
    name[len] = '\0';
    if (read_file(path, &text, err) != 0 ||
        sl_export_parse(name, path, text.data, text.len, &catalog->exports[catalog->n], err) != 0)
        goto out;
    catalog->n++;
    result = 0;
out:
    sl_buf_free(&text);
    free(path);
    return result;
}

static int compare_exports(const void *a, const void *b)
{
    const struct sl_export *const *x = a;
    const struct sl_export *const *y = b;

    return strcmp((*x)->name, (*y)->name);
}

static void load_files(struct loader *loader, struct dirent **entries, int n)
{
    struct sl_error err;

    for (int i = 0; i < n; i++) {
        if (i == SL_MAX_EXPORTS) {
            sl_error_set(&err, SL_CONFIG, "%s: more than %d export files; split the directory",
                         loader->directory, SL_MAX_EXPORTS);
            report(loader, &err);
            break;
        }
        if (load_file(loader, entries[i]->d_name, &err) != 0)
            report(loader, &err);
    }
}

int sl_catalog_load(const char *directory, sl_catalog_error_fn on_error, void *ctx,
                    struct sl_catalog **catalog)
{
    struct loader loader = {.directory = directory, .on_error = on_error, .ctx = ctx};
    struct dirent **entries = NULL;
    struct sl_error err;
    int n = 0;

    *catalog = loader.catalog = calloc(1, sizeof(**catalog));
    if (loader.catalog == NULL) {
        sl_error_nomem(&err);
        goto out;
    }
    n = scandir(directory, &entries, wanted, compare_entries);
    if (n < 0) {
        sl_error_set(&err, SL_CONFIG,
                     "%s: %s; make the directory, or set directory under [exports]", directory,
                     strerror(errno));
        goto out;
    }
    /* One more than needed: the array of an empty directory is not NULL. */
    loader.catalog->exports = calloc((size_t)n + 1, sizeof(struct sl_export *));
    if (loader.catalog->exports == NULL) {
        sl_error_nomem(&err);
        goto out;
    }
    load_files(&loader, entries, n);
    /* `a-b.sql` comes before `a.sql`, but `a` before `a-b`. */
    qsort(loader.catalog->exports, loader.catalog->n, sizeof(struct sl_export *), compare_exports);
    err.kind = SL_NONE;
out:
    if (err.kind != SL_NONE)
        report(&loader, &err);
    for (int i = 0; i < n; i++)
        free(entries[i]);
    free(entries);
    return loader.failed ? -1 : 0;
}

void sl_catalog_free(struct sl_catalog *catalog)
{
    if (catalog == NULL)
        return;
    for (size_t i = 0; i < catalog->n; i++)
        sl_export_free(catalog->exports[i]);
    free(catalog->exports);
    free(catalog);
}

static int compare_name(const void *key, const void *entry)
{
    const struct sl_export *const *export = entry;

    return strcmp(key, (*export)->name);
}

const struct sl_export *sl_catalog_find(const struct sl_catalog *catalog, const char *name)
{
    struct sl_export *const *found = NULL;

    if (catalog->n > 0)
        found =
            bsearch(name, catalog->exports, catalog->n, sizeof(struct sl_export *), compare_name);
    return found != NULL ? *found : NULL;
}
