/*
 * The body reader: libmicrohttpd asks for bytes, a run has them.  The only file
 * that talks to libmicrohttpd's content callback.
 *
 * It never returns 0 (that would be a busy loop), but waits in sl_run_read().
 * An aborted run breaks the transfer inside a chunk: the chunk's size and its
 * byte go out, the CRLF that ends it does not, and the socket is shut down.
 * Every HTTP/1.1 client that was tried notices exactly that.
 */
#ifndef SL_BODY_H
#define SL_BODY_H

#include <microhttpd.h>
#include <stdbool.h>

#include "export/run.h"
#include "http/connections.h"

/*
 * Makes the response of a run whose first batch is there.  Takes the consumer's
 * reference over in every case: the response's end (or this function, when it
 * returns NULL for lack of memory) calls sl_run_consumed() and sl_run_release().
 * trailers: send X-Rows and X-Sha256 behind the body.
 */
struct MHD_Response *sl_body_response(struct sl_run *run, struct sl_conn *conn, bool trailers);

#endif
