#!/usr/bin/env python3
"""Behind Caddy: up to 2.7 it hides every break, and the receipt tells; later versions pass it on."""

from otherproxies import Caddy
from proxycases import *

HIDES = (2, 7)


def expected(http2):
    if Caddy.version() <= HIDES:
        return 0
    return 92 if http2 else 18


@each(http_1_1=False, http_2=True)
def a_whole_file_passes(http2):
    with Server(EXPORTS, CONFIG) as s, Caddy(s.address) as p:
        passes(s, p, http2)


@each(http_1_1=False, http_2=True)
def a_killed_backend_is_hidden_by_old_versions(http2):
    with Server(EXPORTS, CONFIG) as s, Caddy(s.address) as p:
        code = broken(s, p, http2, kill_backend)
        diag("Caddy %d.%d, %s: curl exits with %d" % (*Caddy.version(), "HTTP/2" if http2 else "HTTP/1.1", code))
        equal(code, expected(http2))


@each(http_1_1=False, http_2=True)
def a_killed_server_is_hidden_by_old_versions(http2):
    with Server(EXPORTS, CONFIG, exit_code=-signal.SIGKILL) as s, Caddy(s.address) as p:
        equal(broken(s, p, http2, kill_server), expected(http2))


@each(http_1_1=False, http_2=True)
def a_departure_is_passed_on(http2):
    with Server(EXPORTS, CONFIG) as s, Caddy(s.address) as p:
        true(departure_ends_the_query(p, http2))


@test
def only_the_public_routes_get_through():
    only_the_public_routes(Caddy)


@test
def no_log_shows_a_grant_or_a_ticket():
    no_secret_in_the_logs(Caddy)


@each(get=(), post=("-d", "action=export"))
def what_the_browser_sent_to_the_application_stays_there(*more):
    with Application() as upstream, Application([("X-Accel-Redirect", "/_pgsluice/tickets/" + TICKET)]) as app, \
            Caddy(upstream.address, app) as p:
        c = fetch(p, "/report?month=1", more=["-b", "sessionid=geheim", "-H", "Authorization: Basic Zzpz", *more])
        equal(c.wait(), 0, c.head)
        lacks(c.head.lower(), "x-accel")
        contains(str(app.requests), "geheim")
        if more and Caddy.version() <= HIDES:
            # The body has gone to the application, but Caddy still promises it to pgsluice.
            matches(c.head, r"^HTTP/1\.1 502 ")
            return
        matches(c.head, r"^HTTP/1\.1 200 ")
        (method, path, headers, body), = upstream.requests
        equal((method, path, body), ("GET", "/tickets/" + TICKET, b""))
        lacks(dict(headers), "cookie")
        lacks(dict(headers), "authorization")


@test
def a_handed_over_export_arrives():
    with Server(EXPORTS, CONFIG) as s, Application([("X-Accel-Redirect", "/_pgsluice/exports/some.csv")]) as app, \
            Caddy(s.address, app) as p:
        passes(s, p, False, "/report")


main()
