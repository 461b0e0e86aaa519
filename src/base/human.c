#include "base/human.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

void sl_human_number(int64_t number, char text[SL_HUMAN_TEXT])
{
    char digits[SL_HUMAN_TEXT];
    int n = snprintf(digits, sizeof digits, "%" PRId64, number);
    size_t len = 0;

    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            text[len++] = ',';
        text[len++] = digits[i];
    }
    text[len] = '\0';
}

void sl_human_size(int64_t bytes, char text[SL_HUMAN_TEXT])
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    double number = (double)bytes;
    size_t unit = 0;

    while (number >= 1024 && unit + 1 < sizeof units / sizeof units[0]) {
        number /= 1024;
        unit++;
    }
    snprintf(text, SL_HUMAN_TEXT, "%.*f %s", unit > 0 && number < 100 ? 1 : 0, number, units[unit]);
}

void sl_human_time(int64_t ms, char text[SL_HUMAN_TEXT])
{
    int64_t s = ms / 1000;

    if (s < 3600)
        snprintf(text, SL_HUMAN_TEXT, "%" PRId64 ":%02" PRId64, s / 60, s % 60);
    else
        snprintf(text, SL_HUMAN_TEXT, "%" PRId64 ":%02" PRId64 ":%02" PRId64, s / 3600, s / 60 % 60,
                 s % 60);
}
