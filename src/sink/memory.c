#include "sink/memory.h"

static struct sl_memory *self(struct sl_sink *sink)
{
    return (struct sl_memory *)sink;
}

static int memory_buffer(struct sl_sink *sink, char **data, size_t *size, struct sl_error *err)
{
    (void)err;
    *data = self(sink)->window;
    *size = sizeof self(sink)->window;
    return 0;
}

static int memory_write(struct sl_sink *sink, size_t len, struct sl_error *err)
{
    struct sl_memory *memory = self(sink);

    if (sl_buf_add(&memory->bytes, memory->window, len) == 0)
        return 0;
    memory->full = true;
    return sl_error_set(err, SL_LIMIT, "the output is larger than %zu bytes", memory->bytes.max);
}

static int memory_end(struct sl_sink *sink, struct sl_error *err)
{
    (void)sink;
    (void)err;
    return 0;
}

static void memory_abort(struct sl_sink *sink)
{
    (void)sink;
}

static size_t memory_room(struct sl_sink *sink)
{
    return self(sink)->bytes.max;
}

static size_t memory_memory(const struct sl_sink *sink)
{
    return ((const struct sl_memory *)sink)->bytes.cap;
}

void sl_memory_init(struct sl_memory *memory, size_t max)
{
    static const struct sl_sink_ops ops = {
        .name = "memory",
        .buffer = memory_buffer,
        .write = memory_write,
        .end = memory_end,
        .abort = memory_abort,
        .room = memory_room,
        .memory = memory_memory,
    };

    memory->sink = (struct sl_sink){.ops = &ops};
    memory->full = false;
    sl_buf_init(&memory->bytes, max);
}
