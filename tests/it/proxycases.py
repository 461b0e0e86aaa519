"""What the tests of HAProxy, Caddy and Apache share: one export that breaks, and what must hold behind each."""

import json
import os
import signal

from harness import *
from peers import *
from webapp import Application

EXPORTS = {
    "small": "SELECT 1 AS one",
    "some": rows(20000, "NULL AS gate"),
    "gated": rows(20000, gated("g = 6000", 7)),
    "sleepy": "SELECT pg_sleep(30)",
}

CONFIG = {"database": {**PATIENT, "max_exports": 8, "queue_length": 0}}

TOKEN = "eyJleHBvcnQiOiJvcmRlcnMifQ:1tAbCd:c2lnbmF0dXJlLW9mLXRoZS1ncmFudA"
TICKET = "3f0e7c1a9b5d4e6f8a7b6c5d4e3f2a1b"


def fetch(p, path, http2=False, more=()):
    return curl(p.url + path, *(p.via_http2 if http2 else p.via), *more)


def passes(s, p, http2, path="/exports/some.csv"):
    """A whole file arrives as it is."""
    c = fetch(p, path, http2)
    equal(c.wait(), 0, c.head)
    matches(c.head, r"^HTTP/2 200" if http2 else r"^HTTP/1\.1 200 ")
    equal(c.body, copy(EXPORTS["some"]))
    equal(s.receipt(c.run_id)["state"], "complete")


def kill_backend(s, pid):
    sql("SELECT pg_terminate_backend(%d)" % pid)


def kill_server(s, pid):
    os.kill(s.pid, signal.SIGKILL)


def broken(s, p, http2, cause, path="/exports/gated.csv"):
    """An export that breaks at row 6000: returns curl's exit code; what came is checked, also to be too little."""
    whole = copy(EXPORTS["some"])
    with Gate(7) as gate:
        c = fetch(p, path, http2)
        pid, = gate.reached()
        eventually(lambda: "\n\r\n" in c.head, 10, "curl has the head of the answer")
        cause(s, pid)
        code = c.wait()
    true(len(c.body) < len(whole))
    equal(c.body, whole[:len(c.body)], "what came is the beginning of the file")
    if cause is kill_backend:
        line, = eventually(s.run_lines, 5, "a finished run; one, since nobody may ask again")
        equal((line["state"], line["kind"]), ("failed", "db_lost"), line)
        receipt = fetch(p, "/runs/" + c.run_id)
        equal(receipt.wait(), 0)
        equal(json.loads(receipt.body)["state"], "failed", "the receipt tells, through the same proxy")
    return code


def departure_ends_the_query(p, http2):
    """Whether the query of a client that leaves is gone soon after; it has sent nothing yet, and would not for long."""
    c = fetch(p, "/exports/sleepy.csv", http2)
    pids = running_since()
    c.kill()
    try:
        gone_soon(pids, 2 * SOON)
    except AssertionError:
        kill_backend(None, *pids)
        return False
    return True


def only_the_public_routes(p_of):
    """Neither another route nor DELETE gets through, no cookie, and Authorization only where it is of use."""
    with Application() as upstream, p_of(upstream.address) as p:
        for path in ("/healthz", "/metrics", "/status", "/tickets", "/_pgsluice/exports/small.csv"):
            c = fetch(p, path)
            equal(c.wait(), 0)
            matches(c.head, r"^HTTP/1\.1 (404|403) ", path)
        for method in ("DELETE", "POST"):
            c = fetch(p, "/runs/" + TICKET, more=["-X", method])
            equal(c.wait(), 0)
            matches(c.head, r"^HTTP/1\.1 40[345] ", method)
        equal(upstream.requests, [])
    for path in ("/exports", "/exports/small.csv?a=b%20c", "/runs/" + TICKET, "/grants/" + TOKEN, "/tickets/" + TICKET):
        with Application() as upstream, p_of(upstream.address) as p:
            c = fetch(p, path, more=["-b", "sessionid=geheim", "-H", "Authorization: Bearer geheim"])
            equal(c.wait(), 0)
            matches(c.head, r"^HTTP/1\.1 200 ", path)
            (method, target, headers, body), = upstream.requests
            equal((method, target, body), ("GET", path, b""))
            lacks(dict(headers), "cookie", path)
            signed = path.startswith(("/grants/", "/tickets/"))
            equal(dict(headers).get("authorization"), None if signed else "Bearer geheim", path)


def no_secret_in_the_logs(p_of):
    """Neither a grant nor a ticket is logged, when all is well and when pgsluice is down."""
    with Server(EXPORTS, CONFIG) as s:
        with p_of(s.address) as p:
            ask_for_secrets(p)
            c = fetch(p, "/exports/small.csv")
            equal(c.wait(), 0)
            eventually(lambda: c.run_id in p.log(), 10, "the run is in the log: " + p.log())
            shows_no_secret(p)
        address = s.address
    with p_of(address) as p:
        ask_for_secrets(p)
        shows_no_secret(p)


def ask_for_secrets(p):
    for path in ("/grants/" + TOKEN, "/grants/" + TOKEN.replace(":", "%3A"), "/tickets/" + TICKET,
                 "/grants/%s?_run=x" % TOKEN, "/grants%2F" + TOKEN, "/exports/x?next=/grants/" + TOKEN):
        equal(fetch(p, path, more=["-e", "https://localhost/login?next=/grants/" + TOKEN]).wait(), 0)


def shows_no_secret(p):
    eventually(lambda: p.log().count("[cut]") >= 3, 10, "lines of the requests in the log: " + p.log())
    for part in [*TOKEN.split(":"), TICKET]:
        lacks(p.log(), part)
