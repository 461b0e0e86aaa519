/* The inside of `pgsluice run`, for its own files: one export to a file, from options to receipt.
 */
#ifndef SL_RUN_JOB_H
#define SL_RUN_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/options.h"
#include "export/receipt.h"
#include "export/setup.h"

struct sl_run_job {
    struct sl_options options;
    const char *name;   /* of the export, as it is given */
    char *output;       /* -o with the time, "-": standard output */
    char *receipt_file; /* likewise, NULL: none */
    int64_t retries;
    struct sl_args args;
    struct sl_setup *setup;
    const struct sl_export *export;
    struct sl_attendant *attendant;
    struct sl_run_lock *lock;
    struct sl_file *file;
    int64_t attempts;
    struct sl_receipt receipt; /* of the last attempt, or what can be said before one */
};

/* The query of one attempt; sl_query_fini() it, also after an error. */
int sl_run_job_query(const struct sl_run_job *job, struct sl_query *query,
                     struct sl_error *err) SL_MUSTCHECK;

/*
 * Lock, target, attempts, and the new file in the old one's place.  Whatever happens,
 * the target is the old file or the whole new one, and nothing lies beside it.
 * job->attendant is for the caller to stop and job->lock to release, the rest is let go.
 */
int sl_run_job_execute(struct sl_run_job *job, struct sl_error *err) SL_MUSTCHECK;

/* After an output without a row with --if-rows: the old file stays. */
bool sl_run_job_unchanged(const struct sl_run_job *job);

/*
 * Writes the receipt, and a line on standard error: how it went, or the one for
 * cron's mail with export, cause, exit code and run id.  rc and *err are those of the
 * job.  Returns the exit code.
 */
int sl_run_job_tell(struct sl_run_job *job, int rc, struct sl_error *err);

#endif
