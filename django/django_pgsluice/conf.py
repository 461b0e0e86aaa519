"""settings.PGSLUICE as a frozen dataclass; read anew by every call, since tests override settings."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Dict, Mapping, Optional, Tuple, Type

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from .values import parameter, setting_texts

__all__ = ["Config", "HOW_TO_REDIRECT", "get_config"]

# A ticket is answered from memory; whoever waits longer waits for a server that hangs.
DEFAULT_TIMEOUT = 5.0
DEFAULT_GRANT_MAX_AGE = timedelta(hours=24)

HOW_TO_REDIRECT = """\
PGSLUICE says nowhere how a browser reaches the export. Add one of the last two lines to the settings:
PGSLUICE = {"TICKETS_URL": "unix:/run/pgsluice/tickets.sock", "TICKETS_SECRET": ...,
            "ACCEL_PREFIX": "/_pgsluice/",                    # nginx in front: X-Accel-Redirect
            "PUBLIC_URL": "https://downloads.example.org"}    # or: a redirect (303) to pgsluice itself"""

HOW_TO_REACH = """\
PGSLUICE lacks {missing}. Tickets go to the server's [tickets] listener; add to the settings:
PGSLUICE = {{"TICKETS_URL": "unix:/run/pgsluice/tickets.sock",    # [tickets] listen
            "TICKETS_SECRET": os.environ["PGSLUICE_TICKETS_SECRET"],    # [tickets] secret
            "ACCEL_PREFIX": "/_pgsluice/"}}"""

# A value, or a callable that makes it of the request.
Setting = Any


@dataclass(frozen=True)
class Config:
    """The settings; what is not set is empty. Secrets stay out of repr()."""

    tickets_url: str
    tickets_secret: str
    accel_prefix: str
    public_url: str
    grant_keys: Tuple[str, ...]
    grant_max_age: timedelta
    databases: Tuple[str, ...]
    timeout: float
    role: Setting
    settings: Setting

    def __repr__(self) -> str:
        return "Config(tickets_url=%r, accel_prefix=%r, public_url=%r, databases=%r)" % (
            self.tickets_url,
            self.accel_prefix,
            self.public_url,
            self.databases,
        )

    def role_for(self, request: Any, given: Optional[str] = None) -> Optional[str]:
        """`given`, else the PostgreSQL role that ROLE names for this request; ValueError for an empty one."""
        role = given
        if role is None:
            role = self.role(request) if callable(self.role) else self.role
        if role == "":
            raise ValueError("role is empty; None is for the login of the tickets")
        return None if role is None else str(role)

    def settings_for(self, request: Any, given: Optional[Mapping[str, Any]] = None) -> Dict[str, str]:
        """What SETTINGS sets for this request, and `given` over it; a single value of SETTINGS may be a callable."""
        found = self.settings(request) if callable(self.settings) else self.settings
        values: Dict[str, str] = {}
        for name, value in (found or {}).items():
            value = value(request) if callable(value) else value
            if value is not None:
                values[str(name)] = parameter(str(name), value) or ""
        return {**values, **setting_texts(given)}

    def require_tickets(self) -> None:
        missing = [
            name
            for name, value in (("TICKETS_URL", self.tickets_url), ("TICKETS_SECRET", self.tickets_secret))
            if not value
        ]
        if missing:
            raise ImproperlyConfigured(HOW_TO_REACH.format(missing=" and ".join(missing)))

    def require_redirect(self) -> None:
        if not (self.accel_prefix or self.public_url):
            raise ImproperlyConfigured(HOW_TO_REDIRECT)


KEYS = frozenset(
    "TICKETS_URL TICKETS_SECRET ACCEL_PREFIX PUBLIC_URL GRANT_KEYS GRANT_MAX_AGE DATABASES TIMEOUT"
    " ROLE SETTINGS".split()
)


def get_config() -> Config:
    """settings.PGSLUICE, checked for its types; ImproperlyConfigured names the key that is wrong."""
    raw = getattr(settings, "PGSLUICE", None)
    if raw is None:
        raw = {}
    if not isinstance(raw, Mapping):
        raise ImproperlyConfigured("PGSLUICE must be a dict, not %s." % type(raw).__name__)
    unknown = sorted(str(key) for key in set(raw) - KEYS)
    if unknown:
        raise ImproperlyConfigured(
            "PGSLUICE has keys that are not known: %s. Known are: %s." % (", ".join(unknown), ", ".join(sorted(KEYS)))
        )
    return Config(
        tickets_url=_text(raw, "TICKETS_URL"),
        tickets_secret=_secret(raw, "TICKETS_SECRET"),
        accel_prefix=_text(raw, "ACCEL_PREFIX"),
        public_url=_text(raw, "PUBLIC_URL").rstrip("/"),
        grant_keys=_texts(raw, "GRANT_KEYS", (), (list, tuple)),
        grant_max_age=_duration(raw, "GRANT_MAX_AGE", DEFAULT_GRANT_MAX_AGE),
        databases=_texts(raw, "DATABASES", ("default",)),
        timeout=_duration(raw, "TIMEOUT", timedelta(seconds=DEFAULT_TIMEOUT)).total_seconds(),
        role=raw.get("ROLE"),
        settings=_settings(raw),
    )


def _text(raw: Mapping[str, Any], key: str) -> str:
    value = raw.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ImproperlyConfigured("PGSLUICE[%r] must be a string." % key)
    return value


def _secret(raw: Mapping[str, Any], key: str) -> str:
    value = _text(raw, key)
    # It goes into a header; the HTTP library's own error would show it.
    if value != value.strip() or not all(" " <= character <= "~" for character in value):
        raise ImproperlyConfigured(
            "PGSLUICE[%r] must be printable ASCII without blanks around it; what was read from a file needs .strip()." % key
        )
    return value


def _texts(
    raw: Mapping[str, Any],
    key: str,
    default: Tuple[str, ...],
    kinds: Tuple[Type[Any], ...] = (list, tuple, set, frozenset),
) -> Tuple[str, ...]:
    value = raw.get(key)
    if value is None:
        return default
    if isinstance(value, str):
        return (value,) if value else ()
    if not isinstance(value, kinds) or not all(isinstance(v, str) for v in value):
        raise ImproperlyConfigured("PGSLUICE[%r] must be a string or a list of strings." % key)
    return tuple(value)


def _duration(raw: Mapping[str, Any], key: str, default: timedelta) -> timedelta:
    value = raw.get(key)
    if value is None:
        return default
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = timedelta(seconds=value)
    if not isinstance(value, timedelta) or value <= timedelta(0):
        raise ImproperlyConfigured("PGSLUICE[%r] must be a number of seconds above 0 or a timedelta." % key)
    return value


def _settings(raw: Mapping[str, Any]) -> Setting:
    value = raw.get("SETTINGS")
    if value is not None and not callable(value) and not isinstance(value, Mapping):
        raise ImproperlyConfigured("PGSLUICE['SETTINGS'] must be a dict or a callable that returns one.")
    return value
