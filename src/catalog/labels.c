#include "catalog/param.h"

#include <stdlib.h>
#include <string.h>

#include "catalog/record.h"

/* Takes `field` apart at its first =. */
static int add_label(char *field, struct sl_label **labels, size_t *n_labels, struct sl_error *err)
{
    char *equals = strchr(field, '=');
    char *end = equals;
    struct sl_label *grown;

    while (end != NULL && end > field && sl_header_blank(end[-1]))
        end--;
    if (end == NULL || end == field || equals[1 + strspn(equals + 1, " \t")] == '\0')
        return sl_error_set(err, SL_CONFIG, "\"%s\" is no label; write column=Label,column=Label",
                            field);
    *end = '\0';
    for (size_t i = 0; i < *n_labels; i++)
        if (strcmp((*labels)[i].column, field) == 0)
            return sl_error_set(err, SL_CONFIG, "column \"%s\" has two labels; remove one", field);
    if (*n_labels == SL_MAX_LABELS)
        return sl_error_set(err, SL_CONFIG, "these are more labels than a query has columns");
    grown = realloc(*labels, (*n_labels + 1) * sizeof(*grown));
    if (grown == NULL)
        return sl_error_nomem(err);
    *labels = grown;
    grown += *n_labels;
    grown->column = strdup(field);
    grown->label = strdup(equals + 1 + strspn(equals + 1, " \t"));
    ++*n_labels;
    return grown->column != NULL && grown->label != NULL ? 0 : sl_error_nomem(err);
}

int sl_labels_parse(const char *value, struct sl_label **labels, size_t *n_labels,
                    struct sl_error *err)
{
    const char *p = value;
    char *field = malloc(strlen(value) + 1);
    int result = -1;

    if (field == NULL)
        return sl_error_nomem(err);
    for (;;) {
        if (sl_record_field(&p, true, field) != 0) {
            sl_error_set(err, SL_CONFIG, "a quoted label does not end; close it with \"");
            goto out;
        }
        if (add_label(field, labels, n_labels, err) != 0)
            goto out;
        if (*p == '\0')
            break;
        p++;
    }
    result = 0;
out:
    free(field);
    return result;
}
