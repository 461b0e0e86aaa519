/*
 * One ticket: SQL that the application has made, and how to run it once.  Reads
 * what is posted and checks all that can be checked without the database; a
 * ticket is immutable afterwards and may be read by several threads.
 */
#ifndef SL_TICKET_H
#define SL_TICKET_H

#include <jansson.h>

#include "base/config.h"
#include "catalog/query.h"
#include "pg/settings.h"

#define SL_TICKET_MAX ((size_t)256 * 1024) /* bytes of the JSON text */
#define SL_TICKET_SECONDS 60               /* expires_in, when it is left out */
#define SL_TICKET_SECONDS_MAX 300
#define SL_TICKET_OPTIONS 32
#define SL_TICKET_LABELS 1664 /* columns that a query of PostgreSQL can have */

struct sl_ticket {
    json_t *object; /* owns the texts below but sql */
    char *sql;
    const struct sl_format *format;
    const char *filename; /* "", as the two below: none */
    const char *run;
    const char *role;
    struct sl_setting settings[SL_MAX_ROW_SETTINGS];
    size_t n_settings;
    struct sl_args options;
    struct sl_arg option[SL_TICKET_OPTIONS];
    const json_t *labels; /* NULL or an array of strings */
    int64_t max_rows;     /* 0: the configuration's, as the two below */
    int64_t max_bytes;
    int64_t max_duration; /* ms */
    int64_t expires_in;   /* seconds */
    size_t memory;        /* bytes that it holds, about */
};

/* What jansson needs for one value beside its text: 990 tickets of empty labels took 29 times
 * theirs. */
#define SL_TICKET_NODE 96

/*
 * text[0..len) is the body of the POST.  login: who [tickets] dsn logs in as, ""
 * when that is not known.  SL_BAD_REQUEST and SL_BAD_PARAMETER for what is no
 * ticket, SL_FORBIDDEN for a role or setting that is not allowed, SL_BAD_QUERY
 * for SQL that is not one query; no message quotes a value.
 */
int sl_ticket_parse(const struct sl_config *config, const char *login, const char *text, size_t len,
                    struct sl_ticket **ticket, struct sl_error *err) SL_MUSTCHECK;

void sl_ticket_free(struct sl_ticket *ticket);

/*
 * What the ticket runs; args are those of the URL, where only _run may stand.
 * Free with sl_query_fini(), also after an error.
 */
int sl_ticket_query(const struct sl_ticket *ticket, const struct sl_args *args,
                    struct sl_query *query, struct sl_error *err) SL_MUSTCHECK;

#endif
