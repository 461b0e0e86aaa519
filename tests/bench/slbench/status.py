"""What an open status page costs: CPU time of the server for its questions."""
import http.client
import socket
import time
import urllib.request

from .measure import BenchError, cpu_seconds
from .report import heading
from .server import Server

EXPORTS = 8
REMEMBERED = 100
# The page asks once a second. More often here, for /proc counts in hundredths of a second.
POLLS = 600
START_SECONDS = 20

QUERIES = {
    "status_one": "SELECT 1 AS one",
    "status_endless": "SELECT generate_series(1, 1000000000) AS i, repeat('x', 100) AS pad",
}


def run(context):
    heading("Status page: %d questions, %d exports under way, %d remembered"
            % (POLLS, EXPORTS, REMEMBERED))
    server = Server(context)
    for name, query in QUERIES.items():
        server.write("exports.d/%s.sql" % name, "-- title: %s\n\n%s\n" % (name, query))
    with server:
        for _ in range(REMEMBERED):
            with urllib.request.urlopen(server.url("status_one")) as answer:
                answer.read()
        clients = [_start(server) for _ in range(EXPORTS)]
        try:
            cpu, size = _poll(server)
        finally:
            for client in clients:
                client.close()
    percent = cpu / POLLS * 100
    print("%.2f s of CPU time, %.2f ms for each; %d bytes; once a second %.3f %% of a core"
          % (cpu, cpu * 1000 / POLLS, size, percent))
    context.results.add("status", percent)


def _start(server):
    """A client that takes the head and no more: its export soon stands still."""
    host, port = server.address.rsplit(":", 1)
    client = socket.create_connection((host, int(port)))
    client.sendall(b"GET /exports/status_endless.csv HTTP/1.1\r\nHost: bench\r\n\r\n")
    if b" 200 " not in client.recv(256):
        raise BenchError("an export did not begin")
    return client


def _ask(connection):
    connection.request("GET", "/status.json")
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise BenchError("/status.json answers %d" % answer.status)
    return body


def _poll(server):
    """(CPU seconds of the server for the questions, bytes of an answer)"""
    connection = http.client.HTTPConnection(server.admin_address)
    _wait_until_still(server)
    before = cpu_seconds(server.pid)
    for _ in range(POLLS):
        body = _ask(connection)
    cpu = cpu_seconds(server.pid) - before
    connection.close()
    if body.count(b'"state":"running"') != EXPORTS:
        raise BenchError("not all exports were under way to the end")
    return cpu, len(body)


def _wait_until_still(server):
    """Until the exports have filled what lies between them and their clients."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        before = cpu_seconds(server.pid)
        time.sleep(1)
        if cpu_seconds(server.pid) - before < 0.02:
            return
        if time.monotonic() > deadline:
            raise BenchError("the exports do not come to a stand")
