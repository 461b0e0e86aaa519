"""The memory and CPU of this process, from /proc."""

import os
import time


def usage():
    """Resident memory now and at its peak, in bytes, and CPU seconds since the start."""
    status = {}
    with open("/proc/self/status") as lines:
        for line in lines:
            name, _, value = line.partition(":")
            status[name] = value.split()
    return {
        "pid": os.getpid(),
        "resident": int(status["VmRSS"][0]) * 1024,
        "peak": int(status["VmHWM"][0]) * 1024,
        "cpu_seconds": time.process_time(),
    }


def forget_peak():
    """Lets the peak begin anew at what is resident now; proc(5), clear_refs."""
    with open("/proc/self/clear_refs", "w") as out:
        out.write("5\n")
