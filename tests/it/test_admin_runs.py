#!/usr/bin/python3
"""GET /runs on the admin listener: what runs and what has just ended, for the operator alone."""

import hashlib

from harness import *
from peers import *

EXPORTS = {
    "small": "SELECT i FROM generate_series(1, 3) AS i",
    "zero": "SELECT 1 / (SELECT 0) AS secret_column",
    "gated": rows(20000, gated("g = 6000", 7)),
    "param": "-- param: t text\n\nSELECT :'t' AS t, 'very_private_row' AS secret_column",
}

MEMBERS = {"id", "export", "state", "rows", "bytes", "sha256", "bytes_sent", "estimated_rows", "snapshot_at",
           "started_at", "finished_at", "peak_memory", "error"}
# For the operator only.
MORE = {"who", "peer", "elapsed_ms", "snapshot_held_ms"}

LISTED = 200


def runs(s):
    r = s.get("/runs", admin=True)
    equal((r.status, r["Content-Type"], r["Cache-Control"]), (200, "application/json", "no-store"))
    answer = r.json()
    equal(set(answer), {"running", "recent"})
    for receipt in answer["running"] + answer["recent"]:
        equal(set(receipt), MEMBERS | MORE)
    return answer


@test
def a_fresh_server_has_run_nothing():
    with Server(EXPORTS) as s:
        equal(runs(s), {"running": [], "recent": []})


@test
def those_that_ended_are_their_receipts_the_latest_first():
    with Server(EXPORTS) as s:
        ids = [s.get("/exports/small.csv").run_id]
        ids.append(s.get("/exports/zero.csv").json()["run"])
        ids.append(s.get("/exports/small.csv").run_id)
        answer = runs(s)
        equal(answer["running"], [])
        equal([r["id"] for r in answer["recent"]], ids[::-1])
        for r in answer["recent"]:
            equal(r["who"], "anonymous")
            matches(r["peer"], r"^127\.0\.0\.1:\d+$")
            own = s.receipt(r["id"])
            equal({k: v for k, v in r.items() if k not in MORE}, own)
            true(not MORE & set(own), "the caller's own receipt has them")
            true(0 <= r["elapsed_ms"] < 60000 and r["snapshot_held_ms"] is None, repr(r))


@test
def those_under_way_show_their_progress():
    with Server(EXPORTS, {"database": {**PATIENT, "max_exports": 1}}) as s, Gate(7) as gate:
        reader = Reader(s, "/exports/gated.csv", rcvbuf=262144)
        gate.reached()
        waiting = Reader(s, "/exports/small.csv", head=False)
        answer = eventually(lambda: next((a for a in [runs(s)] if len(a["running"]) == 2), None))
        by_name = {r["export"]: r for r in answer["running"]}
        now = by_name["gated"]
        equal((now["id"], now["state"], now["finished_at"], now["sha256"]), (reader.run_id, "running", None, None))
        true(now["snapshot_held_ms"] >= 0 and by_name["small"]["snapshot_held_ms"] is None, repr(answer))
        true(0 < now["rows"] < 20000 and now["estimated_rows"] >= 0 and now["peak_memory"] > 0, repr(now))
        equal((by_name["small"]["state"], by_name["small"]["rows"]), ("queued", 0))
        equal(answer["recent"], [])
        gate.open()
        reader.read_message()
        waiting.read_message()
        equal({r["export"] for r in runs(s)["recent"]}, {"gated", "small"})


@test
def it_names_the_token_and_never_what_was_asked_for():
    token = "the-secret-of-alice"
    config = {"access": {"anonymous": "off"},
              "token alice": {"sha256": hashlib.sha256(token.encode()).hexdigest(), "exports": "*"}}
    with Server(EXPORTS, config) as s:
        bearer = {"Authorization": "Bearer " + token}
        equal(s.get("/exports/param.csv?t=very_private", bearer).status, 200)
        equal(s.get("/exports/zero.csv", bearer).status, 500)
        answer = runs(s)
        equal([r["who"] for r in answer["recent"]], ["token:alice"] * 2)
        text = s.get("/runs", admin=True).text
        for secret in ("very_private", "secret", "SELECT", "select", token):
            lacks(text, secret)


@test
def callers_have_no_such_list():
    with Server(EXPORTS) as s:
        s.get("/exports/small.csv")
        problem(s.get("/runs"), 404, "not_found")
        equal(s.head("/runs", admin=True).status, 200)
        equal(s.request("POST", "/runs", admin=True).status, 405)
        equal(s.get("/runs", {"Host": "example.org"}, admin=True).status, 403)


@test
def an_admin_token_is_needed_where_there_is_one():
    with Server(EXPORTS, {"server": {"admin_token": "operator"}}) as s:
        for path in ("/runs", "/metrics", "/readyz"):
            problem(s.get(path, admin=True), 401, "unauthorized")
            equal(s.get(path, {"Authorization": "Bearer operator"}, admin=True).status, 200)


@test
def what_is_cancelled_from_there_moves_to_the_others():
    with Server(EXPORTS, {"database": PATIENT}) as s, Gate(7) as gate:
        reader = Reader(s, "/exports/gated.csv", rcvbuf=262144)
        gate.reached()
        run_id, = [r["id"] for r in runs(s)["running"]]
        equal(s.delete("/runs/" + run_id, {"X-Pgsluice": "1"}, admin=True).status, 200)
        reader.read_all()
        answer = eventually(lambda: next((a for a in [runs(s)] if a["recent"]), None))
        equal([(r["id"], r["state"]) for r in answer["recent"]], [(run_id, "cancelled")])
        equal(answer["running"], [])


@test
def its_size_is_bounded():
    with Server(EXPORTS) as s:
        connection = s.connection()
        ids = [s.get("/exports/small.csv", connection=connection).run_id for _ in range(LISTED + 20)]
        connection.close()
        answer = runs(s)
        equal([r["id"] for r in answer["recent"]], ids[::-1][:LISTED])


main()
