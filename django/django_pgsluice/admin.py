"""Exports from Django's admin: an action for what is selected, and a button for all that the filters leave.

    class OrderAdmin(PgsluiceAdminMixin, admin.ModelAdmin):
        actions = [export_as_csv]

Both export the rows of the admin's own get_queryset(request), ask for the view permission, and write a LogEntry.
"""

import fnmatch
import logging
from typing import Any, Dict, List, Optional, Sequence, Set, Tuple

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.options import BaseModelAdmin, IncorrectLookupParameters
from django.contrib.admin.utils import flatten_fieldsets
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseNotAllowed, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.loader import select_template
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .exceptions import PgsluiceError, UnsupportedQuery
from .response import stream_queryset

logger = logging.getLogger(__name__)

HIDDEN_FIELDS = ("password", "*_password", "token", "*_token", "secret", "*_secret")
"""Patterns of field names that are never exported unless pgsluice_fields names them."""

TEMPLATE = "admin/pgsluice/change_list.html"


@admin.action(permissions=["view"], description=gettext_lazy("Export the selected %(verbose_name_plural)s as CSV"))
def export_as_csv(modeladmin: Any, request: HttpRequest, queryset: "QuerySet[Any]") -> Optional[HttpResponseBase]:
    """The admin action: the selected objects, or with "select all" everything under the current filters."""
    across = request.POST.get("select_across") == "1"
    if across:
        what = "all under the filters"
    else:
        what = "%d selected" % len(request.POST.getlist(ACTION_CHECKBOX_NAME))
    return _export(modeladmin, request, queryset, what)


class PgsluiceAdminMixin(BaseModelAdmin):  # type: ignore[type-arg]
    """Adds "Export everything under the current filters" to the list of a ModelAdmin; stands before it.

    pgsluice_fields     the columns, in order, also ``customer__name``; default: see exported_fields()
    pgsluice_filename   default: the model's plural name and the day
    pgsluice_options    more keyword arguments of stream_queryset(), such as ``{"choices": "labels"}``
    """

    pgsluice_fields: Optional[Sequence[str]] = None
    pgsluice_filename: Optional[str] = None
    pgsluice_options: Dict[str, Any] = {}

    def get_pgsluice_fields(self, request: HttpRequest) -> List[str]:
        """The columns for this request."""
        return exported_fields(self, request)

    def get_urls(self) -> List[URLPattern]:
        view = self.admin_site.admin_view(self.pgsluice_export_view)
        # In front: the admin's own last pattern takes every path for an object's key.
        return [path("pgsluice-export/", view, name=_url_name(self)), *super().get_urls()]  # type: ignore[misc]

    def pgsluice_export_view(self, request: HttpRequest) -> HttpResponseBase:
        """All rows that the changelist would show for the same query string, in its order."""
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        changelist = reverse("%s:%s_%s_changelist" % (self.admin_site.name, self.opts.app_label, self.opts.model_name))
        try:
            queryset = self.get_changelist_instance(request).queryset  # type: ignore[attr-defined]
        except IncorrectLookupParameters:
            # As the changelist does: it shows the list without filters, and says so.
            return HttpResponseRedirect(changelist + "?e=1")
        query = request.GET.urlencode()
        response = _export(self, request, queryset, "all under the filters %s" % query if query else "all")
        return response or HttpResponseRedirect(changelist + ("?" + query if query else ""))

    def changelist_view(self, request: HttpRequest, extra_context: Optional[Dict[str, Any]] = None) -> HttpResponseBase:
        response: HttpResponseBase = super().changelist_view(request, extra_context)  # type: ignore[misc]
        # Whatever template the project, the model or another mixin has chosen stays, with one button more.
        if isinstance(response, TemplateResponse) and self.has_view_permission(request):
            context = response.context_data if response.context_data is not None else {}
            if "cl" in context and not context.get("is_popup"):
                chosen = response.template_name
                names = [chosen] if isinstance(chosen, str) else chosen
                context["pgsluice_parent"] = select_template(names) if isinstance(names, (list, tuple)) else names
                context["pgsluice_url"] = reverse("%s:%s" % (self.admin_site.name, _url_name(self)))
                response.context_data = context
                response.template_name = TEMPLATE
        return response


def exported_fields(modeladmin: Any, request: HttpRequest) -> List[str]:
    """The columns that an export of this ModelAdmin has: pgsluice_fields, else what the admin may show.

    That is the key and the concrete fields of the model that the form or the list shows, without those in `exclude`
    and those that look like a password, token or secret (HIDDEN_FIELDS).
    """
    if getattr(modeladmin, "pgsluice_fields", None) is not None:
        return list(modeladmin.pgsluice_fields)
    shown = _shown(modeladmin, request)
    excluded = set(modeladmin.get_exclude(request) or ())
    names = []
    for field in modeladmin.model._meta.concrete_fields:
        if field.name in excluded or any(fnmatch.fnmatchcase(field.name, hidden) for hidden in HIDDEN_FIELDS):
            continue
        if field.primary_key or field.name in shown:
            names.append(field.name)
    return names


def _shown(modeladmin: Any, request: HttpRequest) -> Set[str]:
    """The names that the forms and the list show."""
    # An empty object stands for any: without one, some admins answer for their "add" form.
    names: Set[str] = set(flatten_fieldsets(modeladmin.get_fieldsets(request, modeladmin.model())))
    names.update(name for name in modeladmin.get_list_display(request) if isinstance(name, str))
    names.update(name for name in modeladmin.get_readonly_fields(request) if isinstance(name, str))
    return names


def _export(modeladmin: Any, request: HttpRequest, queryset: "QuerySet[Any]", what: str) -> Optional[HttpResponseBase]:
    """The response, or None when there is none and the person has been told why."""
    if not modeladmin.has_view_permission(request):
        raise PermissionDenied
    choose = getattr(modeladmin, "get_pgsluice_fields", None)
    fields = choose(request) if choose else exported_fields(modeladmin, request)
    if not fields:
        # values_list() of nothing is all of them.
        raise PermissionDenied
    filename, options = _how(modeladmin)
    # The columns are named, so what get_queryset() fetches along with the objects is of no use here.
    rows = queryset.prefetch_related(None).values_list(*fields)
    try:
        response = stream_queryset(request, rows, filename=filename, **options)
    except UnsupportedQuery as error:
        logger.warning("export of %s from the admin: %s", modeladmin.opts.label, error)
        modeladmin.message_user(request, _("This cannot be exported: %s") % error, messages.ERROR)
        return None
    except PgsluiceError as error:
        logger.error("export of %s from the admin: %s", modeladmin.opts.label, error)
        modeladmin.message_user(
            request, _("The export server does not take this export now. Please try again later."), messages.ERROR
        )
        return None
    LogEntry.objects.create(
        user_id=request.user.pk,  # type: ignore[misc]
        content_type_id=ContentType.objects.get_for_model(modeladmin.model, for_concrete_model=False).pk,
        object_id=None,
        object_repr=filename[:200],
        action_flag=CHANGE,
        change_message="Exported as CSV: %s (%s)" % (what, ", ".join(fields)),
    )
    return response


def _how(modeladmin: Any) -> Tuple[str, Dict[str, Any]]:
    filename = getattr(modeladmin, "pgsluice_filename", None)
    if not filename:
        plural = slugify(modeladmin.opts.verbose_name_plural) or modeladmin.opts.model_name
        filename = "%s-%s.csv" % (plural, timezone.now().date().isoformat())
    return filename, {"headers": "verbose", "dialect": "django", **getattr(modeladmin, "pgsluice_options", {})}


def _url_name(modeladmin: Any) -> str:
    return "%s_%s_pgsluice_export" % (modeladmin.opts.app_label, modeladmin.opts.model_name)
