#!/usr/bin/env python3
"""SIGTERM: running exports may end within drain_timeout, then they are broken; the exit code is 0."""

import signal
import socket
import subprocess
import time

from harness import *
from peers import *

EXPORTS = {
    "small": "SELECT 1 AS one",
    "gated": rows(20000, gated("g = 6000", 7)),
    "first": rows(20000, gated("g = 1", 7)),
    "endless": ENDLESS,
}


def server(drain="60s", exit_code=0, **database):
    return Server(EXPORTS, {"server": {"drain_timeout": drain}, "database": {**PATIENT, **database}}, exit_code=exit_code)


def ends(s, within, what=""):
    """The server ends by itself with code 0, within so many seconds."""
    started = time.monotonic()
    try:
        s.process.wait(within * SLOW + 5)
    except subprocess.TimeoutExpired:
        pass
    took = time.monotonic() - started
    true(s.process.poll() is not None and took < within * SLOW, "%s: took %.1f s" % (what or "shutdown", took))
    s.stop()
    eventually(lambda: backends() == 0, 3, "the backends have gone")


@each(term=signal.SIGTERM, int=signal.SIGINT)
def an_idle_server_ends_at_once(signum):
    with server() as s:
        equal(s.get("/exports/small.csv").status, 200)
        s.process.send_signal(signum)
        ends(s, 2)


@test
def an_idle_kept_alive_connection_does_not_delay_the_end():
    with server() as s, s.connect() as half:
        idle = Reader(s, "/exports/small.csv")
        true(idle.read_message().complete)
        half.sendall(b"GET /exports/small.csv HT")
        s.process.terminate()
        ends(s, 2)


@test
def an_export_that_ends_in_time_is_whole():
    with server("30s") as s, Gate(7) as gate:
        c = curl(s.url + "/exports/gated.csv")
        gate.reached()
        s.process.terminate()
        # Not a wait for something to happen, but a look that nothing does.
        time.sleep(0.5)
        true(s.process.poll() is None and c.process.poll() is None, "it did not wait for the export")
        gate.open()
        equal(c.wait(), 0, "exit code of curl: " + c.head)
        equal(c.body.count(b"\n"), 20001)
        ends(s, 2)


@test
def new_requests_are_turned_away_while_it_drains():
    with server("30s") as s, Gate(7) as gate:
        kept = Reader(s, "/exports/small.csv")
        true(kept.read_message().complete)
        c = curl(s.url + "/exports/gated.csv")
        gate.reached()
        s.process.terminate()
        def refused():
            try:
                with s.connect(timeout=2) as new:
                    new.sendall(b"GET /exports/small.csv HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    got = new.recv(65536)
                    return got == b"" or b" 503 " in got[:20]
            except (ConnectionError, socket.timeout):
                return True
        eventually(refused, 2, "new exports are turned away")
        try:
            kept.socket.sendall(b"GET /exports/small.csv HTTP/1.1\r\nHost: localhost\r\n\r\n")
            got = kept.socket.recv(65536)
        except ConnectionError:
            got = b""
        true(got == b"" or b" 503 " in got[:20], got)
        gate.open()
        equal(c.wait(), 0, "exit code of curl: " + c.head)
        ends(s, 2)


@test
def an_export_that_does_not_end_in_time_is_broken_for_every_client():
    with server("500ms") as s, Gate(7) as gate:
        clients = [(start(s.url + "/exports/gated.csv"), code) for start, code in CLIENTS.items()]
        pids = gate.reached(len(clients), 40)
        for c, _ in clients:
            c.wait_run_id()
            eventually(lambda: c.body, 20, "%s has its first rows" % c.name)
        s.process.terminate()
        for c, code in clients:
            equal(c.wait(10), code, "exit code of %s: %s" % (c.name, c.head))
        ends(s, 3)
        true(all(gone(p) for p in pids), "a backend is still there")
        equal([x["state"] for x in s.run_lines()], ["cancelled"] * len(clients))


@test
def an_export_without_its_first_row_does_not_delay_the_end():
    with server("500ms") as s, Gate(7) as gate:
        reader = Reader(s, "/exports/first.csv", head=False)
        gate.reached()
        s.process.terminate()
        ends(s, 3)
        got = reader.read_all().status if not reader.silent(0) and reader.socket.recv(1, socket.MSG_PEEK) else 503
        true(got >= 500, "status %d" % got)


@test
def a_client_that_does_not_read_does_not_delay_the_end():
    with server("500ms") as s:
        reader = Reader(s, "/exports/endless.csv")
        quiet_backend()
        s.process.terminate()
        ends(s, 3)
        true(not reader.read_all().complete, "the transfer looks whole")


@test
def who_waits_in_the_queue_does_not_delay_the_end():
    with server("500ms", max_exports=1) as s, Gate(7) as gate:
        reader = Reader(s, "/exports/gated.csv")
        gate.reached()
        waiting = [Reader(s, "/exports/small.csv", head=False) for _ in range(3)]
        true(all(w.silent(0.2) for w in waiting), "they do not wait")
        s.process.terminate()
        ends(s, 3)
        true(not reader.read_all().complete, "the transfer looks whole")


@test
def a_database_that_does_not_answer_does_not_delay_the_end():
    silent = SilentDatabase()
    with server("500ms", dsn=silent.dsn) as s:
        Reader(s, "/exports/small.csv", head=False)
        guest = silent.guest()
        s.process.terminate()
        ends(s, 3)
        true(has_left(guest), "the connection to the database is still open")


@test
def a_backend_that_hangs_does_not_delay_the_end():
    with server("500ms") as s, Gate(7) as gate:
        reader = Reader(s, "/exports/gated.csv")
        pid, = gate.reached()
        with Frozen(pid):
            s.process.terminate()
            s.process.wait(5 * SLOW)
        ends(s, 1)
        true(not reader.read_all().complete, "the transfer looks whole")


@test
def a_killed_server_breaks_the_transfer():
    with server(exit_code=None) as s, Gate(7) as gate:
        c = curl(s.url + "/exports/gated.csv")
        gate.reached()
        c.wait_run_id()
        s.process.kill()
        true(c.wait() in (18, 56), "exit code of curl: %d" % c.wait())


@test
def a_second_signal_stops_at_once():
    with server("60s", exit_code=None) as s, Gate(7) as gate:
        reader = Reader(s, "/exports/gated.csv")
        gate.reached()
        s.process.terminate()
        time.sleep(0.5)
        true(s.process.poll() is None, "it did not wait for the export")
        s.process.terminate()
        ends(s, 2, "after the second signal")
        true(s.process.returncode in (0, 128 + signal.SIGTERM, -signal.SIGTERM), "exit code %d" % s.process.returncode)
        true(not reader.read_all().complete, "the transfer looks whole")


@test
def the_address_can_be_used_again_at_once():
    with server() as s:
        equal(s.get("/exports/small.csv").status, 200)
        address = s.address
        s.stop()
    with Server(EXPORTS, listen=address) as s:
        equal(s.get("/exports/small.csv").status, 200)


@test
def a_unix_socket_left_behind_by_a_crash_does_not_prevent_a_start():
    with Server(EXPORTS, listen="unix:public", exit_code=None) as crashed:
        crashed.process.kill()
        crashed.process.wait()
        true(crashed.workspace.exists("public"), "there is nothing left behind")
        with Server(workspace=crashed.workspace) as s:
            equal(s.get("/exports/small.csv").status, 200)


main()
