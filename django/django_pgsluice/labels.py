"""choices="labels" and fk="labels": words for people instead of codes and keys, made in SQL."""

from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from django.db.models import BooleanField, F
from django.db.models.constants import LOOKUP_SEP
from django.db.models.query import QuerySet

from .columns import LABEL_PREFIX, Column, columns_of, output_field, resolve_path
from .exceptions import UnsupportedQuery

__all__ = ["ForeignKeys", "choice_labels", "labels_for", "with_foreign_keys"]

ForeignKeys = Union[str, Mapping[str, str]]

ALIAS = LABEL_PREFIX + "%d"


def choice_labels(column: Column, sql: str, connection: Any) -> Optional[Tuple[str, List[Any]]]:
    """The column as the label of its choice: SQL with placeholders and their values; None without choices.

    A value that is no choice stays as it is, as in get_FOO_display().
    """
    field = output_field(column.expression)
    try:
        choices = dict(getattr(field, "flatchoices", None) or ())
    except TypeError:
        return None  # a list is no choice: an ArrayField's choices are those of its elements
    if not choices or getattr(field, "base_field", None) is not None:
        return None
    if isinstance(field, BooleanField):
        for value in (True, False):
            choices.setdefault(value, str(value))
    whens: List[str] = []
    params: List[Any] = []
    for value, label in choices.items():
        if value is None:
            whens.insert(0, "WHEN %s IS NULL THEN %%s::text" % sql)
            params.insert(0, str(label))
        else:
            whens.append("WHEN %s = %%s THEN %%s::text" % sql)
            params += [field.get_db_prep_value(value, connection), str(label)]
    return "CASE %s ELSE %s::text END" % (" ".join(whens), sql), params


def with_foreign_keys(
    queryset: "QuerySet[Any]", compiler: Any, fk: ForeignKeys
) -> Tuple["QuerySet[Any]", Dict[str, str]]:
    """The queryset with one annotation per foreign key, for which Django makes one JOIN each.

    Also: which annotation stands for which column. The join is inside the query, beside its ORDER BY,
    since a join around it would be free to change the order.
    """
    replaced: Dict[str, str] = {}
    mapping = None if isinstance(fk, str) else dict(fk)
    taken = set()
    for column in columns_of(queryset, compiler):
        if not _is_foreign_key(column.field):
            continue
        path = _key_path(column)
        if mapping is None:
            label = label_path(column.field)
        else:
            keys = [key for key in (path, column.name) if key in mapping]
            if not keys:
                continue
            taken.update(keys)
            label = mapping[keys[0]]
            if resolve_path(column.field.related_model._meta, label) is None:
                raise UnsupportedQuery(
                    "fk={%r: %r}: %s has no field %r."
                    % (keys[0], label, column.field.related_model.__name__, label)
                )
        replaced[column.name] = path + LOOKUP_SEP + label
    unknown = sorted(set(mapping or ()) - taken)
    if unknown:
        raise UnsupportedQuery("fk=: %s is no foreign key among the columns." % ", ".join(map(repr, unknown)))
    if not replaced:
        return queryset, {}
    if queryset.query.combinator:
        raise UnsupportedQuery(
            "fk= cannot join to a %s(); annotate each queryset before it is combined, with %s."
            % (
                queryset.query.combinator,
                ", ".join("F(%r)" % path for path in replaced.values()),
            )
        )
    aliases = {name: ALIAS % number for number, name in enumerate(replaced)}
    return queryset.annotate(**{aliases[name]: F(path) for name, path in replaced.items()}), aliases


def label_path(field: Any) -> str:
    """The column that names a row of the model that a foreign key points to.

    __str__() is Python, so the model has to say it: `pgsluice_label = "name"` in its body (a path such
    as "user__email" is fine). A user model's USERNAME_FIELD is taken without that.
    """
    model = field.related_model
    label = getattr(model, "pgsluice_label", None) or getattr(model, "USERNAME_FIELD", None)
    if not label:
        raise UnsupportedQuery(
            "fk='labels': which column names a %(model)s? __str__() cannot run in PostgreSQL. Say"
            " fk={%(field)r: '<a column of %(model)s>'}, or put pgsluice_label = '<column>' into the model."
            % {"model": model.__name__, "field": field.name}
        )
    if resolve_path(model._meta, label) is None:
        raise UnsupportedQuery("%s.pgsluice_label is %r, which is no field of it." % (model.__name__, label))
    return str(label)


def _is_foreign_key(field: Any) -> bool:
    return (
        field is not None
        and field.concrete
        and bool(field.many_to_one or field.one_to_one)
        and not field.remote_field.parent_link
    )


def _key_path(column: Column) -> str:
    # customer_id and customer are the same column; a label is reached through the latter.
    return LOOKUP_SEP.join([*column.name.split(LOOKUP_SEP)[:-1], column.field.name])


def labels_for(columns: Sequence[Column], headers: Union[str, Sequence[Any]], replaced: Mapping[str, str]) -> List[str]:
    """The header line: `headers` is "verbose", "names", "off" or one text per column."""
    if isinstance(headers, str):
        if headers == "verbose":
            return [column.verbose_name for column in columns]
        if headers in ("names", "off"):
            return [_key_path(column) if column.name in replaced else column.name for column in columns]
        raise ValueError("headers=%r: it is 'verbose', 'names', 'off' or a list." % headers)
    labels = [str(label) for label in headers]
    if len(labels) != len(columns):
        raise ValueError(
            "headers has %d texts for %d columns: %s"
            % (len(labels), len(columns), ", ".join(column.name for column in columns))
        )
    return labels
