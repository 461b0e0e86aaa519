"""The other side of an export, for tests of what goes wrong: real clients, slow ones, gates, nginx, pgbouncer.

A gate stops a query at a chosen row without any sleep: the row takes an advisory lock that the test holds.

    QUERY = rows(20000, gated("g = 5000", 7))
    with Gate(7) as gate:
        client = curl(s.url + "/exports/e.csv")
        gate.reached()                    # the query waits at row 5000
        ...
        gate.open()
"""

import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from answers import Message
from database import session, sql
from harness import child_env
from tap import SLOW, at_end, equal, eventually, true

# A departed client's query is gone, and a failed run's slot is free, within this many seconds.
SOON = 1.0

# What the gates need: pgsluice's own lock_timeout would end a query that waits for one.
PATIENT = {"lock_timeout": "60s"}


# ---------------------------------------------------------------- queries

def rows(n, columns="", source=None):
    """A query of n rows that begins at once: a set-returning function in the select list is not materialised."""
    return "SELECT g, repeat('x', 60) AS pad%s FROM (SELECT generate_series(1, %s) AS g) s" % (
        ", " + columns if columns else "", source or n)


def gated(condition, key):
    """A column that waits for the gate `key` in the row where `condition` holds."""
    return "CASE WHEN %s THEN pg_advisory_xact_lock_shared(%d)::text END AS gate" % (condition, key)


ENDLESS = rows(100000000)

# A query that fails by itself, at row LATE of FAR: more than all of pgsluice's buffers hold, so that its client
# has the status line by then. An earlier failure may still become a real error status.
LATE, FAR = 60000, 80000


# ---------------------------------------------------------------- PostgreSQL

class Gate:
    def __init__(self, key):
        self.key = key
        self.holder = None

    def __enter__(self):
        self.holder = session("SELECT pg_advisory_lock(%d)" % self.key)
        self.holder.__enter__()
        return self

    def __exit__(self, *trouble):
        self.open()

    def waiting(self):
        """The process ids of the exports that stand at the gate."""
        printed = sql("SELECT a.pid FROM pg_stat_activity a JOIN pg_locks l USING (pid) WHERE NOT l.granted "
                      "AND l.locktype = 'advisory' AND l.objid = %d AND a.application_name LIKE 'pgsluice:%%'" % self.key)
        return [int(p) for p in printed.split()]

    def reached(self, n=1, timeout=20):
        """Waits until n exports stand at the gate; returns their process ids."""
        return eventually(lambda: (lambda pids: pids if len(pids) == n else None)(self.waiting()), timeout,
                          "%d at the gate" % n)

    def open(self):
        if self.holder:
            self.holder.__exit__(None, None, None)
            self.holder = None


def in_transaction(export=None):
    """Process ids of the backends that run an export now."""
    return [int(p) for p in sql(
        "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'pgsluice:%s%%' AND state <> 'idle'"
        % (export + ":" if export else "")).split()]


def quiet_backend(timeout=20):
    """Waits until the one backend that runs an export has nothing to do or cannot send: its client takes nothing.

    Twice the same xact and byte count would be a guess; the wait event is not: Client/ClientRead is a
    backend that waits for the next FETCH, Client/ClientWrite one that is blocked in sending.
    """
    def look():
        return sql("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'pgsluice:%' AND state <> 'idle' "
                   "AND wait_event_type = 'Client'")
    def still():
        first = look()
        if not first or "\n" in first:
            return None
        for _ in range(5):
            time.sleep(0.05)
            if look() != first:
                return None
        return int(first)
    return eventually(still, timeout, "a backend that waits for its client")


def running_since(timeout=20, n=1):
    """Waits until n exports are inside a query; returns their process ids."""
    return eventually(lambda: (lambda p: p if len(p) == n else None)(in_transaction()), timeout,
                      "%d running export(s)" % n)


def soon(predicate, what, limit=SOON):
    eventually(predicate, limit, what + " within %g s" % limit)


class Frozen:
    """A backend, or a client, that hangs: stopped by SIGSTOP for the length of a with statement."""

    def __init__(self, *pids):
        self.pids = pids

    def __enter__(self):
        at_end(self.thaw)
        for pid in self.pids:
            os.kill(pid, signal.SIGSTOP)
        return self

    def thaw(self, *trouble):
        for pid in self.pids:
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass
        self.pids = ()

    __exit__ = thaw


class SilentDatabase:
    """A socket that takes connections like PostgreSQL's and never says a word; .dsn leads there."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="sl-it-")
        at_end(self.close)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(os.path.join(self.directory, ".s.PGSQL.5432"))
        self.listener.listen(16)
        self.dsn = "host=%s dbname=postgres user=postgres" % self.directory

    def guest(self):
        """Waits for a connection and returns it."""
        self.listener.settimeout(10 * SLOW)
        return self.listener.accept()[0]

    def close(self):
        self.listener.close()
        shutil.rmtree(self.directory, ignore_errors=True)


def has_left(connection, within=SOON):
    """The other side of this connection has closed it, or does so in time."""
    connection.settimeout(within * SLOW)
    try:
        while connection.recv(65536):
            pass
    except ConnectionResetError:
        pass
    except socket.timeout:
        return False
    return True


def database_is_up():
    return subprocess.run(["psql", "-Xqc", "SELECT 1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def gone(pid):
    return sql("SELECT 1 FROM pg_stat_activity WHERE pid = %d" % pid) == ""


def gone_soon(pids, limit=SOON):
    """The query has ended: no export's transaction is left, and those backends are gone or idle."""
    soon(lambda: not set(in_transaction()) & set(pids), "the query of %r has ended" % (pids,), limit)


# ---------------------------------------------------------------- clients

class Client:
    """A client program at work. wait() gives its exit code; then .body, .head and .run_id tell what it got."""

    def __init__(self, name, command, directory):
        self.name, self.directory = name, directory
        self.errors = open(os.path.join(directory, "err"), "w+b")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=self.errors, env=child_env())
        at_end(self.close)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.errors.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _read(self, name):
        try:
            with open(os.path.join(self.directory, name), "rb") as f:
                return f.read()
        except FileNotFoundError:
            return b""

    @property
    def body(self):
        return self._read("body")

    @property
    def head(self):
        return self._read("head").decode("latin-1") + self._read("err").decode("utf-8", "replace")

    @property
    def run_id(self):
        found = [line.split(":", 1)[1].strip() for line in self.head.splitlines()
                 if line.strip().lower().startswith("x-run-id:")]
        return found[-1] if found else None

    def wait_run_id(self, timeout=20):
        return eventually(lambda: self.run_id, timeout, "%s has a run id" % self.name)

    def wait(self, timeout=60):
        try:
            return self.process.wait(timeout * SLOW)
        except subprocess.TimeoutExpired:
            raise AssertionError("%s is still running after %g s: %s" % (self.name, timeout * SLOW, self.head))

    def kill(self):
        self.process.kill()
        self.process.wait()


def curl(url, *more):
    d = tempfile.mkdtemp(prefix="sl-it-")
    return Client("curl", ["curl", "-sS", "-N", "-D", d + "/head", "-o", d + "/body", *more, url], d)


def wget(url):
    d = tempfile.mkdtemp(prefix="sl-it-")
    return Client("wget", ["wget", "-nv", "--no-config", "-S", "--tries=1", "-O", d + "/body", url], d)


_PYTHON = """
import sys, urllib.request
r = urllib.request.urlopen(sys.argv[1])
with open(sys.argv[2] + "/head", "w") as f:
    f.write(str(r.headers))
with open(sys.argv[2] + "/body", "wb", buffering=0) as f:
    for line in r:
        f.write(line)
"""

_NODE_HTTP = """
const fs = require("fs"), [url, dir] = process.argv.slice(1);
const out = fs.openSync(dir + "/body", "w");
const fail = e => { console.error(String(e)); process.exit(3); };
require("http").get(url, r => {
  fs.writeFileSync(dir + "/head", Object.entries(r.headers).map(([k, v]) => k + ": " + v + "\\n").join(""));
  r.on("data", d => fs.writeSync(out, d));
  r.on("error", fail);
  r.on("aborted", () => fail("aborted"));
  r.on("end", () => { if (!r.complete) fail("incomplete"); process.exit(0); });
}).on("error", fail);
"""

_NODE_FETCH = """
const fs = require("fs"), [url, dir] = process.argv.slice(1);
const out = fs.openSync(dir + "/body", "w");
(async () => {
  const r = await fetch(url);
  fs.writeFileSync(dir + "/head", [...r.headers].map(([k, v]) => k + ": " + v + "\\n").join(""));
  for await (const d of r.body) fs.writeSync(out, d);
})().then(() => process.exit(0), e => { console.error(String(e)); process.exit(3); });
"""


def python(url):
    d = tempfile.mkdtemp(prefix="sl-it-")
    return Client("python", [sys.executable, "-c", _PYTHON, url, d], d)


def node_http(url):
    d = tempfile.mkdtemp(prefix="sl-it-")
    return Client("node http", ["node", "-e", _NODE_HTTP, url, d], d)


def node_fetch(url):
    d = tempfile.mkdtemp(prefix="sl-it-")
    return Client("node fetch", ["node", "-e", _NODE_FETCH, url, d], d)


# How each client ends when the transfer broke.
CLIENTS = {curl: 18, wget: 4, python: 1, node_http: 3, node_fetch: 3}


# ---------------------------------------------------------------- sockets

class Reader:
    """A client on a plain socket that reads only when told to."""

    def __init__(self, server, path, rcvbuf=4096, head=True, method="GET", version="HTTP/1.1", close=False):
        self.socket = server.connect(rcvbuf=rcvbuf)
        at_end(self.socket.close)
        self.data = b""
        more = "Connection: close\r\n" if close else ""
        self.socket.sendall(("%s %s %s\r\nHost: localhost\r\n%s\r\n" % (method, path, version, more)).encode())
        if head:
            self.read_head()

    def _recv(self, most=65536):
        """One read; b"" at the end, however it came."""
        try:
            return self.socket.recv(most)
        except (ConnectionResetError, BrokenPipeError):
            return b""
        except socket.timeout:
            raise AssertionError("nothing came for a minute, and the connection stayed open")

    def read_head(self):
        while b"\r\n\r\n" not in self.data:
            piece = self._recv(2048)
            true(piece, "closed before the head was complete: %r" % self.data)
            self.data += piece

    @property
    def message(self):
        return Message(self.data)

    @property
    def status(self):
        return self.message.status

    @property
    def run_id(self):
        return self.message.headers.get("x-run-id")

    def silent(self, seconds):
        """True when nothing comes for that long (and the connection stays open)."""
        return not select.select([self.socket], [], [], seconds)[0]

    def read(self, n):
        """Reads n more bytes, or to the end."""
        want = len(self.data) + n
        while len(self.data) < want:
            piece = self._recv()
            if not piece:
                break
            self.data += piece

    def read_all(self):
        """Reads to the end of the connection; returns the Message, whose .complete tells whether it was whole."""
        while True:
            piece = self._recv()
            if not piece:
                return Message(self.data)
            self.data += piece

    def read_message(self):
        """Reads until the message is complete, or to the end."""
        while not (b"\r\n\r\n" in self.data and self.data.endswith(b"\r\n0\r\n\r\n")):
            piece = self._recv()
            if not piece:
                break
            self.data += piece
        return Message(self.data)

    def reset(self):
        """Leaves with a RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def close(self):
        self.socket.close()

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)


# ---------------------------------------------------------------- programs

def _as_osuser(command, directory):
    """Runs a program that refuses root as PostgreSQL's user, to whom the directory then belongs."""
    user = os.environ.get("SL_PG_OSUSER") or "nobody"
    if os.geteuid() != 0:
        return command
    shutil.chown(directory, user)
    for name in os.listdir(directory):
        shutil.chown(os.path.join(directory, name), user)
    gid = subprocess.run(["id", "-g", user], stdout=subprocess.PIPE, check=True).stdout.decode().strip()
    return ["setpriv", "--reuid=" + user, "--regid=" + gid, "--clear-groups", "--"] + command


class Daemon:
    """A program in the foreground with a directory of its own, for the length of a with statement."""

    name = "daemon"

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="sl-it-")
        at_end(lambda: shutil.rmtree(self.directory, ignore_errors=True))
        self.process = None

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        with open(self.path(name), "w") as f:
            f.write(text)
        return self.path(name)

    def begin(self, command, ready):
        with open(self.path("output"), "wb") as output:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                            cwd=self.directory, env=child_env())
        at_end(self.end)
        def up():
            true(self.process.poll() is None, "%s ended: %s" % (self.name, self.output()))
            return ready()
        eventually(up, 10, "%s is ready" % self.name)

    def output(self):
        with open(self.path("output"), errors="replace") as f:
            return f.read()

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *trouble):
        self.end()


def _accepts(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        try:
            s.connect(path)
        except OSError:
            return False
    return True


class PgBouncer(Daemon):
    """pgbouncer in transaction pooling before the private PostgreSQL; .dsn is how to get in."""

    name = "pgbouncer"

    def __init__(self, pool_size=2, **settings):
        super().__init__()
        self.pool_size, self.settings = pool_size, settings

    def start(self):
        lines = ["[databases]", "* = host=%s" % os.environ["PGHOST"], "[pgbouncer]"]
        settings = {
            "listen_addr": "", "listen_port": "6432", "unix_socket_dir": self.directory, "auth_type": "trust",
            "auth_file": self.write("users", '"postgres" ""\n'), "pool_mode": "transaction",
            "default_pool_size": self.pool_size, "max_client_conn": 100, "admin_users": "postgres",
            "server_idle_timeout": 600, **self.settings,
        }
        config = self.write("pgbouncer.ini", "\n".join(lines + ["%s = %s" % kv for kv in settings.items()]) + "\n")
        self.dsn = "host=%s port=6432 user=postgres dbname=postgres" % self.directory
        self.begin(_as_osuser([shutil.which("pgbouncer") or "/usr/sbin/pgbouncer", config], self.directory),
                   lambda: _accepts(self.path(".s.PGSQL.6432")))

    def sql(self, text):
        """psql through the pooler."""
        done = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", text, self.dsn],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60 * SLOW)
        equal(done.returncode, 0, "psql through pgbouncer: %r" % done.stderr)
        return done.stdout.decode().rstrip("\n")


class Nginx(Daemon):
    """nginx before a pgsluice, on a Unix socket: ask it with `curl(nginx.url + path, *nginx.via)`."""

    name = "nginx"
    url = "http://localhost"

    MODERN = 'proxy_http_version 1.1; proxy_set_header Connection "";'

    def __init__(self, server, location, listen=""):
        super().__init__()
        self.server, self.location, self.listen = server, location, listen

    def start(self):
        self.socket = self.path("socket")
        self.via = ("--unix-socket", self.socket)
        temporary = "".join("%s_temp_path %s;\n" % (kind, self.path("tmp-" + kind))
                            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        config = self.write("nginx.conf", """
            daemon off; worker_processes 1; pid %s; error_log stderr info;
            events { worker_connections 64; }
            http { access_log off; %s
              upstream pgsluice { server %s; keepalive 8; }
              server { listen unix:%s %s; location / { proxy_pass http://pgsluice; %s } } }
            """ % (self.path("pid"), temporary, self.server.address, self.socket, self.listen, self.location))
        command = [shutil.which("nginx") or "/usr/sbin/nginx", "-p", self.directory, "-c", config, "-e", "stderr"]
        self.begin(_as_osuser(command, self.directory), lambda: _accepts(self.socket))
