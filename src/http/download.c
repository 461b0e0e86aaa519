#include "http/download.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "http/body.h"
#include "http/disposition.h"
#include "http/encoding.h"
#include "http/reply.h"
#include "sink/encode.h"

/* What a compressed file's name ends in, and its type (RFC 6713, RFC 8878 section 7.1). */
static const struct {
    const char *ending;
    const char *type;
} files[] = {
    [SL_GZIP] = {".gz", "application/gzip"},
    [SL_ZSTD] = {".zst", "application/zstd"},
};

/* How the transfer is compressed: a file that is so already is sent as it is. */
static enum sl_compression encoding_of(const struct sl_request *request,
                                       const struct sl_query *query)
{
    return query->format->compression == SL_PLAIN ? sl_encodings_choose(&request->fields.encodings)
                                                  : SL_PLAIN;
}

static bool ends_with(const char *text, const char *ending)
{
    size_t len = strlen(text);
    size_t n = strlen(ending);

    return len >= n && strcmp(text + len - n, ending) == 0;
}

/* The export's own name for its file, with the ending of what the file is. */
static int name_of_export(const struct sl_query *query, struct sl_buf *name)
{
    const struct sl_format *format = query->format;
    const char *own = query->export->filename;
    const struct sl_format *named = sl_format_of_file(own);
    size_t len = strlen(own);
    char day[SL_TIME_TEXT];

    if (own[0] == '\0') {
        sl_clock_utc_day(day);
        return sl_buf_printf(name, "%s-%s.%s", query->export->name, day, format->name);
    }
    if (named == format)
        return sl_buf_puts(name, own);
    if (named != NULL)
        return sl_buf_printf(name, "%.*s%s", (int)(len - strlen(named->name)), own, format->name);
    /* An ending that says nothing of the format, such as .txt, may be meant for CSV only. */
    if (format->layout != SL_CSV)
        return sl_buf_printf(name, "%s.%s", own, format->name);
    if (format->compression == SL_PLAIN || ends_with(own, files[format->compression].ending))
        return sl_buf_puts(name, own);
    return sl_buf_printf(name, "%s%s", own, files[format->compression].ending);
}

static int add_disposition(struct MHD_Response *response, const struct sl_query *query)
{
    struct sl_buf name;
    struct sl_buf value;

    sl_buf_init(&name, SL_DISPOSITION_MAX);
    sl_buf_init(&value, SL_DISPOSITION_MAX);
    int failed = query->filename[0] != '\0' ? sl_buf_puts(&name, query->filename)
                                            : name_of_export(query, &name);
    if (failed == 0)
        failed = sl_disposition(name.data, &value);
    if (failed == 0)
        sl_reply_header(response, "Content-Disposition", value.data);
    sl_buf_free(&name);
    sl_buf_free(&value);
    return failed;
}

#define TYPE_MAX (64 + SL_ENCODE_NAME_MAX)

/* RFC 4180 section 3, which has `header` for CSV alone; IANA's tab-separated-values; jsonlines.org.
 */
static void type_of(const struct sl_query *query, char type[TYPE_MAX])
{
    static const char *const types[] = {
        [SL_CSV] = "text/csv",
        [SL_TSV] = "text/tab-separated-values",
        [SL_JSONL] = "application/jsonl",
    };
    const char *charset = query->encoding[0] != '\0' ? query->encoding : "utf-8";
    const char *quote =
        strchr(charset, ':') != NULL ? "\"" : ""; /* a name such as ISO_8859-1:1987 */
    const char *header = query->header != SL_HEADER_OFF ? "; header=present" : "; header=absent";

    if (query->format->compression != SL_PLAIN)
        snprintf(type, TYPE_MAX, "%s", files[query->format->compression].type);
    else
        snprintf(type, TYPE_MAX, "%s; charset=%s%s%s%s", types[query->format->layout], quote,
                 charset, quote, query->format->layout == SL_CSV ? header : "");
}

/* The headers that HEAD and GET have in common. */
static int add_headers(const struct sl_request *request, struct MHD_Response *response,
                       const struct sl_query *query)
{
    const char *encoding = sl_encoding_name(encoding_of(request, query));
    char type[TYPE_MAX];

    type_of(query, type);
    sl_reply_header(response, "Content-Type", type);
    if (encoding != NULL)
        sl_reply_header(response, "Content-Encoding", encoding);
    sl_reply_header(response, "Cache-Control", "no-store");
    sl_reply_header(response, "Accept-Ranges", "none");
    sl_reply_header(response, "Vary",
                    request->chooses ? "Accept, Accept-Encoding" : "Accept-Encoding");
    /* nginx would otherwise write a slow client's rest to a temporary file. */
    sl_reply_header(response, "X-Accel-Buffering", "no");
    sl_reply_header(response, "X-Content-Type-Options", "nosniff");
    return add_disposition(response, query);
}

static ssize_t no_body(void *cls, uint64_t position, char *bytes, size_t max)
{
    (void)cls;
    (void)position;
    (void)bytes;
    (void)max;
    return MHD_CONTENT_READER_END_OF_STREAM;
}

/*
 * HEAD ends here.  A body of unknown length, so that no Content-Length says 0;
 * without chunks and with a close, as libmicrohttpd 0.9.75 would leave a stray
 * last chunk on the connection.
 */
static enum MHD_Result reply_head(struct sl_request *request, const struct sl_query *query)
{
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 1, no_body, NULL, NULL);

    if (response == NULL)
        return MHD_NO;
    if (MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END) !=
            MHD_YES ||
        add_headers(request, response, query) != 0) {
        MHD_destroy_response(response);
        return MHD_NO;
    }
    sl_conn_set(request->conn, SL_CONN_REPLY);
    return sl_reply_send(request, MHD_HTTP_OK, response);
}

/* The first batch is there. Takes the run's reference over. */
static enum MHD_Result reply_run(struct sl_request *request, struct sl_run *run)
{
    bool trailers = request->fields.te_trailers;
    struct sl_receipt receipt;
    char number[24];

    /* The connection's reference outlives the response, should that fail. */
    sl_conn_set_run(request->conn, run);
    struct MHD_Response *response = sl_body_response(run, request->conn, trailers);
    if (response == NULL)
        return MHD_NO;
    if (add_headers(request, response, sl_run_query(run)) != 0) {
        MHD_destroy_response(response);
        return MHD_NO;
    }
    sl_reply_header(response, "X-Run-Id", sl_run_id(run));
    sl_run_receipt(run, &receipt);
    if (receipt.estimated_rows >= 0) {
        snprintf(number, sizeof(number), "%lld", (long long)receipt.estimated_rows);
        sl_reply_header(response, "X-Estimated-Rows", number);
    }
    if (trailers)
        sl_reply_header(response, "Trailer", "X-Rows, X-Sha256");
    return sl_reply_send(request, MHD_HTTP_OK, response);
}

/* Is it a 503 that the database is the reason of? One who cancels has had his run. */
static bool is_unavailable(const struct sl_error *err)
{
    return err->kind == SL_UNAVAILABLE || err->kind == SL_DB_LOST;
}

/* Runs the query up to its first batch; only then is the status known. Takes query over. */
static enum MHD_Result start_run(struct sl_request *request, const struct sl_download *download,
                                 struct sl_query *query)
{
    int fd = sl_conn_fd(request->conn);
    struct sl_run_as as = download->as;
    struct sl_run *run;
    struct sl_error err;

    as.peer = sl_conn_peer(request->conn);
    if (sl_run_new(request->http->service, request->setup, query, &as, &run, &err) != 0)
        return sl_reply_problem(request, &err, NULL, 0);
    request->run_made = true;
    bool admitted = sl_run_admit(run, fd, &err) == 0 &&
                    (download->admitted == NULL || download->admitted(download->ctx, &err) == 0);
    enum sl_compression encoding = encoding_of(request, sl_run_query(run));
    if (admitted && sl_run_start(run, encoding, &err) == 0 && sl_run_wait_first(run, fd, &err) == 0)
        return reply_run(request, run);
    if (admitted && download->refused != NULL && is_unavailable(&err))
        download->refused(download->ctx);
    /*
     * A run that the database never saw leaves no receipt to look for.  That of a table which is
     * not there is not told of, either: it is the answer to one that is closed.
     */
    const char *id = sl_run_begun(run) && err.kind != SL_NOT_FOUND ? sl_run_id(run) : NULL;
    enum MHD_Result result = sl_reply_problem(request, &err, id, 0);
    sl_run_abort(run, err.kind, err.message);
    sl_run_release(run);
    return result;
}

bool sl_download_possible(struct sl_request *request, struct sl_error *err)
{
    if (!request->http_1_0)
        return true;
    sl_error_set(err, SL_HTTP_VERSION,
                 "HTTP/1.0 cannot show that a transfer broke off, so exports need HTTP/1.1; "
                 "nginx speaks it with: proxy_http_version 1.1; proxy_set_header Connection \"\";");
    return false;
}

enum MHD_Result sl_download(struct sl_request *request, const struct sl_download *download,
                            struct sl_query *query)
{
    if (request->method == SL_GET)
        return start_run(request, download, query);
    enum MHD_Result result = reply_head(request, query);
    sl_query_fini(query);
    return result;
}
