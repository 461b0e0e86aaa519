"""The same rows through three real Django views behind nginx, and what each costs the worker."""
import contextlib
import statistics
import subprocess
import time

from . import tables
from .measure import (CURL, BenchError, curl_command, hash_output, timed_copy, timed_curl)
from .report import heading, number, spread, table
from .server import Server
from .site import Gunicorn, Nginx

TABLE = "bench_users_500k"
LOGIN = "bench_tickets"
OURS = "pgsluice"
VIEWS = {
    "all": "HttpResponse over .all()",
    "iterator": "StreamingHttpResponse over .iterator()",
    OURS: "stream_queryset(), X-Accel-Redirect",
}
# Beside so many exports at once the worker must still answer others.
AT_ONCE = 8
# Requests that fill what Python and Django keep from their first ones.
WARM_UP = 3


class View:
    """A view with a gunicorn and an nginx of its own, so that memory is its own too."""

    def __init__(self, context, name, sluice):
        self.name = name
        self.context = context
        self.sluice = sluice
        self.runs = []
        self.cpu = []
        self.growth = []

    def start(self, stack):
        self.gunicorn = stack.enter_context(Gunicorn(self.context, TABLE, self.sluice.tickets_url))
        self.nginx = stack.enter_context(Nginx(self.context, self.sluice, self.gunicorn))
        # Imports, the URL table and the connection are no part of the cost.
        for _ in range(WARM_UP):
            timed_curl(self.nginx.url + "/ready", *self.nginx.via)
            timed_curl(self.url + "?rows=1", *self.nginx.via)

    @property
    def url(self):
        return "%s/users/%s.csv" % (self.nginx.url, self.name)

    def run(self):
        worker = self.gunicorn
        worker.forget_peak()
        resident, cpu = worker.resident_mb(), worker.cpu_ms()
        self.runs.append(timed_curl(self.url, *self.nginx.via))
        self.cpu.append(worker.cpu_ms() - cpu)
        self.growth.append(worker.peak_mb() - resident)

    def busy_ms(self):
        return self.gunicorn.busy_ms(self.name)[WARM_UP:]

    def hash(self):
        return hash_output(CURL + self.nginx.via + [self.url])


def run(context):
    heading("Django behind nginx: %s rows of the 14-column table, gunicorn with one sync worker" % number(int(
        context.database.value("SELECT count(*) FROM " + TABLE))))
    database, query = context.database, tables.query(TABLE)
    if not database.value("SELECT 1 FROM pg_roles WHERE rolname = '%s'" % LOGIN):
        database.script(["CREATE ROLE %s LOGIN" % LOGIN])
    database.script(["GRANT SELECT ON %s TO %s" % (TABLE, LOGIN)])
    copy, direct = [], []
    with contextlib.ExitStack() as stack:
        sluice = stack.enter_context(Server(context, LOGIN))
        views = [View(context, name, sluice) for name in VIEWS]
        for view in views:
            view.start(stack)
        for _ in range(context.args.runs):
            for view in views:
                view.run()
            direct.append(timed_curl(sluice.url(TABLE)))
            copy.append(timed_copy(database, query))
        _print(views, direct, copy)
        by_name = {view.name: view for view in views}
        if by_name[OURS].hash() != by_name["iterator"].hash():
            raise BenchError("pgsluice's bytes are not those of the iterator view")
        health = _health_beside(by_name[OURS])
    _add_bars(context.results, by_name, health)


def _print(views, direct, copy):
    rows = []
    for view in views:
        rows.append([VIEWS[view.name], spread([timed.seconds for timed in view.runs]),
                     "%.3f" % statistics.median(timed.first_byte for timed in view.runs),
                     "%.1f" % view.growth[0], "%.1f" % max(view.growth),
                     "%.1f" % statistics.median(view.cpu), "%.1f" % statistics.median(view.busy_ms()),
                     number(view.runs[0].bytes >> 20)])
    for label, runs in (("pgsluice without Django", direct), ("COPY, psql", copy)):
        rows.append([label, spread([timed.seconds for timed in runs]), "", "", "", "", "", ""])
    table(["", "seconds (min to max)", "first byte s", "worker +MB, 1st", "most",
           "worker CPU ms", "busy ms", "MB sent"], rows)


def _health_beside(view):
    """Milliseconds of each answer of a small view, while AT_ONCE exports run through the same worker."""
    command = curl_command(view.url) + view.nginx.via
    handed_over = len(view.busy_ms()) + AT_ONCE
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(AT_ONCE)]
    answers = []
    try:
        while len(view.busy_ms()) < handed_over and running[0].poll() is None:
            time.sleep(0.002)
        while all(process.poll() is None for process in running):
            answers.append(timed_curl(view.nginx.url + "/health", *view.nginx.via).first_byte * 1000)
            time.sleep(0.01)
        for process in running:
            output = process.communicate()[0]
            if process.returncode != 0 or int(output.split()[0]) != view.runs[0].bytes:
                raise BenchError("one of %d exports at once is not whole" % AT_ONCE)
    finally:
        for process in running:
            if process.poll() is None:
                process.kill()
                process.wait()
    if not answers:
        raise BenchError("%d exports ended before a health view could be asked for" % AT_ONCE)
    print("health view beside %d exports at once, ms: %s, %d answers"
          % (AT_ONCE, spread(answers, "%.1f"), len(answers)))
    return answers


def _add_bars(results, views, health):
    ours = views[OURS]

    def seconds(name):
        return statistics.median(timed.seconds for timed in views[name].runs)

    results.add("django.time", seconds(OURS) / seconds("iterator"))
    results.add("django.memory", max(ours.growth))
    results.add("django.cpu", statistics.median(ours.cpu))
    results.add("django.busy", statistics.median(ours.busy_ms()))
    results.add("django.health", max(health))
