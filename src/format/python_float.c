#include "format/python.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* At 2^53 decimals with fewer digits can lie in the middle between two doubles. */
#define MIDDLE_POINT 15
#define MIDDLE_DIGITS 15

struct decimal {
    bool negative;
    char digits[32]; /* without zeros at either end, but "0" */
    int n;
    long point; /* the value is 0.DIGITS times 10 to this */
};

/* Reads 12.5e-7. */
static bool read_decimal(const char *text, size_t n, struct decimal *decimal)
{
    const char *end = text + n;
    long exponent = 0;
    bool fraction = false;
    bool any = false;

    *decimal = (struct decimal){.negative = n > 0 && *text == '-'};
    for (text += decimal->negative; text < end && (digit(*text) || *text == '.'); text++) {
        if (*text == '.') {
            if (fraction)
                return false;
            fraction = true;
            continue;
        }
        any = true;
        if (*text == '0' && decimal->n == 0) {
            decimal->point -= fraction;
            continue;
        }
        if (decimal->n == (int)sizeof decimal->digits)
            return false;
        decimal->digits[decimal->n++] = *text;
        decimal->point += !fraction;
    }
    if (text < end && *text == 'e') {
        bool minus = ++text < end && *text == '-';

        text += text < end && (*text == '-' || *text == '+');
        if (text == end || end - text > 4)
            return false;
        for (; text < end && digit(*text); text++)
            exponent = exponent * 10 + (*text - '0');
        decimal->point += minus ? -exponent : exponent;
    }
    while (decimal->n > 1 && decimal->digits[decimal->n - 1] == '0')
        decimal->n--;
    if (decimal->n == 0)
        *decimal = (struct decimal){decimal->negative, "0", 1, 1};
    return any && text == end;
}

/*
 * PostgreSQL and Python both print the shortest digits that read back as the same
 * double, but PostgreSQL leaves out those exactly between two doubles, which
 * Python takes when they are shorter: 9.999999999999999e+22 is 1e+23 there.
 */
static void shorten(struct decimal *decimal)
{
    char text[48];
    struct decimal shorter;

    if (decimal->point <= MIDDLE_POINT || decimal->n <= MIDDLE_DIGITS)
        return;
    snprintf(text, sizeof text, "%.*se%ld", decimal->n, decimal->digits,
             decimal->point - decimal->n);
    double value = strtod(text, NULL);
    for (int digits = 1; digits < decimal->n; digits++) {
        snprintf(text, sizeof text, "%.*e", digits - 1, value);
        if (strtod(text, NULL) == value && read_decimal(text, strlen(text), &shorter)) {
            shorter.negative = decimal->negative;
            *decimal = shorter;
            return;
        }
    }
}

/* float.__repr__: plain from 1e-4 to below 1e16, always with a point; else an exponent of two
 * digits or more. */
static int print_decimal(const struct decimal *decimal, char *to)
{
    const char *sign = decimal->negative ? "-" : "";
    const char *digits = decimal->digits;
    int n = decimal->n;
    int point = (int)decimal->point;

    if (point <= -4 || point > 16)
        return snprintf(to, SL_PYTHON_MAX, "%s%c%s%.*se%c%02d", sign, digits[0], n > 1 ? "." : "",
                        n - 1, digits + 1, point - 1 < 0 ? '-' : '+', abs(point - 1));
    if (point <= 0)
        return snprintf(to, SL_PYTHON_MAX, "%s0.%.*s%.*s", sign, -point, "0000", n, digits);
    if (point >= n)
        return snprintf(to, SL_PYTHON_MAX, "%s%.*s%.*s.0", sign, n, digits, point - n,
                        "0000000000000000");
    return snprintf(to, SL_PYTHON_MAX, "%s%.*s.%.*s", sign, point, digits, n - point,
                    digits + point);
}

static bool is(const char *text, size_t n, const char *word)
{
    return n == strlen(word) && memcmp(text, word, n) == 0;
}

int sl_python_float(const char *text, size_t n, char *to)
{
    struct decimal decimal;

    if (is(text, n, "NaN") || is(text, n, "Infinity") || is(text, n, "-Infinity")) {
        const char *word = text[0] == 'N' ? "nan" : text[0] == '-' ? "-inf" : "inf";

        return snprintf(to, SL_PYTHON_MAX, "%s", word);
    }
    if (!read_decimal(text, n, &decimal))
        return -1;
    shorten(&decimal);
    int len = print_decimal(&decimal, to);
    return len < SL_PYTHON_MAX ? len : -1;
}
