#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/json.h"

/* What sl_log_end() may add: a brace and the newline. */
#define END_ROOM 2

/* A value that has less room than this is left out whole. */
#define VALUE_LEAST 8

static _Atomic(enum sl_level) lowest = SL_LOG_INFO;
static atomic_bool as_json;
static atomic_bool to_journal;

static const char *const level_names[] = {"debug", "info", "warning", "error"};

/* As syslog(3) numbers them, the way in which the journal wants to be told: sd-daemon(3). */
static const char *const priorities[] = {"<7>", "<6>", "<4>", "<3>"};

/* Is standard error the journal's? Its device and inode are in the environment: systemd.exec(5). */
static bool is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    char ours[48];
    struct stat info;

    if (stream == NULL || fstat(STDERR_FILENO, &info) != 0)
        return false;
    snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)info.st_dev, (uintmax_t)info.st_ino);
    return strcmp(ours, stream) == 0;
}

void sl_log_setup(enum sl_level level, bool json)
{
    atomic_store(&lowest, level);
    atomic_store(&as_json, json);
    atomic_store(&to_journal, is_journal());
}

static void add(struct sl_line *line, const char *bytes, size_t n)
{
    memcpy(line->text + line->len, bytes, n);
    line->len += n;
}

static size_t room(const struct sl_line *line)
{
    return sizeof(line->text) - END_ROOM - line->len;
}

/* Adds the separator and the key, or nothing when no value would fit behind it. */
static bool add_key(struct sl_line *line, const char *key)
{
    size_t len = strlen(key);

    if (!line->on || room(line) < len + sizeof(",\"\":") + VALUE_LEAST)
        return false;
    if (line->json) {
        add(line, line->len > 0 ? "," : "{", 1);
        add(line, "\"", 1);
        add(line, key, len);
        add(line, "\":", 2);
    } else {
        add(line, " ", line->len > 0 ? 1 : 0);
        add(line, key, len);
        add(line, "=", 1);
    }
    return true;
}

/* May the value stand in logfmt without quotes? */
static bool is_plain(const char *value)
{
    for (; *value != '\0'; value++) {
        if (*value <= ' ' || *value > '~' || *value == '"' || *value == '=' || *value == '\\')
            return false;
    }
    return true;
}

void sl_log_str(struct sl_line *line, const char *key, const char *value)
{
    char escaped[SL_JSON_ESCAPED];
    size_t left;
    size_t used;
    bool quotes;

    if (value == NULL || value[0] == '\0' || !add_key(line, key))
        return;
    quotes = line->json || !is_plain(value);
    add(line, "\"", quotes ? 1 : 0);
    for (left = strlen(value); left > 0; left -= used, value += used) {
        size_t n = sl_json_escape(value, left, escaped, &used);
        if (room(line) < n + 1)
            break;
        add(line, escaped, n);
    }
    add(line, "\"", quotes ? 1 : 0);
}

void sl_log_int(struct sl_line *line, const char *key, int64_t value)
{
    char digits[24];
    int n = snprintf(digits, sizeof(digits), "%" PRId64, value);

    /* Half a number would be another number. */
    if (line->on && room(line) >= strlen(key) + sizeof(",\"\":") + sizeof(digits) &&
        add_key(line, key))
        add(line, digits, (size_t)n);
}

void sl_log_begin(struct sl_line *line, enum sl_level level, const char *msg)
{
    char now[SL_TIME_TEXT];

    line->on = level >= atomic_load(&lowest);
    line->json = atomic_load(&as_json);
    line->priority = atomic_load(&to_journal) ? priorities[level] : "";
    line->len = 0;
    if (!line->on)
        return;
    sl_clock_utc(now);
    sl_log_str(line, "time", now);
    sl_log_str(line, "level", level_names[level]);
    sl_log_str(line, "msg", msg);
}

void sl_log_end(struct sl_line *line)
{
    int saved = errno;

    if (!line->on)
        return;
    line->on = false;
    add(line, "}", line->json ? 1 : 0);
    add(line, "\n", 1);
    const struct iovec parts[] = {
        {.iov_base = (char *)(uintptr_t)line->priority, .iov_len = strlen(line->priority)},
        {.iov_base = line->text, .iov_len = line->len},
    };
    /* A log that nobody can read any more is no reason to stop. */
    if (writev(STDERR_FILENO, parts, 2) < 0)
        line->len = 0;
    errno = saved;
}

void sl_log_text(enum sl_level level, const char *msg, const char *fmt, ...)
{
    struct sl_line line;
    char detail[1024];
    va_list args;

    sl_log_begin(&line, level, msg);
    if (!line.on)
        return;
    va_start(args, fmt);
    vsnprintf(detail, sizeof(detail), fmt, args);
    va_end(args);
    sl_log_str(&line, "detail", detail);
    sl_log_end(&line);
}

void sl_log_error(const char *msg, const struct sl_error *err)
{
    struct sl_line line;

    sl_log_begin(&line, sl_kind_http(err->kind) >= 500 ? SL_LOG_ERROR : SL_LOG_WARNING, msg);
    sl_log_str(&line, "kind", sl_kind_name(err->kind));
    sl_log_str(&line, "sqlstate", err->sqlstate);
    sl_log_str(&line, "parameter", err->parameter);
    sl_log_str(&line, "message", err->message);
    sl_log_str(&line, "detail", err->detail);
    sl_log_end(&line);
}
