/*
 * Log lines on standard error, one writev(2) a line, logfmt or JSON.  Values are
 * escaped, so that client data cannot forge a line.  Never pass secrets or
 * parameter values.  Thread-safe; a line is built on the caller's stack.
 *
 *     struct sl_line line;
 *     sl_log_begin(&line, SL_LOG_INFO, "run");
 *     sl_log_str(&line, "export", name);
 *     sl_log_int(&line, "rows", rows);
 *     sl_log_end(&line);
 */
#ifndef SL_LOG_H
#define SL_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

enum sl_level { SL_LOG_DEBUG, SL_LOG_INFO, SL_LOG_WARNING, SL_LOG_ERROR };

struct sl_line {
    bool on;              /* false below the level in force: the calls do nothing */
    bool json;            /* else logfmt */
    const char *priority; /* "<6>" when standard error is the journal, else "" */
    size_t len;
    char text[2048];
};

/*
 * At start and at a reload.  Any thread; lines under way go by either.  When
 * JOURNAL_STREAM says that standard error is the journal, each line begins with
 * its priority, which the journal takes off.
 */
void sl_log_setup(enum sl_level level, bool json);

void sl_log_begin(struct sl_line *line, enum sl_level level, const char *msg);

/* A value that is NULL or "" is left out, with its key. */
void sl_log_str(struct sl_line *line, const char *key, const char *value);
void sl_log_int(struct sl_line *line, const char *key, int64_t value);
void sl_log_end(struct sl_line *line);

/* A line with one free text: level, msg, detail. */
void sl_log_text(enum sl_level level, const char *msg, const char *fmt, ...) SL_PRINTF(3, 4);

/* A line for an error that ends here: kind, sqlstate, parameter, message, detail. */
void sl_log_error(const char *msg, const struct sl_error *err);

#endif
