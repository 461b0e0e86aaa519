"""The program under test: one `pgsluice serve` with its defaults."""
import json
import os
import re
import time
import urllib.request

from . import tables
from .measure import CURL, BenchError, hash_output, peak_mb
from .program import Program

# A receipt may be final a moment after the client has its last byte.
RECEIPT_SECONDS = 5

# All else is the default; the ports are free ones.
CONFIGURATION = """\
[server]
listen = 127.0.0.1:0
admin_listen = 127.0.0.1:0
[exports]
directory = exports.d
[access]
anonymous = on
"""

TICKETS = """\
[tickets]
listen = unix:%s
secret = %s
dsn = user=%s
"""
# That it is known is no harm: its socket is in a directory of the bench.
SECRET = "the secret of the bench's tickets"


class Server(Program):
    """pgsluice with an export for each table; with a login for tickets, it also takes those."""

    name = "pgsluice"

    def __init__(self, context, tickets_login=None):
        super().__init__(context)
        self.program = context.program
        self.base = None
        self.admin_address = None
        self.tickets_url = None
        configuration = CONFIGURATION
        if tickets_login:
            socket = self.path("tickets")
            self.tickets_url = "unix:" + socket
            configuration += TICKETS % (socket, SECRET, tickets_login)
        self.write("bench.conf", configuration)
        os.mkdir(self.path("exports.d"))
        for table in tables.TABLES:
            self.write("exports.d/%s.sql" % table,
                       "-- title: %s\n\n%s\n" % (table, tables.query(table)))

    def command(self):
        return [self.program, "serve", "-c", self.path("bench.conf")]

    def environment(self):
        return {name: value for name, value in os.environ.items()
                if not name.startswith("PGSLUICE")}

    def ready(self, log):
        found = dict(re.findall(r"listener=(\w+) address=(\S+)", log))
        if "public" not in found or not re.search(r"msg=ready\b", log):
            return False
        self.base = "http://" + found["public"]
        self.admin_address = found["admin"]
        return True

    @property
    def address(self):
        return self.base[len("http://"):]

    def url(self, table, form="csv"):
        return "%s/exports/%s.%s" % (self.base, table, form)

    def peak_mb(self):
        self.check_alive()
        return peak_mb(self.pid)

    def hash_export(self, table, form="csv"):
        """(bytes, SHA-256) of a download, checked against its receipt."""
        head = self.path("head")
        size, digest = hash_output(CURL + ["-D", head, self.url(table, form)])
        receipt = self.receipt(self._run_id(head))
        claimed = (receipt["state"], receipt["bytes"], receipt["sha256"])
        if claimed != ("complete", size, digest):
            raise BenchError("%s: the receipt says %s, %s bytes, %s; received %d bytes, %s"
                             % ((table,) + claimed + (size, digest)))
        return size, digest

    def receipt(self, run):
        deadline = time.monotonic() + RECEIPT_SECONDS
        while True:
            with urllib.request.urlopen("%s/runs/%s" % (self.base, run)) as answer:
                receipt = json.load(answer)
            if receipt["state"] not in ("queued", "running") or time.monotonic() > deadline:
                return receipt
            time.sleep(0.02)

    @staticmethod
    def _run_id(head):
        with open(head) as lines:
            for line in lines:
                name, _, value = line.partition(":")
                if name.lower() == "x-run-id":
                    return value.strip()
        raise BenchError("a response without X-Run-Id")
