#include "pg/session.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "base/clock.h"
#include "base/limits.h"
#include "pg/internal.h"

/* A connection that is not there after this time will not come (s), unless connect_timeout says
 * else. */
#define CONNECT_TIMEOUT 10

/* connect_timeout of the dsn or PGCONNECT_TIMEOUT: libpq leaves it to whoever polls. Seconds. */
static int connect_timeout(PGconn *conn)
{
    PQconninfoOption *options = PQconninfo(conn);
    int timeout = 0;

    for (const PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++)
        if (strcmp(o->keyword, "connect_timeout") == 0 && o->val != NULL)
            timeout = (int)strtol(o->val, NULL, 10);
    PQconninfoFree(options);
    return timeout > 0 && timeout < 3600 ? timeout : CONNECT_TIMEOUT;
}

const char *sl_pg_version(void)
{
    static _Thread_local char text[16];
    int version = PQlibVersion();

    snprintf(text, sizeof text, "%d.%d", version / 10000, version % 10000);
    return text;
}

void sl_pg_setup(void)
{
    unsetenv("PGTZ");
    unsetenv("PGDATESTYLE");
    unsetenv("PGCLIENTENCODING");
    unsetenv("PGOPTIONS");
}

/* A notice may quote rows, and nobody reads it. */
static void ignore_notice(void *arg, const char *message)
{
    (void)arg;
    (void)message;
}

static int connect_wait(struct sl_session *session, struct sl_watch *watch, struct sl_error *err)
{
    int timeout = connect_timeout(session->conn);
    int64_t deadline = sl_clock_ms() + timeout * (int64_t)1000;
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    short revents;

    while (status != PGRES_POLLING_OK) {
        int left = sl_clock_left(deadline);

        if (status == PGRES_POLLING_FAILED)
            return sl_pg_error(session, NULL, err);
        if (left == 0)
            return sl_error_set(err, SL_UNAVAILABLE, "the database did not answer in %d s",
                                timeout);
        short events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        if (sl_watch_wait(watch, PQsocket(session->conn), events, left, &revents, err) < 0)
            return -1;
        if (revents != 0)
            status = PQconnectPoll(session->conn);
    }
    return 0;
}

struct sl_session *sl_session_open(const char *dsn, struct sl_watch *watch, struct sl_error *err)
{
    /* What the dsn says comes later and wins; the encoding is not for it to choose. */
    const char *const keywords[] = {"keepalives_idle",
                                    "keepalives_interval",
                                    "keepalives_count",
                                    "fallback_application_name",
                                    "dbname",
                                    "client_encoding",
                                    NULL};
    const char *const values[] = {"30",   "10", "3", "pgsluice", dsn[0] == '\0' ? NULL : dsn,
                                  "UTF8", NULL};
    if (sl_pg_dsn_check(dsn, err) < 0)
        return NULL;
    struct sl_session *session = calloc(1, sizeof *session);
    if (session == NULL) {
        sl_error_nomem(err);
        return NULL;
    }
    session->dsn = strdup(dsn);
    session->conn = PQconnectStartParams(keywords, values, 1);
    if (session->dsn == NULL || session->conn == NULL) {
        sl_error_nomem(err);
        goto failed;
    }
    if (PQstatus(session->conn) == CONNECTION_BAD) {
        sl_pg_error(session, NULL, err);
        err->kind = SL_UNAVAILABLE;
        goto failed;
    }
    PQsetNoticeProcessor(session->conn, ignore_notice, NULL);
    if (connect_wait(session, watch, err) < 0) {
        if (err->kind == SL_DB_LOST)
            err->kind = SL_UNAVAILABLE;
        goto failed;
    }
    if (PQsetnonblocking(session->conn, 1) != 0) {
        sl_pg_error(session, NULL, err);
        goto failed;
    }
    return session;
failed:
    sl_session_close(session);
    return NULL;
}

void sl_pg_login(const char *dsn, char login[64])
{
    /* No socket is there, so that this fails at once, but libpq has read all that it goes by. */
    const char *const keywords[] = {"dbname", "hostaddr", "host", "port", NULL};
    const char *const values[] = {dsn[0] == '\0' ? NULL : dsn, "", "/dev/null", "", NULL};
    PGconn *conn = PQconnectStartParams(keywords, values, 1);
    const char *user = conn == NULL ? NULL : PQuser(conn);

    snprintf(login, 64, "%s", user == NULL ? "" : user);
    PQfinish(conn);
}

const char *sl_session_login(const struct sl_session *session)
{
    const char *login = PQparameterStatus(session->conn, "session_authorization");

    return login == NULL ? "" : login;
}

bool sl_session_superuser(const struct sl_session *session)
{
    const char *is = PQparameterStatus(session->conn, "is_superuser");

    return is == NULL || strcmp(is, "off") != 0;
}

void sl_session_close(struct sl_session *session)
{
    if (session == NULL)
        return;
    PQfinish(session->conn);
    free(session->dsn);
    free(session);
}

/* What libpq needs for a cancel request, apart from the connection itself. */
#ifdef LIBPQ_HAS_ASYNC_CANCEL
typedef PGcancelConn cancel_request;

static cancel_request *cancel_new(PGconn *conn)
{
    return PQcancelCreate(conn);
}

static void *cancel_send(void *request)
{
    PQcancelBlocking(request);
    PQcancelFinish(request);
    return NULL;
}
#else
typedef PGcancel cancel_request;

static cancel_request *cancel_new(PGconn *conn)
{
    return PQgetCancel(conn);
}

static void *cancel_send(void *request)
{
    char reason[256];

    PQcancel(request, reason, sizeof reason);
    PQfreeCancel(request);
    return NULL;
}
#endif

/*
 * The request goes over a connection of its own, which a dead server may leave
 * unanswered for minutes: a thread waits for that.  The server's own
 * client_connection_check_interval finishes what a lost request began.
 */
static void cancel_query(struct sl_session *session)
{
    cancel_request *request = cancel_new(session->conn);
    struct timespec until;
    pthread_t thread;

    if (request == NULL)
        return;
    if (pthread_create(&thread, NULL, cancel_send, request) != 0) {
        cancel_send(request);
        return;
    }
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += SL_CANCEL_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    if (pthread_timedjoin_np(thread, NULL, &until) != 0)
        pthread_detach(thread);
}

void sl_session_cancel_close(struct sl_session *session)
{
    if (session == NULL)
        return;
    if (PQtransactionStatus(session->conn) == PQTRANS_ACTIVE)
        cancel_query(session);
    sl_session_close(session);
}

bool sl_session_of(const struct sl_session *session, const char *dsn)
{
    return strcmp(session->dsn, dsn) == 0;
}

int sl_session_fd(const struct sl_session *session)
{
    return PQsocket(session->conn);
}

bool sl_session_reusable(const struct sl_session *session)
{
    return !session->failed && session->wide_row <= SL_REUSE_ROW_MAX &&
           PQstatus(session->conn) == CONNECTION_OK &&
           PQpipelineStatus(session->conn) == PQ_PIPELINE_OFF &&
           PQtransactionStatus(session->conn) == PQTRANS_IDLE;
}

int sl_pg_flush(struct sl_session *session, struct sl_watch *watch, struct sl_error *err)
{
    short revents;

    for (;;) {
        int rc = PQflush(session->conn);

        if (rc == 0)
            return 0;
        if (rc < 0)
            return sl_pg_error(session, NULL, err);
        /* Both directions: a server that waits for us to read does not read either. */
        if (sl_watch_wait(watch, PQsocket(session->conn), POLLIN | POLLOUT, -1, &revents, err) < 0)
            return -1;
        if ((revents & POLLIN) != 0 && PQconsumeInput(session->conn) == 0)
            return sl_pg_error(session, NULL, err);
    }
}

/* Bytes that can be read now, 0 when there are none or it is not known. */
static int64_t bytes_waiting(const struct sl_session *session)
{
    int waiting = 0;

    return ioctl(PQsocket(session->conn), FIONREAD, &waiting) == 0 ? waiting : 0;
}

static int wait_readable(struct sl_session *session, struct sl_watch *watch, struct sl_error *err)
{
    int64_t started = sl_clock_us();
    short revents = 0;

    while (revents == 0)
        if (sl_watch_wait(watch, PQsocket(session->conn), POLLIN, -1, &revents, err) < 0)
            return -1;
    session->waited_us += sl_clock_us() - started;
    return 0;
}

int sl_pg_wait_result(struct sl_session *session, struct sl_watch *watch, int64_t limit,
                      struct sl_error *err)
{
    int64_t arrived = 0;

    while (PQisBusy(session->conn)) {
        int64_t waiting = bytes_waiting(session);

        /* A server that is ahead of us needs no poll; only the looking around remains. */
        if ((waiting > 0 ? sl_watch_look(watch, err) : wait_readable(session, watch, err)) < 0)
            return -1;
        arrived += waiting > 0 ? waiting : bytes_waiting(session);
        if (arrived > limit) {
            session->over_row = limit;
            return sl_error_set(err, SL_LIMIT, "a row is larger than max_row");
        }
        if (PQconsumeInput(session->conn) == 0)
            return sl_pg_error(session, NULL, err);
    }
    return 0;
}

int sl_pg_next(struct sl_session *session, struct sl_watch *watch, int64_t limit, PGresult **result,
               struct sl_error *err)
{
    if (sl_pg_wait_result(session, watch, limit, err) < 0)
        return -1;
    *result = PQgetResult(session->conn);
    return 0;
}
