#!/usr/bin/env python3
"""Behind Apache: a break is a break, over HTTP/1.1 and HTTP/2."""

import gzip

from otherproxies import Apache
from proxycases import *


@each(http_1_1=False, http_2=True)
def a_whole_file_passes(http2):
    with Server(EXPORTS, CONFIG) as s, Apache(s.address) as p:
        passes(s, p, http2)


@each(http_1_1=(False, 18), http_2=(True, 92))
def a_killed_backend_breaks_the_transfer(http2, code):
    with Server(EXPORTS, CONFIG) as s, Apache(s.address) as p:
        equal(broken(s, p, http2, kill_backend), code)


@each(http_1_1=(False, 18), http_2=(True, 92))
def a_killed_server_breaks_the_transfer(http2, code):
    with Server(EXPORTS, CONFIG, exit_code=-signal.SIGKILL) as s, Apache(s.address) as p:
        equal(broken(s, p, http2, kill_server), code)


@each(http_1_1=False, http_2=True)
def a_departure_is_not_passed_on_while_nothing_is_sent(http2):
    with Server(EXPORTS, CONFIG) as s, Apache(s.address) as p:
        equal(departure_ends_the_query(p, http2), False, "Apache tells now: etc/apache/pgsluice.conf says otherwise")


@test
def nothing_is_compressed_on_the_way():
    """Of what Apache could compress, pgsluice is asked for none: Apache would have to do it itself."""
    with Server(EXPORTS, CONFIG) as s, Apache(s.address) as p:
        c = fetch(p, "/exports/some.csv", more=["-H", "Accept-Encoding: gzip;q=0, deflate"])
        equal(c.wait(), 0)
        lacks(c.head.lower(), "content-encoding")
        equal(c.body, copy(EXPORTS["some"]))


@test
def what_pgsluice_has_compressed_is_passed_on():
    with Server(EXPORTS, CONFIG) as s, Apache(s.address) as p:
        c = fetch(p, "/exports/some.csv", more=["-H", "Accept-Encoding: gzip"])
        equal(c.wait(), 0)
        contains(c.head.lower(), "content-encoding: gzip")
        equal(gzip.decompress(c.body), copy(EXPORTS["some"]))


@test
def only_the_public_routes_get_through():
    only_the_public_routes(Apache)


@test
def no_log_shows_a_grant_or_a_ticket():
    no_secret_in_the_logs(Apache)


main()
