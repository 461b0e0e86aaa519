/* The listen addresses of the configuration: reading only, no name is looked up. */
#ifndef SL_ADDRESS_H
#define SL_ADDRESS_H

#include <stdbool.h>
#include "base/error.h"

struct sl_address {
    char path[108]; /* of a Unix socket, as sun_path holds it; "" : TCP */
    char host[254]; /* name, IPv4, or IPv6 without brackets */
    char port[6];   /* "0": a free one */
};

/*
 * Reads the next address of a comma list as struct sl_config keeps it ("host:port",
 * "[v6]:port", "unix:/path") and moves *list behind it.  1: there was one, 0: the
 * list is at its end, -1: this is no address (*list stays).
 */
int sl_address_next(const char **list, struct sl_address *address) SL_MUSTCHECK;

/* A Unix socket, localhost, 127.0.0.0/8 or ::1? */
bool sl_address_is_local(const struct sl_address *address);

#endif
