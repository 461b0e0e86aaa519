#!/usr/bin/env python3
"""SIGHUP: all or nothing, under load, and nobody who is under way notices."""

import base64
import os
import re
import signal
import threading

from harness import *
from jobs import namespace
from peers import *
from systemd import Manager, hand_over, listening
from ticketing import LOGIN, make_login, send

RELOADS = 1000

EXPORTS = {
    "small": "SELECT 1 AS one",
    "gated": rows(20000, gated("g = 6000", 7)),
}


def server(config=None, exports=EXPORTS, **more):
    return Server(exports, {"database": PATIENT, **(config or {})}, **more)


def reload(s, wanted="msg=reloaded"):
    """Reloads and waits until that is done; returns the lines that it wrote."""
    before = len(s.lines)
    s.process.send_signal(signal.SIGHUP)
    s.wait_log(lambda line: re.search("msg=reloaded|reload failed", line) and line in s.lines[before:])
    lines = s.lines[before:]
    contains("\n".join(lines), wanted)
    return lines


def change(s, old, new):
    """Changes the configuration file."""
    text = s.workspace.read("pgsluice.conf").decode()
    contains(text, old)
    s.workspace.write("pgsluice.conf", text.replace(old, new))


# What it changes

@test
def exports_are_added_changed_and_removed():
    with server() as s:
        equal(s.get("/exports/small.csv").body, b"one\n1\n")
        s.workspace.write("exports.d/new.sql", "SELECT 2 AS two")
        s.workspace.write("exports.d/small.sql", "SELECT 3 AS three")
        os.remove(s.workspace.path("exports.d/gated.sql"))
        equal(s.get("/exports/new.csv").status, 404)
        equal(s.get("/exports/small.csv").body, b"one\n1\n")
        reload(s)
        equal(s.get("/exports/new.csv").body, b"two\n2\n")
        equal(s.get("/exports/small.csv").body, b"three\n3\n")
        equal(s.get("/exports/gated.csv").status, 404)
        equal(sorted(e["name"] for e in s.get("/exports", {"Accept": "application/json"}).json()["exports"]),
              ["new", "small"])


@test
def who_may_what_changes_with_the_next_request_also_on_an_open_connection():
    # sha256 of "old" and of "new"
    old = "cba06b5736faf67e54b07b561eae94395e774c517a7d910a54369e1263ccfbd4"
    new = "11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437"
    with server({"access": {"anonymous": "off"}, "token ann": {"sha256": old, "exports": "small"}}) as s:
        c = s.connection()
        def status(secret):
            return s.get("/exports", {"Authorization": "Bearer " + secret}, connection=c).status
        equal((status("old"), status("new")), (200, 401))
        change(s, old, new)
        reload(s)
        equal((status("old"), status("new")), (401, 200))
        c.close()


@test
def limits_of_slots_and_queue_change_for_those_who_wait_already():
    with server({"database": {**PATIENT, "max_exports": 1}}) as s, Gate(7) as gate:
        first = Reader(s, "/exports/gated.csv")
        gate.reached()
        second = Reader(s, "/exports/small.csv", head=False)
        true(second.silent(0.2), "it does not wait")
        change(s, "max_exports = 1", "max_exports = 2")
        reload(s)
        second.read_message()
        equal((second.status, second.message.complete), (200, True))
        gate.open()
        true(first.read_message().complete)


@test
def the_log_changes_its_format_and_level():
    # What tells that a reload is done must not be the log that it silences.
    manager = Manager()
    with server({"log": {"level": "info"}}, env=manager.env) as s:
        change(s, "level = info", "level = info\nformat = json")
        s.process.send_signal(signal.SIGHUP)
        s.wait_log('"msg":"reloaded"')
        logged = s.get("/exports/small.csv").headers["X-Run-Id"]
        equal(json.loads(s.wait_log('"msg":"run"'))["id"], logged)
        change(s, "level = info", "level = error")
        ready = manager.count("READY")
        s.process.send_signal(signal.SIGHUP)
        eventually(lambda: manager.count("READY") > ready, 10, "it is told that the reload is done")
        silent = s.get("/exports/small.csv")
        equal((silent.status, s.receipt(silent.headers["X-Run-Id"])["state"]), (200, "complete"))
    # It has ended: nothing more comes.
    equal([json.loads(line)["id"] for line in s.lines if '"msg":"run"' in line], [logged])
    lacks(s.log, silent.headers["X-Run-Id"])


@test
def the_time_that_a_drain_may_take_is_the_new_one():
    with server({"server": {"drain_timeout": "60s"}}) as s, Gate(7) as gate:
        reader = Reader(s, "/exports/gated.csv")
        gate.reached()
        change(s, "drain_timeout = 60s", "drain_timeout = 0s")
        reload(s)
        s.process.terminate()
        true(not reader.read_all().complete, "the transfer looks whole")
        s.process.wait(5 * SLOW)


@test
def a_secret_in_a_file_of_its_own_is_read_again():
    with server({"server": {"admin_token_file": "admin"}}, files={"admin": "first" * 8}) as s:
        def status(secret):
            return s.get("/metrics", {"Authorization": "Bearer " + secret}, admin=True).status
        equal((status("first" * 8), status("second" * 8)), (200, 401))
        s.workspace.write("admin", "second" * 8)
        reload(s)
        equal((status("first" * 8), status("second" * 8)), (401, 200))


@test
def what_needs_a_restart_is_named():
    with server({"server": {"listen": "127.0.0.1:0"}}) as s:
        change(s, "\nlisten = 127.0.0.1:0", "\nlisten = 127.0.0.1:0, unix:/nowhere/at/all")
        lines = reload(s)
        true(any("needs a restart" in line and "[server] listen" in line for line in lines), lines)
        equal(s.get("/exports/small.csv").status, 200)


@test
def what_needs_a_restart_is_named_until_it_is_as_at_the_start():
    def named(s):
        return [line.split("detail=")[-1] for line in reload(s) if "needs a restart" in line]
    with server({"database": {**PATIENT, "max_exports": 2}}) as s:
        equal(named(s), [])
        change(s, "max_exports = 2", "max_exports = 3")
        first = named(s)
        equal(len(first), 1, first)
        contains(first[0], "max_exports")
        equal(named(s), first)
        change(s, "max_exports = 3", "max_exports = 2")
        equal(named(s), [])


@test
def what_has_no_effect_yet_is_named_again():
    with server() as s:
        s.workspace.write("exports.d/small.sql", "-- parallel: 2\n\nSELECT 1 AS one")
        true(any("no effect yet" in line and "small.sql" in line for line in reload(s)), s.log)


@test
def nothing_holds_what_was_read_at_the_start():
    if os.environ.get("SL_SANITIZED") == "1":
        diag("a sanitizer keeps what is freed for a while: not looked at here")
        return
    big = {"big%d" % n: "SELECT 1 AS one -- %s" % ("x" * 1000000) for n in range(20)}
    # Each text is a mapping of its own then, and goes back to the system when it is freed.
    with server(exports={**EXPORTS, **big}, env={"MALLOC_MMAP_THRESHOLD_": "65536"}) as s:
        before = s.rss()
        for name in big:
            s.workspace.write("exports.d/%s.sql" % name, "SELECT 1 AS one")
        reload(s)
        true(s.rss() < before - 10000000, "resident memory: %d, then %d" % (before, s.rss()))


# What is open stays guarded

TOKEN = "0123456789abcdef" * 2


@each(own=False, inherited=True)
def an_admin_socket_that_the_network_reaches_keeps_its_token(inherited):
    more = hand_over([listening(address="0.0.0.0")], "admin") if inherited else {"admin": "0.0.0.0:0"}
    with server({"server": {"admin_token": TOKEN}}, **more) as s:
        def status(headers=None):
            return s.get("/runs", headers, admin=True).status
        equal((status(), status({"Authorization": "Bearer " + TOKEN})), (401, 200))
        change(s, "admin_token = " + TOKEN, "")
        if not inherited:
            change(s, "admin_listen = 0.0.0.0:0", "admin_listen = 127.0.0.1:0")
        s.workspace.write("exports.d/small.sql", "SELECT 2 AS two")
        lines = reload(s, "reload failed")
        true(any("level=error" in line and "admin_token" in line and "0.0.0.0:" in line for line in lines), lines)
        equal((status(), status({"Authorization": "Bearer " + TOKEN})), (401, 200))
        equal(s.get("/exports/small.csv").body, b"one\n1\n")


@test
def an_admin_socket_of_this_machine_may_lose_its_token():
    with server({"server": {"admin_token": TOKEN}}) as s:
        change(s, "admin_token = " + TOKEN, "")
        reload(s)
        equal(s.get("/runs", admin=True).status, 200)


# A folder of its own for the usual place of the configuration.
OWN_ETC = ('mount -t tmpfs none /mnt && cp -a /etc /mnt 2>/dev/null; mkdir -p /mnt/etc/pgsluice && '
           'ln -sf "$0" /mnt/etc/pgsluice/pgsluice.conf && mount --bind /mnt/etc /etc && exec "$@"')


@test
def the_file_may_not_go_as_everyone_would_be_let_in():
    command = namespace()
    if command is None:
        raise Skip("no mount namespace can be had here")
    w = Workspace(EXPORTS, {"server": {"listen": "0.0.0.0:0", "admin_listen": "127.0.0.1:0"}, "access": {"anonymous": "off"}})
    with Server(workspace=w, with_config=False, env={"PGSLUICE_EXPORTS_DIRECTORY": w.path("exports.d")},
                wrapper=command + ["sh", "-c", OWN_ETC, w.config]) as s:
        equal(s.get("/exports/small.csv").status, 401)
        os.rename(w.config, w.path("elsewhere"))
        lines = reload(s, "reload failed")
        true(any("level=error" in line and "/etc/pgsluice/pgsluice.conf has gone" in line for line in lines), lines)
        equal(s.get("/exports/small.csv").status, 401)
        os.rename(w.path("elsewhere"), w.config)
        reload(s)


@test
def who_began_without_a_file_goes_on_without_one():
    if os.path.exists("/etc/pgsluice/pgsluice.conf"):
        raise Skip("this machine has a configuration of its own")
    w = Workspace(EXPORTS)
    env = {"PGSLUICE_SERVER_LISTEN": "0.0.0.0:0", "PGSLUICE_SERVER_ADMIN_LISTEN": "127.0.0.1:0",
           "PGSLUICE_ACCESS_ANONYMOUS": "on", "PGSLUICE_EXPORTS_DIRECTORY": w.path("exports.d")}
    with Server(workspace=w, with_config=False, env=env) as s:
        w.write("exports.d/small.sql", "SELECT 2 AS two")
        reload(s)
        equal(s.get("/exports/small.csv").body, b"two\n2\n")


@test
def tickets_that_are_turned_off_run_no_more():
    section = "[tickets]\nlisten = unix:tickets.sock\nsecret = %s\ndsn = user=%s\n" % (TOKEN, LOGIN)
    bearer = {"Authorization": "Bearer " + TOKEN}
    w = Workspace(EXPORTS, "[server]\nlisten = 127.0.0.1:0\nadmin_listen = 127.0.0.1:0\n[access]\nanonymous = on\n" + section)
    with Server(workspace=w) as s:
        config = w.read("pgsluice.conf").decode()
        r = send(s, {"sql": "SELECT session_user AS u"}, bearer)
        path = r.json()["path"]
        w.write("pgsluice.conf", config[:config.index("[tickets]")])
        true(any("needs a restart" in line and "[tickets] listen" in line for line in reload(s)), s.log)
        problem(s.get(path), 404, "not_found")
        problem(send(s, {"sql": "SELECT 1"}, bearer), 404, "not_found")
        w.write("pgsluice.conf", config)
        reload(s)
        equal(s.get(path).body, ("u\n%s\n" % LOGIN).encode())


# Who is under way

@test
def a_running_export_ends_under_the_setup_that_it_began_with():
    with server({"limits": {"max_rows": 30000, "max_duration": "6h"}, "access": {"anonymous": "on"}}) as s, Gate(7) as gate:
        c = curl(s.url + "/exports/gated.csv")
        gate.reached()
        run_id = c.wait_run_id()
        os.remove(s.workspace.path("exports.d/gated.sql"))
        change(s, "max_rows = 30000", "max_rows = 10")
        change(s, "max_duration = 6h", "max_duration = 1ms")
        change(s, "anonymous = on", "anonymous = off")
        reload(s)
        equal(s.get("/exports/small.csv").status, 401)
        gate.open()
        equal(c.wait(), 0, c.head)
        equal(c.body.count(b"\n"), 20001)
        equal([(x["id"], x["state"], x["export"]) for x in s.run_lines()], [(run_id, "complete", "gated")])


@test
def one_that_waits_for_a_slot_runs_what_it_asked_for():
    with server({"database": {**PATIENT, "max_exports": 1}}) as s, Gate(7) as gate:
        first = Reader(s, "/exports/gated.csv")
        gate.reached()
        second = Reader(s, "/exports/small.csv", head=False)
        true(second.silent(0.2), "it does not wait")
        s.workspace.write("exports.d/small.sql", "SELECT 2 AS two")
        reload(s)
        gate.open()
        true(first.read_message().complete)
        equal(second.read_message().body, b"one\n1\n")


# What goes wrong

def spoil_key(s):
    change(s, "anonymous = on", "anonymous = on\nanonymus = on")


def spoil_value(s):
    change(s, "anonymous = on", "anonymous = perhaps")


def spoil_export(s):
    s.workspace.write("exports.d/bad.sql", "-- parm: x integer\n\nSELECT 1")


def spoil_directory(s):
    os.rename(s.workspace.path("exports.d"), s.workspace.path("elsewhere"))


def spoil_file(s):
    os.remove(s.workspace.config)


@each(unknown_key=(spoil_key, "pgsluice.conf:"), bad_value=(spoil_value, "pgsluice.conf:"),
      bad_export=(spoil_export, "bad.sql:1"), no_directory=(spoil_directory, "exports.d"), no_file=(spoil_file, "pgsluice.conf"))
def files_that_are_no_good_change_nothing_and_are_named(spoil, named):
    with server() as s:
        s.workspace.write("exports.d/small.sql", "SELECT 2 AS two")
        spoil(s)
        lines = reload(s, "reload failed")
        true(any(named in line and "level=error" in line for line in lines), lines)
        lacks("\n".join(lines), "msg=reloaded")
        equal(s.get("/exports/small.csv").body, b"one\n1\n")
        contains(s.get("/metrics", admin=True).body, b"\npgsluice_config_last_reload_successful 0\n")


@test
def a_reload_that_goes_well_again_is_seen_in_the_metrics():
    with server() as s:
        contains(s.get("/metrics", admin=True).body, b"\npgsluice_config_last_reload_successful 1\n")
        spoil_export(s)
        reload(s, "reload failed")
        contains(s.get("/metrics", admin=True).body, b"\npgsluice_config_last_reload_successful 0\n")
        os.remove(s.workspace.path("exports.d/bad.sql"))
        reload(s)
        contains(s.get("/metrics", admin=True).body, b"\npgsluice_config_last_reload_successful 1\n")


# Under load

# Two configurations that differ in what a request meets: the export, its limits, the number of slots.
VARIANTS = [
    ("SELECT g AS a FROM (SELECT generate_series(1, 2000) AS g) s", "max_exports = 3", "max_rows = 2000"),
    ("SELECT g AS b FROM (SELECT generate_series(1, 3000) AS g) s", "max_exports = 4", "max_rows = 3000"),
]
ANSWERS = [b"a\n" + b"".join(b"%d\n" % g for g in range(1, 2001)), b"b\n" + b"".join(b"%d\n" % g for g in range(1, 3001))]


class Load:
    """Clients that ask without a pause: some on kept-alive connections, some with a new one each, and curl."""

    def __init__(self, s):
        self.server, self.stopped = s, threading.Event()
        self.counts = [0, 0]
        self.lost = []
        self.threads = [threading.Thread(target=work) for work in (self.keep_alive, self.keep_alive, self.anew, self.curl)]
        at_end(self.stop)
        for t in self.threads:
            t.start()

    def take(self, status, body, broken=None):
        if status == 200 and broken is None and body in ANSWERS:
            self.counts[ANSWERS.index(body)] += 1
        else:
            self.lost.append((status, body[-300:], broken))

    def keep_alive(self):
        c = self.server.connection()
        while not self.stopped.is_set():
            r = self.server.get("/exports/changing.csv", connection=c)
            self.take(r.status, r.body, r.broken)
        c.close()

    def anew(self):
        while not self.stopped.is_set():
            r = self.server.raw_get("/exports/changing.csv")
            self.take(r.status, r.body, None if r.complete else "incomplete")

    def curl(self):
        while not self.stopped.is_set():
            done = subprocess.run(["curl", "-sS", "-f", self.server.url + "/exports/changing.csv"], capture_output=True)
            self.take(200 if done.returncode == 0 else done.returncode, done.stdout, done.stderr or None)

    def stop(self):
        self.stopped.set()
        for t in self.threads:
            t.join()


@test(deadline=240)
def a_thousand_reloads_under_load_lose_no_request():
    query, slots, limit = VARIANTS[0]
    config = {"database": {**PATIENT, "max_exports": 3}, "limits": {"max_rows": 2000}}
    with Server({"changing": query}, config) as s:
        base = s.workspace.read("pgsluice.conf").decode()
        load = Load(s)
        def write(n):
            # Not one moment with half a file: a rename, as an editor or a package manager does it.
            text = base
            for old, new in zip(VARIANTS[0][1:], VARIANTS[n][1:]):
                text = text.replace(old, new)
            for name, content in ("exports.d/changing.sql", VARIANTS[n][0]), ("pgsluice.conf", text):
                s.workspace.write("new", content)
                os.rename(s.workspace.path("new"), s.workspace.path(name))
        done, seen, rss = 0, 0, []
        while done < RELOADS:
            write(done % 2)
            s.process.send_signal(signal.SIGHUP)
            # Done, before the next is written: files that change while they are read are read as they are then.
            eventually(lambda: any("msg=reloaded" in line for line in s.lines[seen:]), 10, "reloaded", every=0.001)
            seen = len(s.lines)
            done += 1
            if done % 100 == 0:
                rss.append(s.rss())
        eventually(lambda: s.log.count("msg=reloaded") == RELOADS, 10, "so many reloads")
        eventually(lambda: min(load.counts) > 0, 10, "answers of both kinds")
        load.stop()
        diag("%d requests, resident memory %s" % (sum(load.counts), rss))
        for line in s.run_lines():
            if line["state"] != "complete":
                note(line)
        equal(load.lost, [], "of %d requests some were lost" % sum(load.counts))
        true(sum(load.counts) > 300, "there was no load: %s" % load.counts)
        if os.environ.get("SL_SANITIZED") != "1":
            true(rss[-1] - rss[1] < 3000000, "resident memory grows with reloads: %s" % rss)


main(setup=make_login)
