"""Signed, expiring URLs that let a browser fetch one export straight from the server.

A grant is what ``django.core.signing.dumps(payload, key=…, salt="pgsluice.grant", compress=True)`` makes, so one made
without this package is as good as one made here. What this adds: values become the text that PostgreSQL reads, and
mistakes that the server would answer with 403 are errors here, where the developer sees them.
"""

import datetime
import json
import re
import time
import uuid
from typing import Any, Callable, Dict, Mapping, Optional, Sequence, Union

from django.core.exceptions import ImproperlyConfigured
from django.core.signing import TimestampSigner
from django.utils import timezone

from . import values
from .conf import Config, get_config

SALT = "pgsluice.grant"
MIN_KEY = 32
"""Bytes: the server refuses shorter keys."""
MAX_TOKEN = 4096
MAX_PAYLOAD = 32768
"""Bytes: what the server reads of a token, and of what it inflates to."""

EXPORT_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,44}\Z")
TABLE_NAME = re.compile(r"[^./]+\.[^./]+\Z")
FORMATS = tuple(base + suffix for base in ("csv", "tsv", "jsonl") for suffix in ("", ".gz", ".zst"))

Expires = Union[datetime.timedelta, datetime.datetime, int, float]


def grant_url(
    export: Optional[str] = None,
    /,
    *,
    table: Optional[str] = None,
    filters: Optional[Mapping[str, Any]] = None,
    params: Optional[Mapping[str, Any]] = None,
    format: str = "csv",
    expires: Expires = datetime.timedelta(minutes=5),
    role: Optional[str] = None,
    filename: Optional[str] = None,
    once: bool = False,
    settings: Optional[Mapping[str, Any]] = None,
    options: Optional[Mapping[str, Any]] = None,
    run: Union[uuid.UUID, str, None] = None,
    **values_by_name: Any,
) -> str:
    """The URL under ``PUBLIC_URL`` that runs one export, with these values and no others, until it expires.

    ``grant_url("orders", since=date(2026, 1, 1), expires=timedelta(minutes=5))``

    export, table   a named export, or instead of it an open table, ``table="public.orders"``
    filters         of a table: ``{"placed_at__gte": day}``, Django's lookups
    params          parameters of the export whose names are taken here (``params={"role": "buyer"}``)
    format          csv, tsv or jsonl, also with ``.gz`` or ``.zst``
    expires         a timedelta, seconds, or the moment itself; at most GRANT_MAX_AGE away
    role, settings  what the server sets in the database session, within its grant_roles and row_settings
    filename        what the browser saves it as
    once            good for one download
    options         ``{"dialect": "excel"}``; the underscore in front is optional
    run             a UUIDv4 of your own, under which GET /runs/<run> tells how the download went

    Signed is not encrypted: whoever holds the URL can read what stands in it, and can use it until it expires.

    Raises ImproperlyConfigured without PUBLIC_URL or a good key, ValueError and TypeError for what cannot be granted.
    """
    config = get_config()
    if not config.public_url:
        raise ImproperlyConfigured(
            'grant_url() needs PGSLUICE["PUBLIC_URL"], the address under which browsers reach the server, '
            'such as "https://downloads.example.org" or "/pgsluice"'
        )
    if role == "":
        raise ValueError("role is empty; None is for the export's own role")
    payload = _payload(
        _target(export, table, format),
        {**_no_overlap(params, values_by_name), **values_by_name},
        filters or {},
        {
            "options": {"_" + name.lstrip("_"): text for name, text in _texts(options or {}, values.option).items()},
            "settings": values.setting_texts(settings),
            "role": role,
            "filename": filename,
            "run": _run(run, once),
            "once": True if once else None,
        },
    )
    return "%s/grants/%s" % (config.public_url, _signed(config, payload, expires))


def export_token(
    config: Config, export: str, params: Mapping[str, Any], format: str, options: Mapping[str, Any]
) -> str:
    """The token alone, for a program that knows the server's address."""
    members = {"options": {"_" + name: text for name, text in options.items()}}
    return _signed(config, _payload(_target(export, None, format), params, {}, members), datetime.timedelta(minutes=5))


def _payload(
    target: Mapping[str, Any], params: Mapping[str, Any], filters: Mapping[str, Any], members: Mapping[str, Any]
) -> Dict[str, Any]:
    if params and "table" in target:
        raise ValueError("a table has filters, not parameters: filters={%r: …}" % next(iter(params)))
    if filters and "export" in target:
        raise ValueError("filters are for tables; a named export has parameters")
    for name in params:
        if name.startswith("_"):
            raise ValueError("%s: an option, not a parameter: options={%r: …}" % (name, name))
    if "_run" in members.get("options", {}):
        raise ValueError("_run: not an option here; run=…")
    arguments = {"params": _texts(params, values.parameter), "filters": _texts(filters, values.lookup), **members}
    return {**target, **{name: value for name, value in arguments.items() if value not in (None, {})}}


def _signed(config: Config, payload: Mapping[str, Any], expires: Expires) -> str:
    # The moment is taken before the signature's own, so that the two are never further apart than `expires`.
    exp = _expiry(expires, config.grant_max_age)
    return sign({**payload, "exp": exp}, signing_key(config.grant_keys))


def sign(payload: Mapping[str, Any], key: str) -> str:
    """The token of a payload. Errors for what is longer than the server reads."""
    size = len(json.dumps(payload, separators=(",", ":")))
    # What signing.dumps() does, whatever DEFAULT_HASHING_ALGORITHM says in Django 3.2.
    token = TimestampSigner(key=key, salt=SALT, algorithm="sha256").sign_object(payload, compress=True)
    if len(token) > MAX_TOKEN or size > MAX_PAYLOAD:
        raise ValueError(
            "the grant is too long (%d characters, %d as JSON; the server reads %d and %d): "
            "let the export look the long list up itself, or use stream_queryset()"
            % (len(token), size, MAX_TOKEN, MAX_PAYLOAD)
        )
    return token


def signing_key(keys: Sequence[str]) -> str:
    """The key that signs: the first. Raises ImproperlyConfigured when there is none or it is too short."""
    if not keys:
        raise ImproperlyConfigured(
            'grant_url() needs PGSLUICE["GRANT_KEYS"]: a list of keys, the first signs; the same as grant_key in '
            "the server's [access], for example from: openssl rand -base64 36"
        )
    key = keys[0]
    size = len(key.encode())
    if size < MIN_KEY:
        raise ImproperlyConfigured(
            'the first of PGSLUICE["GRANT_KEYS"] has %d bytes; the server wants %d or more' % (size, MIN_KEY)
        )
    return key


def _target(export: Optional[str], table: Optional[str], format: str) -> Dict[str, Any]:
    if (export is None) == (table is None):
        raise TypeError('name one export, grant_url("orders"), or one table, grant_url(table="public.orders")')
    if format not in FORMATS:
        raise ValueError("format %r: one of %s" % (format, ", ".join(FORMATS)))
    target: Dict[str, Any]
    if export is not None:
        if not EXPORT_NAME.match(export):
            raise ValueError(
                "%r is not the name of an export: small letters, digits, _ and -, at most 45, "
                "without the format" % export
            )
        target = {"export": export}
    else:
        assert table is not None
        if not TABLE_NAME.match(table):
            raise ValueError('%r is not the name of a table: schema and table, "public.orders"' % table)
        target = {"table": table}
    if format != "csv":
        target["format"] = format
    return target


def _no_overlap(params: Optional[Mapping[str, Any]], named: Mapping[str, Any]) -> Mapping[str, Any]:
    params = params or {}
    twice = sorted(set(params) & set(named))
    if twice:
        raise TypeError("%s: given twice, by name and in params" % twice[0])
    return params


def _texts(given: Mapping[str, Any], convert: Callable[[str, Any], Optional[str]]) -> Dict[str, Optional[str]]:
    return {name: convert(name, value) for name, value in given.items()}


def _run(run: Union[uuid.UUID, str, None], once: bool) -> Optional[str]:
    if run is None:
        # Two grants for the same thing in the same second would be one token, and the second download refused.
        return str(uuid.uuid4()) if once else None
    parsed = run if isinstance(run, uuid.UUID) else uuid.UUID(run)
    if parsed.version != 4:
        raise ValueError("run %s: not a UUIDv4, such as uuid.uuid4()" % run)
    return str(parsed)


def _expiry(expires: Expires, max_age: datetime.timedelta) -> int:
    now = time.time()
    if isinstance(expires, datetime.datetime):
        seconds = (timezone.make_aware(expires) if timezone.is_naive(expires) else expires).timestamp() - now
    else:
        seconds = expires.total_seconds() if isinstance(expires, datetime.timedelta) else float(expires)
    longest = max_age.total_seconds()
    if seconds < 1:
        raise ValueError("expires=%r is over already; at least a second" % (expires,))
    if seconds > longest:
        raise ValueError(
            'expires=%r is longer than PGSLUICE["GRANT_MAX_AGE"], %d seconds; the server\'s grant_max_age '
            "bounds it too" % (expires, longest)
        )
    return int(now + seconds)
