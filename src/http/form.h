/* The form of an export: a control for each parameter and option, with what was entered. */
#ifndef SL_FORM_H
#define SL_FORM_H

#include "base/buf.h"
#include "catalog/query.h"

/* Longest name of an argument that `_filter` may hold. */
#define SL_FORM_NAME_MAX 160

/* What a page of an export was asked for. */
struct sl_asked_page {
    const char *action;             /* "download", "preview" or "" */
    const struct sl_format *format; /* the one that is chosen */
    struct sl_args args;            /* parameters and options that have a value */
    struct sl_arg arg[SL_MAX_ARGS];
    const char *filter; /* `_filter` of a table's page, "total__gte=5": an argument, too; "" */
    char filter_name[SL_FORM_NAME_MAX];
};

/*
 * Takes the page's own arguments, `_do`, `_format` and `_filter`, out of a target's.
 * SL_BAD_PARAMETER when one is none of those that there are; the rest is there all the same.
 */
int sl_form_read(const struct sl_args *args, struct sl_asked_page *asked,
                 struct sl_error *err) SL_MUSTCHECK;

/* Appends the form, which for a table has a field for a filter; err NULL: nothing is wrong with
 * what was entered. */
int sl_form_put(struct sl_buf *html, const struct sl_export *export, bool is_table,
                const struct sl_asked_page *asked, const struct sl_error *err) SL_MUSTCHECK;

#endif
