/*
 * pgsluice run: one export to a file or standard output, as cron wants it.
 *
 *     read       options, names with the time in them, configuration, export, values
 *     lock       with --lock
 *     target     the new file beside the old one, before the database is asked
 *     attempts   one run each; with --retry another after what may pass
 *     commit     the new file takes the old one's place
 *     tell       the receipt, and one line on standard error
 *
 * A signal ends whatever is under way; nothing is left then but the old file.
 */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/units.h"
#include "catalog/format.h"
#include "cmd/attend.h"
#include "cmd/cmd.h"
#include "cmd/run_file.h"
#include "cmd/run_job.h"
#include "cmd/run_lock.h"
#include "cmd/target_name.h"

#define MOST_RETRIES 1000

/* Of standard error's buffer, so that a line is one write. */
#define LONGEST_LINE 4096

static const char usage[] =
    "usage: pgsluice run EXPORT [name=value ...] [OPTION...] [-c FILE]\n"
    "\n"
    "Runs the export into a file, or to standard output.\n"
    "\n"
    "  -o, --output FILE   a new file takes the place of FILE when it is whole; without -o, or as "
    "-,\n"
    "                      standard output. %Y%m%d and the like become the local time as in\n"
    "                      strftime(3), %% is a percent sign. Written as " SL_FORMATS ",\n"
    "                      by the end of the name\n"
    "  --if-rows           without a row, nothing is written and the old file stays\n"
    "  --lock              fail with exit code 75 while another run of the same -o is under way\n"
    "  --retry N           up to N further attempts after an error that may pass, each after "
    "about\n"
    "                      twice the wait of the one before; none once bytes went to a pipe\n"
    "  --receipt FILE      write the receipt as JSON, also that of a failure; a name as for -o\n"
    "  --sha256            write FILE.sha256, for sha256sum -c\n"
    "  -q, --quiet         say nothing but why it failed\n"
    "  -v, --verbose       log what is done\n"
    "  -c, --config FILE   the configuration; else $PGSLUICE_CONFIG, else\n"
    "                      /etc/pgsluice/pgsluice.conf\n"
    "  -h, --help          this text\n";

/* What is closed would be given to the next file that is opened, and the export written into it. */
static void fill_standard_descriptors(void)
{
    int fd = open("/dev/null", O_RDONLY);

    while (fd >= 0 && fd <= STDERR_FILENO)
        fd = open("/dev/null", O_RDONLY);
    if (fd >= 0)
        close(fd);
}

static int make_receipt(struct sl_run_job *job, struct sl_error *err)
{
    job->receipt = (struct sl_receipt){.estimated_rows = -1};
    sl_clock_utc(job->receipt.started_at);
    snprintf(job->receipt.export, sizeof job->receipt.export, "%s", job->name);
    return sl_uuid_make(job->receipt.id, err);
}

static int check_options(struct sl_run_job *job, struct sl_error *err)
{
    const struct sl_options *options = &job->options;

    if (options->quiet && options->verbose)
        return sl_error_set(err, SL_USAGE, "--quiet and --verbose exclude each other");
    if (options->retry != NULL && sl_parse_int(options->retry, 0, MOST_RETRIES, &job->retries) < 0)
        return sl_error_set(err, SL_USAGE, "--retry: '%s' is no number from 0 to %d",
                            options->retry, MOST_RETRIES);
    if (options->receipt != NULL && strcmp(options->receipt, "-") == 0)
        return sl_error_set(err, SL_USAGE, "--receipt: a receipt goes to a file");
    return 0;
}

/* Would the two names be one file: the same name in the same folder, or by a link? */
static bool same_file(const char *a, const char *b)
{
    const char *names[] = {basename(a), basename(b)};
    const char *paths[] = {a, b};
    struct stat files[2];
    struct stat folders[2];

    if (stat(a, &files[0]) == 0 && stat(b, &files[1]) == 0 && files[0].st_dev == files[1].st_dev &&
        files[0].st_ino == files[1].st_ino)
        return true;
    for (int i = 0; i < 2; i++) {
        char *folder = strndup(paths[i], (size_t)(names[i] - paths[i]));
        int rc = folder == NULL ? -1 : stat(folder[0] == '\0' ? "." : folder, &folders[i]);

        free(folder);
        if (rc != 0)
            return false;
    }
    return strcmp(names[0], names[1]) == 0 && folders[0].st_dev == folders[1].st_dev &&
           folders[0].st_ino == folders[1].st_ino;
}

/* A receipt in the place of the export or its sum would be all that is left of it. */
static int check_receipt(struct sl_run_job *job, struct sl_error *err)
{
    char *sum = sl_run_file_sum_path(job->output);
    int rc = 0;

    if (sum == NULL)
        rc = sl_error_nomem(err);
    else if (strcmp(job->output, "-") == 0)
        rc = 0;
    else if (same_file(job->receipt_file, job->output))
        rc = sl_error_set(err, SL_USAGE, "--receipt: %s is where the export goes", job->output);
    else if (job->options.sha256 && same_file(job->receipt_file, sum))
        rc = sl_error_set(err, SL_USAGE, "--receipt: %s is where the sum goes", sum);
    free(sum);
    if (rc < 0) {
        free(job->receipt_file); /* also no receipt of this error */
        job->receipt_file = NULL;
    }
    return rc;
}

/* The same moment for all names, however long the attempts take. */
static int make_names(struct sl_run_job *job, struct sl_error *err)
{
    const struct sl_options *options = &job->options;
    time_t now = time(NULL);

    job->output = sl_target_name(options->output == NULL ? "-" : options->output, now, err);
    if (job->output == NULL)
        return -1;
    if (options->receipt == NULL)
        return 0;
    job->receipt_file = sl_target_name(options->receipt, now, err);
    return job->receipt_file == NULL ? -1 : check_receipt(job, err);
}

/* A name that promises what this version does not write must not get plain CSV. */
static int check_name(const struct sl_run_job *job, struct sl_error *err)
{
    static const char *const others[] = {".gz",  ".zst", ".bz2",  ".xz",
                                         ".lz4", ".zip", ".json", ".xlsx"};
    size_t len = strlen(job->output);

    if (sl_format_of_file(job->output) != NULL)
        return 0;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        size_t end = strlen(others[i]);

        if (len > end && strcasecmp(job->output + len - end, others[i]) == 0)
            return sl_error_set(err, SL_USAGE, "%s: a name may end in " SL_FORMATS ", not in %s",
                                job->output, others[i]);
    }
    return 0;
}

/* Small files that come last: whether they can be made is looked at first. */
static int check_files(const struct sl_run_job *job, struct sl_error *err)
{
    struct stat st;

    if (job->receipt_file != NULL && sl_run_file_check(job->receipt_file, err) < 0)
        return -1;
    if (!job->options.sha256)
        return 0;
    if (strcmp(job->output, "-") == 0 || (stat(job->output, &st) == 0 && !S_ISREG(st.st_mode)))
        return sl_error_set(err, SL_USAGE, "--sha256 needs a plain file: -o FILE");
    char *sum = sl_run_file_sum_path(job->output);
    int rc = sum == NULL ? sl_error_nomem(err) : sl_run_file_check(sum, err);
    free(sum);
    return rc;
}

/* What is wrong with the export that is to run. */
struct mistake {
    const char *directory;
    const char *name;
    struct sl_error *err;
    bool found;
};

/* Keeps the one in this export's file or about the directory; those of other files stop nothing. */
static void exports_error(void *ctx, const struct sl_error *err)
{
    struct mistake *mistake = ctx;
    size_t len = strlen(mistake->directory);
    size_t name_len = strlen(mistake->name);
    const char *rest = err->message + len;

    if (strncmp(err->message, mistake->directory, len) != 0)
        return;
    if (rest[0] == '/' && strncmp(rest + 1, mistake->name, name_len) == 0)
        rest += strncmp(rest + 1 + name_len, ".sql", 4) == 0 ? 1 + name_len + 4 : 0;
    if (*rest != ':' || mistake->found)
        return;
    mistake->found = true;
    *mistake->err = *err;
}

static int load(struct sl_run_job *job, struct sl_error *err)
{
    struct mistake mistake = {.name = job->name, .err = err};
    struct sl_catalog *catalog = NULL;
    struct sl_config *config;

    if (sl_setup_config(job->options.config, false, &config, err) < 0) {
        err->kind = SL_CONFIG;
        return -1;
    }
    mistake.directory = config->exports.directory;
    int bad = sl_catalog_load(config->exports.directory, exports_error, &mistake, &catalog);
    if ((bad < 0 && mistake.found) || catalog == NULL) {
        sl_catalog_free(catalog);
        sl_config_free(config);
        return mistake.found ? -1 : sl_error_nomem(err);
    }
    job->setup = sl_setup_new(config, catalog);
    if (job->setup == NULL)
        return sl_error_nomem(err);
    enum sl_level level = config->log.level < SL_LOG_INFO ? config->log.level : SL_LOG_INFO;
    /* Without --verbose the one line at the end says it all. */
    sl_log_setup(job->options.verbose ? level : SL_LOG_ERROR, config->log.json);
    return 0;
}

int sl_run_job_query(const struct sl_run_job *job, struct sl_query *query, struct sl_error *err)
{
    const struct sl_format *format = sl_format_of_file(job->output);

    return sl_query_bind(job->export, format != NULL ? format : &sl_formats[0], &job->args, query,
                         err);
}

static int find_export(struct sl_run_job *job, int argc, char **argv, struct sl_error *err)
{
    struct sl_query query = {0};

    job->export = sl_catalog_find(job->setup->catalog, job->name);
    if (job->export == NULL)
        return sl_error_set(err, SL_NOT_FOUND, "there is no such export: see pgsluice list");
    if (sl_options_args(argc, argv, &job->args, err) < 0)
        return -1;
    int rc = sl_run_job_query(job, &query, err);
    sl_query_fini(&query);
    return rc;
}

int sl_cmd_run(int argc, char **argv)
{
    struct sl_run_job job = {0};
    struct sl_error err;

    fill_standard_descriptors();
    (void)setvbuf(stderr, NULL, _IOLBF, LONGEST_LINE);
    int code = sl_options_read(argc, argv, "coilpqtvx", true, usage, &job.options);
    if (code >= 0)
        return code;
    if (optind == argc) {
        sl_error_set(&err, SL_USAGE, "run: which export? see pgsluice list");
        return sl_fail(&err);
    }
    job.name = argv[optind];
    int rc = make_receipt(&job, &err);
    if (rc == 0)
        rc = check_options(&job, &err);
    if (rc == 0)
        rc = make_names(&job, &err);
    if (rc == 0)
        rc = check_name(&job, &err);
    if (rc == 0)
        rc = check_files(&job, &err);
    if (rc == 0)
        rc = load(&job, &err);
    if (rc == 0)
        rc = find_export(&job, argc - optind - 1, argv + optind + 1, &err);
    if (rc == 0)
        rc = sl_run_job_execute(&job, &err);
    code = sl_run_job_tell(&job, rc, &err);
    sl_run_lock_release(job.lock); /* not before: the receipt is part of the job */
    sl_attend_stop(job.attendant);
    if (job.setup != NULL)
        sl_setup_release(job.setup);
    free(job.args.v);
    free(job.output);
    free(job.receipt_file);
    return code;
}
