#include "http/page.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/guard.h"
#include "http/reply.h"

/*
 * Scripts, styles and requests to this server only; no frame around a page, no
 * form that leads elsewhere, no <base> that turns addresses.
 */
#define POLICY                                                                                     \
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; " \
    "form-action 'self'; frame-src 'self'; base-uri 'none'; frame-ancestors 'none'"

int sl_page_text(struct sl_buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        size_t plain = strcspn(text, "&<>\"'");

        if (sl_buf_add(out, text, plain) != 0)
            return -1;
        text += plain;
        if (*text == '\0')
            return 0;
        if (sl_buf_printf(out, "&#%d;", *text) != 0)
            return -1;
    }
    return 0;
}

int sl_page_put(struct sl_buf *out, const char *html, ...)
{
    va_list values;
    int failed = 0;

    va_start(values, html);
    while (failed == 0 && *html != '\0') {
        size_t plain = strcspn(html, "%");

        failed = sl_buf_add(out, html, plain);
        html += plain;
        if (failed != 0 || *html == '\0')
            break;
        if (html[1] == 's')
            failed = sl_page_text(out, va_arg(values, const char *));
        else
            failed = html[1] == '%' ? sl_buf_putc(out, '%') : -1;
        html += 2;
    }
    va_end(values);
    return failed;
}

int sl_page_begin(struct sl_buf *out, const char *title, const char *assets, const char *name)
{
    return sl_page_put(out,
                       "<!DOCTYPE html>\n"
                       "<html lang=\"en\">\n"
                       "<head>\n"
                       "<meta charset=\"utf-8\">\n"
                       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                       "<meta name=\"color-scheme\" content=\"light dark\">\n"
                       "<title>%s</title>\n"
                       "<link rel=\"icon\" href=\"data:,\">\n"
                       "<link rel=\"stylesheet\" href=\"%scommon.css\">\n"
                       "<link rel=\"stylesheet\" href=\"%s%s.css\">\n"
                       "<script src=\"%s%s.js\" defer></script>\n"
                       "</head>\n"
                       "<body>\n"
                       "<a class=\"skip\" href=\"#main\">Skip to the content</a>\n"
                       "<header class=\"top\"><span class=\"brand\">pgsluice</span></header>\n"
                       "<main id=\"main\" tabindex=\"-1\">\n",
                       title, assets, assets, name, assets, name);
}

int sl_page_end(struct sl_buf *out)
{
    return sl_buf_puts(out, "</main>\n</body>\n</html>\n");
}

static void add_headers(struct MHD_Response *response, const char *type)
{
    sl_reply_header(response, "Content-Type", type);
    sl_reply_header(response, "Cache-Control", "no-store");
    sl_reply_header(response, "X-Content-Type-Options", "nosniff");
    sl_reply_header(response, "Content-Security-Policy", POLICY);
    sl_reply_header(response, "Referrer-Policy", "no-referrer");
    sl_reply_header(response, "Cross-Origin-Opener-Policy", "same-origin");
    sl_reply_header(response, "Cross-Origin-Resource-Policy", "same-origin");
}

/* Takes the text out of the buffer. NULL: no memory. */
static struct MHD_Response *from_html(struct sl_buf *html)
{
    size_t len = html->len;
    char *text = sl_buf_take(html);

    if (text == NULL)
        return NULL;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        free(text);
        return NULL;
    }
    add_headers(response, "text/html; charset=utf-8");
    /* What it says depends on who asks, and in which form. */
    sl_reply_header(response, "Vary", "Accept, Authorization");
    return response;
}

enum MHD_Result sl_page_send(struct sl_request *request, unsigned status, struct sl_buf *html)
{
    return sl_reply_short(request, status, from_html(html));
}

enum MHD_Result sl_page_refuse(struct sl_request *request, const struct sl_error *err,
                               const char *run, struct sl_buf *html)
{
    struct MHD_Response *response = from_html(html);

    sl_reply_refused(request, err, run);
    if (response != NULL)
        sl_reply_kind_headers(request, err->kind, response);
    return sl_reply_short(request, sl_kind_http(err->kind), response);
}

enum MHD_Result sl_page_send_on(struct sl_request *request, const char *location)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);

    if (response == NULL)
        return MHD_NO;
    sl_reply_header(response, "Cache-Control", "no-store");
    sl_reply_header(response, "Referrer-Policy", "no-referrer");
    /* Longer than sl_reply_header() allows; it is percent-encoded, so nothing is to be left out. */
    if (MHD_add_response_header(response, "Location", location) != MHD_YES) {
        MHD_destroy_response(response);
        return MHD_NO;
    }
    return sl_reply_short(request, MHD_HTTP_SEE_OTHER, response);
}

const struct sl_page_file *sl_page_file(const char *name)
{
    for (const struct sl_page_file *file = sl_page_files; file->name != NULL; file++)
        if (strcmp(file->name, name) == 0)
            return file;
    return NULL;
}

/* NULL: it is for this program only. */
static const char *type_of(const char *name)
{
    const char *ending = strrchr(name, '.');

    if (ending != NULL && strcmp(ending, ".css") == 0)
        return "text/css; charset=utf-8";
    return ending != NULL && strcmp(ending, ".js") == 0 ? "text/javascript; charset=utf-8" : NULL;
}

enum MHD_Result sl_page_send_file(struct sl_request *request, const char *name)
{
    const unsigned methods = SL_GET | SL_HEAD;
    const struct sl_page_file *file = sl_page_file(name);
    const char *type = type_of(name);
    struct sl_error err;

    if (sl_guard_method(request, methods, &err) != 0)
        return sl_reply_problem(request, &err, NULL, methods);
    if (file == NULL || type == NULL) {
        sl_error_set(&err, SL_NOT_FOUND, "no such path");
        return sl_reply_problem(request, &err, NULL, 0);
    }
    /* The bytes are constant; libmicrohttpd's older interface does not say so. */
    struct MHD_Response *response = MHD_create_response_from_buffer(
        file->len, (void *)(uintptr_t)file->bytes, MHD_RESPMEM_PERSISTENT);
    if (response != NULL)
        add_headers(response, type);
    return sl_reply_short(request, MHD_HTTP_OK, response);
}
