#!/usr/bin/env python3
"""A broken export looks broken to every client: curl, wget, Python line by line, Node's http and fetch."""

import time

from harness import *
from peers import *

STOP = 6000      # the row at which things go wrong
TOTAL = 20000

EXPORTS = {
    "plain": rows(TOTAL, "NULL AS gate"),
    "gated": rows(TOTAL, gated("g = %d" % STOP, 7)),
    "short": "-- max_duration: 2s\n\n" + rows(TOTAL, gated("g = %d" % STOP, 7)),
    "wrong": rows(FAR, "1 / (g - %d) * 0 AS x" % LATE),
    "wide": rows(FAR, "CASE WHEN g = %d THEN repeat('w', 3000000) END AS x" % LATE),
    "many": "-- max_rows: %d\n\n" % LATE + rows(FAR, "NULL AS x"),
}

CONFIG = {"database": PATIENT, "limits": {"max_row": "2MB"}}


def all_see_it(export, oracle, cause):
    """Runs every client at once, lets `cause` happen in mid-export, and looks at how each of them ends."""
    whole = copy(oracle)
    with Server(EXPORTS, CONFIG) as s:
        clients = [(start(s.url + "/exports/%s.csv" % export), code) for start, code in CLIENTS.items()]
        cause(s, [c for c, _ in clients])
        for c, code in clients:
            equal(c.wait(), code, "exit code of %s: %s" % (c.name, c.head))
            true(0 < len(c.body) < len(whole), "%s has %d of %d bytes" % (c.name, len(c.body), len(whole)))
            equal(c.body, whole[:len(c.body)], "what %s got is the beginning of the file" % c.name)
            state = s.receipt(c.run_id)["state"]
            true(state in ("failed", "cancelled"), "the receipt of %s says %s" % (c.name, state))
        equal(active_backends(), 0)


def behind_a_gate(then):
    """The cause is `then(server, run ids, backend pids)`, done once every client has rows and waits for more."""
    with Gate(7) as gate:
        def cause(s, clients):
            pids = gate.reached(len(clients), 40)
            ids = [c.wait_run_id() for c in clients]
            for c in clients:
                eventually(lambda: c.body, 20, "%s has its first rows" % c.name)
            then(s, ids, pids)
            for c in clients:
                c.wait()
        all_see_it("gated", EXPORTS["plain"], cause)


@test
def every_client_gets_a_whole_file():
    whole = copy(EXPORTS["plain"])
    with Server(EXPORTS, CONFIG) as s:
        clients = [start(s.url + "/exports/plain.csv") for start in CLIENTS]
        for c in clients:
            equal(c.wait(), 0, "exit code of %s: %s" % (c.name, c.head))
            equal(c.body, whole, "what %s got" % c.name)
            equal(s.receipt(c.run_id)["state"], "complete")


@test
def every_client_sees_a_killed_backend():
    behind_a_gate(lambda s, ids, pids: [sql("SELECT pg_terminate_backend(%d)" % p) for p in pids])


@test
def every_client_sees_a_run_cancelled_by_delete():
    def cancel(s, ids, pids):
        for i in ids:
            true(s.delete("/runs/" + i).status < 300, "DELETE /runs/%s" % i)
    behind_a_gate(cancel)


@test
def every_client_sees_a_query_cancelled_in_the_database():
    behind_a_gate(lambda s, ids, pids: [sql("SELECT pg_cancel_backend(%d)" % p) for p in pids])


@test
def every_client_sees_a_deadline():
    # Nothing is done here: max_duration ends what waits at the gate.
    with Gate(7):
        all_see_it("short", EXPORTS["plain"], lambda s, clients: None)


@test
def every_client_sees_an_sql_error():
    all_see_it("wrong", rows(FAR, "0 AS x"), lambda s, clients: None)


@test
def every_client_sees_a_row_over_max_row():
    all_see_it("wide", rows(FAR, "NULL AS x"), lambda s, clients: None)


@test
def every_client_sees_a_file_over_max_rows():
    all_see_it("many", rows(FAR, "NULL AS x"), lambda s, clients: None)


@test
def every_client_sees_a_cut_that_came_while_it_was_not_reading():
    # Their sockets are full, so that nothing can be said in the body any more: what they find later must be an error.
    whole = copy(rows(TOTAL))
    with Server({"endless": ENDLESS}, CONFIG) as s:
        clients = [(start(s.url + "/exports/endless.csv"), code) for start, code in CLIENTS.items()]
        for c, _ in clients:
            c.wait_run_id()
            eventually(lambda: c.body, 20, "%s has its first rows" % c.name)
        with Frozen(*[c.process.pid for c, _ in clients]):
            def all_wait():
                return sql("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'pgsluice:%' "
                           "AND state <> 'idle' AND wait_event_type = 'Client'") == str(len(clients))
            for _ in range(5):
                eventually(all_wait, 20, "all exports wait for their clients")
                time.sleep(0.05)
            for c, _ in clients:
                true(s.delete("/runs/" + c.run_id).status < 300)
            for c, _ in clients:
                equal(s.receipt(c.run_id)["state"], "cancelled")
            soon(lambda: not in_transaction(), "the queries have ended")
        for c, code in clients:
            got = c.wait()
            true(got == code or (c.name, got) == ("curl", 56), "exit code %d of %s: %s" % (got, c.name, c.head))
            n = min(len(c.body), len(whole) - 1000)
            equal(c.body[:n], whole[:n], "what %s got is the beginning of the file" % c.name)


main()
