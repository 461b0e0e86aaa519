/*
 * The configuration, typed.  Read once at start; immutable and shared without
 * locks afterwards.  Every key of the manual is in one table in config_table.c: name,
 * type, default, where it lands.  Strings are owned by the struct.
 */
#ifndef SL_CONFIG_H
#define SL_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include "base/error.h"
#include "base/log.h"

#define SL_DEFAULT_CONFIG "/etc/pgsluice/pgsluice.conf"
#define SL_MAX_TOKENS 1000
#define SL_TOKEN_NAME_MAX 64 /* bytes of NAME in [token NAME] */

struct sl_config_token {
    char *name;
    unsigned char sha256[32]; /* of the bearer token */
    char *exports;            /* comma list of patterns; "" for none */
    char *tables;
    char *role;
};

struct sl_config {
    char *file; /* the file read, or NULL when there was none */

    struct {
        char *listen;
        char *admin_listen;
        char *admin_token;
        char *admin_hosts;
        int64_t drain_timeout; /* ms, as all durations here */
    } server;
    struct {
        char *dsn;
        int64_t max_exports;
        int64_t queue_length;
        int64_t queue_timeout;
        int64_t lock_timeout;
        char *timezone;
    } database;
    struct {
        char *directory; /* absolute or relative to the working directory */
        char *tables;
        char *hidden_columns;
        bool regex;
        int64_t max_parallel;
    } exports;
    struct {
        char *grant_key;
        int64_t grant_max_age;
        char *grant_roles;
        char *row_settings;
        bool anonymous;
    } access;
    struct {
        bool given; /* the section is there */
        char *exports;
        char *tables;
        char *role;
    } anonymous;
    struct {
        char *listen;
        char *secret;
        char *dsn;
    } tickets;
    struct {
        int64_t memory; /* bytes, as all sizes here */
        int64_t max_row;
        int64_t max_rows;  /* 0: no limit */
        int64_t max_bytes; /* 0: no limit */
        int64_t max_duration;
        int64_t max_hold;
        int64_t min_rate;
        int64_t stall_timeout;
        char *spool_directory;
        int64_t spool;
        int64_t spool_total;
    } limits;
    struct {
        bool json;
        enum sl_level level;
    } log;
    struct sl_config_token *tokens;
    size_t n_tokens;
};

/*
 * Reads `path`, else $PGSLUICE_CONFIG, else SL_DEFAULT_CONFIG when it exists,
 * else nothing: then the defaults hold and, as nobody configured access,
 * anonymous is on, unless the environment opens [server] listen to other machines
 * without saying so (SL_CONFIG).  Applies PGSLUICE_<SECTION>_<KEY> from the
 * environment over it; an empty <key>_file is as if it were not there.  secrets = false (commands
 * run and list) leaves server secrets alone: their <key>_file files are not opened.  Errors are
 * SL_CONFIG with FILE:LINE (or the variable's name) and what to write instead.  Free with
 * sl_config_free().
 */
int sl_config_load(const char *path, bool secrets, struct sl_config **config,
                   struct sl_error *err) SL_MUSTCHECK;

/* The same from text, for tests and fuzzing: no environment, no defaults file. */
int sl_config_parse(const char *file, const char *text, size_t len, bool secrets,
                    struct sl_config **config, struct sl_error *err) SL_MUSTCHECK;

void sl_config_free(struct sl_config *config);

/* Does a comma list of patterns ("orders, report_*") match name? fnmatch(3) patterns. */
bool sl_pattern_list(const char *list, const char *name);

#endif
