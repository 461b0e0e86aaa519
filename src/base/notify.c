#include "base/notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"

/* A day: longer than that nobody waits for a sign of life. */
#define WATCHDOG_MAX_US INT64_C(86400000000)

/* An abstract name begins with a NUL, which the variable writes as '@'. Returns the length, or 0.
 */
static socklen_t read_address(const char *text, struct sockaddr_un *address)
{
    size_t n = strlen(text);

    if ((text[0] != '/' && text[0] != '@') || n < 2 || n >= sizeof(address->sun_path))
        return 0;
    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, text, n);
    if (text[0] == '@')
        address->sun_path[0] = '\0';
    /* The zero behind a path belongs to it; behind an abstract name it would be part of the name.
     */
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (text[0] == '/' ? 1 : 0));
}

/* Of this process, or 0. */
static int64_t watchdog_ms(void)
{
    const char *interval = getenv("WATCHDOG_USEC");
    const char *whose = getenv("WATCHDOG_PID");
    int64_t pid;
    int64_t us;

    if (interval == NULL || sl_parse_int(interval, 1000, WATCHDOG_MAX_US, &us) != 0)
        return 0;
    if (whose != NULL && (sl_parse_int(whose, 1, INT32_MAX, &pid) != 0 || pid != getpid()))
        return 0;
    return us / 1000;
}

int sl_notify_open(struct sl_notify *notify, struct sl_error *err)
{
    const char *text = getenv("NOTIFY_SOCKET");

    *notify = (struct sl_notify){.fd = -1};
    if (text == NULL || text[0] == '\0')
        return 0;
    notify->len = read_address(text, &notify->address);
    if (notify->len == 0)
        return sl_error_set(err, SL_CONFIG, "NOTIFY_SOCKET is neither /path nor @name");
    notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (notify->fd < 0)
        return sl_error_set(err, SL_INTERNAL, "no descriptor left for NOTIFY_SOCKET");
    /* poll(2) does not tell of the receiver's room. */
    const struct timeval wait = {.tv_sec = SL_NOTIFY_WAIT_MS / 1000};
    if (setsockopt(notify->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) != 0) {
        sl_notify_close(notify);
        return sl_error_set(err, SL_INTERNAL, "cannot set up the socket for NOTIFY_SOCKET");
    }
    notify->watchdog_ms = watchdog_ms();
    return 0;
}

/* Who does not read any more must not stop the service. */
static void send_text(const struct sl_notify *notify, int flags, const char *text)
{
    if (notify->fd >= 0)
        (void)sendto(notify->fd, text, strlen(text), MSG_NOSIGNAL | flags,
                     (const struct sockaddr *)&notify->address, notify->len);
}

void sl_notify_send(const struct sl_notify *notify, const char *fmt, ...)
{
    char text[SL_NOTIFY_MAX];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    send_text(notify, MSG_DONTWAIT, text);
}

void sl_notify_state(const struct sl_notify *notify, const char *fmt, ...)
{
    char text[SL_NOTIFY_MAX];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    send_text(notify, 0, text);
}

void sl_notify_close(struct sl_notify *notify)
{
    if (notify->fd >= 0)
        close(notify->fd);
    notify->fd = -1;
}
