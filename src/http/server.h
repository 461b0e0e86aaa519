/* The HTTP service: listeners, their sockets, start and stop.  libmicrohttpd lives in this folder
 * only. */
#ifndef SL_SERVER_H
#define SL_SERVER_H

#include "export/service.h"

struct sl_server;

/*
 * Opens every listener of the configuration and serves.  Logs a line per
 * listener (`msg=listening listener=public|admin address=...`) and `msg=ready`.
 */
int sl_server_start(struct sl_service *service, struct sl_server **server,
                    struct sl_error *err) SL_MUSTCHECK;

/*
 * Goes by `setup` (its reference is taken over, in every case) for what begins
 * from now on; sockets stay as they are, and a warning names the keys that need a
 * restart to take effect.  -1: nothing has changed.
 */
int sl_server_reload(struct sl_server *server, struct sl_setup *setup) SL_MUSTCHECK;

/*
 * Stops accepting, waits up to drain_timeout for running exports, breaks the rest
 * detectably, and ends every thread.  hurry_fd becoming readable ends the wait.
 */
void sl_server_stop(struct sl_server *server, int hurry_fd);

/* The version of libmicrohttpd that runs, "0.9.75". */
const char *sl_http_version(void);

#endif
