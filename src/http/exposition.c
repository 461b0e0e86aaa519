#include "http/exposition.h"

#include <inttypes.h>
#include <stdio.h>

/* A number: the longest int64_t, or a double with three decimals that is no larger. */
#define NUMBER_MAX 32

static void put(struct sl_exposition *text, const char *part)
{
    text->failed = text->failed || sl_buf_puts(text->out, part) < 0;
}

static void put_value(struct sl_exposition *text, const char *value)
{
    for (; *value != '\0' && !text->failed; value++) {
        if (*value == '\n')
            put(text, "\\n");
        else if ((*value == '"' || *value == '\\') && sl_buf_putc(text->out, '\\') < 0)
            text->failed = true;
        if (*value != '\n' && !text->failed)
            text->failed = sl_buf_putc(text->out, *value) < 0;
    }
}

/* `suffix` and the label `le` are a histogram's; le NULL: none. */
static void put_sample(struct sl_exposition *text, const char *suffix,
                       const struct sl_labels *labels, const char *le, const char *number)
{
    const char *before = "{";

    put(text, text->name);
    put(text, suffix);
    for (size_t i = 0; i < SL_LABELS_MAX && labels->of[i].name != NULL; i++) {
        put(text, before);
        put(text, labels->of[i].name);
        put(text, "=\"");
        put_value(text, labels->of[i].value);
        put(text, "\"");
        before = ",";
    }
    if (le != NULL) {
        put(text, before);
        put(text, "le=\"");
        put(text, le);
        put(text, "\"");
        before = ",";
    }
    put(text, *before == '{' ? " " : "} ");
    put(text, number);
    put(text, "\n");
}

void sl_exposition_family(struct sl_exposition *text, const char *name, const char *type,
                          const char *help)
{
    const char *const parts[] = {"# HELP ", name, " ", help, "\n# TYPE ", name, " ", type, "\n"};

    text->name = name;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        put(text, parts[i]);
}

static void put_int(struct sl_exposition *text, const char *suffix, const struct sl_labels *labels,
                    const char *le, int64_t value)
{
    char number[NUMBER_MAX];

    snprintf(number, sizeof(number), "%" PRId64, value);
    put_sample(text, suffix, labels, le, number);
}

void sl_exposition_int(struct sl_exposition *text, struct sl_labels labels, int64_t value)
{
    put_int(text, "", &labels, NULL, value);
}

void sl_exposition_real(struct sl_exposition *text, struct sl_labels labels, double value)
{
    char number[NUMBER_MAX];

    snprintf(number, sizeof(number), "%.3f", value);
    put_sample(text, "", &labels, NULL, number);
}

void sl_exposition_histogram(struct sl_exposition *text, struct sl_labels labels,
                             const struct sl_histogram *histogram, const struct sl_buckets *buckets,
                             int64_t unit)
{
    char number[NUMBER_MAX];
    int64_t all = 0;

    for (size_t i = 0; i < buckets->n; i++) {
        all += histogram->count[i];
        snprintf(number, sizeof(number), "%.12g", (double)buckets->bound[i] / (double)unit);
        put_int(text, "_bucket", &labels, number, all);
    }
    all += histogram->count[buckets->n];
    put_int(text, "_bucket", &labels, "+Inf", all);
    snprintf(number, sizeof(number), "%.15g", (double)histogram->sum / (double)unit);
    put_sample(text, "_sum", &labels, NULL, number);
    put_int(text, "_count", &labels, NULL, all);
}

int sl_exposition_done(const struct sl_exposition *text)
{
    return text->failed ? -1 : 0;
}
