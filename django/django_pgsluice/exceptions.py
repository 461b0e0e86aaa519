"""What can go wrong; every exception of this package is a PgsluiceError.

Their texts are for the developer who reads the log: they name fields, aliases and settings, never
secrets, literals of the query or rows.
"""

from typing import Optional

__all__ = [
    "ConversionBypassed",
    "DatabaseNotServed",
    "PgsluiceError",
    "TicketRefused",
    "Unavailable",
    "UnsupportedQuery",
]


class PgsluiceError(Exception):
    """The parent of all."""


class Unavailable(PgsluiceError):
    """The server does not answer, or is full. `retry_after` is in seconds, where it said so."""

    def __init__(self, message: str, retry_after: Optional[int] = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TicketRefused(PgsluiceError):
    """The server answered, and does not take this ticket.

    status: of the HTTP answer; kind: "forbidden", "bad_query" ...; detail: the server's own words;
    parameter: the member or option at fault, where there is one.
    """

    def __init__(
        self,
        message: str,
        status: int = 0,
        kind: str = "",
        detail: str = "",
        parameter: Optional[str] = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.parameter = parameter


class UnsupportedQuery(PgsluiceError):
    """This queryset cannot be exported as one SQL query; the text says what to write instead."""


class ConversionBypassed(UnsupportedQuery):
    """A column is converted by Python code, which an export made by PostgreSQL does not run.

    `field` is the name to put into allow_conversion when the raw value is wanted.
    """

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class DatabaseNotServed(PgsluiceError):
    """The queryset reads a database that pgsluice does not read."""
