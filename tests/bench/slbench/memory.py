"""Peak resident memory of the server, a new one for each case."""
import os
import subprocess

from .measure import BenchError, curl_command, status_kb
from .report import heading, number, progress, table
from .server import Server

AT_ONCE = range(2, 9)

# A slow client fills the queue and stops the producer. It takes this much for
# this long and goes (curl's exit status is then 28, the timeout's).
SLOW_RATE = "8M"
SLOW_SECONDS = "6"
CURL_TIMEOUT = 28


def run(context):
    heading("Memory: VmHWM of the server, each case on a new one")
    rows = []

    def case(label, name, clients=1, slow=False, form="csv"):
        peak, start, size = _peak(context, name, clients, slow, form)
        progress("%s: %.2f MB" % (label, peak))
        rows.append([label, "%.2f" % start, "%.2f" % peak,
                     "-" if slow else number(size >> 20)])
        return peak

    large = case("1 export of bench_users", "bench_users")
    small = case("1 export of bench_users_50k", "bench_users_50k")
    more = [(case("%d exports at once" % clients, "bench_users", clients) - large)
            / (clients - 1) for clients in AT_ONCE]
    slow_one = case("1 slow client", "bench_users", 1, slow=True)
    most = max(AT_ONCE)
    slow = case("%d slow clients" % most, "bench_users", most, slow=True)
    packed = [case("%d slow clients of .%s" % (most, form), "bench_users", most, True, form)
              for form in ("csv.gz", "csv.zst")]
    wide = case("rows of 1 MB", "bench_wide")
    mixed = case("narrow rows, then rows of 1 MB", "bench_mixed")
    table(["", "MB at start", "MB peak", "MB sent"], rows)
    print("each further export, by number at once: "
          + ", ".join("%d: %.2f MB" % pair for pair in zip(AT_ONCE, more)))
    results = context.results
    results.add("memory.large", max(large, slow_one))
    results.add("memory.flat", large / small)
    results.add("memory.more", max(more))
    results.add("memory.slow", (slow - slow_one) / (most - 1))
    results.add("memory.compressed", (max(packed) - slow) / most)
    results.add("memory.wide", wide)
    results.add("memory.mixed", mixed)


def _peak(context, name, clients, slow, form):
    """(peak, resident size before the first request, bytes of all clients)"""
    with Server(context) as server:
        start = status_kb(server.pid, "VmRSS") / 1024
        command = curl_command(server.url(name, form))
        if slow:
            command += ["--limit-rate", SLOW_RATE, "--max-time", SLOW_SECONDS]
        running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
                   for _ in range(clients)]
        try:
            sizes = [_finish(name, process, slow) for process in running]
        finally:
            for process in running:
                if process.poll() is None:
                    process.kill()
                    process.wait()
        if not slow and len(set(sizes)) != 1:
            raise BenchError("%s: exports at once differ in size: %r" % (name, sizes))
        return server.peak_mb(), start, sum(sizes)


def _finish(name, process, slow):
    output = process.communicate()[0]
    allowed = (os.EX_OK, CURL_TIMEOUT) if slow else (os.EX_OK,)
    if process.returncode not in allowed:
        raise BenchError("%s: curl's exit status %d" % (name, process.returncode))
    size = int(output.split()[0])
    if size == 0:
        raise BenchError("%s: not one byte in %s s" % (name, SLOW_SECONDS))
    return size
