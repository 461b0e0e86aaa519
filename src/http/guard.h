/*
 * What every request must satisfy before anyone looks at what it wants.
 * libmicrohttpd lets through, depending on its version, things that two servers
 * in a row would read differently (request smuggling); here they are refused.
 */
#ifndef SL_GUARD_H
#define SL_GUARD_H

#include "http/request.h"

/*
 * Collects the header fields, checks them, and parses the target.  Fills
 * request->method, http_1_0, fields and target.  SL_BAD_REQUEST (two Hosts, a
 * body on a GET, a bad escape ...), SL_HTTP_VERSION, SL_BUSY (draining).
 */
int sl_guard(struct sl_request *request, const char *method, const char *version,
             struct sl_error *err) SL_MUSTCHECK;

/* Has the client announced a body? Then the reply must not wait for it. */
bool sl_guard_has_body(const struct sl_request *request);

/* SL_METHOD unless the request's method is one of the set. */
int sl_guard_method(const struct sl_request *request, unsigned allowed,
                    struct sl_error *err) SL_MUSTCHECK;

/*
 * The admin listener only. SL_FORBIDDEN: a Host that is not local, so that a page of another
 * site cannot reach it through a name of its own.
 */
int sl_guard_admin_host(const struct sl_request *request, struct sl_error *err) SL_MUSTCHECK;

/* Likewise. SL_UNAUTHORIZED: there is an admin token, and the request does not show it. */
int sl_guard_admin_token(const struct sl_request *request, struct sl_error *err) SL_MUSTCHECK;

/* The tickets listener only: its secret, compared in constant time (SL_UNAUTHORIZED). */
int sl_guard_tickets(const struct sl_request *request, struct sl_error *err) SL_MUSTCHECK;

#endif
