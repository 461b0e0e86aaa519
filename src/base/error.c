#include "base/error.h"

#include <stdio.h>
#include <string.h>

/* exit 70 (EX_SOFTWARE) stands for what no command can meet; 500 for what no client can. */
static const struct {
    const char *name;
    const char *title;
    unsigned http;
    int exit;
    bool passes;
} kinds[SL_KIND_COUNT] = {
    [SL_NONE] = {"none", "No error", 500, 0, false},
    [SL_USAGE] = {"usage", "Wrong usage", 400, 64, false},
    [SL_BAD_REQUEST] = {"bad_request", "Bad request", 400, 64, false},
    [SL_BAD_PARAMETER] = {"bad_parameter", "Bad parameter", 400, 65, false},
    [SL_UNAUTHORIZED] = {"unauthorized", "Authorization needed", 401, 77, false},
    [SL_FORBIDDEN] = {"forbidden", "Forbidden", 403, 77, false},
    [SL_NOT_FOUND] = {"not_found", "Not found", 404, 64, false},
    [SL_METHOD] = {"method", "Method not allowed", 405, 70, false},
    [SL_CONFLICT] = {"conflict", "Conflict", 409, 70, false},
    [SL_TICKET_GONE] = {"ticket_gone", "Ticket gone", 410, 70, false},
    [SL_LIMIT] = {"limit", "Limit exceeded", 413, 65, false},
    [SL_BAD_QUERY] = {"bad_query", "Not one query", 422, 70, false},
    [SL_SQL] = {"sql", "The query failed", 500, 70, false},
    [SL_INTERNAL] = {"internal", "Internal error", 500, 70, false},
    [SL_HTTP_VERSION] = {"http_version", "HTTP/1.1 needed", 505, 70, false},
    [SL_BUSY] = {"busy", "Busy", 503, 75, true},
    [SL_UNAVAILABLE] = {"unavailable", "Database unavailable", 503, 69, true},
    [SL_DB_LOST] = {"db_lost", "Database connection lost", 503, 75, true},
    [SL_TIMEOUT] = {"timeout", "Time is up", 504, 75, true},
    [SL_CANCELLED] = {"cancelled", "Cancelled", 503, 75, false},
    [SL_OUTPUT_CREATE] = {"output", "Cannot create the output", 500, 73, false},
    [SL_OUTPUT_WRITE] = {"output", "Cannot write the output", 500, 74, false},
    [SL_CONFIG] = {"config", "Configuration error", 500, 78, false},
};

/* Where text[0..len) must end so that its last UTF-8 character is whole. */
static size_t whole_characters(const char *text, size_t len)
{
    size_t lead = len;
    size_t need;

    while (lead > 0 && len - lead < 3 && ((unsigned char)text[lead - 1] & 0xC0) == 0x80)
        lead--;
    if (lead == 0)
        return len;
    unsigned char c = (unsigned char)text[lead - 1];
    if (c >= 0xF0)
        need = 4;
    else if (c >= 0xE0)
        need = 3;
    else if (c >= 0xC0)
        need = 2;
    else
        return len;
    return len - (lead - 1) < need ? lead - 1 : len;
}

static void format_text(char *text, size_t size, const char *fmt, va_list args)
    __attribute__((format(printf, 3, 0)));

static void format_text(char *text, size_t size, const char *fmt, va_list args)
{
    int n = vsnprintf(text, size, fmt, args);

    if (n < 0)
        text[0] = '\0';
    else if ((size_t)n >= size)
        text[whole_characters(text, size - 1)] = '\0';
}

/* The arguments may point into *err, so it is written last. */
static int set(struct sl_error *err, enum sl_kind kind, const char *parameter, const char *message)
{
    struct sl_error fresh = {.kind = kind};
    size_t len = strlen(parameter);

    if (len >= sizeof(fresh.parameter))
        len = whole_characters(parameter, sizeof(fresh.parameter) - 1);
    memcpy(fresh.parameter, parameter, len);
    memcpy(fresh.message, message, strlen(message) + 1);
    *err = fresh;
    return -1;
}

int sl_error_set(struct sl_error *err, enum sl_kind kind, const char *fmt, ...)
{
    char message[sizeof(err->message)];
    va_list args;

    va_start(args, fmt);
    format_text(message, sizeof(message), fmt, args);
    va_end(args);
    return set(err, kind, "", message);
}

int sl_error_param(struct sl_error *err, const char *parameter, const char *fmt, ...)
{
    char message[sizeof(err->message)];
    va_list args;

    va_start(args, fmt);
    format_text(message, sizeof(message), fmt, args);
    va_end(args);
    return set(err, SL_BAD_PARAMETER, parameter, message);
}

int sl_error_detail(struct sl_error *err, const char *fmt, ...)
{
    char detail[sizeof(err->detail)];
    va_list args;

    va_start(args, fmt);
    format_text(detail, sizeof(detail), fmt, args);
    va_end(args);
    memcpy(err->detail, detail, strlen(detail) + 1);
    return -1;
}

int sl_error_nomem(struct sl_error *err)
{
    return sl_error_set(err, SL_INTERNAL, "out of memory");
}

const char *sl_error_recorded(const struct sl_error *err)
{
    return err->echoes ? sl_kind_title(err->kind) : err->message;
}

static size_t known(enum sl_kind kind)
{
    return (size_t)kind < SL_KIND_COUNT ? (size_t)kind : SL_INTERNAL;
}

const char *sl_kind_name(enum sl_kind kind)
{
    return kinds[known(kind)].name;
}

const char *sl_kind_title(enum sl_kind kind)
{
    return kinds[known(kind)].title;
}

unsigned sl_kind_http(enum sl_kind kind)
{
    return kinds[known(kind)].http;
}

int sl_kind_exit(enum sl_kind kind)
{
    return kinds[known(kind)].exit;
}

bool sl_kind_passes(enum sl_kind kind)
{
    return kinds[known(kind)].passes;
}
