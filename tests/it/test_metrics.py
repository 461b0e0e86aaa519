#!/usr/bin/python3
"""/metrics: every run and every refusal is counted once, as it ended, and nothing of a caller shows."""

import os
import signal
import statistics
import threading
import uuid

import ticketing
from harness import *
from peers import *
from scraping import promtool, scrape, timed_scrape

EXPORTS = {
    "small": "SELECT i FROM generate_series(1, 3) AS i",
    "wrong": "SELECT 1 / (SELECT 0) AS x",
    "late": rows(FAR, "1 / (g - %d) AS x" % LATE),
    "gated": rows(20000, gated("g = 6000", 7)),
    "endless": ENDLESS,
    "sleepy": "SELECT pg_sleep(100)",
    "param": "-- param: n int\n\nSELECT :'n' AS n",
}

STATES = ("complete", "failed", "cancelled")


def server(**database):
    return Server(EXPORTS, {"database": {**PATIENT, **database}})


def ended(m, export):
    return tuple(int(m("pgsluice_exports_total", export=export, state=state)) for state in STATES)


def settled(s, n):
    """Waits until n runs have ended; returns the scrape that says so."""
    return eventually(lambda: next((m for m in [scrape(s)] if m.sum("pgsluice_exports_total") == n), None), 10,
                      "%d runs have ended" % n)


@test
def promtool_finds_nothing_in_a_fresh_server_nor_in_a_used_one():
    with server() as s:
        promtool("check", "metrics", text=s.get("/metrics", admin=True).body)
        for name in ("small", "wrong", "late", "param", "none"):
            s.get("/exports/%s.csv" % name)
        r = s.get("/metrics", admin=True)
        equal(r["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        equal(r["Cache-Control"], "no-store")
        promtool("check", "metrics", text=r.body)
        m = scrape(s)
        for name, (kind, documentation) in m.families.items():
            true(kind in ("counter", "gauge", "histogram"), "%s is %s" % (name, kind))
            true(documentation.endswith("."), "%s has no help" % name)


@test
def several_may_ask_at_once():
    with server() as s:
        seen = []
        def ask():
            seen.extend(s.get("/metrics", admin=True).status for _ in range(20))
        threads = [threading.Thread(target=ask) for _ in range(5)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        equal(len(seen), 100)
        true(set(seen) <= {200, 503}, set(seen))


@test
def only_the_admin_listener_has_it():
    with server() as s:
        problem(s.get("/metrics"), 404, "not_found")
        equal(s.head("/metrics", admin=True).status, 200)
        equal(s.request("POST", "/metrics", admin=True).status, 405)
        equal(s.get("/metrics", {"Host": "example.org"}, admin=True).status, 403)


@test
def a_fresh_server_has_every_series_that_does_not_hang_on_an_export():
    with server() as s:
        m = scrape(s)
        equal(m("pgsluice_rejected_total", reason="busy"), 0)
        equal(m("pgsluice_export_errors_total", kind="timeout"), 0)
        equal(m("pgsluice_client_disconnects_total"), 0)
        equal(m("pgsluice_queue_wait_seconds_count"), 0)
        equal(m("pgsluice_slots_limit"), 8)
        equal(m("pgsluice_config_last_reload_successful"), 1)
        equal(m.find("pgsluice_exports_total"), [])
        version = run("--version", with_config=False).out.decode()
        labels = next(labels for name, labels, _ in m.samples if name == "pgsluice_build_info")
        equal(version, "pgsluice %(version)s (libpq %(libpq)s, libmicrohttpd %(libmicrohttpd)s" % labels
              + version[version.index(labels["libmicrohttpd"]) + len(labels["libmicrohttpd"]):])


@test
def each_end_of_a_run_is_counted_once():
    with server() as s:
        for _ in range(3):
            equal(s.get("/exports/small.csv").status, 200)
        equal(s.get("/exports/wrong.csv").status, 500)
        true(s.get("/exports/late.csv").broken, "the transfer broke off")
        reader = Reader(s, "/exports/endless.csv")
        equal(s.delete("/runs/" + reader.run_id).status, 200)
        reader.read_all()
        Reader(s, "/exports/endless.csv").reset()
        m = settled(s, 7)
        equal(ended(m, "small"), (3, 0, 0))
        equal(ended(m, "wrong"), (0, 1, 0))
        equal(ended(m, "late"), (0, 1, 0))
        equal(ended(m, "endless"), (0, 0, 2))
        equal(m.nonzero("pgsluice_export_errors_total", "kind"), {"sql": 2, "cancelled": 2})
        equal(m("pgsluice_client_disconnects_total"), 1, "DELETE is no client that left")
        equal(m.nonzero("pgsluice_rejected_total", "reason"), {})
        equal(m.sum("pgsluice_export_duration_seconds_count"), 7)
        equal(m.sum("pgsluice_export_peak_memory_bytes_count"), 7)
        equal(m("pgsluice_time_to_first_byte_seconds_count", export="small"), 3)
        equal(m("pgsluice_time_to_first_byte_seconds_count", export="wrong"), 0, "it never had a first byte")
        equal(m("pgsluice_queue_wait_seconds_count"), 7)
        equal(m.sum("pgsluice_exports_running"), 0)


@test
def rows_and_bytes_are_those_of_the_receipts():
    with server() as s:
        for name in ("small", "late", "small", "wrong"):
            s.get("/exports/%s.csv" % name)
        settled(s, 4)
        total = {"rows": 0, "bytes": 0, "bytes_sent": 0}
        for receipt in s.get("/runs", admin=True).json()["recent"]:
            for key in total:
                total[key] += receipt[key]
        m = scrape(s)
        equal(m.sum("pgsluice_rows_total"), total["rows"])
        equal(m.sum("pgsluice_bytes_total"), total["bytes"])
        equal(m.sum("pgsluice_sent_bytes_total"), total["bytes_sent"])
        equal((m("pgsluice_rows_total", export="small"), m("pgsluice_bytes_total", export="small")), (6, 16))
        true(m("pgsluice_rows_total", export="late") >= 1000, "rows of a run that failed count too")


@test
def a_compressed_file_counts_with_its_own_bytes():
    with server() as s:
        got = s.get("/exports/small.csv.gz")
        equal(got.status, 200)
        m = settled(s, 1)
        equal(m("pgsluice_bytes_total", export="small"), len(got.body))
        equal(m("pgsluice_rows_total", export="small"), 3)


@test
def every_refusal_is_counted_once_by_its_reason():
    with server(max_exports=1, queue_length=0) as s, Gate(7) as gate:
        running = Reader(s, "/exports/gated.csv", rcvbuf=262144)
        gate.reached()
        for _ in range(2):
            problem(s.get("/exports/small.csv"), 503, "busy")
        for _ in range(3):
            equal(s.get("/exports/none.csv").status, 404)
        equal(s.get("/exports/param.csv").status, 400)
        equal(s.raw_get("/exports/small.csv", version="HTTP/1.0").status, 505)
        equal(s.get("/exports/gated.csv?_run=" + running.run_id).status, 409)
        # What the operator asks for in vain is no refused export.
        equal(s.get("/nothing", admin=True).status, 404)
        gate.open()
        running.read_message()
        m = settled(s, 1)
        equal(m.nonzero("pgsluice_rejected_total", "reason"),
              {"busy": 2, "not_found": 3, "bad_parameter": 1, "http_version": 1, "conflict": 1})
        equal(ended(m, "small"), (0, 0, 0), "a run that was refused is no run")
        equal(m.nonzero("pgsluice_export_errors_total", "kind"), {})
        equal(m("pgsluice_queue_wait_seconds_count"), 3, "two that waited in vain, and one")


@test
def a_database_that_is_away_is_a_refusal():
    with Server(EXPORTS, {"database": {"dsn": "host=/nonexistent"}}) as s:
        problem(s.get("/exports/small.csv"), 503, "unavailable")
        m = eventually(lambda: next((m for m in [scrape(s)] if m.sum("pgsluice_rejected_total")), None))
        equal(m.nonzero("pgsluice_rejected_total", "reason"), {"unavailable": 1})
        equal(m.sum("pgsluice_exports_total"), 0)


@test
def a_client_that_leaves_the_queue_is_counted():
    with server(max_exports=1) as s, Gate(7) as gate:
        running = Reader(s, "/exports/gated.csv", rcvbuf=262144)
        gate.reached()
        waiting = Reader(s, "/exports/small.csv", head=False)
        eventually(lambda: scrape(s)("pgsluice_queue_length") == 1)
        waiting.close()
        m = eventually(lambda: next((m for m in [scrape(s)] if m("pgsluice_client_disconnects_total")), None))
        equal(m("pgsluice_queue_length"), 0)
        equal(m.nonzero("pgsluice_rejected_total", "reason"), {"cancelled": 1})
        gate.open()
        running.read_message()
        equal(settled(s, 1)("pgsluice_client_disconnects_total"), 1)


@test
def what_is_under_way_shows_while_it_is():
    with server(max_exports=2) as s, Gate(7) as gate:
        first = [Reader(s, "/exports/gated.csv", rcvbuf=262144) for _ in range(2)]
        gate.reached(2)
        waiting = [Reader(s, "/exports/small.csv", head=False) for _ in range(3)]
        m = eventually(lambda: next((m for m in [scrape(s)] if m("pgsluice_queue_length") == 3), None))
        equal(m("pgsluice_slots_in_use"), 2)
        equal(m("pgsluice_slots_limit"), 2)
        equal(m("pgsluice_exports_running", export="gated"), 2)
        equal(m("pgsluice_database_connections", state="active"), active_backends())
        equal(m("pgsluice_database_connections", state="idle"), 0)
        held = m("pgsluice_snapshot_held_seconds")
        later = eventually(lambda: next((x for x in [scrape(s)("pgsluice_snapshot_held_seconds")] if x > held), None))
        true(0 < later < 60 * SLOW, later)
        gate.open()
        for reader in first + waiting:
            equal(reader.read_message().complete, True)
        m = settled(s, 5)
        equal((m("pgsluice_slots_in_use"), m("pgsluice_queue_length")), (0, 0))
        equal(m("pgsluice_database_connections", state="active"), 0)
        equal(m("pgsluice_database_connections", state="idle"), backends())
        equal(m("pgsluice_snapshot_held_seconds"), 0)
        true(m("pgsluice_snapshot_held_max_seconds") >= later, "the longest is remembered")
        true(m("pgsluice_queue_wait_seconds_sum") > 0, "they waited")


@test
def rows_and_bytes_grow_while_an_export_runs():
    with server() as s, Gate(7) as gate:
        reader = Reader(s, "/exports/gated.csv", rcvbuf=262144)
        gate.reached()
        seen = eventually(lambda: scrape(s).sum("pgsluice_rows_total"), 10, "rows before the end")
        true(0 < seen < 20000, seen)
        gate.open()
        reader.read_message()
        m = settled(s, 1)
        equal(m.sum("pgsluice_rows_total"), 20000)
        equal(m.sum("pgsluice_bytes_total"), len(reader.message.body))


@test
def nothing_of_a_caller_is_in_it():
    ticketing.make_login()
    config = {"token carol": {"sha256": "%064x" % 1, "exports": "*"}}
    with ticketing.server(EXPORTS, config) as s:
        s.get("/exports/param.csv?n=424242")
        s.get("/exports/param.csv?n=elephant")
        s.get("/exports/elephant.csv?x=y")
        s.get("/elephant/%22%5C%0A.csv")
        s.get("/exports/small.csv", {"Authorization": "Bearer elephant", "User-Agent": "elephant"})
        path = ticketing.post(s, "SELECT 'elephant' AS elephant", filename="elephant.csv", run=str(uuid.uuid4()))
        equal(s.get(path).status, 200)
        m = scrape(s)
        for text in ("elephant", "424242", "carol", ticketing.LOGIN, "127.0.0.1", path.rsplit("/", 1)[1]):
            lacks(m.text, text)
        equal({labels["export"] for _, labels, _ in m.samples if "export" in labels}, {"param", "ticket"})
        equal(ended(m, "ticket"), (1, 0, 0))
        promtool("check", "metrics", text=m.text.encode())


@test
def a_reload_shows_whether_it_went_well():
    with server() as s:
        began = scrape(s)("pgsluice_config_last_reload_success_timestamp_seconds")
        s.workspace.write("exports.d/bad.sql", "-- colour: red\n\nSELECT 1")
        s.process.send_signal(signal.SIGHUP)
        s.wait_log("reload failed")
        m = scrape(s)
        equal(m("pgsluice_config_last_reload_successful"), 0)
        equal(m("pgsluice_config_last_reload_success_timestamp_seconds"), began)
        os.unlink(s.workspace.path("exports.d/bad.sql"))
        s.process.send_signal(signal.SIGHUP)
        s.wait_log("msg=reloaded")
        m = scrape(s)
        equal(m("pgsluice_config_last_reload_successful"), 1)
        true(m("pgsluice_config_last_reload_success_timestamp_seconds") >= began)


@test
def the_process_is_told_as_the_kernel_tells_it():
    with Server(EXPORTS, {"limits": {"memory": "4MB", "max_row": "1MB"}}) as s:
        m = scrape(s)
        def near(name, want):
            true(abs(m(name) - want) <= 0.1 * want, "%s is %d, the kernel says %d" % (name, m(name), want))
        near("process_resident_memory_bytes", s.rss())
        near("pgsluice_memory_anonymous_bytes", s._status("RssAnon"))
        true(0 < m("pgsluice_memory_base_bytes") <= m("process_resident_memory_bytes"), "the base")
        true(abs(m("process_open_fds") - len(s.fds())) <= 2, "open_fds %d, %r" % (m("process_open_fds"), s.fds()))
        true(m("process_cpu_seconds_total") > 0)
        equal(m("pgsluice_memory_limit_bytes"), 4 << 20)
        equal(m("pgsluice_memory_row_bytes"), (1 << 20) * 22 // 10)
        true(m("pgsluice_memory_compression_bytes") > 0)
        equal(m("pgsluice_memory_encoding_bytes"), 131072)


@test
def scrapes_that_nobody_reads_hold_the_memory_of_four():
    names = ["%03d-of-many-exports-with-a-long-name" % i for i in range(100)]
    with Server({name: "SELECT 1 AS one" for name in names}) as s:
        for name in names:
            equal(s.get("/exports/%s.csv" % name).status, 200)
        # Too long for what the kernel takes, so that each is under way until its client reads it.
        true(len(scrape(s).text) > 400000, "a scrape is long")
        def slow():
            c = s.connect(admin=True, rcvbuf=4096)
            c.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return c
        scrapers = [slow() for _ in range(4)]
        for c in scrapers:
            matches(c.recv(15).decode(), "^HTTP/1.1 200")
        for _ in range(3):
            r = s.get("/metrics", admin=True)
            problem(r, 503, "busy")
            true(int(r["Retry-After"]) > 0)
        equal(s.get("/readyz", admin=True).status, 200)
        scrapers.pop().close()
        eventually(lambda: s.get("/metrics", admin=True).status == 200, 10, "one that has left makes room")
        while scrapers[0].recv(65536):
            pass
        equal(s.get("/metrics", admin=True).status, 200)
        for c in scrapers:
            c.close()
        for _ in range(6):
            scrape(s)


@test
def a_scrape_takes_no_more_than_five_milliseconds_with_eight_exports_running():
    with server() as s:
        clients = [curl(s.url + "/exports/endless.csv", "--limit-rate", "1M") for _ in range(8)]
        eventually(lambda: scrape(s).find("pgsluice_exports_running", export="endless") == [8], 20, "eight run")
        for client in clients:
            client.wait_run_id()
        c = s.connection(admin=True)
        times = [timed_scrape(c) for _ in range(30)]
        equal(scrape(s)("pgsluice_exports_running", export="endless"), 8)
        c.close()
        for client in clients:
            client.kill()
    took = statistics.median(times) * 1000
    diag("a scrape: median %.2f ms, longest %.2f ms" % (took, max(times) * 1000))
    if os.environ.get("SL_SANITIZED") != "1":
        true(took <= 5, "the median of 30 scrapes is %.2f ms" % took)


main()
