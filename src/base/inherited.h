/*
 * Listening sockets that the process which started the service has opened and
 * handed over: LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES of sd_listen_fds(3).  They
 * are its own: it keeps them open when we have gone.  At start, one thread.
 */
#ifndef SL_INHERITED_H
#define SL_INHERITED_H

#include <stddef.h>
#include "base/error.h"

#define SL_INHERITED_MAX 16
#define SL_INHERITED_NAME 32

struct sl_inherited {
    size_t n;
    struct {
        int fd;
        char name[SL_INHERITED_NAME]; /* what LISTEN_FDNAMES says, "": nothing */
    } sockets[SL_INHERITED_MAX];
};

/*
 * Lists them, closed on exec from now on; none when the variables are absent or
 * meant for another process.  SL_CONFIG: the variables are no good, or a
 * descriptor is not open.
 */
int sl_inherited_read(struct sl_inherited *inherited, struct sl_error *err) SL_MUSTCHECK;

#endif
