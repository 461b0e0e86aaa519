/* The header of an export file: the leading run of `-- key: value` lines. */
#ifndef SL_HEADER_H
#define SL_HEADER_H

#include "catalog/export_file.h"

struct sl_header_place {
    size_t end; /* offset of the first line behind the header */
    int line;   /* its number */
};

/*
 * Fills what the header says into the export, whose `file` is set and whose
 * texts are allocated.
 */
int sl_header_parse(struct sl_export *export, const char *text, size_t len,
                    struct sl_header_place *place, struct sl_error *err) SL_MUSTCHECK;

#endif
