#!/usr/bin/env python3
"""`pgsluice run` when it goes wrong: the exit code and the receipt tell, and nothing half-made is left."""

import os
import resource
import signal
import stat
import subprocess

from harness import *
from peers import *

EXPORTS = {
    "small": "SELECT 1 AS one",
    "plain": rows(20000),
    "gated": rows(20000, gated("g = 6000", 7)),
    "wrong": rows(FAR, "1 / (g - %d) * 0 AS x" % LATE),
    "big": rows(2000000),
    "sleepy": "SELECT pg_sleep(30)",
}


def cli(args, files=None, **more):
    """pgsluice run at work: (process, workspace)."""
    w = Workspace(EXPORTS, {"database": PATIENT}, files=files)
    w.before = w.listing()
    process = subprocess.Popen([PGSLUICE, "run", "-c", w.config] + list(args), stdin=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, env=child_env(), cwd=w.directory, **more)
    at_end(lambda: process.poll() is None and (process.kill(), process.wait()))
    return process, w


def finish(process, timeout=30):
    _, err = process.communicate(timeout=timeout * SLOW)
    err = err.decode()
    note("exit %d, stderr: %s" % (process.returncode, err))
    return process.returncode, err


def receipt_line(err):
    line, = [x for x in err.splitlines() if "sha256=" in x and "state=" in x]
    return logfmt(line)


def at_the_gate_on_the_command_line(cause):
    """`run gated -o out.csv` with an older out.csv; returns exit code and receipt, checks that nothing is left."""
    with Gate(7) as gate:
        process, w = cli(["gated", "-o", "out.csv"], files={"out.csv": "older"})
        pid, = gate.reached()
        cause(process, pid)
        code, err = finish(process)
        equal(w.read("out.csv"), b"older", "the older file")
        equal(w.listing(), w.before, "files left behind")
        soon(lambda: gone(pid), "the backend has gone")
        return code, receipt_line(err)


@test
def a_killed_backend_on_the_command_line_is_75_and_leaves_nothing():
    code, receipt = at_the_gate_on_the_command_line(lambda p, pid: sql("SELECT pg_terminate_backend(%d)" % pid))
    equal((code, receipt["state"]), (75, "failed"))


@each(term=signal.SIGTERM, int=signal.SIGINT, hup=signal.SIGHUP)
def a_signal_on_the_command_line_ends_the_query_and_leaves_nothing(signum):
    code, receipt = at_the_gate_on_the_command_line(lambda p, pid: p.send_signal(signum))
    true(code in (128 + signum, -signum), "exit code %d" % code)
    equal(receipt["state"], "cancelled")


@each(hup=signal.SIGHUP, int=signal.SIGINT)
def a_signal_that_the_caller_ignores_is_ignored(signum):
    with Gate(7) as gate:
        process, w = cli(["gated", "-o", "out.csv"], preexec_fn=lambda: signal.signal(signum, signal.SIG_IGN))
        gate.reached()
        process.send_signal(signum)
        gate.open()
        code, err = finish(process)
    equal((code, receipt_line(err)["state"]), (0, "complete"))


@test
def an_sql_error_on_the_command_line_is_70_and_leaves_nothing():
    process, w = cli(["wrong", "-o", "out.csv"])
    code, err = finish(process)
    equal((code, receipt_line(err)["state"]), (70, "failed"))
    equal(w.listing(), w.before, "files left behind")


_ON_A_SMALL_DISK = """
mount -t tmpfs -o size=256k none disk || exit 0
"$@"
code=$?
ls -A disk > left
exit $code
"""


@test
def a_full_disk_is_74_and_leaves_nothing():
    # In a mount namespace of its own, so that nothing is ever left mounted. Where that is not allowed, the
    # next test is the nearest that can be had.
    w = Workspace(EXPORTS, {"database": PATIENT}, files={"disk/.keep": ""})
    unshare = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    done = subprocess.run(unshare + ["sh", "-c", _ON_A_SMALL_DISK, "sh", PGSLUICE, "run", "-c", w.config, "plain",
                                     "-o", w.path("disk/out.csv")],
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          env=child_env(), cwd=w.directory, timeout=60 * SLOW)
    err = done.stderr.decode()
    if not w.exists("left"):
        diag("no small disk can be mounted here: " + err.strip())
        return
    equal(done.returncode, 74, err)
    equal(w.read("left"), b"", "files left behind")
    equal(receipt_line(err)["state"], "failed")
    soon(lambda: not in_transaction(), "the query has ended")


@test
def a_file_that_may_not_grow_is_74_and_leaves_nothing():
    # What a quota does, and works for every user: writes fail with EFBIG.
    def limited():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300000, 300000))
    process, w = cli(["plain", "-o", "out.csv"], preexec_fn=limited)
    code, err = finish(process)
    equal(code, 74, err)
    equal(w.listing(), w.before, "files left behind")
    equal(receipt_line(err)["state"], "failed")


@each(redirected=(), named=("-o", "/dev/full"))
def dev_full_is_74(*args):
    with open("/dev/full", "wb") as full:
        process, w = cli(["plain", *args], stdout=full)
        code, err = finish(process)
    equal(code, 74, err)
    equal(receipt_line(err)["state"], "failed")
    true(stat.S_ISCHR(os.stat("/dev/full").st_mode), "/dev/full is no longer a device")


@test
def a_small_export_to_dev_full_is_74_too():
    # All of it fits into one buffer: only the last write, or the flush, can tell.
    with open("/dev/full", "wb") as full:
        process, w = cli(["small"], stdout=full)
        code, err = finish(process)
    equal(code, 74, err)


@test
def a_file_that_cannot_be_created_is_73_and_runs_no_query():
    process, w = cli(["sleepy", "-o", "no/such/directory/out.csv"])
    code, err = finish(process, 10)
    equal(code, 73, err)


@test
def a_reader_that_leaves_the_pipe_ends_the_query():
    process, w = cli(["big"], stdout=subprocess.PIPE)
    process.stdout.read(100000)
    pid = in_transaction()
    process.stdout.close()
    process.stdout = None
    code, err = finish(process, 10)
    true(code != 0, "exit code 0 without a reader")
    gone_soon(pid)


main()
