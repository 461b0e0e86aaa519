#include "base/clock.h"

#include <limits.h>
#include <stdio.h>
#include <time.h>

int64_t sl_clock_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t sl_clock_ms(void)
{
    return sl_clock_us() / 1000;
}

void sl_clock_utc(char text[SL_TIME_TEXT])
{
    sl_clock_utc_in(0, text);
}

void sl_clock_utc_in(int64_t ms, char text[SL_TIME_TEXT])
{
    struct timespec now;
    struct tm tm;
    size_t n;

    clock_gettime(CLOCK_REALTIME, &now);
    ms += now.tv_nsec / 1000000;
    now.tv_sec += ms / 1000;
    gmtime_r(&now.tv_sec, &tm);
    n = strftime(text, SL_TIME_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text + n, SL_TIME_TEXT - n, ".%03dZ", (int)(ms % 1000));
}

void sl_clock_utc_day(char text[SL_TIME_TEXT])
{
    time_t now = time(NULL);
    struct tm tm;

    gmtime_r(&now, &tm);
    strftime(text, SL_TIME_TEXT, "%Y-%m-%d", &tm);
}

int sl_clock_left(int64_t deadline_ms)
{
    int64_t left = deadline_ms - sl_clock_ms();

    if (left <= 0)
        return 0;
    return left < INT_MAX ? (int)left : INT_MAX;
}
