#!/usr/bin/env python3
"""Behind HAProxy: over HTTP/1.1 a break is a break; over HTTP/2 HAProxy hides it, and the receipt tells."""

from otherproxies import HAProxy
from proxycases import *

# The last version that is known to hide a break from a client on HTTP/2, and a departure from pgsluice.
HIDES = (2, 6)


@test
def a_whole_file_passes():
    with Server(EXPORTS, CONFIG) as s, HAProxy(s.address) as p:
        passes(s, p, False)


@test
def the_sample_offers_http_1_1_only():
    with Server(EXPORTS, CONFIG) as s, HAProxy(s.address) as p:
        c = fetch(p, "/exports/small.csv", True)
        equal(c.wait(), 0)
        matches(c.head, r"^HTTP/1\.1 200 ")


@test
def a_killed_backend_breaks_the_transfer():
    with Server(EXPORTS, CONFIG) as s, HAProxy(s.address) as p:
        equal(broken(s, p, False, kill_backend), 18)


@test
def a_killed_server_breaks_the_transfer():
    with Server(EXPORTS, CONFIG, exit_code=-signal.SIGKILL) as s, HAProxy(s.address) as p:
        equal(broken(s, p, False, kill_server), 18)


@test
def over_http_2_a_break_is_hidden():
    with Server(EXPORTS, CONFIG) as s, HAProxy(s.address, http_2=True) as p:
        passes(s, p, True)
    with Server(EXPORTS, CONFIG) as s, HAProxy(s.address, http_2=True) as p:
        code = broken(s, p, True, kill_backend)
        diag("HAProxy %d.%d, HTTP/2: curl exits with %d" % (*HAProxy.version(), code))
        if HAProxy.version() <= HIDES:
            equal(code, 0, "curl notices the break now: the sample and its test may offer HTTP/2")
        else:
            true(code in (0, 92), "exit code %d" % code)


@test
def a_departure_is_not_passed_on_while_nothing_is_sent():
    with Server(EXPORTS, CONFIG) as s, HAProxy(s.address) as p:
        told = departure_ends_the_query(p, False)
        diag("HAProxy %d.%d: a client that leaves %s" % (*HAProxy.version(), "ends its query" if told else "is not noticed"))
        if HAProxy.version() <= HIDES:
            equal(told, False, "HAProxy tells now: etc/haproxy/haproxy.cfg says otherwise")


@test
def only_the_public_routes_get_through():
    only_the_public_routes(HAProxy)


@test
def no_log_shows_a_grant_or_a_ticket():
    no_secret_in_the_logs(HAProxy)


@test
def a_client_that_asks_too_often_is_told_so():
    with Server(EXPORTS, CONFIG) as s, HAProxy(s.address) as p:
        c = curl(p.url + "/exports", *p.via, "-w", "%{stderr}status %{http_code}\n", *[p.url + "/exports"] * 79)
        equal(c.wait(), 0)
        got = re.findall(r"^status (\d+)$", c.head, re.M)
        equal(got, ["200"] * 60 + ["429"] * 20)


main()
