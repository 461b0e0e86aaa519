#!/usr/bin/env python3
"""The drain: after SIGTERM running exports may end, nobody loses a byte unseen, and the operator is still heard."""

import random
import signal
import socket
import threading
import time

from harness import *
from peers import *

EXPORTS = {
    "small": "SELECT 1 AS one",
    "gated": rows(20000, gated("g = 6000", 7)),
    "some": "SELECT g, repeat('x', 200) AS pad FROM (SELECT generate_series(1, :'n'::int) AS g) s\n",
}
EXPORTS["some"] = "-- param: n integer = 3000\n\n" + EXPORTS["some"]


def server(drain="60s", exit_code=0, **database):
    return Server(EXPORTS, {"server": {"drain_timeout": drain}, "database": {**PATIENT, **database}}, exit_code=exit_code)


def ends(s, within):
    """The server ends by itself, within so many seconds."""
    started = time.monotonic()
    s.process.wait(within * SLOW + 5)
    took = time.monotonic() - started
    true(took < within * SLOW, "the end took %.1f s" % took)
    s.stop()


@test
def eight_running_exports_all_arrive_whole():
    with server(max_exports=8) as s, Gate(7) as gate:
        clients = [curl(s.url + "/exports/gated.csv") for _ in range(8)]
        gate.reached(8)
        s.process.terminate()
        eventually(lambda: s.get("/readyz", admin=True).status == 503, 5, "not ready any more")
        equal(s.get("/healthz", admin=True).status, 200)
        gate.open()
        for c in clients:
            equal(c.wait(), 0, "exit code of curl: " + c.head)
            equal(c.body.count(b"\n"), 20001)
        ends(s, 3)
        equal([x["state"] for x in s.run_lines()], ["complete"] * 8)


@test
def who_waits_for_a_slot_gets_one_in_time():
    with server(max_exports=1) as s, Gate(7) as gate:
        first = curl(s.url + "/exports/gated.csv")
        gate.reached()
        second = Reader(s, "/exports/small.csv", head=False)
        true(second.silent(0.2), "it does not wait")
        s.process.terminate()
        s.wait_log("msg=stopping")
        gate.open()
        equal(first.wait(), 0, first.head)
        second.read_message()
        equal((second.status, second.message.complete), (200, True))
        ends(s, 3)


@test
def the_last_bytes_wait_for_clients_that_take_their_time():
    # Of so many lengths, some end where the kernel has room for all but the end mark.
    lengths = range(1200, 1680, 20)
    with server(max_exports=24, queue_length=0) as s:
        readers = {n: Reader(s, "/exports/some.csv?n=%d" % n) for n in lengths}
        s.process.terminate()
        s.wait_log("msg=stopping")
        # Not a wait for something to happen: what can be sent without a reader has been sent by then.
        time.sleep(0.5 * SLOW)
        over = {x["id"] for x in s.run_lines()}
        def take(n):
            readers[n].read_message()
            true(readers[n].message.complete, "the export of %d rows was cut" % n)
            equal(readers[n].message.body.count(b"\n"), n + 1)
        for n in lengths:
            if readers[n].run_id not in over:
                take(n)
        # Longer than replies are waited for when nobody has to.
        time.sleep(2.5 * SLOW)
        for n in lengths:
            if readers[n].run_id in over:
                take(n)
        ends(s, 3)
        equal({x["state"] for x in s.run_lines()}, {"complete"})


@test
def a_run_can_still_be_cancelled_by_the_operator():
    with server() as s, Gate(7) as gate:
        reader = Reader(s, "/exports/gated.csv")
        gate.reached()
        s.process.terminate()
        s.wait_log("msg=stopping")
        equal(s.delete("/runs/" + reader.run_id, {"X-Pgsluice": "1"}, admin=True).status, 200)
        true(not reader.read_all().complete, "the transfer looks whole")
        ends(s, 3)


@test
def sigusr2_is_still_answered():
    with server() as s, Gate(7) as gate:
        reader = Reader(s, "/exports/gated.csv")
        gate.reached()
        s.process.terminate()
        s.wait_log("msg=stopping")
        s.process.send_signal(signal.SIGUSR2)
        line = logfmt(s.wait_log("msg=running"))
        equal((line["export"], line["id"]), ("gated", reader.run_id))
        gate.open()
        true(reader.read_message().complete)
        ends(s, 3)


@test
def sighup_is_ignored_and_says_so():
    with server() as s, Gate(7) as gate:
        reader = Reader(s, "/exports/gated.csv")
        gate.reached()
        s.process.terminate()
        s.wait_log("msg=stopping")
        s.process.send_signal(signal.SIGHUP)
        contains(s.wait_log("msg=reload "), "stopping")
        gate.open()
        true(reader.read_message().complete)
        ends(s, 3)
        lacks(s.log, "msg=reloaded")


@each(term_term=(signal.SIGTERM, signal.SIGTERM), term_int=(signal.SIGTERM, signal.SIGINT),
      int_term=(signal.SIGINT, signal.SIGTERM))
def a_second_signal_breaks_what_runs_at_once(first, second):
    with server() as s, Gate(7) as gate:
        c = curl(s.url + "/exports/gated.csv")
        gate.reached()
        c.wait_run_id()
        s.process.send_signal(first)
        s.wait_log("msg=stopping")
        s.process.send_signal(second)
        equal(c.wait(), 18, "exit code of curl: " + c.head)
        ends(s, 2)
        equal([x["state"] for x in s.run_lines()], ["cancelled"])


@test
def a_drain_timeout_of_0_breaks_what_runs_at_once():
    with server("0s") as s, Gate(7) as gate:
        c = curl(s.url + "/exports/gated.csv")
        gate.reached()
        c.wait_run_id()
        s.process.terminate()
        equal(c.wait(), 18, "exit code of curl: " + c.head)
        ends(s, 2)


# Signals at random moments

def expected(n):
    return b"g,pad\n" + b"".join(b"%d,%s\n" % (g, b"x" * 200) for g in range(1, n + 1))


class Clients:
    """Clients that ask for exports until they are stopped; each answer is whole, broken, refused or wrong."""

    def __init__(self, s, n=3):
        self.server, self.stopped = s, threading.Event()
        self.counts = {"whole": 0, "broken": 0, "refused": 0}
        self.wrong = []
        self.lock = threading.Lock()
        self.want = expected(3000)
        self.threads = [threading.Thread(target=self._work) for _ in range(n)]
        at_end(self.stop)
        for t in self.threads:
            t.start()

    def _ask(self):
        try:
            r = self.server.raw_get("/exports/some.csv")
        except (OSError, AssertionError):
            return "refused", None
        if r.status != 200:
            return ("refused", None) if r.status == 503 and r.complete else ("wrong", r.body)
        if not r.complete:
            return ("broken", None) if self.want.startswith(r.body[:-1]) else ("wrong", r.body)
        return ("whole", None) if r.body == self.want else ("wrong", r.body)

    def _work(self):
        while not self.stopped.is_set():
            kind, body = self._ask()
            with self.lock:
                if kind == "wrong":
                    self.wrong.append(body[-200:])
                else:
                    self.counts[kind] += 1

    def stop(self):
        self.stopped.set()
        for t in self.threads:
            t.join()


@test
def signals_at_random_moments_leave_no_answer_that_only_looks_whole():
    chance = random.Random(4)
    total = {}
    for round in range(12):
        drain = chance.choice(["0s", "20ms", "10s"])
        with server(drain, max_exports=2) as s:
            clients = Clients(s)
            eventually(lambda: clients.counts["whole"] >= 1, 20, "the first export")
            for _ in range(chance.randrange(8)):
                # A random moment, not a wait for anything.
                time.sleep(chance.random() * 0.02)
                s.process.send_signal(chance.choice([signal.SIGHUP, signal.SIGUSR2]))
            for _ in range(chance.choice([1, 1, 2, 3])):
                time.sleep(chance.random() * 0.03)
                s.process.send_signal(chance.choice([signal.SIGTERM, signal.SIGINT]))
            ends(s, 15)
            clients.stop()
            equal(clients.wrong, [], "answers that are neither whole nor broken, round %d" % round)
            equal(clients.counts["broken"] if drain == "10s" and s.log.count("msg=signal") == 1 else 0, 0,
                  "exports were broken though there was time")
            for kind, n in clients.counts.items():
                total[kind] = total.get(kind, 0) + n
    note(total)
    true(total["whole"] > 12, total)


main()
