"""The test programs' own small runner: functions named like promises, TAP on standard output."""

import atexit
import inspect
import os
import re
import signal
import sys
import time
import traceback

_here = os.path.dirname(os.path.abspath(__file__))


def _find_top():
    env = os.environ.get("srcdir", "")
    if os.path.isabs(env) and os.path.exists(os.path.join(env, "tools", "with-postgres")):
        return env
    return os.path.dirname(os.path.dirname(_here))


TOP = _find_top()
PGSLUICE = os.path.abspath(os.environ.get("PGSLUICE") or "./pgsluice")
SLOW = float(os.environ.get("SL_SLOW") or "1")

# Seconds that one test may take; a test that needs more says so: @test(deadline=300).
TEST_DEADLINE = 120


class Skip(Exception):
    """Raised by a test that cannot run here; the text says why."""


class _Deadline(BaseException):
    pass


_tests = []
running = []      # notes, and things with diagnostics(), of the test that runs now
_leftovers = []   # what to clean up when a test has ended, however it did


def test(function=None, *, deadline=TEST_DEADLINE):
    """Registers a test; tests run in the order of the file."""
    def register(f):
        _tests.append((f.__name__, f, deadline))
        return f
    return register(function) if function else register


def each(**cases):
    """One test per case: @each(name=args...) makes tests called FUNCTION__NAME."""
    def register(f):
        for name, value in cases.items():
            args = value if isinstance(value, tuple) else (value,)
            _tests.append((f.__name__ + "__" + name, lambda args=args: f(*args), TEST_DEADLINE))
        return f
    return register


def at_end(function):
    """Calls the function when the test has ended, also when it failed."""
    _leftovers.append(function)


def _close_leftovers():
    while _leftovers:
        _leftovers.pop()()


atexit.register(_close_leftovers)


def note(text):
    """A line for the diagnostics, printed only when the test fails."""
    running.append(str(text))


def diag(text):
    """A line of diagnostics that is always printed."""
    for line in str(text).splitlines():
        print("# " + line, flush=True)


def show(value, limit=700):
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= limit else text[:limit] + "... (%d characters)" % len(text)


def _first_difference(got, want):
    n = min(len(got), len(want))
    at = next((i for i in range(n) if got[i] != want[i]), n)
    lo = max(0, at - 60)
    return "first difference at %d of %d (wanted %d)\n  got    ...%r\n  wanted ...%r" % (
        at, len(got), len(want), got[lo:at + 100], want[lo:at + 100])


def equal(got, want, what=""):
    if got != want:
        if isinstance(got, (bytes, str)) and type(got) is type(want) and len(got) + len(want) > 300:
            raise AssertionError("%s %s" % (what, _first_difference(got, want)))
        raise AssertionError("%s\n  got    %s\n  wanted %s" % (what, show(got), show(want)))


def true(value, what="not true"):
    if not value:
        raise AssertionError(show(what) if isinstance(what, str) else show(repr(what)))


def contains(text, part, what=""):
    if part not in text:
        raise AssertionError("%s\n  %r is not in\n  %s" % (what, part, show(text, 2000)))


def lacks(text, part, what=""):
    if part in text:
        raise AssertionError("%s\n  %r is in\n  %s" % (what, part, show(text, 2000)))


def matches(text, pattern, what=""):
    found = re.search(pattern, text, re.S)
    if not found:
        raise AssertionError("%s\n  /%s/ does not match\n  %s" % (what, pattern, show(text, 2000)))
    return found


def eventually(predicate, timeout=5.0, what="", every=0.01):
    """The only way to wait: polls until the predicate returns something true, and returns it."""
    end = time.monotonic() + timeout * SLOW
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() >= end:
            what = what or inspect.getsource(predicate).strip()
            raise AssertionError("not within %g s: %s (last: %s)" % (timeout * SLOW, what, show(value)))
        time.sleep(every)


def _on_alarm(signum, frame):
    raise _Deadline()


def _on_signal(signum, frame):
    raise SystemExit(128 + signum)


def main(postgres=True, pg_extra=None, setup=None):
    """Runs what was asked for; never returns. `setup` runs once, before the first test."""
    args = sys.argv[1:]
    if args == ["--list"]:
        print("\n".join(name for name, _, _ in _tests))
        sys.exit(0)
    if postgres and not os.environ.get("SL_IT_PRIVATE"):
        # PostgreSQL comes up around us and is gone when we are.
        env = dict(os.environ, SL_IT_PRIVATE=str(os.getpid()))
        if pg_extra:
            env["PG_EXTRA"] = pg_extra
        wrapper = os.path.join(TOP, "tools", "with-postgres")
        os.execve(wrapper, [wrapper, sys.executable, os.path.abspath(sys.argv[0])] + args, env)
    os.environ.pop("SL_IT_PRIVATE", None)

    for s in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(s, _on_signal)
    signal.signal(signal.SIGALRM, _on_alarm)

    unknown = [a for a in args if a not in [name for name, _, _ in _tests]]
    if unknown:
        print("Bail out! no such test: " + " ".join(unknown))
        sys.exit(1)
    chosen = [t for t in _tests if not args or t[0] in args]

    print("1..%d" % len(chosen), flush=True)
    if not os.access(PGSLUICE, os.X_OK):
        print("Bail out! no program at %s (set PGSLUICE)" % PGSLUICE)
        sys.exit(1)
    if setup:
        setup()
    failed = 0
    for number, (name, function, deadline) in enumerate(chosen, 1):
        failed += not _run_one(number, name, function, deadline)
    sys.exit(1 if failed else 0)


def _run_one(number, name, function, deadline):
    running.clear()
    title = "%d - %s" % (number, name.replace("_", " "))
    started = time.monotonic()
    signal.alarm(int(deadline * SLOW))
    try:
        function()
    except Skip as skip:
        print("ok %s # SKIP %s" % (title, skip), flush=True)
        return True
    except _Deadline:
        trouble = "still running after %d s\n%s" % (deadline * SLOW, traceback.format_exc())
    except Exception:
        trouble = traceback.format_exc()
    else:
        trouble = None
    finally:
        signal.alarm(0)
        _close_leftovers()
    took = time.monotonic() - started
    if trouble is None:
        print("ok %s%s" % (title, "" if took < 5 else "\n# that took %.1f s" % took), flush=True)
        return True
    print("not ok %s" % title, flush=True)
    diag(trouble)
    diag("after %.1f s; once more: %s %s" % (took, sys.argv[0], name))
    for item in running:
        diag(item.diagnostics() if hasattr(item, "diagnostics") else item)
    return False
