#include "base/config.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/address.h"
#include "base/buf.h"
#include "base/config_table.h"
#include "base/config_value.h"
#include "base/ini.h"
#include "base/units.h"

#define VARIABLE_PREFIX "PGSLUICE_"
#define VARIABLE_CONFIG "PGSLUICE_CONFIG"
#define WHERE_SIZE 256 /* FILE:LINE or the name of a variable; longer ones are cut */

/* Longer patterns match nothing. Two PostgreSQL names and a dot are 127 bytes. */
#define PATTERN_MAX 255

/* Where a key was given. */
struct origin {
    int line;             /* 0: not in the file */
    const char *variable; /* NULL: not in the environment */
};

struct loader {
    struct sl_config *config;
    const char *file;
    char *folder; /* of the file, "" or ending with / */
    bool secrets;
    struct origin origins[SL_CONFIG_MAX_KEYS]; /* those of [token] are of the last token */
    int token_line;
    struct sl_error *err;
};

static void where_line(const struct loader *loader, int line, char where[WHERE_SIZE])
{
    snprintf(where, WHERE_SIZE, "%s:%d", loader->file, line);
}

static bool is_token_key(const struct sl_config_key *key)
{
    return strcmp(key->section, "token") == 0;
}

static void *base_of(const struct loader *loader, const struct sl_config_key *key)
{
    if (is_token_key(key))
        return &loader->config->tokens[loader->config->n_tokens - 1];
    return loader->config;
}

/* Sets what holds for the keys of the other sections, or of a new token, when they are left out. */
static int set_defaults(struct loader *loader, bool token)
{
    for (const struct sl_config_key *key = sl_config_keys; key->section != NULL; key++) {
        if (is_token_key(key) == token && key->initial != NULL &&
            sl_config_value(key, "default", loader->folder, key->initial, base_of(loader, key),
                            loader->err) != 0)
            return -1;
    }
    return 0;
}

/* Reads the file that <key>_file names into the key. */
static int set_from_file(struct loader *loader, const struct sl_config_key *key, const char *where,
                         const char *path)
{
    struct sl_buf name;
    struct sl_buf content;
    int result = -1;

    sl_buf_init(&name, SL_INI_MAX_VALUE);
    sl_buf_init(&content, SL_INI_MAX_VALUE);
    if ((path[0] != '/' && sl_buf_puts(&name, loader->folder) != 0) ||
        sl_buf_puts(&name, path) != 0) {
        sl_error_nomem(loader->err);
        goto out;
    }
    if (sl_buf_read_file(&content, name.data, SL_CONFIG, loader->err) != 0) {
        sl_error_set(loader->err, SL_CONFIG, "%s: %s_file: %s", where, key->key,
                     loader->err->message);
        goto out;
    }
    while (content.len > 0 && strchr("\r\n", content.data[content.len - 1]) != NULL)
        content.data[--content.len] = '\0';
    if (!sl_utf8_valid(content.data, content.len)) {
        sl_error_set(loader->err, SL_CONFIG, "%s: %s_file: %s is not text; write UTF-8 into it",
                     where, key->key, name.data);
        goto out;
    }
    result = sl_config_value(key, where, loader->folder, content.data, base_of(loader, key),
                             loader->err);
out:
    sl_buf_free(&name);
    sl_buf_free(&content);
    return result;
}

static int set_value(struct loader *loader, int index, bool is_file, const char *where,
                     const char *text)
{
    const struct sl_config_key *key = &sl_config_keys[index];

    if (!loader->secrets && (key->flags & SL_KEY_SECRET) != 0)
        return 0;
    if (is_file)
        return set_from_file(loader, key, where, text);
    return sl_config_value(key, where, loader->folder, text, base_of(loader, key), loader->err);
}

static int check_token_complete(struct loader *loader)
{
    const struct sl_config *config = loader->config;
    const struct sl_config_token *token;
    char where[WHERE_SIZE];
    bool is_file;

    if (config->n_tokens == 0)
        return 0;
    token = &config->tokens[config->n_tokens - 1];
    where_line(loader, loader->token_line, where);
    if (loader->origins[sl_config_find("token", "sha256", &is_file)].line == 0)
        return sl_error_set(loader->err, SL_CONFIG,
                            "%s: [token %s] has no sha256; write sha256 = and what this prints: "
                            "printf %%s TOKEN | sha256sum",
                            where, token->name);
    for (const struct sl_config_token *other = config->tokens; other < token; other++) {
        if (memcmp(other->sha256, token->sha256, sizeof(token->sha256)) == 0)
            return sl_error_set(loader->err, SL_CONFIG,
                                "%s: [token %s] has the sha256 of [token %s]; make a token of its "
                                "own for each",
                                where, token->name, other->name);
    }
    return 0;
}

static int begin_token(struct loader *loader, const struct sl_ini_entry *entry, const char *where)
{
    struct sl_config *config = loader->config;
    struct sl_config_token *tokens;

    if (check_token_complete(loader) != 0)
        return -1;
    for (size_t i = 0; i < config->n_tokens; i++) {
        if (strcmp(config->tokens[i].name, entry->name) == 0)
            return sl_error_set(loader->err, SL_CONFIG,
                                "%s: [token %s] is there already; keep one of the two", where,
                                entry->name);
    }
    if (strlen(entry->name) > SL_TOKEN_NAME_MAX)
        return sl_error_set(loader->err, SL_CONFIG, "%s: the token's name is longer than %d bytes",
                            where, SL_TOKEN_NAME_MAX);
    if (config->n_tokens >= SL_MAX_TOKENS)
        return sl_error_set(loader->err, SL_CONFIG, "%s: more than %d tokens", where,
                            SL_MAX_TOKENS);
    tokens = reallocarray(config->tokens, config->n_tokens + 1, sizeof(*tokens));
    if (tokens == NULL)
        return sl_error_nomem(loader->err);
    config->tokens = tokens;
    tokens[config->n_tokens] = (struct sl_config_token){.name = strdup(entry->name)};
    if (tokens[config->n_tokens++].name == NULL)
        return sl_error_nomem(loader->err);
    loader->token_line = entry->line;
    for (int i = 0; sl_config_keys[i].section != NULL; i++) {
        if (is_token_key(&sl_config_keys[i]))
            loader->origins[i] = (struct origin){0};
    }
    return set_defaults(loader, true);
}

static int on_section(struct loader *loader, const struct sl_ini_entry *entry, const char *where)
{
    bool token = strcmp(entry->section, "token") == 0;

    if (!sl_config_is_section(entry->section))
        return sl_config_unknown_section(where, entry->section, loader->err);
    if (token && entry->name[0] == '\0')
        return sl_error_set(loader->err, SL_CONFIG,
                            "%s: a token needs a name; write for example [token reports]", where);
    if (!token && entry->name[0] != '\0')
        return sl_error_set(loader->err, SL_CONFIG, "%s: [%s] takes no name; write [%s]", where,
                            entry->section, entry->section);
    if (token)
        return begin_token(loader, entry, where);
    if (strcmp(entry->section, "anonymous") == 0)
        loader->config->anonymous.given = true;
    return 0;
}

static int on_entry(void *ctx, const struct sl_ini_entry *entry, struct sl_error *err)
{
    struct loader *loader = ctx;
    char where[WHERE_SIZE];
    bool is_file;
    int index;

    where_line(loader, entry->line, where);
    if (entry->key == NULL)
        return on_section(loader, entry, where);
    index = sl_config_find(entry->section, entry->key, &is_file);
    if (index < 0)
        return sl_config_unknown_key(where, entry->section, entry->key, err);
    if (loader->origins[index].line > 0)
        return sl_error_set(err, SL_CONFIG, "%s: %s is given already in line %d; keep one of them",
                            where, sl_config_keys[index].key, loader->origins[index].line);
    if (is_file && entry->value[0] == '\0')
        return 0; /* as if it were not there */
    loader->origins[index].line = entry->line;
    return set_value(loader, index, is_file, where, entry->value);
}

/* One NAME=value of the environment whose name begins with VARIABLE_PREFIX. */
static int on_variable(struct loader *loader, const char *variable)
{
    char name[WHERE_SIZE];
    size_t len = strcspn(variable, "=");
    const char *value = variable + len + (variable[len] == '=');
    struct origin *origin;
    bool is_file;
    int index;

    snprintf(name, sizeof(name), "%.*s", len < sizeof(name) ? (int)len : (int)sizeof(name) - 1,
             variable);
    if (strcmp(name, VARIABLE_CONFIG) == 0)
        return 0;
    index = sl_config_find_variable(name, &is_file);
    if (index < 0)
        return sl_config_unknown_variable(name, loader->err);
    if (is_file && *value == '\0')
        return 0; /* as if it were not there */
    origin = &loader->origins[index];
    if (origin->variable != NULL)
        return sl_error_set(loader->err, SL_CONFIG, "%s: the environment holds %.*s too; keep one",
                            name, (int)strcspn(origin->variable, "="), origin->variable);
    if (strlen(value) > SL_INI_MAX_VALUE || !sl_utf8_valid(value, strlen(value)))
        return sl_error_set(loader->err, SL_CONFIG, "%s: this is no text of at most 64 kB", name);
    origin->variable = variable;
    if (strcmp(sl_config_keys[index].section, "anonymous") == 0)
        loader->config->anonymous.given = true;
    return set_value(loader, index, is_file, name, value);
}

static int read_environment(struct loader *loader)
{
    for (char **variable = environ; variable != NULL && *variable != NULL; variable++) {
        if (strncmp(*variable, VARIABLE_PREFIX, strlen(VARIABLE_PREFIX)) == 0 &&
            on_variable(loader, *variable) != 0)
            return -1;
    }
    return 0;
}

/* FILE:LINE or the variable that a key came from. */
static void where_key(const struct loader *loader, const char *section, const char *key,
                      char where[WHERE_SIZE])
{
    bool is_file;
    const struct origin *origin = &loader->origins[sl_config_find(section, key, &is_file)];

    if (origin->variable != NULL)
        snprintf(where, WHERE_SIZE, "%.*s", (int)strcspn(origin->variable, "="), origin->variable);
    else if (origin->line > 0)
        where_line(loader, origin->line, where);
    else
        snprintf(where, WHERE_SIZE, "%s", loader->file);
}

static bool all_local(const char *list, bool unix_only)
{
    struct sl_address address;

    while (sl_address_next(&list, &address) > 0) {
        if (!sl_address_is_local(&address) || (unix_only && address.path[0] == '\0'))
            return false;
    }
    return true;
}

static bool is_set(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static int check_tickets(struct loader *loader)
{
    const struct sl_config *config = loader->config;
    char where[WHERE_SIZE];

    if (!is_set(config->tickets.listen))
        return 0;
    where_key(loader, "tickets", "listen", where);
    if (!all_local(config->tickets.listen, true))
        return sl_error_set(loader->err, SL_CONFIG,
                            "%s: tickets are taken on a Unix socket only; write for example "
                            "listen = unix:/run/pgsluice/tickets.sock",
                            where);
    if (loader->secrets && !is_set(config->tickets.secret))
        return sl_error_set(loader->err, SL_CONFIG,
                            "%s: [tickets] needs a secret; write secret_file = and the name of a "
                            "file with 32 bytes or more",
                            where);
    if (loader->secrets && !is_set(config->tickets.dsn))
        return sl_error_set(loader->err, SL_CONFIG,
                            "%s: [tickets] needs a dsn of its own; write one whose user is no "
                            "superuser",
                            where);
    if (is_set(config->tickets.dsn) && strcmp(config->tickets.dsn, config->database.dsn) == 0) {
        where_key(loader, "tickets", "dsn", where);
        return sl_error_set(loader->err, SL_CONFIG,
                            "%s: [tickets] dsn is that of [database]; write a login of its own, as "
                            "its rights are all that bounds the SQL of tickets",
                            where);
    }
    return 0;
}

/* Anonymous access without a file was meant for this machine: the network is asked for by name. */
static int check_without_file(struct loader *loader)
{
    const struct sl_config *config = loader->config;
    char where[WHERE_SIZE];
    bool is_file;

    if (config->file != NULL || !loader->secrets || all_local(config->server.listen, false) ||
        loader->origins[sl_config_find("access", "anonymous", &is_file)].variable != NULL)
        return 0;
    where_key(loader, "server", "listen", where);
    return sl_error_set(loader->err, SL_CONFIG,
                        "%s: this would open all exports to other machines; write a configuration "
                        "file, or set PGSLUICE_ACCESS_ANONYMOUS=on",
                        where);
}

/* A pattern that no setting can match is a mistake: `user`, where pgsluice.user was meant. */
static int check_row_settings(struct loader *loader)
{
    const struct sl_config *config = loader->config;
    const char *list = is_set(config->access.row_settings) ? config->access.row_settings : "";
    char where[WHERE_SIZE];

    for (size_t len; *list != '\0'; list += len + (list[len] != '\0')) {
        len = strcspn(list, ",");
        if (strcspn(list, ".*?[") < len)
            continue;
        where_key(loader, "access", "row_settings", where);
        return sl_error_set(loader->err, SL_CONFIG,
                            "%s: row_settings: a setting must have a dot in its name; write "
                            "pgsluice.%.*s",
                            where, len > 60 ? 60 : (int)len, list);
    }
    return 0;
}

/* A pattern that no table.column can match would hide nothing: `password`, for `*.password`. */
static int check_hidden_columns(struct loader *loader)
{
    const char *list = loader->config->exports.hidden_columns;
    char where[WHERE_SIZE];

    for (size_t len; list != NULL && *list != '\0'; list += len + (list[len] != '\0')) {
        list += strspn(list, " \t");
        len = strcspn(list, ",\n");
        if ((len == 0 || strcspn(list, ".*?[") < len) && len <= PATTERN_MAX)
            continue;
        where_key(loader, "exports", "hidden_columns", where);
        return sl_error_set(loader->err, SL_CONFIG,
                            "%s: hidden_columns: a pattern is table.column, of %d bytes at most; "
                            "write *.%.*s for a column of every table",
                            where, PATTERN_MAX, len > 60 ? 60 : (int)len, list);
    }
    return 0;
}

/* What no key can tell alone. */
static int check_together(struct loader *loader)
{
    const struct sl_config *config = loader->config;
    char where[WHERE_SIZE];

    if (check_token_complete(loader) != 0 || check_tickets(loader) != 0 ||
        check_row_settings(loader) != 0 || check_hidden_columns(loader) != 0 ||
        check_without_file(loader) != 0)
        return -1;
    if (loader->secrets && !is_set(config->server.admin_token) &&
        !all_local(config->server.admin_listen, false)) {
        where_key(loader, "server", "admin_listen", where);
        return sl_error_set(loader->err, SL_CONFIG,
                            "%s: admin_listen is open to other machines; write admin_token_file = "
                            "and the name of a file with a token, or listen on 127.0.0.1",
                            where);
    }
    return 0;
}

/* The file's folder with its slash, "" when it has none. NULL: no memory. */
static char *folder_of(const char *file)
{
    const char *slash = file != NULL ? strrchr(file, '/') : NULL;

    return slash != NULL ? strndup(file, (size_t)(slash - file) + 1) : strdup("");
}

/* text is NULL when there is no file. */
static int load(const char *file, const char *text, size_t len, bool secrets, bool environment,
                struct sl_config **config, struct sl_error *err)
{
    struct loader loader = {
        .file = text != NULL ? file : "default", .secrets = secrets, .err = err};
    int result = -1;

    loader.config = calloc(1, sizeof(*loader.config));
    loader.folder = folder_of(text != NULL ? file : NULL);
    if (loader.config == NULL || loader.folder == NULL)
        goto nomem;
    if (text != NULL && (loader.config->file = strdup(file)) == NULL)
        goto nomem;
    if (set_defaults(&loader, false) != 0)
        goto out;
    /* Without a file nobody said who may come; check_without_file() keeps that to this machine. */
    loader.config->access.anonymous = text == NULL;
    if (text != NULL && sl_ini_read(file, text, len, on_entry, &loader, err) != 0)
        goto out;
    if (environment && read_environment(&loader) != 0)
        goto out;
    result = check_together(&loader);
    goto out;
nomem:
    sl_error_nomem(err);
out:
    free(loader.folder);
    if (result != 0) {
        sl_config_free(loader.config);
        loader.config = NULL;
    }
    *config = loader.config;
    return result;
}

int sl_config_parse(const char *file, const char *text, size_t len, bool secrets,
                    struct sl_config **config, struct sl_error *err)
{
    return load(file, text, len, secrets, false, config, err);
}

/* NULL: there is no file to read. */
static const char *find_file(const char *path)
{
    const char *variable = getenv(VARIABLE_CONFIG);
    struct stat info;

    if (path != NULL)
        return path;
    if (variable != NULL && variable[0] != '\0')
        return variable;
    return stat(SL_DEFAULT_CONFIG, &info) != 0 && errno == ENOENT ? NULL : SL_DEFAULT_CONFIG;
}

int sl_config_load(const char *path, bool secrets, struct sl_config **config, struct sl_error *err)
{
    const char *file = find_file(path);
    struct sl_buf text;
    int result = -1;

    *config = NULL;
    if (file == NULL)
        return load(NULL, NULL, 0, secrets, true, config, err);
    sl_buf_init(&text, SL_INI_MAX_BYTES);
    if (sl_buf_read_file(&text, file, SL_CONFIG, err) == 0)
        result = load(file, text.data, text.len, secrets, true, config, err);
    sl_buf_free(&text);
    return result;
}

static void free_texts(void *base, bool token)
{
    for (const struct sl_config_key *key = sl_config_keys; key->section != NULL; key++) {
        if (is_token_key(key) == token && sl_config_is_text(key))
            free(*(char **)(void *)((char *)base + key->offset));
    }
}

void sl_config_free(struct sl_config *config)
{
    if (config == NULL)
        return;
    for (size_t i = 0; i < config->n_tokens; i++) {
        free_texts(&config->tokens[i], true);
        free(config->tokens[i].name);
    }
    free_texts(config, false);
    free(config->tokens);
    free(config->file);
    free(config);
}

bool sl_pattern_list(const char *list, const char *name)
{
    char pattern[PATTERN_MAX + 1];

    while (*list != '\0') {
        size_t len = strcspn(list, ",\n");
        size_t skip = strspn(list, " \t");
        size_t n = len > skip ? len - skip : 0;
        while (n > 0 && (list[skip + n - 1] == ' ' || list[skip + n - 1] == '\t'))
            n--;
        if (n > 0 && n <= PATTERN_MAX) {
            memcpy(pattern, list + skip, n);
            pattern[n] = '\0';
            if (fnmatch(pattern, name, 0) == 0)
                return true;
        }
        list += len;
        list += *list != '\0';
    }
    return false;
}
