"""The client of the tickets listener: addresses, refusals, servers that are gone, slow or strangers."""

import json
import os
import socket
import tempfile
import threading
from unittest import mock

from django.core.exceptions import ImproperlyConfigured
from django.test import SimpleTestCase, override_settings

from django_pgsluice import TicketRefused, Unavailable
from django_pgsluice.client import post_ticket
from django_pgsluice.conf import get_config

from .server import SECRET, CommittedTestCase

DEADLINE = 30
"""Seconds that the server here waits for a client."""

WRONG = "a secret that nobody else knows, it is wrong"


class Peer:
    """A server that sends what it is told to whoever connects, then closes; None: it says nothing.

    With reads_body=False it answers by the header alone.
    """

    def __init__(self, answer, unix=None, reads_body=True):
        self.requests = []
        self._reads_body = reads_body
        self._answer = answer
        if unix:
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.bind(unix)
        else:
            self._socket = socket.socket()
            self._socket.bind(("127.0.0.1", 0))
            self.url = "http://127.0.0.1:%d" % self._socket.getsockname()[1]
        self._socket.listen(1)
        self._done = threading.Event()

    def __enter__(self):
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(self, *args):
        self._done.set()
        self._thread.join()
        self._socket.close()

    def _serve(self):
        # A client that fails before it connects must fail its test, not hang it.
        self._socket.settimeout(DEADLINE)
        try:
            connection, _ = self._socket.accept()
        except socket.timeout:
            return
        with connection:
            connection.settimeout(DEADLINE)
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(65536)
            head, _, body = head.partition(b"\r\n\r\n")
            length = int([l for l in head.split(b"\r\n") if l.lower().startswith(b"content-length:")][0].split(b":")[1])
            while self._reads_body and len(body) < length:
                body += connection.recv(65536)
            self.requests.append((head, body))
            if self._answer is None:
                self._done.wait()
            else:
                connection.sendall(self._answer)


def http_answer(status, body, *headers):
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    lines = ["HTTP/1.1 %d X" % status, "Content-Length: %d" % len(body), "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Posting(SimpleTestCase):
    def post(self, url, ticket=None, **more):
        with override_settings(PGSLUICE={"TICKETS_URL": url, "TICKETS_SECRET": SECRET, **more}):
            return post_ticket(get_config(), ticket or {"sql": "SELECT 1"})

    def fails(self, kind, *args, **more):
        with self.assertRaises(kind) as caught:
            self.post(*args, **more)
        self.assertNotIn(SECRET, str(caught.exception))
        self.assertIsNone(caught.exception.__cause__)
        return caught.exception

    def test_over_tcp(self):
        created = {"id": "abc", "path": "/tickets/abc", "expires_at": "2024-01-01T00:00:00Z"}
        with Peer(http_answer(201, created)) as peer:
            ticket = self.post(peer.url + "/behind/", {"sql": "SELECT 'é'"})
        self.assertEqual((ticket.id, ticket.path, ticket.expires_at), ("abc", "/tickets/abc", "2024-01-01T00:00:00Z"))
        head, body = peer.requests[0]
        self.assertTrue(head.startswith(b"POST /behind/tickets HTTP/1.1\r\n"), head)
        self.assertIn(b"Authorization: Bearer " + SECRET.encode(), head)
        self.assertEqual(json.loads(body), {"sql": "SELECT 'é'"})

    def test_over_a_unix_socket(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "t.sock")
            with Peer(http_answer(201, {"id": "a", "path": "/tickets/a", "expires_at": ""}), unix=path) as peer:
                self.assertEqual(self.post("unix:" + path).id, "a")
            self.assertIn(b"\r\nHost: localhost", peer.requests[0][0])

    def test_nobody_there(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "t.sock")
            self.assertIn("No such file", str(self.fails(Unavailable, "unix:" + path)))
            closed = socket.socket(socket.AF_UNIX)
            closed.bind(path)
            closed.close()
            error = self.fails(Unavailable, "unix:" + path)
            self.assertIn("refused", str(error))
            self.assertIn(path, str(error))

    def test_a_server_that_says_nothing(self):
        with Peer(None) as peer:
            error = self.fails(Unavailable, peer.url, TIMEOUT=0.05)
        self.assertIn("did not answer within 0.05 s", str(error))

    def test_a_server_that_hangs_up(self):
        with Peer(b"") as peer:
            self.fails(Unavailable, peer.url)

    def test_a_stranger(self):
        for answer in (b"SSH-2.0-OpenSSH\r\n\r\n", http_answer(201, b"hello"), http_answer(201, {"id": "x"})):
            with Peer(answer) as peer:
                self.fails(Unavailable, peer.url)

    def test_a_path_that_is_no_path(self):
        for path in ("tickets/x", "/x\r\nSet-Cookie: a=b", "/a b"):
            with Peer(http_answer(201, {"id": "x", "path": path, "expires_at": ""})) as peer:
                self.fails(Unavailable, peer.url)

    def test_a_full_server(self):
        with Peer(http_answer(503, {"type": "urn:pgsluice:busy", "detail": "1000 wait"}, "Retry-After: 7")) as peer:
            error = self.fails(Unavailable, peer.url)
        self.assertEqual(error.retry_after, 7)
        self.assertIn("1000 wait", str(error))

    def test_a_problem_in_its_own_words(self):
        problem = {"type": "urn:pgsluice:bad_parameter", "detail": "no such option", "parameter": "_x", "status": 400}
        with Peer(http_answer(400, problem)) as peer:
            error = self.fails(TicketRefused, peer.url)
        self.assertEqual((error.status, error.kind, error.parameter), (400, "bad_parameter", "_x"))
        self.assertEqual(error.detail, "no such option")

    def test_a_refusal_before_the_body_was_read(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "t.sock")
            answer = http_answer(401, {"detail": "who are you"})
            with Peer(answer, unix=path, reads_body=False):
                # More than the sockets hold.
                with mock.patch("django_pgsluice.client.MAX_TICKET", 1 << 24):
                    error = self.fails(TicketRefused, "unix:" + path, {"sql": "x" * 8000000})
        self.assertEqual(error.status, 401)

    def test_an_error_that_is_no_problem(self):
        with Peer(http_answer(502, b"<html>Bad gateway")) as peer:
            self.assertEqual(self.fails(TicketRefused, peer.url).status, 502)

    def test_addresses_that_are_none(self):
        for url in ("/run/x.sock", "unix:run/x.sock", "ftp://x", "http://", "http://x:port", "http://me:hush@x"):
            error = self.fails(ImproperlyConfigured, url)
            self.assertIn("unix:/run/pgsluice/tickets.sock", str(error))
            self.assertNotIn("hush", str(error))


class RealServer(CommittedTestCase):
    def refused(self, ticket, **more):
        with self.configured(**more), self.assertRaises(TicketRefused) as caught:
            post_ticket(get_config(), ticket)
        return caught.exception

    def test_a_ticket(self):
        ticket = post_ticket(get_config(), {"sql": "SELECT 1 AS a"})
        self.assertEqual(ticket.path, "/tickets/" + ticket.id)
        status, headers, body = self.pgsluice.get(ticket.path)
        self.assertEqual((status, body), (200, b"a\n1\n"))

    def test_the_wrong_secret(self):
        error = self.refused({"sql": "SELECT 1"}, TICKETS_SECRET=WRONG)
        self.assertEqual(error.status, 401)
        self.assertIn("PGSLUICE['TICKETS_SECRET']", str(error))
        self.assertNotIn(WRONG, str(error))

    def test_the_wrong_listener(self):
        error = self.refused({"sql": "SELECT 1"}, TICKETS_URL="unix:" + self.pgsluice.path("public.sock"))
        self.assertIn(error.status, (404, 405))
        self.assertIn("PGSLUICE['TICKETS_URL']", str(error))

    def test_sql_that_is_no_query(self):
        for sql in ("DELETE FROM tests_order", "SELECT 1; SELECT 2", ""):
            self.assertIn(self.refused({"sql": sql}).kind, ("bad_query", "bad_request"))

    def test_an_option_that_is_not_known(self):
        error = self.refused({"sql": "SELECT 1", "options": {"_heading": "x"}})
        self.assertEqual(error.status, 400)
        self.assertIn("_heading", error.detail)
