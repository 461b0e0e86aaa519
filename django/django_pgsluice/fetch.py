"""How the management commands talk to the server's ordinary listener: requests, and a download with its receipt."""

import contextlib
import hashlib
import http.client
import json
import os
import signal
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from typing import Any, BinaryIO, Dict, Iterator, Mapping, Optional, Tuple
from urllib.parse import urlsplit

from .client import UnixConnection
from .exceptions import PgsluiceError

CHUNK = 1 << 16
RECEIPT_DEADLINE = 10.0
"""Seconds to wait for a receipt that still says "running" after its last byte has come."""

EXIT_CODES = {400: 65, 401: 77, 403: 77, 404: 64, 409: 75, 410: 75, 413: 65, 422: 65, 503: 75, 504: 75}
"""As `pgsluice run` ends for the same errors (sysexits.h); others are 70."""


class DownloadFailed(PgsluiceError):
    """There is no whole file. `returncode` is the exit code of a command that ends with it."""

    def __init__(self, message: str, returncode: int) -> None:
        super().__init__(message)
        self.returncode = returncode


@dataclass(frozen=True)
class Receipt:
    """What the server says of a finished run, after it has been compared with what arrived."""

    run: str
    rows: int
    bytes: int
    sha256: str


class Server:
    """The ordinary listener: "https://downloads.example.org", with or without a path, or "unix:/path"."""

    def __init__(self, url: str, timeout: float) -> None:
        """`timeout` is in seconds, between two of its bytes. ValueError for another kind of address."""
        self.url = url.rstrip("/")
        self.timeout = timeout
        self.parts = urlsplit(self.url)
        self.base = "" if self.parts.scheme == "unix" else self.parts.path
        if not absolute(url) or (self.parts.scheme != "unix" and not self.parts.hostname):
            raise ValueError("%s is neither http://host:port, https://host nor unix:/path" % url)

    def get(self, path: str, method: str = "GET") -> Tuple[http.client.HTTPResponse, http.client.HTTPConnection]:
        """The answer to a request, and the connection to close. OSError when there is none."""
        connection = self._connection()
        try:
            connection.request(method, self.base + path, headers={"Accept": "*/*", "Accept-Encoding": "identity"})
            return connection.getresponse(), connection
        except http.client.HTTPException as error:
            connection.close()
            raise OSError("the answer is not HTTP: %s" % error.__class__.__name__) from error
        except BaseException:
            connection.close()
            raise

    def _connection(self) -> http.client.HTTPConnection:
        if self.parts.scheme == "unix":
            return UnixConnection(self.url[len("unix:") :], self.timeout)
        kind = http.client.HTTPSConnection if self.parts.scheme == "https" else http.client.HTTPConnection
        return kind(self.parts.hostname or "", self.parts.port, timeout=self.timeout)

    def document(self, path: str, method: str = "GET") -> Tuple[int, http.client.HTTPMessage, Dict[str, Any]]:
        """Status, headers and JSON body; an empty document for a body that is none."""
        response, connection = self.get(path, method)
        with contextlib.closing(connection):
            try:
                body = response.read(CHUNK)
            except http.client.HTTPException:
                body = b""
            return response.status, response.headers, _json(body)

    def download(self, path: str, out: BinaryIO) -> Receipt:
        """Writes the export at `path` into `out`; raises DownloadFailed unless the server's receipt confirms it."""
        try:
            response, connection = self.get(path)
        except OSError as error:
            raise DownloadFailed("cannot reach %s: %s" % (self.url, reason(error)), 69) from error
        with contextlib.closing(connection):
            if response.status != 200:
                raise _refused(response)
            run = response.headers.get("X-Run-Id", "")
            digest = hashlib.sha256()
            size = 0
            try:
                for block in _blocks(response):
                    digest.update(block)
                    size += len(block)
                    _write(out, block)
            except (OSError, http.client.HTTPException) as error:
                raise DownloadFailed(
                    "the transfer broke after %d bytes: %s" % (size, self._why(run) or reason(error)), 75
                ) from error
        return self._confirm(run, size, digest.hexdigest())

    def _confirm(self, run: str, size: int, sha256: str) -> Receipt:
        receipt = self._receipt(run)
        state = receipt.get("state")
        if state != "complete":
            raise DownloadFailed(
                "the server does not confirm the run %s: %s" % (run or "without id", _end(receipt) or "no receipt"), 75
            )
        if receipt.get("bytes") != size or receipt.get("sha256") != sha256:
            raise DownloadFailed(
                "what arrived is not what was sent: %d bytes, SHA-256 %s; the server sent %s bytes, SHA-256 %s"
                % (size, sha256, receipt.get("bytes"), receipt.get("sha256")),
                75,
            )
        return Receipt(run, int(receipt.get("rows", 0)), size, sha256)

    def _receipt(self, run: str) -> Dict[str, Any]:
        if not run:
            return {}
        deadline = time.monotonic() + RECEIPT_DEADLINE
        while True:
            try:
                status, _, receipt = self.document("/runs/" + run)
            except OSError:
                return {}
            if status != 200:
                return {}
            if receipt.get("state") not in ("queued", "running") or time.monotonic() > deadline:
                return receipt
            time.sleep(0.05)

    def _why(self, run: str) -> str:
        return _end(self._receipt(run))


@contextlib.contextmanager
def whole_file(path: str) -> Iterator[BinaryIO]:
    """A binary file that appears under `path` when the block ends well, and not at all otherwise; "-" is stdout.

    What exists and is no ordinary file, such as /dev/null or a named pipe, is written to as it is.
    """
    if path == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = os.path.realpath(path)
    if os.path.exists(path) and not os.path.isfile(path):
        with open(path, "wb") as out:
            yield out
        return
    directory = os.path.dirname(path)
    handle, temporary = tempfile.mkstemp(prefix=".%s." % os.path.basename(path), suffix=".part", dir=directory)
    try:
        with os.fdopen(handle, "wb") as out:
            yield out
            out.flush()
            # mkstemp lets only the owner in; an ordinary file has what the umask leaves.
            os.fchmod(out.fileno(), 0o666 & ~_umask())
            os.fsync(out.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


@contextlib.contextmanager
def ended_by_sigterm() -> Iterator[None]:
    """SIGTERM ends the block as an exception does, so that what it began is cleared away; exit code 143."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only there may handlers be set
        return

    def end(number: int, frame: Any) -> None:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def reason(error: BaseException) -> str:
    """An OSError or HTTPException in words."""
    if isinstance(error, http.client.IncompleteRead):
        return "the server ended it early"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def problem_of(status: int, document: Mapping[str, Any]) -> str:
    """What an answer of the server says is wrong."""
    detail = document.get("detail") or document.get("title")
    return "%d %s" % (status, detail or http.client.responses.get(status, ""))


def _refused(response: http.client.HTTPResponse) -> DownloadFailed:
    try:
        document = _json(response.read(CHUNK))
    except (OSError, http.client.HTTPException):
        document = {}
    return DownloadFailed(
        "the server refuses: %s" % problem_of(response.status, document), EXIT_CODES.get(response.status, 70)
    )


def _blocks(response: http.client.HTTPResponse) -> Iterator[bytes]:
    while True:
        block = response.read(CHUNK)
        if not block:
            return
        yield block


def _write(out: BinaryIO, block: bytes) -> None:
    try:
        out.write(block)
    except OSError as error:
        raise DownloadFailed("cannot write: %s" % reason(error), 74) from error


def _json(body: bytes) -> Dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _end(receipt: Mapping[str, Any]) -> str:
    if not receipt:
        return ""
    error = receipt.get("error") or {}
    return ": ".join(str(part) for part in (receipt.get("state"), error.get("detail")) if part)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def absolute(url: Optional[str]) -> bool:
    """Whether a program can go there; a bare path only tells a browser that is on the site already."""
    return bool(url) and str(url).startswith(("http://", "https://", "unix:/"))
