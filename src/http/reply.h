/* Replies that are no export: problems (RFC 9457), JSON, plain text. Each returns the handler's
 * result. */
#ifndef SL_REPLY_H
#define SL_REPLY_H

#include "base/buf.h"
#include "export/receipt.h"
#include "http/request.h"

/* What a client that was told 503 busy should wait (s): slots come free by the second, not by the
 * minute. */
#define SL_RETRY_AFTER "5"

/* Largest JSON or text that is ever made for a reply: the catalogue of SL_MAX_EXPORTS exports. */
#define SL_REPLY_MAX ((size_t)16 * 1024 * 1024)

/* Adds a header field; control characters are left out, and so is the field when nothing remains.
 */
void sl_reply_header(struct MHD_Response *response, const char *name, const char *value);

/* Hands the response over, enters SL_CONN_REPLY unless a run is attached, drops our reference. */
enum MHD_Result sl_reply_send(struct sl_request *request, unsigned status,
                              struct MHD_Response *response);

/*
 * The same for a short reply: the reaper gives the client SL_REPLY_MS to take it.  NULL
 * (no memory for it) closes the connection.
 */
enum MHD_Result sl_reply_short(struct sl_request *request, unsigned status,
                               struct MHD_Response *response);

/*
 * The error as application/problem+json with the status of its kind; the
 * connection is closed afterwards unless request->keeps.  run: the run's id or NULL.  allow: the
 * methods that a 405 names, as bits of enum sl_method.
 */
enum MHD_Result sl_reply_problem(struct sl_request *request, const struct sl_error *err,
                                 const char *run, unsigned allow);

/* The same without a log line and uncounted, for who asks the same again and again. */
enum MHD_Result sl_reply_silent_problem(struct sl_request *request, const struct sl_error *err,
                                        const char *run, unsigned allow);

/*
 * Adds what goes with an error of that kind, whatever the body: Retry-After, WWW-Authenticate, the
 * end of the connection.
 */
void sl_reply_kind_headers(const struct sl_request *request, enum sl_kind kind,
                           struct MHD_Response *response);

/* Logs and counts a refusal that is answered by other means, such as a page. */
void sl_reply_refused(const struct sl_request *request, const struct sl_error *err,
                      const char *run);

/* 200 with a body of that type; takes the text out of the buffer. */
enum MHD_Result sl_reply_body(struct sl_request *request, const char *type, struct sl_buf *body);

/* 200 with JSON; takes the text out of the buffer. */
enum MHD_Result sl_reply_json(struct sl_request *request, struct sl_buf *json);

/* The same for what is HTML to a browser: Vary says so. */
enum MHD_Result sl_reply_varied(struct sl_request *request, struct sl_buf *json);

/* 201 with JSON and Location; takes the text out of the buffer. */
enum MHD_Result sl_reply_created(struct sl_request *request, struct sl_buf *json,
                                 const char *location);

/* 200 with a receipt. */
enum MHD_Result sl_reply_receipt(struct sl_request *request, const struct sl_receipt *receipt);

/* 200 with a constant text. */
enum MHD_Result sl_reply_text(struct sl_request *request, const char *text);

#endif
