#include "catalog/format.h"

#include <string.h>
#include <strings.h>

const struct sl_format sl_formats[] = {
    {"csv", SL_CSV, SL_PLAIN},        {"csv.gz", SL_CSV, SL_GZIP},
    {"csv.zst", SL_CSV, SL_ZSTD},     {"tsv", SL_TSV, SL_PLAIN},
    {"tsv.gz", SL_TSV, SL_GZIP},      {"tsv.zst", SL_TSV, SL_ZSTD},
    {"jsonl", SL_JSONL, SL_PLAIN},    {"jsonl.gz", SL_JSONL, SL_GZIP},
    {"jsonl.zst", SL_JSONL, SL_ZSTD}, {NULL, SL_CSV, SL_PLAIN},
};

const struct sl_format *sl_format_find(const char *name)
{
    for (const struct sl_format *format = sl_formats; format->name != NULL; format++)
        if (strcmp(name, format->name) == 0)
            return format;
    return NULL;
}

const struct sl_format *sl_format_of_file(const char *path)
{
    size_t len = strlen(path);

    for (const struct sl_format *format = sl_formats; format->name != NULL; format++) {
        size_t n = strlen(format->name);

        if (len > n && path[len - n - 1] == '.' && strcasecmp(path + len - n, format->name) == 0)
            return format;
    }
    return NULL;
}
