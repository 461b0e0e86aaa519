#!/usr/bin/python3
"""What a request gets: the error table of interface.md, the headers of an export, parameters and options."""

import errno
import hashlib
import socket
import urllib.parse

from harness import *

THREE = "SELECT i FROM generate_series(1, 3) AS i"

PARAMETERS = """-- title: Everything that a caller may say
-- param: since date = 2020-01-01   Placed on or after
-- param: country text?   ISO code
-- param: ids int[]?
-- param: n int = 7
-- param: at timestamptz?
-- param: yes bool = true
-- param: j jsonb?
-- param: label text = 'two  spaces'   Quoted default

SELECT :'since' AS since, :'country' AS country, :ids AS ids, :n AS n, :'at' AS at, :yes AS yes, :'j' AS j, :'label' AS label
"""

DEFAULTS = "2020-01-01,,,7,,t,,two  spaces"

EXPORTS = {
    "three": THREE,
    "everything": PARAMETERS,
    "required": "-- param: id int\n\nSELECT :id AS id",
    "echo": "-- param: t text?\n\nSELECT :'t' AS t",
    "divide": "-- param: n int\n\nSELECT 10 / :n AS secret_column",
    "zero": "SELECT 1 / (SELECT 0) AS secret_column",
    "leaky": "SELECT ('x' || v)::int AS secret_column FROM (VALUES ('secret_row')) AS t (v)",
    "no_table": "SELECT secret_column FROM no_such_table",
    "later": "SELECT 1 / (200000 - i) AS v FROM generate_series(1, 300000) AS i",
}


def server(**more):
    return Server(EXPORTS, **more)


def row(answer):
    """The one data row of an answer."""
    equal(answer.status, 200, repr(answer))
    lines = answer.text.splitlines()
    equal(len(lines), 2, repr(answer))
    return lines[1]


def q(value):
    return urllib.parse.quote(value, safe="")


# Parameters

@test
def defaults_and_nullable_parameters_may_be_left_out():
    with server() as s:
        equal(row(s.get("/exports/everything.csv")), DEFAULTS)


@test
def an_empty_value_means_left_out():
    with server() as s:
        equal(row(s.get("/exports/everything.csv?since=&country=&ids=&n=&at=&yes=&j=&label=")), DEFAULTS)
        p = problem(s.get("/exports/required.csv?id="), 400, "bad_parameter", parameter="id")
        contains(p["detail"], "id")


@test
def values_are_decoded_once_and_bound_as_they_are():
    with server() as s:
        for value in ("a b", "a+b", "100%", "a&b=c", "é日本\U0001f600", "' OR 1=1 --", "$1", ":n", "\\", "%00", "a;b", "x#y", "?", "a\tb", "%2B"):
            got = s.get("/exports/echo.csv?t=" + q(value))
            equal(got.body.decode(), "t\n%s\n" % value, repr(value))
        equal(s.get("/exports/echo.csv?t=a+b%2Bc").body, b"t\na b+c\n", "a plus is a space")
        equal(s.get("/exports/echo.csv?%74=x").body, b"t\nx\n", "a name may be escaped")
        equal(s.get("/exports/echo.csv?t=%C3%A9%0A%22").body, 't\n"é\n"""\n'.encode())
        equal(s.get("/exports/echo.csv?t=a%3d%26").body, b"t\na=&\n")


@test
def arrays_dates_and_other_types_come_from_text():
    with server() as s:
        path = "/exports/everything.csv?since=2026-02-03&ids=%7B1,2,NULL%7D&at=2026-01-01T00:00:00%2B02&yes=no&j=%7B%22a%22:1%7D&n=-3"
        equal(row(s.get(path)), '2026-02-03,,"{1,2,NULL}",-3,2025-12-31 22:00:00+00,f,"{""a"": 1}",two  spaces')


@test
def an_unknown_parameter_is_refused_by_name():
    with server() as s:
        for path, name in (("three.csv?color=red", "color"), ("everything.csv?Since=2020-01-01", "Since"),
                           ("everything.csv?since=2020-01-01&cuontry=DE", "cuontry"), ("three.csv?color=", "color")):
            p = problem(s.get("/exports/" + path), 400, "bad_parameter", parameter=name)
            contains(p["detail"], name)


@test
def a_missing_parameter_is_named_with_its_type():
    with server() as s:
        p = problem(s.get("/exports/required.csv"), 400, "bad_parameter", parameter="id")
        contains(p["detail"], "id")
        contains(p["detail"], "int")


@test
def a_repeated_parameter_is_refused_by_name():
    with server() as s:
        for path in ("required.csv?id=1&id=2", "required.csv?id=1&id=1", "required.csv?id=1&%69d=1", "required.csv?id=&id=1"):
            p = problem(s.get("/exports/" + path), 400, "bad_parameter", parameter="id")
            contains(p["detail"], "id")


@test
def an_ill_typed_parameter_is_named_with_the_type_expected():
    with server() as s:
        for query, name, type_name in (
                ("since=yesterdayish", "since", "date"), ("since=2026-02-30", "since", "date"), ("n=seven", "n", "int"),
                ("n=99999999999", "n", "int"), ("n=1.5", "n", "int"), ("ids=%7B1,x%7D", "ids", "int"), ("ids=1,2", "ids", "int"),
                ("yes=perhaps", "yes", "bool"), ("j=%7B", "j", "json"), ("at=noonish", "at", "timestamp")):
            r = s.get("/exports/everything.csv?" + query)
            p = problem(r, 400, "bad_parameter", parameter=name)
            contains(p["detail"], name, query)
            contains(p["detail"], type_name, query)


@test
def an_ill_typed_parameter_of_several_lines_is_named_whatever_the_server_logs():
    talkative = "options='-c log_parameter_max_length_on_error=-1'"
    with server(config={"database": {"dsn": talkative}}) as s:
        problem(s.get("/exports/everything.csv?n=" + q("1\n$1 = x")), 400, "bad_parameter", parameter="n")


@test
def a_value_that_is_not_utf8_is_the_callers_error():
    with server() as s:
        for value in ("%ff", "%C3", "%ED%A0%80", "a%80"):
            r = s.get("/exports/echo.csv?t=" + value)
            equal(r.status, 400, "%s: %r" % (value, r))


@test
def an_error_of_the_query_over_good_parameters_is_the_exports():
    with server() as s:
        p = problem(s.get("/exports/divide.csv?n=0"), 500, "sql", sqlstate="22012")
        true("parameter" not in p, repr(p))
        equal(s.get("/exports/divide.csv?n=5").body, b"secret_column\n2\n")


# Options

@test
def an_unknown_option_is_refused_by_name():
    with server() as s:
        for query, name in (("_nonsense=1", "_nonsense"), ("_=1", "_"), ("_Header=off", "_Header"), ("_nonsense=", "_nonsense")):
            p = problem(s.get("/exports/three.csv?" + query), 400, "bad_request")
            contains(p["detail"], name)


@test
def an_option_with_a_bad_value_is_refused_by_name():
    with server() as s:
        for query, name in (("_header=perhaps", "_header"), ("_timezone=Nowhere/Land", "_timezone"), ("_run=1", "_run"),
                            ("_run=00000000-0000-1000-8000-000000000000", "_run"), ("_header=off&_header=off", "_header"),
                            ("_filename=a%0D%0AX-Evil:%201", "_filename"), ("_filename=..%2Fetc%2Fpasswd", "_filename"),
                            ("_filename=a%22b.csv", "_filename")):
            r = s.get("/exports/three.csv?" + query)
            equal(r.status, 400, "%s: %r" % (query, r))
            contains(r.json()["detail"], name)
            true(r["X-Evil"] is None, repr(r))


@test
def the_callers_own_run_id_is_used():
    with server() as s:
        own = "7d444840-9dc0-4d11-9b3a-5e1a3e9f0b11"
        r = s.get("/exports/three.csv?_run=" + own)
        equal((r.status, r.run_id), (200, own))
        equal(s.receipt(own)["id"], own)


# Malformed requests

@each(
    escape_in_query="GET /exports/echo.csv?t=%zz HTTP/1.1\r\nHost: x\r\n\r\n",
    escape_cut_short="GET /exports/echo.csv?t=%2 HTTP/1.1\r\nHost: x\r\n\r\n",
    lone_percent="GET /exports/echo.csv?t=% HTTP/1.1\r\nHost: x\r\n\r\n",
    escape_in_name="GET /exports/echo.csv?%zz=1 HTTP/1.1\r\nHost: x\r\n\r\n",
    nul_in_value="GET /exports/echo.csv?t=a%00b HTTP/1.1\r\nHost: x\r\n\r\n",
    nul_in_name="GET /exports/echo.csv?t%00=1 HTTP/1.1\r\nHost: x\r\n\r\n",
    two_hosts="GET /exports/three.csv HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    the_same_host_twice="GET /exports/three.csv HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
    no_host="GET /exports/three.csv HTTP/1.1\r\n\r\n",
    body="GET /exports/three.csv HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
    chunked_body="GET /exports/three.csv HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    length_and_chunked="GET /exports/three.csv HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    two_lengths="GET /exports/three.csv HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\nhello",
    space_before_colon="GET /exports/three.csv HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\nhello",
)
def a_malformed_request_is_a_400_and_the_connection_closes(request):
    with server() as s:
        m = Message(s.raw(request.encode("latin-1"), timeout=5))
        equal(m.status, 400, repr(m.head + m.body))
        # libmicrohttpd itself refuses some of these before anyone is asked, in its own words.
        if m.headers.get("content-type") == "application/problem+json":
            equal(json.loads(m.body)["type"], "urn:pgsluice:bad_request")
        true(b"i\n1" not in m.rest, "a second answer: %r" % m.rest)


@test
def a_bad_escape_in_the_path_is_never_an_export():
    with server() as s:
        for path in ("/exports/three%zz.csv", "/exports/three%00.csv", "/exports/%00", "/exports/three.csv%", "/exports%2Fthree.csv%2"):
            m = s.raw_get(path)
            true(m.status in (400, 404), "%s: %r" % (path, m.head))


@test
def an_overlong_target_is_refused():
    with server() as s:
        m = Message(s.raw(b"GET /exports/echo.csv?t=" + b"x" * 20000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", timeout=5))
        true(m.status in (400, 414, 431), repr(m.head))


@test
def requests_with_an_explicit_empty_body_are_fine():
    with server() as s:
        equal(s.raw_get("/exports/three.csv", ["Content-Length: 0"]).body, b"i\n1\n2\n3\n")


@test
def nothing_that_arrives_stops_the_server():
    with server() as s:
        for data in (b"", b"\r\n\r\n", b"GET\r\n\r\n", b"\x00\xff\x16\x03\x01" * 20 + b"\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                     b"GET /exports/three.csv\x00x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                     b"GET http://x/exports/three.csv HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                     b"GET * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"\xff" * 70000 + b"\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 20000 + b"\r\n"):
            with s.connect(timeout=5) as c:
                try:
                    c.sendall(data)
                    c.shutdown(socket.SHUT_WR)
                    while c.recv(65536):
                        pass
                except ConnectionError:  # it may have closed before we were done
                    pass
                except OSError as e:  # or before shutdown()
                    equal(e.errno, errno.ENOTCONN, repr(data[:40]))
        equal(s.get("/exports/three.csv").body, b"i\n1\n2\n3\n")


# Names and methods

@test
def what_does_not_exist_is_a_404():
    with server() as s:
        for path in ("/", "/nothing", "/exports/none.csv", "/exports/none", "/exports/three.", "/exports/three.xyz", "/exports/three.csv.xyz",
                     "/exports/THREE.csv", "/exports/.csv", "/exports/three.csv/", "/exports/../exports/three.csv", "//exports/three.csv",
                     "/exports/three.CSV", "/export/three.csv", "/runs/", "/runs/x", "/runs/00000000-0000-4000-8000-000000000000",
                     "/healthz"):
            problem(s.get(path), 404, "not_found")


@test
def another_method_is_a_405_that_says_which_are_allowed():
    with server() as s:
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "FROB"):
            r = s.request(method, "/exports/three.csv", body=b"x=1" if method in ("POST", "PUT") else None)
            problem(r, 405, "method")
            equal({m.strip() for m in r["Allow"].split(",")}, {"GET", "HEAD"}, method)
        r = s.request("POST", "/runs/00000000-0000-4000-8000-000000000000", body=b"")
        problem(r, 405, "method")
        true({"GET", "DELETE"} <= {m.strip() for m in r["Allow"].split(",")}, r["Allow"])


@test
def an_export_over_http_1_0_is_refused_and_told_the_remedy():
    with server() as s:
        for request in (b"GET /exports/three.csv HTTP/1.0\r\n\r\n", b"GET /exports/three.csv HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n"):
            m = Message(s.raw(request, timeout=5))
            equal(m.status, 505, repr(m.head))
            p = json.loads(m.body)
            equal(p["type"], "urn:pgsluice:http_version")
            contains(p["detail"], "proxy_http_version 1.1")
        equal(Message(s.raw(b"GET /runs/x HTTP/1.0\r\n\r\n", timeout=5)).status, 404, "receipts stay open to HTTP/1.0")
        equal(Message(s.raw(b"GET /healthz HTTP/1.0\r\n\r\n", admin=True, timeout=5)).status, 200)


# Errors of the database

@test
def a_failing_query_is_a_500_with_sqlstate_and_run_and_no_text():
    with server() as s:
        for name, sqlstate in (("zero", "22012"), ("leaky", "22P02"), ("no_table", "42P01")):
            r = s.get("/exports/%s.csv" % name)
            p = problem(r, 500, "sql", sqlstate=sqlstate)
            for secret in ("secret_column", "secret_row", "SELECT", "no_such_table"):
                lacks(r.text, secret)
            if name != "no_table":
                true(p.get("run"), "no run id in %r" % p)
                receipt = s.receipt(p["run"])
                equal((receipt["state"], receipt["error"]["kind"], receipt["error"]["sqlstate"]), ("failed", "sql", sqlstate))
                lacks(json.dumps(receipt), "secret")
                s.wait_log(p["run"])
        equal(s.get("/exports/three.csv").status, 200, "the others still work")


@test
def a_failure_after_the_first_byte_breaks_the_transfer():
    with server() as s:
        r = s.get("/exports/later.csv")
        equal(r.status, 200)
        true(r.broken, "the transfer looks whole: %d bytes" % len(r.body))
        lacks(r.text, "division")
        receipt = s.receipt(r.run_id)
        equal((receipt["state"], receipt["error"]["sqlstate"]), ("failed", "22012"))


@test
def a_missing_right_is_a_403():
    sql("DROP TABLE IF EXISTS it_closed; CREATE TABLE it_closed (secret_column int); "
        "DROP ROLE IF EXISTS it_nobody; CREATE ROLE it_nobody LOGIN")
    with Server({"closed": "SELECT secret_column FROM it_closed"}, {"database": {"dsn": "user=it_nobody"}}) as s:
        r = s.get("/exports/closed.csv")
        problem(r, 403, "forbidden", sqlstate="42501")
        lacks(r.text, "secret_column")


@test
def writing_is_refused_whatever_the_query_says():
    sql("DROP SEQUENCE IF EXISTS it_seq; CREATE SEQUENCE it_seq")
    with Server({"next": "SELECT nextval('it_seq')", "insert": "WITH x AS (DELETE FROM pg_am RETURNING 1) SELECT * FROM x",
                 "lock": "SELECT * FROM pg_am FOR UPDATE"}) as s:
        for name in ("next", "insert", "lock"):
            equal(s.get("/exports/%s.csv" % name).status, 500, name)
        equal(sql("SELECT is_called FROM it_seq"), "f")


@test
def a_database_that_is_down_is_a_503():
    for dsn in ("host=/nonexistent-directory", "host=127.0.0.1 port=1 connect_timeout=2", "dbname=no_such_database", "user=no_such_role"):
        with Server(EXPORTS, {"database": {"dsn": dsn}}) as s:
            r = s.get("/exports/three.csv")
            problem(r, 503, "unavailable")
            equal(s.head("/exports/three.csv").status, 200, "HEAD touches no database")
            problem(s.get("/exports/three.csv?color=red"), 400, "bad_parameter", parameter="color")
            equal(s.get("/healthz", admin=True).status, 200, "the process itself is healthy")


@test
def an_export_works_again_when_the_database_is_back():
    sql("DROP DATABASE IF EXISTS it_late")
    with Server({"three": THREE}, {"database": {"dsn": "dbname=it_late"}}) as s:
        problem(s.get("/exports/three.csv"), 503, "unavailable")
        sql("CREATE DATABASE it_late")
        equal(s.get("/exports/three.csv").body, b"i\n1\n2\n3\n")


@test
def a_query_over_max_duration_is_a_504():
    with Server({"slow": "SELECT pg_sleep(30)", "own": "-- max_duration: 1s\n\nSELECT pg_sleep(30)"}, {"limits": {"max_duration": "1s"}}) as s:
        for name in ("slow", "own"):
            problem(s.get("/exports/%s.csv" % name, timeout=10), 504, "timeout")
    with Server({"own": "-- max_duration: 1s\n\nSELECT pg_sleep(30)"}) as s:
        problem(s.get("/exports/own.csv", timeout=10), 504, "timeout")
        eventually(lambda: active_backends() == 0, 2)


@test
def a_lock_that_does_not_come_is_a_504():
    sql("DROP TABLE IF EXISTS it_locked; CREATE TABLE it_locked (a int)")
    with session("BEGIN; LOCK TABLE it_locked IN ACCESS EXCLUSIVE MODE"):
        with Server({"locked": "SELECT a FROM it_locked"}, {"database": {"lock_timeout": "500ms"}}) as s:
            problem(s.get("/exports/locked.csv", timeout=15), 504, "timeout", sqlstate="55P03")


# HEAD

@test
def head_tells_what_get_would_and_runs_nothing():
    with server() as s:
        got, head = s.get("/exports/three.csv"), s.head("/exports/three.csv")
        equal(head.status, 200)
        equal(head.body, b"")
        for name in ("Content-Type", "Content-Disposition", "Cache-Control", "Accept-Ranges", "Vary", "X-Accel-Buffering"):
            equal(head[name], got[name], name)
        eventually(lambda: s.run_lines())
        equal(len(s.run_lines()), 1, "only GET has run")
        m = s.raw_get("/exports/three.csv", method="HEAD")
        equal((m.status, m.rest), (200, b""), "no body after HEAD")


@test
def head_checks_names_and_access():
    with server() as s:
        for path, status in (("/exports/none.csv", 404), ("/exports/three.csv?color=red", 400), ("/exports/three.csv?_nonsense=1", 400),
                             ("/exports/required.csv", 400), ("/exports/zero.csv", 200), ("/exports/required.csv?id=1", 200)):
            r = s.head(path)
            equal((r.status, r.body), (status, b""), path)
    with Server({"three": THREE}, {"access": {"anonymous": "off"}}) as s:
        equal(s.head("/exports/three.csv").status, 401)


@test
def get_after_head_works_on_one_connection():
    with server() as s:
        c = s.connection()
        for _ in range(3):
            equal(s.head("/exports/three.csv", connection=c).status, 200)
            equal(s.get("/exports/three.csv", connection=c).body, b"i\n1\n2\n3\n")
        c.close()


# What an export's answer says

@test
def the_headers_of_an_export_are_those_of_the_contract():
    with server() as s:
        r = s.get("/exports/three.csv", {"Range": "bytes=0-1"})
        equal(r.status, 200)
        equal(r["Content-Type"], "text/csv; charset=utf-8; header=present")
        matches(r["Content-Disposition"], r'^attachment; filename="?three-\d{4}-\d\d-\d\d\.csv"?($|;)')
        matches(r["X-Run-Id"], r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
        equal(r["X-Accel-Buffering"], "no")
        equal(r["Cache-Control"], "no-store")
        equal(r["Accept-Ranges"], "none")
        true(r["Vary"], "no Vary")
        equal(r["Transfer-Encoding"], "chunked")
        equal(r["Content-Length"], None)
        if r["X-Estimated-Rows"] is not None:
            matches(r["X-Estimated-Rows"], r"^\d+$")


@test
def the_file_name_may_be_chosen():
    exports = dict(EXPORTS, monthly="-- filename: monthly report\n\nSELECT 1 AS a")
    with Server(exports) as s:
        def disposition(path):
            r = s.get(path)
            equal(r.status, 200, repr(r))
            return r["Content-Disposition"]
        matches(disposition("/exports/three.csv?_filename=report.csv"), r'^attachment; filename="?report\.csv"?$')
        matches(disposition("/exports/three.csv?_filename=two%20words.csv"), r'^attachment; filename="two words\.csv"')
        unicode_name = disposition("/exports/three.csv?_filename=B%C3%A9richt%20%E2%82%AC.csv")
        contains(unicode_name, "filename*=UTF-8''B%C3%A9richt%20%E2%82%AC.csv")
        matches(unicode_name, r'; filename="?[ -~]+"?; filename\*=')
        contains(disposition("/exports/monthly.csv"), "monthly report")


@test
def trailers_are_sent_to_who_asks_for_them():
    with server() as s:
        m = s.raw_get("/exports/three.csv", ["TE: trailers"])
        equal((m.status, m.complete, m.body), (200, True, b"i\n1\n2\n3\n"))
        equal({t.strip().lower() for t in m.headers["trailer"].split(",")}, {"x-rows", "x-sha256"})
        equal(m.trailers, {"x-rows": "3", "x-sha256": hashlib.sha256(m.body).hexdigest()})
        for te in ([], ["TE: deflate"], ["TE: trailersx"]):
            m = s.raw_get("/exports/three.csv", te)
            equal((m.complete, m.trailers), (True, {}), repr(te))
        equal(s.raw_get("/exports/three.csv", ["TE: deflate;q=0.5, trailers"]).trailers.get("x-rows"), "3")


@test
def a_connection_is_kept_after_an_export_and_closed_after_its_error():
    with server() as s:
        c = s.connection()
        for _ in range(5):
            equal(s.get("/exports/three.csv", connection=c).body, b"i\n1\n2\n3\n")
        c.close()
        for path in ("/exports/none.csv", "/exports/required.csv", "/exports/zero.csv", "/exports/three.csv?_nonsense=1"):
            # raw() fails when the server keeps the connection open.
            m = Message(s.raw(("GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path).encode(), timeout=5))
            true(m.status >= 400, path)
            equal(m.headers.get("connection", "").lower(), "close", path)
        m = Message(s.raw(b"POST /exports/three.csv HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n", timeout=5))
        equal(m.status, 405)


@test
def pipelined_requests_are_answered_in_order():
    with server() as s:
        data = s.raw(b"GET /exports/three.csv HTTP/1.1\r\nHost: x\r\n\r\nGET /exports/echo.csv?t=x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        first = Message(data)
        equal((first.body, first.complete), (b"i\n1\n2\n3\n", True))
        equal(Message(first.rest).body, b"t\nx\n")


@test
def the_log_has_one_line_for_a_finished_run():
    with server() as s:
        ok, bad = s.get("/exports/three.csv"), s.get("/exports/zero.csv")
        eventually(lambda: len(s.run_lines()) == 2)
        lines = {line["id"]: line for line in s.run_lines()}
        line = lines[ok.run_id]
        equal((line["level"], line["export"], line["state"], line["rows"], line["bytes"]), ("info", "three", "complete", "3", "8"))
        for name in ("ms", "ttfb_ms", "queue_ms"):
            matches(line[name], r"^\d+(\.\d+)?$")
        line = lines[bad.json()["run"]]
        equal((line["state"], line["kind"], line["sqlstate"]), ("failed", "sql", "22012"))


@test
def values_of_good_parameters_are_not_logged():
    with server() as s:
        s.get("/exports/echo.csv?t=very_private_value")
        eventually(lambda: s.run_lines())
        lacks(s.log, "very_private")


# The admin listener

@test
def the_admin_listener_answers_healthz_and_no_exports():
    with server() as s:
        r = s.get("/healthz", admin=True)
        equal(r.status, 200, repr(r))
        equal(s.get("/exports/three.csv", admin=True).status, 404)
        equal(s.head("/healthz", admin=True).status, 200)


@test
def the_admin_listener_refuses_foreign_host_names():
    with server() as s:
        for host, status in (("evil.example", 403), ("evil.example:8081", 403), ("localhost", 200), ("localhost:1", 200),
                             ("127.0.0.1", 200), ("127.0.0.1:8081", 200), ("[::1]:8081", 200), ("10.0.0.7", 200),
                             ("127.0.0.1.evil.example", 403), ("localhost.evil.example", 403)):
            equal(s.get("/healthz", {"Host": host}, admin=True).status, status, host)
    with Server(EXPORTS, {"server": {"admin_hosts": "ops.example, other.example"}}) as s:
        equal(s.get("/healthz", {"Host": "ops.example"}, admin=True).status, 200)
        equal(s.get("/healthz", {"Host": "evil.example"}, admin=True).status, 403)


@test
def both_listeners_work_on_unix_sockets():
    with Server(EXPORTS, listen="unix:public.sock", admin="unix:admin.sock") as s:
        equal(s.get("/exports/three.csv").body, b"i\n1\n2\n3\n")
        equal(s.get("/healthz", admin=True).status, 200)
        true(s.workspace.exists("public.sock"))
    true(not s.workspace.exists("public.sock"), "the socket is gone with the server")


@test
def several_public_listeners_all_answer():
    with Server(EXPORTS, listen="127.0.0.1:0, unix:second.sock") as s:
        equal(len(s.listeners["public"]), 2)
        for address in s.listeners["public"]:
            s.listeners["public"][0] = address
            equal(s.get("/exports/three.csv").body, b"i\n1\n2\n3\n", address)


main()
