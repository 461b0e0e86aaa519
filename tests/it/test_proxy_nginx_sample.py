#!/usr/bin/env python3
"""The files of etc/nginx as they are: what breaks stays broken on every way through, and nothing leaks."""

import signal

from harness import *
from peers import *
from proxies import SampleNginx
from webapp import Application

EXPORTS = {
    "small": "SELECT 1 AS one",
    "some": rows(20000, "NULL AS gate"),
    "gated": rows(20000, gated("g = 6000", 7)),
    "sleepy": "SELECT pg_sleep(30)",
}

CONFIG = {"database": {**PATIENT, "max_exports": 8, "queue_length": 0}}

# What Django does when it hands over.
ACCEL = "X-Accel-Redirect"

# nginx reads ahead into its buffers, and would into a file.
BUFFERED = {"pgsluice-proxy.conf": [("proxy_buffering off;",
                                     "proxy_buffering on; proxy_ignore_headers X-Accel-Buffering;")]}

# As long as a grant's, and easy to find.
TOKEN = "eyJleHBvcnQiOiJvcmRlcnMifQ:1tAbCd:c2lnbmF0dXJlLW9mLXRoZS1ncmFudA"
TICKET = "3f0e7c1a9b5d4e6f8a7b6c5d4e3f2a1b"


def handing_over(export, *headers):
    return Application([(ACCEL, "/_pgsluice/exports/%s.csv" % export), *headers])


def fetch(n, path, http2=False, more=()):
    return curl((n.secure if http2 else n.url) + path, *(n.via_http2 if http2 else n.via), *more)


# The route, whether the client speaks HTTP/2, and the changes to the sample.
WAYS = {
    "public": ("/exports/%s.csv", False, None),
    "public_http_2": ("/exports/%s.csv", True, None),
    "public_buffered": ("/exports/%s.csv", False, BUFFERED),
    "public_buffered_http_2": ("/exports/%s.csv", True, BUFFERED),
    "accel": ("/report", False, None),
    "accel_http_2": ("/report", True, None),
    "accel_buffered": ("/report", False, BUFFERED),
    "accel_buffered_http_2": ("/report", True, BUFFERED),
}


def path_of(route, export):
    return route % export if "%s" in route else route


@each(**WAYS)
def a_whole_file_passes(route, http2, changes):
    with Server(EXPORTS, CONFIG) as s, handing_over("some") as app, SampleNginx(s.address, app, changes) as n:
        c = fetch(n, path_of(route, "some"), http2)
        equal(c.wait(), 0, c.head)
        matches(c.head, r"^HTTP/2 200" if http2 else r"^HTTP/1\.1 200 ")
        equal(c.body, copy(EXPORTS["some"]))
        equal(s.receipt(c.run_id)["state"], "complete")


def breaks(route, http2, changes, cause, **server):
    """Kills something while the export stands at row 6000; curl must see that the file is not whole."""
    whole = copy(EXPORTS["some"])
    with Server(EXPORTS, CONFIG, **server) as s, handing_over("gated") as app, \
            SampleNginx(s.address, app, changes) as n, Gate(7) as gate:
        c = fetch(n, path_of(route, "gated"), http2)
        pid, = gate.reached()
        eventually(lambda: "\r\n\r\n" in c.head, 10, "curl has the head of the answer")
        cause(s, pid)
        equal(c.wait(), 92 if http2 else 18, "exit code of curl: " + c.head)
        true(len(c.body) < len(whole))
        equal(c.body, whole[:len(c.body)], "what came is the beginning of the file")
        return s


@each(**WAYS)
def a_killed_backend_breaks_the_transfer(route, http2, changes):
    s = breaks(route, http2, changes, lambda s, pid: sql("SELECT pg_terminate_backend(%d)" % pid))
    line, = eventually(s.run_lines, 5, "a finished run; one, since nginx must not ask again")
    equal((line["state"], line["kind"]), ("failed", "db_lost"), line)


@each(**WAYS)
def a_killed_server_breaks_the_transfer(route, http2, changes):
    breaks(route, http2, changes, lambda s, pid: os.kill(s.pid, signal.SIGKILL), exit_code=-signal.SIGKILL)


@test
def a_reader_that_iterates_over_lines_is_not_told_and_the_receipt_tells():
    # Python's http.client, read by lines, takes a connection that closes between two chunks for the end.
    # nginx chunks anew, so that every break is there; without a proxy it falls inside a chunk.
    with Server(EXPORTS, CONFIG) as s, SampleNginx(s.address) as n, Gate(7) as gate:
        connection = UnixConnection(n.path("plain"), 60 * SLOW)
        at_end(connection.close)
        connection.request("GET", "/exports/gated.csv")
        r = connection.getresponse()
        pid, = gate.reached()
        sql("SELECT pg_terminate_backend(%d)" % pid)
        lines = list(r)
        true(1 < len(lines) < 20000, "%d lines" % len(lines))
        c = fetch(n, "/runs/" + r.headers["X-Run-Id"])
        equal(c.wait(), 0, c.head)
        equal(json.loads(c.body)["state"], "failed")


@each(public=WAYS["public"], public_http_2=WAYS["public_http_2"], accel=WAYS["accel"],
      accel_http_2=WAYS["accel_http_2"])
def a_departure_is_passed_on(route, http2, changes):
    with Server(EXPORTS, CONFIG) as s, handing_over("sleepy") as app, SampleNginx(s.address, app, changes) as n:
        c = fetch(n, path_of(route, "sleepy"), http2)
        pids = running_since()
        c.kill()
        gone_soon(pids)


@test
def without_http_1_1_upstream_the_answer_is_a_505_that_says_what_to_do():
    mistake = {"pgsluice-proxy.conf": [("proxy_http_version 1.1;", "")]}
    with Server(EXPORTS, CONFIG) as s, handing_over("small") as app, SampleNginx(s.address, app, mistake) as n:
        for path in ("/exports/small.csv", "/report"):
            c = fetch(n, path)
            equal(c.wait(), 0, c.head)
            matches(c.head, r"^HTTP/1\.1 505 ")
            contains(json.loads(c.body)["detail"], "proxy_http_version 1.1")


@test
def a_request_that_failed_is_not_repeated():
    with Application(silent=True) as upstream:
        line = "server %s;" % upstream.address
        with SampleNginx(upstream.address, changes={"pgsluice-http.conf": [(line, line * 2)]}) as n:
            c = fetch(n, "/exports/small.csv")
            equal(c.wait(), 0)
            matches(c.head, r"^HTTP/1\.1 502 ")
            equal(len(upstream.requests), 1)


# ---- who gets in

@test
def the_internal_route_is_unknown_outside():
    with Server(EXPORTS, CONFIG) as s, SampleNginx(s.address) as n:
        for path in ("/_pgsluice/exports/small.csv", "/%5Fpgsluice/exports/small.csv", "//_pgsluice/exports/small.csv",
                     "/exports/../_pgsluice/exports/small.csv"):
            c = fetch(n, path, more=["--path-as-is"])
            equal(c.wait(), 0)
            matches(c.head, r"^HTTP/1\.1 404 ", path)


@test
def neither_the_admin_nor_the_tickets_listener_can_be_reached():
    with Application() as upstream, SampleNginx(upstream.address) as n:
        for path in ("/healthz", "/readyz", "/metrics", "/status", "/runs", "/tickets"):
            c = fetch(n, path, more=["-X", "POST"] if path == "/tickets" else [])
            equal(c.wait(), 0)
            # nginx itself redirects to the name with a slash where there is such a location.
            matches(c.head, r"^HTTP/1\.1 (404|301) ", path)
        equal(upstream.requests, [])


@test
def a_receipt_can_be_read_and_a_run_not_cancelled():
    with Server(EXPORTS, CONFIG) as s, SampleNginx(s.address) as n, Gate(7) as gate:
        running = fetch(n, "/exports/gated.csv")
        gate.reached()
        path = "/runs/" + running.wait_run_id()
        for method in ("DELETE", "POST", "PUT"):
            c = fetch(n, path, more=["-X", method])
            equal(c.wait(), 0)
            matches(c.head, r"^HTTP/1\.1 403 ", method)
        c = fetch(n, path)
        equal(c.wait(), 0)
        equal(json.loads(c.body)["state"], "running")
        c = fetch(n, path, more=["--head"])
        equal(c.wait(), 0)
        matches(c.head, r"^HTTP/1\.1 200 ")
        gate.open()
        equal(running.wait(), 0)


def headers_of(upstream):
    """The one request that came: (method, target, {header: value}, body)."""
    (method, target, headers, body), = upstream.requests
    return method, target, dict(headers), body


SECRETS = ["-H", "Cookie: sessionid=geheim", "-H", "Authorization: Bearer geheim", "-H", "X-Internal: geheim",
           "-H", "Range: bytes=0-5", "-H", "Accept-Encoding: gzip"]


@each(get=([], False), post=(["-d", "action=export&ids=" + "1," * 3000], False), http_2=([], True))
def what_the_browser_sent_to_the_application_stays_there(more, http2):
    with Application() as upstream, Application([(ACCEL, "/_pgsluice/tickets/%s?_run=x%%20y" % TICKET)]) as app, \
            SampleNginx(upstream.address, app) as n:
        c = fetch(n, "/report?month=1", http2, [*SECRETS, *more])
        equal(c.wait(), 0, c.head)
        contains(str(app.requests), "geheim", "the application has its cookie")
        equal(headers_of(upstream), ("GET", "/tickets/%s?_run=x%%20y" % TICKET,
                                     {"host": "localhost", "accept-encoding": "gzip"}, b""))


@test
def no_body_follows_a_request_that_was_handed_over():
    with socket.create_server(("127.0.0.1", 0)) as listener, \
            Application([(ACCEL, "/_pgsluice/tickets/" + TICKET)]) as app, \
            SampleNginx("127.0.0.1:%d" % listener.getsockname()[1], app) as n:
        listener.settimeout(10 * SLOW)
        c = fetch(n, "/report", more=["-d", "action=export"])
        peer = listener.accept()[0]
        at_end(peer.close)
        peer.settimeout(10 * SLOW)
        got = b""
        while b"\r\n\r\n" not in got:
            got += peer.recv(65536)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        got += b"".join(iter(lambda: peer.recv(65536), b""))
        equal(c.wait(), 0, c.head)
        true(got.startswith(b"GET /tickets/") and got.endswith(b"\r\n\r\n"), got)


@test
def no_cookie_and_no_foreign_authorization_reach_the_public_routes():
    for path, allowed in (("/exports", True), ("/exports/small.csv?a=b%20c", True), ("/tables/a.b.csv?c!=d", True), ("/runs/" + TICKET, True),
                          ("/grants/" + TOKEN, False), ("/tickets/" + TICKET, False)):
        with Application() as upstream, SampleNginx(upstream.address) as n:
            equal(fetch(n, path, more=SECRETS).wait(), 0)
            method, target, headers, body = headers_of(upstream)
            equal((method, target, body), ("GET", path, b""))
            lacks(headers, "cookie", path)
            equal(headers.get("authorization"), "Bearer geheim" if allowed else None, path)
            lacks(headers, "connection", path)


# ---- what the client gets

def values(head, name):
    return [line.split(":", 1)[1].strip() for line in head.splitlines() if line.lower().startswith(name + ":")]


@test
def content_disposition_is_the_applications_where_it_sends_one():
    given = 'attachment; filename="users.csv"'
    with Server(EXPORTS, CONFIG) as s, handing_over("small", ("Content-Disposition", given)) as app, \
            SampleNginx(s.address, app) as n:
        c = fetch(n, "/report")
        equal((c.wait(), c.body), (0, b"one\n1\n"), c.head)
        equal(values(c.head, "content-disposition"), [given])


@test
def content_disposition_is_pgsluices_otherwise_and_never_on_an_error():
    with Server(EXPORTS, CONFIG) as s, handing_over("small") as app, SampleNginx(s.address, app) as n:
        for path in ("/report", "/exports/small.csv"):
            c = fetch(n, path)
            equal((c.wait(), c.body), (0, b"one\n1\n"), c.head)
            disposition, = values(c.head, "content-disposition")
            matches(disposition, r'filename="?small-\d{4}')
        c = fetch(n, "/exports/unknown.csv")
        equal(c.wait(), 0)
        equal(values(c.head, "content-disposition"), [])
    with Server(EXPORTS, CONFIG) as s, handing_over("unknown") as app, SampleNginx(s.address, app) as n:
        c = fetch(n, "/report")
        equal(c.wait(), 0)
        matches(c.head, r"^HTTP/1\.1 404 ")
        equal(values(c.head, "content-disposition"), [])


@test
def the_session_cookie_that_the_application_sets_arrives():
    with Server(EXPORTS, CONFIG) as s, handing_over("small", ("Set-Cookie", "sessionid=new")) as app, \
            SampleNginx(s.address, app) as n:
        c = fetch(n, "/report")
        equal(c.wait(), 0)
        equal(values(c.head, "set-cookie"), ["sessionid=new"])
        equal(values(c.head, "content-type"), ["text/csv; charset=utf-8; header=present"])


@test
def settings_of_the_server_block_do_no_harm():
    unfit = """proxy_intercept_errors on; error_page 404 500 503 = /oops; proxy_buffering on; gzip on;
        gzip_types text/csv application/problem+json; gzip_min_length 1; proxy_ignore_client_abort on;
        proxy_set_header Cookie $http_cookie; proxy_next_upstream error timeout http_503;"""
    with Server(EXPORTS, CONFIG) as s, handing_over("unknown") as app, SampleNginx(s.address, app, server=unfit) as n:
        for path in ("/report", "/exports/unknown.csv"):
            c = fetch(n, path, more=["-H", "Accept-Encoding: gzip"])
            equal(c.wait(), 0, c.head)
            matches(c.head, r"^HTTP/1\.1 404 ", path)
            equal(json.loads(c.body)["type"], "urn:pgsluice:not_found")
        c = fetch(n, "/exports/sleepy.csv")
        pids = running_since()
        c.kill()
        gone_soon(pids)


@test
def a_prefix_before_the_public_names_is_all_that_it_takes():
    names = [("location %s/%s {" % (how, name), "location %s/pgsluice/%s {" % (how, name))
             for how, name in (("= ", "exports"), ("^~ ", "exports/"), ("^~ ", "tables/"), ("^~ ", "grants/"), ("^~ ", "tickets/"),
                               ("^~ ", "runs/"))]
    with Server(EXPORTS, CONFIG) as s, SampleNginx(s.address, changes={"pgsluice.conf": names}) as n:
        c = fetch(n, "/pgsluice/exports/some.csv")
        equal(c.wait(), 0, c.head)
        equal(c.body, copy(EXPORTS["some"]))
        receipt = fetch(n, "/pgsluice/runs/" + c.run_id)
        equal(receipt.wait(), 0)
        equal(json.loads(receipt.body)["state"], "complete")
        for name, secret in (("grants", TOKEN), ("tickets", TICKET)):
            c = fetch(n, "/pgsluice/%s/%s" % (name, secret))
            equal(c.wait(), 0)
            contains(c.head, "application/problem+json")
            lacks(n.log("access.log"), secret)
        c = fetch(n, "/exports/some.csv")
        equal(c.wait(), 0)
        matches(c.head, r"^HTTP/1\.1 404 ")


# ---- limits

def statuses(n, urls):
    """The status of each, asked one after the other on one connection."""
    c = curl(urls[0], *n.via, "-w", "%{stderr}status %{http_code}\n", *urls[1:])
    equal(c.wait(), 0, c.head)
    return [int(x) for x in re.findall(r"^status (\d+)$", c.head, re.M)]


@test
def a_client_that_asks_too_often_is_told_so():
    with Server(EXPORTS, CONFIG) as s, handing_over("small") as app, SampleNginx(s.address, app) as n:
        got = statuses(n, [n.url + "/exports"] * 60)
        equal(got[:21], [200] * 21, "at once")
        contains(got, 429)
        # One bucket for all that is open to the public.
        contains(statuses(n, [n.url + "/grants/" + TOKEN] * 30), 429)
        contains(statuses(n, [n.url + "/exports/small.csv"] * 30), 429)
        # Receipts, tickets and what the application hands over are not limited.
        for path in ("/runs/" + TICKET, "/tickets/" + TICKET, "/report"):
            lacks(statuses(n, [n.url + path] * 60), 429, path)


@test
def four_downloads_at_a_time_for_one_address():
    with Server(EXPORTS, CONFIG) as s, SampleNginx(s.address) as n, Gate(7) as gate:
        clients = [fetch(n, "/exports/gated.csv") for _ in range(4)]
        gate.reached(4)
        equal(statuses(n, [n.url + "/exports/small.csv"]), [429])
        gate.open()
        for c in clients:
            equal(c.wait(), 0, c.head)
        eventually(lambda: statuses(n, [n.url + "/exports/small.csv"]) == [200], 10)


# ---- logs

LEAKS = {
    "grant": "/grants/" + TOKEN,
    "grant_with_an_option": "/grants/%s?_run=x" % TOKEN,
    "percent_encoded_grant": "/grants/" + TOKEN.replace(":", "%3A"),
    "ticket": "/tickets/" + TICKET,
    "grant_in_a_query": "/login?next=/grants/" + TOKEN,
    "encoded_grant_in_a_query": "/login?next=%2Fgrants%2F" + TOKEN.replace(":", "%3A"),
    "grant_in_the_referer": ("/page", "-e", "https://example.org/login?next=/grants/" + TOKEN),
    "doubled_slash": "//grants/" + TOKEN,
    "wrong_method": ("/grants/" + TOKEN, "-X", "BREW"),
}


def logged(n):
    """Both logs, once there is a line in the access log for what has been asked."""
    eventually(lambda: n.log("access.log"), 5, "a line in the access log")
    return n.log("access.log") + n.log("error.log")


def shows_no_secret(text):
    for part in TOKEN.split(":") + [TICKET]:
        lacks(text, part)


@each(**LEAKS)
def no_log_shows(path, *more):
    with Server(EXPORTS, CONFIG) as s, SampleNginx(s.address) as n:
        equal(fetch(n, path, more=more).wait(), 0)
        shows_no_secret(logged(n))
        if more[:1] != ("-e",):
            contains(n.log("access.log"), "[cut] HTTP/1.1\" ")


@each(grant="/grants/" + TOKEN, ticket="/tickets/" + TICKET)
def no_log_shows_it_when_pgsluice_is_down(path):
    # A server's own error page is another location, with the access log of the server block.
    with Server(EXPORTS, CONFIG) as s:
        address = s.address
    with SampleNginx(address, server="error_page 502 = /oops;") as n:
        equal(fetch(n, path).wait(), 0)
        shows_no_secret(logged(n) + n.output())


@test
def no_log_shows_what_breaks_or_is_limited():
    with Application(cut=True) as upstream, SampleNginx(upstream.address) as n:
        equal(fetch(n, "/grants/" + TOKEN).wait(), 18)
    with Application() as upstream, SampleNginx(upstream.address) as n:
        contains(statuses(n, [n.url + "/exports"] * 40 + [n.url + "/grants/" + TOKEN]), 429)
        shows_no_secret(logged(n) + n.output())


@test
def the_log_names_the_run_and_keeps_what_is_no_secret():
    with Server(EXPORTS, CONFIG) as s, SampleNginx(s.address) as n:
        c = fetch(n, "/exports/small.csv?x=1")
        equal(c.wait(), 0)
        contains(logged(n), '"GET /exports/small.csv?x=1 HTTP/1.1" 400 ')
        c = fetch(n, "/exports/small.csv")
        equal(c.wait(), 0)
        eventually(lambda: " run=%s " % c.run_id in n.log("access.log"), 5, "the run in the access log")
        equal(fetch(n, "/tickets/42/edit?page=2").wait(), 0)
        eventually(lambda: '"GET /tickets/42/edit?page=2 HTTP/1.1" ' in n.log("access.log"), 5, n.log("access.log"))


main()
