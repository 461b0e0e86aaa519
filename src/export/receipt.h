/* What a run tells about itself, during and after.  A plain struct, copied under the registry's
 * lock. */
#ifndef SL_RECEIPT_H
#define SL_RECEIPT_H

#include <stdint.h>
#include "base/buf.h"
#include "base/clock.h"
#include "base/uuid.h"

#define SL_RUN_ID_TEXT SL_UUID_TEXT

enum sl_run_state {
    SL_RUN_QUEUED,
    SL_RUN_RUNNING,
    SL_RUN_COMPLETE,
    SL_RUN_FAILED,
    SL_RUN_CANCELLED
};

struct sl_receipt {
    char id[SL_RUN_ID_TEXT];
    char export[64];
    char owner[72]; /* sl_caller.key; for the operator only */
    char peer[64];  /* likewise */
    enum sl_run_state state;
    int64_t rows;           /* data rows, without the header */
    int64_t bytes;          /* of the file */
    int64_t bytes_sent;     /* handed to the kernel for the client */
    int64_t estimated_rows; /* the planner's, -1: not known */
    int64_t peak_memory;    /* bytes: the run's buffers at their largest */
    char sha256[65];        /* hex, "" until complete */
    char snapshot_at[SL_TIME_TEXT];
    char started_at[SL_TIME_TEXT];
    char finished_at[SL_TIME_TEXT];
    enum sl_kind kind; /* SL_NONE: no error */
    char sqlstate[6];
    char detail[256]; /* sl_error_recorded() */
    int64_t queue_ms; /* waited for a slot, for the log */
    int64_t ttfb_ms;  /* until the first batch, for the log */
    int64_t total_ms; /* since the request; in a list also of what is under way */
    int64_t held_ms;  /* how long the run holds its snapshot, -1: it holds none; in a list only */
};

const char *sl_run_state_name(enum sl_run_state state);

/* Appends the receipt as one JSON object. */
int sl_receipt_json(const struct sl_receipt *receipt, struct sl_buf *out) SL_MUSTCHECK;

/* The same with `who`, `peer`, `elapsed_ms` and `snapshot_held_ms`, of a list, for the operator. */
int sl_receipt_json_full(const struct sl_receipt *receipt, struct sl_buf *out) SL_MUSTCHECK;

#endif
