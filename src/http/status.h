/* How the service stands at one moment: `GET /status.json`, and the page that shows it. */
#ifndef SL_STATUS_H
#define SL_STATUS_H

#include "http/request.h"

/* So many runs under way, and so many of those that have ended, are told. */
#define SL_STATUS_UNDER_WAY 200
#define SL_STATUS_ENDED 50

struct sl_status {
    char now[SL_TIME_TEXT];
    const char *started_at;
    bool draining;
    bool reload_ok; /* the last one */
    struct sl_service_now service;
    int64_t queue_length; /* the limit */
    int64_t resident;     /* bytes, as all below */
    int64_t base;
    int64_t limit; /* by the formula of base/limits.h, with every slot taken */
    struct sl_runs runs;
};

/* The page, whole. status NULL: without anything that the admin token guards. */
int sl_status_page(const struct sl_status *status, struct sl_buf *out) SL_MUSTCHECK;

#endif
