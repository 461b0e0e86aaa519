/*
 * The bounded queue between a producer and a consumer thread: the end of an HTTP
 * export's sink chain.  A ring of blocks with a fixed maximum; blocks are
 * allocated when first needed.
 *
 * One lock guards the ring's indices; a block's bytes belong to the producer
 * until it is written and to the consumer from then on.  Neither side waits
 * under the lock.  Producer: the sink's calls.  Consumer: read, last_byte.
 */
#ifndef SL_QUEUE_H
#define SL_QUEUE_H

#include <stdbool.h>
#include "base/watch.h"
#include "sink/sink.h"

struct sl_queue;

/*
 * blocks >= 2 of block_size bytes.  `watch` is the producer's (borrowed): a full
 * queue waits on it and the consumer wakes it.  consumer_fd is an eventfd that is
 * written when there is something new to read.  NULL when memory ran out.
 */
struct sl_queue *sl_queue_new(size_t blocks, size_t block_size, struct sl_watch *watch,
                              int consumer_fd);
void sl_queue_free(struct sl_queue *queue);
struct sl_sink *sl_queue_sink(struct sl_queue *queue);

enum sl_queue_state { SL_QUEUE_OPEN, SL_QUEUE_ENDED, SL_QUEUE_ABORTED };

/*
 * Copies up to max bytes and never waits.  Holds back the last byte until the
 * producer has ended.  Returns bytes copied; with 0, *state says whether more may
 * come (OPEN), all was delivered (ENDED), or the producer gave up (ABORTED).
 */
size_t sl_queue_read(struct sl_queue *queue, char *bytes, size_t max, enum sl_queue_state *state);

/* The byte held back, or '\n' when the queue is empty. Consumer, after ABORTED. */
char sl_queue_last_byte(struct sl_queue *queue);

#endif
