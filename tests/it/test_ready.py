#!/usr/bin/python3
"""/readyz: would an export be served? It asks the database, but never more than once a second."""

import errno
import os
import signal
import threading
import time

from harness import *
from jobs import namespace
from peers import *
from scraping import scrape

EXPORTS = {"small": "SELECT 1 AS one", "gated": rows(20000, gated("g = 6000", 7))}


def ready(s):
    return s.get("/readyz", admin=True)


def unready(s, detail):
    p = problem(ready(s), 503, "unavailable")
    contains(p["detail"], detail)
    return p


class Door:
    """A way to the database that can be shut: a socket's name that leads to the real one."""

    def __init__(self):
        self.workspace = Workspace()
        self.path = self.workspace.path(".s.PGSQL.5432")
        self.dsn = "host=%s port=5432" % self.workspace.directory

    def open(self):
        directory, port = sql("SELECT split_part(current_setting('unix_socket_directories'), ',', 1), "
                              "current_setting('port')").split("|")
        os.symlink("%s/.s.PGSQL.%s" % (directory, port), self.path)

    def shut(self):
        os.unlink(self.path)


class StuckLookup:
    """What makes libpq hang where no socket can be polled: /etc/hosts is a pipe that nobody opens."""

    DSN = "host=database.invalid dbname=postgres"

    def __init__(self):
        self.workspace = Workspace()
        self.pipe = self.workspace.path("hosts")
        os.mkfifo(self.pipe)
        self.wrapper = namespace()
        if self.wrapper is None:
            raise Skip("no mount namespace can be had here")
        self.workspace.write("nsswitch.conf", "hosts: files\n")
        self.wrapper += ["sh", "-c", 'cd "$0" && mount --bind hosts /etc/hosts && '
                         'mount --bind nsswitch.conf /etc/nsswitch.conf && cd / && exec "$@"', self.workspace.directory]

    def answer(self):
        """Ends a lookup that is under way: no such host. False when there is none."""
        try:
            os.close(os.open(self.pipe, os.O_WRONLY | os.O_NONBLOCK))
        except OSError as trouble:
            equal(trouble.errno, errno.ENXIO)
            return False
        return True

    def server(self):
        return Server(EXPORTS, {"database": {**PATIENT, "dsn": self.DSN}}, wrapper=self.wrapper)

    def told(self, s):
        """What the server says when its lookup is answered at once."""
        details = []
        asker = threading.Thread(target=lambda: details.append(problem(ready(s), 503, "unavailable")["detail"]))
        asker.start()
        while asker.is_alive():
            self.answer()
            asker.join(0.01)
        return details[0]


def server(dsn="", **database):
    return Server(EXPORTS, {"database": {**PATIENT, "dsn": dsn, **database}})


@test
def it_is_ready_when_the_database_lets_us_in():
    with server() as s:
        r = ready(s)
        equal((r.status, r.body, r["Cache-Control"]), (200, b"ready\n", "no-store"))
        equal(s.head("/readyz", admin=True).status, 200)
        equal(s.request("POST", "/readyz", admin=True).status, 405)
        problem(s.get("/readyz"), 404, "not_found")


@test
def a_database_that_goes_and_comes_back_is_followed_within_a_second():
    door = Door()
    door.open()
    with server(door.dsn) as s:
        equal(ready(s).status, 200)
        door.shut()
        eventually(lambda: ready(s).status == 503, 2, "it has noticed")
        unready(s, "database")
        equal(s.get("/healthz", admin=True).status, 200, "the process itself is well")
        door.open()
        eventually(lambda: ready(s).status == 200, 2, "it has noticed again")


@test
def a_database_that_never_answers_is_given_two_seconds():
    with server(SilentDatabase().dsn) as s:
        started = time.monotonic()
        unready(s, "did not answer in 2 s")
        took = time.monotonic() - started
        true(1.9 <= took <= 2 + 1 * SLOW, "it took %.2f s" % took)


@test
def a_login_that_is_refused_is_not_ready():
    with server("user=nobody_of_that_name") as s:
        unready(s, "database")


@test
def a_storm_of_questions_is_one_connection():
    silent = SilentDatabase()
    with server(silent.dsn) as s:
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(ready(s).status)) for _ in range(20)]
        for t in threads:
            t.start()
        silent.guest()
        equal(scrape(s)("pgsluice_slots_in_use"), 0, "the probe has no slot")
        for t in threads:
            t.join(30 * SLOW)
        equal(answers, [503] * 20)
        silent.listener.settimeout(0.2)
        try:
            silent.listener.accept()
            more = True
        except OSError:
            more = False
        true(not more, "a second connection came")


@test
def a_name_that_is_looked_up_for_ever_holds_up_nobody():
    lookup = StuckLookup()
    with lookup.server() as s:
        threads_before = len(os.listdir("/proc/%d/task" % s.pid))
        answers, well = [], []
        def timed(connection, path, want, times):
            started = time.monotonic()
            connection.request("GET", path)
            r = connection.getresponse()
            if want in r.read():
                times.append(time.monotonic() - started)
        def ask():
            # One connection each, or those that are just being closed would fill the listener.
            connection = s.connection(admin=True)
            for _ in range(5):
                timed(connection, "/readyz", b"did not answer in 2 s", answers)
            connection.close()
        probers = [threading.Thread(target=ask) for _ in range(40)]
        for t in probers:
            t.start()
        health = s.connection(admin=True)
        asked = 0
        while any(t.is_alive() for t in probers):
            timed(health, "/healthz", b"ok", well)
            asked += 1
        health.close()
        equal((len(answers), len(well)), (200, asked))
        true(max(answers) <= 2 + 1 * SLOW, "an answer took %.2f s" % max(answers))
        true(sorted(answers)[100] <= 0.5 * SLOW, "each waited, though the first had waited in vain")
        true(max(well) <= 1 * SLOW, "/healthz took %.2f s" % max(well))
        eventually(lambda: len(os.listdir("/proc/%d/task" % s.pid)) == threads_before + 1, 10, "one thread asks")
        true(lookup.answer(), "a lookup was under way")
        eventually(lambda: lookup.told(s) != "the database did not answer in 2 s", 5, "lookups that end are followed")


@test
def a_lookup_that_hangs_does_not_delay_the_end():
    lookup = StuckLookup()
    with lookup.server() as s:
        unready(s, "did not answer")
        started = time.monotonic()
        s.stop()
        took = time.monotonic() - started
        true(took < 2 * SLOW, "it took %.2f s" % took)


@test
def a_lookup_that_hangs_is_given_up_for_another_database():
    lookup = StuckLookup()
    with lookup.server() as s:
        unready(s, "did not answer")
        config = s.workspace.read("pgsluice.conf").decode()
        contains(config, lookup.DSN)
        s.workspace.write("pgsluice.conf", config.replace("dsn = " + lookup.DSN, "dsn = "))
        s.process.send_signal(signal.SIGHUP)
        s.wait_log("msg=reloaded")
        started = time.monotonic()
        equal(ready(s).status, 200)
        took = time.monotonic() - started
        true(took < 1 * SLOW, "it took %.2f s" % took)


@test
def an_answer_holds_for_a_second():
    def connections():
        return int(sql("SELECT sessions FROM pg_stat_database WHERE datname = 'probed'"))
    sql("CREATE DATABASE probed")
    with server("dbname=probed") as s:
        started = time.monotonic()
        for _ in range(50):
            equal(ready(s).status, 200)
        took = time.monotonic() - started
    # The count is written when a backend has ended.
    eventually(lambda: connections() > 0)
    true(connections() <= 1 + took, "%d connections in %.2f s" % (connections(), took))


@test
def a_full_house_is_ready():
    with server(max_exports=1, queue_length=0) as s, Gate(7) as gate:
        reader = Reader(s, "/exports/gated.csv", rcvbuf=262144)
        gate.reached()
        problem(s.get("/exports/small.csv"), 503, "busy")
        equal(ready(s).status, 200)
        gate.open()
        equal(reader.read_message().complete, True)


@test
def a_reload_that_failed_does_not_make_it_unready():
    with server() as s:
        s.workspace.write("exports.d/bad.sql", "-- colour: red\n\nSELECT 1")
        s.process.send_signal(signal.SIGHUP)
        s.wait_log("reload failed")
        equal(ready(s).status, 200)


@test
def another_database_after_a_reload_is_asked_at_once():
    with server() as s:
        equal(ready(s).status, 200)
        config = s.workspace.read("pgsluice.conf").decode()
        s.workspace.write("pgsluice.conf", config.replace("[database]\n", "[database]\n", 1)
                          .replace("dsn = \n", "dsn = host=/nonexistent\n"))
        s.process.send_signal(signal.SIGHUP)
        s.wait_log("msg=reloaded")
        unready(s, "database")


@test
def while_it_drains_it_says_so_and_lives():
    with server() as s, Gate(7) as gate:
        reader = Reader(s, "/exports/gated.csv", rcvbuf=262144)
        gate.reached()
        s.process.send_signal(signal.SIGTERM)
        s.wait_log("msg=stopping")
        unready(s, "draining")
        equal(s.get("/healthz", admin=True).status, 200)
        equal(scrape(s)("pgsluice_draining"), 1)
        gate.open()
        equal(reader.read_message().complete, True)


@test
def the_log_tells_of_a_change_and_not_of_each_question():
    door = Door()
    with server(door.dsn) as s:
        for _ in range(3):
            for _ in range(5):
                unready(s, "database")
            # The next one asks the database again.
            stale = time.monotonic() + 1.1
            eventually(lambda: time.monotonic() >= stale)
        door.open()
        eventually(lambda: ready(s).status == 200, 3)
        s.wait_log("ready again")
        equal(len([line for line in s.log.splitlines() if "not ready" in line]), 1, s.log)
        lacks(s.log, "msg=refused")


main()
