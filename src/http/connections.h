/*
 * The registry of open connections: what each is doing and since when, so that
 * the reaper can end those that take too long.  (libmicrohttpd's own timeout
 * kills healthy exports and lets slow readers live.)
 *
 * One lock guards the list and every member of every connection.  It is held
 * while a descriptor is broken, and sl_conn_close() takes it: libmicrohttpd
 * reports the end before it closes the descriptor, so a number in the list is
 * never another connection's.  Lock order: this lock, then a run's; never the
 * other way round.  It is held for moments only, as the listener's thread takes
 * it for each new connection.
 */
#ifndef SL_CONNECTIONS_H
#define SL_CONNECTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "export/run.h"

/* A complete request header must have come this long after the first byte was due (ms). */
#define SL_HEADER_MS 10000

/* A connection that is this young is not ended as one that asks for nothing (ms). */
#define SL_GREETING_MS 250

/* A request body must have come this long after its header (ms). */
#define SL_BODY_MS 10000

/* A kept-alive connection may be silent this long (ms). */
#define SL_IDLE_MS 60000

/* A reply that is no export, or the last bytes of one, must be gone after this (ms). */
#define SL_REPLY_MS 60000

/* How often a run's connection is looked at (ms): a tenth of the second in which a cancel must have
 * worked. */
#define SL_REAP_MS 100

/* An aborted run's thread has this long to notice by itself; then it sits in a send (ms). */
#define SL_ABORT_GRACE_MS 300

/* Dead peers, and receive windows that stay closed (ms); the reaper is the second net. */
#define SL_TCP_USER_TIMEOUT_MS 120000

/* Unsent bytes that the kernel takes for one client: a slow one must not pin megabytes. */
#define SL_TCP_NOTSENT_LOWAT (256 * 1024)

enum sl_conn_state {
    SL_CONN_HEADER,   /* a request header is due */
    SL_CONN_IDLE,     /* kept alive between two requests */
    SL_CONN_BODY,     /* a request body is due */
    SL_CONN_HANDLING, /* in the access handler, which has limits of its own */
    SL_CONN_REPLY,    /* a short reply is being sent, or an export's end */
    SL_CONN_RUN,      /* a run's output is being sent */
    SL_CONN_STATES
};

struct sl_conn;
struct sl_connections;

struct sl_connections *sl_connections_new(void);

/* No connection may exist any more. */
void sl_connections_free(struct sl_connections *connections);

/*
 * Enters a new connection and sets its socket options.  admin: of the admin
 * listener, which goes on while the service drains.  NULL: no memory.
 */
struct sl_conn *sl_conn_open(struct sl_connections *connections, int fd, bool admin);

/* Takes it out and frees it. */
void sl_conn_close(struct sl_conn *conn);

/* Both are constant for the life of the connection. */
int sl_conn_fd(const struct sl_conn *conn);
const char *sl_conn_peer(const struct sl_conn *conn); /* "192.0.2.1:4711", "[::1]:4711", "unix" */

/* Enters a state other than SL_CONN_RUN and lets go of the run, if there is one. */
void sl_conn_set(struct sl_conn *conn, enum sl_conn_state state);

/* Enters SL_CONN_RUN; takes a reference of its own. */
void sl_conn_set_run(struct sl_conn *conn, struct sl_run *run);

/*
 * Breaks a connection so that the other end cannot take it for a proper end: a
 * RST on TCP; a Unix socket knows only the end of the stream.  Its thread
 * notices at once.  Any thread that knows the descriptor to be open.
 */
void sl_conn_reset(struct sl_conn *conn);

/* Breaks every connection that is over its time at `now` (sl_clock_ms()). The reaper's. */
void sl_connections_reap(struct sl_connections *connections, int64_t now);

/*
 * Sleeps until the next sl_connections_reap() is due, until `until` (sl_clock_ms(),
 * INT64_MAX: no such limit), or until woken, also by a call before this one.  With
 * no connection and no limit it sleeps until one comes.  The reaper's.
 */
void sl_connections_wait(struct sl_connections *connections, int64_t until);

/* Ends that sleep. Any thread. */
void sl_connections_wake(struct sl_connections *connections);

/* Ends public connections that have no request under way. Returns how many others there are. */
size_t sl_connections_end_idle(struct sl_connections *connections);

#endif
