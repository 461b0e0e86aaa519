#!/usr/bin/env python3
"""Through nginx: a broken transfer stays broken, a departure is passed on, and HTTP/1.0 is refused."""

import json

from harness import *
from peers import *

EXPORTS = {
    "small": "SELECT 1 AS one",
    "some": rows(20000, "NULL AS gate"),
    "gated": rows(20000, gated("g = 6000", 7)),
    "sleepy": "SELECT pg_sleep(30)",
    "endless": ENDLESS,
}

CONFIG = {"database": {**PATIENT, "max_exports": 2, "queue_length": 0}}

UNBUFFERED = Nginx.MODERN + " proxy_buffering off; proxy_next_upstream off;"
BUFFERED = Nginx.MODERN + " proxy_ignore_headers X-Accel-Buffering; proxy_next_upstream off;"
GZIP = BUFFERED + " gzip on; gzip_types text/csv; gzip_proxied any;"


@each(unbuffered=UNBUFFERED, buffered=BUFFERED, header_only=Nginx.MODERN)
def a_whole_file_passes(location):
    whole = copy(EXPORTS["some"])
    with Server(EXPORTS, CONFIG) as s, Nginx(s, location) as n:
        for _ in range(2):
            c = curl(n.url + "/exports/some.csv", *n.via)
            equal(c.wait(), 0, c.head)
            equal(c.body, whole)
            equal(s.receipt(c.run_id)["state"], "complete")


def breaks(location, code, listen="", more=()):
    whole = copy(EXPORTS["some"])
    with Server(EXPORTS, CONFIG) as s, Nginx(s, location, listen) as n, Gate(7) as gate:
        c = curl(n.url + "/exports/gated.csv", *n.via, *more)
        pid, = gate.reached()
        sql("SELECT pg_terminate_backend(%d)" % pid)
        equal(c.wait(), code, "exit code of curl: " + c.head)
        equal(c.body, whole[:len(c.body)], "what came is the beginning of the file")
        line, = eventually(s.run_lines, 5, "a finished run; one, since nginx must not ask again")
        equal((line["state"], line["kind"]), ("failed", "db_lost"), line)


@each(unbuffered=UNBUFFERED, buffered=BUFFERED, header_only=Nginx.MODERN)
def a_broken_transfer_stays_broken(location):
    breaks(location, 18)


@test
def a_broken_transfer_stays_broken_when_nginx_compresses():
    breaks(GZIP, 18, more=["--compressed"])


@test
def a_broken_transfer_stays_broken_over_http_2():
    breaks(UNBUFFERED, 92, "http2", ["--http2-prior-knowledge"])


@test
def a_default_nginx_speaks_http_1_0_and_gets_a_505_that_says_what_to_do():
    with Server(EXPORTS, CONFIG) as s, Nginx(s, "") as n:
        c = curl(n.url + "/exports/small.csv", *n.via, "-f")
        equal(c.wait(), 22, c.head)
        matches(c.head, r"^HTTP/1\.1 505 ")
        c = curl(n.url + "/exports/small.csv", *n.via)
        equal(c.wait(), 0, c.head)
        contains(json.loads(c.body)["detail"], "proxy_http_version 1.1")


@each(unbuffered=UNBUFFERED, buffered=BUFFERED)
def a_departure_is_passed_on(location):
    with Server(EXPORTS, CONFIG) as s, Nginx(s, location) as n:
        c = curl(n.url + "/exports/sleepy.csv", *n.via)
        pids = running_since()
        c.kill()
        gone_soon(pids)


@test
def a_departure_in_mid_transfer_is_passed_on():
    with Server(EXPORTS, CONFIG) as s, Nginx(s, UNBUFFERED) as n:
        c = curl(n.url + "/exports/endless.csv", *n.via, "--limit-rate", "100k")
        pids = [quiet_backend()]
        c.kill()
        gone_soon(pids)


@test
def a_full_house_passes_with_retry_after():
    with Server(EXPORTS, CONFIG) as s, Nginx(s, UNBUFFERED) as n, Gate(7) as gate:
        clients = [curl(n.url + "/exports/gated.csv", *n.via) for _ in range(2)]
        gate.reached(2)
        c = curl(n.url + "/exports/small.csv", *n.via)
        equal(c.wait(), 0)
        matches(c.head, r"^HTTP/1\.1 503 ")
        matches(c.head, r"(?i)\nretry-after: [1-9]")
        equal(json.loads(c.body)["type"], "urn:pgsluice:busy")
        gate.open()
        for c in clients:
            equal(c.wait(), 0)


main()
