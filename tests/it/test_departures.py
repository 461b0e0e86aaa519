#!/usr/bin/env python3
"""A client that leaves, at any moment and in any manner, ends its query within a second."""

import time
import uuid

from harness import *
from peers import *

EXPORTS = {
    "small": "SELECT 1 AS one",
    "sleepy": "SELECT pg_sleep(30)",
    "busy": "SELECT count(*) FROM generate_series(1, 1000000000) g",
    "first": rows(200, gated("g = 1", 7)),
    "gated": rows(20000, gated("g = 6000", 7)),
    "endless": ENDLESS,
    "trickle": rows(100000, "pg_sleep(0.02)::text AS z"),
}

ALONE = {"database": {**PATIENT, "max_exports": 1, "queue_timeout": "60s"}}

# The ways to go. A half-close counts as going: no client of exports ever half-closes.
CLOSE, RESET, HALF = Reader.close, Reader.reset, Reader.half_close


def server(**more):
    return Server(EXPORTS, ALONE, **more)


def free_again(s):
    """The slot is free: with max_exports = 1 the next export runs at once."""
    started = time.monotonic()
    equal(s.get("/exports/small.csv").body, b"one\n1\n")
    took = time.monotonic() - started
    true(took < SOON * SLOW, "the next export had to wait %.2f s" % took)


def ended_as_cancelled(s, run_id):
    """The receipt says so, and not later than the query ends."""
    if run_id:
        equal(s.receipt(run_id)["state"], "cancelled")
    else:
        line = s.wait_log(lambda x: "msg=run" in x and "state=cancelled" in x, 5, "a cancelled run")
        true(logfmt(line)["id"], line)


def leaves(s, reader, manner, pids):
    run_id = reader.run_id if reader.data else None
    manner(reader)
    gone_soon(pids)
    free_again(s)
    ended_as_cancelled(s, run_id)


@each(close=CLOSE, reset=RESET, half_close=HALF)
def leaving_while_the_first_row_is_computed(manner):
    with server() as s:
        reader = Reader(s, "/exports/sleepy.csv", head=False)
        leaves(s, reader, manner, running_since())


@test
def leaving_while_the_first_row_burns_cpu():
    with server() as s:
        reader = Reader(s, "/exports/busy.csv", head=False)
        leaves(s, reader, CLOSE, running_since())


@test
def leaving_while_the_first_row_waits_for_a_lock():
    with server() as s, Gate(7) as gate:
        reader = Reader(s, "/exports/first.csv", head=False)
        leaves(s, reader, CLOSE, gate.reached())


@each(close=CLOSE, reset=RESET, half_close=HALF)
def leaving_while_the_query_is_silent_between_two_batches(manner):
    with server() as s, Gate(7) as gate:
        reader = Reader(s, "/exports/gated.csv", rcvbuf=262144)
        pids = gate.reached()
        reader.read(1000)
        leaves(s, reader, manner, pids)


@test
def leaving_a_query_that_trickles():
    with server() as s:
        reader = Reader(s, "/exports/trickle.csv")
        leaves(s, reader, CLOSE, running_since())


@each(close=CLOSE, reset=RESET)
def leaving_with_a_full_queue(manner):
    with server() as s:
        reader = Reader(s, "/exports/endless.csv")
        leaves(s, reader, manner, [quiet_backend()])


@each(close=CLOSE, reset=RESET)
def leaving_after_a_stall_in_the_middle(manner):
    with server() as s:
        reader = Reader(s, "/exports/endless.csv", rcvbuf=65536)
        reader.read(3000000)
        leaves(s, reader, manner, [quiet_backend()])


@each(close=CLOSE, reset=RESET)
def leaving_at_full_speed(manner):
    with server() as s:
        reader = Reader(s, "/exports/endless.csv", rcvbuf=262144)
        reader.read(5000000)
        leaves(s, reader, manner, in_transaction())


@each(first_row="/exports/sleepy.csv", full_queue="/exports/endless.csv")
def leaving_over_a_unix_socket(path):
    with server(listen="unix:public") as s:
        reader = Reader(s, path, rcvbuf=None, head="endless" in path)
        leaves(s, reader, CLOSE, [quiet_backend()] if "endless" in path else running_since())


@each(first_row="/exports/sleepy.csv", silent="/exports/gated.csv", full_speed="/exports/endless.csv")
def killing_curl(path):
    with server() as s, Gate(7) as gate:
        c = curl(s.url + path, *(["--limit-rate", "50M"] if "endless" in path else []))
        pids = gate.reached() if "gated" in path else running_since()
        c.kill()
        gone_soon(pids)
        free_again(s)


@each(close=CLOSE, reset=RESET, half_close=HALF)
def leaving_the_queue_gives_the_place_to_another(manner):
    config = {"database": {**PATIENT, "max_exports": 1, "queue_length": 1, "queue_timeout": "60s"}}
    with Server(EXPORTS, config) as s, Gate(7) as gate:
        running = Reader(s, "/exports/first.csv", head=False)
        gate.reached()
        run_id = str(uuid.uuid4())
        waiting = Reader(s, "/exports/sleepy.csv?_run=" + run_id, head=False)
        eventually(lambda: s.get("/runs/" + run_id).status == 200, 5, "it is in the queue")
        equal(s.receipt(run_id, final=False)["state"], "queued")
        equal(s.get("/exports/small.csv").status, 503, "the queue is full")
        manner(waiting)
        left = time.monotonic()
        def enters():
            another = Reader(s, "/exports/small.csv", head=False)
            return another if another.silent(0.2) else another.close()
        another = eventually(enters, SOON, "another one is let in", every=0.05)
        gate.open()
        m = another.read_message()
        equal((m.status, m.body), (200, b"one\n1\n"))
        # pg_sleep(30) in between would have shown.
        true(time.monotonic() - left < 10 * SLOW, "the query of the one that left has run")
        equal(running.read_message().status, 200)
        eventually(lambda: active_backends() == 0, 2)


@test
def leaving_while_a_pipelined_request_is_unread():
    with server() as s:
        reader = Reader(s, "/exports/sleepy.csv", head=False)
        pids = running_since()
        reader.socket.sendall(b"GET /exports/small.csv HTTP/1.1\r\nHost: localhost\r\n\r\n")
        leaves(s, reader, CLOSE, pids)


@test
def leaving_while_the_database_does_not_answer():
    silent = SilentDatabase()
    with Server(EXPORTS, {"database": {"dsn": silent.dsn, "max_exports": 1}}) as s:
        reader = Reader(s, "/exports/small.csv", head=False)
        for _ in range(3):
            guest = silent.guest()
            reader.close()
            true(has_left(guest), "the connection to the database is still open")
            # The slot is free: the next one gets as far.
            reader = Reader(s, "/exports/small.csv", head=False)
        silent.guest()
        reader.close()


@each(first_row="/exports/first.csv", silent="/exports/gated.csv")
def leaving_while_the_backend_hangs(path):
    # It heeds no cancel: all that can be done is to close the connection, and that must not take long.
    with server() as s, Gate(7) as gate:
        reader = Reader(s, path, head="gated" in path)
        pid, = gate.reached()
        with Frozen(pid):
            reader.close()
            free_again(s)
        gone_soon([pid])


@test
def leaving_right_after_the_request_costs_nothing():
    with server() as s:
        for manner in (CLOSE, RESET, HALF) * 7:
            manner(Reader(s, "/exports/endless.csv", head=False))
        soon(lambda: not in_transaction(), "all queries have ended", 3)
        free_again(s)


@test
def leaving_before_the_request_is_complete_costs_nothing():
    with server() as s:
        threads = s.threads()
        for _ in range(5):
            with s.connect() as c:
                c.sendall(b"GET /exports/small.csv HTTP/1.1\r\nHost: local")
        free_again(s)
        eventually(lambda: s.threads() <= threads + 1, 5, "their threads have ended")


@test
def one_that_leaves_does_not_disturb_the_others():
    config = {"database": {**PATIENT, "max_exports": 4}}
    with Server(EXPORTS, config) as s, Gate(7) as gate:
        stays = [curl(s.url + "/exports/gated.csv") for _ in range(2)]
        gate.reached(2)
        sleeper = Reader(s, "/exports/sleepy.csv", head=False)
        staller = Reader(s, "/exports/endless.csv")
        running_since(n=4)
        sleeper.close()
        staller.close()
        eventually(lambda: len(in_transaction()) == 2, SOON, "the two that left have ended")
        gate.open()
        for c in stays:
            equal(c.wait(), 0)
            equal(s.receipt(c.run_id)["state"], "complete")


@test
def a_killed_server_leaves_no_query_behind():
    # client_connection_check_interval is the server-side net: 2 s.
    s = Server(EXPORTS, ALONE, exit_code=None)
    with s:
        Reader(s, "/exports/busy.csv", head=False)
        running_since()
        s.process.kill()
        eventually(lambda: not in_transaction(), 6, "the backend has noticed")


main()
