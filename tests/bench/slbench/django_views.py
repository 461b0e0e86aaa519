"""The same rows through two real Django views, beside pgsluice and COPY."""
import contextlib
import os
import re
import signal
import statistics
import subprocess
import tempfile
import time

from . import tables
from .measure import BenchError, children, peak_mb, timed_copy, timed_curl
from .report import heading, number, spread, table
from .server import Server

TABLE = "bench_users_500k"
PROJECT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "django")
GUNICORN = "/usr/bin/gunicorn"
START_SECONDS = 30
STOP_SECONDS = 10
VIEWS = [
    ("Django, HttpResponse over .all()", "all"),
    ("Django, StreamingHttpResponse over .iterator()", "iterator"),
]


class Gunicorn:
    """A context: gunicorn with one sync worker, for one view."""

    def __init__(self, context, view):
        self.view = view
        self.log = os.path.join(tempfile.mkdtemp(dir=context.work), "log")
        self.process = None
        self.base = None
        self.worker = None

    def __enter__(self):
        env = dict(os.environ, DJANGO_SETTINGS_MODULE="shop.settings",
                   PYTHONDONTWRITEBYTECODE="1", BENCH_TABLE=TABLE)
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [GUNICORN, "--chdir", PROJECT, "--workers", "1", "--worker-class", "sync",
                 "--timeout", "3600", "--bind", "127.0.0.1:0",
                 "django.core.wsgi:get_wsgi_application()"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env)
        try:
            self._wait_until_ready()
            # Imports, the URL table and the connection are no part of the cost.
            timed_curl(self.base + "/ready")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                for pid in children(self.process.pid):
                    os.kill(pid, signal.SIGKILL)
                self.process.kill()
                self.process.wait()

    def url(self):
        return "%s/users/%s.csv" % (self.base, self.view)

    def peak_mb(self):
        if children(self.process.pid) != [self.worker]:
            raise BenchError("gunicorn's worker was replaced:\n" + self._log_text())
        return peak_mb(self.worker)

    def _wait_until_ready(self):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            found = re.search(r"Listening at: (http://\S+)", self._log_text())
            workers = children(self.process.pid)
            if found and workers:
                self.base, self.worker = found.group(1), workers[0]
                return
            time.sleep(0.05)
        raise BenchError("gunicorn is not ready:\n" + self._log_text())

    def _log_text(self):
        with open(self.log, errors="replace") as log:
            return log.read()


def run(context):
    heading("Django: %s rows of the 14-column table" % number(int(
        context.database.value("SELECT count(*) FROM " + TABLE))))
    database, query = context.database, tables.query(TABLE)
    servers = [(label, Gunicorn(context, view)) for label, view in VIEWS]
    servers.append(("pgsluice", Server(context)))
    lines = {label: [] for label, _ in servers}
    copy, peaks = [], {}
    program = servers[-1][1]
    with contextlib.ExitStack() as stack:
        for _, server in servers:
            stack.enter_context(server)
        for i in range(context.args.runs):
            for label, server in servers:
                url = server.url(TABLE) if server is program else server.url()
                lines[label].append(timed_curl(url))
                # Django's peak creeps up with the runs: one download is fairer.
                peaks.setdefault(label, server.peak_mb())
            copy.append(timed_copy(database, query))
        last = {label: server.peak_mb() for label, server in servers}
    rows = [_row(label, runs, peaks[label], last[label]) for label, runs in lines.items()]
    rows.append(["COPY, psql", spread([timed.seconds for timed in copy]), "", "", "", ""])
    table(["", "seconds (min to max)", "first byte s", "peak MB, 1 run",
           "%d runs" % context.args.runs, "MB sent"], rows)


def _row(label, runs, first_peak, last_peak):
    return [label, spread([timed.seconds for timed in runs]),
            "%.3f" % statistics.median(timed.first_byte for timed in runs),
            "%.1f" % first_peak, "%.1f" % last_peak, number(runs[0].bytes >> 20)]
