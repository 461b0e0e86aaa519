"""The program under test: one `pgsluice serve` with its defaults."""
import json
import os
import re
import signal
import subprocess
import tempfile
import time
import urllib.request

from . import tables
from .measure import CURL, BenchError, hash_output, peak_mb

START_SECONDS = 20
STOP_SECONDS = 20
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


class Server:
    """A context: a new process at entry, stopped at exit."""

    def __init__(self, context):
        self.program = context.program
        self.directory = tempfile.mkdtemp(dir=context.work)
        self.process = None
        self.base = None

    def __enter__(self):
        self._write_configuration()
        env = {name: value for name, value in os.environ.items()
               if not name.startswith("PGSLUICE")}
        with open(self._log(), "wb") as log:
            self.process = subprocess.Popen(
                [self.program, "serve", "-c", os.path.join(self.directory, "bench.conf")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env)
        try:
            self._wait_until_ready()
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
                self.process.kill()
                self.process.wait()

    @property
    def pid(self):
        return self.process.pid

    def url(self, table):
        return "%s/exports/%s.csv" % (self.base, table)

    def peak_mb(self):
        if self.process.poll() is not None:
            raise BenchError("pgsluice ended with %d:\n%s"
                             % (self.process.returncode, self._log_text()))
        return peak_mb(self.pid)

    def hash_export(self, table):
        """(bytes, SHA-256) of a download, checked against its receipt."""
        head = os.path.join(self.directory, "head")
        size, digest = hash_output(CURL + ["-D", head, self.url(table)])
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

    def _write_configuration(self):
        exports = os.path.join(self.directory, "exports.d")
        os.mkdir(exports)
        for table in tables.TABLES:
            with open(os.path.join(exports, table + ".sql"), "w") as out:
                out.write("-- title: %s\n\n%s\n" % (table, tables.query(table)))
        with open(os.path.join(self.directory, "bench.conf"), "w") as out:
            out.write(CONFIGURATION)

    def _wait_until_ready(self):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            text = self._log_text()
            if self.process.poll() is not None:
                raise BenchError("pgsluice ended with %d:\n%s"
                                 % (self.process.returncode, text))
            if re.search(r"msg=ready\b", text):
                found = re.search(r"listener=public address=(\S+)", text)
                if not found:
                    raise BenchError("pgsluice logs no public listener:\n" + text)
                self.base = "http://" + found.group(1)
                return
            time.sleep(0.02)
        raise BenchError("pgsluice is not ready after %d s:\n%s"
                         % (START_SECONDS, self._log_text()))

    def _log(self):
        return os.path.join(self.directory, "log")

    def _log_text(self):
        with open(self._log(), errors="replace") as log:
            return log.read()
