#!/usr/bin/env python3
"""Constant memory, measured as peak resident memory of the real program."""

import os
import re
import subprocess
import threading
import time

from harness import *
from peers import *

MB = 1 << 20

# The shape of auth_user: 14 columns, about 290 bytes a row.
USER = """SELECT g::bigint AS id, md5(g::text) || md5((g + 1)::text) AS password, CASE WHEN g % 3 = 0 THEN
timestamptz '2026-01-01 00:00:00+00' + g * interval '1 minute' END AS last_login, g % 1000 = 0 AS is_superuser,
'user' || g AS username, 'First' || g % 500 AS first_name, 'Last, ' || g % 700 AS last_name,
'user' || g || '@example.org' AS email, g % 50 = 0 AS is_staff, g % 10 <> 0 AS is_active,
timestamptz '2020-01-01 00:00:00+00' + g * interval '1 second' AS date_joined,
CASE WHEN g % 4 = 0 THEN 'a note "quoted" on ' || g END AS note, g * 1.01::numeric(12,2) AS balance,
md5(g::text)::uuid AS token FROM (SELECT generate_series(1, %d) AS g) s"""


def users(n):
    return USER.replace("%d", str(n))


WIDE = "(SELECT generate_series(1, %d) AS g) s"

EXPORTS = {
    "users_50k": users(50000),
    "users_500k": users(500000),
    "users_20k": users(20000),
    "users_100k": users(100000),
    "integers_1m": "SELECT g AS a, g + 1 AS b, g + 2 AS c, g + 3 AS d FROM (SELECT generate_series(1, 1000000) AS g) s",
    "documents": "SELECT g, repeat('0123456789abcdef', 65536) AS body FROM " + WIDE % 300,
    "quoted": "SELECT g, repeat('\"', 1048576) AS body FROM " + WIDE % 30,
    "hostile": "SELECT g, repeat('0123456789abcdef', CASE WHEN g <= 20000 THEN 1 ELSE 65536 END) AS body FROM "
               + WIDE % 20200,
    "gated": users(100000).replace("AS token FROM", "AS token, %s FROM" % gated("g = 99999", 7)),
}

LARGEST = 16 * MB        # one export of rows of ordinary width
EACH_MORE = 3 * MB       # every further one beside it
WIDEST = 32 * MB         # rows of 1 MB


def bar(function):
    """A test that holds resident memory to a bar; sanitizers multiply memory, so not under them."""
    return function if os.environ.get("SL_SANITIZED") == "1" else test(function)


def tell(what, number):
    diag("%s: %.1f MB" % (what, number / MB))


def drain(s, path):
    """Downloads and throws away; returns the number of bytes."""
    c = s.connection()
    c.request("GET", path)
    r = c.getresponse()
    equal(r.status, 200, path)
    n = 0
    while True:
        piece = r.read(1 << 18)
        if not piece:
            break
        n += len(piece)
    c.close()
    return n


def peak(export, config=None, form="csv"):
    """The peak of a server that did nothing but this export."""
    with Server(EXPORTS, config or {"database": PATIENT}) as s:
        bytes_ = drain(s, "/exports/%s.%s" % (export, form))
        got = s.rss_peak()
    tell("%s, %.0f MB of %s" % (export, bytes_ / MB, form), got)
    return got


def below(got, limit, what):
    true(got <= limit, "%s: peak of %.1f MB, the bar is %.1f MB" % (what, got / MB, limit / MB))


@bar
def ten_times_the_rows_take_no_more_memory():
    few, many = peak("users_50k"), peak("users_500k")
    below(many, LARGEST, "500,000 rows")
    true(many <= few * 1.10, "50,000 rows took %.2f MB, 500,000 took %.2f MB" % (few / MB, many / MB))


@bar
def rows_of_integers_are_no_exception():
    below(peak("integers_1m"), LARGEST, "1,000,000 rows of integers")


@bar
def one_export_after_the_other_takes_no_more_memory():
    with Server(EXPORTS) as s:
        for _ in range(10):
            drain(s, "/exports/users_20k.csv")
        first = s.rss_peak()
        for _ in range(50):
            drain(s, "/exports/users_20k.csv")
        got = s.rss_peak()
    tell("sixty one after the other", got)
    below(got, LARGEST, "sixty one after the other")
    # When the allocator opens its few arenas is chance; each of fifty leaks of 64 kB would show.
    true(got <= first + 3 * MB, "ten took %.2f MB, sixty took %.2f MB" % (first / MB, got / MB))


def stalled_then_read(s, path, n):
    """n clients that ask, read nothing until all their queues are full, and then read to the end."""
    readers = [Reader(s, path, rcvbuf=4096) for _ in range(n)]
    def all_wait():
        return sql("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'pgsluice:%' "
                   "AND state <> 'idle' AND wait_event_type = 'Client'") == str(n)
    for _ in range(5):
        eventually(all_wait, 30, "all %d exports wait for their clients" % n)
        time.sleep(0.05)
    def read(reader):
        end = b""
        while True:
            piece = reader.socket.recv(1 << 18)
            end = (end + piece)[-7:]
            if not piece or end == b"\r\n0\r\n\r\n":
                ends.append(end)
                return
    ends = []
    threads = [threading.Thread(target=read, args=(r,)) for r in readers]
    for t in threads:
        t.start()
    for t in threads:
        t.join(100 * SLOW)
    equal(ends, [b"\r\n0\r\n\r\n"] * n, "the transfers are whole")
    for r in readers:
        r.close()


@bar
def each_of_eight_concurrent_exports_adds_at_most_three_megabytes():
    alone = peak("users_100k")
    with Server(EXPORTS, {"database": PATIENT}) as s:
        stalled_then_read(s, "/exports/users_100k.csv", 8)
        together = s.rss_peak()
    tell("eight at once, with slow clients", together)
    true(together - alone <= 7 * EACH_MORE, "alone %.1f MB, eight %.1f MB: %.2f MB for each more" % (
        alone / MB, together / MB, (together - alone) / 7 / MB))


@bar
def a_compressed_export_takes_at_most_one_megabyte_more():
    """Eight at once, so that what the libraries take once, such as their code, is not what is measured."""
    peaks = {}
    for format in ("csv", "csv.gz", "csv.zst"):
        with Server(EXPORTS, {"database": PATIENT}) as s:
            stalled_then_read(s, "/exports/users_100k." + format, 8)
            peaks[format] = s.rss_peak()
        tell("eight slow clients of .%s" % format, peaks[format])
    for format in ("csv.gz", "csv.zst"):
        each_more = (peaks[format] - peaks["csv"]) / 8
        true(each_more <= MB, "each .%s takes %.2f MB more" % (format, each_more / MB))


@bar
def an_export_in_another_encoding_takes_at_most_half_a_megabyte_more():
    peaks = {}
    for query in ("", "?_encoding=UTF-16LE"):
        with Server(EXPORTS, {"database": PATIENT}) as s:
            stalled_then_read(s, "/exports/users_100k.csv" + query, 8)
            peaks[query] = s.rss_peak()
        tell("eight slow clients of .csv%s" % query, peaks[query])
    each_more = (peaks["?_encoding=UTF-16LE"] - peaks[""]) / 8
    true(each_more <= MB / 2, "each takes %.2f MB more" % (each_more / MB))


@bar
def json_lines_take_no_more_memory():
    below(peak("users_500k", form="jsonl"), LARGEST, "500,000 rows")
    below(peak("quoted", form="jsonl"), WIDEST, "rows of 1 MB that doubles")


@bar
def a_slow_client_takes_no_more_memory():
    with Server(EXPORTS, {"database": PATIENT}) as s:
        stalled_then_read(s, "/exports/users_100k.csv", 1)
        tell("one slow client", s.rss_peak())
        below(s.rss_peak(), LARGEST, "one slow client")


@bar
def rows_of_a_megabyte_stay_below_thirty_two():
    below(peak("documents"), WIDEST, "rows of 1 MB")


@bar
def rows_of_a_megabyte_of_quotes_stay_below_thirty_two():
    below(peak("quoted"), WIDEST, "rows of 1 MB that double in CSV")


@bar
def rows_that_turn_from_narrow_to_a_megabyte_stay_below_thirty_two():
    below(peak("hostile"), WIDEST, "narrow rows, then rows of 1 MB")


@bar
def rows_of_a_megabyte_and_a_slow_client_stay_below_thirty_two():
    with Server(EXPORTS, {"database": PATIENT}) as s:
        stalled_then_read(s, "/exports/hostile.csv", 1)
        tell("narrow, then wide, slow client", s.rss_peak())
        below(s.rss_peak(), WIDEST, "narrow rows, then rows of 1 MB, and a slow client")


@bar
def the_command_line_takes_no_more_memory_either():
    w = Workspace(EXPORTS, {"database": PATIENT})
    with Gate(7) as gate:
        process = subprocess.Popen([PGSLUICE, "run", "-c", w.config, "gated", "-o", "out.csv"], cwd=w.directory,
                                   stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=child_env())
        at_end(lambda: process.poll() is None and (process.kill(), process.wait()))
        gate.reached(timeout=60)
        with open("/proc/%d/status" % process.pid) as f:
            got = int(re.search(r"^VmHWM:\s+(\d+)", f.read(), re.M).group(1)) * 1024
        gate.open()
        equal(process.wait(60), 0)
    tell("on the command line", got)
    below(got, LARGEST, "100,000 rows on the command line")


@test
def the_receipt_knows_the_peak():
    with Server(EXPORTS, {"database": PATIENT}) as s:
        r = s.get("/exports/users_50k.csv")
        got = s.receipt(r.run_id)["peak_memory"]
        true(isinstance(got, int) and 0 < got <= 4 * MB, "peak_memory %r" % got)
        for format in ("csv.gz", "csv.zst"):
            more = s.receipt(s.get("/exports/users_50k." + format).run_id)["peak_memory"] - got
            true(0 < more <= MB, ".%s takes %d bytes more" % (format, more))


main()
