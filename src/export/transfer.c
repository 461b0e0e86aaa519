/* The client's side of a run over HTTP: waiting for a slot, for the first batch, reading. */
#include <linux/sockios.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/clock.h"
#include "base/limits.h"
#include "export/internal.h"

#define CLIENT_LEFT "the client left"

/* Counts a client, should that be why the run ends. */
static void client_left(struct sl_run *run)
{
    if (sl_run_abort(run, SL_CANCELLED, CLIENT_LEFT))
        sl_stats_left(run->service->stats);
}

int sl_run_admit(struct sl_run *run, int client_fd, struct sl_error *err)
{
    int rc = sl_slots_acquire(run->service->slots, &run->consumer, client_fd, err);
    int64_t waited = sl_clock_ms() - run->created_ms;

    sl_stats_waited(run->service->stats, waited);
    if (rc < 0) {
        /* Nobody else had a reason to end it: the client had. */
        if (sl_run_fail(run, err) && err->kind == SL_CANCELLED)
            sl_stats_left(run->service->stats);
        return -1;
    }
    run->slot_held = true;
    pthread_mutex_lock(&run->lock);
    run->receipt.queue_ms = waited;
    pthread_mutex_unlock(&run->lock);
    return 0;
}

static void *producer(void *arg)
{
    struct sl_run *run = arg;
    const struct sched_param no_priority = {0};
    struct sl_error err;

    pthread_setname_np(pthread_self(), "export");
    /*
     * Waking does not interrupt the backend, which then writes in larger pieces: on
     * two cores 5 to 7 % less wall time for a wide table.
     */
    (void)pthread_setschedparam(pthread_self(), SCHED_BATCH, &no_priority);
    if (sl_run_produce(run, &err) < 0) {
        sl_run_fail(run, &err);
        sl_sink_abort(run->sink);
    }
    sl_run_release(run);
    return NULL;
}

/* The queue has half of limits.memory. */
static int make_queue(struct sl_run *run, struct sl_error *err)
{
    size_t half = (size_t)run->setup->config->limits.memory / 2;
    size_t block = half / SL_QUEUE_BLOCKS < SL_BLOCK_SIZE ? half / SL_QUEUE_BLOCKS : SL_BLOCK_SIZE;

    run->queue = sl_queue_new(half / block, block, &run->watch, run->consumer.wake_fd);
    return run->queue == NULL ? sl_error_nomem(err) : 0;
}

int sl_run_start(struct sl_run *run, enum sl_compression encoding, struct sl_error *err)
{
    pthread_attr_t attr;
    pthread_t thread;

    if (make_queue(run, err) < 0 || sl_run_chain(run, sl_queue_sink(run->queue), encoding, err) < 0)
        return -1;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, SL_PRODUCER_STACK);
    sl_run_ref(run);
    int rc = pthread_create(&thread, &attr, producer, run);
    pthread_attr_destroy(&attr);
    if (rc == 0)
        return 0;
    sl_run_release(run);
    sl_error_set(err, SL_INTERNAL, "no thread for a run: %s", strerror(rc));
    sl_run_fail(run, err);
    return -1;
}

/* Waits for news from the producer; a client that leaves meanwhile aborts the run. */
static int wait_news(struct sl_run *run, int client_fd, struct sl_error *err)
{
    short revents;

    if (sl_watch_wait(&run->consumer, client_fd, POLLRDHUP, -1, &revents, err) < 0)
        return -1;
    if (revents == 0)
        return 0;
    client_left(run);
    return sl_run_check(run, err);
}

int sl_run_look_at_client(struct sl_run *run, int client_fd, struct sl_error *err)
{
    struct pollfd fd = {.fd = client_fd, .events = POLLRDHUP};

    if (poll(&fd, 1, 0) <= 0)
        return 0;
    client_left(run);
    return sl_run_check(run, err);
}

/* Bytes that the kernel still has for the client (TCP: not acknowledged). 0 when it cannot tell. */
static int64_t queue_length(int client_fd)
{
    int length = 0;

    return ioctl(client_fd, SIOCOUTQ, &length) == 0 ? length : 0;
}

/* The kernel took all that was handed over last. */
static void took(struct sl_run *run, int client_fd)
{
    pthread_mutex_lock(&run->lock);
    sl_rate_stop(&run->rate, sl_clock_ms(), queue_length(client_fd));
    int64_t sent = run->bytes_handed;
    run->receipt.bytes_sent += sent;
    run->bytes_handed = 0;
    pthread_mutex_unlock(&run->lock);
    sl_stats_sent(run->service->stats, run->stats, sent);
}

static void handed(struct sl_run *run, size_t n)
{
    pthread_mutex_lock(&run->lock);
    run->bytes_handed = (int64_t)n;
    sl_rate_start(&run->rate, sl_clock_ms(), (int64_t)n);
    pthread_mutex_unlock(&run->lock);
}

int sl_run_wait_first(struct sl_run *run, int client_fd, struct sl_error *err)
{
    for (;;) {
        pthread_mutex_lock(&run->lock);
        bool ready = run->first_ready;
        pthread_mutex_unlock(&run->lock);
        if (sl_run_check(run, err) < 0)
            return -1;
        if (ready) {
            handed(run, 0); /* the response's header is the first that it may be slow to take */
            return 0;
        }
        if (wait_news(run, client_fd, err) < 0)
            return -1;
    }
}

long sl_run_read(struct sl_run *run, int client_fd, char *bytes, size_t max)
{
    enum sl_queue_state state;
    struct sl_error err;

    took(run, client_fd);
    for (;;) {
        if (sl_run_aborted(run))
            return SL_READ_ABORTED;
        size_t n = sl_queue_read(run->queue, bytes, max, &state);
        if (n > 0) {
            handed(run, n);
            return (long)n;
        }
        if (state == SL_QUEUE_ENDED) {
            /* Before the end is on the wire, so that whoever sees it finds the receipt final. */
            return sl_run_finish(run, true) ? SL_READ_END : SL_READ_ABORTED;
        }
        if (state == SL_QUEUE_ABORTED || wait_news(run, client_fd, &err) < 0)
            return SL_READ_ABORTED;
    }
}

char sl_run_last_byte(struct sl_run *run)
{
    return sl_queue_last_byte(run->queue);
}

void sl_run_consumed(struct sl_run *run, bool delivered)
{
    if (!delivered)
        client_left(run);
}

bool sl_run_too_slow(struct sl_run *run, int client_fd)
{
    char why[96];

    pthread_mutex_lock(&run->lock);
    const char *limit = sl_rate_look(&run->rate, sl_clock_ms(), queue_length(client_fd));
    pthread_mutex_unlock(&run->lock);
    if (limit == NULL)
        return false;
    snprintf(why, sizeof why, "the client read too slowly: %s", limit);
    sl_run_abort(run, SL_TIMEOUT, why);
    return true;
}
