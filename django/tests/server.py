"""A real pgsluice for the tests, on the test database, and the base class of tests that read from it.

The server is started by the first test that asks for it and ended by Runner before the test database
is dropped. Its sockets are in a temporary directory: no port is taken.
"""

import http.client
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import unittest

from django.db import connection
from django.test import SimpleTestCase, override_settings
from django.test.runner import DiscoverRunner

from django_pgsluice.conf import get_config

SECRET = "the secret of the tickets listener, for tests"
GRANT_KEY = "the key that signs grants in tests, and nowhere else"
LOGIN = "pgsluice_tickets"

# Generous, for a sanitizer build on a busy machine.
READY_DEADLINE = 60
STOP_DEADLINE = 60
IO_DEADLINE = 120

CONFIG = """\
[server]
listen = unix:%(directory)s/public.sock
admin_listen = unix:%(directory)s/admin.sock
[database]
dsn = %(dsn)s user=%(user)s
[access]
grant_key = %(grant_key)s
grant_roles = pgsluice_tickets, tenant_*
row_settings = pgsluice.*, app.*
anonymous = off
[tickets]
listen = unix:%(directory)s/tickets.sock
secret = %(secret)s
dsn = %(dsn)s user=%(login)s
"""

EXPORTS = {
    "orders": """\
-- title: Orders
-- param: since date = 2020-01-01   Orders placed on or after this day

SELECT id, number, total FROM tests_order WHERE placed_at >= :'since' ORDER BY id
""",
}


class Server:
    """A running pgsluice; `directory` holds its sockets and its configuration."""

    def __init__(self):
        self.program = os.path.abspath(os.environ.get("PGSLUICE") or "./pgsluice")
        if not os.access(self.program, os.X_OK):
            raise RuntimeError("no program at %s (set PGSLUICE)" % self.program)
        self.directory = tempfile.mkdtemp(prefix="sl-dj-")
        self.lines = []
        self._ready = threading.Event()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self):
        database = connection.settings_dict
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [LOGIN])
            if not cursor.fetchone():
                cursor.execute("CREATE ROLE %s LOGIN IN ROLE pg_read_all_data" % LOGIN)
        values = {
            "directory": self.directory,
            "dsn": "host=%s dbname=%s" % (database["HOST"], database["NAME"]),
            "user": database["USER"],
            "login": LOGIN,
            "secret": SECRET,
            "grant_key": GRANT_KEY,
        }
        os.mkdir(self.path("exports.d"))
        for name, text in EXPORTS.items():
            with open(self.path("exports.d/%s.sql" % name), "w") as f:
                f.write(text)
        self.config = self.path("pgsluice.conf")
        with open(self.config, "w") as f:
            f.write(CONFIG % values)
        os.chmod(self.config, 0o600)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PGSLUICE")}
        environment.setdefault("ASAN_OPTIONS", "abort_on_error=0:exitcode=99:detect_leaks=1")
        self.process = subprocess.Popen(
            [self.program, "serve", "-c", self.config],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=self.directory,
        )
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()
        self._ready.wait(READY_DEADLINE)
        if "msg=ready" not in self.log:
            raise RuntimeError("pgsluice did not start:\n" + self.log)

    def _read_log(self):
        with self.process.stderr as stream:
            for line in stream:
                self.lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                if "msg=ready" in self.lines[-1]:
                    self._ready.set()
        self._ready.set()  # it has ended: nobody needs to wait for it

    @property
    def log(self):
        return "\n".join(self.lines)

    def path(self, name):
        return os.path.join(self.directory, name)

    def stop(self):
        """Ends the server; an exit code that is not 0 is an error, as a sanitizer's report would be."""
        process = getattr(self, "process", None)
        try:
            if process is None:
                return
            if process.poll() is None:
                process.terminate()
            try:
                code = process.wait(STOP_DEADLINE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise RuntimeError("pgsluice did not end:\n" + self.log) from None
            self._reader.join(5)
            if code != 0:
                raise RuntimeError("pgsluice ended with %d:\n%s" % (code, self.log))
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)

    def get(self, path, method="GET", headers=None):
        """(status, headers, body) of the public listener; raises where the transfer is broken."""
        client = _UnixConnection(self.path("public.sock"))
        try:
            client.request(method, path, headers=headers or {})
            response = client.getresponse()
            return response.status, response.headers, response.read()
        finally:
            client.close()

    def settings(self, **more):
        """A PGSLUICE that reaches this server."""
        return {
            "TICKETS_URL": "unix:" + self.path("tickets.sock"),
            "TICKETS_SECRET": SECRET,
            "ACCEL_PREFIX": "/_pgsluice/",
            "PUBLIC_URL": "https://downloads.example.org",
            "GRANT_KEYS": [GRANT_KEY],
            **more,
        }


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=IO_DEADLINE)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


_running = None


def running():
    """The server, started when it is first asked for."""
    global _running
    if _running is None:
        _running = Server()
    return _running


def stop():
    global _running
    server, _running = _running, None
    if server is not None:
        server.stop()


class RecordedResult(unittest.TextTestResult):
    """Also writes one line of JSON per test to the file SL_DJANGO_RESULTS: its id, its trouble or null."""

    def _record(self, test, trouble=None, skipped=None):
        with open(os.environ["SL_DJANGO_RESULTS"], "a") as f:
            f.write(json.dumps({"id": test.id(), "trouble": trouble, "skipped": skipped}) + "\n")

    def addSuccess(self, test):
        super().addSuccess(test)
        self._record(test)

    def addError(self, test, err):
        super().addError(test, err)
        self._record(test, self.errors[-1][1])

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._record(test, self.failures[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._record(test, self._exc_info_to_string(err, test))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._record(test, skipped=reason)


class Runner(DiscoverRunner):
    """Loads the rows once, and ends the server before the test database goes."""

    def get_resultclass(self):
        return RecordedResult if os.environ.get("SL_DJANGO_RESULTS") else super().get_resultclass()

    def setup_databases(self, **kwargs):
        old = super().setup_databases(**kwargs)
        if any(alias == "default" for alias in kwargs.get("aliases") or ("default",)):
            from . import data

            data.load()
        return old

    def teardown_databases(self, old_config, **kwargs):
        try:
            stop()
        finally:
            super().teardown_databases(old_config, **kwargs)


class CommittedTestCase(SimpleTestCase):
    """Tests on the committed rows of data.py, outside any transaction: whoever writes, cleans up.

    `pgsluice` is the server; the settings reach it.
    """

    databases = {"default"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pgsluice = running()
        cls._settings = cls.configured()
        cls._settings.enable()

    @classmethod
    def tearDownClass(cls):
        # Before Django takes back what decorators of the class set: the last first.
        cls._settings.disable()
        super().tearDownClass()

    @classmethod
    def configured(cls, **more):
        """A context manager: the settings that reach the server, changed."""
        return override_settings(PGSLUICE=cls.pgsluice.settings(**more))

    def download(self, response):
        """(headers, body) of the file that a response of ours leads to, as nginx or a browser fetches it."""
        config = get_config()
        if "X-Accel-Redirect" in response:
            self.assertEqual(response.status_code, 200)
            self.assertEqual(response.content, b"")
            path = response["X-Accel-Redirect"]
            prefix = config.accel_prefix.rstrip("/")
        else:
            self.assertEqual(response.status_code, 303)
            path, prefix = response["Location"], config.public_url
        self.assertTrue(path.startswith(prefix + "/"), path)
        status, headers, body = self.pgsluice.get(path[len(prefix) :])
        self.assertEqual(status, 200, body)
        return headers, body
