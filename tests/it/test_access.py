#!/usr/bin/python3
"""Who may run what: bearer tokens with patterns, anonymous callers, hidden exports, receipts of others."""

import hashlib

from harness import *

ALICE, BOB, CAROL = "alice-secret", "bob.secret+with/more~1=", "carol-secret"

EXPORTS = {
    "orders": "SELECT 1 AS orders",
    "report_daily": "SELECT 2 AS report",
    "public-list": "SELECT 3 AS public",
    "secret": "SELECT 4 AS secret",
    "slow": "SELECT pg_sleep(60)",
    "who": "SELECT current_user AS who, session_user AS login",
}


def digest(token):
    return hashlib.sha256(token.encode()).hexdigest()


def bearer(token):
    return {"Authorization": "Bearer " + token}


def server(mode="off", **sections):
    config = {
        "access": {"anonymous": mode},
        "token alice": {"sha256": digest(ALICE), "exports": "orders, report_*, slow"},
        "token bob": {"sha256": digest(BOB), "exports": "*"},
        "token carol": {"sha256": digest(CAROL)},
    }
    config.update({name.replace("_", " ", 1) if name.startswith("token_") else name: keys for name, keys in sections.items()})
    return Server(EXPORTS, config)


def without_names(body, *names):
    for name in names:
        body = body.replace(name.encode(), b"NAME")
    return body


@test
def without_a_token_the_answer_is_401_and_says_how():
    with server() as s:
        for headers in ({}, {"Authorization": ""}, {"Authorization": "Bearer"}, {"Authorization": "Bearer "}, {"Authorization": "Basic YTpi"},
                        bearer("wrong"), bearer(ALICE + "x"), bearer(ALICE[:-1]), {"Authorization": "Bearer" + ALICE}, bearer(digest(ALICE))):
            for path in ("/exports/orders.csv", "/exports/none.csv"):
                r = s.get(path, headers)
                problem(r, 401, "unauthorized")
                matches(r["WWW-Authenticate"], r"^Bearer\b")
            equal(s.head("/exports/orders.csv", headers).status, 401)
        equal(s.run_lines(), [], "nothing has run")


@test
def a_token_opens_what_its_patterns_name():
    with server() as s:
        equal(s.get("/exports/orders.csv", bearer(ALICE)).body, b"orders\n1\n")
        equal(s.get("/exports/report_daily.csv", bearer(ALICE)).body, b"report\n2\n")
        equal(s.get("/exports/secret.csv", bearer(BOB)).body, b"secret\n4\n")
        equal(s.get("/exports/orders.csv", {"authorization": "bearer " + ALICE}).status, 200, "the scheme has no case")


@test
def what_a_caller_may_not_see_is_told_as_what_does_not_exist():
    with server() as s:
        for token, name in ((ALICE, "secret"), (ALICE, "public-list"), (CAROL, "orders")):
            hidden = s.get("/exports/%s.csv" % name, bearer(token))
            missing = s.get("/exports/missing.csv", bearer(token))
            problem(hidden, 404, "not_found")
            equal(without_names(hidden.body, name), without_names(missing.body, "missing"))
            equal(sorted(hidden.headers.keys()), sorted(missing.headers.keys()))
            # Also the parameters of what is hidden stay hidden.
            equal(s.get("/exports/%s.csv?no_such=1" % name, bearer(token)).status, 404)
            equal(s.head("/exports/%s.csv" % name, bearer(token)).status, 404)
            equal(s.request("POST", "/exports/%s.csv" % name, bearer(token)).status,
                  s.request("POST", "/exports/missing.csv", bearer(token)).status)


@test
def two_tokens_in_one_request_are_refused():
    with server() as s:
        r = s.get("/exports/orders.csv", {"Authorization": ["Bearer " + ALICE, "Bearer " + BOB]})
        true(r.status in (400, 401), repr(r))


@test
def anonymous_callers_may_run_everything_when_nothing_says_otherwise():
    with server("on") as s:
        equal(s.get("/exports/secret.csv").status, 200)
        equal(s.get("/exports/orders.csv", bearer(ALICE)).status, 200)
        problem(s.get("/exports/secret.csv", bearer(ALICE)), 404, "not_found")
        problem(s.get("/exports/orders.csv", bearer("wrong")), 401, "unauthorized")


@test
def the_anonymous_section_says_what_they_may_run():
    with server("on", anonymous={"exports": "public-*"}) as s:
        equal(s.get("/exports/public-list.csv").body, b"public\n3\n")
        hidden, missing = s.get("/exports/secret.csv"), s.get("/exports/missing.csv")
        problem(hidden, 404, "not_found")
        equal(without_names(hidden.body, "secret"), without_names(missing.body, "missing"))
    with server("on", anonymous={"exports": None, "tables": ""}) as s:
        equal(s.get("/exports/orders.csv").status, 404, "an [anonymous] section without exports opens none")
    with server("off", anonymous={"exports": "*"}) as s:
        equal(s.get("/exports/orders.csv").status, 401, "anonymous = off closes the section")


@test
def a_receipt_is_for_the_token_that_ran_it():
    with server("on") as s:
        mine = s.get("/exports/orders.csv", bearer(ALICE)).run_id
        equal(s.receipt(mine, bearer(ALICE))["state"], "complete")
        for headers in (bearer(BOB), {}):
            r = s.get("/runs/" + mine, headers)
            problem(r, 404, "not_found")
            unknown = s.get("/runs/00000000-0000-4000-8000-000000000000", headers)
            equal(without_names(r.body, mine), without_names(unknown.body, "00000000-0000-4000-8000-000000000000"))
        problem(s.get("/runs/" + mine, bearer("wrong")), 401, "unauthorized")
        open_to_all = s.get("/exports/orders.csv").run_id
        equal(s.receipt(open_to_all)["state"], "complete")
        equal(s.receipt(open_to_all, bearer(BOB))["state"], "complete", "whoever knows the id of an anonymous run")
    with server("off") as s:
        mine = s.get("/exports/orders.csv", bearer(ALICE)).run_id
        true(s.get("/runs/" + mine).status in (401, 404))


@test
def only_the_token_that_started_a_run_cancels_it():
    with server("on") as s:
        own = "aaaaaaaa-0dc0-4d11-9b3a-5e1a3e9f0b11"
        with s.connect() as c:
            c.sendall(("GET /exports/slow.csv?_run=%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n" % (own, ALICE)).encode())
            # Not while it waits: a run that the database never saw leaves no receipt.
            eventually(lambda: s.get("/runs/" + own, bearer(ALICE)).status == 200
                       and s.receipt(own, bearer(ALICE), final=False)["state"] == "running")
            for headers in (bearer(BOB), {}):
                problem(s.delete("/runs/" + own, headers), 404, "not_found")
            true(s.receipt(own, bearer(ALICE), final=False)["state"] in ("queued", "running"))
            true(s.delete("/runs/" + own, bearer(ALICE)).status in (200, 202, 204))
            equal(s.receipt(own, bearer(ALICE))["state"], "cancelled")


@test
def an_own_id_of_another_caller_is_a_conflict_that_tells_nothing():
    with server("on") as s:
        own = "bbbbbbbb-0dc0-4d11-9b3a-5e1a3e9f0b11"
        equal(s.get("/exports/orders.csv?_run=" + own, bearer(ALICE)).status, 200)
        r = s.get("/exports/orders.csv?_run=" + own, bearer(BOB))
        problem(r, 409, "conflict")
        lacks(r.text, "alice")


@test
def a_token_may_run_as_a_role():
    sql("DROP ROLE IF EXISTS it_seller; CREATE ROLE it_seller; DROP ROLE IF EXISTS it_guest; CREATE ROLE it_guest")
    sections = {"token_seller": {"sha256": digest("seller"), "exports": "who", "role": "it_seller"},
                "anonymous": {"exports": "who", "role": "it_guest"}}
    with server("on", **sections) as s:
        equal(s.get("/exports/who.csv", bearer("seller")).body, b"who,login\nit_seller,postgres\n")
        equal(s.get("/exports/who.csv").body, b"who,login\nit_guest,postgres\n")
        equal(s.get("/exports/who.csv", bearer(BOB)).body, b"who,login\npostgres,postgres\n", "no role stays on the connection")


@test
def an_exports_own_role_holds_for_everyone():
    sql("DROP ROLE IF EXISTS it_report; CREATE ROLE it_report")
    with Server({"who": "-- role: it_report\n\nSELECT current_user AS who", "plain": "SELECT current_user AS who"}) as s:
        equal(s.get("/exports/who.csv").body, b"who\nit_report\n")
        equal(s.get("/exports/plain.csv").body, b"who\npostgres\n")


@test
def tokens_appear_nowhere():
    with server() as s:
        for token in (ALICE, BOB, "a-wrong-token"):
            body = s.get("/exports/orders.csv", bearer(token)).body
            true(token.encode() not in body, repr(body))
        eventually(lambda: len(s.run_lines()) == 2)
        for token in (ALICE, BOB, "a-wrong-token", digest(ALICE)):
            lacks(s.log, token)


@test
def health_needs_no_token():
    with server() as s:
        equal(s.get("/healthz", admin=True).status, 200)


main()
