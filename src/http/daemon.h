/* One libmicrohttpd daemon on one listening socket: its options and its callbacks. */
#ifndef SL_DAEMON_H
#define SL_DAEMON_H

#include "http/listen.h"
#include "http/request.h"

/*
 * Memory of one connection: request header and then the response's chunks, so
 * this is also the size of a chunk.  With 32 KiB an export of many rows took an
 * eighth longer on two cores (make bench), which then switch between sender and
 * receiver four times as often; the price is that 1,000 kept-alive connections
 * cost 142 MB instead of 46.
 */
#define SL_CONNECTION_MEMORY (128 * 1024)

/* Stack of a connection's thread, which sends one log line and one error at its deepest. */
#define SL_CONNECTION_STACK (256 * 1024)

/* Connections beside those that run or wait: kept alive, receipts, refusals. */
#define SL_SPARE_CONNECTIONS 200

/* The operator's listener: scrapers and a few pages. */
#define SL_ADMIN_CONNECTIONS 50

/* The application's workers, each with a short POST; a body of SL_TICKET_MAX is held for each. */
#define SL_TICKETS_CONNECTIONS 100

struct sl_daemon {
    struct sl_http *http;
    enum sl_listener kind;
    struct sl_listen listener;
    struct MHD_Daemon *mhd; /* NULL: not started */
    bool quiesced;
};

/* Serves on daemon->listener, which stays the daemon's. The struct must not move until the stop. */
int sl_daemon_start(struct sl_daemon *daemon, unsigned connections,
                    struct sl_error *err) SL_MUSTCHECK;

/* Takes no new connections; those that are open go on. On an inherited socket new ones wait. */
void sl_daemon_quiesce(struct sl_daemon *daemon);

/* Joins every thread of the daemon, then closes its socket. No handler may be waiting for anything.
 */
void sl_daemon_stop(struct sl_daemon *daemon);

#endif
