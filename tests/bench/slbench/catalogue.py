"""The catalogue of 1,000 exports, as a page, as JSON and as OpenAPI: how long a client waits for all of it."""
import os
import statistics

from .measure import timed_curl
from .report import heading, spread
from .server import Server

EXPORTS = 1000
RUNS = 11

EXPORT = """\
-- title: Export number %d
-- description: What it is for and who wants it, in a sentence of some length
-- param: since date = 2020-01-01   On or after this day
-- param: until date?   Before this day
-- param: country text   ISO code

SELECT :'since'::date AS since, :'until'::date AS until, :'country'::text AS country
"""


def run(context):
    heading("The catalogue of %d exports: curl, from its start to its end" % EXPORTS)
    server = Server(context)
    for i in range(EXPORTS):
        server.write(os.path.join("exports.d", "export_%d.sql" % i), EXPORT % i)
    with server:
        for name, path, headers in (("page", "exports", ["-H", "Accept: text/html"]), ("json", "exports", []),
                                    ("openapi", "openapi.json", [])):
            took = []
            for _ in range(RUNS):
                transfer = timed_curl("%s/%s" % (server.base, path), *headers)
                took.append(transfer.seconds * 1000)
            print("%s, ms: %s, %d runs, %d kB" % (name, spread(took, "%.1f"), RUNS, transfer.bytes // 1024))
            context.results.add("catalogue." + name, statistics.median(took))
