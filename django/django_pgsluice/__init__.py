"""Hands Django querysets over to pgsluice, which streams them as CSV downloads.

    from django_pgsluice import stream_queryset

    def export(request):
        return stream_queryset(request, User.objects.all(), filename="users.csv")

Importing this package connects nowhere and loads no models: each public name is imported on its
first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, List

__version__ = "0.1.0"

_HOME = {
    "stream_queryset": "response",
    "astream_queryset": "response",
    "grant_url": "grants",
    "ExportView": "views",
    "PgsluiceAdminMixin": "admin",
    "export_as_csv": "admin",
    "ConversionBypassed": "exceptions",
    "DatabaseNotServed": "exceptions",
    "PgsluiceError": "exceptions",
    "TicketRefused": "exceptions",
    "Unavailable": "exceptions",
    "UnsupportedQuery": "exceptions",
}

__all__ = list(_HOME)

if TYPE_CHECKING:
    from .admin import PgsluiceAdminMixin, export_as_csv
    from .exceptions import (
        ConversionBypassed,
        DatabaseNotServed,
        PgsluiceError,
        TicketRefused,
        Unavailable,
        UnsupportedQuery,
    )
    from .grants import grant_url
    from .response import astream_queryset, stream_queryset
    from .views import ExportView


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError("module %r has no attribute %r" % (__name__, name))
    value = getattr(import_module("." + _HOME[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> List[str]:
    return sorted(set(globals()) | set(_HOME))
