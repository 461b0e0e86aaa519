"""The other side of an export: real clients, sockets that read only when told to, and what gates.py and
proxies.py have."""

import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile

from answers import Message
from gates import (ENDLESS, FAR, LATE, PATIENT, SOON, Frozen, Gate, SilentDatabase, database_is_up, gated, gone,
                   gone_soon, has_left, in_transaction, quiet_backend, rows, running_since, soon)
from harness import child_env
from proxies import Nginx, PgBouncer
from tap import SLOW, at_end, eventually, true


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
