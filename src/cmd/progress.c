#include "cmd/progress.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define BAR_COLUMNS 20
#define NUMBER_TEXT 32

/* A time left is no better than the rate, which takes a moment to be one (ms). */
#define RATE_MS 500

/* 1234567 as 1,234,567. */
static void group(int64_t number, char text[NUMBER_TEXT])
{
    char digits[NUMBER_TEXT];
    int n = snprintf(digits, sizeof digits, "%" PRId64, number);
    size_t len = 0;

    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            text[len++] = ',';
        text[len++] = digits[i];
    }
    text[len] = '\0';
}

/* In PostgreSQL's units, of 1024. */
static void size_text(double bytes, char text[NUMBER_TEXT])
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    size_t unit = 0;

    while (bytes >= 1024 && unit + 1 < sizeof units / sizeof units[0]) {
        bytes /= 1024;
        unit++;
    }
    snprintf(text, NUMBER_TEXT, "%.*f %s", unit > 0 && bytes < 100 ? 1 : 0, bytes, units[unit]);
}

/* 0:07, 12:34, 1:02:03 */
static void time_text(int64_t ms, char text[NUMBER_TEXT])
{
    int64_t s = ms / 1000;

    if (s < 3600)
        snprintf(text, NUMBER_TEXT, "%" PRId64 ":%02" PRId64, s / 60, s % 60);
    else
        snprintf(text, NUMBER_TEXT, "%" PRId64 ":%02" PRId64 ":%02" PRId64, s / 3600, s / 60 % 60,
                 s % 60);
}

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
    char bar[BAR_COLUMNS + NUMBER_TEXT] = "";
    char rows[NUMBER_TEXT];
    char bytes[NUMBER_TEXT];
    char speed[NUMBER_TEXT];
    char time[NUMBER_TEXT];

    if (estimated)
        bar_text(part, bar, sizeof bar);
    group(progress->rows, rows);
    size_text((double)progress->bytes, bytes);
    size_text(rate, speed);
    if (estimated && rated)
        time_text((int64_t)((1 / part - 1) * (double)progress->rows_ms), time);
    else
        time_text(progress->ms, time);
    int n = snprintf(text, size, "%s%s %s rows, %s, %s/s, %s%s", progress->name, bar, rows, bytes,
                     speed, time, estimated && rated ? " left" : "");
    size_t len = n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
    if (width > 0 && len > (size_t)width)
        len = (size_t)width;
    text[len] = '\0';
    return len;
}
