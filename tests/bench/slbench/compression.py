"""Wall time of compressed exports beside the plain one, and how small they get."""
import contextlib
import dataclasses
import statistics
import subprocess

from . import tables
from .measure import BenchError, cpu_seconds, hash_copy, hash_output, timed_curl
from .report import heading, number, spread, table
from .server import Server

TABLE = "bench_users"
UNPACK = {"csv.gz": "gzip -dc", "csv.zst": "zstd -dcq"}


def run(context):
    heading("Compression: curl of the compressed export beside the plain one")
    by = _gzip_library(context.program)
    cases = [("plain", context.program, "csv"), ("gzip by " + by, context.program, "csv.gz"),
             ("zstd", context.program, "csv.zst")]
    if context.args.zlib:
        cases.append(("gzip by " + _gzip_library(context.args.zlib), context.args.zlib, "csv.gz"))
    ratios = _measure(context, cases)
    if by.startswith("ISA-L"):
        context.results.add("compression.gzip", ratios["gzip by " + by])


def _gzip_library(program):
    """ "ISA-L 2.30.0": what --version says. """
    text = subprocess.run([program, "--version"], stdout=subprocess.PIPE, text=True).stdout
    return text.partition("gzip by ")[2].partition(",")[0]


def _measure(context, cases):
    """Wall time of each case divided by that of the first."""
    expected = hash_copy(context.database, tables.query(TABLE))
    runs = {label: [] for label, _, _ in cases}
    sizes = {}
    with contextlib.ExitStack() as stack:
        servers = {program: stack.enter_context(Server(dataclasses.replace(context, program=program)))
                   for program in {program for _, program, _ in cases}}
        for label, program, form in cases:
            sizes[label] = _check(servers[program], form, expected)
        for i in range(context.args.runs):
            for label, program, form in cases if i % 2 == 0 else reversed(cases):
                runs[label].append(_export(servers[program], form, sizes[label]))
    return _print(cases, runs, sizes)


def _check(server, form, expected):
    """The size of a download that holds what COPY prints."""
    url = server.url(TABLE, form)
    if form == "csv":
        received, size = server.hash_export(TABLE), expected[0]
    else:
        received = hash_output(["sh", "-c", "curl -s --fail %s | %s" % (url, UNPACK[form])])
        size = timed_curl(url).bytes
    if received != expected:
        raise BenchError("%s: unpacked it is not what COPY prints" % url)
    return size


def _export(server, form, size):
    before = cpu_seconds(server.pid)
    timed = timed_curl(server.url(TABLE, form))
    # Where the window of input ends depends on time, and so does the size a little.
    if abs(timed.bytes - size) > size / 100:
        raise BenchError("%s: %d bytes, %d before" % (form, timed.bytes, size))
    return timed.seconds, cpu_seconds(server.pid) - before


def _print(cases, runs, sizes):
    def wall(label):
        return statistics.median(seconds for seconds, _ in runs[label])

    plain = cases[0][0]
    ratios = {label: wall(label) / wall(plain) for label in runs}
    table(["", "seconds (min to max)", "/ plain", "MB sent", "/ plain", "CPU s program"],
          [[label, spread([seconds for seconds, _ in runs[label]]), "%.2f" % ratios[label],
            number(sizes[label] >> 20), "%.3f" % (sizes[label] / sizes[plain]),
            "%.2f" % statistics.median(cpu for _, cpu in runs[label])] for label in runs])
    return ratios
