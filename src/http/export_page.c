/*
 * The page of one export, `/exports/{name}.html`: its form, filled in with the
 * arguments, and what its buttons do.  They are arguments, too, so that all works
 * without a script: `_do=download&_format=csv.gz` leads to the file, `_do=preview` shows
 * the first rows.
 */
#include <string.h>

#include "access/access.h"
#include "catalog/filter.h"
#include "http/catalogue.h"
#include "http/form.h"
#include "http/guard.h"
#include "http/link.h"
#include "http/page.h"
#include "http/preview.h"
#include "http/reply.h"
#include "http/routes.h"

#define METHODS (SL_GET | SL_HEAD)

/* An address is not longer than a request's target, of which every byte may be escaped. */
#define LINK_MAX ((size_t)4 * SL_TARGET_MAX)

struct page {
    struct sl_request *request;
    const struct sl_export *export;
    const struct sl_asked_table *of; /* the table whose page it is; NULL: an export's */
    struct sl_caller caller;
    struct sl_asked_page asked;
    struct sl_buf table; /* of the preview */
    char run_id[40];     /* of the preview's run, "" when there is none */
};

bool sl_export_page_named(const char *file)
{
    const char *dot = strchr(file, '.');

    return dot != NULL && strcmp(dot, ".html") == 0;
}

static const struct sl_export *find(const struct sl_request *request,
                                    const struct sl_caller *caller, struct sl_error *err)
{
    const char *file = sl_request_segment(request, 1);
    size_t len = strcspn(file, ".");
    char name[SL_EXPORT_NAME_MAX + 1];
    const struct sl_export *export = NULL;

    if (len < sizeof(name)) {
        memcpy(name, file, len);
        name[len] = '\0';
        export = sl_catalog_find(request->setup->catalog, name);
    }
    if (export != NULL && sl_access_export(request->setup->config, caller, export->name))
        return export;
    sl_error_set(err, SL_NOT_FOUND, "there is no such export");
    return NULL;
}

static int put_heading(const struct page *page, struct sl_buf *html)
{
    const struct sl_export *export = page->export;
    bool titled = export->title[0] != '\0';

    if (sl_page_begin(html, titled ? export->title : export->name,
                      page->of != NULL ? "../exports/." : ".", "catalogue") != 0 ||
        sl_buf_puts(
            html, "<nav aria-label=\"Catalogue\"><a href=\"../exports\">All exports</a></nav>\n") !=
            0)
        return -1;
    if (sl_page_put(html, "<h1>%s</h1>\n", titled ? export->title : export->name) != 0)
        return -1;
    if (titled && sl_page_put(html, "<p class=\"soft\"><code>%s</code></p>\n", export->name) != 0)
        return -1;
    return export->description[0] == '\0' ? 0
                                          : sl_page_put(html, "<p>%s</p>\n", export->description);
}

/* Always there, so that a script has a place for what goes wrong. */
static int put_problem(const struct page *page, const struct sl_error *err, struct sl_buf *html)
{
    if (err == NULL)
        return sl_buf_puts(html, "<div id=\"problem\" role=\"alert\"></div>\n");
    if (sl_page_put(
            html,
            "<div id=\"problem\" role=\"alert\"><div class=\"notice bad\"><p><strong>%s</strong>"
            "</p><p>%s</p>",
            sl_kind_title(err->kind), err->message) != 0)
        return -1;
    if (err->sqlstate[0] != '\0' &&
        sl_page_put(html, "<p class=\"soft\">SQLSTATE %s</p>", err->sqlstate) != 0)
        return -1;
    if (page->run_id[0] != '\0' &&
        sl_page_put(html, "<p class=\"soft\">Run <code>%s</code></p>", page->run_id) != 0)
        return -1;
    return sl_buf_puts(html, "</div></div>\n");
}

static int put_curl(const struct page *page, struct sl_buf *html)
{
    const struct sl_asked_page *asked = &page->asked;
    const char *start =
        page->caller.token != NULL ? "curl -fOJ -H \"Authorization: Bearer $TOKEN\"" : "curl -fOJ";
    struct sl_buf url;
    int rc = -1;

    sl_buf_init(&url, LINK_MAX);
    if (sl_link_origin(&url, page->request) == 0 &&
        sl_buf_puts(&url, page->of != NULL ? "/tables/" : "/exports/") == 0 &&
        sl_link_file(&url, page->export->name, asked->format->name, &asked->args) == 0)
        rc = sl_page_put(html,
                         "<section class=\"card\" aria-labelledby=\"curl-title\">\n"
                         "<h2 id=\"curl-title\">From a shell</h2>\n"
                         "<pre tabindex=\"0\" aria-labelledby=\"curl-title\"><code id=\"curl\" "
                         "data-start=\"%s\">%s '%s'</code></pre>\n"
                         "<button type=\"button\" id=\"copy\" hidden>Copy</button> "
                         "<span id=\"copied\" role=\"status\"></span>\n"
                         "</section>\n",
                         start, start, url.data);
    sl_buf_free(&url);
    return rc;
}

static int put_result(const struct page *page, struct sl_buf *html)
{
    if (page->table.len == 0)
        return sl_buf_puts(html, "<section id=\"result\" aria-live=\"polite\"></section>\n");
    if (sl_buf_puts(html, "<section id=\"result\" class=\"card\" aria-live=\"polite\">\n"
                          "<h2 id=\"result-title\" tabindex=\"-1\">The first rows</h2>\n") != 0)
        return -1;
    return sl_buf_add(html, page->table.data, page->table.len) != 0
               ? -1
               : sl_buf_puts(html, "</section>\n");
}

/* err: what is wrong with the arguments or with the preview; NULL: nothing. */
static enum MHD_Result send_page(struct page *page, const struct sl_error *err)
{
    struct sl_request *request = page->request;
    enum MHD_Result result = MHD_NO;
    struct sl_error nomem;
    struct sl_buf html;

    sl_buf_init(&html, SL_REPLY_MAX);
    if (put_heading(page, &html) != 0 || put_problem(page, err, &html) != 0 ||
        sl_form_put(&html, page->export, page->of != NULL, &page->asked, err) != 0 ||
        sl_buf_puts(&html, "<section id=\"progress\" class=\"card\" hidden>"
                           "<p id=\"told\" role=\"status\"></p><progress hidden></progress>"
                           "<p id=\"figures\" class=\"soft\"></p></section>\n") != 0 ||
        put_result(page, &html) != 0 || put_curl(page, &html) != 0 || sl_page_end(&html) != 0) {
        sl_error_nomem(&nomem);
        result = sl_reply_problem(request, &nomem, NULL, 0);
    } else {
        const char *run = page->run_id[0] != '\0' ? page->run_id : NULL;
        result = err == NULL ? sl_page_send(request, MHD_HTTP_OK, &html)
                             : sl_page_refuse(request, err, run, &html);
    }
    sl_buf_free(&html);
    return result;
}

/* To the file itself: what is to be found wrong without the database was found before. */
static enum MHD_Result send_to_file(struct page *page)
{
    const struct sl_asked_page *asked = &page->asked;
    enum MHD_Result result = MHD_NO;
    struct sl_buf link;

    sl_buf_init(&link, LINK_MAX);
    if (sl_link_file(&link, page->export->name, asked->format->name, &asked->args) == 0)
        result = sl_page_send_on(page->request, link.data);
    sl_buf_free(&link);
    return result;
}

static enum MHD_Result preview(struct page *page, struct sl_query *query)
{
    const struct sl_run_as as = {.owner = page->caller.key,
                                 .peer = sl_conn_peer(page->request->conn),
                                 .role = page->caller.role};
    struct sl_error err;
    int rc = sl_preview(page->request, &as, query, &page->table, page->run_id, &err);

    return send_page(page, rc == 0 ? NULL : &err);
}

static int bind_query(const struct page *page, struct sl_query *query, struct sl_error *err)
{
    const struct sl_asked_page *asked = &page->asked;

    if (page->of != NULL)
        return sl_table_bind(&page->of->rights, &page->of->name, asked->format, &asked->args, query,
                             err);
    return sl_query_bind(page->export, asked->format, &asked->args, query, err);
}

static enum MHD_Result answer(struct page *page)
{
    struct sl_request *request = page->request;
    const struct sl_asked_page *asked = &page->asked;
    struct sl_query query = {0};
    struct sl_error err;

    if (sl_form_read(&request->target.args, &page->asked, &err) != 0)
        return send_page(page, &err);
    if (asked->action[0] == '\0')
        return send_page(page, NULL);
    if (bind_query(page, &query, &err) != 0) {
        sl_query_fini(&query);
        return send_page(page, &err);
    }
    if (strcmp(asked->action, "preview") == 0 && request->method == SL_GET)
        return preview(page, &query);
    sl_query_fini(&query);
    return strcmp(asked->action, "download") == 0 ? send_to_file(page) : send_page(page, NULL);
}

static enum MHD_Result serve(struct page *page)
{
    sl_buf_init(&page->table, SL_REPLY_MAX);
    enum MHD_Result result = answer(page);
    sl_buf_free(&page->table);
    return result;
}

enum MHD_Result sl_serve_export_page(struct sl_request *request)
{
    struct page page = {.request = request};
    struct sl_error err;

    if (sl_access_identify(request->setup->config, request->fields.authorization, &page.caller,
                           &err) != 0)
        return sl_catalogue_refuse(request, &err);
    page.export = find(request, &page.caller, &err);
    if (page.export == NULL || sl_guard_method(request, METHODS, &err) != 0)
        return sl_reply_problem(request, &err, NULL, METHODS);
    return serve(&page);
}

enum MHD_Result sl_export_page_of_table(struct sl_request *request, const struct sl_caller *caller,
                                        const struct sl_export *export,
                                        const struct sl_asked_table *table)
{
    struct page page = {.request = request, .export = export, .of = table, .caller = *caller};

    return serve(&page);
}
