/*
 * One run of one query: ADMIT, BEGIN, DECLARE, FETCH (first batch), then FETCH
 * after FETCH into the sink until END or ABORT, then the receipt.
 *
 * Two threads know a run: its producer, which owns the database side, and its
 * consumer (the HTTP connection's thread).  A run is reference-counted; the
 * maker holds one reference, a started producer another.  sl_run_abort() may be
 * called from any thread, also repeatedly; the first reason stays.
 *
 * HTTP:  sl_run_new, sl_run_admit, sl_run_start, sl_run_wait_first, then
 *        sl_run_read until END or -1, sl_run_consumed, sl_run_release.
 * CLI:   sl_run_new, sl_run_execute, sl_run_release.
 */
#ifndef SL_RUN_H
#define SL_RUN_H

#include <stdbool.h>
#include "access/access.h"
#include "catalog/query.h"
#include "export/service.h"
#include "pg/settings.h"

struct sl_sink;

/* On whose behalf a run goes to the database. sl_run_new() copies the texts but dsn. */
struct sl_run_as {
    const char *owner;                 /* of the receipt: "token:NAME", "anonymous" ... */
    const char *peer;                  /* for the log */
    const char *role;                  /* "" or NULL: none, else instead of the export's */
    const struct sl_setting *settings; /* set before the role */
    size_t n_settings;                 /* at most SL_MAX_ROW_SETTINGS */
    const char *dsn;   /* NULL: [database] dsn, else the configuration's; foreign needs one */
    bool asked;        /* role and settings are what `owner`, a grant or ticket, asks for */
    bool foreign;      /* SQL of a caller: no superuser runs it, and its connection is not reused */
    const char *login; /* who the connection must be logged in as; "" or NULL: anyone */
};

/*
 * Registers a run in state queued.  Takes query over (in every case).  setup is
 * the one that query's export belongs to; the run keeps a reference.
 * SL_CONFLICT when query->run_id is in use or remembered; SL_CONFIG when it is
 * foreign and there is no dsn.
 */
int sl_run_new(struct sl_service *service, struct sl_setup *setup, struct sl_query *query,
               const struct sl_run_as *as, struct sl_run **run, struct sl_error *err) SL_MUSTCHECK;

/* Borrowed, constant while a reference is held. */
const char *sl_run_id(const struct sl_run *run);

/* Was the database asked, so that the run leaves a receipt? */
bool sl_run_begun(struct sl_run *run);

/* The query, for file name and header options; valid while a reference is held. */
const struct sl_query *sl_run_query(const struct sl_run *run);

/* A copy of the receipt as it stands. */
void sl_run_receipt(struct sl_run *run, struct sl_receipt *receipt);

/*
 * Waits for a slot.  client_fd (or -1) is watched for the client leaving.
 * SL_BUSY: the queue is full or queue_timeout passed; SL_CANCELLED: cancelled
 * or left.  A run refused here leaves no receipt.
 */
int sl_run_admit(struct sl_run *run, int client_fd, struct sl_error *err) SL_MUSTCHECK;

/*
 * Starts the producer thread; its output goes to a queue that sl_run_read() reads.
 * encoding: how the transfer is compressed; receipt and trailers are of the file
 * before that.  A file that is compressed itself is not compressed again.
 */
int sl_run_start(struct sl_run *run, enum sl_compression encoding,
                 struct sl_error *err) SL_MUSTCHECK;

/*
 * Waits until the first batch is there (0) or the run failed (-1, the run's
 * error).  Watches client_fd: a client that leaves aborts the run.
 */
int sl_run_wait_first(struct sl_run *run, int client_fd, struct sl_error *err) SL_MUSTCHECK;

enum sl_read { SL_READ_ABORTED = -1, SL_READ_END = 0 };

/*
 * Copies up to max (at least 2) bytes of output; waits for some.  Holds back the
 * last byte of the file until the end is certain.  Returns bytes (> 0),
 * SL_READ_END when all was delivered and the run completed, or SL_READ_ABORTED.
 * A client that leaves (POLLRDHUP on client_fd) aborts the run.  Consumer only.
 */
long sl_run_read(struct sl_run *run, int client_fd, char *bytes, size_t max);

/* After SL_READ_ABORTED: the held-back byte that breaks the transfer inside a chunk; '\n' if none.
 */
char sl_run_last_byte(struct sl_run *run);

/* The consumer is done with the transfer; delivered says whether all of it went out. */
void sl_run_consumed(struct sl_run *run, bool delivered);

/*
 * Runs to the end in the calling thread into `sink` (borrowed).  0, or -1 and the
 * reason.  With if_rows an output without a row is not written, and the sink aborted:
 * the receipt then has neither rows nor a SHA-256.  Another thread may end the run
 * early by sl_run_abort(), and so does the peer of client_fd (or -1) by leaving.
 */
int sl_run_execute(struct sl_run *run, struct sl_sink *sink, int client_fd, bool if_rows,
                   struct sl_error *err) SL_MUSTCHECK;

/*
 * Ends a run early. kind SL_CANCELLED gives state cancelled, any other failed.
 * false: it has ended already, or has another reason to.
 */
bool sl_run_abort(struct sl_run *run, enum sl_kind kind, const char *why);

/*
 * Has the client had data waiting and been too slow?  Called by the reaper about
 * every 100 ms; client_fd is open.  True once stall_timeout or min_rate is
 * violated; the run is then aborted with SL_TIMEOUT and the caller breaks the
 * connection.
 */
bool sl_run_too_slow(struct sl_run *run, int client_fd);

/* True when the run was aborted and its consumer has not noticed yet (it sits in a send). */
bool sl_run_aborted(struct sl_run *run);

/* A further reference; each one is given back once. The last frees the run. Any thread. */
struct sl_run *sl_run_ref(struct sl_run *run);
void sl_run_release(struct sl_run *run);

#endif
