#include "format/python.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define DATE_LEN 10 /* 2026-02-01 */
#define CLOCK_LEN 8 /* 03:04:05 */
#define MICRO_DIGITS 6
#define DAY 86400
#define INTERVAL_MAX 128     /* PostgreSQL prints at most 80 bytes */
#define DELTA_DAYS 999999999 /* timedelta.max.days */

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Has the text the form of this pattern, where 0 stands for any digit? */
static bool looks(const char *text, size_t n, const char *pattern)
{
    if (n < strlen(pattern))
        return false;
    for (; *pattern != '\0'; pattern++, text++)
        if (*pattern == '0' ? !digit(*text) : *text != *pattern)
            return false;
    return true;
}

/*
 * .678 becomes .678000; .000000 is left out, as Python does.  Returns how many
 * bytes were read, *len grows by what was written.
 */
static size_t fraction(const char *text, size_t n, char *to, int *len)
{
    char micros[MICRO_DIGITS + 1] = "000000";
    size_t i = 1;

    if (n < 2 || text[0] != '.')
        return 0;
    for (; i < n && i <= MICRO_DIGITS && digit(text[i]); i++)
        micros[i - 1] = text[i];
    if (strcmp(micros, "000000") != 0)
        *len += snprintf(to + *len, MICRO_DIGITS + 2, ".%s", micros);
    return i;
}

/* +05:30, +00:53:28 or +02, which Python writes +02:00. As above. */
static size_t offset(const char *text, size_t n, char *to, int *len)
{
    size_t read = 3;

    if (n == 0 || (text[0] != '+' && text[0] != '-') || !looks(text + 1, n - 1, "00"))
        return 0;
    while (read < CLOCK_LEN + 1 && looks(text + read, n - read, ":00"))
        read += 3;
    memcpy(to + *len, text, read);
    *len += (int)read;
    if (read == 3)
        *len += snprintf(to + *len, sizeof(":00"), ":00");
    return read;
}

/* 03:04:05.678+02, from text + at to the end. */
static int clock_to(const char *text, size_t n, size_t at, char *to, int len)
{
    if (!looks(text + at, n - at, "00:00:00") || memcmp(text + at, "24", 2) >= 0)
        return -1;
    memcpy(to + len, text + at, CLOCK_LEN);
    len += CLOCK_LEN;
    at += CLOCK_LEN;
    at += fraction(text + at, n - at, to, &len);
    at += offset(text + at, n - at, to, &len);
    return at == n ? len : -1;
}

/* Years have four digits or more, so what begins with -infinity, BC or a longer year differs. */
static bool date_at(const char *text, size_t n)
{
    return looks(text, n, "0000-00-00") && memcmp(text, "0000", 4) != 0;
}

int sl_python_date(const char *text, size_t n, char *to)
{
    if (n != DATE_LEN || !date_at(text, n))
        return -1;
    memcpy(to, text, DATE_LEN);
    return DATE_LEN;
}

int sl_python_time(const char *text, size_t n, char *to)
{
    return clock_to(text, n, 0, to, 0);
}

int sl_python_datetime(const char *text, size_t n, char *to)
{
    if (!date_at(text, n) || n <= DATE_LEN || text[DATE_LEN] != ' ')
        return -1;
    memcpy(to, text, DATE_LEN + 1);
    return clock_to(text, n, DATE_LEN + 1, to, DATE_LEN + 1);
}

/* Reads digits. false: none, or more than psycopg2 takes. */
static bool number(const char *text, size_t n, size_t *at, int64_t *value)
{
    size_t start = *at;

    for (*value = 0; *at < n && digit(text[*at]); ++*at) {
        *value = *value * 10 + (text[*at] - '0');
        if (*value > INT_MAX)
            return false;
    }
    return *at > start;
}

/* The days of "1 year 2 mons -3 days"; psycopg2 counts 365 for a year and 30 for a month. */
static int64_t unit_days(const char *text, size_t n)
{
    static const struct {
        const char *name;
        int days;
    } units[] = {{" year", 365}, {" mon", 30}, {" day", 1}};

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (looks(text, n, units[i].name))
            return units[i].days;
    return 0;
}

/* :04:05.678 after the hours. */
static bool read_clock(const char *text, size_t n, size_t *at, int64_t *micros)
{
    int64_t fraction_part = 0;
    int64_t weight = 100000;

    if (!looks(text + *at, n - *at, ":00:00"))
        return false;
    const char *p = text + *at;
    int64_t seconds = ((p[1] - '0') * 10 + (p[2] - '0')) * 60 + (p[4] - '0') * 10 + (p[5] - '0');
    *at += 6;
    if (*at < n && text[*at] == '.') {
        for (++*at; *at < n && weight > 0 && digit(text[*at]); ++*at, weight /= 10)
            fraction_part += (text[*at] - '0') * weight;
    }
    *micros += seconds * 1000000 + fraction_part;
    return true;
}

/* "1 year 2 mons -3 days -04:05:06.789": what each part counts, signs of their own. */
static bool read_interval(const char *text, size_t n, int64_t *days, int64_t *micros)
{
    size_t at = 0;

    *days = *micros = 0;
    if (n > INTERVAL_MAX)
        return false;
    while (at < n) {
        bool negative = text[at] == '-';
        int64_t value;

        at += negative || text[at] == '+';
        if (!number(text, n, &at, &value))
            return false;
        if (at < n && text[at] == ':') {
            *micros = value * 3600 * 1000000;
            if (!read_clock(text, n, &at, micros) || at != n)
                return false;
            if (negative)
                *micros = -*micros;
            return true;
        }
        int64_t unit = unit_days(text + at, n - at);
        if (unit == 0)
            return false;
        *days += (negative ? -value : value) * unit;
        for (at++; at < n && text[at] != ' ';)
            at++;
        at += at + 1 < n; /* the blank before the next part */
    }
    return n > 0;
}

int sl_python_timedelta(const char *text, size_t n, char *to)
{
    int64_t days;
    int64_t micros;

    if (!read_interval(text, n, &days, &micros))
        return -1;
    /* As Python keeps it: only the days may be negative. */
    int64_t seconds = micros / 1000000 - (micros % 1000000 < 0);
    micros -= seconds * 1000000;
    int64_t carry = seconds / DAY - (seconds % DAY < 0);
    days += carry;
    int rest = (int)(seconds - carry * DAY);
    if (days > DELTA_DAYS || days < -DELTA_DAYS)
        return -1;
    int len = 0;
    if (days != 0)
        len = snprintf(to, SL_PYTHON_MAX, "%d day%s, ", (int)days,
                       days == 1 || days == -1 ? "" : "s");
    len += snprintf(to + len, SL_PYTHON_MAX - (size_t)len, "%d:%02d:%02d", rest / 3600,
                    rest / 60 % 60, rest % 60);
    if (micros > 0)
        len += snprintf(to + len, SL_PYTHON_MAX - (size_t)len, ".%06d", (int)micros);
    return len;
}
