/*
 * `GET /metrics`: what Prometheus scrapes.  Nothing here comes from a caller: an
 * export is named as the catalogue names it, all other labels are the program's.
 */
#include <stddef.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/process.h"
#include "export/stats.h"
#include "http/exposition.h"
#include "http/guard.h"
#include "http/reply.h"
#include "http/routes.h"
#include "http/server.h"
#include "pg/session.h"

static struct sl_labels of_export(const struct sl_export_stats *export)
{
    return SL_LABEL("export", export->name);
}

static void gauge(struct sl_exposition *text, const char *name, const char *help, int64_t value)
{
    sl_exposition_family(text, name, "gauge", help);
    sl_exposition_int(text, SL_NO_LABELS, value);
}

static void gauge_real(struct sl_exposition *text, const char *name, const char *help, double value)
{
    sl_exposition_family(text, name, "gauge", help);
    sl_exposition_real(text, SL_NO_LABELS, value);
}

static void put_build(struct sl_exposition *text)
{
    sl_exposition_family(text, "pgsluice_build_info", "gauge", "Versions; the value is always 1.");
    sl_exposition_int(text,
                      (struct sl_labels){{{"version", PACKAGE_VERSION},
                                          {"libpq", sl_pg_version()},
                                          {"libmicrohttpd", sl_http_version()}}},
                      1);
}

/* A family with one number of each export: where it is in struct sl_export_stats. */
static void each_export(struct sl_exposition *text, const struct sl_stats_copy *copy,
                        const char *name, const char *type, const char *help, size_t member)
{
    sl_exposition_family(text, name, type, help);
    for (size_t i = 0; i < copy->n; i++) {
        const char *number = (const char *)&copy->exports[i] + member;

        sl_exposition_int(text, of_export(&copy->exports[i]),
                          *(const int64_t *)(const void *)number);
    }
}

/* Likewise with a histogram of each export. */
static void each_histogram(struct sl_exposition *text, const struct sl_stats_copy *copy,
                           const char *name, const char *help, size_t member,
                           const struct sl_buckets *buckets, int64_t unit)
{
    sl_exposition_family(text, name, "histogram", help);
    for (size_t i = 0; i < copy->n; i++) {
        const char *histogram = (const char *)&copy->exports[i] + member;

        sl_exposition_histogram(text, of_export(&copy->exports[i]),
                                (const struct sl_histogram *)(const void *)histogram, buckets,
                                unit);
    }
}

#define MEMBER(name) offsetof(struct sl_export_stats, name)

static void put_ends(struct sl_exposition *text, const struct sl_stats_copy *copy)
{
    static const enum sl_run_state ends[] = {SL_RUN_COMPLETE, SL_RUN_FAILED, SL_RUN_CANCELLED};

    sl_exposition_family(text, "pgsluice_exports_total", "counter",
                         "Exports that have ended, by how they ended.");
    for (size_t i = 0; i < copy->n; i++) {
        const struct sl_export_stats *one = &copy->exports[i];

        for (size_t j = 0; j < sizeof(ends) / sizeof(ends[0]); j++)
            sl_exposition_int(
                text,
                (struct sl_labels){{{"export", one->name}, {"state", sl_run_state_name(ends[j])}}},
                one->ended[ends[j]]);
    }
}

static void put_exports(struct sl_exposition *text, const struct sl_stats_copy *copy)
{
    each_export(text, copy, "pgsluice_exports_running", "gauge",
                "Exports that have begun and not ended.", MEMBER(running));
    put_ends(text, copy);
    each_export(text, copy, "pgsluice_rows_total", "counter",
                "Rows written, also of exports that failed later.", MEMBER(rows));
    each_export(text, copy, "pgsluice_bytes_total", "counter",
                "Bytes of the files written, before any Content-Encoding.", MEMBER(bytes));
    each_export(text, copy, "pgsluice_sent_bytes_total", "counter",
                "Bytes of bodies that the kernel took for clients.", MEMBER(sent));
    each_export(text, copy, "pgsluice_memory_exceeded_total", "counter",
                "Exports that took more than [limits] memory, because of a wide row.",
                MEMBER(over_memory));
}

static void put_histograms(struct sl_exposition *text, const struct sl_stats_copy *copy)
{
    each_histogram(text, copy, "pgsluice_export_duration_seconds",
                   "Time from request to end, of exports that have ended in any way.",
                   MEMBER(duration), &sl_duration_buckets, 1000);
    each_histogram(text, copy, "pgsluice_time_to_first_byte_seconds",
                   "Time from request to first batch of rows, the queue included.", MEMBER(ttfb),
                   &sl_ttfb_buckets, 1000);
    each_histogram(text, copy, "pgsluice_export_peak_memory_bytes",
                   "The most that the buffers of an export held, as its receipt tells.",
                   MEMBER(memory), &sl_memory_buckets, 1);
    sl_exposition_family(text, "pgsluice_queue_wait_seconds", "histogram",
                         "Time that requests waited for a slot, those turned away included.");
    sl_exposition_histogram(text, SL_NO_LABELS, &copy->wait, &sl_wait_buckets, 1000);
}

/* A sample for each kind, also where nothing was counted yet: a first one must show as a rise. */
static void put_kinds(struct sl_exposition *text, const char *label, const int64_t *counts)
{
    for (enum sl_kind kind = SL_NONE; kind < SL_KIND_COUNT; kind++) {
        /* Of the command line only; the output kinds share a name. */
        if (kind != SL_NONE && kind != SL_USAGE && kind != SL_OUTPUT_CREATE &&
            kind != SL_OUTPUT_WRITE)
            sl_exposition_int(text, SL_LABEL(label, sl_kind_name(kind)), counts[kind]);
    }
}

static void put_troubles(struct sl_exposition *text, const struct sl_stats_copy *copy)
{
    sl_exposition_family(text, "pgsluice_export_errors_total", "counter",
                         "Exports that began and ended early, by cause.");
    put_kinds(text, "kind", copy->failed);
    sl_exposition_family(text, "pgsluice_rejected_total", "counter",
                         "Requests that the database never saw, by reason.");
    put_kinds(text, "reason", copy->refused);
    sl_exposition_family(text, "pgsluice_client_disconnects_total", "counter",
                         "Clients that left before the end of an export, or while they waited.");
    sl_exposition_int(text, SL_NO_LABELS, copy->left);
}

static void put_database(struct sl_exposition *text, const struct sl_stats_copy *copy,
                         const struct sl_service_now *now)
{
    int connecting = now->slots_held - now->in_transaction;
    int64_t held = now->held_ms > copy->held_max_ms ? now->held_ms : copy->held_max_ms;

    gauge(text, "pgsluice_slots_limit", "[database] max_exports.", now->slots);
    gauge(text, "pgsluice_slots_in_use", "Slots that exports hold.", now->slots_held);
    gauge(text, "pgsluice_queue_length", "Requests that wait for a slot.", now->waiting);
    sl_exposition_family(text, "pgsluice_database_connections", "gauge",
                         "Connections to the database: in a transaction, kept for the next export, "
                         "or about to connect.");
    sl_exposition_int(text, SL_LABEL("state", "active"), now->in_transaction);
    sl_exposition_int(text, SL_LABEL("state", "idle"), now->idle);
    /* The two numbers are not of the very same moment. */
    sl_exposition_int(text, SL_LABEL("state", "connecting"), connecting > 0 ? connecting : 0);
    gauge_real(text, "pgsluice_snapshot_held_seconds",
               "How long the oldest snapshot of a running export is held.",
               (double)now->held_ms / 1000);
    gauge_real(text, "pgsluice_snapshot_held_max_seconds",
               "The longest that a snapshot was held since the start.", (double)held / 1000);
}

/* The formula of base/limits.h, part by part. */
static void put_formula(struct sl_exposition *text, const struct sl_config *config, int64_t base)
{
    gauge(text, "pgsluice_memory_base_bytes", "Resident memory before the first request.", base);
    gauge(text, "pgsluice_memory_limit_bytes",
          "[limits] memory: the buffers of one running export but for one row.",
          config->limits.memory);
    gauge(text, "pgsluice_memory_row_bytes",
          "What a row as wide as [limits] max_row takes beside that.",
          SL_ROW_MEMORY(config->limits.max_row));
    gauge(text, "pgsluice_memory_compression_bytes",
          "What a running export takes beside that when it is compressed.", SL_COMPRESS_MEMORY);
    gauge(text, "pgsluice_memory_encoding_bytes",
          "What a running export takes beside that in another encoding.", SL_ENCODE_MEMORY);
}

static void put_process(struct sl_exposition *text, int64_t started_at)
{
    struct sl_process process;

    sl_process_look(&process);
    gauge(text, "process_resident_memory_bytes", "Resident memory (VmRSS).", process.resident);
    gauge(text, "pgsluice_memory_anonymous_bytes", "Resident memory that no file backs (RssAnon).",
          process.anonymous);
    gauge(text, "process_open_fds", "Open file descriptors.", process.open_fds);
    gauge(text, "process_max_fds", "The most that may be open.", process.max_fds);
    gauge(text, "process_start_time_seconds", "Start of the service, as Unix time.", started_at);
    sl_exposition_family(text, "process_cpu_seconds_total", "counter", "User and system time.");
    sl_exposition_real(text, SL_NO_LABELS, process.cpu_seconds);
}

static void put_service(struct sl_exposition *text, const struct sl_http *http,
                        const struct sl_stats_copy *copy)
{
    gauge(text, "pgsluice_draining", "1 while the service ends and takes no new exports.",
          atomic_load(&http->draining));
    gauge(text, "pgsluice_config_last_reload_successful",
          "1 when the last reload, or the start, went well.", copy->reload_ok);
    gauge(text, "pgsluice_config_last_reload_success_timestamp_seconds",
          "When the configuration in force was read, as Unix time.", copy->reloaded_at);
}

static int put_all(const struct sl_request *request, struct sl_buf *out)
{
    struct sl_exposition text = {.out = out};
    const struct sl_http *http = request->http;
    struct sl_stats_copy copy;
    struct sl_service_now now;

    if (sl_stats_copy(sl_service_stats(http->service), &copy) < 0)
        return -1;
    sl_service_look(http->service, &now);
    put_build(&text);
    put_service(&text, http, &copy);
    put_exports(&text, &copy);
    put_histograms(&text, &copy);
    put_troubles(&text, &copy);
    put_database(&text, &copy, &now);
    put_formula(&text, request->setup->config, http->base_memory);
    put_process(&text, copy.started_at);
    free(copy.exports);
    return sl_exposition_done(&text);
}

/* The body is held for as long as a slow client likes: not for any number of them. */
static int enter(struct sl_request *request, struct sl_error *err)
{
    atomic_int *scrapes = &request->http->scrapes;

    request->scrapes = atomic_fetch_add(scrapes, 1) < SL_SCRAPES;
    if (request->scrapes)
        return 0;
    atomic_fetch_sub(scrapes, 1);
    return sl_error_set(err, SL_BUSY, "%d scrapes are under way", SL_SCRAPES);
}

void sl_metrics_done(struct sl_request *request)
{
    if (request->scrapes)
        atomic_fetch_sub(&request->http->scrapes, 1);
}

enum MHD_Result sl_serve_metrics(struct sl_request *request)
{
    const unsigned methods = SL_GET | SL_HEAD;
    struct sl_buf out;
    struct sl_error err;

    if (sl_guard_method(request, methods, &err) != 0)
        return sl_reply_problem(request, &err, NULL, methods);
    if (enter(request, &err) != 0)
        return sl_reply_problem(request, &err, NULL, 0);
    sl_buf_init(&out, SL_SCRAPE_MAX);
    if (put_all(request, &out) < 0) {
        sl_buf_free(&out);
        sl_error_nomem(&err);
        return sl_reply_problem(request, &err, NULL, 0);
    }
    enum MHD_Result result = sl_reply_body(request, SL_EXPOSITION_TYPE, &out);
    sl_buf_free(&out);
    return result;
}
