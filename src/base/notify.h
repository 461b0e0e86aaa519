/*
 * What the process that started the service is told: that it is ready, reloads or
 * stops, and that it lives.  The protocol is that of sd_notify(3), which systemd
 * and others speak; without $NOTIFY_SOCKET nothing is told.  The main thread's.
 */
#ifndef SL_NOTIFY_H
#define SL_NOTIFY_H

#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "base/error.h"

/* Bytes of one message; systemd's own limit is 4096. */
#define SL_NOTIFY_MAX 512

/* So long may somebody who does not read hold up the service (ms). */
#define SL_NOTIFY_WAIT_MS 1000

struct sl_notify {
    int fd; /* -1: nobody listens */
    struct sockaddr_un address;
    socklen_t len;
    int64_t watchdog_ms; /* "WATCHDOG=1" must come at least this often, 0: need not */
};

/*
 * Reads NOTIFY_SOCKET ("/path" or "@abstract"), WATCHDOG_USEC and WATCHDOG_PID.
 * Without the first the descriptor is -1, which is no error.  SL_CONFIG: it names
 * no socket that can be written to.
 */
int sl_notify_open(struct sl_notify *notify, struct sl_error *err) SL_MUSTCHECK;

/*
 * Sends assignments, one a line: sl_notify_send(n, "STATUS=%s\nWATCHDOG=1", text).
 * A loss is no error, and it never waits: what nobody takes is lost.
 */
void sl_notify_send(const struct sl_notify *notify, const char *fmt, ...) SL_PRINTF(2, 3);

/* The same for what is said once, as "READY=1": waits up to SL_NOTIFY_WAIT_MS for room. */
void sl_notify_state(const struct sl_notify *notify, const char *fmt, ...) SL_PRINTF(2, 3);

void sl_notify_close(struct sl_notify *notify);

#endif
