"""A class-based view that streams a queryset."""

from typing import Any, Dict, Optional, Type

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.generic import View

from .response import stream_queryset


class ExportView(View):
    """A download of ``model`` or ``queryset``; 405 for anything but GET, HEAD and OPTIONS.

    Like any view it is open to everybody: put Django's own LoginRequiredMixin, PermissionRequiredMixin or
    UserPassesTestMixin before it, and narrow the rows in get_queryset()::

        class OrderExport(PermissionRequiredMixin, ExportView):
            permission_required = "shop.view_order"
            filename = "orders.csv"

            def get_queryset(self):
                return Order.objects.filter(shop=self.request.user.shop)
    """

    model: Optional[Type[Model]] = None
    queryset: "Optional[QuerySet[Any]]" = None
    filename: Optional[str] = None
    headers: Any = "verbose"
    dialect: str = "django"
    stream_options: Dict[str, Any] = {}
    """More keyword arguments of stream_queryset(), such as ``{"fk": "labels"}``."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return stream_queryset(request, self.get_queryset(), filename=self.get_filename(), **self.get_stream_options())

    def get_queryset(self) -> "QuerySet[Any]":
        """What to export; by default `queryset`, else all of `model`."""
        if self.queryset is not None:
            # A copy: the attribute is shared by all requests.
            return self.queryset.all()
        if self.model is not None:
            return self.model._default_manager.all()
        raise ImproperlyConfigured("%s needs a model, a queryset, or get_queryset()." % type(self).__name__)

    def get_filename(self) -> str:
        """What the browser saves it as; by default `filename`, else the model's name."""
        if self.filename is not None:
            return self.filename
        return "%s.csv" % self.get_queryset().model._meta.model_name

    def get_stream_options(self) -> Dict[str, Any]:
        """The keyword arguments of stream_queryset() beside the file's name."""
        return {"headers": self.headers, "dialect": self.dialect, **self.stream_options}
