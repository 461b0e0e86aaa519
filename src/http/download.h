/*
 * A bound query becomes the response: what `/exports`, `/grants` and `/tickets`
 * have in common once they know what to run, and as whom.
 */
#ifndef SL_DOWNLOAD_H
#define SL_DOWNLOAD_H

#include "export/run.h"
#include "http/request.h"

#define SL_DOWNLOAD_METHODS (SL_GET | SL_HEAD)

struct sl_download {
    struct sl_run_as as; /* peer is filled in */
    /* Called when the run has its slot, before the database is asked; NULL: nothing. -1 refuses. */
    int (*admitted)(void *ctx, struct sl_error *err);
    /* Called after that when there is no download but a 503, before it is answered; NULL: nothing.
     */
    void (*refused)(void *ctx);
    void *ctx;
};

/*
 * The first thing to ask: whoever sits behind an HTTP/1.0 proxy could not use any
 * answer.  false: SL_HTTP_VERSION.
 */
bool sl_download_possible(struct sl_request *request, struct sl_error *err);

/*
 * GET runs the query up to its first batch, replies, and streams; HEAD takes no
 * slot and touches no database.  Takes query over.
 */
enum MHD_Result sl_download(struct sl_request *request, const struct sl_download *download,
                            struct sl_query *query);

#endif
