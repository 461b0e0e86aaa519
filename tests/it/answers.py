"""HTTP answers as the tests want to see them."""

import http.client
import json
import socket

from tap import equal, show, true


class Response:
    """status, headers (any case), body; `broken` is the exception when the body was cut short."""

    def __init__(self, status, headers, body, broken=None, version=11):
        self.status, self.headers, self.body, self.broken, self.version = status, headers, body, broken, version

    def __getitem__(self, name):
        return self.headers.get(name)

    @property
    def text(self):
        return self.body.decode()

    def json(self):
        return json.loads(self.body)

    @property
    def run_id(self):
        return self.headers.get("X-Run-Id")

    def __repr__(self):
        return "%s %s %s%s" % (self.status, dict(self.headers), show(self.body, 400),
                               " broken: %r" % self.broken if self.broken else "")


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Message:
    """One response taken apart by hand, from what Server.raw() returns: what http.client hides.

    complete: the body ended as its framing says. trailers: a dictionary with names in lower case.
    rest: what follows on the connection.
    """

    def __init__(self, data, head_only=False):
        self.head, found, rest = data.partition(b"\r\n\r\n")
        true(found, "no response: %r" % data[:300])
        lines = self.head.decode("latin-1").split("\r\n")
        self.version, status, self.reason = (lines[0].split(" ", 2) + [""])[:3]
        self.status = int(status)
        self.header_lines = lines[1:]
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers[name.strip().lower()] = value.strip()
        self.body, self.trailers, self.complete, self.rest = b"", {}, True, b""
        if head_only or self.status in (204, 304):
            self.rest = rest
        elif "chunked" in self.headers.get("transfer-encoding", ""):
            self._chunks(rest)
        elif "content-length" in self.headers:
            n = int(self.headers["content-length"])
            self.body, self.rest, self.complete = rest[:n], rest[n:], len(rest) >= n
        else:
            self.body = rest

    def _chunks(self, rest):
        self.complete = False
        body = []
        while True:
            line, found, after = rest.partition(b"\r\n")
            if not found:
                break
            size = int(line.split(b";")[0], 16)
            if size == 0:
                while True:
                    line, found, after = after.partition(b"\r\n")
                    if not found:
                        break
                    if not line:
                        self.complete, self.rest = True, after
                        break
                    name, _, value = line.decode("latin-1").partition(":")
                    self.trailers[name.strip().lower()] = value.strip()
                break
            body.append(after[:size])
            if after[size:size + 2] != b"\r\n":
                break
            rest = after[size + 2:]
        self.body = b"".join(body)


def problem(response, status, kind, **members):
    """Checks a problem+json answer (RFC 9457) and returns its JSON."""
    equal(response.status, status, "status of %r" % response)
    equal(response["Content-Type"], "application/problem+json")
    p = response.json()
    equal(p.get("type"), "urn:pgsluice:" + kind)
    equal(p.get("status"), status)
    true(isinstance(p.get("title"), str) and p["title"], "no title in %r" % p)
    true(isinstance(p.get("detail"), str) and p["detail"], "no detail in %r" % p)
    for name, value in members.items():
        equal(p.get(name), value, "member %s of %r" % (name, p))
    unknown = set(p) - {"type", "title", "status", "detail", "parameter", "sqlstate", "run"}
    true(not unknown, "members that interface.md does not name: %r" % unknown)
    return p
