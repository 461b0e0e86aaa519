/* The inside of a run, for the files of this folder only. */
#ifndef SL_EXPORT_INTERNAL_H
#define SL_EXPORT_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include "base/watch.h"
#include "catalog/table_query.h"
#include "export/rate.h"
#include "export/registry.h"
#include "export/run.h"
#include "export/stats.h"
#include "format/out.h"
#include "format/rows.h"
#include "pg/cursor.h"
#include "pg/slots.h"
#include "sink/compress.h"
#include "sink/digest.h"
#include "sink/encode.h"
#include "sink/queue.h"

struct sl_service {
    struct sl_slots *slots;
    struct sl_registry *registry;
    struct sl_stats *stats;
    pthread_mutex_t lock;   /* guards setup: the pointer, not what it points to */
    struct sl_setup *setup; /* the one in force */
};

struct sl_run {
    struct sl_run *next; /* the registry's list, under its lock */
    struct sl_service *service;
    struct sl_setup *setup; /* its own reference: what it began with */
    struct sl_query query;  /* not changed after sl_run_new() */
    const char *dsn;        /* [database] dsn or another of the configuration's, never NULL */
    char role[64];          /* "": none, else instead of the export's */
    char login[64];         /* who the connection must be logged in as; "": anyone */
    bool foreign; /* SQL of a caller: no superuser runs it, and its connection is not reused */
    bool asked;   /* role and settings are what a grant or ticket asks for */
    struct sl_setting settings[SL_MAX_ROW_SETTINGS]; /* owned texts */
    size_t n_settings;
    struct sl_export_stats *stats; /* of its export; the service's */
    atomic_int refs;
    int64_t created_ms;

    /* The producer's own. */
    struct sl_watch watch; /* wake_fd is written by anyone */
    struct sl_session *session;
    struct sl_cursor *cursor;
    struct sl_table_query table; /* a table's statement, until the cursor is open */
    struct sl_columns base;      /* of the query, when columns of it were chosen; else empty */
    struct sl_sink *sink;        /* the head of the chain */
    struct sl_digest *digest;
    struct sl_sink *compress;  /* NULL: none */
    struct sl_sink *encode;    /* NULL: the file is UTF-8 */
    struct sl_queue *queue;    /* the chain's end over HTTP, else NULL */
    struct sl_rows *formatter; /* NULL until the columns are known */
    struct sl_out out;
    char *window; /* where out's bytes begin */
    struct sl_error write_error;
    int64_t hold_until;    /* sl_clock_ms(), of max_hold */
    int64_t rows_counted;  /* of `rows`, in stats; later whoever ends the run has these two */
    int64_t bytes_counted; /* of `bytes` */
    bool memory_told;      /* that it took more than [limits] memory */
    bool first_done;       /* first_ready was set */
    bool if_rows;          /* nothing is written before there is a row */
    bool in_sink;          /* a call of the sink is under way */
    bool slot_held;        /* maker's until the producer starts */
    int client_fd;         /* of a client that waits for sl_run_execute(); -1: none */

    /* The consumer's own. */
    struct sl_watch consumer; /* wake_fd: something to read, or aborted */

    atomic_bool stop; /* aborted: cheap to look at */
    atomic_llong rows;
    atomic_llong bytes;
    atomic_llong held_since; /* sl_clock_ms() when it took its snapshot; 0: it holds none */

    pthread_mutex_t lock;  /* guards all below */
    struct sl_error error; /* the first reason for ending early; kind SL_NONE: none */
    struct sl_receipt receipt;
    struct sl_rate rate;
    int64_t bytes_handed; /* in the last hand-over to the client */
    bool begun;           /* the database was asked: the run leaves a receipt */
    bool first_ready;     /* the first batch is in the queue */
    bool finished;        /* complete, or nobody works on it any more: out of the registry */
};

/* Fails the run with *err, unless it has ended or has a reason already (false). Wakes both sides.
 */
bool sl_run_fail(struct sl_run *run, const struct sl_error *err);

/*
 * Ends a run that the database never saw, by its producer, which then touches nothing
 * that runs share.  Out of the registry before the client is told: who is refused finds
 * no receipt, and may try again with the same id at once.
 */
void sl_run_refuse(struct sl_run *run, const struct sl_error *err);

/*
 * The run is over: final receipt, log line, out of the registry.  Once; later
 * calls change nothing.  Returns whether it counts as complete: an abort that
 * came first wins over `complete`.
 */
bool sl_run_finish(struct sl_run *run, bool complete);

/* -1, and the run is cancelled: the client has left. */
int sl_run_look_at_client(struct sl_run *run, int client_fd,
                          struct sl_error *err) SL_MUSTCHECK; /* transfer.c */

/* Counts what is new since the last time: rows, bytes, memory. The producer. */
void sl_run_account(struct sl_run *run);

/* As sl_run_receipt(), with the time that it has taken so far and that it holds its snapshot. */
void sl_run_standing(struct sl_run *run, struct sl_receipt *receipt);

/* A log line on how a run stands. */
void sl_run_log(const struct sl_receipt *standing);

/* A new reference, unless the last one is gone already. */
bool sl_run_ref_live(struct sl_run *run);

/* -1 and the reason when the run was aborted: a watch's check. */
int sl_run_check(struct sl_run *run, struct sl_error *err) SL_MUSTCHECK;

/*
 * The chain before its end `last`: the character encoding, then the digest, which sees
 * the file's bytes, and the compression, of the file or, when `encoding` says so, of its
 * transfer.
 */
int sl_run_chain(struct sl_run *run, struct sl_sink *last, enum sl_compression encoding,
                 struct sl_error *err) SL_MUSTCHECK;

/* A bound of the export's own, else the configuration's; 0: the export has none. */
static inline int64_t sl_either(int64_t of_export, int64_t of_config)
{
    return of_export > 0 ? of_export : of_config;
}

/*
 * Connects, begins the transaction and opens run->cursor.  What the database refuses is
 * told of the parameter, option or filter that it is about.
 */
int sl_run_open(struct sl_run *run, struct sl_error *err) SL_MUSTCHECK;

/* The database side of a run, in the calling thread. run->sink is set. */
int sl_run_produce(struct sl_run *run, struct sl_error *err) SL_MUSTCHECK;

#endif
