#include "http/connections.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "base/clock.h"

struct sl_conn {
    struct sl_connections *all;
    struct sl_conn *prev, *next;
    int fd;
    bool tcp;
    bool admin;
    char peer[64];
    enum sl_conn_state state;
    int64_t since;      /* the state was entered */
    int64_t aborted_at; /* the reaper saw the run aborted, 0: not yet */
    bool broken;        /* by the reaper: once is enough */
    struct sl_run *run; /* in SL_CONN_RUN */
};

struct sl_connections {
    pthread_mutex_t lock; /* see the header */
    struct sl_conn *first;
    pthread_cond_t sooner; /* look_at was moved */
    int64_t look_at;       /* when the reaper must look at the latest, INT64_MAX: no need to */
};

/* How long each state may last, 0: the reaper does not say. */
static const int64_t allowed_ms[SL_CONN_STATES] = {
    [SL_CONN_HEADER] = SL_HEADER_MS,
    [SL_CONN_IDLE] = SL_IDLE_MS,
    [SL_CONN_BODY] = SL_BODY_MS,
    [SL_CONN_REPLY] = SL_REPLY_MS,
};

struct sl_connections *sl_connections_new(void)
{
    struct sl_connections *connections = calloc(1, sizeof(*connections));
    pthread_condattr_t monotonic;

    if (connections == NULL)
        return NULL;
    pthread_mutex_init(&connections->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&connections->sooner, &monotonic);
    pthread_condattr_destroy(&monotonic);
    connections->look_at = INT64_MAX;
    return connections;
}

void sl_connections_free(struct sl_connections *connections)
{
    if (connections == NULL)
        return;
    pthread_cond_destroy(&connections->sooner);
    pthread_mutex_destroy(&connections->lock);
    free(connections);
}

/* Options that fail cost comfort, not correctness: the reaper is still there. */
static void set_options(int fd, bool tcp)
{
    int on = 1;
    unsigned user_timeout = SL_TCP_USER_TIMEOUT_MS;
    int lowat = SL_TCP_NOTSENT_LOWAT;

    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    if (!tcp)
        return;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout, sizeof(user_timeout));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &lowat, sizeof(lowat));
}

/* Fills conn->peer and conn->tcp. */
static void look_up_peer(struct sl_conn *conn)
{
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_storage storage;
    } address;
    socklen_t len = sizeof(address);
    char host[INET6_ADDRSTRLEN] = "?";

    memset(&address, 0, sizeof(address));
    if (getpeername(conn->fd, &address.any, &len) != 0) {
        /* It has left already. The family still decides how it is broken. */
        len = sizeof(address);
        if (getsockname(conn->fd, &address.any, &len) != 0)
            address.any.sa_family = AF_UNIX;
    }
    switch (address.any.sa_family) {
    case AF_INET:
        conn->tcp = true;
        inet_ntop(AF_INET, &address.in.sin_addr, host, sizeof(host));
        snprintf(conn->peer, sizeof(conn->peer), "%s:%u", host, ntohs(address.in.sin_port));
        break;
    case AF_INET6:
        conn->tcp = true;
        inet_ntop(AF_INET6, &address.in6.sin6_addr, host, sizeof(host));
        snprintf(conn->peer, sizeof(conn->peer), "[%s]:%u", host, ntohs(address.in6.sin6_port));
        break;
    default:
        snprintf(conn->peer, sizeof(conn->peer), "unix");
    }
}

/* Has the reaper look at `when`, if it would sleep longer. Under the lock. */
static void look_by(struct sl_connections *connections, int64_t when)
{
    if (when >= connections->look_at)
        return;
    connections->look_at = when;
    pthread_cond_signal(&connections->sooner);
}

/* When the connection's state must be looked at, INT64_MAX: never. Under the lock. */
static int64_t due(const struct sl_conn *conn)
{
    if (conn->broken)
        return INT64_MAX;
    if (conn->state == SL_CONN_RUN)
        return sl_clock_ms() + SL_REAP_MS;
    return allowed_ms[conn->state] > 0 ? conn->since + allowed_ms[conn->state] + 1 : INT64_MAX;
}

struct sl_conn *sl_conn_open(struct sl_connections *connections, int fd, bool admin)
{
    struct sl_conn *conn = calloc(1, sizeof(*conn));

    if (conn == NULL)
        return NULL;
    conn->all = connections;
    conn->fd = fd;
    conn->admin = admin;
    conn->state = SL_CONN_HEADER;
    conn->since = sl_clock_ms();
    look_up_peer(conn);
    set_options(fd, conn->tcp);
    pthread_mutex_lock(&connections->lock);
    conn->next = connections->first;
    if (conn->next != NULL)
        conn->next->prev = conn;
    connections->first = conn;
    look_by(connections, due(conn));
    pthread_mutex_unlock(&connections->lock);
    return conn;
}

void sl_conn_close(struct sl_conn *conn)
{
    struct sl_connections *all = conn->all;

    pthread_mutex_lock(&all->lock);
    if (conn->prev != NULL)
        conn->prev->next = conn->next;
    else
        all->first = conn->next;
    if (conn->next != NULL)
        conn->next->prev = conn->prev;
    pthread_mutex_unlock(&all->lock);
    if (conn->run != NULL)
        sl_run_release(conn->run);
    free(conn);
}

int sl_conn_fd(const struct sl_conn *conn)
{
    return conn->fd;
}

const char *sl_conn_peer(const struct sl_conn *conn)
{
    return conn->peer;
}

/* Takes the run's reference over. The old run is released outside the lock: it may be the last. */
static void set(struct sl_conn *conn, enum sl_conn_state state, struct sl_run *run)
{
    struct sl_run *old;

    pthread_mutex_lock(&conn->all->lock);
    old = conn->run;
    conn->run = run;
    conn->state = state;
    conn->since = sl_clock_ms();
    conn->aborted_at = 0;
    look_by(conn->all, due(conn));
    pthread_mutex_unlock(&conn->all->lock);
    if (old != NULL)
        sl_run_release(old);
}

void sl_conn_set(struct sl_conn *conn, enum sl_conn_state state)
{
    set(conn, state, NULL);
}

void sl_conn_set_run(struct sl_conn *conn, struct sl_run *run)
{
    set(conn, SL_CONN_RUN, sl_run_ref(run));
}

void sl_conn_reset(struct sl_conn *conn)
{
    struct sockaddr unspecified = {.sa_family = AF_UNSPEC};

    /* Dissolving the association is the only way to a RST while others hold the descriptor. */
    if (conn->tcp && connect(conn->fd, &unspecified, sizeof(unspecified)) == 0)
        return;
    (void)shutdown(conn->fd, SHUT_RDWR);
}

/* The reaper's rules for one connection. Returns whether it is to be broken. */
static bool over_time(struct sl_conn *conn, int64_t now)
{
    if (allowed_ms[conn->state] > 0)
        return now - conn->since > allowed_ms[conn->state];
    if (conn->state != SL_CONN_RUN)
        return false;
    (void)sl_run_too_slow(conn->run, conn->fd); /* aborts it */
    /* Its thread breaks an aborted run off by itself, unless it sits in a send of libmicrohttpd. */
    if (!sl_run_aborted(conn->run))
        conn->aborted_at = 0;
    else if (conn->aborted_at == 0)
        conn->aborted_at = now;
    else
        return now - conn->aborted_at >= SL_ABORT_GRACE_MS;
    return false;
}

/* A half-sent export must not look whole; anything else may end politely. */
static void break_off(struct sl_conn *conn)
{
    conn->broken = true;
    if (conn->state == SL_CONN_RUN || conn->state == SL_CONN_REPLY)
        sl_conn_reset(conn);
    else
        (void)shutdown(conn->fd, SHUT_RDWR);
}

void sl_connections_reap(struct sl_connections *connections, int64_t now)
{
    pthread_mutex_lock(&connections->lock);
    for (struct sl_conn *conn = connections->first; conn != NULL; conn = conn->next) {
        if (!conn->broken && over_time(conn, now))
            break_off(conn);
        look_by(connections, due(conn));
    }
    pthread_mutex_unlock(&connections->lock);
}

/* Under the lock. */
static void sleep_until(struct sl_connections *connections, int64_t ms)
{
    struct timespec until = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    if (ms == INT64_MAX)
        pthread_cond_wait(&connections->sooner, &connections->lock);
    else
        pthread_cond_timedwait(&connections->sooner, &connections->lock, &until);
}

void sl_connections_wait(struct sl_connections *connections, int64_t until)
{
    pthread_mutex_lock(&connections->lock);
    look_by(connections, until);
    while (sl_clock_ms() < connections->look_at)
        sleep_until(connections, connections->look_at);
    /* What comes from here on is for the next wait, also while the reaper is at work. */
    connections->look_at = INT64_MAX;
    pthread_mutex_unlock(&connections->lock);
}

void sl_connections_wake(struct sl_connections *connections)
{
    pthread_mutex_lock(&connections->lock);
    look_by(connections, 0);
    pthread_mutex_unlock(&connections->lock);
}

/* Has it a request under way? One that was just accepted may have one that nobody has read yet. */
static bool is_busy(const struct sl_conn *conn, int64_t now)
{
    if (conn->state == SL_CONN_HEADER)
        return now - conn->since < SL_GREETING_MS;
    return conn->state != SL_CONN_IDLE;
}

size_t sl_connections_end_idle(struct sl_connections *connections)
{
    int64_t now = sl_clock_ms();
    size_t others = 0;

    pthread_mutex_lock(&connections->lock);
    for (struct sl_conn *conn = connections->first; conn != NULL; conn = conn->next) {
        if (conn->admin)
            continue;
        if (is_busy(conn, now)) {
            others++;
        } else if (!conn->broken) {
            conn->broken = true;
            (void)shutdown(conn->fd, SHUT_RDWR);
        }
    }
    pthread_mutex_unlock(&connections->lock);
    return others;
}
