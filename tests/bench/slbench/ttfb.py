"""Time to first byte of the largest export, with a warm database connection."""
import statistics
import time

from .measure import timed_curl
from .report import heading, spread
from .server import Server

TABLE = "bench_users"
# The machine shall be idle: the backend's COMMIT and the log line are done.
PAUSE_SECONDS = 0.3


def run(context):
    heading("Time to first byte: curl's time_starttransfer")
    with Server(context) as server:
        cold = timed_curl(server.url(TABLE)).first_byte * 1000
        warm = []
        for _ in range(context.args.ttfb_runs):
            time.sleep(PAUSE_SECONDS)
            warm.append(timed_curl(server.url(TABLE)).first_byte * 1000)
    print("warm connection, ms: %s, %d runs; first request of a new server: %.1f ms"
          % (spread(warm, "%.1f"), len(warm), cold))
    context.results.add("ttfb", statistics.median(warm))
