#include "http/preview.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "http/page.h"
#include "sink/memory.h"

/* A place in CSV as this program writes it: LF ends a row, NULL is nothing at all. */
struct reader {
    const char *at;
    struct sl_buf *value; /* the last field's */
    bool null;
    bool ends_row; /* it was the last of its row */
};

static int read_field(struct reader *reader)
{
    const char *at = reader->at;

    reader->value->len = 0;
    if (reader->value->cap > 0)
        reader->value->data[0] = '\0';
    reader->null = *at == ',' || *at == '\n' || *at == '\0';
    if (*at == '"') {
        for (at++; *at != '\0' && (at[0] != '"' || at[1] == '"'); at++) {
            at += *at == '"';
            if (sl_buf_putc(reader->value, *at) != 0)
                return -1;
        }
        at += *at == '"';
    } else {
        size_t n = strcspn(at, ",\n");

        if (sl_buf_add(reader->value, at, n) != 0)
            return -1;
        at += n;
    }
    reader->ends_row = *at != ',';
    reader->at = *at == '\0' ? at : at + 1;
    return 0;
}

static bool is_number(const char *type)
{
    static const char *const names[] = {"smallint", "integer", "bigint",
                                        "numeric",  "real",    "double precision"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i], type) == 0)
            return true;
    return false;
}

/* One cell of the header: `names` is read along with `types`. */
static int put_heads(struct reader *names, struct reader *types, struct sl_buf *numbers,
                     struct sl_buf *html)
{
    if (sl_buf_puts(html, "<thead><tr>") != 0)
        return -1;
    do {
        if (read_field(names) != 0 || read_field(types) != 0)
            return -1;
        bool number = is_number(types->value->data);

        if (sl_buf_putc(numbers, number ? 'n' : '-') != 0 ||
            sl_page_put(
                html,
                number ? "<th scope=\"col\" class=\"number\">%s<span class=\"type\">%s</span></th>"
                       : "<th scope=\"col\">%s<span class=\"type\">%s</span></th>",
                names->value->data, types->value->data) != 0)
            return -1;
    } while (!names->ends_row);
    return sl_buf_puts(html, "</tr></thead>\n<tbody>\n");
}

static int put_cell(const struct reader *reader, bool number, struct sl_buf *html)
{
    struct sl_buf *value = reader->value;
    size_t shown = value->len;

    if (reader->null)
        return sl_buf_puts(html, "<td class=\"null\">NULL</td>");
    if (shown > SL_PREVIEW_CELL)
        shown = (size_t)sl_utf8_fit(value->data, SL_PREVIEW_CELL);
    bool cut = shown < value->len;
    if (cut)
        value->data[shown] = '\0';
    return sl_page_put(html, number ? "<td class=\"number\">%s%s</td>" : "<td>%s%s</td>",
                       value->data, cut ? "\342\200\246" : "");
}

static int put_rows(struct reader *reader, const struct sl_buf *numbers, struct sl_buf *html)
{
    while (*reader->at != '\0') {
        size_t column = 0;

        if (sl_buf_puts(html, "<tr>") != 0)
            return -1;
        do {
            if (read_field(reader) != 0 ||
                put_cell(reader, column < numbers->len && numbers->data[column] == 'n', html) != 0)
                return -1;
            column++;
        } while (!reader->ends_row);
        if (sl_buf_puts(html, "</tr>\n") != 0)
            return -1;
    }
    return 0;
}

int sl_preview_table(const char *csv, bool all, struct sl_buf *html)
{
    struct sl_buf value, type, numbers;
    struct reader names = {.at = csv, .value = &value};
    struct reader types = {.at = csv, .value = &type};
    int rc = -1;

    sl_buf_init(&value, SL_PREVIEW_BYTES);
    sl_buf_init(&type, SL_PREVIEW_BYTES);
    sl_buf_init(&numbers, SL_PREVIEW_BYTES);
    do {
        if (read_field(&types) != 0)
            goto out;
    } while (!types.ends_row);
    if (sl_page_put(html,
                    "<div class=\"scroll\" role=\"region\" aria-labelledby=\"result-title\" "
                    "tabindex=\"0\">\n<table>\n<caption>%s</caption>\n",
                    all ? "These are all rows." : "The file may hold more rows.") == 0 &&
        put_heads(&names, &types, &numbers, html) == 0 && put_rows(&types, &numbers, html) == 0)
        rc = sl_buf_puts(html, "</tbody>\n</table>\n</div>\n");
out:
    sl_buf_free(&value);
    sl_buf_free(&type);
    sl_buf_free(&numbers);
    return rc;
}

/* The query as it is shown: plain CSV with types, few rows, little time. */
static void make_small(struct sl_query *query)
{
    query->format = sl_format_find("csv");
    sl_style_init(&query->style, SL_CSV, SL_DIALECT_POSTGRES);
    query->header = SL_HEADER_TYPES;
    if (query->limit < 0 || query->limit > SL_PREVIEW_ROWS)
        query->limit = SL_PREVIEW_ROWS;
    query->max_duration = SL_PREVIEW_MS;
    query->encoding[0] = '\0';
}

/* In words that fit a preview; a limit of the export's own is told as it is. */
static void explain(struct sl_error *err, bool full)
{
    if (err->kind == SL_TIMEOUT)
        sl_error_set(err, SL_TIMEOUT,
                     "the database had no rows within %d seconds, which is all that a preview "
                     "waits; a download has more time",
                     SL_PREVIEW_MS / 1000);
    else if (full)
        sl_error_set(err, SL_LIMIT, "the first rows are too large for a preview; download them");
}

static int execute(struct sl_run *run, int client_fd, struct sl_memory *memory,
                   struct sl_error *err)
{
    if (sl_run_admit(run, client_fd, err) != 0)
        return -1;
    return sl_run_execute(run, &memory->sink, client_fd, false, err);
}

int sl_preview(struct sl_request *request, const struct sl_run_as *as, struct sl_query *query,
               struct sl_buf *html, char run_id[40], struct sl_error *err)
{
    struct sl_memory *memory = malloc(sizeof(*memory));
    struct sl_receipt receipt;
    struct sl_run *run;
    int rc = -1;

    run_id[0] = '\0';
    if (memory == NULL) {
        sl_query_fini(query);
        return sl_error_nomem(err);
    }
    int64_t most = request->setup->config->limits.memory / 2;
    sl_memory_init(memory, most < SL_PREVIEW_BYTES ? (size_t)most : SL_PREVIEW_BYTES);
    bool whole = query->limit >= 0 && query->limit <= SL_PREVIEW_ROWS;
    make_small(query);
    if (sl_run_new(request->http->service, request->setup, query, as, &run, err) != 0)
        goto out;
    request->run_made = true;
    rc = execute(run, sl_conn_fd(request->conn), memory, err);
    if (sl_run_begun(run))
        snprintf(run_id, 40, "%s", sl_run_id(run));
    sl_run_receipt(run, &receipt);
    sl_run_release(run);
    if (rc != 0)
        explain(err, memory->full);
    else if ((rc = sl_preview_table(memory->bytes.data, whole || receipt.rows < SL_PREVIEW_ROWS,
                                    html)) != 0)
        sl_error_nomem(err);
out:
    sl_buf_free(&memory->bytes);
    free(memory);
    return rc;
}
