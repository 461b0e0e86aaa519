"""System checks of settings.PGSLUICE: each mistake has an id, pgsluice.E001 and so on, and a hint what to write.

They look at the settings alone, but for W011: it looks for the server's socket, and only under ``check --deploy``,
as the machine that runs the tests or builds the image has no server.
"""

import difflib
import os
import re
import socket
import stat
from typing import Any, Iterator, List, Mapping, Optional
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured

from .conf import HOW_TO_REDIRECT, KEYS, Config, get_config

MIN_SECRET = 32
"""Bytes: the server refuses a shorter grant_key or secret."""

MIN_SHARED = 16
"""Characters: shorter texts are compared whole only."""

MAKE_ONE = "Make one with: openssl rand -base64 36"


@register(Tags.security)
def check_settings(app_configs: Any = None, **kwargs: Any) -> List[CheckMessage]:
    raw = getattr(settings, "PGSLUICE", None)
    if not raw:
        # A machine that has no server, such as a developer's, still starts.
        return [
            Warning(
                "PGSLUICE is not set, so django_pgsluice cannot export anything.",
                hint='PGSLUICE = {"TICKETS_URL": "unix:/run/pgsluice/tickets.sock", "TICKETS_SECRET": …, '
                '"ACCEL_PREFIX": "/_pgsluice/"}',
                id="pgsluice.W001",
            )
        ]
    unknown = list(_unknown_keys(raw))
    if unknown:
        return unknown
    try:
        config = get_config()
    except ImproperlyConfigured as error:
        return [Error(str(error), id="pgsluice.E001")]
    return [*_tickets(config), *_secrets(config), *_grants(config), *_addresses(config), *_databases(config)]


@register(Tags.security, deploy=True)
def check_socket(app_configs: Any = None, **kwargs: Any) -> List[CheckMessage]:
    try:
        url = get_config().tickets_url
    except ImproperlyConfigured:
        return []  # said by check_settings()
    if not url.startswith("unix:"):
        return []
    reason = _unreachable(url[len("unix:") :])
    if reason is None:
        return []
    return [
        Warning(
            'PGSLUICE["TICKETS_URL"]: %s.' % reason,
            hint="Start the server first, with the same path in its [tickets] listen, and let this user into the "
            "socket's group. manage.py pgsluice_check tells more.",
            id="pgsluice.W011",
        )
    ]


def _unknown_keys(raw: Any) -> Iterator[CheckMessage]:
    if not isinstance(raw, Mapping):
        return
    for key in sorted(str(key) for key in raw if key not in KEYS):
        near = difflib.get_close_matches(key.upper(), KEYS, n=1)
        hint = 'Did you mean "%s"?' % near[0] if near else "Known are: %s." % ", ".join(sorted(KEYS))
        yield Error("PGSLUICE has a key that is not known: %s." % key, hint=hint, id="pgsluice.E002")


def _tickets(config: Config) -> Iterator[CheckMessage]:
    if config.tickets_url and not config.tickets_secret:
        yield Error(
            'PGSLUICE["TICKETS_SECRET"] is missing: without it the server takes no ticket.',
            hint="The same text as secret in the server's [tickets]. " + MAKE_ONE,
            id="pgsluice.E003",
        )
    elif config.tickets_secret and not config.tickets_url:
        yield Error(
            'PGSLUICE["TICKETS_URL"] is missing: where tickets go.',
            hint='The server\'s [tickets] listen, for example "unix:/run/pgsluice/tickets.sock".',
            id="pgsluice.E003",
        )
    elif not config.tickets_url and not config.grant_keys:
        yield Error(
            "PGSLUICE has neither TICKETS_URL and TICKETS_SECRET nor GRANT_KEYS: no export can be made.",
            hint="TICKETS_URL and TICKETS_SECRET for stream_queryset(), PUBLIC_URL and GRANT_KEYS for grant_url().",
            id="pgsluice.E004",
        )


def _secrets(config: Config) -> Iterator[CheckMessage]:
    named = [("GRANT_KEYS[%d]" % i, key) for i, key in enumerate(config.grant_keys)]
    if config.tickets_secret:
        named.append(("TICKETS_SECRET", config.tickets_secret))
    for name, value in named:
        if len(value.encode()) < MIN_SECRET:
            yield Error(
                "PGSLUICE: %s has %d bytes; the server wants %d or more." % (name, len(value.encode()), MIN_SECRET),
                hint=MAKE_ONE,
                id="pgsluice.E005",
            )
        if any(_shares(value, key) for key in _django_keys()):
            yield Error(
                "PGSLUICE: %s is or holds SECRET_KEY, which must not leave Django: it signs sessions." % name,
                hint="The server and everybody who reads its configuration would have it. " + MAKE_ONE,
                id="pgsluice.E006",
            )


def _shares(value: str, key: str) -> bool:
    # A short text may well stand in a long one by chance: SECRET_KEY = "dev" in a developer's settings.
    return value == key or (min(len(value), len(key)) >= MIN_SHARED and (value in key or key in value))


def _django_keys() -> List[str]:
    keys = [settings.SECRET_KEY, *getattr(settings, "SECRET_KEY_FALLBACKS", ())]
    return [key.decode("utf-8", "replace") if isinstance(key, bytes) else str(key) for key in keys if key]


def _grants(config: Config) -> Iterator[CheckMessage]:
    if config.public_url and not config.grant_keys:
        yield Warning(
            'PGSLUICE["PUBLIC_URL"] is set, but no GRANT_KEYS: grant_url() and {% pgsluice_url %} cannot sign.',
            hint='Add "GRANT_KEYS", the same as grant_key in the server\'s [access]. If only stream_queryset() '
            'uses PUBLIC_URL, add "pgsluice.W007" to SILENCED_SYSTEM_CHECKS.',
            id="pgsluice.W007",
        )
    elif config.grant_keys and not config.public_url:
        yield Warning(
            'PGSLUICE["GRANT_KEYS"] is set, but no PUBLIC_URL: grant_url() does not know where browsers go.',
            hint='PUBLIC_URL is the base of the server\'s public routes, "https://downloads.example.org" or '
            '"/pgsluice".',
            id="pgsluice.W007",
        )


def _addresses(config: Config) -> Iterator[CheckMessage]:
    if config.tickets_url and not (config.accel_prefix or config.public_url):
        yield Error(
            "PGSLUICE has neither ACCEL_PREFIX nor PUBLIC_URL: a browser cannot reach an export.",
            hint=HOW_TO_REDIRECT,
            id="pgsluice.E008",
        )
    for key, value, is_right, form, example in (
        (
            "ACCEL_PREFIX",
            config.accel_prefix,
            _is_prefix,
            "is the path of an internal location of nginx, with a slash at both ends",
            '"ACCEL_PREFIX": "/_pgsluice/"',
        ),
        (
            "PUBLIC_URL",
            config.public_url,
            _is_base,
            "is an http or https address or a path, without query",
            '"https://downloads.example.org" or "/pgsluice"',
        ),
        (
            "TICKETS_URL",
            config.tickets_url,
            _is_listener,
            "is neither unix:/absolute/path nor http://host:port",
            '"TICKETS_URL": "unix:/run/pgsluice/tickets.sock"',
        ),
    ):
        if value and not is_right(value):
            yield Error('PGSLUICE["%s"] %s.' % (key, form), hint=example, id="pgsluice.E009")


def _is_prefix(path: str) -> bool:
    return re.match(r"/[^?#\s]*/\Z", path) is not None


def _is_base(url: str) -> bool:
    return re.match(r"(https?://[^/?#\s]+)?(/[^?#\s]*)?\Z", url) is not None


def _is_listener(url: str) -> bool:
    if url.startswith("unix:"):
        return os.path.isabs(url[len("unix:") :])
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.path in ("", "/")
            and (parts.port is None or parts.port > 0)
        )
    except ValueError:
        return False


def _databases(config: Config) -> Iterator[CheckMessage]:
    for alias in config.databases:
        if alias not in settings.DATABASES:
            yield Error('PGSLUICE["DATABASES"] names %r, which is not in DATABASES.' % alias, id="pgsluice.E010")


def _unreachable(path: str) -> Optional[str]:
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        return "%s: %s" % (path, error.strerror)
    if not stat.S_ISSOCK(mode):
        return "%s is not a socket" % path
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(path)
        except OSError as error:
            return "%s: %s" % (path, error.strerror or "no answer")
    return None
