#include "export/rate.h"

#include <stddef.h>

void sl_rate_init(struct sl_rate *rate, int64_t stall_ms, int64_t min_rate)
{
    *rate = (struct sl_rate){.stall_ms = stall_ms, .min_rate = min_rate};
}

void sl_rate_start(struct sl_rate *rate, int64_t now)
{
    rate->running = true;
    rate->since = now;
}

/* Too few bytes for the time, once a whole window is over. */
static bool below_rate(const struct sl_rate *rate, int64_t ms)
{
    return ms >= rate->stall_ms && rate->window_bytes * 1000 / ms < rate->min_rate;
}

void sl_rate_stop(struct sl_rate *rate, int64_t now, int64_t bytes)
{
    if (!rate->running)
        return;
    rate->running = false;
    rate->window_ms += now - rate->since;
    rate->window_bytes += bytes;
    /* A window that was kept is over; one that was not stays, so that it is seen. */
    if (rate->window_ms >= rate->stall_ms && !below_rate(rate, rate->window_ms)) {
        rate->window_ms = 0;
        rate->window_bytes = 0;
    }
}

const char *sl_rate_violated(const struct sl_rate *rate, int64_t now)
{
    int64_t stretch = rate->running ? now - rate->since : 0;

    if (stretch >= rate->stall_ms)
        return "stall_timeout";
    if (below_rate(rate, rate->window_ms + stretch))
        return "min_rate";
    return NULL;
}
