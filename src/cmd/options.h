/* What commands share: their options and errors, in one place so that all read the same. */
#ifndef SL_OPTIONS_H
#define SL_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "catalog/query.h"
#include "pg/settings.h"

/* Ends the usage text of a command; its own options stand before it, in the same columns. */
#define SL_USAGE_COMMON                                                                            \
    "  -c, --config FILE      the configuration; else $PGSLUICE_CONFIG, else "                     \
    "/etc/pgsluice/pgsluice.conf\n"                                                                \
    "  -h, --help             this text\n"

struct sl_options {
    const char *config; /* -c, NULL: not given */
    const char *output; /* -o, NULL: not given */
    bool json;          /* --json */
    /* Of `run`; NULL: not given. */
    const char *receipt;
    const char *retry;
    bool if_rows;
    bool lock;
    bool sha256;
    bool quiet;
    bool verbose;
    /* Of `grant`; NULL: not given. */
    const char *expires;
    const char *role;
    const char *filename;
    const char *format;
    bool once;
    struct sl_setting settings[SL_MAX_ROW_SETTINGS]; /* name=value, taken apart */
    size_t n_settings;
};

/*
 * Reads argv of a command (argv[0] is its name).  `letters` are the options that
 * it knows, of "coj", those of `grant`, "erFfns", and those of `run`, "ilpqtvx"; -h, --help prints
 * `usage`.  Leaves optind at the first argument; `arguments` says whether the command takes any.
 * Returns -1 to go on, or the exit code.
 */
int sl_options_read(int argc, char **argv, const char *letters, bool arguments, const char *usage,
                    struct sl_options *options);

/* name=value ... as arguments, split in place; free args->v, also after an error. */
int sl_options_args(int argc, char **argv, struct sl_args *args, struct sl_error *err) SL_MUSTCHECK;

/* What a file says must not steer the terminal: what does not show is printed as `?`. */
void sl_print_text(FILE *out, const char *text);

/*
 * An error in a file of ours (SL_CONFIG): "FILE:LINE: what" as compilers print it, so
 * that editors find the line.  Fits sl_catalog_load(); ctx is not used.
 */
void sl_print_config_error(void *ctx, const struct sl_error *err);

/* Prints the error that ends a command and returns the exit code. */
int sl_fail(const struct sl_error *err);

#endif
