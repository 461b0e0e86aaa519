#!/usr/bin/python3
"""Receipts: what they tell during and after a run, how a run is cancelled, and how long they are kept."""

import datetime
import hashlib
import uuid

from harness import *

EXPORTS = {
    "three": "SELECT i FROM generate_series(1, 3) AS i",
    "slow": "SELECT i, repeat('x', 100) AS v, pg_sleep(0.005) FROM generate_series(1, 1000000) AS i",
    "sleep": "SELECT pg_sleep(100)",
    "big": "SELECT i, repeat('x', 1000) AS v FROM generate_series(1, 1000000) AS i",
    "zero": "SELECT 1 / (SELECT 0) AS secret_column",
    "later": "SELECT 1 / (200000 - i) AS v FROM generate_series(1, 300000) AS i",
    "params": "-- param: t text\n\nSELECT :'t' AS t",
}

MEMBERS = {"id", "export", "state", "rows", "bytes", "sha256", "bytes_sent", "estimated_rows", "snapshot_at", "started_at", "finished_at",
           "peak_memory", "error"}


def new_id():
    return str(uuid.uuid4())


def seconds(text):
    """A time of a receipt, ISO 8601 in UTC, as seconds since the epoch."""
    matches(text, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def checked(receipt):
    unknown = set(receipt) - MEMBERS
    true(not unknown, "members that interface.md does not name: %r" % unknown)
    return receipt


# After the run

@test
def a_receipt_tells_what_was_sent():
    with Server(EXPORTS) as s:
        before = float(sql("SELECT extract(epoch FROM now())"))
        answer = s.get("/exports/three.csv")
        got = s.get("/runs/" + answer.run_id)
        equal(got["Content-Type"].split(";")[0], "application/json")
        equal(got["Cache-Control"], "no-store")
        r = checked(s.receipt(answer.run_id))
        equal((r["id"], r["export"], r["state"], r["rows"], r["bytes"]), (answer.run_id, "three", "complete", 3, 8))
        equal(r["sha256"], hashlib.sha256(answer.body).hexdigest())
        equal(r["bytes_sent"], 8)
        true(0 < r["peak_memory"] < 64 << 20, repr(r))
        equal(r.get("error"), None)
        if r.get("estimated_rows") is not None:
            true(r["estimated_rows"] >= 0, repr(r))
        after = float(sql("SELECT extract(epoch FROM clock_timestamp())"))
        times = [seconds(r[name]) for name in ("started_at", "snapshot_at", "finished_at")]
        true(before - 1 <= times[0] <= times[1] + 0.01 and times[1] <= times[2] + 0.01 and times[2] <= after + 1, repr((before, r, after)))


@test
def rows_of_a_receipt_do_not_count_the_header():
    exports = {"none": "SELECT 1 AS a WHERE false", "empty": "SELECT FROM generate_series(1, 5)",
               "lines": "SELECT E'a\\nb' AS v FROM generate_series(1, 7)"}
    with Server(exports) as s:
        for name, rows in (("none", 0), ("empty", 5), ("lines", 7)):
            for words in ("", "?_header=off"):
                a = s.get("/exports/%s.csv%s" % (name, words))
                r = s.receipt(a.run_id)
                equal((r["rows"], r["bytes"], r["sha256"]), (rows, len(a.body), hashlib.sha256(a.body).hexdigest()), name + words)


@test
def a_failed_run_tells_why_and_nothing_of_the_query():
    with Server(EXPORTS) as s:
        for name in ("zero", "later"):
            a = s.get("/exports/%s.csv" % name)
            run_id = a.run_id if a.status == 200 else a.json()["run"]
            r = checked(s.receipt(run_id))
            equal((r["state"], r["error"]["kind"], r["error"]["sqlstate"]), ("failed", "sql", "22012"))
            true(r["error"]["detail"], repr(r))
            true(not r.get("sha256"), "a broken file has no digest: %r" % r)
            true(r["finished_at"], repr(r))
            equal(set(r["error"]) - {"kind", "detail", "sqlstate"}, set())
            for secret in ("secret_column", "SELECT"):
                lacks(json.dumps(r), secret)


@test
def parameters_never_appear_in_a_receipt():
    with Server(EXPORTS) as s:
        a = s.get("/exports/params.csv?t=very_private")
        lacks(json.dumps(s.receipt(a.run_id)), "very_private")


@test
def a_receipt_is_also_answered_to_head():
    with Server(EXPORTS) as s:
        a = s.get("/exports/three.csv")
        r = s.head("/runs/" + a.run_id)
        true(r.status in (200, 405), repr(r))
        equal(r.body, b"")


# During the run

@test
def a_running_export_tells_its_progress():
    with Server(EXPORTS) as s:
        c, head, body = s.start_run("/exports/slow.csv")
        run_id = head.headers["x-run-id"]
        first = checked(s.receipt(run_id, final=False))
        equal(first["state"], "running")
        true(not first.get("finished_at") and not first.get("sha256") and first["started_at"] and first["snapshot_at"], repr(first))
        later = eventually(lambda: next((r for r in [s.receipt(run_id, final=False)] if r["rows"] > first["rows"] + 20 and r["bytes"] > first["bytes"]), None))
        true(later["bytes_sent"] > 0, repr(later))
        c.close()
        r = s.receipt(run_id)
        equal(r["state"], "cancelled", "the client left")


@test
def a_waiting_export_is_queued():
    with Server(EXPORTS, {"database": {"max_exports": "1"}}) as s:
        c, head, body = s.start_run("/exports/slow.csv")
        own = new_id()
        with s.connect() as second:
            second.sendall(("GET /exports/three.csv?_run=%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % own).encode())
            eventually(lambda: s.get("/runs/" + own).status == 200)
            equal(s.receipt(own, final=False)["state"], "queued")
            c.close()
            second.settimeout(10 * SLOW)
            data = b""
            while True:
                piece = second.recv(65536)
                if not piece:
                    break
                data += piece
            equal(Message(data).body, b"i\n1\n2\n3\n")
        equal(s.receipt(own)["state"], "complete")


# Cancelling

@each(in_the_middle="slow", before_the_first_row="sleep", on_a_full_queue="big")
def delete_cancels_a_run(name):
    with Server(EXPORTS) as s:
        own = new_id()
        with s.connect() as c:
            c.sendall(("GET /exports/%s.csv?_run=%s HTTP/1.1\r\nHost: x\r\n\r\n" % (name, own)).encode())
            if name == "sleep":
                eventually(lambda: active_backends() == 1)
            else:
                c.recv(10)
            r = s.delete("/runs/" + own)
            true(r.status in (200, 202, 204), repr(r))
            receipt = s.receipt(own)
            equal(receipt["state"], "cancelled")
            eventually(lambda: active_backends() == 0, 1)
            c.settimeout(10 * SLOW)
            data = b""
            try:
                while True:
                    piece = c.recv(1 << 20)
                    if not piece:
                        break
                    data += piece
            except ConnectionResetError:
                pass
        if name == "sleep":
            true(Message(data).status >= 400, "before the first byte it is an error: %r" % data[:200])
        else:
            # The first bytes of the head were read above.
            true(b"\r\n0\r\n\r\n" not in data[-10:], "the transfer looks whole")
        eventually(lambda: s.run_lines())
        equal(s.run_lines()[0]["state"], "cancelled")


@test
def a_queued_run_can_be_cancelled_too():
    with Server(EXPORTS, {"database": {"max_exports": "1"}}) as s:
        first, head, body = s.start_run("/exports/slow.csv")
        own = new_id()
        with s.connect() as c:
            c.sendall(("GET /exports/three.csv?_run=%s HTTP/1.1\r\nHost: x\r\n\r\n" % own).encode())
            eventually(lambda: s.get("/runs/" + own).status == 200)
            r = s.delete("/runs/" + own)
            true(r.status in (200, 202, 204), repr(r))
            c.settimeout(5 * SLOW)
            status = Message(c.recv(65536)).status
            true(status >= 400, status)
        equal(s.receipt(head.headers["x-run-id"], final=False)["state"], "running", "the other goes on")
        first.close()


@test
def deleting_what_is_over_or_unknown_changes_nothing():
    with Server(EXPORTS) as s:
        a = s.get("/exports/three.csv")
        before = s.receipt(a.run_id)
        s.delete("/runs/" + a.run_id)
        equal(s.receipt(a.run_id), before)
        problem(s.delete("/runs/" + new_id()), 404, "not_found")
        problem(s.delete("/runs/nonsense"), 404, "not_found")


@test
def a_slot_is_free_within_a_second_of_a_cancel():
    with Server(EXPORTS, {"database": {"max_exports": "1", "queue_timeout": "1s"}}) as s:
        for name in ("slow", "sleep", "big"):
            own = new_id()
            with s.connect() as c:
                c.sendall(("GET /exports/%s.csv?_run=%s HTTP/1.1\r\nHost: x\r\n\r\n" % (name, own)).encode())
                eventually(lambda: active_backends() == 1)
                s.delete("/runs/" + own)
                equal(s.get("/exports/three.csv").body, b"i\n1\n2\n3\n", name)


# Names of runs

@test
def an_id_in_use_or_remembered_is_a_conflict():
    with Server(EXPORTS) as s:
        own = new_id()
        c, head, body = s.start_run("/exports/slow.csv?_run=" + own)
        problem(s.get("/exports/three.csv?_run=" + own), 409, "conflict")
        problem(s.get("/exports/three.csv?_run=" + own.upper()), 409, "conflict")
        equal(s.receipt(own, final=False)["state"], "running", "the first goes on")
        c.close()
        s.receipt(own)
        problem(s.get("/exports/three.csv?_run=" + own), 409, "conflict")
        problem(s.get("/exports/zero.csv?_run=" + own), 409, "conflict")


@test
def an_unknown_or_malformed_id_is_a_404():
    with Server(EXPORTS) as s:
        for run_id in (new_id(), "x", "00000000-0000-0000-0000-000000000000", "%2e%2e", "a" * 2000):
            problem(s.get("/runs/" + run_id), 404, "not_found")


@test
def requests_refused_before_begin_leave_no_receipt():
    with Server(EXPORTS) as s:
        for path in ("three.csv?color=1&_run=%s", "params.csv?_run=%s", "none.csv?_run=%s", "three.csv?_nonsense=1&_run=%s"):
            own = new_id()
            true(s.get("/exports/" + path % own).status >= 400)
            equal(s.get("/runs/" + own).status, 404, path)
        own = new_id()
        s.head("/exports/three.csv?_run=" + own)
        equal(s.get("/runs/" + own).status, 404, "HEAD")
        equal(s.get("/exports/three.csv?_run=" + own).status, 200, "and the id is free")
    with Server(EXPORTS, {"database": {"dsn": "host=/nonexistent-directory"}}) as s:
        for _ in range(20):
            own = new_id()
            equal(s.get("/exports/three.csv?_run=" + own).status, 503)
            equal(s.get("/runs/" + own).status, 404, "no connection")
            equal(s.get("/exports/three.csv?_run=" + own).status, 503, "and the id is free")


@test(deadline=240)
def the_last_thousand_are_kept_and_twenty_of_each_caller():
    token = {"sha256": hashlib.sha256(b"alice").hexdigest(), "exports": "three"}
    alice = {"Authorization": "Bearer alice"}
    with Server(EXPORTS, {"token alice": token}) as s:
        c = s.connection()
        hers = [s.get("/exports/three.csv", alice, connection=c).run_id for _ in range(25)]
        others = [s.get("/exports/three.csv", connection=c).run_id for _ in range(1100)]
        known = [s.get("/runs/" + x, alice, connection=c).status for x in hers]
        equal(known[-20:], [200] * 20, "at least twenty of hers")
        known = [s.get("/runs/" + x, connection=c).status for x in others]
        equal(known[:50], [404] * 50, "the oldest are forgotten")
        equal(known[-950:], [200] * 950, "the newest are kept")
        c.close()


@test
def every_run_has_an_id_of_its_own():
    with Server(EXPORTS) as s:
        ids = {s.get("/exports/three.csv").run_id for _ in range(50)}
        equal(len(ids), 50)
        for run_id in ids:
            equal(uuid.UUID(run_id).version, 4)


main()
