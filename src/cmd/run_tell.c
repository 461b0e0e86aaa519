/* What `run` says at its end: the receipt, and one line on standard error. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "cmd/attend.h"
#include "cmd/run_file.h"
#include "cmd/run_job.h"

#define LONGEST_LINE 4096

static void note_failure(struct sl_receipt *receipt, const struct sl_error *err)
{
    receipt->state = err->kind == SL_CANCELLED ? SL_RUN_CANCELLED : SL_RUN_FAILED;
    receipt->kind = err->kind;
    receipt->sha256[0] = '\0';
    snprintf(receipt->sqlstate, sizeof receipt->sqlstate, "%s", err->sqlstate);
    const char *message = sl_error_recorded(err);
    snprintf(receipt->detail, sizeof receipt->detail, "%.*s",
             sl_utf8_fit(message, (int)sizeof receipt->detail - 1), message);
    if (receipt->finished_at[0] == '\0')
        sl_clock_utc(receipt->finished_at);
}

/* The server's messages have several lines; cron's mail gets one. */
static void print_one_line(const char *text)
{
    char line[LONGEST_LINE];

    int len = snprintf(line, sizeof line, "%s", text);

    for (char *p = line; *p != '\0'; p++)
        if (*p == '\n' || *p == '\t')
            *p = ' ';
    for (; len > 0 && (size_t)len < sizeof line && line[len - 1] == ' '; len--)
        line[len - 1] = '\0';
    sl_print_text(stderr, line);
}

static void print_receipt(const struct sl_run_job *job)
{
    const struct sl_receipt *receipt = &job->receipt;

    fprintf(stderr, "rows=%" PRId64 " bytes=%" PRId64 " sha256=%s state=%s id=%s ms=%" PRId64,
            receipt->rows, receipt->bytes, receipt->sha256[0] == '\0' ? "-" : receipt->sha256,
            sl_run_state_name(receipt->state), receipt->id, receipt->total_ms);
    if (job->attempts > 1)
        fprintf(stderr, " attempts=%" PRId64, job->attempts);
    if (receipt->kind != SL_NONE)
        fprintf(stderr, " kind=%s", sl_kind_name(receipt->kind));
    if (receipt->sqlstate[0] != '\0')
        fprintf(stderr, " sqlstate=%s", receipt->sqlstate);
    if (receipt->state == SL_RUN_COMPLETE && sl_run_job_unchanged(job))
        fputs(" file=unchanged", stderr);
    fputc('\n', stderr);
}

static void print_failure(const struct sl_run_job *job, const struct sl_error *err, int code)
{
    fputs("pgsluice: ", stderr);
    print_one_line(job->name);
    fputs(": ", stderr);
    print_one_line(err->message);
    if (err->detail[0] != '\0') {
        fputs(": ", stderr);
        print_one_line(err->detail);
    }
    fprintf(stderr, "; exit=%d ", code);
    print_receipt(job);
}

/* The exit code. A run that the lock refuses leaves the receipt to the one that holds it. */
int sl_run_job_tell(struct sl_run_job *job, int rc, struct sl_error *err)
{
    bool refused = rc < 0 && job->options.lock && job->lock == NULL && err->kind == SL_BUSY;
    int number = job->attendant == NULL ? 0 : sl_attend_signal(job->attendant);
    struct sl_error why;

    if (rc < 0)
        note_failure(&job->receipt, err);
    if (job->receipt_file != NULL && !refused &&
        sl_run_file_receipt(job->receipt_file, &job->receipt, &why) < 0) {
        /* What went wrong before is the better reason. */
        if (rc == 0) {
            sl_error_set(err, why.kind, "the export is complete, but not its receipt: %s",
                         why.message);
            note_failure(&job->receipt, err);
        }
        rc = -1;
    }
    if (rc < 0) {
        int code = number != 0 ? 128 + number : sl_kind_exit(err->kind);

        print_failure(job, err, code);
        return code;
    }
    if (!job->options.quiet)
        print_receipt(job);
    return 0;
}
