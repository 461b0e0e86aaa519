#!/usr/bin/env python3
"""What goes wrong in the database: the transfer breaks, the receipt says why, connection and slot are free again."""

import json
import os
import signal
import time
import uuid

from harness import *
from peers import *

STOP = 6000
TOTAL = 20000

EXPORTS = {
    "plain": rows(TOTAL, "NULL AS gate"),
    "small": "SELECT 1 AS one",
    "gated": rows(TOTAL, gated("g = %d" % STOP, 7)),
    "first": rows(TOTAL, gated("g = 1", 7)),
    "wrong": rows(FAR, "1 / (g - %d) * 0 AS x" % LATE),
    "early": rows(TOTAL, "1 / (g - 1) * 0 AS x"),
    "quoting": rows(FAR, "CASE WHEN g = %d THEN ('geheim' || g)::int END AS x" % LATE),
    "quoting_early": rows(TOTAL, "('geheim' || g)::int AS x"),
    "big": rows(2000000),
    "sleepy": "SELECT pg_sleep(30)",
}

# One slot: the next export can only run once the last one has given it back.
ALONE = {"database": {**PATIENT, "max_exports": 1, "queue_timeout": "20s"}}


def next_export_runs(s, old_pid):
    """Connection and slot of a failed run are free within a second."""
    started = time.monotonic()
    r = s.get("/exports/small.csv")
    equal((r.status, r.body), (200, b"one\n1\n"), "the export after it")
    took = time.monotonic() - started
    true(took < SOON * SLOW, "the next export had to wait %.2f s" % took)
    soon(lambda: gone(old_pid), "the connection of the failed run is closed")


def breaks_in_mid_export(export, cause, code=18, config=ALONE):
    """Runs curl to the gate, lets `cause(server, id, pid)` happen; returns (receipt, what curl got)."""
    with Server(EXPORTS, config) as s, Gate(7) as gate:
        c = curl(s.url + "/exports/%s.csv" % export)
        pid, = gate.reached()
        eventually(lambda: c.body, 10, "curl has its first rows")
        cause(s, c.wait_run_id(), pid)
        happened = time.monotonic()
        equal(c.wait(), code, "exit code of curl: " + c.head)
        took = time.monotonic() - happened
        true(took < SOON * SLOW, "curl learned of it after %.2f s" % took)
        next_export_runs(s, pid)
        receipt = s.receipt(c.run_id)
        check_broken(receipt, c.body, copy(EXPORTS["plain"]))
        return receipt


def check_broken(receipt, got, whole):
    """A receipt of a run that did not end well fits what the client has."""
    true(0 < len(got) < len(whole), "got %d of %d bytes" % (len(got), len(whole)))
    equal(got, whole[:len(got)], "what came is the beginning of the file, and nothing else")
    true(receipt["rows"] < LATE, receipt)
    true(receipt["finished_at"], receipt)


def error_of(receipt, state="failed"):
    equal(receipt["state"], state, "state in %r" % receipt)
    error = receipt["error"]
    true(error and error["kind"] and error["detail"], "error in %r" % receipt)
    return error["kind"], error.get("sqlstate")


@test
def a_killed_backend_breaks_the_transfer():
    receipt = breaks_in_mid_export("gated", lambda s, i, pid: sql("SELECT pg_terminate_backend(%d)" % pid))
    equal(error_of(receipt), ("db_lost", "57P01"))


@test
def a_crashed_backend_breaks_the_transfer():
    # SIGKILL on a backend makes PostgreSQL restart all of them: the connection ends without a message.
    with Server(EXPORTS, {"database": PATIENT}) as s, Gate(7) as gate:
        c = curl(s.url + "/exports/gated.csv")
        pid, = gate.reached()
        c.wait_run_id()
        eventually(lambda: c.body, 10, "curl has its first rows")
        if os.geteuid() != 0 and os.stat("/proc/%d" % pid).st_uid != os.geteuid():
            raise Skip("may not kill PostgreSQL's processes")
        os.kill(pid, signal.SIGKILL)
        equal(c.wait(), 18, "exit code of curl")
        equal(error_of(s.receipt(c.run_id))[0], "db_lost")
        eventually(database_is_up, 20, "PostgreSQL is back")
        equal(s.get("/exports/small.csv").status, 200, "the export after it")


@test
def a_cancelled_run_breaks_the_transfer():
    def cancel(s, run_id, pid):
        r = s.delete("/runs/" + run_id)
        true(r.status < 300, "DELETE: %r" % r)
    equal(breaks_in_mid_export("gated", cancel)["state"], "cancelled")


@test
def a_query_cancelled_in_the_database_breaks_the_transfer():
    receipt = breaks_in_mid_export("gated", lambda s, i, pid: sql("SELECT pg_cancel_backend(%d)" % pid))
    equal(error_of(receipt)[1], "57014")


@test
def an_sql_error_breaks_the_transfer():
    with Server(EXPORTS, ALONE) as s:
        c = curl(s.url + "/exports/wrong.csv")
        equal(c.wait(), 18, "exit code of curl")
        equal(s.get("/exports/small.csv").status, 200, "the export after it")
        receipt = s.receipt(c.run_id)
        equal(error_of(receipt), ("sql", "22012"))
        check_broken(receipt, c.body, copy(rows(FAR, "0 AS x")))


@test
def no_error_text_gets_into_the_file_and_no_row_into_the_receipt():
    with Server(EXPORTS) as s:
        r = s.get("/exports/quoting.csv")
        true(r.broken, "the transfer was whole")
        for word in (b"geheim", b"ERROR", b"invalid"):
            lacks(r.body, word)
        receipt = s.receipt(r.run_id)
        equal(error_of(receipt), ("sql", "22P02"))
        lacks(json.dumps(receipt), "geheim")
        early = s.get("/exports/quoting_early.csv")
        problem(early, 500, "sql", sqlstate="22P02")
        lacks(early.text, "geheim")


@test
def a_run_that_failed_is_in_the_log_once():
    with Server(EXPORTS) as s:
        r = s.get("/exports/wrong.csv")
        s.receipt(r.run_id)
        line, = eventually(lambda: [x for x in s.run_lines() if x["id"] == r.run_id], 5, "a line in the log")
        equal((line["export"], line["state"], line["kind"], line["sqlstate"]), ("wrong", "failed", "sql", "22012"))


@test
def a_killed_backend_before_the_first_row_is_a_503():
    with Server(EXPORTS, ALONE) as s, Gate(7) as gate:
        reader = Reader(s, "/exports/first.csv", head=False)
        pid, = gate.reached()
        sql("SELECT pg_terminate_backend(%d)" % pid)
        m = reader.read_all()
        equal(m.status, 503)
        answer = json.loads(m.body)
        equal((answer["type"], answer.get("sqlstate")), ("urn:pgsluice:db_lost", "57P01"))
        true(m.complete and m.headers.get("connection", "").lower() == "close", m.head)
        next_export_runs(s, pid)


@test
def an_sql_error_before_the_first_row_is_a_500_with_the_run():
    with Server(EXPORTS, ALONE) as s:
        r = s.get("/exports/early.csv")
        p = problem(r, 500, "sql", sqlstate="22012")
        equal(error_of(s.receipt(p["run"])), ("sql", "22012"))
        equal(s.get("/exports/small.csv").status, 200, "the export after it")


@test
def a_query_cancelled_before_the_first_row_is_an_error_and_no_file():
    with Server(EXPORTS, ALONE) as s, Gate(7) as gate:
        reader = Reader(s, "/exports/first.csv", head=False)
        pid, = gate.reached()
        sql("SELECT pg_cancel_backend(%d)" % pid)
        m = reader.read_all()
        true(m.status >= 500, m.head)
        equal(json.loads(m.body)["sqlstate"], "57014")
        next_export_runs(s, pid)


@test
def a_run_cancelled_before_the_first_row_is_an_error_and_no_file():
    run_id = str(uuid.uuid4())
    with Server(EXPORTS, ALONE) as s, Gate(7) as gate:
        reader = Reader(s, "/exports/first.csv?_run=" + run_id, head=False)
        pid, = gate.reached()
        equal(s.receipt(run_id, final=False)["state"], "running")
        true(s.delete("/runs/" + run_id).status < 300)
        true(reader.read_all().status >= 500, reader.message.head)
        next_export_runs(s, pid)
        equal(s.receipt(run_id)["state"], "cancelled")


@test
def a_run_cancelled_in_the_queue_never_runs():
    run_id = str(uuid.uuid4())
    with Server(EXPORTS, ALONE) as s, Gate(7) as gate:
        running = Reader(s, "/exports/gated.csv", rcvbuf=262144)
        gate.reached()
        reader = Reader(s, "/exports/sleepy.csv?_run=" + run_id, head=False)
        def queued():
            r = s.get("/runs/" + run_id)
            return r.status == 200 and r.json()["state"] == "queued"
        eventually(queued, 5)
        true(s.delete("/runs/" + run_id).status < 300)
        true(reader.read_all().status >= 500, reader.message.head)
        gate.open()
        true(running.read_message().complete)
        equal(s.get("/exports/small.csv").status, 200)
        equal([x for x in s.run_lines() if x["export"] == "sleepy" and x["state"] == "complete"], [])


@test
def a_database_that_is_down_is_a_503_each_time_and_holds_no_slot():
    with Server(EXPORTS, {"database": {"dsn": "host=/nonexistent dbname=x", "max_exports": 1,
                                       "queue_timeout": "1s"}}) as s:
        for _ in range(10):
            problem(s.get("/exports/small.csv"), 503, "unavailable")


@test
def a_connection_that_died_while_idle_costs_nobody_an_export():
    with Server(EXPORTS, ALONE) as s:
        for _ in range(5):
            equal(s.get("/exports/small.csv").body, b"one\n1\n")
            sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'pgsluice%'")
            eventually(lambda: backends() == 0, 5)


@test
def a_killed_backend_reaches_a_client_that_has_stopped_reading():
    with Server(EXPORTS, ALONE) as s:
        reader = Reader(s, "/exports/big.csv")
        pid = quiet_backend()
        sql("SELECT pg_terminate_backend(%d)" % pid)
        next_export_runs(s, pid)
        # What the server said last may be behind all the rows that nobody took.
        equal(error_of(s.receipt(reader.run_id))[0], "db_lost")
        true(not reader.read_all().complete, "the transfer looks whole")


@test
def a_delete_reaches_a_client_that_has_stopped_reading():
    with Server(EXPORTS, ALONE) as s:
        reader = Reader(s, "/exports/big.csv")
        pid = quiet_backend()
        true(s.delete("/runs/" + reader.run_id).status < 300)
        next_export_runs(s, pid)
        equal(s.receipt(reader.run_id)["state"], "cancelled")
        true(not reader.read_all().complete, "the transfer looks whole")


main()
