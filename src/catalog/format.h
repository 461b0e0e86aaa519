/*
 * The formats of a file, by the name that stands behind the export's: csv, tsv and
 * jsonl, each also .gz and .zst.
 */
#ifndef SL_FORMAT_H
#define SL_FORMAT_H

#include "format/style.h"
#include "sink/compress.h"

struct sl_format {
    const char *name;
    enum sl_layout layout;
    enum sl_compression compression; /* of the file itself */
};

/* All of them, csv first; the last has no name. */
extern const struct sl_format sl_formats[];

/* Their names in one text, for messages and help. */
#define SL_FORMATS "csv, tsv or jsonl, each also .gz or .zst"

/* The format of that name; NULL: there is none. */
const struct sl_format *sl_format_find(const char *name);

/* The format that a file's name ends in (".csv.gz", in either case); NULL: none of them. */
const struct sl_format *sl_format_of_file(const char *path);

#endif
