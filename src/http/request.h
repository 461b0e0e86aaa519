/*
 * What the files of this folder share about one request.  A request is made
 * when its request line has been read and freed when libmicrohttpd is done with
 * it; it belongs to its connection's thread.
 */
#ifndef SL_REQUEST_H
#define SL_REQUEST_H

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "access/once.h"
#include "access/tickets.h"
#include "base/buf.h"
#include "export/service.h"
#include "http/accept.h"
#include "http/connections.h"
#include "http/encoding.h"
#include "http/target.h"

/* What all listeners share. Constant but for the atomics. */
struct sl_http {
    struct sl_service *service;
    struct sl_connections *connections;
    struct sl_once *once;
    struct sl_tickets *tickets; /* NULL: there are none anywhere */
    struct sl_ready *ready;
    int64_t base_memory; /* resident, before the first request (bytes) */
    char started_at[SL_TIME_TEXT];
    atomic_bool draining; /* new requests get 503 */
    atomic_int scrapes;   /* of /metrics, whose clients have not read all yet */
};

/* Whom a listener serves: every path belongs to one of them. */
enum sl_listener { SL_PUBLIC, SL_ADMIN, SL_TICKETS };

/* Methods as bits, for sets of them. */
enum sl_method {
    SL_GET = 1,
    SL_HEAD = 2,
    SL_DELETE = 4,
    SL_POST = 8,
    SL_OTHER_METHOD = 16,
};

/* The header fields that matter here. Strings are libmicrohttpd's, valid for the request's life. */
struct sl_fields {
    unsigned n_host, n_content_length, n_authorization, n_transfer_encoding;
    bool bad_name; /* a field name that is no token */
    bool te_trailers;
    struct sl_accept accept;
    struct sl_encodings encodings;
    const char *host;
    const char *content_length;
    const char *authorization;
    const char *forwarded_proto; /* X-Forwarded-Proto: for addresses that are shown, no more */
    const char *x_pgsluice;
    const char *sec_fetch_site;
};

struct sl_request {
    struct sl_http *http;
    struct sl_setup *setup; /* in force when it came; its own reference */
    enum sl_listener listener;
    struct MHD_Connection *mhd;
    struct sl_conn *conn;
    char *raw;     /* the raw target, NULL: no memory */
    bool keeps;    /* an error leaves the connection open */
    bool begun;    /* the access handler was called */
    bool run_made; /* what becomes of the request is a run's to count */
    bool scrapes;  /* it is one of http->scrapes */
    bool chooses;  /* the format of the answer is that which Accept wants most */
    enum sl_method method;
    bool http_1_0;
    struct sl_fields fields;
    struct sl_target target;
    bool takes_body;
    struct sl_buf body; /* when takes_body */
    /* Unless SL_NONE, why the body is dropped: it is read, as clients send it before they look. */
    struct sl_error refused;
};

/* The request's segment i, "" when the path is shorter. */
static inline const char *sl_request_segment(const struct sl_request *request, size_t i)
{
    return i < request->target.n_segments ? request->target.segments[i] : "";
}

#endif
