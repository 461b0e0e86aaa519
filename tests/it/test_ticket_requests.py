#!/usr/bin/env python3
"""What POST /tickets refuses, and that the reason helps a developer and tells nothing else."""

from harness import *
from ticketing import *

MARK = "hush4711"  # stands in what is sent, and must stand in no answer and no log


def bad(s, ticket, status=400, kind="bad_request", **members):
    p = problem(send(s, ticket), status, kind, **members)
    lacks(json.dumps(p), MARK)
    return p["detail"]


@test
def the_secret_is_needed():
    with server() as s:
        for headers in ({}, {"Authorization": "Bearer"}, {"Authorization": "Bearer "}, {"Authorization": SECRET},
                        {"Authorization": "Basic " + SECRET}, {"Authorization": "Bearer " + SECRET[:-1]},
                        {"Authorization": "Bearer %sx" % SECRET}, {"Authorization": "Bearer " + SECRET.upper()}):
            r = send(s, {"sql": "SELECT 1"}, headers)
            problem(r, 401, "unauthorized")
            equal(r["WWW-Authenticate"], "Bearer")
        equal(send(s, {"sql": "SELECT 1"}, {"authorization": "bearer   " + SECRET}).status, 201)
        lacks(s.log, SECRET)


@test
def a_body_is_at_most_256_kib():
    with server() as s:
        def body(n):
            start, end = b'{"sql":"SELECT 1 /* ', b' */"}'
            return start + b"x" * (n - len(start) - len(end)) + end
        equal(send(s, body(262144)).status, 201)
        for n in (262145, 1 << 20):
            problem(send(s, body(n)), 413, "limit")
        problem(send(s, body(1 << 20), {}), 401, "unauthorized")
        problem(send(s, b""), 400, "bad_request")
        problem(send(s, b"", {}), 401, "unauthorized")
        # Too much to be read for the sake of an answer; it is there for who reads before he sends.
        with connection_socket(s) as c:
            c.sendall(b"POST /tickets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 99999999999\r\n\r\n"
                      % SECRET.encode())
            contains(c.recv(65536), b"413")
        # Who has no secret is not told what would be too much.
        with connection_socket(s) as c:
            c.sendall(b"POST /tickets HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n")
            contains(c.recv(65536), b"HTTP/1.1 401")


@test
def the_length_must_be_told():
    with server() as s:
        for more in (b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
                     b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}"):
            with connection_socket(s) as c:
                c.sendall(b"POST /tickets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n" % SECRET.encode() + more)
                contains(c.recv(65536), b"HTTP/1.1 400")


@test
def a_body_that_does_not_come_is_not_waited_for():
    with server() as s:
        with connection_socket(s) as c:
            c.settimeout(15 * SLOW)
            c.sendall(b"POST /tickets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 10\r\n\r\n{"
                      % SECRET.encode())
            equal(c.recv(65536), b"", "what came before the connection was closed")


@test
def several_tickets_on_one_connection():
    with server() as s:
        c = connection(s)
        for i in range(5):
            r = send(s, {"sql": "SELECT %d AS n" % i}, on=c)
            equal(s.get(r.json()["path"]).body, b"n\n%d\n" % i)
        c.close()


@test
def what_is_no_json_object_is_refused():
    with server() as s:
        for body in (b"{", b"[]", b"1", b'"x"', b"null", b'{"sql":"SELECT 1"} x', b'{"sql":"SELECT 1","sql":"SELECT 2"}',
                     b'{"sql":"SELECT \\u0000 1"}', b'{"sql":"SELECT \xff"}', b'{"sql":"\\ud800"}', b"{'sql': 1}", b"hush4711",
                     b'{"sql":"SELECT 1","labels":' + b"[" * 100000 + b"]" * 100000 + b"}", b"[" * 200000, b'{"a":' * 30000,
                     b'{"sql": "SELECT 1", "expires_in": 1e999}', b'{"sql": "SELECT 1", "expires_in": 99999999999999999999}'):
            bad(s, body)
        contains(bad(s, b'{"sql": "SELECT 1"\n  "hush4711": 1}'), "line 2")


@test
def unknown_members_get_a_suggestion():
    with server() as s:
        for member, wanted in {"label": "labels", "Sql": "sql", "setings": "settings", "expires": "expires_in"}.items():
            ticket = {"sql": "SELECT 1", member: "x"}
            if member == "Sql":
                del ticket["sql"]
            detail = bad(s, ticket)
            contains(detail, member)
            if member != "expires":
                contains(detail, "did you mean %s?" % wanted)
        contains(bad(s, {"sql": "SELECT 1", "limits": {"max_row": 1}}), "did you mean max_rows?")
        detail = bad(s, {"sql": "SELECT 1", "options": {"_headers": "off"}})
        contains(detail, "did you mean _header?")


@test
def every_member_has_its_type():
    wrong = {
        "sql": (1, [], {}, True), "labels": ("x", {}, [1], [None], [["a"]], ["a"] * 2000), "format": ("xml", 1, ""),
        "options": ("x", [], {"header": "off"}, {"_run": "x"}, {"_header": 1}, {"_header": ["off"]}),
        "filename": (1, []), "role": (1, ["r"]), "settings": ("x", {"a.b": 1}, {"a.b": None}),
        "limits": (1, {"max_rows": 0}, {"max_rows": -1}, {"max_rows": "10"}, {"max_rows": 1.5}, {"max_rows": True},
                   {"max_bytes": "lots"}, {"max_duration": 0}, {"max_duration": 2 ** 62}, {"max_bytes": 2 ** 62}),
        "run": (1,), "expires_in": (0, 301, -1, "60", 1.5, True),
    }
    with server() as s:
        for member, values in wrong.items():
            for value in values:
                detail = bad(s, {"sql": "SELECT 1", member: value})
                matches(detail, "%s|max_|member run" % member)
        bad(s, {"labels": ["a"]})
        bad(s, {"sql": None})
        for expires_in in (1, 300):
            post(s, "SELECT 1", expires_in=expires_in)
        # What is null is left out.
        post(s, "SELECT 1", labels=None, format=None, options={"_header": None}, filename=None, role=None, settings=None,
             limits={"max_rows": None}, run=None, expires_in=None)


@test
def values_of_options_are_checked_at_the_post():
    with server() as s:
        bad(s, {"sql": "SELECT 1", "options": {"_header": MARK}}, kind="bad_parameter", parameter="_header")
        bad(s, {"sql": "SELECT 1", "run": MARK}, kind="bad_parameter", parameter="_run")
        bad(s, {"sql": "SELECT 1", "filename": "../" + MARK}, kind="bad_parameter", parameter="_filename")
        bad(s, {"sql": "SELECT 1", "filename": "a.csv", "options": {"_filename": "b.csv"}}, kind="bad_parameter",
            parameter="_filename")


@test
def foreign_sql_that_is_no_query_is_a_422():
    with server() as s:
        for query, reason in {
            "DELETE FROM hush4711": "no query",
            "": "no query",
            "-- hush4711": "no query",
            ";": "no query",
            "EXPLAIN ANALYZE SELECT hush4711": "no query",
            "hush4711": "no query",
            "SELECT 1; SELECT hush4711": "second statement",
            "SELECT 1; DROP TABLE hush4711": "second statement",
            "SELECT 1;;": "second statement",
            "SELECT 'hush4711": "literal does not end",
            "SELECT \"hush4711": "quoted name does not end",
            "SELECT E'hush4711\\'": "does not end",
            "SELECT $hush4711$ x": "does not end",
            "SELECT /* hush4711": "comment does not end",
            "SELECT $1 AS hush4711": "parameter",
            "SELECT hush4711\n\\g": "backslash",
            "SELECT hush4711 $ 1": "$",
        }.items():
            detail = bad(s, {"sql": query}, 422, "bad_query")
            contains(detail, reason, query)
            matches(detail, r"line \d+ of the SQL")
        contains(bad(s, {"sql": "SELECT 1\n\n; x"}, 422, "bad_query"), "line 3")
        lacks(s.log, MARK)


@test
def settings_outside_the_patterns_are_a_403():
    with server(config={"access": {"anonymous": "on", "row_settings": "pgsluice.*, app.tenant"}}) as s:
        for name in ("role", "statement_timeout", "app.tenants", "other.x", "pgsluice.", ".pgsluice", "pgsluice.a b",
                     "pgsluice.x\"; x", "pgsluice.1", "pgsluice." + "x" * 60):
            bad(s, {"sql": "SELECT 1", "settings": {name: MARK}}, 403, "forbidden")
        bad(s, {"sql": "SELECT 1", "settings": {"app.tenant": "x" * 1001}}, 403, "forbidden")
        bad(s, {"sql": "SELECT 1", "settings": {"pgsluice.a%d" % i: "" for i in range(17)}})
        equal(s.get(post(s, "SELECT current_setting('pgsluice.user') || current_setting('app.tenant') AS s",
                         settings={"pgsluice.user": "a", "app.tenant": "b"})).body, b"s\nab\n")


@test
def an_export_over_http_1_0_does_not_use_the_ticket():
    with server() as s:
        path = post(s, "SELECT 1 AS one")
        equal(s.raw_get(path, version="HTTP/1.0").status, 505)
        equal(s.get(path).status, 200)


@test
def nothing_of_a_ticket_is_in_the_log():
    with server() as s:
        path = post(s, "SELECT '%s' AS %s" % (MARK, MARK), settings={"pgsluice.x": MARK}, filename=MARK + ".csv")
        contains(s.get(path).body.decode(), MARK)
        s.get(post(s, "SELECT '%s'::int" % MARK))
        s.get(path)
        lacks(s.log, path)
        lacks("\n".join(line for line in s.log.splitlines() if "22P02" not in line), MARK)


main(setup=make_login)
