#include "base/inherited.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"

/* SD_LISTEN_FDS_START: behind standard input, output and error. */
#define FIRST_FD 3

/* Copies the name that *list begins with and moves *list behind its colon. */
static int next_name(const char **list, char name[SL_INHERITED_NAME])
{
    size_t n = strcspn(*list, ":");

    if (n >= SL_INHERITED_NAME)
        return -1;
    memcpy(name, *list, n);
    name[n] = '\0';
    *list += n + ((*list)[n] == ':' ? 1 : 0);
    return 0;
}

int sl_inherited_read(struct sl_inherited *inherited, struct sl_error *err)
{
    const char *whose = getenv("LISTEN_PID");
    const char *count = getenv("LISTEN_FDS");
    const char *names = getenv("LISTEN_FDNAMES");
    int64_t pid;
    int64_t n;

    inherited->n = 0;
    if (names == NULL)
        names = "";
    if (whose == NULL || count == NULL)
        return 0;
    if (sl_parse_int(whose, 1, INT32_MAX, &pid) != 0 || pid != getpid())
        return 0;
    if (sl_parse_int(count, 0, SL_INHERITED_MAX, &n) != 0)
        return sl_error_set(err, SL_CONFIG, "LISTEN_FDS is not a number from 0 to %d",
                            SL_INHERITED_MAX);
    for (size_t i = 0; i < (size_t)n; i++) {
        int fd = FIRST_FD + (int)i;

        if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
            return sl_error_set(err, SL_CONFIG, "LISTEN_FDS says %d, but descriptor %d is not open",
                                (int)n, fd);
        if (next_name(&names, inherited->sockets[i].name) != 0)
            return sl_error_set(err, SL_CONFIG, "a name in LISTEN_FDNAMES is too long");
        inherited->sockets[i].fd = fd;
        inherited->n++;
    }
    return 0;
}
