#include "cmd/progress.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/human.h"

#define BAR_COLUMNS 20

/* A time left is no better than the rate, which takes a moment to be one (ms). */
#define RATE_MS 500

/* " 45% [#########           ]" */
static void bar_text(double part, char *text, size_t size)
{
    static const char full[] = "####################";
    int n = (int)(part * BAR_COLUMNS);

    snprintf(text, size, " %2d%% [%-*.*s]", (int)(part * 100), BAR_COLUMNS, n, full);
}

size_t sl_progress_line(const struct sl_progress *progress, int width, char *text, size_t size)
{
    bool estimated = progress->rows < progress->estimated_rows;
    double part = estimated ? (double)progress->rows / (double)progress->estimated_rows : 0;
    bool rated = progress->rows > 0 && progress->rows_ms >= RATE_MS;
    double rate = rated ? (double)progress->bytes * 1000 / (double)progress->rows_ms : 0;
    char bar[BAR_COLUMNS + SL_HUMAN_TEXT] = "";
    char rows[SL_HUMAN_TEXT];
    char bytes[SL_HUMAN_TEXT];
    char speed[SL_HUMAN_TEXT];
    char time[SL_HUMAN_TEXT];

    if (estimated)
        bar_text(part, bar, sizeof bar);
    sl_human_number(progress->rows, rows);
    sl_human_size(progress->bytes, bytes);
    sl_human_size((int64_t)rate, speed);
    if (estimated && rated)
        sl_human_time((int64_t)((1 / part - 1) * (double)progress->rows_ms), time);
    else
        sl_human_time(progress->ms, time);
    int n = snprintf(text, size, "%s%s %s rows, %s, %s/s, %s%s", progress->name, bar, rows, bytes,
                     speed, time, estimated && rated ? " left" : "");
    size_t len = n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
    if (width > 0 && len > (size_t)width)
        len = (size_t)width;
    text[len] = '\0';
    return len;
}
