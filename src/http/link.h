/* Addresses that a page shows: percent-encoded, and as a line for the shell. */
#ifndef SL_LINK_H
#define SL_LINK_H

#include "catalog/query.h"
#include "http/request.h"

/* Appends text with everything escaped but the unreserved characters (RFC 3986 section 2.3). */
int sl_link_escape(struct sl_buf *out, const char *text) SL_MUSTCHECK;

/* Appends "orders.csv?since=2026-01-01": the name, the ending, and those arguments that have a
 * value. */
int sl_link_file(struct sl_buf *out, const char *name, const char *ending,
                 const struct sl_args *args) SL_MUSTCHECK;

/*
 * Appends scheme and host as the client has them: "https://example.com"; https when a
 * proxy says so.  Nothing of it means anything to a shell inside single quotes.
 */
int sl_link_origin(struct sl_buf *out, const struct sl_request *request) SL_MUSTCHECK;

#endif
