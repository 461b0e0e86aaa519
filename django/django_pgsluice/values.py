"""Python values as the text that PostgreSQL reads: the parameters, filters and options of a grant."""

import csv
import datetime
import decimal
import enum
import io
import ipaddress
import math
import uuid
from typing import Any, Dict, Iterable, List, Mapping, Optional

from django.conf import settings
from django.db.models import Model
from django.utils.functional import Promise


def parameter(name: str, value: Any) -> Optional[str]:
    """`value` as text for a parameter of any type; None stays None, which the server takes as left out.

    A list or tuple becomes an array literal. TypeError and ValueError name the parameter.
    """
    if isinstance(value, (list, tuple)):
        return _array(name, value)
    return _scalar(name, value)


def lookup(name: str, value: Any) -> Optional[str]:
    """`value` for a filter of a table: as a parameter, but a list is the one CSV record that `in` and `range` take."""
    if isinstance(value, (list, tuple)):
        return _record(name, value)
    return _scalar(name, value)


def option(name: str, value: Any) -> Optional[str]:
    """`value` for an option such as `bom` (True is "on") or `columns` (a list is one CSV record)."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return lookup(name, value)


def _scalar(name: str, value: Any) -> Optional[str]:
    if isinstance(value, enum.Enum):
        value = value.value
    if isinstance(value, Promise):
        value = str(value)
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(name, value)
    if isinstance(value, (int, uuid.UUID, datetime.date, datetime.time)):
        return _plain(name, value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, decimal.Decimal):
        if value.is_snan():
            raise ValueError("%s: PostgreSQL has no signalling NaN" % name)
        return "NaN" if value.is_nan() else str(value)
    if isinstance(value, datetime.timedelta):
        # Every field with its sign: the parts of a negative timedelta have different ones.
        return "%+d days %+d seconds %+d microseconds" % (value.days, value.seconds, value.microseconds)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "\\x" + bytes(value).hex()
    if isinstance(
        value,
        (
            ipaddress.IPv4Address,
            ipaddress.IPv6Address,
            ipaddress.IPv4Network,
            ipaddress.IPv6Network,
            ipaddress.IPv4Interface,
            ipaddress.IPv6Interface,
        ),
    ):
        return str(value)
    raise TypeError("%s: %s; %s" % (name, _kind(value), _advice(value)))


def _plain(name: str, value: Any) -> str:
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, datetime.datetime) and value.tzinfo is None and settings.USE_TZ:
        raise ValueError(
            "%s: a datetime without a time zone means another moment on another server; "
            "pass timezone.make_aware(value), or value.isoformat() for a column without time zone" % name
        )
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    return str(value)


def _text(name: str, value: str) -> str:
    if "\0" in value:
        raise ValueError("%s: PostgreSQL's text cannot hold a NUL character" % name)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("%s: holds a surrogate, which is no character of UTF-8" % name) from None
    return str.__str__(value)


def _float(value: float) -> str:
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return "NaN" if math.isnan(value) else float.__repr__(value)


def _array(name: str, values: Iterable[Any]) -> str:
    elements: List[str] = []
    for value in values:
        if isinstance(value, (list, tuple)):
            elements.append(_array(name, value))
            continue
        text = _scalar(name, value)
        if text is None:
            elements.append("NULL")
        else:
            elements.append('"%s"' % text.replace("\\", "\\\\").replace('"', '\\"'))
    return "{%s}" % ",".join(elements)


def _record(name: str, values: Iterable[Any]) -> str:
    texts = [_scalar(name, value) for value in values]
    if None in texts:
        raise ValueError("%s: a list for a filter or an option cannot hold None" % name)
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(texts)
    return out.getvalue()


def _kind(value: Any) -> str:
    return "%s.%s is not a value that PostgreSQL reads from text" % (type(value).__module__, type(value).__qualname__)


def _advice(value: Any) -> str:
    if isinstance(value, Model):
        return "pass its key, value.pk"
    if isinstance(value, dict):
        return "pass json.dumps(value) for json and jsonb"
    if hasattr(value, "__iter__"):
        return "pass list(value) for an array"
    return "pass the text that PostgreSQL should read"


def setting_texts(given: Optional[Mapping[str, Any]]) -> Dict[str, str]:
    """The settings of a grant or ticket as PostgreSQL reads them."""
    texts: Dict[str, str] = {}
    for name, value in (given or {}).items():
        if "." not in name:
            raise ValueError("%s: a setting's name holds a dot, such as pgsluice.tenant" % name)
        text = parameter(name, value)
        if text is None:
            raise ValueError('%s: a setting cannot be None; "" is the empty one' % name)
        texts[name] = text
    return texts
