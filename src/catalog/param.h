/* A header line's `param:` and `headers:` values.  Errors are SL_CONFIG without a place: the caller
 * knows it. */
#ifndef SL_PARAM_H
#define SL_PARAM_H

#include "catalog/export_file.h"

#define SL_MAX_LABELS 1664 /* as many columns as a query can have */

/* What may stand between the parts of a header line. */
bool sl_header_blank(char c);

/* NAME TYPE[?] [= DEFAULT]  [TEXT].  Free with sl_param_fini(), also after an error. */
int sl_param_parse(const char *value, struct sl_param *param, struct sl_error *err) SL_MUSTCHECK;
void sl_param_fini(struct sl_param *param);

/*
 * One CSV record (catalog/record.h) of column=Label.  Appends to *labels, which is the
 * caller's to free, also after an error.
 */
int sl_labels_parse(const char *value, struct sl_label **labels, size_t *n_labels,
                    struct sl_error *err) SL_MUSTCHECK;

#endif
