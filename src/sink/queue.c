#include "sink/queue.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct block {
    char *data;
    size_t len;
};

/*
 * Blocks head .. head+count-1 (modulo n) are written; block head+count is the
 * producer's, when count < n.  `taken` bytes of block head were read.
 */
struct sl_queue {
    struct sl_sink base;
    int consumer_fd;
    size_t block_size;
    pthread_mutex_t lock; /* guards all below */
    enum sl_queue_state state;
    bool producer_waits;
    size_t n;
    size_t head;
    size_t count;
    size_t taken;
    size_t allocated;
    struct block blocks[];
};

static void set_state(struct sl_queue *queue, enum sl_queue_state state)
{
    pthread_mutex_lock(&queue->lock);
    queue->state = state;
    pthread_mutex_unlock(&queue->lock);
    sl_wake(queue->consumer_fd);
}

static int queue_buffer(struct sl_sink *sink, char **data, size_t *size, struct sl_error *err)
{
    struct sl_queue *queue = (struct sl_queue *)sink;
    struct block *block = NULL;
    short revents;

    for (;;) {
        pthread_mutex_lock(&queue->lock);
        if (queue->count < queue->n)
            block = &queue->blocks[(queue->head + queue->count) % queue->n];
        if (block == NULL)
            queue->producer_waits = true; /* who has asked for room is told all the same */
        pthread_mutex_unlock(&queue->lock);
        if (block != NULL)
            break;
        if (sl_watch_wait(queue->base.watch, -1, 0, -1, &revents, err) < 0)
            return -1;
    }
    if (block->data == NULL) {
        block->data = malloc(queue->block_size);
        if (block->data == NULL)
            return sl_error_nomem(err);
        pthread_mutex_lock(&queue->lock);
        queue->allocated += queue->block_size;
        pthread_mutex_unlock(&queue->lock);
    }
    *data = block->data;
    *size = queue->block_size;
    return 0;
}

static int queue_write(struct sl_sink *sink, size_t len, struct sl_error *err)
{
    struct sl_queue *queue = (struct sl_queue *)sink;

    (void)err;
    pthread_mutex_lock(&queue->lock);
    queue->blocks[(queue->head + queue->count) % queue->n].len = len;
    queue->count++;
    pthread_mutex_unlock(&queue->lock);
    sl_wake(queue->consumer_fd);
    return 0;
}

static int queue_end(struct sl_sink *sink, struct sl_error *err)
{
    (void)err;
    set_state((struct sl_queue *)sink, SL_QUEUE_ENDED);
    return 0;
}

static void queue_abort(struct sl_sink *sink)
{
    set_state((struct sl_queue *)sink, SL_QUEUE_ABORTED);
}

static size_t queue_room(struct sl_sink *sink)
{
    struct sl_queue *queue = (struct sl_queue *)sink;

    pthread_mutex_lock(&queue->lock);
    size_t room = (queue->n - queue->count) * queue->block_size;
    queue->producer_waits = true; /* whoever asks may wait next: wake it when that changes */
    pthread_mutex_unlock(&queue->lock);
    return room;
}

static size_t queue_memory(const struct sl_sink *sink)
{
    struct sl_queue *queue = (struct sl_queue *)(uintptr_t)sink; /* for its lock */

    pthread_mutex_lock(&queue->lock);
    size_t allocated = queue->allocated;
    pthread_mutex_unlock(&queue->lock);
    return allocated;
}

static const struct sl_sink_ops queue_ops = {
    .name = "queue",
    .buffer = queue_buffer,
    .write = queue_write,
    .end = queue_end,
    .abort = queue_abort,
    .room = queue_room,
    .memory = queue_memory,
};

struct sl_queue *sl_queue_new(size_t blocks, size_t block_size, struct sl_watch *watch,
                              int consumer_fd)
{
    struct sl_queue *queue = calloc(1, sizeof *queue + blocks * sizeof queue->blocks[0]);

    if (queue == NULL)
        return NULL;
    queue->base.ops = &queue_ops;
    queue->base.watch = watch;
    queue->consumer_fd = consumer_fd;
    queue->block_size = block_size;
    queue->n = blocks;
    pthread_mutex_init(&queue->lock, NULL);
    return queue;
}

void sl_queue_free(struct sl_queue *queue)
{
    if (queue == NULL)
        return;
    for (size_t i = 0; i < queue->n; i++)
        free(queue->blocks[i].data);
    pthread_mutex_destroy(&queue->lock);
    free(queue);
}

struct sl_sink *sl_queue_sink(struct sl_queue *queue)
{
    return &queue->base;
}

/* Bytes of the head block that may go out now. Under the lock. */
static size_t deliverable(const struct sl_queue *queue)
{
    if (queue->count == 0)
        return 0;
    size_t left = queue->blocks[queue->head].len - queue->taken;
    return queue->count == 1 && queue->state != SL_QUEUE_ENDED ? left - 1 : left;
}

size_t sl_queue_read(struct sl_queue *queue, char *bytes, size_t max, enum sl_queue_state *state)
{
    bool wake = false;

    pthread_mutex_lock(&queue->lock);
    *state = queue->state;
    size_t n = queue->state == SL_QUEUE_ABORTED ? 0 : deliverable(queue);
    const struct block *block = &queue->blocks[queue->head];
    pthread_mutex_unlock(&queue->lock);
    if (n == 0)
        return 0;
    if (n > max)
        n = max;
    /* Ours alone: written, and `taken` and `head` are changed by nobody else. */
    memcpy(bytes, block->data + queue->taken, n);
    pthread_mutex_lock(&queue->lock);
    queue->taken += n;
    if (queue->taken == block->len) {
        queue->head = (queue->head + 1) % queue->n;
        queue->count--;
        queue->taken = 0;
        wake = queue->producer_waits;
        queue->producer_waits = false;
    }
    pthread_mutex_unlock(&queue->lock);
    if (wake)
        sl_wake(queue->base.watch->wake_fd);
    return n;
}

char sl_queue_last_byte(struct sl_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    char byte = queue->count == 0 ? '\n' : queue->blocks[queue->head].data[queue->taken];
    pthread_mutex_unlock(&queue->lock);
    return byte;
}
