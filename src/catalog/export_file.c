#include "catalog/export_file.h"

#include <stdlib.h>
#include <string.h>
#include "base/units.h"
#include "catalog/header.h"
#include "catalog/lexer.h"
#include "catalog/param.h"
#include "catalog/sqlchars.h"

/* Each parameter may be written as a much longer ($1::type), but no export needs this much. */
#define MAX_SQL (4 * SL_EXPORT_MAX_BYTES)

static const char bom[] = "\xEF\xBB\xBF";

bool sl_export_name_valid(const char *name, size_t len)
{
    if (len == 0 || len > SL_EXPORT_NAME_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        bool letter = (name[i] >= 'a' && name[i] <= 'z') || (name[i] >= '0' && name[i] <= '9');
        if (!letter && (i == 0 || (name[i] != '_' && name[i] != '-')))
            return false;
    }
    return true;
}

struct sl_export *sl_export_new(const char *name, const char *file)
{
    struct sl_export *export = calloc(1, sizeof(*export));

    if (export == NULL)
        return NULL;
    export->name = strdup(name);
    export->file = strdup(file);
    export->title = strdup("");
    export->description = strdup("");
    export->filename = strdup("");
    export->dialect = strdup("");
    export->timezone = strdup("");
    export->search_path = strdup("");
    export->role = strdup("");
    export->parallel = 1;
    if (export->name == NULL || export->file == NULL || export->title == NULL ||
        export->description == NULL || export->filename == NULL || export->dialect == NULL ||
        export->timezone == NULL || export->search_path == NULL || export->role == NULL) {
        sl_export_free(export);
        return NULL;
    }
    return export;
}

void sl_export_free(struct sl_export *export)
{
    if (export == NULL)
        return;
    for (size_t i = 0; i < export->n_params; i++)
        sl_param_fini(&export->params[i]);
    for (size_t i = 0; i < export->n_labels; i++) {
        free(export->labels[i].column);
        free(export->labels[i].label);
    }
    free(export->name);
    free(export->file);
    free(export->title);
    free(export->description);
    free(export->filename);
    free(export->dialect);
    free(export->timezone);
    free(export->search_path);
    free(export->role);
    free(export->params);
    free(export->labels);
    free(export->sql);
    free(export);
}

/* Line by line, so that the message can say which. */
static int check_text(const char *file, const char *text, size_t len, struct sl_error *err)
{
    int line = 1;

    if (len > SL_EXPORT_MAX_BYTES)
        return sl_error_set(err, SL_CONFIG, "%s:1: the file is larger than 1 MB; shorten it", file);
    for (const char *p = text; p < text + len; line++) {
        const char *newline = memchr(p, '\n', (size_t)(text + len - p));
        const char *end = newline != NULL ? newline : text + len;

        if (memchr(p, '\0', (size_t)(end - p)) != NULL)
            return sl_error_set(err, SL_CONFIG,
                                "%s:%d: a NUL byte cannot be in an export; save it as UTF-8", file,
                                line);
        if (!sl_utf8_valid(p, (size_t)(end - p)))
            return sl_error_set(err, SL_CONFIG,
                                "%s:%d: this line is not valid UTF-8; save the file as UTF-8", file,
                                line);
        p = newline != NULL ? newline + 1 : end;
    }
    return 0;
}

/* A parameter that has no effect is a mistake, of its name or in the query. */
static int check_used(const struct sl_export *export, const bool *used, struct sl_error *err)
{
    for (size_t i = 0; i < export->n_params; i++)
        if (!used[i])
            return sl_error_set(err, SL_CONFIG,
                                "%s:%d: parameter %s is declared but the query does not use it; "
                                "write :'%s' in the query or remove this line",
                                export->file, export->params[i].line, export->params[i].name,
                                export->params[i].name);
    return 0;
}

/* Reads the query, which begins on sql_line. */
static int read_query(struct sl_export *export, const char *sql, size_t len, struct sl_error *err)
{
    struct sl_lex_param params[SL_MAX_PARAMS];
    bool used[SL_MAX_PARAMS];
    struct sl_buf out;
    int result = -1;

    sl_buf_init(&out, MAX_SQL);
    for (size_t i = 0; i < export->n_params; i++) {
        params[i].name = export->params[i].name;
        params[i].type = export->params[i].type;
    }
    if (sl_lex_query(export->file, export->sql_line, sql, len, params, export->n_params, used, &out,
                     err) != 0 ||
        check_used(export, used, err) != 0)
        goto out;
    export->sql = sl_buf_take(&out);
    result = export->sql != NULL ? 0 : sl_error_nomem(err);
out:
    sl_buf_free(&out);
    return result;
}

int sl_export_parse(const char *name, const char *file, const char *text, size_t len,
                    struct sl_export **export, struct sl_error *err)
{
    struct sl_header_place place;
    struct sl_export *parsed;
    size_t pos;

    *export = NULL;
    if (check_text(file, text, len, err) != 0)
        return -1;
    if (len >= strlen(bom) && memcmp(text, bom, strlen(bom)) == 0) {
        text += strlen(bom);
        len -= strlen(bom);
    }
    parsed = sl_export_new(name, file);
    if (parsed == NULL)
        return sl_error_nomem(err);
    if (sl_header_parse(parsed, text, len, &place, err) != 0)
        goto out;
    /* So that PostgreSQL's line 1 is sql_line. */
    for (pos = place.end; pos < len && sl_sql_space(text[pos]); pos++)
        place.line += text[pos] == '\n';
    parsed->sql_line = place.line;
    if (read_query(parsed, text + pos, len - pos, err) != 0)
        goto out;
    *export = parsed;
    return 0;
out:
    sl_export_free(parsed);
    return -1;
}
