#!/usr/bin/env python3
"""Signed grants: what stock Django signs runs here, nothing else does, and `pgsluice grant` makes the same thing."""

import hashlib
import json
import threading
import time

from django_signing import KEY, dumps, loads
from gates import PATIENT, Gate, gated, rows
from harness import *

OTHER_KEY = "another key of the tests, as long as it needs"
ORDERS = """-- param: since date = 2020-01-01   From this day on
-- param: tag text?

SELECT g AS id, :'since'::date + g AS day, :'tag' AS tag FROM generate_series(1, 3) AS g
"""
EXPORTS = {
    "orders": ORDERS,
    "needs": "-- param: id int\n\nSELECT :id AS id",
    "who": "SELECT current_user AS who, session_user AS login, current_setting('pgsluice.user', true) AS u",
    "gated": rows(20000, gated("g = 1", 7)),
}


def server(access=None, **sections):
    access = {"anonymous": "off", "grant_key": KEY, **(access or {})}
    return Server(EXPORTS, {"access": access, **sections})


def payload(export="orders", seconds=300, at=None, **members):
    return {"export": export, "exp": int(at or time.time()) + seconds, **members}


def path(token):
    return "/grants/" + token


def granted(export="orders", seconds=300, at=None, **members):
    return path(dumps(payload(export, seconds, at, **members), at=at))


def command(*words, access=None, workspace=None):
    access = {"grant_key": KEY, "grant_roles": "it_*", **(access or {})}
    return run("grant", *words, workspace=workspace or Workspace(EXPORTS, {"access": access}))


def token_of(done):
    equal((done.code, done.err), (0, ""), repr(done))
    line = done.out.decode()
    true(line.startswith("/grants/") and line.endswith("\n") and line.count("\n") == 1, line)
    return line[len("/grants/"):-1]


# What is accepted

@test
def what_stock_django_signs_runs():
    tag = "é, \"x\"; " * 20
    members = {"params": {"since": "2026-01-01", "tag": tag}}
    wanted = copy(ORDERS.split("\n\n")[1].replace(":'since'", "'2026-01-01'").replace(":'tag'", "'%s'" % tag))
    with server() as s:
        for compress in (False, True):
            token = dumps(payload(**members), compress=compress)
            equal(token.startswith("."), compress, token)
            r = s.get(path(token))
            equal((r.status, r.body), (200, wanted), repr(r))
        # Long texts are what compression is for.
        token = dumps(payload(params={"tag": "x" * 20000}))
        true(len(token) < 1000, "%d" % len(token))
        equal(s.get(path(token)).body.count(b"x"), 60000)
        # As a URL that something on the way has escaped.
        equal(s.get(path(dumps(payload()).replace(":", "%3A"))).status, 200)


@test
def the_command_line_makes_what_django_makes():
    now = int(time.time())
    token = token_of(command("orders", "since=2026-01-01", "tag=é", "_header=off", "_run=0b9a1e5e-0dc0-4d11-9b3a-5e1a3e9f0b11",
                             "--expires", "10min", "--role", "it_reader", "--setting", "pgsluice.user=7",
                             "--setting", "pgsluice.team=a=b", "--filename", "my orders.csv", "--format", "csv", "--once"))
    got = loads(token, max_age=60)
    true(now + 600 <= got.pop("exp") <= now + 660)
    equal(got, {"export": "orders", "params": {"since": "2026-01-01", "tag": "é"}, "options": {"_header": "off"},
                "run": "0b9a1e5e-0dc0-4d11-9b3a-5e1a3e9f0b11", "role": "it_reader",
                "settings": {"pgsluice.user": "7", "pgsluice.team": "a=b"}, "filename": "my orders.csv",
                "format": "csv", "once": True})
    got = loads(token_of(command("orders")))
    true(now + 300 <= got.pop("exp") <= now + 360)
    equal(got, {"export": "orders"}, "only what was said is in it")
    with server() as s:
        token = token_of(run("grant", "orders", "tag=by hand", workspace=s.workspace))
        equal(s.get(path(token)).body.count(b"by hand"), 3)


@test
def every_key_verifies_and_the_first_signs():
    keys = {"grant_key": "%s\n  %s" % (OTHER_KEY, KEY)}
    with server(keys) as s:
        for key in (KEY, OTHER_KEY):
            equal(s.get(path(dumps(payload(), key=key))).status, 200, key)
        problem(s.get(path(dumps(payload(), key=KEY + OTHER_KEY))), 403, "forbidden")
    loads(token_of(command("orders", access=keys)), key=OTHER_KEY)


@test
def a_grant_needs_no_token_and_opens_nothing_else():
    with server() as s:
        equal(s.get("/exports/orders.csv").status, 401)
        equal(s.get("/exports").status, 401)
        equal(s.get(granted()).status, 200)
        equal(s.get(granted(), {"Authorization": "Bearer whatever"}).status, 200)
        equal(s.get("/exports/orders.csv").status, 401)


@test
def the_file_is_named_and_made_as_the_grant_says():
    with server() as s:
        r = s.get(granted(filename="Überblick 1.csv", options={"_header": "off"}))
        contains(r["Content-Disposition"], "filename*=UTF-8''%C3%9Cberblick%201.csv")
        equal(r.body.count(b"\n"), 3)
        contains(s.get(granted())["Content-Disposition"], 'filename="orders-')


@test
def head_checks_the_grant_and_touches_no_database():
    with server(database={"dsn": "host=/nonexistent-directory"}) as s:
        r = s.head(granted())
        equal((r.status, r.body), (200, b""))
        contains(r["Content-Type"], "text/csv")
        equal(s.head(granted()[:-1] + "!").status, 403)
        equal(s.head(granted("needs")).status, 400)
        problem(s.get(granted()), 503, "unavailable")


@test
def the_receipt_is_for_whoever_knows_the_id():
    own = "1c9a1e5e-0dc0-4d11-9b3a-5e1a3e9f0b11"
    with server() as s:
        r = s.get(granted() + "?_run=" + own)
        equal((r.status, r.run_id), (200, own))
        receipt = s.receipt(own)
        equal((receipt["state"], receipt["rows"]), ("complete", 3))
        lacks(json.dumps(receipt), "since")
        problem(s.get(granted() + "?_run=" + own), 409, "conflict")
        made = "2d9a1e5e-0dc0-4d11-9b3a-5e1a3e9f0b11"
        equal(s.get(granted(run=made)).run_id, made)
        equal(s.get(granted(run=made) + "?_run=" + own).status, 400, "two ids")


# What is refused

@test
def what_was_not_signed_with_our_key_is_forbidden():
    token = dumps(payload(params={"tag": "secret tag"}))
    data, stamp, signature = token.split(":")
    legacy = dumps(payload(), algorithm="sha1")
    bomb = dumps(payload(params={"tag": "a" * 33000}))
    true(len(bomb) < 1000)
    refused = {
        "altered payload": (data[:-3] + ("AAA" if data[-3:] != "AAA" else "BBB") + ":" + stamp + ":" + signature, "altered"),
        "altered stamp": (":".join([data, stamp[:-1] + ("a" if stamp[-1] != "a" else "b"), signature]), "altered"),
        "altered signature": (":".join([data, stamp, signature[:-4] + "AAAA"]), "altered"),
        "cut": (token[:-1], "cut"),
        "wrong key": (dumps(payload(), key=OTHER_KEY), "key"),
        "wrong salt": (dumps(payload(), salt="django.core.signing"), "pgsluice.grant"),
        "SHA-1": (legacy, "SHA-256"),
        "oversized": (dumps(payload(params={"tag": "".join(map(chr, range(0x4e00, 0x5600)))})), "4096"),
        "zip bomb": (bomb, "32768"),
        "no grant": ("hello", "no grant"),
        "nothing": ("", "no grant"),
    }
    with server() as s:
        for name, (bad, reason) in refused.items():
            p = problem(s.get(path(bad)), 403, "forbidden")
            contains(p["detail"], reason, name)
            for secret in (KEY, OTHER_KEY, "secret tag"):
                lacks(p["detail"], secret, name)
            equal(s.head(path(bad)).status, 403, name)
        equal(s.run_lines(), [])


@test
def a_grant_ends_when_it_says_and_when_the_server_says():
    now = int(time.time())
    with server({"grant_max_age": "1h"}) as s:
        p = problem(s.get(granted(seconds=3600, at=now - 7200)), 403, "forbidden")
        contains(p["detail"], "ago")
        lacks(p["detail"], "clock")
        p = problem(s.get(granted(seconds=3601, at=now)), 403, "forbidden")
        contains(p["detail"], "grant_max_age")
        equal(s.get(granted(seconds=3590, at=now - 5)).status, 200)


@test
def clocks_that_differ_are_named():
    now = int(time.time())
    with server() as s:
        for at, seconds in ((now + 3600, 300), (now - 310, 300)):
            p = problem(s.get(granted(seconds=seconds, at=at)), 403, "forbidden")
            contains(p["detail"], "clocks of the two machines differ")
        equal(s.get(granted(at=now + 10)).status, 200, "ten seconds are no reason to refuse")


@test
def a_malformed_payload_is_the_developers_mistake():
    good = payload()
    mistakes = {
        "unknown member": ({**good, "sql": "SELECT 1"}, "unknown member sql"),
        "near miss": ({**good, "param": {}}, "did you mean params?"),
        "no exp": ({"export": "orders"}, "exp"),
        "float exp": ({**good, "exp": good["exp"] + 0.5}, "int(time.time())"),
        "no object": ([1], "object"),
        "a number": ({**good, "params": {"tag": 5}}, "neither a string nor null"),
        "both": ({**good, "table": "public.t"}, "an export or a table"),
        "nothing to run": ({"exp": good["exp"]}, "an export or a table"),
        "a table with params": ({"table": "public.t", "params": {"a": "1"}, "exp": good["exp"]}, "a table has filters"),
        "filters no object": ({"table": "public.t", "filters": 1, "exp": good["exp"]}, "no object of strings"),
        "format": ({**good, "format": "xml"}, "format"),
        "option": ({**good, "options": {"header": "off"}}, "underscore"),
        "unknown option": ({**good, "options": {"_hedaer": "off"}}, "did you mean _header?"),
        "path": ({**good, "filename": "../x"}, "_filename"),
    }
    with server() as s:
        for name, (made, reason) in mistakes.items():
            r = s.get(path(dumps(made)))
            equal(r.status, 400, "%s: %r" % (name, r))
            contains(r.json()["detail"], reason, name)
        r = s.get(granted(params={"tga": "x"}))
        problem(r, 400, "bad_parameter", parameter="tga")
        problem(s.get(granted("needs")), 400, "bad_parameter", parameter="id")
        problem(s.get(granted("needs", params={"id": "x"})), 400, "bad_parameter", parameter="id")
        equal(s.get(granted("needs", params={"id": "7"})).body, b"id\n7\n")
        problem(s.get(granted("missing")), 404, "not_found")


@test
def the_url_may_add_nothing_but_the_runs_id():
    with server() as s:
        for query in ("since=2026-01-01", "tag=", "_header=off", "_filename=x", "pgsluice.user=8", "role=postgres"):
            problem(s.get(granted() + "?" + query), 400, "bad_request")
        equal(s.get(granted() + "?").status, 200)


@test
def a_role_or_setting_outside_the_patterns_is_forbidden():
    sql("DROP ROLE IF EXISTS it_reader; CREATE ROLE it_reader")
    with server({"grant_roles": "it_*", "row_settings": "pgsluice.*, app.*"}) as s:
        r = s.get(granted("who", role="it_reader", settings={"pgsluice.user": "7"}))
        equal(r.body, b"who,login,u\nit_reader,postgres,7\n")
        equal(s.get(granted("who")).body, b"who,login,u\npostgres,postgres,\n", "nothing stays on the connection")
        for members in ({"role": "postgres"}, {"role": "none"}, {"role": "IT_READER"}, {"settings": {"role": "it_reader"}},
                        {"settings": {"row_security": "off"}}, {"settings": {"other.user": "1"}},
                        {"settings": {"pgsluice.user": "7", "session_authorization": "x"}}):
            problem(s.get(granted("who", **members)), 403, "forbidden")
    with server() as s:
        problem(s.get(granted("who", role="it_reader")), 403, "forbidden")
        equal(s.get(granted("who", settings={"pgsluice.user": "7"})).body[-3:], b",7\n", "by default pgsluice.* is allowed")


@test
def an_empty_role_is_no_role_left_out():
    with server({"grant_roles": "*"}) as s:
        contains(problem(s.get(granted("who", role="")), 400, "bad_request")["detail"], "role is empty")
        equal(s.get(granted("who", role=None)).status, 200)
    done = command("who", "--role", "")
    equal((done.code, done.out), (64, b""), repr(done))


@test
def a_role_that_the_database_does_not_know_is_the_grants_fault():
    exports = {"who": "SELECT 1 AS a", "own": "-- role: it_nobody\n\nSELECT 1 AS a"}
    config = {"access": {"anonymous": "off", "grant_key": KEY, "grant_roles": "it_*"},
              "token t": {"sha256": hashlib.sha256(b"t").hexdigest(), "exports": "*", "role": "it_nobody"}}
    with Server(exports, config) as s:
        p = problem(s.get(granted("who", role="it_nobody")), 403, "forbidden", sqlstate="22023")
        contains(p["detail"], "role or settings of this grant")
        for own in ({}, {"settings": {"pgsluice.user": "7"}}):
            problem(s.get(granted("own", **own)), 500, "sql", sqlstate="22023")
        problem(s.get("/exports/who.csv", {"Authorization": "Bearer t"}), 500, "sql", sqlstate="22023")


@test
def a_target_too_long_for_any_request_is_a_bad_one():
    with server() as s:
        problem(s.get(path("a" * 5000)), 403, "forbidden")
        problem(s.get(path("a" * 9000)), 400, "bad_request")


@test
def a_role_needs_a_login_that_is_a_member_of_it():
    sql("DROP ROLE IF EXISTS it_login, it_member, it_stranger; CREATE ROLE it_login LOGIN; CREATE ROLE it_member ROLE it_login; "
        "CREATE ROLE it_stranger")
    with server({"grant_roles": "it_*"}, database={"dsn": "user=it_login"}) as s:
        equal(s.get(granted("who", role="it_member")).body[:19], b"who,login,u\nit_memb")
        problem(s.get(granted("who", role="it_stranger")), 403, "forbidden", sqlstate="42501")


@test
def without_a_key_there_are_no_grants():
    with server({"grant_key": None}) as s:
        problem(s.get(granted()), 404, "not_found")
        problem(s.get("/grants/x"), 404, "not_found")


@test
def other_methods_and_http_1_0_are_refused():
    with server() as s:
        r = s.request("POST", granted())
        problem(r, 405, "method")
        equal(r["Allow"], "GET, HEAD")
        equal(s.raw_get(granted(), version="HTTP/1.0").status, 505)


# Once

@test
def a_grant_for_one_use_is_used_once():
    with server() as s:
        url = granted(once=True)
        equal(s.head(url).status, 200)
        equal(s.get(url + "?no_such=1").status, 400)
        equal(s.get(url).status, 200, "neither HEAD nor a mistake has used it")
        p = problem(s.get(url), 410, "ticket_gone")
        contains(p["detail"], "has been used")
        equal(s.head(url).status, 410)
        equal(s.get(granted(once=True, params={"tag": "x"})).status, 200, "another one is another one")
        url = granted(once=False)
        equal([s.get(url).status for _ in range(3)], [200] * 3)


@test
def of_many_at_the_same_time_one_uses_it():
    with server() as s:
        url = granted(once=True)
        together = threading.Barrier(8)
        statuses = []
        def ask():
            together.wait()
            statuses.append(s.get(url).status)
        threads = [threading.Thread(target=ask) for _ in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        equal(sorted(statuses), [200] + [410] * 7)


@test
def a_full_house_does_not_use_it_up():
    with server(database={**PATIENT, "max_exports": 1, "queue_length": 0}) as s, Gate(7) as gate:
        answers = []
        first = threading.Thread(target=lambda: answers.append(s.get(granted("gated"))))
        first.start()
        gate.reached()
        url = granted(once=True)
        problem(s.get(url), 503, "busy")
        gate.open()
        first.join()
        equal(answers[0].status, 200)
        equal(s.get(url).status, 200)
        equal(s.get(url).status, 410)


@test
def a_database_that_is_down_does_not_use_it_up():
    w = Workspace()
    with server(database={"dsn": "host=" + w.path("db")}) as s:
        url = granted(once=True)
        for _ in range(2):
            problem(s.get(url), 503, "unavailable")
        os.symlink(os.environ["PGHOST"], w.path("db"))
        equal(s.get(url).status, 200)
        problem(s.get(url), 410, "ticket_gone")


@test
def a_grant_that_expires_while_it_waits_is_not_used_then():
    with server(database={**PATIENT, "max_exports": 1}) as s, Gate(7) as gate:
        answers = []
        def ask(url):
            answers.append(s.get(url))
        first = threading.Thread(target=ask, args=(granted("gated"),))
        first.start()
        gate.reached()
        before = s.threads()
        url = granted(once=True, seconds=2)
        second = threading.Thread(target=ask, args=(url,))
        second.start()
        eventually(lambda: s.threads() > before, 2, "it has come in time, and waits")
        eventually(lambda: s.head(url).status == 403, 5, "it has expired")
        gate.open()
        first.join()
        second.join()
        equal(sorted(r.status for r in answers), [200, 403])
        contains(problem([r for r in answers if r.status == 403][0], 403, "forbidden")["detail"], "waited for a slot")


@test
def two_grants_for_one_use_are_two():
    w = Workspace(EXPORTS, {"access": {"grant_key": KEY}})
    tokens = [token_of(command("orders", "--once", workspace=w)) for _ in range(3)]
    equal(len({loads(token)["run"] for token in tokens}), 3)


# Secrets

@test
def neither_token_nor_key_is_in_the_log():
    with server(log={"level": "debug"}) as s:
        good, once, bad = granted(params={"tag": "a secret tag"}), granted(once=True), granted()[:-2]
        for url in (good, once, once, bad, good + "?x=1", granted("missing"), granted(role="it_secret_role")):
            s.get(url)
        s.raw_get(good, version="HTTP/1.0")
        eventually(lambda: len(s.run_lines()) == 2)
        equal([line["who"] for line in s.run_lines()], ["grant", "grant"])
        for url in (good, once, bad):
            for part in url[len("/grants/"):].split(":"):
                lacks(s.log, part)
        for secret in (KEY, "a secret tag", "it_secret_role"):
            lacks(s.log, secret)


@test
def a_grant_is_only_printed_when_the_server_would_take_it():
    for words, code, reason in (
            (["missing"], 64, "no export"), ([], 64, "pgsluice list"), (["orders", "tga=1"], 65, "tag"),
            (["orders", "tag"], 64, "name=value"), (["orders", "tag=1", "tag=2"], 65, "twice"), (["needs"], 65, "missing"),
            (["orders", "_hedaer=off"], 64, "_header"), (["orders", "--filename", "a/b"], 65, "_filename"),
            (["orders", "--role", "postgres"], 77, "grant_roles"), (["orders", "--setting", "role=x"], 77, "dot"),
            (["orders", "--setting", "x"], 64, "name=value"), (["orders", "--setting", "other.x=1"], 77, "row_settings"),
            (["orders", "--expires", "25h"], 64, "grant_max_age"), (["orders", "--expires", "0s"], 64, "--expires"),
            (["orders", "--expires", "soon"], 64, "5min"), (["orders", "--format", "xml"], 64, "format"),
            (["orders", "_run=7"], 65, "UUID"), (["orders", "--expire", "5min", "--nosuch"], 64, "no option"),
            (["orders", "tag=" + "".join(map(chr, range(0x4e00, 0x5600)))], 65, "4096")):
        done = command(*words)
        equal((done.code, done.out), (code, b""), repr(done))
        contains(done.err, reason)
        lacks(done.err, KEY)


@test
def a_bad_file_is_in_the_way_of_its_own_grants_only():
    w = Workspace({**EXPORTS, "bad": "DELETE FROM t"}, {"access": {"grant_key": KEY}})
    done = command("orders", workspace=w)
    equal(done.code, 0, repr(done))
    contains(done.err, "bad.sql:1: ")
    equal(loads(done.out.decode()[len("/grants/"):-1])["export"], "orders")
    equal(command("bad", workspace=w).code, 78)


@test
def without_a_key_the_command_says_how_to_make_one():
    done = command("orders", access={"grant_key": None})
    equal(done.code, 78, repr(done))
    matches(done.err, r"pgsluice\.conf: .*grant_key_file.*openssl rand")
    done = command("orders", access={"grant_key": "too short"})
    equal(done.code, 78, repr(done))
    matches(done.err, r"pgsluice\.conf:\d+: grant_key is shorter than 32 bytes")
    w = Workspace(EXPORTS, {"access": {"grant_key_file": "keys"}}, files={"keys": KEY + "\n" + OTHER_KEY + "\n"})
    loads(token_of(command("orders", workspace=w)), key=KEY)


@test
def a_pattern_that_no_setting_can_match_is_a_mistake():
    done = command("orders", access={"row_settings": "pgsluice.*, user"})
    equal(done.code, 78, repr(done))
    matches(done.err, r"pgsluice\.conf:\d+: row_settings: .* write pgsluice\.user")


main()
