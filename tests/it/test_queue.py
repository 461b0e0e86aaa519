#!/usr/bin/env python3
"""Admission: at most max_exports at once, the others wait, and who cannot wait is told so."""

import json
import threading
import time

from harness import *
from peers import *

EXPORTS = {
    "small": "SELECT 1 AS one",
    "first": rows(20000, gated("g = 1", 7)),
    "gated": rows(20000, gated("g = 6000", 7)),
    "one": "SELECT 1 AS n",
    "two": "SELECT 2 AS n",
    "three": "SELECT 3 AS n",
    "wrong": "SELECT 1 / 0 AS x",
    "late": rows(FAR, "1 / (g - %d) AS x" % LATE),
    "param": "-- param: n int\n\nSELECT :'n' AS n",
    "sleepy": "SELECT pg_sleep(30)",
}


def server(max_exports=1, queue_length=64, queue_timeout="30s", **more):
    return Server(EXPORTS, {"database": {**PATIENT, "max_exports": max_exports, "queue_length": queue_length,
                                         "queue_timeout": queue_timeout}, **more})


def busy(response):
    """A full house: 503 with Retry-After in whole seconds, and the connection closed."""
    problem(response, 503, "busy")
    matches(response["Retry-After"] or "", r"^[1-9][0-9]*$", "Retry-After")
    equal((response["Connection"] or "").lower(), "close")


def in_queue(s, path):
    """A client that waits in the queue."""
    r = Reader(s, path, head=False)
    true(r.silent(0.3), "%s was answered, although the house is full" % path)
    return r


@test
def no_more_than_max_exports_run_at_once_and_the_others_follow():
    lines = 20001
    with server(2) as s, Gate(7) as gate:
        clients = [curl(s.url + "/exports/gated.csv") for _ in range(6)]
        gate.reached(2)
        # The other four have had time to start, and are not there.
        eventually(lambda: s.threads() >= 6, 10, "all six are connected")
        for _ in range(20):
            equal(active_backends(), 2)
        true(backends() <= 2, "%d connections" % backends())
        gate.open()
        for c in clients:
            equal(c.wait(), 0, "exit code of curl: " + c.head)
            equal(c.body.count(b"\n"), lines, "lines")
        true(backends() <= 2, "%d connections" % backends())


@test
def the_time_in_the_queue_is_logged():
    with server() as s, Gate(7) as gate:
        running = Reader(s, "/exports/first.csv", rcvbuf=262144, head=False)
        gate.reached()
        waiting = in_queue(s, "/exports/small.csv")
        gate.open()
        equal(running.read_message().status, 200)
        m = waiting.read_message()
        equal(m.body, b"one\n1\n")
        line, = eventually(lambda: [x for x in s.run_lines() if x["id"] == m.headers["x-run-id"]], 5)
        true(int(line["queue_ms"]) >= 300, line)


@test
def who_came_first_is_served_first():
    with server() as s, Gate(7) as gate:
        running = Reader(s, "/exports/first.csv", rcvbuf=262144, head=False)
        gate.reached()
        waiting = [in_queue(s, "/exports/%s.csv" % name) for name in ("one", "two", "three")]
        gate.open()
        running.read_message()
        started = []
        for number, reader in enumerate(waiting, 1):
            m = reader.read_message()
            equal(m.body, b"n\n%d\n" % number)
            started.append(s.receipt(m.headers["x-run-id"])["started_at"])
        equal(started, sorted(started), "when one, two and three began")


@test
def a_full_queue_is_a_503_at_once():
    with server(queue_length=2) as s, Gate(7) as gate:
        running = Reader(s, "/exports/first.csv", rcvbuf=262144, head=False)
        gate.reached()
        waiting = [in_queue(s, "/exports/small.csv") for _ in range(2)]
        for _ in range(5):
            started = time.monotonic()
            busy(s.get("/exports/small.csv"))
            true(time.monotonic() - started < 0.5 * SLOW, "the answer took %.2f s" % (time.monotonic() - started))
        gate.open()
        for reader in [running] + waiting:
            m = reader.read_message()
            equal((m.status, m.complete), (200, True))
        equal(s.get("/exports/small.csv").status, 200, "with the house empty again")


@test
def a_queue_of_length_zero_turns_away_at_once():
    with server(queue_length=0) as s, Gate(7) as gate:
        equal(s.get("/exports/small.csv").status, 200, "with the house empty")
        running = Reader(s, "/exports/first.csv", rcvbuf=262144, head=False)
        gate.reached()
        busy(s.get("/exports/small.csv"))
        gate.open()
        equal(running.read_message().status, 200)


@test
def waiting_queue_timeout_is_a_503():
    with server(queue_timeout="1s") as s, Gate(7) as gate:
        running = Reader(s, "/exports/first.csv", rcvbuf=262144, head=False)
        gate.reached()
        for _ in range(2):
            started = time.monotonic()
            busy(s.get("/exports/small.csv"))
            took = time.monotonic() - started
            true(0.9 < took < 2 * SLOW, "the answer took %.2f s" % took)
        gate.open()
        equal(running.read_message().status, 200)
        equal(s.get("/exports/small.csv").status, 200, "with the house empty again")


@test
def an_export_over_http_1_0_is_a_505_and_takes_no_place():
    with server(queue_length=0) as s, Gate(7) as gate:
        for _ in range(3):
            m = s.raw_get("/exports/small.csv", version="HTTP/1.0")
            equal((m.status, m.headers["content-type"]), (505, "application/problem+json"))
            answer = json.loads(m.body)
            equal(answer["type"], "urn:pgsluice:http_version")
            contains(answer["detail"], "proxy_http_version 1.1")
        running = Reader(s, "/exports/first.csv", head=False)
        gate.reached()
        equal(s.raw_get("/exports/small.csv", version="HTTP/1.0").status, 505, "in a full house")
        equal(s.raw_get("/exports/small.csv", version="HTTP/1.0", method="HEAD").status, 505, "HEAD")
        running.close()


@test
def receipts_stay_open_to_http_1_0():
    with server() as s:
        run_id = s.get("/exports/small.csv").run_id
        m = s.raw_get("/runs/" + run_id, version="HTTP/1.0")
        equal((m.status, json.loads(m.body)["state"]), (200, "complete"))


@test
def what_needs_no_slot_is_answered_in_a_full_house():
    with server(queue_length=0) as s, Gate(7) as gate:
        old = s.get("/exports/small.csv").run_id
        running = Reader(s, "/exports/gated.csv", rcvbuf=262144)
        gate.reached()
        busy(s.get("/exports/small.csv"))
        equal(s.head("/exports/small.csv").status, 200, "HEAD")
        equal(s.get("/exports/none.csv").status, 404, "an unknown export")
        problem(s.get("/exports/param.csv"), 400, "bad_parameter", parameter="n")
        equal(s.get("/runs/" + old).json()["state"], "complete")
        equal(s.get("/runs/" + running.run_id).json()["state"], "running")
        equal(s.get("/healthz", admin=True).status, 200, "/healthz")
        true(s.delete("/runs/" + running.run_id).status < 300, "DELETE")
        eventually(lambda: s.get("/exports/small.csv").status == 200, SOON, "the slot is free")


@each(complete="small", early_error="wrong", late_error="late", head="HEAD", old="HTTP/1.0", left="sleepy")
def a_slot_comes_back_every_time(how):
    with server(queue_timeout="5s") as s:
        for _ in range(12):
            if how == "HEAD":
                s.head("/exports/small.csv")
            elif how == "HTTP/1.0":
                s.raw_get("/exports/small.csv", version="HTTP/1.0")
            elif how == "sleepy":
                reader = Reader(s, "/exports/sleepy.csv", head=False)
                running_since()
                reader.close()
            else:
                s.get("/exports/%s.csv" % how)
        started = time.monotonic()
        equal(s.get("/exports/small.csv").status, 200)
        true(time.monotonic() - started < SOON * SLOW, "the slot was free only after %.2f s" % (time.monotonic() - started))


@test
def sixty_clients_and_two_slots():
    with server(2) as s:
        answers = []
        def one():
            answers.append(s.get("/exports/small.csv").status)
        threads = [threading.Thread(target=one) for _ in range(60)]
        for t in threads:
            t.start()
        for t in threads:
            t.join(60 * SLOW)
        equal(answers, [200] * 60)
        true(backends() <= 2, "%d connections" % backends())


main()
