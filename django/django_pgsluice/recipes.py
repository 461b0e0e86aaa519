"""What to write instead of prefetch_related(): its rows as a column, in the user's own names."""

from typing import Any, List, Optional

from django.db.models import CharField, Prefetch, TextField
from django.db.models.constants import LOOKUP_SEP
from django.db.models.query import QuerySet

from .columns import resolve_path

__all__ = ["prefetch_recipe"]

# How many of the newest the recipe takes where the Prefetch has no slice.
DEFAULT_LIMIT = 10


def prefetch_recipe(queryset: Any) -> str:
    """The text of the error: names the lookups, and shows code that makes the first of them a column.

    Empty when there are none.
    """
    lookups: List[Any] = list(queryset._prefetch_related_lookups)
    if not lookups:
        return ""
    names = [lookup.prefetch_to if isinstance(lookup, Prefetch) else lookup for lookup in lookups]
    through = [lookup.prefetch_through if isinstance(lookup, Prefetch) else lookup for lookup in lookups]
    said = (
        "prefetch_related(%s) fetches by a second query, in Python; an export is one SQL query."
        " Remove it with .prefetch_related(None), and where its rows belong into the file, make them a column"
        % ", ".join(map(repr, names))
    )
    path = resolve_path(queryset.model._meta, through[0])
    if path is None or path[-1].related_model is None:
        return said + "."
    inner = lookups[0].queryset if isinstance(lookups[0], Prefetch) else None
    return said + ":\n\n" + _code(through[0], path, inner)


def _code(name: str, path: Any, inner: "Optional[QuerySet[Any]]") -> str:
    field = path[-1]
    model = field.related_model
    shown = _text_column(model)
    if not (field.one_to_many or field.many_to_many):
        return "    queryset = queryset.values_list('pk', %r)\n" % (name + LOOKUP_SEP + shown)
    order = _ordering(model, inner)
    lines = [
        "from django.contrib.postgres.aggregates import JSONBAgg, StringAgg",
        "from django.db.models import OuterRef, Subquery, TextField",
        "",
        "# all of them in one cell, separated by a semicolon",
        "# (ArrayAgg takes the same, for dialect='postgres': {a,b})",
        "queryset.annotate(all_%s=StringAgg(%r, delimiter='; ', output_field=TextField()))"
        % (name, name + LOOKUP_SEP + shown),
    ]
    # The newest few are those of a foreign key's other side; through a many-to-many table they would
    # be counted once for each row of it.
    if len(path) == 1 and field.one_to_many and field.auto_created:
        back = field.field.name
        limit = _limit(inner)
        names = {"model": model.__name__, "back": back, "order": order, "shown": shown, "name": name, "limit": limit}
        lines += [
            "",
            "# of the newest, one value",
            "newest = %(model)s.objects.filter(%(back)s=OuterRef('pk')).order_by(%(order)r)" % names,
            "queryset.annotate(newest_%(name)s=Subquery(newest.values(%(shown)r)[:1]))" % names,
            "",
            "# the %(limit)d newest in one cell, as JSON" % names,
            "newest = %(model)s.objects.filter(%(back)s=OuterRef(OuterRef('pk'))).order_by(%(order)r)" % names,
            "rows = %(model)s.objects.filter(pk__in=newest.values('pk')[:%(limit)d])" % names,
            "rows = rows.order_by().values(%(back)r)" % names,
            "rows = rows.annotate(rows=JSONBAgg(%(shown)r, ordering=%(order)r)).values('rows')" % names,
            "queryset.annotate(newest_%(limit)d_%(name)s=Subquery(rows))" % names,
        ]
    return "".join("    %s\n" % line if line else "\n" for line in lines)


def _text_column(model: Any) -> str:
    """A column that says something about a row."""
    label = getattr(model, "pgsluice_label", None)
    if label:
        return str(label)
    for field in model._meta.concrete_fields:
        if isinstance(field, (CharField, TextField)) and not field.primary_key:
            return str(field.name)
    return str(model._meta.pk.name)


def _ordering(model: Any, inner: "Optional[QuerySet[Any]]") -> str:
    """The first term of the Prefetch's own order, of the model's, or the newest key."""
    terms = [*(inner.query.order_by if inner is not None else ()), *model._meta.ordering]
    return next((term for term in terms if isinstance(term, str) and term != "?"), "-pk")


def _limit(inner: "Optional[QuerySet[Any]]") -> int:
    if inner is None or inner.query.high_mark is None:
        return DEFAULT_LIMIT
    return max(1, inner.query.high_mark - inner.query.low_mark)
