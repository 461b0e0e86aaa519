/* The form of an export: a control for each parameter and option, with what was entered. */
#ifndef SL_FORM_H
#define SL_FORM_H

#include "base/buf.h"
#include "catalog/query.h"

/* What a page of an export was asked for. */
struct sl_asked_page {
    const char *action;             /* "download", "preview" or "" */
    const struct sl_format *format; /* the one that is chosen */
    struct sl_args args;            /* parameters and options that have a value */
    struct sl_arg arg[SL_MAX_ARGS];
};

/*
 * Takes the page's own arguments, `_do` and `_format`, out of a target's.  SL_BAD_PARAMETER
 * when one is none of those that there are; the rest is there all the same.
 */
int sl_form_read(const struct sl_args *args, struct sl_asked_page *asked,
                 struct sl_error *err) SL_MUSTCHECK;

/* Appends the form; err NULL: nothing is wrong with what was entered. */
int sl_form_put(struct sl_buf *html, const struct sl_export *export,
                const struct sl_asked_page *asked, const struct sl_error *err) SL_MUSTCHECK;

#endif
