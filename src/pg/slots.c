#include "pg/slots.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "pg/internal.h"

struct waiter {
    struct waiter *next;
    int wake_fd;
    bool granted;
};

struct idle {
    struct sl_session *session;
    int64_t since;
};

struct sl_slots {
    pthread_mutex_t lock; /* guards all below */
    int max;
    int queue_length;
    int64_t queue_timeout;
    int running;
    int waiting;
    struct waiter *first;
    struct waiter **last;
    size_t n_idle;
    size_t idle_room; /* the largest max so far: only a slot's holder adds one */
    struct idle *idle;
};

struct sl_slots *sl_slots_new(int max, int queue_length, int64_t queue_timeout_ms)
{
    struct sl_slots *slots = calloc(1, sizeof *slots);

    if (slots == NULL)
        return NULL;
    slots->last = &slots->first;
    pthread_mutex_init(&slots->lock, NULL);
    if (sl_slots_resize(slots, max, queue_length, queue_timeout_ms) == 0)
        return slots;
    sl_slots_free(slots);
    return NULL;
}

void sl_slots_free(struct sl_slots *slots)
{
    if (slots == NULL)
        return;
    for (size_t i = 0; i < slots->n_idle; i++)
        sl_session_close(slots->idle[i].session);
    pthread_mutex_destroy(&slots->lock);
    free(slots->idle);
    free(slots);
}

/* Under the lock. */
static void enqueue(struct sl_slots *slots, struct waiter *waiter)
{
    *slots->last = waiter;
    slots->last = &waiter->next;
    slots->waiting++;
}

/* Under the lock. */
static void dequeue(struct sl_slots *slots, struct waiter *waiter)
{
    struct waiter **link = &slots->first;

    while (*link != waiter)
        link = &(*link)->next;
    *link = waiter->next;
    if (slots->last == &waiter->next)
        slots->last = link;
    slots->waiting--;
}

/* Gives free slots to those who wait. Under the lock. */
static void grant(struct sl_slots *slots)
{
    while (slots->first != NULL && slots->running < slots->max) {
        struct waiter *waiter = slots->first;

        dequeue(slots, waiter);
        slots->running++;
        waiter->granted = true;
        sl_wake(waiter->wake_fd); /* under the lock: the waiter lives until it has seen `granted` */
    }
}

/* Room for as many idle connections as there are slots. Under the lock. */
static int make_room(struct sl_slots *slots, size_t room)
{
    if (room <= slots->idle_room)
        return 0;
    struct idle *idle = reallocarray(slots->idle, room, sizeof *idle);
    if (idle == NULL)
        return -1;
    slots->idle = idle;
    slots->idle_room = room;
    return 0;
}

int sl_slots_resize(struct sl_slots *slots, int max, int queue_length, int64_t queue_timeout_ms)
{
    pthread_mutex_lock(&slots->lock);
    int rc = make_room(slots, (size_t)max);
    if (rc == 0) {
        slots->max = max;
        slots->queue_length = queue_length;
        slots->queue_timeout = queue_timeout_ms;
        grant(slots);
    }
    pthread_mutex_unlock(&slots->lock);
    return rc;
}

/* Waits until granted or no longer willing; the lock is not held. */
static int wait_turn(struct sl_slots *slots, struct waiter *waiter, int64_t deadline,
                     struct sl_watch *watch, int client_fd, struct sl_error *err)
{
    for (;;) {
        short revents;
        int left = sl_clock_left(deadline);

        pthread_mutex_lock(&slots->lock);
        bool granted = waiter->granted;
        pthread_mutex_unlock(&slots->lock);
        if (granted)
            return 0;
        if (left == 0)
            return sl_error_set(err, SL_BUSY, "no export slot became free within queue_timeout");
        if (sl_watch_wait(watch, client_fd, POLLRDHUP, left, &revents, err) < 0)
            return -1;
        if (revents != 0)
            return sl_error_set(err, SL_CANCELLED, "the client left while it waited for a slot");
    }
}

int sl_slots_acquire(struct sl_slots *slots, struct sl_watch *watch, int client_fd,
                     struct sl_error *err)
{
    struct waiter waiter = {.wake_fd = watch->wake_fd};
    bool full = false;

    pthread_mutex_lock(&slots->lock);
    if (slots->running < slots->max) {
        slots->running++;
        waiter.granted = true;
    } else if (slots->waiting < slots->queue_length) {
        enqueue(slots, &waiter);
    } else {
        full = true;
    }
    bool granted = waiter.granted;
    int64_t deadline = sl_clock_ms() + slots->queue_timeout;
    pthread_mutex_unlock(&slots->lock);
    if (full)
        return sl_error_set(err, SL_BUSY, "all export slots are taken and the queue is full");
    if (granted || wait_turn(slots, &waiter, deadline, watch, client_fd, err) == 0)
        return 0;

    pthread_mutex_lock(&slots->lock);
    bool late = waiter.granted; /* granted while we gave up: pass it on */
    if (!late)
        dequeue(slots, &waiter);
    pthread_mutex_unlock(&slots->lock);
    if (late)
        sl_slots_release(slots);
    return -1;
}

void sl_slots_release(struct sl_slots *slots)
{
    pthread_mutex_lock(&slots->lock);
    slots->running--;
    grant(slots);
    pthread_mutex_unlock(&slots->lock);
}

/* A connection that has something to say while idle was closed or is about to be. */
static bool silent(struct sl_session *session)
{
    struct pollfd fd = {.fd = PQsocket(session->conn), .events = POLLIN | POLLRDHUP};

    return poll(&fd, 1, 0) == 0;
}

/* Takes idle connection i out. Under the lock. */
static struct sl_session *take_out(struct sl_slots *slots, size_t i)
{
    struct sl_session *session = slots->idle[i].session;

    slots->n_idle--;
    memmove(&slots->idle[i], &slots->idle[i + 1], (slots->n_idle - i) * sizeof slots->idle[0]);
    return session;
}

/* The connection of this dsn that was used last. Under the lock. */
static struct sl_session *find_idle(struct sl_slots *slots, const char *dsn)
{
    for (size_t i = slots->n_idle; dsn != NULL && i-- > 0;)
        if (sl_session_of(slots->idle[i].session, dsn))
            return take_out(slots, i);
    return NULL;
}

struct sl_session *sl_slots_take(struct sl_slots *slots, const char *dsn)
{
    for (;;) {
        struct sl_session *surplus = NULL;

        pthread_mutex_lock(&slots->lock);
        struct sl_session *session = find_idle(slots, dsn);
        /* Others' idle connections must not make more than max with the one that is opened now. */
        if (session == NULL && slots->n_idle > 0 &&
            (size_t)slots->running + slots->n_idle > (size_t)slots->max)
            surplus = take_out(slots, 0);
        pthread_mutex_unlock(&slots->lock);
        sl_session_close(surplus);
        if (session == NULL || silent(session))
            return session;
        sl_session_close(session);
    }
}

void sl_slots_keep(struct sl_slots *slots, struct sl_session *session)
{
    if (!sl_session_reusable(session)) {
        sl_session_close(session);
        return;
    }
    pthread_mutex_lock(&slots->lock);
    slots->idle[slots->n_idle++] = (struct idle){session, sl_clock_ms()};
    pthread_mutex_unlock(&slots->lock);
}

void sl_slots_counts(struct sl_slots *slots, struct sl_slots_counts *counts)
{
    pthread_mutex_lock(&slots->lock);
    *counts =
        (struct sl_slots_counts){slots->max, slots->running, slots->waiting, (int)slots->n_idle};
    pthread_mutex_unlock(&slots->lock);
}

/* The connection that was idle longest, if it was so for too long. *next: as sl_slots_sweep(). */
static struct sl_session *take_old(struct sl_slots *slots, int64_t now, int64_t *next)
{
    struct sl_session *old = NULL;

    pthread_mutex_lock(&slots->lock);
    if (slots->n_idle > 0 && now - slots->idle[0].since >= SL_IDLE_KEEP_MS)
        old = take_out(slots, 0);
    /* Who holds a slot may leave an idle connection behind, which is then the youngest. */
    if (slots->n_idle > 0)
        *next = slots->idle[0].since + SL_IDLE_KEEP_MS;
    else
        *next = slots->running > 0 ? now + SL_IDLE_KEEP_MS : INT64_MAX;
    pthread_mutex_unlock(&slots->lock);
    return old;
}

int64_t sl_slots_sweep(struct sl_slots *slots)
{
    int64_t now = sl_clock_ms();
    struct sl_session *old;
    int64_t next;

    while ((old = take_old(slots, now, &next)) != NULL)
        sl_session_close(old);
    return next;
}
