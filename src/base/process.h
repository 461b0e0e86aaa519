/* What the kernel tells about this process. Any thread; no state. */
#ifndef SL_PROCESS_H
#define SL_PROCESS_H

#include <stdint.h>

struct sl_process {
    int64_t resident;  /* bytes: VmRSS of proc(5) */
    int64_t anonymous; /* bytes: RssAnon, the part that no file backs */
    int64_t open_fds;
    int64_t max_fds;
    double cpu_seconds; /* user and system */
};

/* What cannot be told is 0. */
void sl_process_look(struct sl_process *process);

#endif
