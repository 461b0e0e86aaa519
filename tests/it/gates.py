"""Queries that can be stopped at a chosen row, and how the tests look at what the database does for an export.

A gate stops a query without any sleep: the row takes an advisory lock that the test holds.

    QUERY = rows(20000, gated("g = 5000", 7))
    with Gate(7) as gate:
        client = curl(s.url + "/exports/e.csv")
        gate.reached()                    # the query waits at row 5000
        ...
        gate.open()
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from database import session, sql
from tap import SLOW, at_end, eventually

# A departed client's query is gone, and a failed run's slot is free, within this many seconds.
SOON = 1.0

# What the gates need: pgsluice's own lock_timeout would end a query that waits for one.
PATIENT = {"lock_timeout": "60s"}


def rows(n, columns=""):
    """A query of n rows that begins at once: a set-returning function in the select list is not materialised."""
    return "SELECT g, repeat('x', 60) AS pad%s FROM (SELECT generate_series(1, %d) AS g) s" % (
        ", " + columns if columns else "", n)


def gated(condition, key):
    """A column that waits for the gate `key` in the row where `condition` holds."""
    return "CASE WHEN %s THEN pg_advisory_xact_lock_shared(%d)::text END AS gate" % (condition, key)


ENDLESS = rows(100000000)

# A query that fails by itself, at row LATE of FAR: more than all of pgsluice's buffers hold, so that its client
# has the status line by then. An earlier failure may still become a real error status.
LATE, FAR = 60000, 80000


class Gate:
    def __init__(self, key):
        self.key = key
        self.holder = None

    def __enter__(self):
        self.holder = session("SELECT pg_advisory_lock(%d)" % self.key)
        self.holder.__enter__()
        return self

    def __exit__(self, *trouble):
        self.open()

    def waiting(self):
        """The process ids of the exports that stand at the gate."""
        printed = sql("SELECT a.pid FROM pg_stat_activity a JOIN pg_locks l USING (pid) WHERE NOT l.granted "
                      "AND l.locktype = 'advisory' AND l.objid = %d AND a.application_name LIKE 'pgsluice:%%'" % self.key)
        return [int(p) for p in printed.split()]

    def reached(self, n=1, timeout=20):
        """Waits until n exports stand at the gate; returns their process ids."""
        return eventually(lambda: (lambda pids: pids if len(pids) == n else None)(self.waiting()), timeout,
                          "%d at the gate" % n)

    def open(self):
        if self.holder:
            self.holder.__exit__(None, None, None)
            self.holder = None


def in_transaction(export=None):
    """Process ids of the backends that run an export now."""
    return [int(p) for p in sql(
        "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'pgsluice:%s%%' AND state <> 'idle'"
        % (export + ":" if export else "")).split()]


def quiet_backend(timeout=20):
    """Waits until the one backend that runs an export has nothing to do or cannot send: its client takes nothing.

    Twice the same xact and byte count would be a guess; the wait event is not: Client/ClientRead is a
    backend that waits for the next FETCH, Client/ClientWrite one that is blocked in sending.
    """
    def look():
        return sql("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'pgsluice:%' AND state <> 'idle' "
                   "AND wait_event_type = 'Client'")
    def still():
        first = look()
        if not first or "\n" in first:
            return None
        for _ in range(5):
            time.sleep(0.05)
            if look() != first:
                return None
        return int(first)
    return eventually(still, timeout, "a backend that waits for its client")


def running_since(timeout=20, n=1):
    """Waits until n exports are inside a query; returns their process ids."""
    return eventually(lambda: (lambda p: p if len(p) == n else None)(in_transaction()), timeout,
                      "%d running export(s)" % n)


def soon(predicate, what, limit=SOON):
    eventually(predicate, limit, what + " within %g s" % limit)


class Frozen:
    """A backend, or a client, that hangs: stopped by SIGSTOP for the length of a with statement."""

    def __init__(self, *pids):
        self.pids = pids

    def __enter__(self):
        at_end(self.thaw)
        for pid in self.pids:
            os.kill(pid, signal.SIGSTOP)
        return self

    def thaw(self, *trouble):
        for pid in self.pids:
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass
        self.pids = ()

    __exit__ = thaw


class SilentDatabase:
    """A socket that takes connections like PostgreSQL's and never says a word; .dsn leads there."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="sl-it-")
        at_end(self.close)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(os.path.join(self.directory, ".s.PGSQL.5432"))
        self.listener.listen(16)
        self.dsn = "host=%s dbname=postgres user=postgres" % self.directory

    def guest(self):
        """Waits for a connection and returns it."""
        self.listener.settimeout(10 * SLOW)
        return self.listener.accept()[0]

    def close(self):
        self.listener.close()
        shutil.rmtree(self.directory, ignore_errors=True)


def has_left(connection, within=SOON):
    """The other side of this connection has closed it, or does so in time."""
    connection.settimeout(within * SLOW)
    try:
        while connection.recv(65536):
            pass
    except ConnectionResetError:
        pass
    except socket.timeout:
        return False
    return True


def database_is_up():
    return subprocess.run(["psql", "-Xqc", "SELECT 1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def gone(pid):
    return sql("SELECT 1 FROM pg_stat_activity WHERE pid = %d" % pid) == ""


def gone_soon(pids, limit=SOON):
    """The query has ended: no export's transaction is left, and those backends are gone or idle."""
    soon(lambda: not set(in_transaction()) & set(pids), "the query of %r has ended" % (pids,), limit)
