#!/usr/bin/env python3
"""The line that shows on a terminal how `pgsluice run` stands, and that there is none elsewhere."""

import fcntl
import pty
import select
import struct
import termios
import time

from gates import *
from harness import *
from jobs import *

EXPORTS = {
    "three": "SELECT i FROM generate_series(1, 3) AS i",
    # A table, so that the planner has an estimate.
    "gated": "SELECT g, pad, CASE WHEN g = 6000 THEN pg_advisory_xact_lock_shared(7)::text END AS gate "
             "FROM it_progress ORDER BY g",
    "wrong": "SELECT 1 / (3 - i) AS v FROM generate_series(1, 5) AS i",
}
SHOWN = r"gated +\d+% \[#* *\] [\d,]+ rows, [\d.]+ [kMG]?B, [\d.]+ [kMG]?B/s, \d+:\d\d"


def setup():
    sql("CREATE TABLE it_progress AS SELECT g, repeat('x', 60) AS pad FROM generate_series(1, 20000) AS g; ANALYZE it_progress")


class Terminal:
    """A pseudo-terminal of this width; what a process writes there is read by read()."""

    def __init__(self, columns=80):
        self.ours, self.theirs = pty.openpty()
        at_end(self.close)
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.text = ""

    def close(self):
        for fd in (self.ours, self.theirs):
            if fd is not None:
                os.close(fd)

    def look(self):
        """What was written until now."""
        while select.select([self.ours], [], [], 0)[0]:
            self.text += os.read(self.ours, 65536).decode()
        return self.text

    def lines(self):
        """What a person sees at the end: carriage returns go back, spaces wipe out."""
        seen = []
        for line in self.look().replace("\r\n", "\n").split("\n"):
            shown = ""
            for part in line.split("\r"):
                shown = part + shown[len(part):]
            seen.append(shown.rstrip())
        return seen


def run_on(terminal, w, *words, stdout=subprocess.DEVNULL):
    process = subprocess.Popen([PGSLUICE, "run", "-c", w.config] + list(words), stdin=subprocess.DEVNULL, stdout=stdout,
                               stderr=terminal.theirs, env=child_env(), cwd=w.directory)
    at_end(lambda: process.poll() is None and (process.kill(), process.wait()))
    return process


def workspace():
    return job_workspace(EXPORTS, {"database": {**PATIENT, "dsn": dsn()}})


@test
def a_terminal_shows_rows_bytes_rate_and_the_time_left_then_only_the_receipt():
    w, terminal = workspace(), Terminal()
    with Gate(7) as gate:
        process = run_on(terminal, w, "gated", "-o", "out.csv")
        gate.reached()
        eventually(lambda: re.search(SHOWN + " left", terminal.look()), 5, "the line")
        rows, percent = 0, 0
        for shown in re.findall(r"(\d+)% \[(#*) *\] ([\d,]+) rows", terminal.look()):
            percent, rows = int(shown[0]), int(shown[2].replace(",", ""))
        true(0 < rows < 6000 and abs(percent - rows / 200) <= 1, "%d rows, %d%%" % (rows, percent))
        gate.open()
        equal(process.wait(30 * SLOW), 0)
    lines = [line for line in terminal.lines() if line]
    equal(len(lines), 1, lines)
    equal((logfmt(lines[0])["state"], logfmt(lines[0])["rows"]), ("complete", "20000"))


@test
def it_is_drawn_five_times_a_second_and_keeps_to_the_width():
    w, terminal = workspace(), Terminal(columns=40)
    with Gate(7) as gate:
        process = run_on(terminal, w, "gated", "-o", "out.csv")
        gate.reached()
        before = terminal.look().count("\r")
        began = time.monotonic()
        eventually(lambda: terminal.look().count("\r") >= before + 10, 10, "ten times")
        took = time.monotonic() - began
        true(1.5 < took < 5 * SLOW, "ten times in %g s" % took)
        gate.open()
        equal(process.wait(30 * SLOW), 0)
    drawn = terminal.look().split("\r")[1:-2]
    true(drawn and max(len(part) for part in drawn) == 39, [len(part) for part in drawn])


@test
def a_terminal_that_is_stopped_holds_up_neither_the_commit_nor_a_signal():
    for signum in (None, signal.SIGTERM):
        w, terminal = workspace(), Terminal()
        with Gate(7) as gate:
            process = run_on(terminal, w, "gated", "-o", "out.csv", "--receipt", "r.json")
            gate.reached()
            eventually(lambda: "rows" in terminal.look(), 5, "the line")
            os.write(terminal.ours, b"\x13")  # ^S
            until = time.monotonic() + 0.7  # some ticks of the line
            eventually(lambda: time.monotonic() > until)
            process.send_signal(signum) if signum else gate.open()
            eventually(lambda: w.exists("r.json"), 20, "the receipt")
            os.write(terminal.ours, b"\x11")  # ^Q
            equal(process.wait(30 * SLOW), 143 if signum else 0)
        equal(json.loads(w.read("r.json"))["state"], "cancelled" if signum else "complete")
        equal(w.exists("out.csv"), not signum)
        contains(terminal.look(), "state=")


@test
def a_failure_on_a_terminal_is_one_line_too():
    w, terminal = workspace(), Terminal()
    with Gate(7) as gate:
        process = run_on(terminal, w, "gated", "-o", "out.csv")
        pid, = gate.reached()
        eventually(lambda: "rows" in terminal.look(), 5, "the line")
        sql("SELECT pg_terminate_backend(%d)" % pid)
        equal(process.wait(30 * SLOW), 75)
    lines = [line for line in terminal.lines() if line]
    equal(len(lines), 1, lines)
    one_line(lines[0] + "\n", "gated", 75)


@test
def a_retry_is_told_on_a_terminal():
    w, terminal = workspace(), Terminal()
    with Gate(7) as gate:
        process = run_on(terminal, w, "gated", "-o", "out.csv", "--retry", "1")
        pid, = gate.reached()
        sql("SELECT pg_terminate_backend(%d)" % pid)
        gate.reached()
        gate.open()
        equal(process.wait(30 * SLOW), 0)
    lines = [line for line in terminal.lines() if line]
    equal(len(lines), 2, lines)
    matches(lines[0], r"^pgsluice: gated: .*; attempt 2 of 2 in ")
    equal(logfmt(lines[1])["attempts"], "2")


def at_the_gate_for_a_second(terminal, w, *words, **more):
    """Runs `gated`, lets a progress line have its chance, and returns the exit code."""
    with Gate(7) as gate:
        process = run_on(terminal, w, "gated", *words, **more)
        gate.reached()
        until = time.monotonic() + 0.7
        eventually(lambda: time.monotonic() > until)
        gate.open()
        return process.wait(30 * SLOW)


@test
def a_slip_on_a_terminal_is_answered_with_the_usage():
    w, terminal = workspace(), Terminal()
    equal(run_on(terminal, w, "three", "--nonsense").wait(30 * SLOW), 64)
    said, usage = [line for line in terminal.lines() if line]
    contains(said, "--nonsense")
    matches(usage, "^usage: pgsluice run EXPORT ")


@test
def quiet_shows_nothing_on_a_terminal():
    w, terminal = workspace(), Terminal()
    equal(at_the_gate_for_a_second(terminal, w, "-o", "out.csv", "--quiet"), 0)
    equal(terminal.look(), "")


@test
def an_export_onto_the_terminal_is_not_mixed_with_progress():
    w, terminal = workspace(), Terminal()
    with Gate(7) as gate:
        process = subprocess.Popen([PGSLUICE, "run", "-c", w.config, "gated"], stdin=subprocess.DEVNULL,
                                   stdout=terminal.theirs, stderr=terminal.theirs, env=child_env(), cwd=w.directory)
        at_end(lambda: process.poll() is None and (process.kill(), process.wait()))
        eventually(lambda: terminal.look() and gate.waiting(), 20, "the gate")
        gate.open()
        eventually(lambda: terminal.look() and process.poll() is not None, 20, "the end")
    equal(process.returncode, 0)
    lines = terminal.lines()
    equal(len([line for line in lines if re.match(r"\d+,x{60},", line)]), 20000)
    lacks(terminal.look(), " rows, ")


@test
def without_a_terminal_there_is_no_progress():
    w = workspace()
    with Gate(7) as gate:
        process = start(w, "gated", "-o", "out.csv")
        gate.reached()
        until = time.monotonic() + 0.7
        eventually(lambda: time.monotonic() > until)
        gate.open()
        code, err = finish(process)
    equal((code, err.count("\n"), err.count("\r")), (0, 1, 0), err)


main(setup=setup)
