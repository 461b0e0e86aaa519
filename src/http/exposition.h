/*
 * Prometheus' text format 0.0.4 ("Exposition formats" of its documentation): a
 * family's head, then all its samples.  Errors stay: after one nothing more is
 * written and sl_exposition_done() tells.  One thread.
 */
#ifndef SL_EXPOSITION_H
#define SL_EXPOSITION_H

#include <stdbool.h>

#include "base/buf.h"
#include "export/stats.h"

#define SL_EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8"

#define SL_LABELS_MAX 3

struct sl_exposition {
    struct sl_buf *out; /* borrowed */
    const char *name;   /* of the family */
    bool failed;
};

/* Names are constants of the program; values may be any UTF-8. Those behind the first NULL name
 * are none. */
struct sl_labels {
    struct {
        const char *name;
        const char *value;
    } of[SL_LABELS_MAX];
};

#define SL_NO_LABELS ((struct sl_labels){0})
#define SL_LABEL(name, value) ((struct sl_labels){{{(name), (value)}}})

/* type: "counter", "gauge" or "histogram". Both texts are constants without backslash or newline.
 */
void sl_exposition_family(struct sl_exposition *text, const char *name, const char *type,
                          const char *help);

void sl_exposition_int(struct sl_exposition *text, struct sl_labels labels, int64_t value);

/* With three decimals. */
void sl_exposition_real(struct sl_exposition *text, struct sl_labels labels, double value);

/* unit: how many of the histogram's make one of the metric's (1000: milliseconds to seconds). */
void sl_exposition_histogram(struct sl_exposition *text, struct sl_labels labels,
                             const struct sl_histogram *histogram, const struct sl_buckets *buckets,
                             int64_t unit);

/* 0, or -1: the buffer's maximum, or no memory. */
int sl_exposition_done(const struct sl_exposition *text) SL_MUSTCHECK;

#endif
