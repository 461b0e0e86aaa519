"""Wall time of TSV and JSON Lines beside the plain CSV of the same rows."""
import statistics

from . import tables
from .measure import BenchError, cpu_seconds, hash_copy, timed_curl
from .report import heading, number, spread, table
from .server import Server

TABLES = ["bench_users", "bench_numbers"]

# What COPY prints the same bytes with. Neither byte is in the rows, so no JSON is quoted.
COPY = {
    "csv": ("%s", "FORMAT csv, HEADER"),
    "tsv": ("%s", "FORMAT text"),
    "jsonl": ("SELECT row_to_json(q) FROM (%s) AS q",
              "FORMAT csv, DELIMITER E'\\x02', QUOTE E'\\x01'"),
}


def run(context):
    heading("Formats: curl of TSV and JSON Lines beside CSV")
    worst = {"tsv": 0, "jsonl": 0}
    with Server(context) as server:
        for name in TABLES:
            ratios = _measure(context, server, name)
            worst = {form: max(worst[form], ratios[form]) for form in worst}
    for form, ratio in worst.items():
        context.results.add("formats." + form, ratio)


def _measure(context, server, name):
    """Wall time of each format divided by that of CSV."""
    sizes = {form: _check(context.database, server, name, form) for form in COPY}
    runs = {form: [] for form in COPY}
    for i in range(context.args.runs):
        for form in COPY if i % 2 == 0 else reversed(COPY):
            runs[form].append(_export(server, name, form, sizes[form]))
    return _print(name, runs, sizes)


def _check(database, server, name, form):
    """The size of a download that is what PostgreSQL prints."""
    query, options = COPY[form]
    expected = hash_copy(database, query % tables.query(name), options)
    received = server.hash_export(name, form)
    if received != expected:
        raise BenchError("%s.%s is not what PostgreSQL prints" % (name, form))
    return received[0]


def _export(server, name, form, size):
    before = cpu_seconds(server.pid)
    timed = timed_curl(server.url(name, form))
    if timed.bytes != size:
        raise BenchError("%s.%s: %d bytes, %d before" % (name, form, timed.bytes, size))
    return timed.seconds, cpu_seconds(server.pid) - before


def _print(name, runs, sizes):
    walls = {form: statistics.median(seconds for seconds, _ in runs[form]) for form in runs}
    ratios = {form: walls[form] / walls["csv"] for form in runs}
    table([name, "seconds (min to max)", "/ csv", "MB", "CPU s program"],
          [[form, spread([seconds for seconds, _ in runs[form]]), "%.2f" % ratios[form],
            number(sizes[form] >> 20), "%.2f" % statistics.median(cpu for _, cpu in runs[form])]
           for form in runs])
    return ratios
