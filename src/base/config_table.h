/* Inside of config.c: the one table of keys, and what to say of a name that is not in it. */
#ifndef SL_CONFIG_TABLE_H
#define SL_CONFIG_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/config.h"

#define SL_CONFIG_MAX_KEYS 64

enum sl_config_type {
    SL_TYPE_TEXT,   /* one line; char *, as the types up to SL_TYPE_KEYS */
    SL_TYPE_LIST,   /* items by comma or line; kept as "a,b" */
    SL_TYPE_LISTEN, /* a list of addresses */
    SL_TYPE_PATH,   /* relative ones are made relative to the configuration file */
    SL_TYPE_SECRET, /* one line of SL_SECRET_MIN bytes or more */
    SL_TYPE_KEYS,   /* lines of SL_SECRET_MIN bytes or more */
    SL_TYPE_SHA256, /* 64 hex digits into unsigned char[32] */
    SL_TYPE_INT,    /* int64_t, as the types up to SL_TYPE_DURATION */
    SL_TYPE_SIZE,
    SL_TYPE_RATE,
    SL_TYPE_DURATION,
    SL_TYPE_BOOL,
    SL_TYPE_FORMAT, /* bool: JSON */
    SL_TYPE_LEVEL   /* enum sl_level */
};

#define SL_SECRET_MIN 32

enum {
    SL_KEY_NEEDED = 1,   /* a text that must not be empty */
    SL_KEY_NO_LIMIT = 2, /* a number that may be left empty, which is 0 */
    SL_KEY_FILE = 4,     /* <key>_file names a file that holds the value */
    SL_KEY_SECRET = 8    /* of the server: not for the commands run and list, never quoted */
};

struct sl_config_key {
    const char *section; /* NULL ends the table */
    const char *key;
    enum sl_config_type type;
    const char *initial; /* what holds when the key is left out */
    size_t offset;       /* in struct sl_config; of [token], in struct sl_config_token */
    unsigned flags;
    const char *min; /* of numbers, as it is written in the file */
    const char *max;
};

extern const struct sl_config_key sl_config_keys[];

/* true for char * values, which sl_config_free() frees. */
bool sl_config_is_text(const struct sl_config_key *key);

/* Index in the table, or -1. *is_file is set for <key>_file. */
int sl_config_find(const char *section, const char *key, bool *is_file);

/* The same for PGSLUICE_<SECTION>_<KEY>; [token] has no variables. */
int sl_config_find_variable(const char *name, bool *is_file);

bool sl_config_is_section(const char *section);

/* Errors for names that are not known, with the nearest that is. All return -1. */
int sl_config_unknown_section(const char *where, const char *section, struct sl_error *err);
int sl_config_unknown_key(const char *where, const char *section, const char *key,
                          struct sl_error *err);
int sl_config_unknown_variable(const char *name, struct sl_error *err);

#endif
