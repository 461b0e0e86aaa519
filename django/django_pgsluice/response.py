"""stream_queryset(): a queryset becomes a ticket, and the ticket a response without a body."""

from typing import Any, Collection, Dict, Mapping, Optional, Sequence, Union
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db.models.query import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.text import slugify

from . import client
from .conf import Config, get_config
from .labels import ForeignKeys
from .sql import check_database, compile_queryset
from .values import option

__all__ = ["HttpResponseSeeOther", "astream_queryset", "redirect_to_ticket", "stream_queryset"]

# The longest first, as they are looked for at the end of a file name.
FORMATS = ("csv.zst", "csv.gz", "tsv.zst", "tsv.gz", "jsonl.zst", "jsonl.gz", "csv", "tsv", "jsonl")


class HttpResponseSeeOther(HttpResponseRedirect):
    """303: whatever the method was, fetch the file with GET."""

    status_code = 303


def stream_queryset(
    request: Optional[HttpRequest],
    queryset: "QuerySet[Any]",
    filename: Optional[str] = None,
    headers: Union[str, Sequence[Any]] = "verbose",
    dialect: str = "django",
    *,
    choices: str = "raw",
    fk: ForeignKeys = "raw",
    allow_conversion: Collection[str] = (),
    role: Optional[str] = None,
    settings: Optional[Mapping[str, Any]] = None,
    limits: Optional[Mapping[str, Any]] = None,
    options: Optional[Mapping[str, Any]] = None,
    format: Optional[str] = None,
    run: Union[None, str, UUID] = None,
    expires_in: Optional[int] = None,
) -> HttpResponse:
    """A response that lets pgsluice send the queryset as a download; the worker is free at once.

    filename: of the download; its ending also says the format (.csv .csv.gz ...); default: the
        model's plural name, .csv
    headers: "verbose" (verbose_name, as in the admin), "names", "off", or one text per column
    dialect: "django" (as csv.writer prints Django's values), "postgres" (as COPY does), "excel"
    choices: "raw", or "labels" for the words of field.choices
    fk: "raw", "labels", or {"customer": "name"}: which column of the other model stands for the key
    allow_conversion: columns whose raw value is wanted although Python would convert it
    role, settings: over PGSLUICE's ROLE and SETTINGS; within the server's grant_roles, row_settings
    limits, options: of this export, as max_rows and _bom; run: a UUIDv4 for its receipt
    expires_in: seconds within which the download must begin (60)

    It posts the ticket and waits for the answer, some milliseconds; async views await
    astream_queryset().

    Raises a PgsluiceError (see exceptions.py), ImproperlyConfigured, or ValueError and TypeError for
    a wrong argument. Rows of a transaction that is not committed are not in the file: the server
    reads through a connection of its own.
    """
    config = get_config()
    config.require_redirect()
    config.require_tickets()
    if isinstance(queryset, QuerySet):
        check_database(queryset, config.databases)
    compiled = compile_queryset(
        queryset, headers=headers, dialect=dialect, choices=choices, fk=fk, allow_conversion=allow_conversion
    )
    if filename is None:
        filename = "%s.csv" % (slugify(str(queryset.model._meta.verbose_name_plural)) or "export")
    ticket = client.post_ticket(
        config,
        {
            **compiled.members(),
            "options": {**compiled.options, **_options(options)},
            "filename": filename,
            "format": format or _format_of(filename),
            "role": config.role_for(request, role),
            "settings": config.settings_for(request, settings),
            "limits": {name: value for name, value in (limits or {}).items() if value is not None},
            "run": str(run) if run else None,
            "expires_in": expires_in,
        },
    )
    return redirect_to_ticket(config, ticket)


async def astream_queryset(*args: Any, **kwargs: Any) -> HttpResponse:
    """stream_queryset() for async views: quoting literals needs a connection, which belongs to a thread."""
    return await sync_to_async(stream_queryset)(*args, **kwargs)


def redirect_to_ticket(config: Config, ticket: client.Ticket) -> HttpResponse:
    """X-Accel-Redirect with ACCEL_PREFIX, else a 303 to PUBLIC_URL.

    Neither names the file: the server does, and nginx would pass on both Content-Disposition.
    """
    config.require_redirect()
    if config.accel_prefix:
        response = HttpResponse(content_type="text/csv; charset=utf-8")
        response["X-Accel-Redirect"] = config.accel_prefix.rstrip("/") + ticket.path
        return response
    response = HttpResponseSeeOther(config.public_url + ticket.path)
    response["Cache-Control"] = "no-store"
    return response


def _options(given: Optional[Mapping[str, Any]]) -> Dict[str, Optional[str]]:
    return {"_" + name.lstrip("_"): option(name, value) for name, value in (given or {}).items() if value is not None}


def _format_of(filename: str) -> str:
    return next((name for name in FORMATS if filename.lower().endswith("." + name)), "csv")
