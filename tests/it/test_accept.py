#!/usr/bin/env python3
"""An export without an ending takes the format that Accept wants most; with one, Accept is nothing."""

from harness import *

EXPORTS = {
    "e": "SELECT 1 AS a, 'x' AS b",
    "named": "-- filename: orders of today.csv\n\nSELECT 1 AS a",
    "plain": "-- filename: orders of today\n\nSELECT 1 AS a",
    "report": "-- filename: report.txt\n\nSELECT 1 AS a",
}


def ending(response):
    """What the file's name ends in, behind its first dot."""
    equal(response.status, 200, repr(response))
    return re.search(r'filename="[^".]*\.([^"]*)"', response["Content-Disposition"]).group(1)


@each(
    nothing=(None, "csv"),
    anything=("*/*", "csv"),
    csv=("text/csv", "csv"),
    tsv=("text/tab-separated-values", "tsv"),
    jsonl=("application/jsonl", "jsonl"),
    ndjson=("application/x-ndjson", "jsonl"),
    curl_with_two=(["text/csv;q=0.5", "application/jsonl"], "jsonl"),
    a_browser=("text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8", "csv"),
    weights=("text/csv;q=0.2, text/tab-separated-values;q=0.9, application/jsonl;q=0.3", "tsv"),
    not_csv=("text/csv;q=0, */*;q=0.1", "tsv"),
    none_of_them=("application/json-seq, image/png", "csv"),
    refused_all=("*/*;q=0", "csv"),
    malformed=(";;q=,,\"", "csv"),
)
def the_format_is_what_accept_wants_most(value, wanted):
    with Server(EXPORTS) as s:
        headers = {} if value is None else {"Accept": value}
        whole = s.get("/exports/e." + wanted)
        for method in ("GET", "HEAD"):
            r = s.request(method, "/exports/e", headers)
            equal(ending(r), wanted, method)
            equal(r["Content-Type"], whole["Content-Type"])
            equal(r["Vary"], "Accept, Accept-Encoding")
        equal(s.get("/exports/e", headers).body, whole.body)


@test
def with_an_ending_accept_is_nothing():
    with Server(EXPORTS) as s:
        for name in ("csv", "tsv.gz", "jsonl"):
            r = s.get("/exports/e." + name, {"Accept": "text/tab-separated-values"})
            equal((ending(r), r["Vary"]), (name, "Accept-Encoding"))


@test
def what_is_named_wrongly_is_not_found_as_ever():
    with Server(EXPORTS, {"token bob": {"sha256": "0" * 64, "exports": "e"}, "access": {"anonymous": "off"}}) as s:
        equal(s.get("/exports/e").status, 401)
    with Server(EXPORTS, {"anonymous": {"exports": "named"}}) as s:
        unknown = problem(s.get("/exports/unknown"), 404, "not_found")
        equal(problem(s.get("/exports/e"), 404, "not_found"), unknown, "what the caller may not see")
        for path in ("/exports/named.", "/exports/named.xml", "/exports/named.gz", "/exports/.csv", "/exports/named.csv.",
                     "/exports/named/csv", "/exports/NAMED"):
            problem(s.get(path), 404, "not_found")
        r = s.delete("/exports/named")
        equal((r.status, r["Allow"]), (405, "GET, HEAD"))


@test
def parameters_and_options_are_those_of_any_export():
    with Server({"p": "-- param: n int\n\nSELECT :n AS n, 2 AS m"}) as s:
        equal(s.get("/exports/p?n=5&_columns=n").body, b"n\n5\n")
        problem(s.get("/exports/p"), 400, "bad_parameter", parameter="n")
        # What an option means, the format says.
        p = problem(s.get("/exports/p?n=5&_delimiter=tab", {"Accept": "application/jsonl"}), 400, "bad_parameter")
        contains(p["detail"], ".jsonl")


@test
def accept_encoding_is_a_choice_of_its_own():
    with Server({"long": "SELECT repeat('x', 100) AS t FROM generate_series(1, 1000)"}) as s:
        r = s.get("/exports/long", {"Accept": "text/csv", "Accept-Encoding": "gzip"})
        equal((r["Content-Encoding"], ending(r)), ("gzip", "csv"))


@each(
    csv=("csv", "orders of today.csv", "orders of today", "report.txt"),
    csv_gz=("csv.gz", "orders of today.csv.gz", "orders of today.gz", "report.txt.gz"),
    tsv=("tsv", "orders of today.tsv", "orders of today.tsv", "report.txt.tsv"),
    jsonl_zst=("jsonl.zst", "orders of today.jsonl.zst", "orders of today.jsonl.zst", "report.txt.jsonl.zst"),
)
def the_exports_own_file_name_ends_in_the_format(name, *wanted):
    with Server(EXPORTS) as s:
        for export, file in zip(("named", "plain", "report"), wanted):
            contains(s.head("/exports/%s.%s" % (export, name))["Content-Disposition"], 'filename="%s"' % file)
        r = s.head("/exports/named.%s?_filename=as-I-say" % name)
        contains(r["Content-Disposition"], 'filename="as-I-say"')


main()
