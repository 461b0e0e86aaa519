#!/usr/bin/env python3
"""`pgsluice run -o FILE` ended at random moments: FILE is always the old or the new whole one.

SL_SEED repeats a run's moments; SL_KILLS is how many there are (200, under a sanitizer 60).
"""

import random
import time

from harness import *
from jobs import *

EXPORTS = {"e": "-- param: v int\n\nSELECT g, :v AS v, repeat('x', 60) AS pad FROM generate_series(1, 30000) AS g"}

KILLS = int(os.environ.get("SL_KILLS") or ("60" if os.environ.get("SL_SANITIZED") == "1" else "200"))
SIGNALS = 60
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR2, signal.SIGALRM, signal.SIGXCPU)

TMP = ".out.csv.pgsluice-tmp"
SUM = "out.csv.sha256"
SUM_TMP = ".out.csv.sha256.pgsluice-tmp"


def content(version):
    pad = "x" * 60
    return ("g,v,pad\n" + "".join("%d,%d,%s\n" % (g, version, pad) for g in range(1, 30001))).encode()


def begin(w, version, sums):
    return start(w, "e", "v=%d" % version, "-o", "out.csv", "--quiet", *(["--sha256"] if sums else []))


class Moments:
    """Random moments from before a run's first step to just after its last one."""

    def __init__(self, w):
        seed = os.environ.get("SL_SEED") or str(random.SystemRandom().randrange(10 ** 9))
        diag("SL_SEED=" + seed)
        self.random = random.Random(seed)
        began = time.monotonic()
        equal(finish(begin(w, 0, True)), (0, ""))
        self.longest = (time.monotonic() - began) * 1.1

    def wait(self):
        time.sleep(self.random.uniform(0, self.longest))


def old_or_new(w, versions):
    """Which of the versions out.csv has, all of it."""
    data = w.read("out.csv")
    for version in versions:
        if data == content(version):
            return version
    raise AssertionError("out.csv is neither version of %r: %d bytes, %r" % (versions, len(data), data[:30]))


def check_sum(w):
    """A sum that is there is the one of the file that is there."""
    if w.exists(SUM):
        equal(w.read(SUM).decode(), "%s  out.csv\n" % sha256(w.read("out.csv")))


@test(deadline=300)
def killed_at_200_random_moments_the_file_is_the_old_or_the_new_one():
    w = job_workspace(EXPORTS)
    moments = Moments(w)
    version = old = new = 0
    for i in range(1, KILLS + 1):
        process = begin(w, i, sums=i % 2 == 0)
        moments.wait()
        process.kill()
        process.communicate()
        found = old_or_new(w, (version, i))
        old += found == version
        new += found == i
        check_sum(w)
        version = found
        true(set(w.listing()) - set(w.before) <= {"out.csv", SUM, TMP, SUM_TMP}, w.listing())
    diag("%d kills: %d times the old file, %d times the new one" % (KILLS, old, new))
    true(old > KILLS // 10 and new > 0, "the moments were no random ones")
    # The next run removes what the last one left.
    equal(finish(begin(w, KILLS + 1, True)), (0, ""))
    equal(old_or_new(w, (KILLS + 1,)), KILLS + 1)
    true(sums_hold(w, "out.csv"), "sha256sum -c")
    leaves(w, "out.csv", SUM)


@test(deadline=300)
def a_signal_at_a_random_moment_leaves_the_old_file_and_nothing_else():
    w = job_workspace(EXPORTS)
    moments = Moments(w)
    version = stopped = 0
    for i in range(1, SIGNALS + 1):
        number = moments.random.choice(ENDING)
        process = begin(w, i, sums=True)
        moments.wait()
        process.send_signal(number)
        code, err = finish(process)
        # -number: it came before the program looked at signals, hence before there was a file.
        true(code in (0, 128 + number, -number), "exit code %d: %s" % (code, err))
        if code == 128 + number:
            equal(one_line(err, "e", code)["state"], "cancelled")
            stopped += 1
        version = i if code == 0 else version
        equal(old_or_new(w, (version,)), version)
        true(sums_hold(w, "out.csv"), "sha256sum -c")
        leaves(w, "out.csv", SUM)
    diag("%d of %d runs were stopped" % (stopped, SIGNALS))
    true(stopped > 0, "no run was stopped")


main()
