/*
 * The status page as it stands without its script, for who has none; status.js goes on
 * from there.  What repeats is made by the same HTML for a run and for the templates of
 * the script, which finds its places by data-is.
 */
#include <stdio.h>
#include <string.h>

#include "base/human.h"
#include "http/page.h"
#include "http/status.h"

#define NOTHING "\xE2\x80\x93" /* an en dash: not known, or none */

#define RATE_TEXT (2 * SL_HUMAN_TEXT + 16)

/* Rows of about so many, and the bar of the same; a max of 1 shows none. */
struct progress {
    char rows[SL_HUMAN_TEXT];
    char max[SL_HUMAN_TEXT];
    char text[3 * SL_HUMAN_TEXT];
};

/* `rows` beyond the estimate are told without it: an estimate that is passed says nothing. */
static void show_progress(const struct sl_receipt *run, struct progress *progress)
{
    char rows[SL_HUMAN_TEXT];
    char estimate[SL_HUMAN_TEXT];
    bool estimated = run->estimated_rows > 0 && run->rows <= run->estimated_rows;

    *progress = (struct progress){.rows = "0", .max = "1"};
    sl_human_number(run->rows, rows);
    if (run->state == SL_RUN_QUEUED) {
        snprintf(progress->text, sizeof progress->text, "Waits for a slot");
        return;
    }
    if (!estimated) {
        snprintf(progress->text, sizeof progress->text, "%s rows", rows);
        return;
    }
    sl_human_number(run->estimated_rows, estimate);
    snprintf(progress->rows, sizeof progress->rows, "%lld", (long long)run->rows);
    snprintf(progress->max, sizeof progress->max, "%lld", (long long)run->estimated_rows);
    snprintf(progress->text, sizeof progress->text, "%s of about %s rows, %d %%", rows, estimate,
             (int)((double)run->rows * 100 / (double)run->estimated_rows));
}

/* Over all of the time so far; the script has that of the last seconds. */
static void show_rate(const struct sl_receipt *run, char text[RATE_TEXT])
{
    char rows[SL_HUMAN_TEXT];
    char bytes[SL_HUMAN_TEXT];

    snprintf(text, RATE_TEXT, "%s", NOTHING);
    if (run->total_ms <= 0 || run->state == SL_RUN_QUEUED)
        return;
    sl_human_number((int64_t)((double)run->rows * 1000 / (double)run->total_ms), rows);
    sl_human_size((int64_t)((double)run->bytes * 1000 / (double)run->total_ms), bytes);
    snprintf(text, RATE_TEXT, "%s rows/s, %s/s", rows, bytes);
}

static void show_held(int64_t ms, char text[SL_HUMAN_TEXT])
{
    if (ms < 0)
        snprintf(text, SL_HUMAN_TEXT, "%s", NOTHING);
    else
        sl_human_time(ms, text);
}

/* A run under way. The button is the script's to show: a link or a form cannot cancel. */
static int put_run(struct sl_buf *out, const struct sl_receipt *run)
{
    const char *state = sl_run_state_name(run->state);
    struct progress progress;
    char rate[RATE_TEXT];
    char elapsed[SL_HUMAN_TEXT];
    char held[SL_HUMAN_TEXT];
    char bytes[SL_HUMAN_TEXT];
    char sent[SL_HUMAN_TEXT];
    char memory[SL_HUMAN_TEXT];

    show_progress(run, &progress);
    show_rate(run, rate);
    sl_human_time(run->total_ms, elapsed);
    show_held(run->held_ms, held);
    sl_human_size(run->bytes, bytes);
    sl_human_size(run->bytes_sent, sent);
    sl_human_size(run->peak_memory, memory);
    return sl_page_put(
        out,
        "<li class=\"card run\" data-id=\"%s\">\n"
        "<div class=\"row\"><h3 data-is=\"export\">%s</h3>"
        "<span class=\"badge %s\" data-is=\"state\">%s</span>"
        "<code class=\"soft\" data-is=\"id\">%s</code>"
        "<button type=\"button\" class=\"danger\" data-is=\"cancel\" hidden>Cancel</button></div>\n"
        "<p data-is=\"progress\">%s</p>\n"
        "<progress data-is=\"bar\" value=\"%s\" max=\"%s\" aria-hidden=\"true\"></progress>\n"
        "<dl class=\"facts\">"
        "<div><dt>Rate</dt><dd data-is=\"rate\">%s</dd></div>"
        "<div><dt>Since the request</dt><dd data-is=\"elapsed\">%s</dd></div>"
        "<div><dt>Snapshot held</dt><dd data-is=\"held\">%s</dd></div>"
        "<div><dt>Written</dt><dd data-is=\"bytes\">%s</dd></div>"
        "<div><dt>Sent</dt><dd data-is=\"sent\">%s</dd></div>"
        "<div><dt>Memory</dt><dd data-is=\"memory\">%s</dd></div>"
        "<div><dt>Who</dt><dd data-is=\"who\">%s</dd></div>"
        "<div><dt>From</dt><dd data-is=\"peer\">%s</dd></div>"
        "</dl></li>\n",
        run->id, run->export, state, state, run->id, progress.text, progress.rows, progress.max,
        rate, elapsed, held, bytes, sent, memory, run->owner, run->peer);
}

/* Of 2026-01-02T03:04:05.678Z the time, 03:04:05. */
static void show_clock(const char *rfc3339, char text[SL_TIME_TEXT])
{
    snprintf(text, SL_TIME_TEXT, "%.8s", strlen(rfc3339) > 11 ? rfc3339 + 11 : "");
}

/* 2026-01-02 03:04:05 */
static void show_moment(const char *rfc3339, char text[2 * SL_TIME_TEXT])
{
    char clock[SL_TIME_TEXT];

    show_clock(rfc3339, clock);
    snprintf(text, (size_t)2 * SL_TIME_TEXT, "%.10s %s", rfc3339, clock);
}

/* A run that has ended. */
static int put_ended(struct sl_buf *out, const struct sl_receipt *run)
{
    const char *state = sl_run_state_name(run->state);
    char error[sizeof run->detail + 64] = "";
    char rows[SL_HUMAN_TEXT];
    char bytes[SL_HUMAN_TEXT];
    char took[SL_HUMAN_TEXT];
    char clock[SL_TIME_TEXT];
    char day[16];

    if (run->kind != SL_NONE)
        snprintf(error, sizeof error, "%s: %s", sl_kind_name(run->kind), run->detail);
    sl_human_number(run->rows, rows);
    sl_human_size(run->bytes, bytes);
    sl_human_time(run->total_ms, took);
    show_clock(run->finished_at, clock);
    snprintf(day, sizeof day, "%.10s", run->finished_at);
    return sl_page_put(out,
                       "<tr role=\"row\" data-id=\"%s\"><th scope=\"row\" role=\"rowheader\"><span "
                       "data-is=\"export\">%s</span>"
                       "<small data-is=\"who\">%s</small><small data-is=\"peer\">%s</small></th>"
                       "<td role=\"cell\"><span class=\"badge %s\" data-is=\"state\">%s</span>"
                       "<small data-is=\"error\">%s</small></td>"
                       "<td role=\"cell\" class=\"number\"><span data-is=\"rows\">%s rows</span>"
                       "<small data-is=\"bytes\">%s</small></td>"
                       "<td role=\"cell\" class=\"number\"><span data-is=\"clock\">%s</span>"
                       "<small data-is=\"day\">%s</small>"
                       "<small>took <span data-is=\"took\">%s</span></small></td></tr>\n",
                       run->id, run->export, run->owner, run->peer, state, state, error, rows,
                       bytes, clock, day, took);
}

static int put_figure(struct sl_buf *out, const char *name, const char *title, const char *value,
                      const char *more)
{
    return sl_page_put(out,
                       "<div class=\"card\"><dt>%s</dt><dd data-is=\"%s\">%s</dd>"
                       "<dd class=\"soft\" data-is=\"%s-more\">%s</dd></div>\n",
                       title, name, value, name, more);
}

static int put_figures(struct sl_buf *out, const struct sl_status *status)
{
    const struct sl_service_now *now = &status->service;
    char slots[64];
    char waiting[32];
    char room[48];
    char held[SL_HUMAN_TEXT];
    char resident[SL_HUMAN_TEXT];
    char limit[SL_HUMAN_TEXT];
    char part[SL_HUMAN_TEXT + 32];

    snprintf(slots, sizeof slots, "%d of %d", now->slots_held, now->slots);
    snprintf(waiting, sizeof waiting, "%d", now->waiting);
    snprintf(room, sizeof room, "of at most %lld", (long long)status->queue_length);
    show_held(now->in_transaction > 0 ? now->held_ms : -1, held);
    sl_human_size(status->resident, resident);
    sl_human_size(status->limit, limit);
    snprintf(part, sizeof part, "%d %% of the limit, %s",
             status->limit > 0 ? (int)(status->resident * 100 / status->limit) : 0, limit);
    if (sl_buf_puts(out, "<dl class=\"figures\" id=\"figures\">\n") < 0 ||
        put_figure(out, "slots", "Slots taken", slots, "one for each running export") < 0 ||
        put_figure(out, "waiting", "Waiting for a slot", waiting, room) < 0 ||
        put_figure(out, "oldest", "Oldest snapshot", held, "how long it is held") < 0 ||
        put_figure(out, "memory", "Memory", resident, part) < 0)
        return -1;
    return sl_buf_puts(out, "</dl>\n"
                            "<figure class=\"card\" id=\"spark\" hidden><div></div>"
                            "<figcaption class=\"soft\"></figcaption></figure>\n");
}

/* Those that run, then those that wait; of each the oldest first. */
static int put_under_way(struct sl_buf *out, const struct sl_runs *runs)
{
    for (int queued = 0; queued <= 1; queued++)
        for (size_t i = runs->n_under_way; i > 0; i--) {
            const struct sl_receipt *run = &runs->under_way[i - 1];

            if ((run->state == SL_RUN_QUEUED) == queued && put_run(out, run) < 0)
                return -1;
        }
    return 0;
}

static int put_ended_runs(struct sl_buf *out, const struct sl_runs *runs)
{
    char told[96];

    if (runs->n_ended == 0)
        snprintf(told, sizeof told, "None yet.");
    else
        snprintf(told, sizeof told, "The last %zu of %zu remembered. Times are UTC.", runs->n_ended,
                 runs->remembered);
    if (sl_page_put(out,
                    "<section aria-labelledby=\"recent-title\">\n"
                    "<h2 id=\"recent-title\">Ended</h2>\n"
                    "<p class=\"soft\" id=\"told\">%s</p>\n"
                    /* The roles stay where the style makes no table of it. */
                    "<table role=\"table\" aria-labelledby=\"recent-title\">\n"
                    "<thead role=\"rowgroup\"><tr role=\"row\">"
                    "<th scope=\"col\" role=\"columnheader\">Export</th>"
                    "<th scope=\"col\" role=\"columnheader\">State</th>"
                    "<th scope=\"col\" role=\"columnheader\" class=\"number\">Size</th>"
                    "<th scope=\"col\" role=\"columnheader\" class=\"number\">Ended</th>"
                    "</tr></thead>\n"
                    "<tbody role=\"rowgroup\" id=\"recent\">",
                    told) < 0)
        return -1;
    for (size_t i = 0; i < runs->n_ended; i++)
        if (put_ended(out, &runs->ended[i]) < 0)
            return -1;
    return sl_buf_puts(out, "</tbody>\n</table>\n</section>\n");
}

static int put_live(struct sl_buf *out, const struct sl_status *status, bool hidden)
{
    char started[2 * SL_TIME_TEXT];
    char now[2 * SL_TIME_TEXT];

    show_moment(status->started_at, started);
    show_moment(status->now, now);
    if (sl_buf_puts(out, hidden ? "<div id=\"live\" hidden>\n" : "<div id=\"live\">\n") < 0 ||
        sl_page_put(out,
                    "<p class=\"soft\" id=\"summary\">Version %s, started %s, as of %s UTC</p>\n",
                    hidden ? "" : PACKAGE_VERSION, started, now) < 0 ||
        put_figures(out, status) < 0 ||
        sl_buf_puts(out, "<section aria-labelledby=\"running-title\">\n"
                         "<h2 id=\"running-title\" tabindex=\"-1\">Under way</h2>\n"
                         "<ul class=\"runs\" id=\"running\">") < 0 ||
        put_under_way(out, &status->runs) < 0 ||
        sl_buf_puts(out, "</ul>\n<p class=\"soft\" id=\"idle\">No export is under way.</p>\n"
                         "</section>\n") < 0 ||
        put_ended_runs(out, &status->runs) < 0)
        return -1;
    return sl_buf_puts(out, "</div>\n");
}

/* What the script clones. */
static int put_templates(struct sl_buf *out)
{
    static const struct sl_receipt none;

    if (sl_buf_puts(out, "<template id=\"run\">") < 0 || put_run(out, &none) < 0 ||
        sl_buf_puts(out, "</template>\n<template id=\"ended\">") < 0 || put_ended(out, &none) < 0)
        return -1;
    return sl_buf_puts(out, "</template>\n");
}

/* Where the script tells its troubles, and asks for the token. */
#define HEAD                                                                                       \
    "<h1>Status</h1>\n"                                                                            \
    "<p class=\"unseen\" role=\"status\" id=\"said\"></p>\n"                                       \
    "<p class=\"notice bad\" id=\"trouble\" hidden></p>\n"                                         \
    "<p class=\"notice\" id=\"news\" hidden></p>\n"                                                \
    "<form class=\"card\" id=\"ask\" hidden>\n"                                                    \
    "<p><label for=\"token\">The admin token of this service</label></p>\n"                        \
    "<div class=\"row\"><input type=\"password\" id=\"token\" autocomplete=\"off\" required "      \
    "aria-describedby=\"kept\"><button class=\"main\">Show the status</button></div>\n"            \
    "<p class=\"soft\" id=\"kept\">It is kept until this tab is closed.</p>\n"                     \
    "</form>\n"

#define NO_SCRIPT                                                                                  \
    "<noscript><p class=\"notice\">Without JavaScript this page stands still: "                    \
    "<a href=\"status\">reload it</a>. To cancel a run: <code>curl -X DELETE -H 'X-Pgsluice: 1' "  \
    "ADDRESS/runs/ID</code></p></noscript>\n"

#define NO_SCRIPT_NO_TOKEN                                                                         \
    "<noscript><p class=\"notice\">This service has an admin token, which a browser sends only "   \
    "with JavaScript. Without it: <code>curl -H 'Authorization: Bearer TOKEN' "                    \
    "ADDRESS/status.json</code></p></noscript>\n"

int sl_status_page(const struct sl_status *status, struct sl_buf *out)
{
    static const struct sl_status nothing = {.started_at = "", .reload_ok = true};
    bool may = status != NULL;

    if (sl_page_begin(out, "Status of pgsluice", "status/", "status") < 0 ||
        sl_buf_puts(out, HEAD) < 0 || sl_buf_puts(out, may ? NO_SCRIPT : NO_SCRIPT_NO_TOKEN) < 0 ||
        put_live(out, may ? status : &nothing, !may) < 0 || put_templates(out) < 0)
        return -1;
    return sl_page_end(out);
}
