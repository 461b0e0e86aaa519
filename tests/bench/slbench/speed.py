"""Wall time of an export through curl, beside COPY through psql."""
import statistics

from . import tables
from .measure import BenchError, cpu_seconds, hash_copy, timed_copy, timed_curl
from .report import heading, number, progress, spread, table
from .server import Server

CASES = [
    ("speed.users", "bench_users"),
    ("speed.numbers", "bench_numbers"),
    ("speed.integers", "bench_integers"),
]


def run(context):
    heading("Speed: curl of the export beside psql's COPY")
    with Server(context) as server:
        for bar, name in CASES:
            _case(context, server, bar, name)


def _case(context, server, bar, name):
    database, query = context.database, tables.query(name)
    before = database.backends()
    expected = hash_copy(database, query)
    database.wait_for_end(before)
    received = server.hash_export(name)
    if received != expected:
        raise BenchError("%s: %d bytes, sha256 %s; COPY: %d bytes, sha256 %s"
                         % ((name,) + received + expected))
    progress("%s: %s bytes, the same as COPY's, sha256 %s, receipt agrees"
             % (name, number(received[0]), received[1]))
    size = received[0]
    ours, copy = [], []
    for i in range(context.args.runs):
        steps = [lambda: ours.append(_export(database, server, name, size)),
                 lambda: copy.append(_copy(database, query))]
        for step in steps if i % 2 == 0 else reversed(steps):
            step()
    _print(name, size, ours, copy)
    context.results.add(bar, statistics.median(run["wall"] for run in ours)
                        / statistics.median(run["wall"] for run in copy))


def _export(database, server, name, size):
    program, backends = cpu_seconds(server.pid), database.backend_cpu()
    timed = timed_curl(server.url(name))
    if timed.bytes != size:
        raise BenchError("%s: %d bytes, %d before" % (name, timed.bytes, size))
    return {"wall": timed.seconds, "client": timed.cpu,
            "program": cpu_seconds(server.pid) - program,
            "backends": database.backend_cpu() - backends}


def _copy(database, query):
    before, backends = database.backends(), database.backend_cpu()
    timed = timed_copy(database, query)
    # Its backend ends after psql; the next run shall find the machine idle.
    database.wait_for_end(before)
    return {"wall": timed.seconds, "client": timed.cpu,
            "backends": database.backend_cpu() - backends}


def _print(name, size, ours, copy):
    def median(runs, what):
        return "%.2f" % statistics.median(run[what] for run in runs)

    def line(label, runs, program):
        walls = [run["wall"] for run in runs]
        return [label, spread(walls), "%.0f" % (size / statistics.median(walls) / 2**20),
                program, median(runs, "backends"), median(runs, "client")]

    print("%s, %s MB, %d pairs" % (name, number(size >> 20), len(ours)))
    table(["", "seconds (min to max)", "MB/s", "CPU s program", "backends", "client"],
          [line("pgsluice, curl", ours, median(ours, "program")),
           line("COPY, psql", copy, "")])
    pairs = [a["wall"] / b["wall"] for a, b in zip(ours, copy)]
    print("ratios of the pairs: %s" % spread(pairs))
