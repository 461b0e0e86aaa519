#!/usr/bin/python3
"""Each run tells the most that its buffers held: in its receipt, in the log, in a metric; and who takes more than
[limits] memory is named."""

import json

from harness import *
from peers import *
from scraping import scrape

KB, MB = 1 << 10, 1 << 20

MEMORY = 2 * MB          # the default of [limits] memory
BLOCK = 256 * KB


def wide(size, n=1):
    return "SELECT repeat('x', %d) AS body FROM generate_series(1, %d)" % (size, n)


INTEGERS = ("SELECT g, g + 1000000 AS a, (CASE WHEN g = 600 THEN pg_advisory_xact_lock_shared(7)::text END)::int AS gate "
            "FROM (SELECT generate_series(1, 2000) AS g) s")

EXPORTS = {
    "small": "SELECT 1 AS one",
    "ordinary": "SELECT g, g + 1 AS a, md5(g::text) AS b, 'text ' || g AS c FROM (SELECT generate_series(1, 100000) AS g) s",
    "integers": "SELECT g, g + 1 AS a, g + 2 AS b FROM (SELECT generate_series(1, 200000) AS g) s",
    "wide": wide(3 * MB, 4),
    "too_wide": wide(5 * MB + 1),
    "far_too_wide": wide(20 * MB),
    "endless": ENDLESS,
    # Rows that pass max_bytes only when they are shown, while the database is slow over the next ones.
    "too_long": "-- max_bytes: 1000B\n\n" + rows(1000, gated("g = 100", 7)),
    "too_long_by_numbers": "-- max_bytes: 300B\n\n" + INTEGERS,
}


def server(**limits):
    return Server(EXPORTS, {"database": PATIENT, "limits": {"max_row": "5MB", **limits}})


def told(s, run_id):
    """What a run's receipt tells, which is what its log line tells."""
    # The line is the last that a run does: a receipt that says `cancelled` may still grow.
    line, = eventually(lambda: [x for x in s.run_lines() if x["id"] == run_id])
    peak = s.receipt(run_id)["peak_memory"]
    equal(int(line["peak_memory"]), peak, "the log and the receipt")
    return peak


def warnings(s):
    return [f for f in map(logfmt, s.log.splitlines()) if f.get("msg") == "memory"]


def between(got, low, high, what):
    true(low <= got <= high, "%s: %d bytes, not within %d and %d" % (what, got, low, high))


@each(text="ordinary", integers="integers")
def an_export_of_narrow_rows_stays_within_its_memory_and_tells_so(name):
    with server() as s:
        peak = told(s, s.get("/exports/%s.csv" % name).run_id)
        between(peak, BLOCK, MEMORY, name)
        equal(warnings(s), [])
        m = scrape(s)
        equal(m("pgsluice_export_peak_memory_bytes_sum", export=name), peak)
        equal(m("pgsluice_memory_exceeded_total", export=name), 0)


@test
def half_the_memory_is_half_the_peak():
    with server(memory="512kB") as s:
        peak = told(s, s.get("/exports/ordinary.csv").run_id)
        between(peak, 64 * KB, 512 * KB, "with 512 kB")
        equal(warnings(s), [])


@test
def a_wide_row_counts_as_libpq_has_it_and_is_named_once():
    with server() as s:
        run_id = s.get("/exports/wide.csv").run_id
        peak = told(s, run_id)
        between(peak, 3 * MB * 22 // 10, 3 * MB * 22 // 10 + MEMORY, "rows of 3 MB")
        warning, = warnings(s)
        equal((warning["id"], warning["export"], warning["who"], warning["level"]),
              (run_id, "wide", "anonymous", "warning"))
        equal((int(warning["limit"]), int(warning["widest_row"])), (MEMORY, 3 * MB))
        true(MEMORY < int(warning["peak_memory"]) <= peak, repr(warning))
        equal(scrape(s)("pgsluice_memory_exceeded_total", export="wide"), 1)
        s.get("/exports/wide.csv")
        equal(len(warnings(s)), 2, "once for each run")


@test
def a_wide_row_within_a_larger_memory_is_no_warning():
    with server(memory="16MB") as s:
        told(s, s.get("/exports/wide.csv").run_id)
        equal(warnings(s), [])
        equal(scrape(s)("pgsluice_memory_exceeded_total", export="wide"), 0)


@each(when_it_is_there="too_wide", before_it_is_whole="far_too_wide")
def a_row_that_is_refused_tells_how_much_of_it_had_come(name):
    with server() as s:
        p = problem(s.get("/exports/%s.csv" % name), 413, "limit")
        # A fast server may have sent all of it before anyone could say stop.
        between(told(s, p["run"]), 5 * MB * 22 // 10, 20 * MB * 22 // 10 + MEMORY, "max_row is 5 MB")
        equal([w["export"] for w in warnings(s)], [name])


@each(row_by_row="too_long", whole_results="too_long_by_numbers")
def another_limit_than_that_of_a_row_is_no_matter_of_memory(name):
    with server() as s, Gate(7):
        r = s.get("/exports/%s.csv" % name)
        run_id = r.run_id or r.json()["run"]
        line, = eventually(lambda: [x for x in s.run_lines() if x["id"] == run_id])
        contains(line["reason"], "max_bytes")
        between(told(s, run_id), 0, MEMORY, "a few narrow rows")
        equal(warnings(s), [])
        equal(scrape(s)("pgsluice_memory_exceeded_total", export=name), 0)


@test
def a_run_that_is_cancelled_tells_too():
    with server() as s:
        reader = Reader(s, "/exports/endless.csv")
        reader.read(BLOCK)
        reader.reset()
        between(told(s, reader.run_id), BLOCK, MEMORY, "a client that left")


@test
def a_run_under_way_tells_what_it_held_so_far():
    with server() as s:
        # It does not read: the run stands in the middle of a row that is larger than its queue.
        reader = Reader(s, "/exports/wide.csv", rcvbuf=262144, head=False)
        now = eventually(lambda: next((r for r in s.get("/runs", admin=True).json()["running"]
                                       if r["peak_memory"] > MEMORY), None), 10, "the first row is told")
        equal(now["state"], "running")
        equal(len(warnings(s)), 1, "the warning does not wait for the end")
        true(reader.read_message().complete, "the transfer is whole")
        equal(len(warnings(s)), 1)


# What gzip takes depends on the library; zlib's 256 kB and the window are the least.
@each(gzip=("csv.gz", 288 * KB), zstd=("csv.zst", 300 * KB))
def what_compresses_counts_in_the_peak_but_not_against_the_memory(ending, least):
    with server() as s:
        plain = told(s, s.get("/exports/small.csv").run_id)
        packed = told(s, s.get("/exports/small." + ending).run_id)
        between(packed - plain, least, MB, ending + " beside plain")
        between(told(s, s.get("/exports/ordinary." + ending).run_id), least, MEMORY + MB, "ordinary." + ending)
        equal(warnings(s), [])
    with server(memory="512kB") as s:
        true(told(s, s.get("/exports/ordinary." + ending).run_id) > 512 * KB, "more than [limits] memory with the compressor")
        equal(warnings(s), [])


@test
def a_compressed_transfer_counts_likewise():
    with server() as s:
        plain = told(s, s.get("/exports/small.csv").run_id)
        packed = told(s, s.get("/exports/small.csv", {"Accept-Encoding": "gzip"}).run_id)
        between(packed - plain, 256 * KB, MB, "Content-Encoding: gzip beside none")


@each(plain="out.csv", gzip="out.csv.gz", zstd="out.csv.zst")
def the_command_line_tells_in_its_receipt(target):
    w = Workspace(EXPORTS)
    def peak(name):
        done = run("run", name, "-o", target, "--receipt", "receipt.json", workspace=w)
        equal(done.code, 0, repr(done))
        return json.loads(w.read("receipt.json"))["peak_memory"]
    between(peak("ordinary"), BLOCK, MEMORY + MB, "ordinary")
    if target == "out.csv":
        between(peak("ordinary"), BLOCK, MEMORY, "ordinary")
    wide_peak = peak("wide")
    between(wide_peak, 3 * MB * 22 // 10 + BLOCK, 3 * MB * 22 // 10 + MEMORY + MB, "rows of 3 MB")


main()
