#include "sink/sink.h"

int sl_sink_buffer(struct sl_sink *sink, char **data, size_t *size, struct sl_error *err)
{
    return sink->ops->buffer(sink, data, size, err);
}

int sl_sink_write(struct sl_sink *sink, size_t len, struct sl_error *err)
{
    return sink->ops->write(sink, len, err);
}

int sl_sink_end(struct sl_sink *sink, struct sl_error *err)
{
    return sink->ops->end(sink, err);
}

void sl_sink_abort(struct sl_sink *sink)
{
    sink->ops->abort(sink);
}

size_t sl_sink_room(struct sl_sink *sink)
{
    return sink->ops->room(sink);
}

int sl_sink_flush(struct sl_sink *sink, struct sl_error *err)
{
    return sink->ops->flush == NULL ? 0 : sink->ops->flush(sink, err);
}

size_t sl_sink_memory(const struct sl_sink *sink)
{
    size_t all = 0;

    for (; sink != NULL; sink = sink->next)
        if (sink->ops->memory != NULL)
            all += sink->ops->memory(sink);
    return all;
}
