#include "export/rate.h"

#include <stddef.h>

void sl_rate_init(struct sl_rate *rate, int64_t stall_ms, int64_t min_rate)
{
    *rate = (struct sl_rate){.stall_ms = stall_ms, .min_rate = min_rate};
}

void sl_rate_start(struct sl_rate *rate, int64_t now, int64_t bytes)
{
    rate->running = true;
    rate->since = now;
    rate->moved = now;
    rate->window_bytes += bytes;
}

/* The clock is running. Returns whether the window was long enough to judge the client. */
static bool judge(struct sl_rate *rate, int64_t now, int64_t queue)
{
    int64_t taken = rate->window_bytes;

    if (now - rate->moved > rate->window_pause)
        rate->window_pause = now - rate->moved;
    int64_t ms = rate->window_ms + now - rate->since - rate->window_pause;
    if (ms < rate->stall_ms)
        return false;
    if (queue < rate->window_queue)
        taken += rate->window_queue - queue;
    if (taken * 1000 / ms < rate->min_rate)
        rate->below = true;
    return true;
}

void sl_rate_stop(struct sl_rate *rate, int64_t now, int64_t queue)
{
    if (!rate->running)
        return;
    bool over = judge(rate, now, queue);
    rate->running = false;
    rate->window_ms += now - rate->since;
    rate->queue = queue;
    if (!over)
        return;
    rate->window_ms = 0;
    rate->window_pause = 0;
    rate->window_bytes = 0;
    rate->window_queue = queue;
}

const char *sl_rate_look(struct sl_rate *rate, int64_t now, int64_t queue)
{
    if (!rate->running)
        return rate->below ? "min_rate" : NULL;
    judge(rate, now, queue);
    if (queue != rate->queue) {
        rate->moved = now;
        rate->queue = queue;
    }
    if (rate->below)
        return "min_rate";
    return now - rate->moved >= rate->stall_ms ? "stall_timeout" : NULL;
}
