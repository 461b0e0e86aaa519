#!/usr/bin/env python3
"""The leak matrix: descriptors, threads and connections before and after, exactly.

{ok, SQL error, cancel, client leaves, stall, shutdown} x {HTTP/1.1 with close, keep-alive, HEAD, HTTP/1.0},
five at once and then one after the other, while an older idle connection is open: libmicrohttpd has leaks
that only show beside one.
"""

import time

from harness import *
from peers import *

TIMES = 5

EXPORTS = {
    "small": "SELECT 1 AS one",
    "gated": rows(20000, gated("g = 6000", 7)),
    "first": rows(20000, gated("g = 1", 7)),
    "early": "SELECT 1 / 0 AS x",
    "late": rows(FAR, "1 / (g - %d) AS x" % LATE),
    "endless": ENDLESS,
}

CONFIG = {"database": {**PATIENT, "max_exports": TIMES}, "limits": {"stall_timeout": "1s"}}

# How a request is made: (method, version, Connection: close).
WAYS = {
    "close": ("GET", "HTTP/1.1", True),
    "keep_alive": ("GET", "HTTP/1.1", False),
    "head": ("HEAD", "HTTP/1.1", False),
    "http_1_0": ("GET", "HTTP/1.0", True),
}


def runs_a_query(way):
    return way in ("close", "keep_alive")


def ask(s, way, export, head=True, rcvbuf=262144):
    method, version, close = WAYS[way]
    return Reader(s, "/exports/%s.csv" % export, rcvbuf, head, method, version, close)


def ok(s, way, n):
    readers = [ask(s, way, "small", head=False) for _ in range(n)]
    for r in readers:
        r.read_head()
        if runs_a_query(way):
            equal((r.status, r.read_message().body), (200, b"one\n1\n"))
        if way == "keep_alive":
            # And once more on the same connection.
            r.data = b""
            r.socket.sendall(b"GET /exports/small.csv HTTP/1.1\r\nHost: localhost\r\n\r\n")
            equal(r.read_message().body, b"one\n1\n")
    for r in readers:
        r.close()


def sql_error(s, way, n):
    for export in ("early", "late"):
        readers = [ask(s, way, export, head=False) for _ in range(n)]
        for r in readers:
            if way == "head":
                r.read_head()
            else:
                m = r.read_all()
                true(not m.complete or m.status >= 500, m.head)
            r.close()


def cancel(s, way, n):
    with Gate(7) as gate:
        readers = [ask(s, way, "gated") for _ in range(n)]
        gate.reached(n)
        for r in readers:
            true(s.delete("/runs/" + r.run_id).status < 300)
        for r in readers:
            true(not r.read_all().complete, "a cancelled run looks whole")
            r.close()


def client_leaves(s, way, n):
    for manner in (Reader.close, Reader.reset):
        if not runs_a_query(way):
            for r in [ask(s, way, "small", head=False) for _ in range(n)]:
                manner(r)
            continue
        with Gate(7) as gate:
            readers = [ask(s, way, "first", head=False) for _ in range(n)]
            gate.reached(n)
            for r in readers:
                manner(r)
            eventually(lambda: not in_transaction(), 2, "the queries have ended")
            readers = [ask(s, way, "gated") for _ in range(n)]
            gate.reached(n)
            for r in readers:
                manner(r)
            eventually(lambda: not in_transaction(), 2, "the queries have ended")
        readers = [ask(s, way, "endless", rcvbuf=4096) for _ in range(n)]
        for r in readers:
            manner(r)
        eventually(lambda: not in_transaction(), 2, "the queries have ended")


def stall(s, way, n):
    readers = [ask(s, way, "endless", rcvbuf=4096) for _ in range(n)]
    for r in readers:
        equal(s.receipt(r.run_id)["state"], "failed")
    for r in readers:
        true(not r.read_all().complete, "a stalled run looks whole")
        r.close()


def census(s):
    """(descriptors without those of idle database connections, threads, running exports, the descriptors)."""
    for _ in range(50):
        before, fds, threads, after = backends(), s.fds(), s.threads(), backends()
        # A connection that closes in between would count on one side only.
        if before == after:
            return len(fds) - after, threads, active_backends(), fds
        time.sleep(0.02)
    raise AssertionError("the number of connections does not settle")


def leaks(way, outcome):
    with Server(EXPORTS, CONFIG) as s:
        # What is made once and kept: connections of the slots, threads of a pool, libraries' own descriptors.
        with Gate(7) as gate:
            warm = [ask(s, "close", "first", head=False) for _ in range(TIMES)]
            gate.reached(TIMES)
        for r in warm:
            r.read_message()
            r.close()
        with s.connect() as older:
            older.sendall(b"GET /runs/none HTTP/1.1\r\nHost: localhost\r\n\r\n")
            true(older.recv(65536), "no answer on the older connection")
            outcome(s, way, 1)
            baseline = settled(s)
            outcome(s, way, TIMES)
            for _ in range(TIMES):
                outcome(s, way, 1)
            def same():
                now = census(s)
                return now[:3] == baseline[:3]
            try:
                eventually(same, 5)
            except AssertionError:
                now = census(s)
                raise AssertionError(
                    "(descriptors, threads, running) were %r, are %r\n  more descriptors: %r\n  fewer: %r" % (
                        baseline[:3], now[:3],
                        sorted(set(now[3].values()) - set(baseline[3].values())),
                        sorted(set(baseline[3].values()) - set(now[3].values()))))
            # It was open all the while.
            older.sendall(b"GET /runs/none HTTP/1.1\r\nHost: localhost\r\n\r\n")
            true(older.recv(65536), "the older connection was closed")


def settled(s):
    """The census once it has been the same for 300 ms."""
    last, since = census(s), time.monotonic()
    end = time.monotonic() + 10 * SLOW
    while time.monotonic() - since < 0.3:
        true(time.monotonic() < end, "the counts do not settle")
        now = census(s)
        if now[:3] != last[:3]:
            since = time.monotonic()
        last = now
    return last


def shutdown(way, state):
    """Shutdown in this state leaves no backend, no socket file and (under sanitizers) no memory behind."""
    config = {**CONFIG, "server": {"drain_timeout": "300ms"}}
    with Server(EXPORTS, config, listen="unix:public") as s:
        with Gate(7) as gate:
            older = s.connect()
            readers = []
            if state == "running" and runs_a_query(way):
                readers = [ask(s, way, "gated") for _ in range(TIMES)]
                gate.reached(TIMES)
            elif state == "stalled" and runs_a_query(way):
                readers = [ask(s, way, "endless", rcvbuf=4096) for _ in range(TIMES)]
                eventually(lambda: len(in_transaction()) == TIMES, 5)
            else:
                readers = [ask(s, way, "small") for _ in range(TIMES)]
            s.stop(deadline=5)
            eventually(lambda: backends() == 0, 3, "the backends have gone")
            if runs_a_query(way) and state != "idle":
                for r in readers:
                    true(not r.read_all().complete, "a transfer that shutdown cut looks whole")
            older.close()
            for r in readers:
                r.close()
        true(not s.workspace.exists("public"), "the Unix socket is still there")


for _way in WAYS:
    for _outcome in (ok, sql_error, cancel, client_leaves, stall):
        if _outcome in (cancel, stall) and not runs_a_query(_way):
            continue      # a request without a run can neither be cancelled nor stall
        each(**{"%s__%s" % (_outcome.__name__, _way): (_way, _outcome)})(leaks)
    for _state in ("idle", "running", "stalled") if runs_a_query(_way) else ("idle",):
        each(**{"%s__%s" % (_state, _way): (_way, _state)})(shutdown)

main()
