#!/usr/bin/env python3
"""Tickets: SQL that the application leaves, run once by who knows its id, as a login of its own."""

import datetime
import threading
import uuid

from harness import *
from peers import *
from ticketing import *


def gone(response):
    return problem(response, 410, "ticket_gone")


@test
def a_ticket_runs_what_was_posted():
    with server() as s:
        equal([line for line in s.log.splitlines() if "listener=tickets" in line and "msg=listening" in line][0]
              .split("address=")[1], "unix:" + s.workspace.path("tickets.sock"))
        equal(os.stat(s.workspace.path("tickets.sock")).st_mode & 0o777, 0o660, "mode of the socket")
        r = send(s, {"sql": "SELECT g, 'a,''b' AS t FROM generate_series(1, 3) g;  -- the end\n"})
        equal(r.status, 201, r)
        answer = r.json()
        equal(sorted(answer), ["expires_at", "id", "path"])
        equal(answer["path"], "/tickets/" + answer["id"])
        equal(r["Location"], answer["path"])
        left = (datetime.datetime.strptime(answer["expires_at"], "%Y-%m-%dT%H:%M:%S.%fZ") -
                datetime.datetime.utcnow()).total_seconds()
        true(50 < left < 61, "expires in %g s" % left)
        r = s.get(answer["path"])
        equal((r.status, r.body), (200, b"g,t\n1,\"a,'b\"\n2,\"a,'b\"\n3,\"a,'b\"\n"))
        equal(s.receipt(r.run_id)["export"], "ticket")
        matches(r["Content-Disposition"], r'^attachment; filename="ticket-[0-9-]{10}\.csv"$')
    true(not s.workspace.exists("tickets.sock"), "the socket's file is left behind")


@each(
    colons="SELECT 'a:b' AS \"x:y\", '1'::int4, (ARRAY[1,2,3])[1:2], E':name\\'$1' AS e, $a$ :x $1 $a$ AS d",
    cte="WITH a AS (SELECT 1 AS x) SELECT x FROM a",
    values="VALUES (1, 'x'), (2, NULL)",
    parenthesis="(SELECT 1 AS a) UNION ALL (SELECT 2) ORDER BY 1",
    table="TABLE pg_catalog.pg_namespace",
    comment="/* a /* nested */ comment */ SELECT 1 AS a -- and :one more; SELECT 2\n;\n",
    percent="SELECT 'a%b' LIKE 'a%%' AS l, 7 % 4 AS m, '{\"a\": 1}'::jsonb ? 'a' AS q",
    unicode="SELECT 'Grüße 你好 🐘' AS \"größe\"",
)
def the_bytes_are_those_of_copy(query):
    with server() as s:
        r = s.get(post(s, query))
        equal((r.status, r.body), (200, copy(query.split("--")[0])), r)


@test
def a_ticket_is_good_once():
    with server() as s:
        path = post(s, "SELECT 1 AS one")
        equal(s.get(path).body, b"one\n1\n")
        used = gone(s.get(path))
        unknown = gone(s.get("/tickets/" + "A" * 32))
        equal(used, unknown, "the answers for a used and for an unknown ticket")
        for other in ("/tickets/x", "/tickets/", path[:-1], path + "A", "/tickets/%2e%2e"):
            equal(gone(s.get(other)), used, other)
        equal(s.head(path).status, 410)


@test
def of_twenty_at_once_one_gets_the_ticket():
    exports = {"first": rows(20000, gated("g = 1", 7))}
    with server(exports, {"database": {**PATIENT, "max_exports": 4}}) as s:
        path = post(s, "SELECT 1 AS one")
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(s.get(path))) for _ in range(20)]
        with Gate(7) as gate:
            running = [Reader(s, "/exports/first.csv", rcvbuf=262144, head=False) for _ in range(4)]
            gate.reached(4)
            before = s.threads()
            for t in threads:
                t.start()
            # All of them have found the ticket, and wait for a slot.
            eventually(lambda: s.threads() == before + 20, 10)
            equal(s.head(path).status, 200)
            equal(answers, [])
            gate.open()
            for r in running:
                r.read_message()
        for t in threads:
            t.join()
        equal(sorted(r.status for r in answers), [200] + [410] * 19)
        equal([r.body for r in answers if r.status == 200], [b"one\n1\n"])


@test
def of_many_without_a_queue_one_gets_the_ticket():
    with server() as s:
        for _ in range(5):
            path = post(s, "SELECT 1 AS one")
            answers, start = [], threading.Barrier(20)
            def one():
                start.wait()
                answers.append(s.get(path).status)
            threads = [threading.Thread(target=one) for _ in range(20)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            equal(sorted(answers), [200] + [410] * 19)


@test
def a_ticket_expires():
    with server() as s:
        path = post(s, "SELECT 1 AS one", expires_in=1)
        equal(s.head(path).status, 200)
        eventually(lambda: s.head(path).status == 410, 3)
        gone(s.get(path))


@test
def head_does_not_use_a_ticket():
    with server() as s:
        path = post(s, "SELECT 1 AS one", filename="Zahlen für März.csv")
        for _ in range(3):
            r = s.head(path)
            equal((r.status, r.body), (200, b""))
            contains(r["Content-Disposition"], "filename*=UTF-8''Zahlen%20f%C3%BCr%20M%C3%A4rz.csv")
        equal(backends(), 0, "connections that HEAD has made")
        equal(s.get(path).status, 200)


@test
def a_full_house_does_not_use_a_ticket():
    exports = {"first": rows(20000, gated("g = 1", 7))}
    with server(exports, {"database": {**PATIENT, "max_exports": 1, "queue_length": 0}}) as s, Gate(7) as gate:
        path = post(s, "SELECT 1 AS one")
        running = Reader(s, "/exports/first.csv", rcvbuf=262144, head=False)
        gate.reached()
        for _ in range(3):
            problem(s.get(path), 503, "busy")
        gate.open()
        running.read_message()
        equal(s.get(path).body, b"one\n1\n")
        gone(s.get(path))


@test
def who_waits_for_a_slot_does_not_lose_his_ticket_to_its_expiry():
    exports = {"first": rows(20000, gated("g = 1", 7))}
    with server(exports, {"database": {**PATIENT, "max_exports": 1}}) as s, Gate(7) as gate:
        path = post(s, "SELECT 1 AS one", expires_in=1)
        running = Reader(s, "/exports/first.csv", rcvbuf=262144, head=False)
        gate.reached()
        waiting = Reader(s, path, head=False)
        eventually(lambda: s.head(path).status == 410, 3, "it has expired for everyone else")
        gate.open()
        running.read_message()
        equal(waiting.read_message().body, b"one\n1\n")


@test
def a_thousand_tickets_wait_and_no_more():
    with server() as s:
        c = connection(s)
        paths = [send(s, {"sql": "SELECT %d AS n" % i}, on=c).json()["path"] for i in range(1000)]
        equal(len(set(paths)), 1000)
        r = send(s, {"sql": "SELECT 1"})
        problem(r, 503, "busy")
        matches(r["Retry-After"] or "", "^[1-9][0-9]*$")
        equal(s.get(paths[500]).body, b"n\n500\n")
        post(s, "SELECT 1")
        equal(send(s, {"sql": "SELECT 1"}).status, 503)
        for i in (0, 999):
            equal(s.get(paths[i]).body, b"n\n%d\n" % i)
        c.close()


@test
def tickets_that_expired_make_room():
    with server() as s:
        c = connection(s)
        for _ in range(1000):
            send(s, {"sql": "SELECT 1", "expires_in": 1}, on=c)
        eventually(lambda: send(s, {"sql": "SELECT 1"}, on=c).status == 201 or c.close(), 5)
        c.close()


@test
def all_tickets_together_have_a_bound():
    with server() as s:
        c = connection(s)
        body = json.dumps({"sql": "SELECT 1 /* %s */" % ("x" * 250000)}).encode()
        taken = 0
        while taken < 400:
            r = send(s, body, on=c)
            if r.status != 201:
                break
            taken += 1
        problem(r, 503, "busy")
        true(200 < taken < 300, "%d tickets of 250 kB were taken" % taken)
        true(s.rss() < 300 << 20 or os.environ.get("SL_SANITIZED"), "%d MB" % (s.rss() >> 20))
        c.close()


@test
def the_options_of_a_ticket_are_complete():
    with server() as s:
        path = post(s, "SELECT '2026-01-01 12:00+00'::timestamptz AS t",
                    options={"_header": "off", "_timezone": "Asia/Tokyo"}, filename="t.csv")
        for argument in ("_header=names", "_filename=x.csv", "x=1", "_run=1&_run=2"):
            equal(s.get(path + "?" + argument).status, 400, argument)
        r = s.get(path)
        equal(r.body, b"2026-01-01 21:00:00+09\n")
        contains(r["Content-Disposition"], 'filename="t.csv"')
        equal(r["Content-Type"], "text/csv; charset=utf-8; header=absent")


@test
def the_run_id_comes_from_the_ticket_or_from_the_url():
    with server() as s:
        mine, other = str(uuid.uuid4()), str(uuid.uuid4())
        path = post(s, "SELECT 1 AS one", run=mine)
        problem(s.get(path + "?_run=" + other), 400, "bad_parameter", parameter="_run")
        equal(s.get(path).run_id, mine)
        equal(s.receipt(mine)["state"], "complete")
        path = post(s, "SELECT 1 AS one", run=mine)
        problem(s.get(path), 409, "conflict")
        path = post(s, "SELECT 1 AS one")
        problem(s.get(path + "?_run=" + mine), 409, "conflict")
        problem(s.get(path + "?_run=x"), 400, "bad_parameter", parameter="_run")
        equal(s.get(path + "?_run=" + other).run_id, other)


@test
def labels_are_the_header_of_header_labels():
    with server() as s:
        labels = {"labels": ["Größe, in m", "", "b"], "options": {"_header": "labels"}}
        equal(s.get(post(s, "SELECT 1 AS a, 2 AS b, 3 AS b", **labels)).body.decode(), '"Größe, in m","",b\n1,2,3\n')
        r = s.get(post(s, "SELECT 1 AS a, 2 AS b", **labels))
        problem(r, 422, "bad_query")
        equal(s.get(post(s, "SELECT 1 AS a", labels=["A"])).body, b"a\n1\n")


@test
def limits_can_only_be_tightened():
    with server(config={"limits": {"max_rows": 100}}) as s:
        def ask(n, **limits):
            r = s.get(post(s, "SELECT g FROM generate_series(1, %d) g" % n, limits=limits))
            return r.status if not r.broken else "broken"
        equal(ask(10, max_rows=10), 200)
        true(ask(11, max_rows=10) in (413, "broken"))
        equal(ask(100, max_rows=1000), 200)
        true(ask(101, max_rows=1000) in (413, "broken"))
        true(ask(50, max_bytes=100) in (413, "broken"))
        true(ask(50, max_bytes="100B") in (413, "broken"))
        equal(ask(50, max_bytes="1MB", max_duration="10s"), 200)
        r = s.get(post(s, "SELECT pg_sleep(30)", limits={"max_duration": "300ms"}))
        problem(r, 504, "timeout")


@test
def settings_are_there_for_policies():
    sql("DROP TABLE IF EXISTS doc; CREATE TABLE doc (id int, owner int); "
        "INSERT INTO doc SELECT g, g % 2 FROM generate_series(1, 6) g; ALTER TABLE doc ENABLE ROW LEVEL SECURITY; "
        "CREATE POLICY own ON doc USING (owner = current_setting('pgsluice.user')::int); GRANT SELECT ON doc TO " + LOGIN)
    with server() as s:
        def ask(settings, query="SELECT id FROM doc ORDER BY id"):
            return s.get(post(s, query, settings=settings))
        equal(ask({"pgsluice.user": "0"}).body, b"id\n2\n4\n6\n")
        equal(ask({"pgsluice.user": "1"}).body, b"id\n1\n3\n5\n")
        equal(ask({}).status, 500, "without the setting that the policy reads")
        odd = "a'b\\c\n\"d\" :x $1 ü"
        r = ask({"pgsluice.odd": odd, "pgsluice.order": ""},
                "SELECT current_setting('pgsluice.odd') = E'a''b\\\\c\\n\"d\" :x $1 ü' AS odd, "
                "current_setting('pgsluice.order') = '' AS empty")
        equal(r.body, b"odd,empty\nt,t\n")


@test
def what_a_ticket_sets_is_gone_with_it():
    with server(config={"database": {"max_exports": 1}}) as s:
        s.get(post(s, "SELECT set_config('pgsluice.left', 'x', false), pg_advisory_lock(4711)"))
        eventually(lambda: sql("SELECT pg_try_advisory_lock(4711)") == "t", 5, "the lock is free")
        r = s.get(post(s, "SELECT current_setting('pgsluice.left', true) AS l, pg_try_advisory_lock(4711) AS free"))
        true(r.body in (b"l,free\n,t\n", b'l,free\n"",t\n'), r)


@test
def a_ticket_runs_as_its_own_login():
    sql("DROP TABLE IF EXISTS secret; CREATE TABLE secret (x int)")
    with server({"mine": "SELECT current_user AS u"}) as s:
        for _ in range(2):
            equal(s.get("/exports/mine.csv").body, b"u\npostgres\n")
            equal(s.get(post(s, "SELECT session_user AS s, current_user AS u")).body, ("s,u\n%s,%s\n" % (LOGIN, LOGIN)).encode())
        problem(s.get(post(s, "SELECT x FROM secret")), 403, "forbidden", sqlstate="42501")
        for query in ("WITH d AS (DELETE FROM secret RETURNING x) SELECT x FROM d", "SELECT 1 INTO t"):
            r = s.get(post(s, query))
            true(r.status >= 400, r)
        problem(s.get(post(s, "SELECT 1/0")), 500, "sql", sqlstate="22012")
        # What PostgreSQL does not count as writing, or not in every version, is rolled back.
        s.get(post(s, "SELECT lo_create(4711)"))
        equal(sql("SELECT count(*) FROM pg_largeobject_metadata"), "0")


@test
def a_role_must_be_the_login_and_allowed():
    with server(config={"access": {"anonymous": "on", "grant_roles": "ticket_*, other"}}) as s:
        equal(s.get(post(s, "SELECT current_user AS u", role=LOGIN)).status, 200)
        p = problem(send(s, {"sql": "SELECT 1", "role": "other"}), 403, "forbidden")
        contains(p["detail"], "login")
        for role in ("postgres", "none", "x" * 64):
            problem(send(s, {"sql": "SELECT 1", "role": role}), 403, "forbidden")
    with server() as s:
        problem(send(s, {"sql": "SELECT 1", "role": LOGIN}), 403, "forbidden")


@each(uri="postgresql://%s@/postgres" % LOGIN, environment="dbname=postgres", service="service=tickets",
      hosts="host=192.0.2.1,192.0.2.2 port=1,2 user=%s" % LOGIN)
def the_login_is_found_however_it_is_written(dsn):
    w = Workspace(files={"services": "[tickets]\nuser=%s\nhostaddr=192.0.2.1\n" % LOGIN})
    env = {"PGSERVICEFILE": w.path("services")}
    if dsn == "dbname=postgres":
        env["PGUSER"] = LOGIN
    with server(config={"access": {"anonymous": "on", "grant_roles": "*"}}, dsn=dsn, env=env) as s:
        equal(send(s, {"sql": "SELECT 1", "role": LOGIN}).status, 201)
        problem(send(s, {"sql": "SELECT 1", "role": "other"}), 403, "forbidden")


@test
def set_config_need_not_be_had_and_is_then_no_way_round_the_settings():
    revoke = "%s EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) %s PUBLIC"
    sql(revoke % ("REVOKE", "FROM"))
    at_end(lambda: sql(revoke % ("GRANT", "TO")))
    with server() as s:
        r = s.get(post(s, "SELECT current_setting('pgsluice.user') AS u, current_setting('TimeZone') AS z, "
                          "current_setting('transaction_read_only') AS ro", settings={"pgsluice.user": "7"}))
        equal(r.body, b"u,z,ro\n7,UTC,on\n")
        problem(s.get(post(s, "SELECT set_config('pgsluice.user', '8', true)", settings={"pgsluice.user": "7"})),
                403, "forbidden")


@test
def a_superuser_runs_no_ticket():
    with server(dsn="user=postgres") as s:
        p = problem(s.get(post(s, "SELECT 1")), 500, "config")
        lacks(json.dumps(p), "postgres")
        s.wait_log(lambda line: "superuser" in line and "[tickets] dsn" in line)
        equal(backends(), 0)


@test
def a_connection_that_an_export_has_left_runs_no_ticket():
    # The same login by another text: only equal texts are refused at start.
    with server(config={"database": {"dsn": "user=%s application_name=x" % LOGIN, "max_exports": 1}}) as s:
        equal(s.get("/exports/small.csv").status, 200)
        kept = sql("SELECT pid FROM pg_stat_activity WHERE usename = '%s'" % LOGIN)
        matches(kept, r"^\d+$")
        r = s.get(post(s, "SELECT pg_backend_pid() AS pid"))
        true(r.status == 200 and kept not in r.text, r)
        equal(sql("SELECT count(*) FROM pg_stat_activity WHERE pid = " + kept), "0", "room was made for the new one")


@test
def tickets_have_a_dsn_that_is_not_the_one_of_exports():
    done = run("check", exports={"small": "SELECT 1 AS one"}, config={
        "database": {"dsn": "user=postgres"},
        "tickets": {"listen": "unix:tickets.sock", "secret": SECRET, "dsn": "user=postgres"}})
    equal(done.code, 78, done)
    matches(done.err, r"(?m)^\S*pgsluice\.conf:\d+: \[tickets\] dsn is that of \[database\]")


@test
def a_database_that_is_down_does_not_use_a_ticket():
    with server(dsn="host=/nonexistent-directory user=%s" % LOGIN) as s:
        path = post(s, "SELECT 1 AS one", expires_in=1)
        equal(problem(s.get(path), 503, "unavailable"), problem(s.get(path), 503, "unavailable"))
        eventually(lambda: s.get(path).status == 410, 3, "its time has passed")
    folder = os.environ["PGHOST"]
    w = Workspace()
    with server(dsn="host=%s user=%s" % (w.path("db"), LOGIN)) as s:
        path = post(s, "SELECT 1 AS one")
        equal(problem(s.get(path), 503, "unavailable")["status"], 503)
        os.symlink(folder, w.path("db"))
        equal(s.get(path).body, b"one\n1\n")
        gone(s.get(path))


@test
def settings_that_the_database_cannot_hold_are_not_the_querys_fault():
    sql("DROP DATABASE IF EXISTS latin")
    sql("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    at_end(lambda: sql("DROP DATABASE latin"))
    with server(dsn="user=%s dbname=latin" % LOGIN) as s:
        p = problem(s.get(post(s, "SELECT 1 AS one", settings={"pgsluice.user": "\u65e5"})), 403, "forbidden", sqlstate="22P05")
        contains(p["detail"], "settings of this ticket")


@test
def an_empty_role_is_no_role_left_out():
    with server() as s:
        contains(problem(send(s, {"sql": "SELECT 1", "role": ""}), 400, "bad_request")["detail"], "role is empty")
        equal(send(s, {"sql": "SELECT 1", "role": None}).status, 201)


@test
def check_tells_of_a_login_that_may_too_much():
    sql("DROP ROLE IF EXISTS reader; CREATE ROLE reader; GRANT reader TO " + LOGIN)
    at_end(lambda: sql("DROP ROLE reader"))
    def check(**tickets):
        return run("check", exports={"small": "SELECT 1 AS one"}, config={"tickets": {
            "listen": "unix:tickets.sock", "secret": SECRET, "dsn": "user=" + LOGIN, **tickets}})
    done = check()
    equal(done.code, 0, done)
    matches(done.err, r"(?m)pgsluice\.conf: \[tickets\] dsn: warning: .*is a member of reader:")
    matches(done.err, r"(?m)pgsluice\.conf: \[tickets\] dsn: warning: .*set_config\(\).*REVOKE")
    lacks(done.err, "no effect yet")
    done = check(dsn="user=postgres")
    equal(done.code, 78, done)
    matches(done.err, r"(?m)\[tickets\] dsn: the login postgres is a superuser")
    done = check(dsn="user=nobody_of_that_name")
    equal(done.code, 69, done)
    for bad in ({"dsn": None}, {"secret": None}, {"secret": "short"}, {"listen": "127.0.0.1:0"}):
        done = check(**bad)
        equal(done.code, 78, done)
        matches(done.err, r"(?m)^\S*pgsluice\.conf:\d+: ")


@test
def without_the_listener_there_are_no_tickets():
    with Server({"small": "SELECT 1 AS one"}) as s:
        problem(s.get("/tickets/" + "A" * 32), 404, "not_found")
        equal(s.request("POST", "/tickets", body=b"{}").status, 404)


@test
def the_public_listener_takes_no_ticket_and_that_of_tickets_nothing_else():
    with server() as s:
        equal(s.request("POST", "/tickets", BEARER, body=b'{"sql":"SELECT 1"}').status, 404)
        equal(s.request("POST", "/tickets", BEARER, body=b'{"sql":"SELECT 1"}', admin=True).status, 404)
        path = post(s, "SELECT 1 AS one")
        for other in ("/", "/exports", "/exports/small.csv", "/runs/x", "/healthz", path, "/tickets/"):
            for method in ("GET", "POST"):
                problem(send(s, b"", path=other, method=method), 404, "not_found")
        r = send(s, b"", method="GET")
        problem(r, 405, "method")
        equal(r["Allow"], "POST")
        r = s.delete(path)
        problem(r, 405, "method")
        equal(r["Allow"], "GET, HEAD")
        equal(s.get(path).status, 200)


@test
def a_stale_socket_is_replaced_and_a_living_one_is_not():
    with server() as s:
        done = run("serve", workspace=s.workspace)
        equal(done.code, 69, done)
        contains(done.err, "tickets.sock")
        s.exit_code = None
        s.stop(signal.SIGKILL)
    true(s.workspace.exists("tickets.sock"), "nothing to replace")
    with Server(workspace=s.workspace) as again:
        equal(again.get(post(again, "SELECT 1 AS one")).status, 200)


@test
def neither_descriptors_nor_threads_nor_connections_are_left():
    with server(config={"limits": {"stall_timeout": "1s"}}) as s:
        def everything():
            s.get(post(s, "SELECT 1 AS one"))
            s.get(post(s, "SELECT 1/0"))
            s.head(post(s, "SELECT 1"))
            post(s, "SELECT 2")
            send(s, {"sql": "DROP TABLE x"})
            send(s, b"{")
            send(s, {"sql": "SELECT 1"}, headers={})
            s.get("/tickets/" + "A" * 32)
            with connection_socket(s) as c:
                c.sendall(b"POST /tickets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 9\r\n\r\n{"
                          % SECRET.encode())
            reader = Reader(s, post(s, ENDLESS), rcvbuf=4096)
            reader.close()
            eventually(lambda: not in_transaction(), 3, "the queries have ended")
        everything()
        def census():
            return len(s.fds()), s.threads(), backends()
        settled = eventually(lambda: (lambda a, b: a if a == b and a[2] == 0 else None)(census(), census()), 5)
        for _ in range(5):
            everything()
        eventually(lambda: census() == settled, 5, "as many as before: %r" % (settled,))


main(setup=make_login)
