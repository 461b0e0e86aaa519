/*
 * What the pages for people have in common: text into HTML, the header fields
 * that go with a page, and the files of src/http/pages, which the Makefile makes
 * into constants (pages.c).
 *
 * A page holds no script and no style of its own: the Content-Security-Policy lets a
 * browser take both from this server only, and nothing from elsewhere.
 */
#ifndef SL_PAGE_H
#define SL_PAGE_H

#include "base/buf.h"
#include "http/request.h"

struct sl_page_file {
    const char *name; /* "common.css" */
    const unsigned char *bytes;
    size_t len;
};

/* All of them; the last has no name. */
extern const struct sl_page_file sl_page_files[];

/* The one of that name; NULL: there is none. */
const struct sl_page_file *sl_page_file(const char *name);

/* Appends text as HTML has it, between tags and inside double quotes. */
int sl_page_text(struct sl_buf *out, const char *text) SL_MUSTCHECK;

/*
 * Appends HTML in which each %s stands for a text, which is escaped; %% is a percent
 * sign, and there is nothing else.  The only way by which a value comes into a page.
 */
int sl_page_put(struct sl_buf *out, const char *html, ...) SL_PRINTF(2, 3) SL_MUSTCHECK;

/*
 * The page down to the begin of <main id="main">.  assets: what the addresses of common.css and
 * of the page's own NAME.css and NAME.js begin with, as the browser sees it from
 * this page, such as "exports/.".  sl_page_end() closes what this opens.
 */
int sl_page_begin(struct sl_buf *out, const char *title, const char *assets,
                  const char *name) SL_MUSTCHECK;
int sl_page_end(struct sl_buf *out) SL_MUSTCHECK;

/* A page with that status; takes the text out of the buffer. */
enum MHD_Result sl_page_send(struct sl_request *request, unsigned status, struct sl_buf *html);

/*
 * A page that tells of an error, with its status and all that a problem has beside the
 * body.  run: the run's id or NULL.  Logs and counts it.  Takes the text out of the buffer.
 */
enum MHD_Result sl_page_refuse(struct sl_request *request, const struct sl_error *err,
                               const char *run, struct sl_buf *html);

/* 303 to another address, relative to the page. */
enum MHD_Result sl_page_send_on(struct sl_request *request, const char *location);

/*
 * The style or script of that name in src/http/pages, for everyone; 404 when there is
 * none.  Checks the method.
 */
enum MHD_Result sl_page_send_file(struct sl_request *request, const char *name);

#endif
