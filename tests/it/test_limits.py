#!/usr/bin/env python3
"""The limits: max_row, max_rows, max_bytes, max_duration, max_hold, lock_timeout, stall_timeout, min_rate."""

import hashlib
import subprocess
import threading
import time

from harness import *
from peers import *

TOTAL = 20000

EXPORTS = {
    "small": "SELECT 1 AS one",
    "gated": rows(TOTAL, gated("g = 6000", 7)),
    "first": rows(TOTAL, gated("g = 1", 7)),
    "big": rows(2000000),
    "endless": ENDLESS,
}


SOCKETS = {"tcp": "127.0.0.1:0", "unix": "unix:public"}


def server(limits=None, exports=None, database=None, listen=SOCKETS["tcp"]):
    return Server({**EXPORTS, **(exports or {})}, {"database": {**PATIENT, **(database or {})}, "limits": limits or {}},
                  listen=listen)


def broken(s, path, kind):
    """An export that breaks after its first byte, for this reason; returns (response, receipt)."""
    r = s.get(path)
    equal(r.status, 200, "status of %r" % r)
    true(r.broken, "the transfer looks whole")
    receipt = s.receipt(r.run_id)
    equal((receipt["state"], receipt["error"]["kind"]), ("failed", kind), receipt)
    true(receipt["error"]["detail"], receipt)
    return r, receipt


def ended(s, reader, kind="timeout"):
    """A stalled or slow reader's run has failed for this reason; its backend is gone, and what it got is broken."""
    receipt = s.receipt(reader.run_id)
    equal((receipt["state"], receipt["error"]["kind"]), ("failed", kind), receipt)
    soon(lambda: not in_transaction(), "the query has ended")
    true(not reader.read_all().complete, "the transfer looks whole")
    return receipt


@test
def a_row_over_max_row_breaks_the_transfer_and_its_connection_is_not_used_again():
    wide = rows(FAR, "CASE WHEN g = %d THEN repeat('w', 3000000) END AS x" % LATE)
    with server({"max_row": "2MB"}, {"wide": wide}, {"max_exports": 1}) as s:
        equal(s.get("/exports/small.csv").status, 200)
        before = sql("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'pgsluice%'")
        r, receipt = broken(s, "/exports/wide.csv", "limit")
        contains(receipt["error"]["detail"], "max_row")
        lacks(r.body, b"www")
        equal(s.get("/exports/small.csv").status, 200)
        after = sql("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'pgsluice%'")
        true(before != after, "the connection that carried the row is still in use")


@test
def a_first_row_over_max_row_is_a_413():
    with server({"max_row": "2MB"}, {"wide": "SELECT repeat('w', 3000000) AS x"}) as s:
        problem(s.get("/exports/wide.csv"), 413, "limit")


@test
def a_row_up_to_max_row_passes():
    wide = "SELECT g, repeat('w', 1900000) AS x FROM generate_series(1, 3) g"
    with server({"max_row": "2MB"}, {"wide": wide}) as s:
        equal(s.get("/exports/wide.csv").body, copy(wide))


@test
def a_connection_that_carried_a_row_over_one_megabyte_is_not_used_again():
    with server({}, {"wide": "SELECT repeat('w', 1200000) AS x"}, {"max_exports": 1}) as s:
        def pid():
            return sql("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'pgsluice%'")
        equal(s.get("/exports/wide.csv").status, 200)
        eventually(lambda: pid() == "", 5, "the connection is closed")


@test
def max_rows_is_never_a_silent_cap():
    five = "SELECT g FROM (VALUES (1), (2), (3), (4), (5)) v (g)"
    exports = {"five": "-- max_rows: 5\n\n" + five, "four": "-- max_rows: 4\n\n" + five,
               "many": "-- max_rows: %d\n\n" % LATE + rows(FAR)}
    with server({}, exports) as s:
        equal(s.get("/exports/five.csv").body, copy(five))
        r = s.get("/exports/four.csv")
        if r.status != 200:
            problem(r, 413, "limit")
        else:
            true(r.broken, "four of five rows, as a whole file")
        r, receipt = broken(s, "/exports/many.csv", "limit")
        true(receipt["rows"] <= LATE, receipt)


@test
def max_rows_of_the_configuration_holds_for_every_export():
    with server({"max_rows": LATE}, {"many": rows(FAR)}) as s:
        broken(s, "/exports/many.csv", "limit")
        equal(s.get("/exports/small.csv").status, 200)


@test
def an_estimate_far_over_max_rows_is_a_413():
    with server({"max_rows": 1000}) as s:
        problem(s.get("/exports/endless.csv"), 413, "limit")


@test
def max_bytes_is_never_a_silent_cap():
    query = rows(FAR)
    whole = copy(query)
    exports = {"exact": "-- max_bytes: %dB\n\n" % len(whole) + query,
               "less": "-- max_bytes: %dB\n\n" % (len(whole) - 1) + query}
    with server({}, exports) as s:
        equal(s.get("/exports/exact.csv").body, whole)
        r, receipt = broken(s, "/exports/less.csv", "limit")
        equal(r.body, whole[:len(r.body)])


@test
def max_duration_ends_a_query_before_its_first_row():
    with server({"max_duration": "1s"}) as s, Gate(7):
        started = time.monotonic()
        r = s.get("/exports/first.csv")
        problem(r, 504, "timeout")
        true(0.9 < time.monotonic() - started < 2 * SLOW, "took %.2f s" % (time.monotonic() - started))
        soon(lambda: not in_transaction(), "the query has ended")


@test
def max_duration_ends_a_query_between_its_rows():
    with server({"max_duration": "1s"}) as s, Gate(7):
        started = time.monotonic()
        broken(s, "/exports/gated.csv", "timeout")
        true(time.monotonic() - started < 2 * SLOW, "took %.2f s" % (time.monotonic() - started))
        soon(lambda: not in_transaction(), "the query has ended")


@test
def max_duration_is_for_the_whole_run_and_not_for_each_fetch():
    steady = rows(1000, "pg_sleep(0.005)::text AS z")
    with server({"max_duration": "1s"}, {"steady": steady}) as s:
        started = time.monotonic()
        broken(s, "/exports/steady.csv", "timeout")
        true(time.monotonic() - started < 2 * SLOW, "took %.2f s" % (time.monotonic() - started))


@test
def max_duration_reaches_a_client_that_has_stopped_reading():
    with server({"max_duration": "2s"}) as s:
        reader = Reader(s, "/exports/endless.csv")
        quiet_backend()
        ended(s, reader)


@each(first_row="first", later="gated")
def max_duration_does_not_depend_on_the_backend(export):
    with server({"max_duration": "2s"}, database={"max_exports": 1}) as s, Gate(7) as gate:
        reader = Reader(s, "/exports/%s.csv" % export, rcvbuf=262144, head=False)
        pid, = gate.reached()
        with Frozen(pid):
            started = time.monotonic()
            m = reader.read_all()
            took = time.monotonic() - started
            true(took < 4 * SLOW, "took %.2f s" % took)
            true(m.status == (504 if export == "first" else 200), m.head)
            equal(m.complete, export == "first")
            equal(s.get("/exports/small.csv").status, 200)


@test
def a_database_that_does_not_answer_is_an_error_in_time():
    silent = SilentDatabase()
    with server(database={"dsn": silent.dsn + " connect_timeout=2"}) as s:
        started = time.monotonic()
        problem(s.get("/exports/small.csv"), 503, "unavailable")
        true(time.monotonic() - started < 5 * SLOW, "took %.2f s" % (time.monotonic() - started))


@test
def an_export_may_have_a_max_duration_of_its_own():
    with server({}, {"own": "-- max_duration: 1s\n\n" + rows(TOTAL, gated("g = 6000", 7))}) as s, Gate(7):
        broken(s, "/exports/own.csv", "timeout")


@test
def max_hold_ends_a_run_whose_client_is_slow():
    with server({"max_hold": "2s"}) as s:
        started = time.monotonic()
        reader = Reader(s, "/exports/endless.csv")
        contains(ended(s, reader)["error"]["detail"], "max_hold")
        true(time.monotonic() - started < 4 * SLOW, "took %.2f s" % (time.monotonic() - started))


@test
def max_hold_ends_a_run_whose_client_reads_all_the_time():
    with server({"max_hold": "1s"}) as s:
        broken(s, "/exports/endless.csv", "timeout")


@test
def a_lock_that_is_not_given_is_a_504():
    sql("CREATE TABLE IF NOT EXISTS locked (i int)")
    with server({}, {"locked": "SELECT i FROM locked"}, {"lock_timeout": "300ms"}) as s:
        with session("BEGIN; LOCK TABLE locked IN ACCESS EXCLUSIVE MODE"):
            problem(s.get("/exports/locked.csv"), 504, "timeout", sqlstate="55P03")
        equal(s.get("/exports/locked.csv").body, b"i\n")


@each(**SOCKETS)
def a_client_that_stops_reading_is_ended_after_stall_timeout(listen):
    with server({"stall_timeout": "1s"}, listen=listen) as s:
        started = time.monotonic()
        reader = Reader(s, "/exports/endless.csv")
        ended(s, reader)
        true(time.monotonic() - started < 4 * SLOW, "took %.2f s" % (time.monotonic() - started))


@test
def a_client_that_stops_in_the_middle_is_ended_after_stall_timeout():
    with server({"stall_timeout": "1s"}) as s:
        reader = Reader(s, "/exports/endless.csv", rcvbuf=65536)
        reader.read(3000000)
        ended(s, reader)


@each(**SOCKETS)
def a_client_that_is_too_slow_is_ended_by_min_rate(listen):
    # Never silent for long, so that only its rate can be what ends it.
    with server({"stall_timeout": "3s", "min_rate": "10MB/s"}, listen=listen) as s:
        reader = Reader(s, "/exports/endless.csv")
        def fetch():
            reader.read(2000)
            return s.receipt(reader.run_id, final=False)["state"] != "running"
        eventually(fetch, 30, "the slow client is ended", every=0.05)
        ended(s, reader)


@test
def a_slow_client_above_min_rate_is_left_alone():
    # One chunk takes it longer than stall_timeout.
    with server({"stall_timeout": "1s", "min_rate": "10kB/s"}, {"some": rows(10000)}) as s:
        reader = Reader(s, "/exports/some.csv")
        whole = copy(rows(10000))
        until = time.monotonic() + 3
        while time.monotonic() < until:
            reader.read(4000)
            time.sleep(0.05)
        m = reader.read_message()
        true(m.complete, "the transfer was broken: %r" % s.receipt(reader.run_id))
        equal(m.body, whole)


@test
def a_slow_query_is_not_blamed_on_the_client():
    with server({"stall_timeout": "500ms", "min_rate": "10MB/s"}) as s, Gate(7) as gate:
        reader = Reader(s, "/exports/gated.csv", rcvbuf=262144)
        answer = []
        thread = threading.Thread(target=lambda: answer.append(reader.read_message()))
        thread.start()
        gate.reached()
        time.sleep(2)      # four times the stall timeout
        gate.open()
        thread.join(30 * SLOW)
        true(answer and answer[0].complete, "the transfer was broken: %r" % s.receipt(reader.run_id))
        equal(s.receipt(reader.run_id)["state"], "complete")


@test
def the_command_line_may_be_as_slow_as_it_likes():
    w = Workspace(EXPORTS, {"database": PATIENT, "limits": {"stall_timeout": "500ms", "min_rate": "10MB/s"}})
    process = subprocess.Popen([PGSLUICE, "run", "-c", w.config, "big"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=child_env())
    at_end(lambda: process.poll() is None and (process.kill(), process.wait()))
    head = process.stdout.read(1000)
    quiet_backend()
    time.sleep(2)
    digest = hashlib.sha256(head)
    lines = head.count(b"\n")
    for piece in iter(lambda: process.stdout.read(1 << 20), b""):
        digest.update(piece)
        lines += piece.count(b"\n")
    _, err = process.communicate()
    equal((process.returncode, lines), (0, 2000001), err.decode())
    contains(err.decode(), digest.hexdigest(), "the receipt")


@test
def a_deadline_on_the_command_line_is_75():
    with Gate(7):
        done = run("run", "gated", exports=EXPORTS, config={"database": PATIENT, "limits": {"max_duration": "1s"}})
        equal(done.code, 75, done)


@test
def a_row_over_max_row_on_the_command_line_is_65():
    done = run("run", "wide", exports={"wide": "SELECT repeat('w', 3000000) AS x"}, config={"limits": {"max_row": "2MB"}})
    equal(done.code, 65, done)


main()
