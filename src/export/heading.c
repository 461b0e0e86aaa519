#include "export/heading.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "export/internal.h"

bool sl_heading_asks(const struct sl_query *query)
{
    return query->header == SL_HEADER_LABELS || query->header == SL_HEADER_TYPES ||
           query->style.dialect == SL_DIALECT_DJANGO;
}

/* Whoever chose the dialect is at fault. */
static enum sl_kind fault(const struct sl_run *run)
{
    return run->query.dialect_asked ? SL_BAD_REQUEST : SL_SQL;
}

struct sl_rows *sl_heading_rows(struct sl_session *session, const struct sl_style *style,
                                const struct sl_columns *columns, struct sl_watch *watch,
                                enum sl_kind kind, struct sl_error *err)
{
    size_t n = (size_t)columns->n + 1; /* never calloc(0) */
    bool *texts = calloc(n, sizeof(*texts));
    struct sl_field *fields = calloc(n, sizeof(*fields));
    struct sl_rows *rows = NULL;
    int bad = -1;

    if (texts == NULL || fields == NULL) {
        sl_error_nomem(err);
        goto out;
    }
    if (style->dialect == SL_DIALECT_DJANGO &&
        sl_columns_texts(session, columns, texts, watch, err) < 0)
        goto out;
    for (int i = 0; i < columns->n; i++)
        fields[i] = (struct sl_field){columns->names[i], columns->columns[i].type, texts[i]};
    rows = sl_rows_new(style, fields, columns->n, &bad);
    if (bad >= 0)
        sl_error_set(err, kind,
                     "column \"%.100s\" has a type that the django dialect does not "
                     "write; cast it in the query, as in \"%.100s\"::text",
                     columns->names[bad].data, columns->names[bad].data);
    else if (rows == NULL)
        sl_error_nomem(err);
out:
    free(fields);
    free(texts);
    return rows;
}

int sl_heading_not_held(const struct sl_run *run, int column, struct sl_error *err)
{
    const char *name = sl_cursor_columns(run->cursor)->names[column].data;

    return sl_error_set(err, fault(run),
                        "column \"%.100s\" of row %lld holds a value that Python cannot hold: it "
                        "takes %s; cast it in the query, as in \"%.100s\"::text",
                        name, (long long)atomic_load(&run->rows) + 1,
                        sl_rows_limits(run->formatter, column), name);
}

static int write_line(struct sl_run *run, const struct sl_cell *cells, struct sl_error *err)
{
    int rc = sl_rows_header(run->formatter, &run->out, cells);

    if (rc < 0)
        *err = run->write_error;
    return rc;
}

static const char *label_of(const struct sl_export *export, const char *column)
{
    for (size_t i = 0; i < export->n_labels; i++)
        if (strcmp(export->labels[i].column, column) == 0)
            return export->labels[i].label;
    return NULL;
}

/* The columns that the query itself has: of these the request may have chosen some. */
static const struct sl_columns *base_of(const struct sl_run *run)
{
    return run->base.names != NULL ? &run->base : sl_cursor_columns(run->cursor);
}

/* A label that no column has is a mistake in the export file that `check` finds, too. */
static void warn_of_strays(const struct sl_export *export, const struct sl_columns *columns)
{
    for (size_t i = 0; i < export->n_labels; i++)
        if (sl_columns_find(columns, export->labels[i].column) < 0)
            sl_log_text(SL_LOG_WARNING, "label without a column", "%s: headers: column %s",
                        export->file, export->labels[i].column);
}

/* By name; true when every column has one. */
static bool labels_of_file(const struct sl_run *run, struct sl_cell *cells)
{
    const struct sl_export *export = run->query.export;
    const struct sl_columns *columns = sl_cursor_columns(run->cursor);
    bool all = true;

    for (int i = 0; i < columns->n; i++) {
        const char *label = label_of(export, columns->names[i].data);

        cells[i] = columns->names[i];
        if (label != NULL)
            cells[i] = (struct sl_cell){label, (int)strlen(label)};
        all = all && label != NULL;
    }
    warn_of_strays(export, base_of(run));
    return all;
}

/* By position in the query; a column that was chosen by name has a name that only one has. */
static int labels_of_ticket(const struct sl_run *run, struct sl_cell *cells, struct sl_error *err)
{
    const struct sl_query *query = &run->query;
    const struct sl_columns *base = base_of(run);
    const struct sl_columns *columns = sl_cursor_columns(run->cursor);

    if (query->n_labels != (size_t)base->n)
        return sl_error_set(err, SL_BAD_QUERY, "the ticket has %zu labels and its query %d columns",
                            query->n_labels, base->n);
    for (int i = 0; i < columns->n; i++) {
        int at = query->columns.n > 0 ? sl_columns_find(base, columns->names[i].data) : i;

        if (at < 0)
            return sl_error_set(err, SL_INTERNAL, "a column is not one of its query");
        cells[i] = (struct sl_cell){query->labels[at], (int)strlen(query->labels[at])};
    }
    return 0;
}

/* Columns without a label take the comment, where there is one. */
static int labels_of_comments(struct sl_run *run, struct sl_cell *cells, char **comments,
                              struct sl_error *err)
{
    const struct sl_columns *columns = sl_cursor_columns(run->cursor);

    if (sl_columns_comments(run->session, columns, comments, &run->watch, err) < 0)
        return -1;
    for (int i = 0; i < columns->n; i++)
        if (comments[i] != NULL && label_of(run->query.export, columns->names[i].data) == NULL)
            cells[i] = (struct sl_cell){comments[i], (int)strlen(comments[i])};
    return 0;
}

static int write_labels(struct sl_run *run, struct sl_error *err)
{
    const struct sl_columns *columns = sl_cursor_columns(run->cursor);
    size_t n = (size_t)columns->n + 1; /* never calloc(0) */
    struct sl_cell *cells = calloc(n, sizeof(*cells));
    char **comments = calloc(n, sizeof(*comments));
    int rc = 0;

    if (cells == NULL || comments == NULL)
        rc = sl_error_nomem(err);
    else if (run->query.n_labels > 0)
        rc = labels_of_ticket(run, cells, err);
    else if (!labels_of_file(run, cells))
        rc = labels_of_comments(run, cells, comments, err);
    if (rc == 0)
        rc = write_line(run, cells, err);
    for (int i = 0; comments != NULL && i < columns->n; i++)
        free(comments[i]);
    free(comments);
    free(cells);
    return rc;
}

static int write_types(struct sl_run *run, struct sl_error *err)
{
    const struct sl_columns *columns = sl_cursor_columns(run->cursor);
    size_t n = (size_t)columns->n + 1; /* never calloc(0) */
    struct sl_cell *cells = calloc(n, sizeof(*cells));
    char **types = calloc(n, sizeof(*types));
    int rc = -1;

    if (cells == NULL || types == NULL) {
        sl_error_nomem(err);
        goto out;
    }
    if (sl_columns_types(run->session, columns, types, &run->watch, err) < 0)
        goto out;
    for (int i = 0; i < columns->n; i++)
        cells[i] = (struct sl_cell){types[i], types[i] == NULL ? -1 : (int)strlen(types[i])};
    rc = write_line(run, cells, err);
out:
    for (int i = 0; types != NULL && i < columns->n; i++)
        free(types[i]);
    free(types);
    free(cells);
    return rc;
}

int sl_heading_write(struct sl_run *run, struct sl_error *err)
{
    const struct sl_columns *columns = sl_cursor_columns(run->cursor);

    run->formatter =
        sl_heading_rows(run->session, &run->query.style, columns, &run->watch, fault(run), err);
    if (run->formatter == NULL)
        return -1;
    if (sl_rows_begin(run->formatter, &run->out) < 0) {
        *err = run->write_error;
        return -1;
    }
    switch (run->query.header) {
    case SL_HEADER_NAMES:
        return write_line(run, columns->names, err);
    case SL_HEADER_LABELS:
        return write_labels(run, err);
    case SL_HEADER_TYPES:
        if (write_line(run, columns->names, err) < 0)
            return -1;
        return write_types(run, err);
    default:
        return 0;
    }
}
