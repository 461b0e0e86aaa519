#!/usr/bin/env python3
"""Tickets and grants through the files of etc/nginx: handed over by the application, redirected to, followed as links."""

import time

import ticketing
from django_signing import KEY, dumps
from harness import *
from peers import *
from proxies import SampleNginx
from webapp import Application

QUERY = rows(20000, gated("g = 6000", 7))
UNGATED = rows(20000, "NULL AS gate")


def server():
    # Nobody gets in but by a ticket or a grant.
    return ticketing.server({"gated": QUERY}, {"access": {"anonymous": "off", "grant_key": KEY}, "database": PATIENT})


def ticket(s):
    return ticketing.post(s, QUERY, filename="users.csv")


def grant(s):
    return "/grants/" + dumps({"export": "gated", "exp": int(time.time()) + 300, "filename": "users.csv"})


def fetch(n, path, http2=False, more=()):
    return curl((n.secure if http2 else n.url) + path, *(n.via_http2 if http2 else n.via), *more)


# What the client is allowed to fetch, whether the application hands it over, and whether the client speaks HTTP/2.
WAYS = {
    "ticket_handed_over": (ticket, True, False),
    "ticket_handed_over_http_2": (ticket, True, True),
    "ticket_redirected_to": (ticket, False, False),
    "ticket_redirected_to_http_2": (ticket, False, True),
    "grant_handed_over": (grant, True, False),
    "grant_followed": (grant, False, False),
    "grant_followed_http_2": (grant, False, True),
}


def through(make, handed_over, http2, work):
    """Calls work(server, nginx, client) with the client at the gate; then looks for secrets in nginx's logs."""
    with server() as s, Gate(7) as gate:
        path = make(s)
        with Application([("X-Accel-Redirect", "/_pgsluice" + path)] if handed_over else []) as app, \
                SampleNginx(s.address, app) as n:
            # A cookie, and an Authorization that is the application's, mean nothing to pgsluice.
            c = fetch(n, "/report" if handed_over else path, http2,
                      ["-b", "sessionid=x", "-H", "Authorization: Basic Zzpz"])
            gate.reached()
            work(s, n, c, gate)
            eventually(lambda: n.log("access.log"), 5, "a line in the access log")
            for part in path.split("/")[2].split(":"):
                lacks(n.log("access.log") + n.log("error.log"), part)


@each(**WAYS)
def a_whole_file_arrives_under_its_name(make, handed_over, http2):
    def work(s, n, c, gate):
        gate.open()
        equal(c.wait(), 0, c.head)
        equal(c.body, copy(QUERY))
        names = re.findall(r"(?im)^content-disposition: *(.*?)\r?$", c.head)
        equal(len(names), 1, names)
        contains(names[0], "users.csv")
        receipt = fetch(n, "/runs/" + c.run_id)
        equal(receipt.wait(), 0)
        equal(json.loads(receipt.body)["state"], "complete")
    through(make, handed_over, http2, work)


@each(**WAYS)
def a_killed_backend_breaks_the_transfer(make, handed_over, http2):
    def work(s, n, c, gate):
        eventually(lambda: "\n\r\n" in c.head, 10, "curl has the head of the answer")
        pid, = gate.waiting()
        sql("SELECT pg_terminate_backend(%d)" % pid)
        equal(c.wait(), 92 if http2 else 18, c.head)
        whole = copy(UNGATED)
        true(len(c.body) < len(whole))
        equal(c.body, whole[:len(c.body)], "what came is the beginning of the file")
        line, = eventually(s.run_lines, 5, "a finished run; one, since nginx must not ask again")
        equal((line["state"], line["kind"]), ("failed", "db_lost"), line)
    through(make, handed_over, http2, work)


@test
def a_ticket_is_used_once_and_not_by_head():
    with server() as s, SampleNginx(s.address) as n:
        path = ticketing.post(s, "SELECT 1 AS one")
        head = fetch(n, path, more=["--head"])
        equal(head.wait(), 0)
        matches(head.head, r"^HTTP/1\.1 200 ")
        first = fetch(n, path)
        equal((first.wait(), first.body), (0, b"one\n1\n"), first.head)
        again = fetch(n, path)
        equal(again.wait(), 0)
        matches(again.head, r"^HTTP/1\.1 410 ")
        equal(json.loads(again.body)["type"], "urn:pgsluice:ticket_gone")


@test
def a_problem_with_what_is_handed_over_reaches_the_client():
    with server() as s, Application([("X-Accel-Redirect", "/_pgsluice/tickets/" + "x" * 32)]) as app, \
            SampleNginx(s.address, app) as n:
        c = fetch(n, "/report")
        equal(c.wait(), 0)
        matches(c.head, r"^HTTP/1\.1 410 ")
        contains(c.head, "application/problem+json")


@each(http_1_1=False, http_2=True)
def a_long_grant_passes(http2):
    token = dumps({"export": "gated", "exp": int(time.time()) + 300, "params": {"x": os.urandom(1200).hex()}},
                  compress=False)
    true(3000 < len(token) <= 4096, len(token))
    with server() as s, SampleNginx(s.address) as n:
        c = fetch(n, "/grants/" + token, http2)
        equal(c.wait(), 0)
        # pgsluice has read it all: there is no such parameter.
        matches(c.head, r"^HTTP/\S+ 400 ")
        equal(json.loads(c.body)["type"], "urn:pgsluice:bad_parameter")


@test
def the_tickets_listener_cannot_be_reached():
    with server() as s, SampleNginx(s.address) as n:
        body = json.dumps({"sql": "SELECT 1"})
        for path in ("/tickets", "/tickets/"):
            c = fetch(n, path, more=["-d", body, "-H", "Authorization: Bearer " + ticketing.SECRET])
            equal(c.wait(), 0)
            matches(c.head, r"^HTTP/1\.1 (301|404|405) ", path)


main(setup=ticketing.make_login)
