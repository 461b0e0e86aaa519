"""A substitute for the server in a project's own tests.

The rows that a TestCase writes are never committed, so a server with a connection of its own cannot see them. Inside
local_exports() the same views run the same SQL on the test's own connection and answer with the file itself::

    class ExportTests(TestCase):
        def test_only_my_orders(self):
            with local_exports() as exports:
                response = self.client.get("/orders.csv")
            self.assertEqual(response.content, b"Order,Total\\r\\n1,9.90\\r\\n")
            self.assertEqual(exports[0].filename, "orders.csv")

What can fail in Django fails as it does in production: a field whose conversion would be bypassed, a database that is
not served. What the server does beside that (rights of its login, limits, row-level security) is not looked at.
"""

import csv
import io
import uuid
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence
from unittest import mock
from urllib.parse import quote

from django.conf import settings
from django.db import connections
from django.db.models import QuerySet
from django.http import HttpResponse
from django.test.utils import TestContextDecorator, override_settings

from . import client, response
from .conf import Config
from .sql import Compiled, compile_queryset

__all__ = ["LocalExport", "local_exports"]

DEFAULTS = {
    "TICKETS_URL": "http://pgsluice.invalid",
    "TICKETS_SECRET": "of local_exports(), which sends it nowhere",
    "ACCEL_PREFIX": "/_pgsluice/",
    "PUBLIC_URL": "/pgsluice",
    "GRANT_KEYS": ["of local_exports(): no server knows it"],
}
"""For what a project's test settings leave out."""

OPTIONS = ("_dialect", "_header", "_timezone")
TEXT_TYPES = (18, 25, 1042, 1043)
"""OIDs of "char", text, bpchar and varchar: where the excel dialect looks for formulas."""


@dataclass
class LocalExport:
    """One export that a view has made."""

    queryset: "QuerySet[Any]"
    filename: str
    format: str
    labels: List[str]
    sql: str
    role: Optional[str]
    settings: Dict[str, str]
    options: Dict[str, str]
    rows: int = 0
    """Without the header line; known when the view has returned, as is `content`."""
    content: bytes = field(default=b"", repr=False)


class local_exports(TestContextDecorator):
    """A context manager, or a decorator for a test or a TestCase; yields the list of exports made so far.

    As a decorator of a function, ``@local_exports(kwarg_name="exports")`` hands the list over by that name.
    """

    def __init__(self, attr_name: Optional[str] = None, kwarg_name: Optional[str] = None) -> None:
        super().__init__(attr_name=attr_name, kwarg_name=kwarg_name)

    def enable(self) -> List[LocalExport]:
        self.exports: List[LocalExport] = []
        self._pending: Dict[str, LocalExport] = {}
        self._queryset: Any = None
        configured = {**DEFAULTS, **(getattr(settings, "PGSLUICE", None) or {})}
        self._undo: List[Callable[[], Any]] = []
        try:
            for change in (
                mock.patch.object(response, "compile_queryset", self._compile_queryset),
                mock.patch.object(response, "redirect_to_ticket", self._answer),
                mock.patch.object(client, "post_ticket", self._post),
            ):
                change.start()
                self._undo.append(change.stop)
            override = override_settings(PGSLUICE=configured)
            override.enable()
            self._undo.append(override.disable)
        except BaseException:
            self.disable()
            raise
        return self.exports

    def disable(self) -> None:
        while self._undo:
            self._undo.pop()()

    def _compile_queryset(self, queryset: Any, **arguments: Any) -> Compiled:
        self._queryset = queryset
        return compile_queryset(queryset, **arguments)

    def _post(self, config: Config, ticket: Mapping[str, Any]) -> client.Ticket:
        name = str(uuid.uuid4())
        self._pending[name] = LocalExport(
            queryset=self._queryset,
            filename=ticket["filename"],
            format=ticket.get("format", "csv"),
            labels=list(ticket["labels"]),
            sql=ticket["sql"],
            role=ticket.get("role"),
            settings=dict(ticket.get("settings") or {}),
            options=dict(ticket.get("options") or {}),
        )
        return client.Ticket(id=name, path="/tickets/" + name, expires_at="")

    def _answer(self, config: Config, ticket: client.Ticket) -> HttpResponse:
        export = self._pending.pop(ticket.id)
        export.content, export.rows = _run(export)
        self.exports.append(export)
        answer = HttpResponse(export.content, content_type=_content_type(export))
        answer["Content-Disposition"] = _disposition(export.filename)
        answer["Cache-Control"] = "no-store"
        return answer


def _run(export: LocalExport) -> "tuple[bytes, int]":
    """The file and its number of rows."""
    unknown = sorted(set(export.options) - set(OPTIONS))
    if unknown or export.format != "csv":
        raise NotImplementedError(
            "local_exports() writes plain csv without further options; this export has %s: test it against a server"
            % (", ".join(unknown) or "the format " + export.format)
        )
    header = export.labels if export.options.get("_header") != "off" else None
    dialect = export.options.get("_dialect", "postgres")
    writer = {"django": _django, "postgres": _postgres, "excel": _excel}[dialect]
    with connections[export.queryset.db].cursor() as cursor:
        return writer(cursor, export.sql, header)


def _django(cursor: Any, sql: str, header: Optional[Sequence[str]]) -> "tuple[bytes, int]":
    cursor.execute(sql)
    rows = cursor.fetchall()
    return _csv(rows if header is None else [header, *rows]).encode(), len(rows)


def _postgres(cursor: Any, sql: str, header: Optional[Sequence[str]]) -> "tuple[bytes, int]":
    body = _copy(cursor, sql)
    top = b"" if header is None else ",".join(_quoted(label) for label in header).encode() + b"\n"
    return top + body, _count(body)


def _excel(cursor: Any, sql: str, header: Optional[Sequence[str]]) -> "tuple[bytes, int]":
    cursor.execute("SELECT * FROM (%s) AS q LIMIT 0" % sql)
    text = [column[1] in TEXT_TYPES for column in cursor.description]
    body = _copy(cursor, sql)
    rows = [
        [_neutral(value) if is_text else value for value, is_text in zip(row, text)]
        for row in csv.reader(io.StringIO(body.decode(), newline=""))
    ]
    table = rows if header is None else [[_neutral(label) for label in header], *rows]
    return b"\xef\xbb\xbf" + _csv(table).encode(), len(rows)


def _copy(cursor: Any, sql: str) -> bytes:
    """The rows as PostgreSQL's COPY prints them, with psycopg2 or psycopg 3."""
    statement = "COPY (%s) TO STDOUT (FORMAT csv)" % sql
    raw = cursor.cursor
    if hasattr(raw, "copy_expert"):
        out = io.BytesIO()
        raw.copy_expert(statement, out)
        return out.getvalue()
    with raw.copy(statement) as data:
        return b"".join(bytes(block) for block in data)


def _csv(rows: Iterable[Sequence[Any]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def _count(body: bytes) -> int:
    return sum(1 for _ in csv.reader(io.StringIO(body.decode(), newline="")))


def _quoted(label: str) -> str:
    if label == "" or any(character in label for character in ',"\r\n'):
        return '"%s"' % label.replace('"', '""')
    return label


def _neutral(value: str) -> str:
    return "'" + value if value[:1] in ("=", "+", "-", "@", "\t", "\r") and value else value


def _content_type(export: LocalExport) -> str:
    return "text/csv; charset=utf-8; header=%s" % ("absent" if export.options.get("_header") == "off" else "present")


def _disposition(filename: str) -> str:
    if filename.isascii() and not any(character in filename for character in '"\\\r\n'):
        return 'attachment; filename="%s"' % filename
    return "attachment; filename*=utf-8''" + quote(filename, safe="")
