"""POST /tickets over a Unix socket or HTTP, with the standard library."""

import http.client
import json
import socket
from dataclasses import dataclass
from typing import Any, Dict, Mapping, Optional, Tuple
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from .conf import Config
from .exceptions import TicketRefused, Unavailable, UnsupportedQuery

__all__ = ["MAX_TICKET", "Ticket", "UnixConnection", "post_ticket"]

# The server's limit for the JSON of a ticket.
MAX_TICKET = 256 * 1024
# An answer has three short members; a problem has a sentence.
MAX_ANSWER = 64 * 1024

TICKETS_URL_FORMS = "unix:/run/pgsluice/tickets.sock or http://127.0.0.1:8082"


@dataclass(frozen=True)
class Ticket:
    """What the server keeps for up to five minutes, to be fetched once at `path`."""

    id: str
    path: str
    expires_at: str


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.sock.settimeout(self.timeout)
            self.sock.connect(self._path)
        except BaseException:
            self.sock.close()
            raise


def post_ticket(config: Config, ticket: Mapping[str, Any]) -> Ticket:
    """Hands a ticket to the server; members that are None or {} are left out.

    Raises Unavailable, TicketRefused, UnsupportedQuery (too long).
    """
    config.require_tickets()
    members = {name: value for name, value in ticket.items() if value not in (None, {})}
    body = json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()
    if len(body) > MAX_TICKET:
        raise UnsupportedQuery(
            "The query is %d KiB of SQL, and a ticket holds %d KiB. A long list of values is the usual"
            " reason: filter by a subquery (pk__in=other_queryset.values('pk')) instead."
            % (len(body) // 1024, MAX_TICKET // 1024)
        )
    status, headers, answer = _request(config, body)
    if status == 201:
        try:
            return Ticket(id=str(answer["id"]), path=_path(answer), expires_at=str(answer["expires_at"]))
        except KeyError:
            raise Unavailable("%s answered, but not as pgsluice does." % config.tickets_url) from None
    raise _refusal(config, status, headers, answer)


def _request(config: Config, body: bytes) -> Tuple[int, Any, Dict[str, Any]]:
    connection, prefix = _connection(config)
    try:
        try:
            connection.request(
                "POST",
                prefix + "/tickets",
                body,
                {"Authorization": "Bearer " + config.tickets_secret, "Content-Type": "application/json"},
            )
        except (BrokenPipeError, ConnectionResetError):
            # A server may refuse by the header alone, and close before it has read the body; the
            # answer is there all the same.
            if connection.sock is None:
                raise
        response = connection.getresponse()
        raw = response.read(MAX_ANSWER)
    except socket.timeout:
        raise Unavailable("%s did not answer within %g s." % (config.tickets_url, config.timeout)) from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise Unavailable("%s cannot be reached: %s." % (config.tickets_url, reason)) from None
    finally:
        connection.close()
    try:
        answer = json.loads(raw)
    except ValueError:
        answer = {}
    return response.status, response.headers, answer if isinstance(answer, dict) else {}


def _connection(config: Config) -> Tuple[http.client.HTTPConnection, str]:
    url = config.tickets_url
    if url.startswith("unix:/"):
        return UnixConnection(url[len("unix:") :], config.timeout), ""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
        # The address may hold a password: it is not repeated.
        raise ImproperlyConfigured("PGSLUICE['TICKETS_URL'] must look like %s." % TICKETS_URL_FORMS)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(parts.hostname, port, timeout=config.timeout), parts.path.rstrip("/")


def _path(answer: Mapping[str, Any]) -> str:
    path = str(answer["path"])
    if not path.startswith("/") or not path.isprintable() or " " in path:
        raise KeyError("path")  # it goes into a header
    return path


def _refusal(config: Config, status: int, headers: Any, answer: Mapping[str, Any]) -> Exception:
    kind = str(answer.get("type", "")).rpartition(":")[2]
    detail = str(answer.get("detail") or answer.get("title") or "no reason given")
    if status == 503:
        return Unavailable("pgsluice takes no ticket now: %s" % detail, retry_after=_seconds(headers))
    hint = ""
    if status == 401:
        hint = " (PGSLUICE['TICKETS_SECRET'] is not the server's [tickets] secret)"
    elif status in (404, 405):
        hint = " (PGSLUICE['TICKETS_URL'] is not the server's [tickets] listen)"
    parameter = answer.get("parameter")
    return TicketRefused(
        "pgsluice refused the ticket with %d: %s%s" % (status, detail, hint),
        status=status,
        kind=kind,
        detail=detail,
        parameter=str(parameter) if parameter is not None else None,
    )


def _seconds(headers: Any) -> Optional[int]:
    value = headers.get("Retry-After", "")
    return int(value) if value.isascii() and value.isdigit() else None
