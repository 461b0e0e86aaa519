#include "base/units.h"

#include <string.h>
#include <strings.h>

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit size_units[] = {
    {"", 1},
    {"B", 1},
    {"kB", INT64_C(1) << 10},
    {"MB", INT64_C(1) << 20},
    {"GB", INT64_C(1) << 30},
    {"TB", INT64_C(1) << 40},
    {NULL, 0},
};

static const struct unit duration_units[] = {
    {"", 1000},
    {"ms", 1},
    {"s", 1000},
    {"min", INT64_C(60) * 1000},
    {"h", INT64_C(60) * 60 * 1000},
    {"d", INT64_C(24) * 60 * 60 * 1000},
    {NULL, 0},
};

/* Reads the digits that *text begins with and moves it behind them. */
static int read_digits(const char **text, int64_t *value)
{
    const char *p = *text;
    int64_t result = 0;

    if (*p < '0' || *p > '9')
        return -1;
    for (; *p >= '0' && *p <= '9'; p++) {
        if (__builtin_mul_overflow(result, 10, &result) ||
            __builtin_add_overflow(result, *p - '0', &result))
            return -1;
    }
    *text = p;
    *value = result;
    return 0;
}

int sl_parse_int(const char *text, int64_t min, int64_t max, int64_t *value)
{
    int64_t result;

    if (read_digits(&text, &result) != 0 || *text != '\0' || result < min || result > max)
        return -1;
    *value = result;
    return 0;
}

/* NUMBER [blanks] UNIT [suffix] */
static int parse_with_unit(const char *text, const struct unit *units, const char *suffix,
                           int64_t *value)
{
    int64_t number;
    size_t len;

    if (read_digits(&text, &number) != 0)
        return -1;
    text += strspn(text, " ");
    len = strlen(text);
    if (len < strlen(suffix) || strcmp(text + len - strlen(suffix), suffix) != 0)
        return -1;
    len -= strlen(suffix);
    for (; units->name != NULL; units++) {
        if (strlen(units->name) == len && memcmp(units->name, text, len) == 0)
            return __builtin_mul_overflow(number, units->factor, value) ? -1 : 0;
    }
    return -1;
}

int sl_parse_size(const char *text, int64_t *bytes)
{
    return parse_with_unit(text, size_units, "", bytes);
}

int sl_parse_rate(const char *text, int64_t *bytes_per_second)
{
    return parse_with_unit(text, size_units, "/s", bytes_per_second);
}

int sl_parse_duration(const char *text, int64_t *ms)
{
    return parse_with_unit(text, duration_units, "", ms);
}

int sl_parse_bool(const char *text, bool *value)
{
    static const char *const words[][2] = {
        {"off", "on"}, {"false", "true"}, {"no", "yes"}, {"0", "1"}};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        for (int truth = 0; truth < 2; truth++) {
            if (strcasecmp(text, words[i][truth]) == 0) {
                *value = truth == 1;
                return 0;
            }
        }
    }
    return -1;
}

size_t sl_utf8_char(const char *text, size_t len, uint32_t *code)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t c;
    size_t n;

    if (len == 0)
        return 0;
    c = (unsigned char)text[0];
    if (c < 0x80) {
        *code = c;
        return 1;
    }
    if (c >= 0xC2 && c <= 0xDF)
        n = 2;
    else if (c >= 0xE0 && c <= 0xEF)
        n = 3;
    else if (c >= 0xF0 && c <= 0xF4)
        n = 4;
    else
        return 0;
    if (len < n)
        return 0;
    c &= 0xFFU >> (n + 1);
    for (size_t i = 1; i < n; i++) {
        if (((unsigned char)text[i] & 0xC0) != 0x80)
            return 0;
        c = c << 6 | ((unsigned char)text[i] & 0x3F);
    }
    if (c < smallest[n] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        return 0;
    *code = c;
    return n;
}

bool sl_invisible(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0x061C ||
           (code >= 0x200B && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) ||
           (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF;
}

int sl_utf8_fit(const char *text, int max)
{
    int len = (int)strnlen(text, (size_t)max + 1);

    if (len <= max)
        return len;
    /* The first byte that is left out must begin a character; nothing has more than three others.
     */
    for (len = max; len > 0 && max - len < 3 && ((unsigned char)text[len] & 0xC0) == 0x80;)
        len--;
    return len;
}

bool sl_utf8_valid(const char *text, size_t len)
{
    uint32_t code;
    size_t n;

    for (; len > 0; text += n, len -= n) {
        n = sl_utf8_char(text, len, &code);
        if (n == 0 || code == 0)
            return false;
    }
    return true;
}

/* Longer words are no near misses of ours. */
#define SUGGEST_MAX 64

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edit distance with exchanged neighbours as one edit (optimal string alignment). */
static size_t edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][SUGGEST_MAX + 1]; /* of the matrix: i, i-1, i-2 by turns */

    for (size_t j = 0; j <= b_len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            row[j] = least(above[j], row[j - 1]) + 1;
            row[j] = least(row[j], above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], rows[(i + 1) % 3][j - 2] + 1);
        }
    }
    return rows[a_len % 3][b_len];
}

const char *sl_suggest(const char *word, const char *const *candidates)
{
    const char *best = NULL;
    size_t len = strlen(word);
    size_t bar = len >= 8 ? 4 : 3; /* one more than the edits allowed */

    if (len > SUGGEST_MAX)
        return NULL;
    bar = least(bar, len); /* a word of which nothing is left is no near miss */
    for (; *candidates != NULL; candidates++) {
        size_t candidate_len = strlen(*candidates);
        if (candidate_len > SUGGEST_MAX)
            continue;
        size_t distance = edit_distance(word, len, *candidates, candidate_len);
        if (distance < bar) {
            bar = distance;
            best = *candidates;
        }
    }
    return best;
}
