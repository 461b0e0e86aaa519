"""What every integration test shares: TAP output, a private PostgreSQL, a pgsluice to talk to.

A test program is a file of functions named like the promise that they hold:

    from harness import *

    @test
    def an_empty_string_is_quoted_and_null_is_not():
        with Server({"e": "SELECT '' AS a, NULL AS b"}) as s:
            equal(s.get("/exports/e.csv").body, b'a,b\\n"",\\n')

    main()

`test_x.py` runs all of them and prints TAP; `test_x.py NAME...` runs those; `test_x.py --list` names them.
The program runs itself again under tools/with-postgres, so that each has a server of its own.

Environment: PGSLUICE (the binary, default ./pgsluice), srcdir (the source tree), SL_SLOW (a factor on
every deadline, for sanitizers), SL_KEEP (keep temporary directories).
"""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

from answers import Message, Response, UnixConnection, problem
from database import PINNED, active_backends, backends, copy, session, sql, sql_file
from tap import (PGSLUICE, SLOW, TOP, Skip, at_end, contains, diag, each, equal, eventually, lacks, main, matches,
                 note, running, show, test, true)

READY_DEADLINE = 15
STOP_DEADLINE = 20
IO_DEADLINE = 60

SANITIZER_REPORTS = (
    "ERROR: AddressSanitizer",
    "ERROR: LeakSanitizer",
    "runtime error:",
    "WARNING: ThreadSanitizer",
)

FINAL_STATES = ("complete", "failed", "cancelled")


def child_env(extra=None):
    """Our environment without anything that pgsluice itself would read, and with `extra`; None removes a name."""
    env = {k: v for k, v in os.environ.items() if k != "PGSLUICE" and not k.startswith("PGSLUICE_")}
    env.setdefault("ASAN_OPTIONS", "abort_on_error=0:exitcode=99:detect_leaks=1")
    env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
    for key, value in (extra or {}).items():
        if value is None:
            env.pop(key, None)
        else:
            env[key] = str(value)
    return env


class Workspace:
    """A temporary directory with pgsluice.conf and exports.d.

    exports: {"orders": "SELECT ..."}; a key with a dot or slash is a path of its own under the directory.
    config:  {"limits": {"max_rows": 5}, "token bob": {...}}, over defaults that make a server for tests;
             None as a value removes a key, None as a section removes the section. Or the whole text.
    """

    def __init__(self, exports=None, config=None, defaults=None, files=None):
        self.directory = tempfile.mkdtemp(prefix="sl-it-")
        if not os.environ.get("SL_KEEP"):
            at_end(lambda: shutil.rmtree(self.directory, ignore_errors=True))
        os.mkdir(self.path("exports.d"))
        for name, text in {**(exports or {})}.items():
            self.write(name if re.search(r"[./]", name) else "exports.d/%s.sql" % name, text)
        for name, text in (files or {}).items():
            self.write(name, text)
        self.config = self.path("pgsluice.conf")
        if not isinstance(config, (str, bytes)):
            sections = {}
            for source in (defaults or {}), (config or {}):
                for section, keys in source.items():
                    if keys is None:
                        sections.pop(section, None)
                    else:
                        sections.setdefault(section, {}).update(keys)
            config = "".join(
                "[%s]\n%s\n" % (section, "".join("%s = %s\n" % kv for kv in keys.items() if kv[1] is not None))
                for section, keys in sections.items())
        if isinstance(config, str):
            # "unix:NAME" is a socket in this directory; the product wants an absolute path.
            config = re.sub(r"\bunix:(?=\w)", "unix:%s/" % self.directory, config)
        self.write("pgsluice.conf", config)

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, content, mode=None):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        if mode is not None:
            os.chmod(path, mode)
        return path

    def read(self, name):
        with open(self.path(name), "rb") as f:
            return f.read()

    def exists(self, name):
        return os.path.lexists(self.path(name))

    def listing(self):
        return sorted(os.listdir(self.directory))


class Done:
    """A finished command: .code, .out (bytes), .err (text)."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __repr__(self):
        return "exit %d, out %s, err %s" % (self.code, show(self.out, 300), show(self.err, 1500))


def run(*args, exports=None, config=None, workspace=None, env=None, cwd=None, timeout=60, stdout=subprocess.PIPE,
        stdin=None, with_config=True):
    """Runs pgsluice with these arguments and `-c` of a workspace; returns Done."""
    if workspace is None:
        workspace = Workspace(exports, config)
    command = [PGSLUICE] + [str(a) for a in args]
    if with_config:
        command[2:2] = ["-c", workspace.config]
    process = subprocess.Popen(command, stdin=stdin or subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE,
                               env=child_env(env), cwd=cwd or workspace.directory)
    try:
        out, err = process.communicate(timeout=timeout * SLOW)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError("%s: still running after %g s\n%s" % (
            " ".join(command), timeout * SLOW, err.decode("utf-8", "replace")))
    except BaseException:
        process.kill()
        process.wait()
        raise
    err = err.decode("utf-8", "replace")
    note("%s\n  exit %d, stderr: %s" % (" ".join(command), process.returncode, err))
    _no_sanitizer_report(err)
    return Done(process.returncode, out, err)


def _no_sanitizer_report(text):
    for mark in SANITIZER_REPORTS:
        true(mark not in text, "a sanitizer reported: " + text[text.find(mark):][:3000])


def logfmt(line):
    """`a=b c="d e"` as a dictionary."""
    return {k: json.loads(v) if v.startswith('"') else v
            for k, v in re.findall(r'([A-Za-z0-9_]+)=("(?:[^"\\]|\\.)*"|\S*)', line)}


class Server:
    """`pgsluice serve` on a free port, for the length of a with statement.

    At the end it must leave with code 0 after SIGTERM, and no sanitizer may have spoken.
    `listen`/`admin` may be "unix:NAME" (a name in the workspace).
    """

    DEFAULTS = {"access": {"anonymous": "on"}}

    def __init__(self, exports=None, config=None, *, listen="127.0.0.1:0", admin="127.0.0.1:0", env=None,
                 workspace=None, files=None, exit_code=0, args=(), wrapper=(), with_config=True, pass_fds=()):
        self.env, self.exit_code, self.pass_fds = env, exit_code, pass_fds
        if workspace is None:
            defaults = {k: dict(v) for k, v in self.DEFAULTS.items()}
            defaults["server"] = {"listen": listen, "admin_listen": admin}
            workspace = Workspace(exports, config, defaults, files)
        self.workspace = workspace
        self.command = list(wrapper) + [PGSLUICE, "serve"] + list(args)
        if with_config:
            self.command += ["-c", workspace.config]
        self.process = None
        self.listeners = {}
        self.lines = []
        self._closed = False
        self._news = threading.Condition()

    # Life

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.stop()
            return
        # The test has failed already: only clean up, and let its own trouble speak.
        try:
            self.stop()
        except AssertionError as trouble:
            note("besides: %s" % trouble)

    def start(self):
        running.append(self)
        # No stdin, no stdout to fill; stderr is the log.
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, env=child_env(self.env), cwd=self.workspace.directory,
                                        pass_fds=self.pass_fds)
        at_end(self._kill)
        threading.Thread(target=self._read_log, args=(self.process.stderr,), daemon=True).start()
        self.wait_log(lambda line: logfmt(line).get("msg") == "ready", READY_DEADLINE, "ready")
        for line in self.lines:
            fields = logfmt(line)
            if fields.get("msg") == "listening":
                self.listeners.setdefault(fields["listener"], []).append(fields["address"])

    def stop(self, signum=signal.SIGTERM, deadline=STOP_DEADLINE):
        """Ends the server as an init system does, checks how it went, and returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signum)
        try:
            code = self.process.wait(deadline * SLOW)
        except subprocess.TimeoutExpired:
            self._kill()
            raise AssertionError("the server was still there %g s after the signal" % (deadline * SLOW))
        with self._news:
            self._news.wait_for(lambda: self._closed, 5)
        _no_sanitizer_report(self.log)
        if self.exit_code is not None:
            equal(code, self.exit_code, "exit code of the server")
        return code

    def _kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def _read_log(self, stream):
        for line in stream:
            with self._news:
                self.lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                self._news.notify_all()
        stream.close()
        with self._news:
            self._closed = True
            self._news.notify_all()

    # Looking at it

    def diagnostics(self):
        return "log of the server (%s):\n%s" % (
            " ".join(self.command), "\n".join("  " + line for line in self.log.splitlines()[-60:]))

    @property
    def pid(self):
        return self.process.pid

    @property
    def log(self):
        with self._news:
            return "\n".join(self.lines)

    def wait_log(self, wanted, timeout=10, what="a log line"):
        """Waits for a line (a substring, or a predicate on the line) and returns it."""
        predicate = wanted if callable(wanted) else lambda line: wanted in line
        def found():
            return next((line for line in self.lines if predicate(line)), None)
        with self._news:
            self._news.wait_for(lambda: found() is not None or self._closed, timeout * SLOW)
            line = found()
        if line is None:
            raise AssertionError("no such line in the log: %s%s" % (
                wanted if isinstance(wanted, str) else what,
                "; the server has ended: %s" % self.lines[-1:] if self._closed else ""))
        return line

    def run_lines(self):
        """The msg=run lines, as dictionaries."""
        with self._news:
            return [f for f in map(logfmt, self.lines) if f.get("msg") == "run"]

    @property
    def address(self):
        return self.listeners["public"][0]

    @property
    def admin_address(self):
        return self.listeners["admin"][0]

    @property
    def port(self):
        return int(self.address.rsplit(":", 1)[1])

    @property
    def admin_port(self):
        return int(self.admin_address.rsplit(":", 1)[1])

    @property
    def url(self):
        return "http://" + self.address

    @property
    def admin(self):
        return "http://" + self.admin_address

    def fds(self):
        """{number: what it is} of the open descriptors."""
        found = {}
        for name in os.listdir("/proc/%d/fd" % self.pid):
            try:
                found[int(name)] = os.readlink("/proc/%d/fd/%s" % (self.pid, name))
            except FileNotFoundError:
                pass
        return found

    def threads(self):
        return len(os.listdir("/proc/%d/task" % self.pid))

    def _status(self, key):
        with open("/proc/%d/status" % self.pid) as f:
            return int(re.search(r"^%s:\s+(\d+) kB" % key, f.read(), re.M).group(1)) * 1024

    def rss_peak(self):
        """Peak resident memory in bytes."""
        return self._status("VmHWM")

    def rss(self):
        return self._status("VmRSS")

    # Talking to it

    def connect(self, admin=False, timeout=IO_DEADLINE, rcvbuf=None):
        """A plain connected socket."""
        address = self.admin_address if admin else self.address
        if address.startswith("unix:"):
            s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            target = address[5:]
        else:
            s = socket.socket(socket.AF_INET6 if address.startswith("[") else socket.AF_INET, socket.SOCK_STREAM)
            host, port = address.rsplit(":", 1)
            target = (host.strip("[]"), int(port))
        if rcvbuf:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        s.settimeout(timeout * SLOW)
        s.connect(target)
        return s

    def connection(self, admin=False, timeout=IO_DEADLINE):
        """An http.client connection, for several requests on one."""
        address = self.admin_address if admin else self.address
        if address.startswith("unix:"):
            return UnixConnection(address[5:], timeout * SLOW)
        host, port = address.rsplit(":", 1)
        return http.client.HTTPConnection(host.strip("[]"), int(port), timeout=timeout * SLOW)

    def request(self, method, path, headers=None, body=None, admin=False, timeout=IO_DEADLINE, connection=None):
        """One request with http.client; the path goes out as it is. Never raises for a broken body."""
        c = connection or self.connection(admin, timeout)
        try:
            c.putrequest(method, path, skip_host="Host" in (headers or {}), skip_accept_encoding=True)
            for name, value in (headers or {}).items():
                for one in value if isinstance(value, list) else [value]:
                    c.putheader(name, one)
            if body is not None:
                c.putheader("Content-Length", str(len(body)))
            c.endheaders(body)
            r = c.getresponse()
            broken = None
            chunks = []
            try:
                while True:
                    piece = r.read1(1 << 16)
                    if not piece:
                        break
                    chunks.append(piece)
                # read1() may end without a word where Content-Length promised more.
                if method != "HEAD" and r.length:
                    broken = http.client.IncompleteRead(b"", r.length)
                r.close()
            except (http.client.HTTPException, OSError, ValueError) as trouble:
                broken = trouble
            return Response(r.status, r.headers, b"".join(chunks), broken, r.version)
        finally:
            if connection is None:
                c.close()

    def get(self, path, headers=None, **more):
        return self.request("GET", path, headers, **more)

    def head(self, path, headers=None, **more):
        return self.request("HEAD", path, headers, **more)

    def delete(self, path, headers=None, **more):
        return self.request("DELETE", path, headers, **more)

    def raw(self, data, admin=False, timeout=IO_DEADLINE):
        """Sends bytes on a plain socket and returns all that comes until the other side closes."""
        with self.connect(admin, timeout) as s:
            s.sendall(data)
            received = []
            while True:
                try:
                    piece = s.recv(1 << 16)
                except ConnectionResetError:
                    break
                except socket.timeout:
                    raise AssertionError("the connection stayed open; received %r" % b"".join(received)[:500])
                if not piece:
                    break
                received.append(piece)
            return b"".join(received)

    def raw_get(self, path, headers=(), version="HTTP/1.1", method="GET"):
        """A request by hand, with Connection: close; returns a Message."""
        lines = ["%s %s %s" % (method, path, version), "Host: localhost", "Connection: close"] + list(headers)
        return Message(self.raw("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"), head_only=method == "HEAD")

    def receipt(self, run_id, headers=None, final=True, timeout=10):
        """The receipt of a run; with `final` waits until it has ended."""
        def fetch():
            r = self.get("/runs/" + run_id, headers)
            equal(r.status, 200, "GET /runs/%s: %r" % (run_id, r))
            return r.json()
        if not final:
            return fetch()
        return eventually(lambda: next((x for x in [fetch()] if x["state"] in FINAL_STATES), None), timeout,
                          "run %s has ended" % run_id)

    def start_run(self, path, headers=(), rcvbuf=None):
        """Asks for an export and reads only the head: returns (socket, Message of the head, body bytes so far)."""
        s = self.connect(rcvbuf=rcvbuf)
        lines = ["GET %s HTTP/1.1" % path, "Host: localhost"] + list(headers)
        s.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n")
        data = b""
        while b"\r\n\r\n" not in data:
            piece = s.recv(4096)
            true(piece, "closed before the head was complete: %r" % data)
            data += piece
        return s, Message(data[:data.index(b"\r\n\r\n") + 4], head_only=True), data[data.index(b"\r\n\r\n") + 4:]
