#include "base/config_value.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "base/address.h"
#include "base/buf.h"
#include "base/ini.h"
#include "base/units.h"

/* Room for a folder before a path, beside the value itself. */
#define VALUE_MAX (SL_INI_MAX_VALUE + 4096)

struct setting {
    const struct sl_config_key *key;
    const char *where;
    const char *text;
    struct sl_error *err;
};

/* Says what is wrong with the value and what to write instead. Never quotes the value. */
static int refuse(const struct setting *setting, const char *what, const char *advice)
{
    return sl_error_set(setting->err, SL_CONFIG, "%s: %s %s; %s", setting->where, setting->key->key,
                        what, advice);
}

/* Copies the items between any of `separators`, trimmed and without empty ones. */
static int split(const char *text, const char *separators, char joint, struct sl_buf *out)
{
    while (*text != '\0') {
        size_t len = strcspn(text, separators);
        const char *item = text;
        size_t n = len;
        while (n > 0 && isspace((unsigned char)*item)) {
            item++;
            n--;
        }
        while (n > 0 && isspace((unsigned char)item[n - 1]))
            n--;
        if (n > 0 && out->len > 0 && sl_buf_putc(out, joint) != 0)
            return -1;
        if (sl_buf_add(out, item, n) != 0)
            return -1;
        text += len;
        text += *text != '\0';
    }
    return 0;
}

static int check_addresses(const struct setting *setting, const char *list)
{
    struct sl_address address;
    int more;

    do {
        more = sl_address_next(&list, &address);
    } while (more > 0);
    if (more < 0)
        return refuse(setting, "holds something that is no address",
                      "write host:port, [IPv6]:port or unix:/path, several by comma");
    return 0;
}

static int check_secrets(const struct setting *setting, const char *lines)
{
    while (*lines != '\0') {
        size_t len = strcspn(lines, "\n");
        if (len < SL_SECRET_MIN)
            return refuse(setting, "is shorter than 32 bytes",
                          "make one with: openssl rand -base64 48");
        lines += len;
        lines += *lines != '\0';
    }
    return 0;
}

static int check_text(const struct setting *setting, const char *text)
{
    enum sl_config_type type = setting->key->type;

    if (text[0] == '\0' && (setting->key->flags & SL_KEY_NEEDED) != 0)
        return sl_error_set(setting->err, SL_CONFIG, "%s: %s is empty; write for example %s = %s",
                            setting->where, setting->key->key, setting->key->key,
                            setting->key->initial);
    if (type != SL_TYPE_KEYS && strchr(text, '\n') != NULL)
        return refuse(setting, "is more than one line", "write it in one line");
    if (type == SL_TYPE_LISTEN)
        return check_addresses(setting, text);
    if (type == SL_TYPE_SECRET || type == SL_TYPE_KEYS)
        return check_secrets(setting, text);
    return 0;
}

static int set_text(const struct setting *setting, const char *folder, char **value)
{
    enum sl_config_type type = setting->key->type;
    struct sl_buf buf;
    char *text;
    int result = -1;
    int failed;

    sl_buf_init(&buf, VALUE_MAX);
    if (type == SL_TYPE_LIST || type == SL_TYPE_LISTEN)
        failed = split(setting->text, ",\n", ',', &buf);
    else if (type == SL_TYPE_KEYS)
        failed = split(setting->text, "\n", '\n', &buf);
    else
        failed = sl_buf_puts(&buf, setting->text);
    if (failed == 0 && check_text(setting, buf.data) != 0)
        goto out;
    if (failed == 0 && type == SL_TYPE_PATH && buf.len > 0 && buf.data[0] != '/') {
        sl_buf_free(&buf);
        failed = sl_buf_puts(&buf, folder) != 0 || sl_buf_puts(&buf, setting->text) != 0;
    }
    text = failed == 0 ? sl_buf_take(&buf) : NULL;
    if (text == NULL) {
        sl_error_nomem(setting->err);
        goto out;
    }
    free(*value);
    *value = text;
    result = 0;
out:
    sl_buf_free(&buf);
    return result;
}

static int set_sha256(const struct setting *setting, unsigned char value[32])
{
    static const char digits[] = "0123456789abcdef";

    if (strlen(setting->text) != 64)
        goto bad;
    for (size_t i = 0; i < 64; i++) {
        const char *digit = strchr(digits, tolower((unsigned char)setting->text[i]));
        if (digit == NULL)
            goto bad;
        value[i / 2] = (unsigned char)(value[i / 2] << 4 | (digit - digits));
    }
    return 0;
bad:
    return refuse(setting, "is not 64 hex digits",
                  "write what this prints: printf %s TOKEN | sha256sum");
}

static int parse_number(enum sl_config_type type, const char *text, int64_t *number)
{
    switch (type) {
    case SL_TYPE_SIZE:
        return sl_parse_size(text, number);
    case SL_TYPE_RATE:
        return sl_parse_rate(text, number);
    case SL_TYPE_DURATION:
        return sl_parse_duration(text, number);
    default:
        return sl_parse_int(text, 0, INT64_MAX, number);
    }
}

static const char *number_kind(enum sl_config_type type)
{
    switch (type) {
    case SL_TYPE_SIZE:
        return "a size (B kB MB GB TB)";
    case SL_TYPE_RATE:
        return "a size a second (B/s kB/s MB/s)";
    case SL_TYPE_DURATION:
        return "a duration (ms s min h d)";
    default:
        return "a whole number";
    }
}

static int set_number(const struct setting *setting, int64_t *value)
{
    const struct sl_config_key *key = setting->key;
    int64_t number;
    int64_t min = 0;
    int64_t max = 0;

    if (setting->text[0] == '\0' && (key->flags & SL_KEY_NO_LIMIT) != 0) {
        *value = 0;
        return 0;
    }
    if (parse_number(key->type, setting->text, &number) != 0 ||
        parse_number(key->type, key->min, &min) != 0 ||
        parse_number(key->type, key->max, &max) != 0 || number < min || number > max)
        return sl_error_set(
            setting->err, SL_CONFIG, "%s: %s = %.40s is not usable; write %s from %s to %s%s",
            setting->where, key->key, setting->text, number_kind(key->type), key->min, key->max,
            (key->flags & SL_KEY_NO_LIMIT) != 0 ? ", or nothing for no limit" : "");
    *value = number;
    return 0;
}

static int set_format(const struct setting *setting, bool *json)
{
    *json = strcmp(setting->text, "json") == 0;
    if (!*json && strcmp(setting->text, "logfmt") != 0)
        return refuse(setting, "is not a format", "write logfmt or json");
    return 0;
}

static int set_level(const struct setting *setting, enum sl_level *level)
{
    static const char *const names[] = {
        [SL_LOG_DEBUG] = "debug",
        [SL_LOG_INFO] = "info",
        [SL_LOG_WARNING] = "warning",
        [SL_LOG_ERROR] = "error",
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(setting->text, names[i]) == 0) {
            *level = (enum sl_level)i;
            return 0;
        }
    }
    return refuse(setting, "is not a level", "write debug, info, warning or error");
}

int sl_config_value(const struct sl_config_key *key, const char *where, const char *folder,
                    const char *text, void *base, struct sl_error *err)
{
    struct setting setting = {key, where, text, err};
    void *value = (char *)base + key->offset;

    if (sl_config_is_text(key))
        return set_text(&setting, folder, value);
    switch (key->type) {
    case SL_TYPE_SHA256:
        return set_sha256(&setting, value);
    case SL_TYPE_BOOL:
        if (sl_parse_bool(text, value) != 0)
            return refuse(&setting, "is neither on nor off", "write on or off");
        return 0;
    case SL_TYPE_FORMAT:
        return set_format(&setting, value);
    case SL_TYPE_LEVEL:
        return set_level(&setting, value);
    default:
        return set_number(&setting, value);
    }
}
