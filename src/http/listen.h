/* Listening sockets: TCP and Unix, made here and handed to libmicrohttpd. Start and stop only, one
 * thread. */
#ifndef SL_LISTEN_H
#define SL_LISTEN_H

#include "base/address.h"

struct sl_listen {
    int fd;            /* non-blocking, listening; -1: none */
    char address[272]; /* as bound: "127.0.0.1:40123", "[::1]:8080", "unix:/path" */
    char path[108];    /* of a Unix socket of our own, else "" */
    bool inherited;    /* another process's: it goes on listening when we have gone */
};

/*
 * Opens one address; port 0 is a free one.  A Unix socket gets mode 0660 and
 * takes the place of one that nobody listens on any more.  SL_UNAVAILABLE when
 * the address cannot be had.
 */
int sl_listen_open(const struct sl_address *address, struct sl_listen *listener,
                   struct sl_error *err) SL_MUSTCHECK;

/*
 * Takes a socket that was opened by the process that started us.  SL_CONFIG when
 * it is no listening stream socket of TCP or Unix.
 */
int sl_listen_adopt(int fd, struct sl_listen *listener, struct sl_error *err) SL_MUSTCHECK;

/*
 * Refuses new connections from now on; the descriptor stays open until
 * sl_listen_close().  Those to an inherited socket wait for the next process instead.
 */
void sl_listen_refuse(struct sl_listen *listener);

/* Closes and removes the file of a Unix socket, unless it is inherited. */
void sl_listen_close(struct sl_listen *listener);

#endif
