#include "base/watch.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

void sl_wake(int wake_fd)
{
    uint64_t one = 1;

    /* The only failure is a full counter, and then the owner is awake anyway. */
    while (write(wake_fd, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

void sl_wake_clear(int wake_fd)
{
    uint64_t count;

    while (read(wake_fd, &count, sizeof count) < 0 && errno == EINTR)
        ;
}

static int wait_limit(const struct sl_watch *watch, int timeout_ms)
{
    int64_t until = watch->deadline_ms;

    if (watch->tick != NULL && watch->tick_at < until)
        until = watch->tick_at;
    int left = sl_clock_left(until);
    return timeout_ms >= 0 && timeout_ms < left ? timeout_ms : left;
}

int sl_watch_look(struct sl_watch *watch, struct sl_error *err)
{
    if (watch->check(watch, err) < 0)
        return -1;
    return watch->tick != NULL && sl_clock_ms() >= watch->tick_at ? watch->tick(watch, err) : 0;
}

int sl_watch_wait(struct sl_watch *watch, int fd, short events, int timeout_ms, short *revents,
                  struct sl_error *err)
{
    struct pollfd fds[3] = {{.fd = watch->wake_fd, .events = POLLIN},
                            {.fd = fd, .events = events},
                            {.fd = watch->source_fd, .events = POLLRDHUP}};

    *revents = 0;
    if (watch->source_fd == fd)
        fds[2].fd = -1; /* who waits for the source itself reads what it says last */
    if (watch->check(watch, err) < 0)
        return -1;
    int n = poll(fds, 3, wait_limit(watch, timeout_ms));
    if (n < 0 && errno != EINTR)
        return sl_error_set(err, SL_INTERNAL, "poll failed: %s", strerror(errno));
    if (n > 0 && fds[0].revents != 0)
        sl_wake_clear(watch->wake_fd);
    if (sl_watch_look(watch, err) < 0)
        return -1;
    if (n > 0 && fds[2].revents != 0)
        return sl_error_set(err, SL_DB_LOST, "the database connection was lost");
    if (n > 0)
        *revents = fds[1].revents;
    return 0;
}
