"""What the bench prints: progress, tables, the summary with its verdicts."""
import os
import platform
import statistics
import subprocess
import sys
from dataclasses import dataclass
from typing import Any


@dataclass
class Context:
    """What a part gets: the options, the database, where results go."""
    args: Any
    database: Any
    results: Any
    program: str
    work: str


def progress(text):
    print("# " + text, flush=True)


def heading(text):
    print("\n" + text + "\n" + "-" * len(text), flush=True)


def number(value):
    return format(value, ",d")


def spread(values, form="%.2f"):
    """Median (min to max)."""
    return "%s (%s to %s)" % (form % statistics.median(values),
                              form % min(values), form % max(values))


def table(head, rows):
    """Aligned columns: the first to the left, the others to the right."""
    cells = [head] + rows
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    for row in cells:
        print("  ".join([row[0].ljust(widths[0])]
                        + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]))
    sys.stdout.flush()


def machine(program, database, args):
    version = subprocess.run([program, "--version"], stdout=subprocess.PIPE,
                             text=True).stdout.splitlines() or ["?"]
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 30
    progress(version[0])
    progress("PostgreSQL %s, shared_buffers %s" % (
        database.value("SHOW server_version"), database.value("SHOW shared_buffers")))
    progress("%d cores, %d GB, %s, Linux %s, load %.2f" % (
        os.cpu_count(), memory, platform.machine(), platform.release(), os.getloadavg()[0]))
    progress("scale of the rows %g, %d timed runs" % (args.rows_scale, args.runs))


class Results:
    """The figures that have a bar."""

    def __init__(self, bars, counts):
        self.bars = bars
        self.counts = counts
        self.measured = {}

    def add(self, name, value):
        """Keeps a figure and prints its verdict at once."""
        what, limit, unit = self.bars[name]
        self.measured[name] = value
        print("%s  %s: %s, bar %s" % (
            self._verdict(name), what, _figure(value, unit), _figure(limit, unit)), flush=True)

    def _verdict(self, name):
        if name not in self.measured:
            return "-"
        return "pass" if self.measured[name] <= self.bars[name][1] else "MISS"

    def summary(self):
        """Prints all bars; true when none that was measured is missed."""
        heading("Summary" if self.counts else
                "Summary (scaled rows: the bars are for the full size and do not count)")
        rows = []
        for name, (what, limit, unit) in self.bars.items():
            value = self.measured.get(name)
            rows.append([what, "-" if value is None else _figure(value, unit),
                         _figure(limit, unit), self._verdict(name)])
        table(["", "measured", "at most", ""], rows)
        missed = [name for name in self.bars if self._verdict(name) == "MISS"]
        return not missed or not self.counts


def _figure(value, unit):
    return ("%.2f %s" if unit != "ms" else "%.1f %s") % (value, unit) if unit else "%.3f" % value
