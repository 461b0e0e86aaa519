/* From the lock to the new file: the attempts of `run`. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/attend.h"
#include "cmd/run_file.h"
#include "cmd/run_job.h"
#include "cmd/run_lock.h"
#include "export/run.h"

/* Waits between attempts: doubled each time, at most the last (ms). */
#define FIRST_WAIT_MS 1000
#define LONGEST_WAIT_MS 300000

static int attempt(struct sl_run_job *job, struct sl_error *err)
{
    static const struct sl_run_as as = {.owner = "cli", .peer = "cli"};
    /* One for each attempt: an id that was given stands for all of them. */
    struct sl_service *service = sl_service_new(sl_setup_ref(job->setup));
    struct sl_sink *sink = sl_file_sink(job->file);
    struct sl_query query = {0};
    struct sl_run *run;
    int rc = -1;

    job->attempts++;
    if (service == NULL)
        return sl_error_nomem(err);
    if (sl_run_job_query(job, &query, err) == 0 &&
        sl_run_new(service, job->setup, &query, &as, &run, err) == 0) {
        sl_attend(job->attendant, run);
        rc = sl_run_execute(run, sink, -1, job->options.if_rows, err);
        sl_attend(job->attendant, NULL);
        sl_run_receipt(run, &job->receipt);
        sl_run_release(run);
        sink->watch = sl_attend_watch(job->attendant);
    }
    sl_query_fini(&query);
    sl_service_free(service);
    return rc;
}

/* From half of the wait to all of it, so that jobs that failed together do not come back together.
 */
static int64_t wait_ms(int64_t attempts)
{
    int64_t most = FIRST_WAIT_MS;
    uint32_t random;

    while (--attempts > 0 && most < LONGEST_WAIT_MS)
        most *= 2;
    if (most > LONGEST_WAIT_MS)
        most = LONGEST_WAIT_MS;
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
        return most;
    return most / 2 + random % (most / 2 + 1);
}

/* Not quiet, and somebody looks on. */
static bool talkative(const struct sl_run_job *job)
{
    return job->options.verbose || (!job->options.quiet && isatty(STDERR_FILENO));
}

static int wait_for_next(struct sl_run_job *job, struct sl_error *err)
{
    struct sl_watch *watch = sl_attend_watch(job->attendant);
    int64_t ms = wait_ms(job->attempts);
    int64_t until = sl_clock_ms() + ms;
    short revents;

    if (talkative(job)) {
        fprintf(stderr, "pgsluice: %s: ", job->name);
        sl_print_text(stderr, err->message);
        fprintf(stderr, "; attempt %" PRId64 " of %" PRId64 " in %.1f s\n", job->attempts + 1,
                job->retries + 1, (double)ms / 1000);
    }
    while (sl_clock_left(until) > 0)
        if (sl_watch_wait(watch, -1, 0, sl_clock_left(until), &revents, err) < 0)
            return -1;
    return 0;
}

static int attempts(struct sl_run_job *job, struct sl_error *err)
{
    while (attempt(job, err) < 0) {
        if (job->attempts > job->retries || !sl_kind_passes(err->kind) || sl_file_final(job->file))
            return -1;
        if (wait_for_next(job, err) < 0 || sl_file_again(job->file, err) < 0)
            return -1;
    }
    return 0;
}

/* Is there nothing that could take the old file's place? */
bool sl_run_job_unchanged(const struct sl_run_job *job)
{
    return job->options.if_rows && job->receipt.rows == 0;
}

static int run_job(struct sl_run_job *job, struct sl_error *err)
{
    const char *pattern = job->options.output == NULL ? "-" : job->options.output;

    if (job->options.lock) {
        job->lock = sl_run_lock_take(job->export->name, pattern, job->output, err);
        if (job->lock == NULL)
            return -1;
    }
    job->file = sl_file_new(job->output, sl_attend_watch(job->attendant), err);
    if (job->file == NULL || attempts(job, err) < 0)
        return -1;
    if (sl_run_job_unchanged(job))
        return 0;
    const char *sum = job->options.sha256 ? job->receipt.sha256 : NULL;
    return sl_run_file_commit(job->file, job->output, sum, err);
}

int sl_run_job_execute(struct sl_run_job *job, struct sl_error *err)
{
    bool mixed = strcmp(job->output, "-") == 0 && isatty(STDOUT_FILENO);
    bool progress = isatty(STDERR_FILENO) && !mixed && !job->options.quiet && !job->options.verbose;

    job->attendant = sl_attend_start(progress, err);
    if (job->attendant == NULL)
        return -1;
    int rc = run_job(job, err);
    sl_file_free(job->file);
    return rc;
}
