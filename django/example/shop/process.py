"""The memory and CPU of this process, from /proc."""

import ctypes
import os
import time


def usage():
    """The peak of resident memory since the last call and what is resident now, in bytes; CPU seconds since the start.

    What Python has freed goes back to the system in between: of memory that the process keeps for later, the next
    view would seem to need nothing.
    """
    peak = _status("VmHWM")
    _trim()
    _forget_peak()
    return {"pid": os.getpid(), "peak": peak, "resident": _status("VmRSS"), "cpu_seconds": time.process_time()}


def _status(name):
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name + ":"))


def _trim():
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):  # glibc has it, musl has not
        libc.malloc_trim(0)


def _forget_peak():
    """Lets the peak begin anew at what is resident now; proc(5), clear_refs."""
    with open("/proc/self/clear_refs", "w") as out:
        out.write("5\n")
