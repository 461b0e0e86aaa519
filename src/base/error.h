/*
 * The one error type.  A fallible function returns 0 or -1 and fills a
 * struct sl_error that its caller owns; the error travels up by return value
 * and is logged or answered once, where it ends.  The struct is plain memory:
 * nothing to free, safe to copy, no locks.
 */
#ifndef SL_ERROR_H
#define SL_ERROR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#define SL_MUSTCHECK __attribute__((warn_unused_result))
#define SL_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* What went wrong; decides HTTP status and exit code, by one table in error.c. */
enum sl_kind {
    SL_NONE = 0,
    SL_USAGE,
    SL_BAD_REQUEST,
    SL_BAD_PARAMETER,
    SL_UNAUTHORIZED,
    SL_FORBIDDEN,
    SL_NOT_FOUND,
    SL_METHOD,
    SL_CONFLICT,
    SL_TICKET_GONE,
    SL_LIMIT,
    SL_BAD_QUERY,
    SL_SQL,
    SL_INTERNAL,
    SL_HTTP_VERSION,
    SL_BUSY,
    SL_UNAVAILABLE,
    SL_DB_LOST,
    SL_TIMEOUT,
    SL_CANCELLED, /* DELETE, a signal, or a client that left */
    SL_OUTPUT_CREATE,
    SL_OUTPUT_WRITE,
    SL_CONFIG,
    SL_KIND_COUNT
};

struct sl_error {
    enum sl_kind kind;
    char sqlstate[6];   /* five characters, or empty */
    char parameter[64]; /* the parameter at fault, or empty */
    char message[512];  /* for the caller: never SQL text, never a row */
    int position;       /* character of the SQL text at fault, from 1; 0: not known */
    char detail[512];   /* for the log only: may quote the server */
    bool echoes;        /* message shows what the caller wrote: for him, and no record */
    bool quotes;        /* detail may show a value of the caller's: for no log that others read */
};

/*
 * Fills *err (all else is emptied) and returns -1, so
 * that a function can end with `return sl_error_set(...)`.  Text that does not
 * fit is cut at a UTF-8 boundary.
 */
int sl_error_set(struct sl_error *err, enum sl_kind kind, const char *fmt, ...) SL_PRINTF(3, 4);

/* As above, and names the parameter at fault. */
int sl_error_param(struct sl_error *err, const char *parameter, const char *fmt, ...)
    SL_PRINTF(3, 4);

/* Adds the log-only part. Returns -1. */
int sl_error_detail(struct sl_error *err, const char *fmt, ...) SL_PRINTF(2, 3);

/* Out of memory, as an error of kind SL_INTERNAL. Returns -1. */
int sl_error_nomem(struct sl_error *err);

/* What logs and receipts have: the message, or only its kind's title when it echoes. */
const char *sl_error_recorded(const struct sl_error *err);

/* "bad_parameter" and so on; never NULL. */
const char *sl_kind_name(enum sl_kind kind);

/* A short English title for problem+json; never NULL. */
const char *sl_kind_title(enum sl_kind kind);

/* HTTP status code, 500 for kinds that have none of their own. */
unsigned sl_kind_http(enum sl_kind kind);

/* Exit code as sysexits.h has them, 0 for SL_NONE. */
int sl_kind_exit(enum sl_kind kind);

/* May the same succeed a little later, with nothing done about it? */
bool sl_kind_passes(enum sl_kind kind);

#endif
