#include "http/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Connections that wait to be accepted; the kernel cuts it to net.core.somaxconn. */
#define BACKLOG 1024

#define SOCKET_MODE 0660

static int cannot(struct sl_error *err, const char *address, int number)
{
    return sl_error_set(err, SL_UNAVAILABLE, "cannot listen on %s: %s", address, strerror(number));
}

/* Is a process listening there? A socket file that refuses has outlived its process. */
static bool is_stale(const struct sockaddr_un *address)
{
    struct stat info;
    bool stale = false;

    if (lstat(address->sun_path, &info) != 0 || !S_ISSOCK(info.st_mode))
        return false;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0)
        stale = errno == ECONNREFUSED;
    close(fd);
    return stale;
}

/* Binds with the right mode from the first moment on; chmod undoes what the umask took away. */
static int bind_unix(int fd, const struct sockaddr_un *address)
{
    const struct sockaddr *any = (const struct sockaddr *)address;

    if (fchmod(fd, SOCKET_MODE) != 0)
        return -1;
    if (bind(fd, any, sizeof(*address)) != 0) {
        if (errno != EADDRINUSE)
            return -1;
        if (!is_stale(address)) {
            errno = EADDRINUSE;
            return -1;
        }
        if (unlink(address->sun_path) != 0 || bind(fd, any, sizeof(*address)) != 0)
            return -1;
    }
    return chmod(address->sun_path, SOCKET_MODE);
}

static int open_unix(const char *path, struct sl_listen *listener, struct sl_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(listener->address, sizeof(listener->address), "unix:%s", path);
    if (strlen(path) >= sizeof(address.sun_path))
        return cannot(err, listener->address, ENAMETOOLONG);
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return cannot(err, listener->address, errno);
    if (bind_unix(fd, &address) != 0 || listen(fd, BACKLOG) != 0) {
        cannot(err, listener->address, errno);
        close(fd);
        return -1;
    }
    memcpy(listener->path, address.sun_path, sizeof(listener->path));
    listener->fd = fd;
    return 0;
}

/* One resolved address. Returns the listening descriptor, or -1 with errno. */
static int listen_tcp(const struct addrinfo *info)
{
    int on = 1;
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    /* So that 0.0.0.0:80 and [::]:80 can stand side by side, whatever the system's default. */
    if (info->ai_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    if (bind(fd, info->ai_addr, info->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
        int failed = errno;
        close(fd);
        errno = failed;
        return -1;
    }
    return fd;
}

/* Fills address from what was bound: the port may have been 0. */
static void describe(struct sl_listen *listener)
{
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_un un;
        struct sockaddr_storage storage;
    } bound;
    socklen_t len = sizeof(bound);
    char host[INET6_ADDRSTRLEN] = "?";

    memset(&bound, 0, sizeof(bound));
    (void)getsockname(listener->fd, &bound.any, &len);
    if (bound.any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &bound.in6.sin6_addr, host, sizeof(host));
        snprintf(listener->address, sizeof(listener->address), "[%s]:%u", host,
                 ntohs(bound.in6.sin6_port));
    } else if (bound.any.sa_family == AF_UNIX) {
        snprintf(listener->address, sizeof(listener->address), "unix:%.*s",
                 (int)sizeof(bound.un.sun_path), bound.un.sun_path);
    } else {
        inet_ntop(AF_INET, &bound.in.sin_addr, host, sizeof(host));
        snprintf(listener->address, sizeof(listener->address), "%s:%u", host,
                 ntohs(bound.in.sin_port));
    }
}

static int open_tcp(const struct sl_address *address, struct sl_listen *listener,
                    struct sl_error *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    int failed = EADDRNOTAVAIL;

    snprintf(listener->address, sizeof(listener->address),
             strchr(address->host, ':') != NULL ? "[%s]:%s" : "%s:%s", address->host,
             address->port);
    int code = getaddrinfo(address->host, address->port, &hints, &found);
    if (code != 0)
        return sl_error_set(err, SL_UNAVAILABLE, "cannot listen on %s: %s", listener->address,
                            gai_strerror(code));
    /* The first that can be had: who wants both families of a name writes both addresses. */
    for (struct addrinfo *one = found; one != NULL && listener->fd < 0; one = one->ai_next) {
        listener->fd = listen_tcp(one);
        failed = errno;
    }
    freeaddrinfo(found);
    if (listener->fd < 0)
        return cannot(err, listener->address, failed);
    describe(listener);
    return 0;
}

static int option(int fd, int name)
{
    int value = -1;
    socklen_t len = sizeof(value);

    return getsockopt(fd, SOL_SOCKET, name, &value, &len) == 0 ? value : -1;
}

int sl_listen_adopt(int fd, struct sl_listen *listener, struct sl_error *err)
{
    int family = option(fd, SO_DOMAIN);

    memset(listener, 0, sizeof(*listener));
    listener->fd = fd;
    listener->inherited = true;
    if ((family != AF_INET && family != AF_INET6 && family != AF_UNIX) ||
        option(fd, SO_TYPE) != SOCK_STREAM || option(fd, SO_ACCEPTCONN) != 1)
        return sl_error_set(err, SL_CONFIG,
                            "descriptor %d of LISTEN_FDS is no listening stream socket", fd);
    if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != 0)
        return sl_error_set(err, SL_INTERNAL, "cannot set up descriptor %d of LISTEN_FDS", fd);
    describe(listener);
    return 0;
}

int sl_listen_open(const struct sl_address *address, struct sl_listen *listener,
                   struct sl_error *err)
{
    memset(listener, 0, sizeof(*listener));
    listener->fd = -1;
    if (address->path[0] != '\0')
        return open_unix(address->path, listener, err);
    return open_tcp(address, listener, err);
}

void sl_listen_refuse(struct sl_listen *listener)
{
    if (listener->fd >= 0 && !listener->inherited)
        (void)shutdown(listener->fd, SHUT_RDWR);
}

void sl_listen_close(struct sl_listen *listener)
{
    if (listener->fd < 0)
        return;
    close(listener->fd);
    listener->fd = -1;
    if (listener->path[0] != '\0')
        (void)unlink(listener->path);
}
