#include "base/config_table.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "base/units.h"

/* A number is a key with a range; both stand in struct sl_config under their own names. */
/* NOLINTBEGIN(bugprone-macro-parentheses): offsetof() takes bare names */
#define NUMBER(section_, key_, type_, flags_, initial_, min_, max_)                                \
    {                                                                                              \
        .section = #section_, .key = #key_, .type = SL_TYPE_##type_, .flags = (flags_),            \
        .initial = (initial_), .offset = offsetof(struct sl_config, section_.key_), .min = (min_), \
        .max = (max_)                                                                              \
    }
#define KEY(section_, key_, type_, flags_, initial_)                                               \
    NUMBER(section_, key_, type_, flags_, initial_, NULL, NULL)
#define TOKEN(key_, type_, initial_)                                                               \
    {                                                                                              \
        .section = "token", .key = #key_, .type = SL_TYPE_##type_, .initial = (initial_),          \
        .offset = offsetof(struct sl_config_token, key_)                                           \
    }
#define LOG(key_, type_, initial_, member_)                                                        \
    {                                                                                              \
        .section = "log", .key = #key_, .type = SL_TYPE_##type_, .initial = (initial_),            \
        .offset = offsetof(struct sl_config, log.member_)                                          \
    }
/* NOLINTEND(bugprone-macro-parentheses) */

#define NEEDED SL_KEY_NEEDED
#define FILE_TOO SL_KEY_FILE
#define OF_SERVER (SL_KEY_SECRET | SL_KEY_FILE)
#define NO_LIMIT SL_KEY_NO_LIMIT

/* Durations that become a PostgreSQL timeout end where its 32 bits of milliseconds do. */
#define LONGEST "24d"

const struct sl_config_key sl_config_keys[] = {
    KEY(server, listen, LISTEN, NEEDED, "127.0.0.1:8080"),
    KEY(server, admin_listen, LISTEN, 0, "127.0.0.1:8081"),
    KEY(server, admin_token, TEXT, OF_SERVER, ""),
    KEY(server, admin_hosts, LIST, 0, ""),
    NUMBER(server, drain_timeout, DURATION, 0, "60s", "0s", "1d"),

    KEY(database, dsn, TEXT, FILE_TOO, ""),
    NUMBER(database, max_exports, INT, 0, "8", "1", "1000"),
    NUMBER(database, queue_length, INT, 0, "64", "0", "10000"),
    NUMBER(database, queue_timeout, DURATION, 0, "30s", "0s", "1d"),
    NUMBER(database, lock_timeout, DURATION, 0, "5s", "1ms", "1d"),
    KEY(database, timezone, TEXT, NEEDED, "UTC"),

    KEY(exports, directory, PATH, NEEDED, "exports.d"),
    KEY(exports, tables, LIST, 0, ""),
    KEY(exports, hidden_columns, LIST, 0, "*.password, *.*_token, *.*_secret"),
    KEY(exports, regex, BOOL, 0, "off"),
    NUMBER(exports, max_parallel, INT, 0, "1", "1", "1000"),

    KEY(access, grant_key, KEYS, OF_SERVER, ""),
    NUMBER(access, grant_max_age, DURATION, 0, "24h", "1s", "365d"),
    KEY(access, grant_roles, LIST, 0, ""),
    KEY(access, row_settings, LIST, 0, "pgsluice.*"),
    KEY(access, anonymous, BOOL, 0, "off"),

    KEY(anonymous, exports, LIST, 0, ""),
    KEY(anonymous, tables, LIST, 0, ""),
    KEY(anonymous, role, TEXT, 0, ""),

    TOKEN(sha256, SHA256, NULL),
    TOKEN(exports, LIST, ""),
    TOKEN(tables, LIST, ""),
    TOKEN(role, TEXT, ""),

    KEY(tickets, listen, LISTEN, 0, ""),
    KEY(tickets, secret, SECRET, OF_SERVER, ""),
    KEY(tickets, dsn, TEXT, OF_SERVER, ""),

    NUMBER(limits, memory, SIZE, 0, "2MB", "512kB", "1GB"),
    NUMBER(limits, max_row, SIZE, 0, "16MB", "1kB", "1GB"),
    NUMBER(limits, max_rows, INT, NO_LIMIT, "", "1", "1000000000000000"),
    NUMBER(limits, max_bytes, SIZE, NO_LIMIT, "", "1B", "1000000TB"),
    NUMBER(limits, max_duration, DURATION, 0, "6h", "1ms", LONGEST),
    NUMBER(limits, max_hold, DURATION, 0, "30min", "1ms", LONGEST),
    NUMBER(limits, min_rate, RATE, 0, "16kB/s", "1B/s", "1GB/s"),
    NUMBER(limits, stall_timeout, DURATION, 0, "60s", "1ms", "1d"),
    KEY(limits, spool_directory, PATH, 0, ""),
    NUMBER(limits, spool, SIZE, 0, "1GB", "1MB", "1000TB"),
    NUMBER(limits, spool_total, SIZE, 0, "10GB", "1MB", "1000TB"),

    LOG(format, FORMAT, "logfmt", json),
    LOG(level, LEVEL, "info", level),
    {.section = NULL},
};

_Static_assert(sizeof(sl_config_keys) / sizeof(sl_config_keys[0]) <= SL_CONFIG_MAX_KEYS,
               "SL_CONFIG_MAX_KEYS is too small");

#define PREFIX "PGSLUICE_"
#define NAME_SIZE 64 /* of a variable, section and key included */

/* The names that could stand somewhere; made only to find one or to explain an error. */
struct names {
    char text[2 * SL_CONFIG_MAX_KEYS][NAME_SIZE];
    const char *list[2 * SL_CONFIG_MAX_KEYS + 1]; /* ends with NULL */
    size_t n;
};

bool sl_config_is_text(const struct sl_config_key *key)
{
    return key->type <= SL_TYPE_KEYS;
}

static bool is_file_key(const struct sl_config_key *key)
{
    return (key->flags & SL_KEY_FILE) != 0;
}

int sl_config_find(const char *section, const char *key, bool *is_file)
{
    for (int i = 0; sl_config_keys[i].section != NULL; i++) {
        const struct sl_config_key *row = &sl_config_keys[i];
        size_t len = strlen(row->key);
        if (strcmp(row->section, section) != 0 || strncmp(row->key, key, len) != 0)
            continue;
        *is_file = is_file_key(row) && strcmp(key + len, "_file") == 0;
        if (*is_file || key[len] == '\0')
            return i;
    }
    return -1;
}

static void variable_name(const struct sl_config_key *key, const char *suffix, char name[NAME_SIZE])
{
    snprintf(name, NAME_SIZE, PREFIX "%s_%s%s", key->section, key->key, suffix);
    for (char *c = name; *c != '\0'; c++)
        *c = (char)toupper((unsigned char)*c);
}

int sl_config_find_variable(const char *name, bool *is_file)
{
    char candidate[NAME_SIZE];

    for (int i = 0; sl_config_keys[i].section != NULL; i++) {
        const struct sl_config_key *row = &sl_config_keys[i];
        if (strcmp(row->section, "token") == 0)
            continue;
        variable_name(row, "", candidate);
        *is_file = false;
        if (strcmp(name, candidate) == 0)
            return i;
        variable_name(row, "_file", candidate);
        *is_file = true;
        if (is_file_key(row) && strcmp(name, candidate) == 0)
            return i;
    }
    return -1;
}

bool sl_config_is_section(const char *section)
{
    for (const struct sl_config_key *row = sl_config_keys; row->section != NULL; row++) {
        if (strcmp(row->section, section) == 0)
            return true;
    }
    return false;
}

static char *next_name(struct names *names)
{
    names->list[names->n] = names->text[names->n];
    return names->text[names->n++];
}

static void add_sections(struct names *names)
{
    const char *last = "";

    for (const struct sl_config_key *row = sl_config_keys; row->section != NULL; row++) {
        if (strcmp(row->section, last) != 0)
            snprintf(next_name(names), NAME_SIZE, "%s", row->section);
        last = row->section;
    }
}

static void add_keys(struct names *names, const char *section)
{
    for (const struct sl_config_key *row = sl_config_keys; row->section != NULL; row++) {
        if (strcmp(row->section, section) != 0)
            continue;
        snprintf(next_name(names), NAME_SIZE, "%s", row->key);
        if (is_file_key(row))
            snprintf(next_name(names), NAME_SIZE, "%s_file", row->key);
    }
}

static void add_variables(struct names *names)
{
    snprintf(next_name(names), NAME_SIZE, PREFIX "CONFIG");
    for (const struct sl_config_key *row = sl_config_keys; row->section != NULL; row++) {
        if (strcmp(row->section, "token") == 0)
            continue;
        variable_name(row, "", next_name(names));
        if (is_file_key(row))
            variable_name(row, "_file", next_name(names));
    }
}

/* "a, b, c"; what does not fit is left out. */
static void join(const struct names *names, char *text, size_t size)
{
    size_t len = 0;

    text[0] = '\0';
    for (size_t i = 0; i < names->n; i++) {
        size_t need = strlen(names->list[i]) + 2;
        if (len + need >= size)
            return;
        len += (size_t)snprintf(text + len, size - len, "%s%s", i > 0 ? ", " : "", names->list[i]);
    }
}

int sl_config_unknown_section(const char *where, const char *section, struct sl_error *err)
{
    struct names names = {.n = 0};
    char all[256];
    const char *near;

    add_sections(&names);
    near = sl_suggest(section, names.list);
    if (near != NULL)
        return sl_error_set(err, SL_CONFIG, "%s: unknown section [%s]; did you mean [%s]?", where,
                            section, near);
    join(&names, all, sizeof(all));
    return sl_error_set(err, SL_CONFIG, "%s: unknown section [%s]; write one of %s", where, section,
                        all);
}

int sl_config_unknown_key(const char *where, const char *section, const char *key,
                          struct sl_error *err)
{
    struct names names = {.n = 0};
    char all[256];
    const char *near;

    for (const struct sl_config_key *row = sl_config_keys; row->section != NULL; row++) {
        if (strcmp(row->key, key) == 0)
            return sl_error_set(err, SL_CONFIG, "%s: unknown key %s in [%s]; write it below [%s]",
                                where, key, section, row->section);
    }
    add_keys(&names, section);
    near = sl_suggest(key, names.list);
    if (near != NULL)
        return sl_error_set(err, SL_CONFIG, "%s: unknown key %s in [%s]; did you mean %s?", where,
                            key, section, near);
    join(&names, all, sizeof(all));
    return sl_error_set(err, SL_CONFIG, "%s: unknown key %s in [%s]; write one of %s", where, key,
                        section, all);
}

int sl_config_unknown_variable(const char *name, struct sl_error *err)
{
    struct names names = {.n = 0};
    const char *near;

    add_variables(&names);
    near = sl_suggest(name, names.list);
    if (near != NULL)
        return sl_error_set(err, SL_CONFIG, "%s: unknown environment variable; did you mean %s?",
                            name, near);
    return sl_error_set(err, SL_CONFIG,
                        "%s: unknown environment variable; write " PREFIX
                        "<SECTION>_<KEY> of a key in the manual, or unset it",
                        name);
}
