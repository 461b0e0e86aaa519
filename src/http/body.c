#include "http/body.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"

/* libmicrohttpd allocates this for every response and never uses it for a chunked one. */
#define UNUSED_BLOCK 4096

/* How long a full socket may take to accept the bytes of a broken chunk (ms). */
#define BREAK_WAIT_MS 250

struct body {
    struct sl_run *run; /* the consumer's reference; NULL once it was given back */
    struct sl_conn *conn;
    struct MHD_Response *response;
    bool trailers;
};

/* Hands all bytes to the kernel, or false. The socket does not block. */
static bool send_all(int fd, const char *bytes, size_t n, int64_t deadline)
{
    while (n > 0) {
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            bytes += sent;
            n -= (size_t)sent;
            continue;
        }
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent >= 0 || errno != EAGAIN)
            return false;
        struct pollfd wait = {.fd = fd, .events = POLLOUT};
        int left = sl_clock_left(deadline);
        if (left == 0 || (poll(&wait, 1, left) < 0 && errno != EINTR))
            return false;
    }
    return true;
}

/* The run is no longer needed: its slot must not wait until the client has taken the last bytes. */
static void let_go(struct body *body, bool delivered)
{
    sl_run_consumed(body->run, delivered);
    sl_run_release(body->run);
    body->run = NULL;
}

/*
 * Leaves a chunk unfinished.  libmicrohttpd's buffer is empty when it asks, so
 * these bytes cannot land inside a chunk of its own.  The byte returned is never
 * sent: the send fails, and libmicrohttpd closes.  (END_WITH_ERROR would cut
 * between two chunks, which some clients take for the end.)
 */
static ssize_t break_off(struct body *body, char *bytes)
{
    int fd = sl_conn_fd(body->conn);
    const char chunk[4] = {'1', '\r', '\n', sl_run_last_byte(body->run)};

    /* The reaper must not cut in with a RST: this takes BREAK_WAIT_MS at most. */
    sl_conn_set(body->conn, SL_CONN_REPLY);
    if (send_all(fd, chunk, sizeof(chunk), sl_clock_ms() + BREAK_WAIT_MS))
        (void)shutdown(fd, SHUT_RDWR);
    else
        sl_conn_reset(body->conn);
    let_go(body, false);
    bytes[0] = '\n';
    return 1;
}

static void add_trailers(struct body *body)
{
    struct sl_receipt receipt;
    char rows[24];

    sl_run_receipt(body->run, &receipt);
    snprintf(rows, sizeof(rows), "%lld", (long long)receipt.rows);
    (void)MHD_add_response_footer(body->response, "X-Rows", rows);
    if (receipt.sha256[0] != '\0')
        (void)MHD_add_response_footer(body->response, "X-Sha256", receipt.sha256);
}

/* All is in the kernel but the few bytes that end the last chunk. */
static ssize_t finish(struct body *body)
{
    if (body->trailers)
        add_trailers(body);
    sl_conn_set(body->conn, SL_CONN_REPLY);
    let_go(body, true);
    return MHD_CONTENT_READER_END_OF_STREAM;
}

static ssize_t read_body(void *cls, uint64_t position, char *bytes, size_t max)
{
    struct body *body = cls;

    (void)position;
    if (body->run == NULL) /* broken off: nothing may follow */
        return MHD_CONTENT_READER_END_WITH_ERROR;
    long n = sl_run_read(body->run, sl_conn_fd(body->conn), bytes, max);
    if (n > 0)
        return (ssize_t)n;
    return n == SL_READ_END ? finish(body) : break_off(body, bytes);
}

/* The connection may be gone by now. */
static void free_body(void *cls)
{
    struct body *body = cls;

    if (body->run != NULL)
        let_go(body, false);
    free(body);
}

struct MHD_Response *sl_body_response(struct sl_run *run, struct sl_conn *conn, bool trailers)
{
    struct body *body = calloc(1, sizeof(*body));

    if (body == NULL) {
        sl_run_abort(run, SL_INTERNAL, "out of memory");
        sl_run_release(run);
        return NULL;
    }
    body->run = run;
    body->conn = conn;
    body->trailers = trailers;
    body->response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, UNUSED_BLOCK, read_body,
                                                       body, free_body);
    if (body->response == NULL) {
        free_body(body);
        return NULL;
    }
    return body->response;
}
