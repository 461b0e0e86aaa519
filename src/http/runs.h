/* Receipts by id, for the listener of the callers and for that of the operator. */
#ifndef SL_RUNS_H
#define SL_RUNS_H

#include "http/request.h"

/* `GET /runs` names so many at most of those under way, and so many of those that ended. */
#define SL_RUNS_LISTED 200

/*
 * Cancels the run `/runs/{id}` and answers: 200 with the receipt (the run may
 * need a moment to end: its state says), 404, or 409 when it has ended already.
 */
enum MHD_Result sl_runs_cancel(struct sl_request *request, const char *id, const char *why);

/* Appends the member `name` with the receipts, as the operator reads them, as an array. */
int sl_runs_json(struct sl_buf *out, const char *name, const struct sl_receipt *receipts,
                 size_t n) SL_MUSTCHECK;

/* The answer for an id that is unknown, or not this caller's. */
enum MHD_Result sl_runs_unknown(struct sl_request *request);

#endif
