"""The part of systemd: what the service tells it, and the sockets that it hands over."""

import contextlib
import ctypes
import os
import shutil
import socket
import sys
import tempfile
import threading
import time

from tap import SLOW, Skip, at_end, eventually

# Runs a command with these descriptors as 3, 4, ... and says so in its environment, as systemd does.
_HAND_OVER = """
import os, sys
fds, names, command = sys.argv[1].split(","), sys.argv[2], sys.argv[3:]
high = [os.dup(int(fd)) for fd in fds if fd]
base = 3 + len(high)
while high and min(high) < base:
    high = [os.dup(fd) for fd in high]
for i, fd in enumerate(high):
    os.dup2(fd, 3 + i)
os.environ.update(LISTEN_PID=os.environ.get("LISTEN_PID") or str(os.getpid()), LISTEN_FDS=str(len(high)))
if names != "-":
    os.environ["LISTEN_FDNAMES"] = names
os.execv(command[0], command)
"""


def hand_over(sockets, names="-"):
    """What Server() needs to hand over these sockets: Server(..., **hand_over([s], "public"))."""
    fds = [s.fileno() for s in sockets]
    return {"wrapper": [sys.executable, "-c", _HAND_OVER, ",".join(map(str, fds)), names], "pass_fds": fds}


def listening(path=None, address="127.0.0.1"):
    """A listening socket as systemd opens one: TCP on a free port, or Unix at this path."""
    s = socket.socket(socket.AF_UNIX if path else socket.AF_INET, socket.SOCK_STREAM)
    at_end(s.close)
    s.bind(path or (address, 0))
    s.listen(128)
    return s


class Manager:
    """Listens at NOTIFY_SOCKET; .heard is a list of (monotonic time, {key: value}) in order."""

    def __init__(self, watchdog=None, abstract=False):
        self.directory = tempfile.mkdtemp(prefix="sl-it-")
        at_end(self.close)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        name = os.path.join(self.directory, "notify")
        self.socket.bind("\0" + name if abstract else name)
        self.env = {"NOTIFY_SOCKET": "@" + name if abstract else name}
        if watchdog:
            self.env["WATCHDOG_USEC"] = str(int(watchdog * SLOW * 1000000))
        self.heard = []
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self):
        while True:
            text = self.socket.recv(4096).decode()
            if text == "":
                return
            with self._news:
                self.heard.append((time.monotonic(), dict(line.split("=", 1) for line in text.split("\n"))))
                self._news.notify_all()

    def close(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.sendto(b"", self.socket.getsockname())
        self._thread.join()
        self.socket.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def diagnostics(self):
        return "the service manager heard:\n%s" % "\n".join("  %.3f %s" % x for x in self.heard[-40:])

    def wait(self, wanted, after=0, timeout=10):
        """Waits for a message for which wanted(fields) holds, at `after` or later in .heard; returns its index."""
        found = lambda: next((i for i, (_, m) in enumerate(self.heard) if i >= after and wanted(m)), None)
        with self._news:
            self._news.wait_for(lambda: found() is not None, timeout * SLOW)
            index = found()
        if index is None:
            raise AssertionError("not heard within %g s\n%s" % (timeout * SLOW, self.diagnostics()))
        return index

    def wait_status(self, status, timeout=10):
        return self.wait(lambda m: m.get("STATUS") == status, 0, timeout)

    def count(self, key):
        return sum(key in m for _, m in list(self.heard))


@contextlib.contextmanager
def hung_thread(pid, name):
    """One thread of a process hangs for the length of a with statement."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    attach, detach, wait_all = 16, 17, 0x40000000

    def thread():
        for tid in os.listdir("/proc/%d/task" % pid):
            with open("/proc/%d/task/%s/comm" % (pid, tid)) as f:
                if f.read().strip() == name:
                    return int(tid)
    tid = eventually(thread, 5, "a thread called " + name)
    if libc.ptrace(attach, tid, None, None) != 0:
        raise Skip("ptrace: " + os.strerror(ctypes.get_errno()))
    os.waitpid(tid, wait_all)
    try:
        yield
    finally:
        libc.ptrace(detach, tid, None, None)
