/* The HTTP service: listeners, their sockets, start and stop.  libmicrohttpd lives in this folder
 * only. */
#ifndef SL_SERVER_H
#define SL_SERVER_H

#include "export/service.h"

/* A stop takes at most drain_timeout and this long (ms): cancelling, the last bytes, joining. */
#define SL_STOP_MS 15000

struct sl_server;

/*
 * Opens every listener of the configuration and serves; inherited sockets
 * (base/inherited.h) named public, admin or tickets take the place of the
 * addresses of that kind.  Logs a line per listener (`msg=listening
 * listener=public|admin|tickets address=...`) and `msg=ready`.
 */
int sl_server_start(struct sl_service *service, struct sl_server **server,
                    struct sl_error *err) SL_MUSTCHECK;

/*
 * Goes by `setup` (its reference is taken over, in every case) for what begins
 * from now on; sockets stay as they are, and a warning names the keys that need a
 * restart to take effect.  SL_CONFIG when it would take away what guards an open
 * socket: the token of an admin socket that the network reaches, or the file
 * itself.  -1: nothing has changed.  The main thread's.
 */
int sl_server_reload(struct sl_server *server, struct sl_setup *setup,
                     struct sl_error *err) SL_MUSTCHECK;

/* A sign of life: does the server's own thread come round? As sl_reaper_alive(). */
bool sl_server_alive(struct sl_server *server);

/*
 * Stops accepting, waits up to drain_timeout for running exports and the last
 * bytes of replies, breaks the rest detectably, and ends every thread.  patience()
 * is called about every 50 ms meanwhile; when it says false, running exports are
 * waited for no longer.
 */
void sl_server_stop(struct sl_server *server, bool (*patience)(void *ctx), void *ctx);

/* The version of libmicrohttpd that runs, "0.9.75". */
const char *sl_http_version(void);

#endif
