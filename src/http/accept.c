#include "http/accept.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "http/fields.h"

#define BLANK " \t"

/* How specific a range is that matches; 0: it does not. */
enum { NO_MATCH, ANY_TYPE, ANY_SUBTYPE, EXACT };

/* A range that matched, and what it says. */
struct verdict {
    int match;
    int weight;
};

void sl_accept_add(struct sl_accept *accept, const char *value)
{
    if (accept->n < SL_ACCEPT_LINES)
        accept->lines[accept->n++] = value;
}

/* Up to the next of `ends`, which may stand inside of quotes (RFC 9110 section 5.6.4). */
static size_t part(const char *text, size_t len, char end)
{
    bool quoted = false;
    size_t i;

    for (i = 0; i < len && (quoted || text[i] != end); i++) {
        if (quoted && text[i] == '\\' && i + 1 < len)
            i++;
        else if (text[i] == '"')
            quoted = !quoted;
    }
    return i;
}

static void trim(const char **text, size_t *len)
{
    while (*len > 0 && strchr(BLANK, **text) != NULL) {
        ++*text;
        --*len;
    }
    while (*len > 0 && strchr(BLANK, (*text)[*len - 1]) != NULL)
        --*len;
}

static int match(const char *range, size_t len, const char *type)
{
    size_t slash = strcspn(type, "/") + 1;

    if (len == strlen("*/*") && strncmp(range, "*/*", len) == 0)
        return ANY_TYPE;
    if (len == slash + 1 && range[slash] == '*' && strncasecmp(range, type, slash) == 0)
        return ANY_SUBTYPE;
    return len == strlen(type) && strncasecmp(range, type, len) == 0 ? EXACT : NO_MATCH;
}

/* Among the parameters behind a range, each after its semicolon; 1000 where there is no q. */
static int weight_of(const char *text, size_t len)
{
    while (len > 0) {
        size_t n = part(text + 1, len - 1, ';');
        const char *parameter = text + 1;
        size_t size = n;

        trim(&parameter, &size);
        if (size >= 2 && strncasecmp(parameter, "q=", 2) == 0) {
            int weight = sl_field_weight(parameter + 2, size - 2);
            return weight > 0 ? weight : 0;
        }
        text += 1 + n;
        len -= 1 + n;
    }
    return 1000;
}

static void judge(const char *element, size_t len, const char *type, struct verdict *verdict)
{
    size_t n = part(element, len, ';');
    const char *range = element;
    size_t size = n;

    trim(&range, &size);
    int matched = match(range, size, type);
    if (matched == NO_MATCH || matched < verdict->match)
        return;
    int weight = weight_of(element + n, len - n);
    if (matched > verdict->match || weight > verdict->weight)
        *verdict = (struct verdict){matched, weight};
}

int sl_accept_weight(const struct sl_accept *accept, const char *type)
{
    struct verdict verdict = {NO_MATCH, 0};
    bool said = false;

    for (size_t i = 0; i < accept->n; i++) {
        const char *line = accept->lines[i];
        size_t left = strlen(line);

        while (left > 0) {
            size_t n = part(line, left, ',');

            said = said || strspn(line, BLANK) < n;
            judge(line, n, type, &verdict);
            n += n < left;
            line += n;
            left -= n;
        }
    }
    return said ? verdict.weight : 1000;
}

const struct sl_format *sl_accept_format(const struct sl_accept *accept)
{
    static const struct {
        const char *type;
        const char *format;
    } types[] = {
        {"text/csv", "csv"},
        {"text/tab-separated-values", "tsv"},
        {"application/jsonl", "jsonl"},
        {"application/x-ndjson", "jsonl"},
    };
    const char *best = "csv";
    int most = 0;

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        int weight = sl_accept_weight(accept, types[i].type);

        if (weight <= most)
            continue;
        most = weight;
        best = types[i].format;
    }
    return sl_format_find(best);
}
