"""The columns of a queryset: in the order and with the names that Django's own iteration gives them."""

from dataclasses import dataclass
from typing import Any, List, Optional, Sequence, Tuple

from django.core.exceptions import FieldDoesNotExist
from django.db.models.constants import LOOKUP_SEP
from django.db.models.query import (
    FlatValuesListIterable,
    ModelIterable,
    ValuesIterable,
    ValuesListIterable,
)
from django.utils.text import capfirst

from .exceptions import UnsupportedQuery

__all__ = ["LABEL_PREFIX", "Column", "columns_of", "output_field", "resolve_path"]

LABEL_PREFIX = "pgsluice_label_"
"""What the annotations are called that stand for a foreign key."""


@dataclass
class Column:
    """One column of the file.

    position: of its value among the columns of the compiled SELECT.
    path: the fields that its name goes through, the last being its own; () for an annotation.
    """

    name: str
    position: int
    expression: Any
    path: Tuple[Any, ...]

    @property
    def field(self) -> Any:
        """The model field that its name leads to, or None."""
        return self.path[-1] if self.path else None

    @property
    def verbose_name(self) -> str:
        """As the admin's change list heads it; the way to a field of another model is spelled out."""
        if not self.path:
            return capfirst(self.name.replace("_", " ").strip())
        return capfirst(" ".join(_verbose_name(field) for field in self.path))


def columns_of(queryset: Any, compiler: Any) -> List[Column]:
    """The columns; the compiler has been set up, so that compiler.select is filled."""
    query = queryset.query
    expressions = [expression for expression, _, _ in compiler.select]
    for expression in expressions:
        if type(expression).__name__ == "ColPairs":
            raise UnsupportedQuery(
                "values_list('pk') of a composite primary key is a tuple, not a column; name its fields: %s"
                % ", ".join(repr(field.attname) for field in queryset.model._meta.pk.fields)
            )
    iterable = queryset._iterable_class
    if issubclass(iterable, ModelIterable):
        names = [alias or expression.target.attname for expression, _, alias in compiler.select]
        order = list(range(len(names)))
    elif issubclass(iterable, (ValuesIterable, ValuesListIterable, FlatValuesListIterable)):
        # Since Django 5.2 the SELECT follows values(); before, extra() and annotations were apart.
        selected = getattr(query, "selected", None)
        if selected:
            names = list(selected)
        else:
            names = [*query.extra_select, *query.values_select, *query.annotation_select]
        order = list(range(len(names)))
        # NamedValuesListIterable is one of these.
        if issubclass(iterable, ValuesListIterable) and queryset._fields and not selected:
            order = _values_list_order(queryset, names)
        elif issubclass(iterable, FlatValuesListIterable):
            # A flat list is its first column; beside it may stand what labels that one.
            order = [position for position in order if position == 0 or names[position].startswith(LABEL_PREFIX)]
    else:
        raise UnsupportedQuery(
            "%s yields rows by a class of its own (%s), which an export cannot follow; use values_list()."
            % (type(queryset).__name__, iterable.__name__)
        )
    opts = query.get_meta()
    # An annotation or an extra(select=...) may be named like nothing in the model, or hide a field.
    computed = set(query.annotation_select) | set(query.extra_select)
    return [
        Column(
            name=names[position],
            position=position,
            expression=expressions[position],
            path=() if names[position] in computed else resolve_path(opts, names[position]) or (),
        )
        for position in order
    ]


def _values_list_order(queryset: Any, names: Sequence[str]) -> List[int]:
    # As ValuesListIterable does it: in the caller's order, later annotations at the end.
    wanted = [*queryset._fields, *(f for f in queryset.query.annotation_select if f not in queryset._fields)]
    index = {name: position for position, name in enumerate(names)}
    return [index[name] for name in wanted]


def resolve_path(opts: Any, name: str) -> Optional[Tuple[Any, ...]]:
    """The fields that customer__name goes through, or None where it is not a path of fields only."""
    path = []
    for part in name.split(LOOKUP_SEP):
        if opts is None:
            return None
        try:
            field = opts.pk if part == "pk" else opts.get_field(part)
        except FieldDoesNotExist:
            return None
        path.append(field)
        related = getattr(field, "related_model", None)
        opts = related._meta if field.is_relation and related is not None and related != "self" else None
    return tuple(path)


def output_field(expression: Any) -> Any:
    """The field that describes the values of an expression, or None where Django cannot tell."""
    try:
        return expression.output_field
    except Exception:  # FieldError, or whatever a third party's expression makes of it
        return None


def _verbose_name(field: Any) -> str:
    verbose_name = getattr(field, "verbose_name", None)
    if verbose_name is None:
        # A reverse relation has no name of its own for people.
        verbose_name = field.related_model._meta.verbose_name
    return str(verbose_name)
