/*
 * A chain of stages that bytes go through: digest, compression, and at its end
 * the queue (HTTP) or a file.  The receiver owns the memory that the
 * producer writes into.  One thread drives a chain.  After a -1 only abort() and
 * free() may be called.  end() is called at most once and only on success, so
 * nothing that marks a complete file is ever written after a failure.
 */
#ifndef SL_SINK_H
#define SL_SINK_H

#include <stddef.h>

#include "base/watch.h"

struct sl_sink {
    const struct sl_sink_ops *ops;
    struct sl_sink *next;   /* NULL at the end of the chain; borrowed */
    struct sl_watch *watch; /* of the chain's end: how it waits; set by who drives it; borrowed */
};

struct sl_sink_ops {
    const char *name;
    /* A window of at least one byte to write into; may wait for the consumer. */
    int (*buffer)(struct sl_sink *sink, char **data, size_t *size, struct sl_error *err);
    /* The first len (> 0) bytes of the window are output; the window is gone. */
    int (*write)(struct sl_sink *sink, size_t len, struct sl_error *err);
    /* The output is complete. */
    int (*end)(struct sl_sink *sink, struct sl_error *err);
    /* The output will not be completed. */
    void (*abort)(struct sl_sink *sink);
    /* Bytes that can be written without waiting, about. */
    size_t (*room)(struct sl_sink *sink);
    /* NULL: the stage holds nothing back. Else see sl_sink_flush(). */
    int (*flush)(struct sl_sink *sink, struct sl_error *err);
    /* NULL: the stage needs next to none. Else see sl_sink_memory(). */
    size_t (*memory)(const struct sl_sink *sink);
};

int sl_sink_buffer(struct sl_sink *sink, char **data, size_t *size,
                   struct sl_error *err) SL_MUSTCHECK;
int sl_sink_write(struct sl_sink *sink, size_t len, struct sl_error *err) SL_MUSTCHECK;
int sl_sink_end(struct sl_sink *sink, struct sl_error *err) SL_MUSTCHECK;
void sl_sink_abort(struct sl_sink *sink);
size_t sl_sink_room(struct sl_sink *sink);

/*
 * Called every SL_PUBLISH_MS or so, with no window open: what was written before the
 * call before this one can be read at the end of the chain when it returns.  May wait
 * for the consumer.
 */
int sl_sink_flush(struct sl_sink *sink, struct sl_error *err) SL_MUSTCHECK;

/* Bytes that the stages from this one on take at present for what passes through them. */
size_t sl_sink_memory(const struct sl_sink *sink);

#endif
