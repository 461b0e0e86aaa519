#!/usr/bin/env python3
"""Behind pgbouncer in transaction pooling everything is as without it, and nothing leaks to the pool's others."""

import time

from harness import *
from peers import *
import ticketing

TYPES = """SELECT date '2026-01-02' AS d, timestamptz '2026-01-02 03:04:05+00' AS t, interval '1 day 2 hours' AS i,
1.1::float8 AS f, '\\x00ff'::bytea AS b, 12.5::money AS m, g FROM generate_series(1, 3000) g"""

EXPORTS = {
    "small": "SELECT 1 AS one",
    "types": TYPES,
    "param": "-- param: n int = 1\n\nSELECT :'n' + 1 AS n",
    "zoned": "-- timezone: Asia/Tokyo\n-- search_path: pg_catalog\n\nSELECT timestamptz '2026-01-02 03:04:05+00' AS t",
    "gated": rows(20000, gated("g = 6000", 7)),
    "sleepy": "SELECT pg_sleep(30)",
    "endless": ENDLESS,
    "wrong": rows(FAR, "1 / (g - %d) AS x" % LATE),
    "who": "SELECT pg_backend_pid() AS pid",
}

# All that a session of ours sets, and all that must be as before for whom comes next.
SETTINGS = """SELECT name, setting FROM pg_settings WHERE name IN ('application_name', 'statement_timeout',
'lock_timeout', 'idle_in_transaction_session_timeout', 'client_connection_check_interval', 'cursor_tuple_fraction',
'jit', 'synchronize_seqscans', 'row_security', 'TimeZone', 'DateStyle', 'IntervalStyle', 'extra_float_digits',
'bytea_output', 'xmloption', 'lc_monetary', 'standard_conforming_strings', 'quote_all_identifiers', 'client_encoding',
'search_path', 'role', 'transaction_isolation', 'transaction_read_only') ORDER BY 1"""


def setup():
    # The database's own defaults differ from what exports pin.
    sql("ALTER DATABASE postgres SET DateStyle = 'German'; ALTER DATABASE postgres SET TimeZone = 'America/New_York'; "
        "ALTER DATABASE postgres SET IntervalStyle = 'sql_standard'; ALTER DATABASE postgres SET bytea_output = 'escape'; "
        "ALTER DATABASE postgres SET extra_float_digits = -3")


def behind(bouncer, **database):
    return Server(EXPORTS, {"database": {**PATIENT, "dsn": bouncer.dsn, **database}})


@test
def the_bytes_are_the_same():
    whole = copy(TYPES)
    with PgBouncer() as b, behind(b) as s:
        for _ in range(3):
            equal(s.get("/exports/types.csv").body, whole)
        equal(s.get("/exports/param.csv?n=41").body, b"n\n42\n")
        equal(s.get("/exports/zoned.csv").body, b"t\n2026-01-02 12:04:05+09\n")
        equal(s.get("/exports/small.csv").body, b"one\n1\n")
        for _ in range(3):
            equal(s.get("/exports/types.csv?_columns=g,f&_order=-g&_limit=2").body, b"g,f\n3000,1.1\n2999,1.1\n")


@test
def settings_do_not_leak_to_the_next_in_the_pool():
    with PgBouncer(pool_size=1) as b, behind(b) as s:
        before, pid = b.sql(SETTINGS), b.sql("SELECT pg_backend_pid()")
        equal(s.get("/exports/who.csv").body.decode(), "pid\n%s\n" % pid, "the export used the pool's one connection")
        for path in ("/exports/types.csv", "/exports/zoned.csv"):
            equal(s.get(path).status, 200)
            equal(b.sql(SETTINGS), before, "settings after " + path)
        true(s.get("/exports/wrong.csv").broken, "the transfer looks whole")
        equal(b.sql(SETTINGS), before, "settings after an error")


@test
def eight_exports_share_two_server_connections():
    with PgBouncer(pool_size=2) as b, behind(b) as s:
        whole = copy(TYPES)
        clients = [curl(s.url + "/exports/types.csv") for _ in range(8)]
        for c in clients:
            equal(c.wait(), 0, "exit code of curl: " + c.head)
            equal(c.body, whole)


@each(first_row="/exports/sleepy.csv", silent="/exports/gated.csv", full_queue="/exports/endless.csv")
def a_client_that_leaves_ends_the_query_within_a_second(path):
    with PgBouncer() as b, behind(b, max_exports=1) as s, Gate(7) as gate:
        reader = Reader(s, path, head="sleepy" not in path)
        pids = {"sleepy": running_since, "gated": gate.reached, "endless": lambda: [quiet_backend()]}[
            path[9:-4]]()
        reader.close()
        gone_soon(pids)
        started = time.monotonic()
        equal(s.get("/exports/small.csv").status, 200)
        true(time.monotonic() - started < SOON * SLOW, "the next export had to wait")


@test
def a_killed_backend_breaks_the_transfer():
    with PgBouncer() as b, behind(b) as s, Gate(7) as gate:
        c = curl(s.url + "/exports/gated.csv")
        pid, = gate.reached()
        eventually(lambda: c.body, 10, "curl has its first rows")
        sql("SELECT pg_terminate_backend(%d)" % pid)
        equal(c.wait(), 18, "exit code of curl: " + c.head)
        receipt = s.receipt(c.run_id)
        equal((receipt["state"], receipt["error"]["kind"]), ("failed", "db_lost"), receipt)
        equal(s.get("/exports/small.csv").status, 200)


@test
def a_cancelled_run_breaks_the_transfer_and_hits_nobody_else():
    with PgBouncer(pool_size=2) as b, behind(b) as s, Gate(7) as gate:
        stays, goes = curl(s.url + "/exports/gated.csv"), curl(s.url + "/exports/gated.csv")
        gate.reached(2)
        true(s.delete("/runs/" + goes.wait_run_id()).status < 300)
        equal(goes.wait(), 18)
        equal(s.receipt(goes.run_id)["state"], "cancelled")
        # The server connection that was cancelled serves others now: a late cancel would end one of them.
        for _ in range(10):
            equal(b.sql("SELECT 1"), "1")
            equal(s.get("/exports/small.csv").body, b"one\n1\n")
        gate.open()
        equal(stays.wait(), 0)
        equal(stays.body.count(b"\n"), 20001)


@test
def a_ticket_leaves_nothing_in_the_pool():
    sql("DROP ROLE IF EXISTS %s; CREATE ROLE %s LOGIN" % (ticketing.LOGIN, ticketing.LOGIN))
    with PgBouncer(pool_size=1, users=("postgres", ticketing.LOGIN)) as b, \
            ticketing.server(config={"database": {"dsn": b.dsn}}, dsn="%s user=%s" % (b.dsn, ticketing.LOGIN)) as s:
        whole = copy(TYPES)
        who = "SELECT session_user AS u, current_setting('pgsluice.user', true) AS s, pg_try_advisory_xact_lock(4711) AS l"
        for _ in range(2):
            equal(s.get(ticketing.post(s, TYPES)).body, whole)
            r = s.get(ticketing.post(s, who, settings={"pgsluice.user": "7"}))
            equal(r.body.decode(), "u,s,l\n%s,7,t\n" % ticketing.LOGIN)
            equal(s.get(ticketing.post(s, "SELECT set_config('pgsluice.user', '8', false) AS x")).body, b"x\n8\n")
            r = s.get(ticketing.post(s, who))
            equal(r.body.decode(), 'u,s,l\n%s,"",t\n' % ticketing.LOGIN)


@test
def a_superuser_behind_the_pooler_runs_no_ticket():
    with PgBouncer() as b, ticketing.server(dsn=b.dsn) as s:
        problem(s.get(ticketing.post(s, "SELECT 1")), 500, "config")


@test
def a_pooler_that_is_gone_is_a_503():
    with PgBouncer() as b, behind(b) as s:
        equal(s.get("/exports/small.csv").status, 200)
        b.end()
        r = s.get("/exports/small.csv")
        equal(r.status, 503)
        b.start()
        equal(s.get("/exports/small.csv").status, 200)


main(setup=setup)
