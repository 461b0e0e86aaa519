/* The catalogue as a page: a list with a search, which the server does where there is no script. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "access/access.h"
#include "http/catalogue.h"
#include "http/link.h"
#include "http/page.h"
#include "http/reply.h"

/* Words of a search that count. */
#define MAX_WORDS 8

bool sl_catalogue_for_people(const struct sl_request *request)
{
    const struct sl_accept *accept = &request->fields.accept;

    return sl_accept_weight(accept, "text/html") > sl_accept_weight(accept, "application/json");
}

/* What is looked for; "" when nothing is. */
static const char *asked(const struct sl_request *request)
{
    const struct sl_args *args = &request->target.args;

    for (size_t i = 0; i < args->n; i++)
        if (strcmp(args->v[i].name, "q") == 0)
            return args->v[i].value;
    return "";
}

/* Without regard to the case of ASCII letters. */
static bool holds(const char *text, const char *word, size_t len)
{
    for (; *text != '\0'; text++)
        if (strncasecmp(text, word, len) == 0)
            return true;
    return false;
}

static bool found(const struct sl_export *export, const char *search)
{
    for (int i = 0; i < MAX_WORDS; i++) {
        search += strspn(search, " ");
        size_t len = strcspn(search, " ");

        if (len == 0)
            break;
        if (!holds(export->name, search, len) && !holds(export->title, search, len) &&
            !holds(export->description, search, len))
            return false;
        search += len;
    }
    return true;
}

static int put_export(struct sl_buf *html, const struct sl_export *export)
{
    bool titled = export->title[0] != '\0';

    if (sl_page_put(html, "<li><a href=\"exports/%s.html\">%s</a>", export->name,
                    titled ? export->title : export->name) != 0)
        return -1;
    if (titled && sl_page_put(html, " <code>%s</code>", export->name) != 0)
        return -1;
    if (export->description[0] != '\0' && sl_page_put(html, "<p>%s</p>", export->description) != 0)
        return -1;
    return sl_buf_puts(html, "</li>\n");
}

static int put_list(const struct sl_request *request, const struct sl_caller *caller,
                    struct sl_buf *html, size_t *n, size_t *shown)
{
    const struct sl_catalog *catalog = request->setup->catalog;
    const char *search = asked(request);

    *n = *shown = 0;
    for (size_t i = 0; i < catalog->n; i++) {
        const struct sl_export *export = catalog->exports[i];

        if (!sl_access_export(request->setup->config, caller, export->name))
            continue;
        ++*n;
        if (!found(export, search))
            continue;
        ++*shown;
        if (put_export(html, export) != 0)
            return -1;
    }
    return 0;
}

static int put_search(struct sl_buf *html, const char *search, size_t n, size_t shown)
{
    char count[64];

    if (n == shown)
        snprintf(count, sizeof(count), n == 1 ? "%zu export" : "%zu exports", n);
    else
        snprintf(count, sizeof(count), "%zu of %zu exports", shown, n);
    return sl_page_put(
        html,
        "<form role=\"search\" method=\"get\" action=\"exports\" class=\"row search\">\n"
        "<label for=\"q\">Search</label>"
        "<input type=\"search\" id=\"q\" name=\"q\" value=\"%s\" autocomplete=\"off\">"
        "<button id=\"find\">Find</button>\n"
        "<span id=\"count\" class=\"soft\" role=\"status\">%s</span>\n</form>\n",
        search, count);
}

int sl_catalogue_page(const struct sl_request *request, const struct sl_caller *caller,
                      const struct sl_open_tables *open, struct sl_buf *html)
{
    struct sl_buf list;
    size_t n, shown;
    int rc = -1;

    sl_buf_init(&list, SL_REPLY_MAX);
    if (put_list(request, caller, &list, &n, &shown) != 0 ||
        sl_page_begin(html, "Exports", "exports/.", "catalogue") != 0 ||
        sl_buf_puts(html, "<h1>Exports</h1>\n") != 0)
        goto out;
    rc = 0;
    if (n > 0)
        rc = put_search(html, asked(request), n, shown) != 0 ||
             sl_buf_puts(html, "<ul id=\"list\" class=\"list\">\n") != 0 ||
             sl_buf_add(html, list.data, list.len) != 0 || sl_buf_puts(html, "</ul>\n") != 0;
    else if (open->tables.n == 0)
        rc = sl_buf_puts(html,
                         "<p class=\"notice\">There is no export here that you may run.</p>\n");
    if (rc == 0)
        rc = sl_catalogue_tables_page(html, open);
    if (rc == 0)
        rc = sl_buf_puts(html, "<p class=\"soft\">For programs: this list <a "
                               "href=\"openapi.json\">as OpenAPI</a>.</p>\n");
    if (rc == 0)
        rc = sl_page_end(html);
out:
    sl_buf_free(&list);
    return rc;
}

static int put_refusal(const struct sl_request *request, const struct sl_error *err,
                       struct sl_buf *html)
{
    /* The page's own address, for its parts: /exports or /exports/NAME.html. */
    const char *assets = request->target.n_segments > 1 ? "." : "exports/.";
    struct sl_buf origin;
    int rc = -1;

    sl_buf_init(&origin, SL_TARGET_MAX);
    if (sl_page_begin(html, "A token is needed", assets, "catalogue") == 0 &&
        sl_link_origin(&origin, request) == 0 &&
        sl_page_put(
            html,
            "<h1>A token is needed</h1>\n<p>%s</p>\n"
            "<p>A browser has no place for it. From a shell:</p>\n"
            "<pre tabindex=\"0\" aria-label=\"The command\"><code>curl -H \"Authorization: Bearer "
            "$TOKEN\" '%s/exports'</code></pre>\n",
            err->message, origin.data) == 0)
        rc = sl_page_end(html);
    sl_buf_free(&origin);
    return rc;
}

enum MHD_Result sl_catalogue_refuse(struct sl_request *request, const struct sl_error *err)
{
    enum MHD_Result result;
    struct sl_buf html;

    if (err->kind != SL_UNAUTHORIZED || !sl_catalogue_for_people(request))
        return sl_reply_problem(request, err, NULL, 0);
    sl_buf_init(&html, SL_REPLY_MAX);
    if (put_refusal(request, err, &html) == 0)
        result = sl_page_refuse(request, err, NULL, &html);
    else
        result = sl_reply_problem(request, err, NULL, 0);
    sl_buf_free(&html);
    return result;
}
