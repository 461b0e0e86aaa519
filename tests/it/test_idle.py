#!/usr/bin/env python3
"""A service that has nothing to do takes little memory and no time."""

import os
import re
import time

from harness import *
from peers import *
from systemd import Manager

EXPORTS = {"small": "SELECT 1 AS one", "gated": rows(20000, gated("g = 6000", 7))}
LONG = 3  # seconds of a measurement
MB = 1024 * 1024


def bar(function):
    return function if os.environ.get("SL_SANITIZED") == "1" else test(function)


def switches(pid):
    """How often each thread has given up the processor by itself: how often it slept and woke."""
    found = {}
    for tid in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/status" % (pid, tid)) as f:
            text = f.read()
        name = re.search(r"^Name:\s+(.*)$", text, re.M).group(1)
        found[tid, name] = int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)$", text, re.M).group(1))
    return found


def wakeups(pid, seconds=LONG):
    """{thread: wake-ups} of those that woke within so many seconds."""
    before = switches(pid)
    time.sleep(seconds)  # the measurement itself
    return {"%s %s" % k: n - before.get(k, 0) for k, n in switches(pid).items() if n != before.get(k, 0)}


def asleep(pid):
    """What was woken by the start or by a request has gone back to sleep."""
    eventually(lambda: not wakeups(pid, 0.3), 10, "nothing moves")


def memory(pid):
    with open("/proc/%d/status" % pid) as f:
        text = f.read()
    return {k: int(re.search(r"^%s:\s+(\d+) kB" % k, text, re.M).group(1)) * 1024 for k in ("RssAnon", "VmRSS")}


@test
def an_idle_service_does_not_wake_up():
    with Server(EXPORTS) as s:
        asleep(s.pid)
        equal(wakeups(s.pid), {})


@test
def an_idle_database_connection_does_not_wake_it_up():
    with Server(EXPORTS) as s:
        true(s.raw_get("/exports/small.csv").complete)
        equal(backends(), 1)
        asleep(s.pid)
        equal(wakeups(s.pid), {})


@test
def an_idle_client_connection_does_not_wake_it_up():
    with Server(EXPORTS) as s:
        reader = Reader(s, "/exports/small.csv")
        true(reader.read_message().complete)
        asleep(s.pid)
        equal(wakeups(s.pid), {})


@test
def with_a_watchdog_only_its_timer_wakes_the_service():
    manager = Manager(watchdog=4)
    with Server(EXPORTS, env=manager.env) as s:
        eventually(lambda: manager.count("WATCHDOG") > 1, 10)
        woken = wakeups(s.pid, LONG * SLOW)
        equal({name.split()[1] for name in woken}, {"pgsluice", "reaper"})
        true(all(n <= 2 * LONG + 2 for n in woken.values()), woken)


@test
def an_idle_database_connection_is_closed_in_time_all_the_same():
    with Server(EXPORTS) as s:
        true(s.raw_get("/exports/small.csv").complete)
        equal(backends(), 1)
        eventually(lambda: backends() == 0, 75, "the connection is closed", every=1)


@test
def a_client_that_leaves_is_seen_after_a_long_sleep():
    with Server(EXPORTS, {"database": PATIENT}) as s, Gate(7) as gate:
        asleep(s.pid)
        reader = Reader(s, "/exports/gated.csv")
        pids = gate.reached()
        reader.close()
        gone_soon(pids)


@bar
def an_idle_service_is_small():
    with Server(EXPORTS) as s:
        asleep(s.pid)
        used = memory(s.pid)
        true(used["RssAnon"] < 4 * MB, used)
        true(used["VmRSS"] < 12 * MB, used)


main()
