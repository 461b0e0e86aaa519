/*
 * One export file, `exports.d/NAME.sql`: header and query, parsed and checked
 * without a database.  Immutable after loading, shared without locks.
 */
#ifndef SL_EXPORT_FILE_H
#define SL_EXPORT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

#define SL_EXPORT_MAX_BYTES ((size_t)1 << 20) /* of one export file */
#define SL_EXPORT_NAME_MAX 45                 /* [a-z0-9][a-z0-9_-]{0,44} */
#define SL_MAX_PARAMS 100

struct sl_param {
    int line; /* where it is declared */
    char *name;
    char *type;          /* as declared */
    bool nullable;       /* TYPE? */
    char *default_value; /* NULL: none */
    char *text;          /* for people; "" when none */
};

/* `headers`: a column's label. */
struct sl_label {
    char *column;
    char *label;
};

struct sl_export {
    char *name;
    char *file;
    int sql_line; /* line of the query's first character in file */
    char *title;  /* "" when not given, as the texts below */
    char *description;
    char *filename;
    char *dialect;
    char *timezone;
    char *search_path;
    char *role;
    bool jit;         /* default off */
    int64_t parallel; /* default 1 */
    int64_t max_rows; /* 0: the configuration's, as the limits below */
    int64_t max_bytes;
    int64_t max_duration; /* ms */
    struct sl_param *params;
    size_t n_params;
    struct sl_label *labels;
    size_t n_labels;
    int labels_line; /* where they are; 0: there are none */
    char *sql;       /* rewritten: $1 .. $n_params, no trailing semicolon */
};

/* True for a name that an export, hence a URL, may have. */
bool sl_export_name_valid(const char *name, size_t len);

/* One with empty texts and no query, for SQL that is in no file. NULL: no memory. */
struct sl_export *sl_export_new(const char *name, const char *file);

/* Parses one file's text. Errors are SL_CONFIG `file:line: ...`. Free with sl_export_free(). */
int sl_export_parse(const char *name, const char *file, const char *text, size_t len,
                    struct sl_export **export, struct sl_error *err) SL_MUSTCHECK;

void sl_export_free(struct sl_export *export);

#endif
