"""A queryset as one SQL text, with its literals in place, that yields what Django's iteration would.

The values are put in by the driver itself, which knows how to quote them; that needs a database
connection, also when the query never runs on it: psycopg asks it for the encoding and for the way
that strings are quoted. str(queryset.query) is never used: its values are not quoted.
"""

from dataclasses import dataclass, replace
from typing import Any, Collection, Dict, List, Sequence, Tuple, Union

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models.manager import BaseManager
from django.db.models.query import QuerySet, RawQuerySet

from .columns import columns_of
from .conversions import sql_conversion
from .exceptions import DatabaseNotServed, UnsupportedQuery
from .labels import ForeignKeys, choice_labels, labels_for, with_foreign_keys
from .recipes import prefetch_recipe

__all__ = ["Compiled", "check_database", "compile_queryset", "literal_sql"]

DIALECTS = ("django", "postgres", "excel")


@dataclass(frozen=True)
class Compiled:
    """What a ticket says of a queryset: the query, one label for each of its columns, and the options it is
    written for."""

    sql: str
    labels: Tuple[str, ...]
    options: Dict[str, str]

    def members(self) -> Dict[str, Any]:
        """These members of the ticket's JSON."""
        return {"sql": self.sql, "labels": list(self.labels), "options": self.options}


def compile_queryset(
    queryset: "QuerySet[Any]",
    *,
    headers: Union[str, Sequence[Any]] = "verbose",
    dialect: str = "django",
    choices: str = "raw",
    fk: ForeignKeys = "raw",
    allow_conversion: Collection[str] = (),
) -> Compiled:
    """The SQL of a queryset, which itself stays as it is.

    Of select_related() only the main model's columns are exported: the related objects are not
    columns of an instance either; name them with values_list("id", "customer__name").
    """
    _check_arguments(queryset, dialect, choices, fk, allow_conversion)
    clone = queryset._chain() if hasattr(queryset, "_chain") else queryset.all()
    clone.query.select_related = False
    connection = connections[clone.db]

    replaced: Dict[str, str] = {}
    if fk != "raw":
        clone, replaced = with_foreign_keys(clone, _set_up(clone), fk)
    compiler = _set_up(clone)
    width = len(compiler.select)
    everything = columns_of(clone, compiler)
    found = {column.name: column for column in everything}
    columns = [column for column in everything if column.name not in replaced.values()]

    selected: List[str] = []
    params: List[Any] = []
    plain = [column.position for column in columns] == list(range(width))
    for column in columns:
        source = column
        if column.name in replaced:
            source = replace(found[replaced[column.name]], name=column.name)
        name = "q.c%d" % source.position
        labelled = choice_labels(source, name, connection) if choices == "labels" else None
        convert = sql_conversion(source, compiler, dialect, allowed=column.name in allow_conversion)
        if labelled is not None:
            name, more = labelled
            params += more
        elif convert is not None:
            name = convert(name)
        plain = plain and labelled is None and convert is None
        selected.append(name)

    labels = tuple(labels_for(columns, headers, replaced))
    try:
        inner, inner_params = compiler.as_sql()
    except EmptyResultSet:
        # .none(), or a filter that Django knows to match nothing: no row, but the columns.
        sql = "SELECT %s WHERE false" % ", ".join("NULL::text" for _ in columns)
    else:
        # DISTINCT and combined queries select what they order by as further columns, which Django drops.
        if not plain or clone.query.combinator or clone.query.distinct:
            aliases = ", ".join("c%d" % position for position in range(width))
            inner = "SELECT %s FROM (%s) AS q(%s)" % (", ".join(selected), inner, aliases)
            inner_params = (*params, *inner_params)
        sql = literal_sql(connection, inner, inner_params)
    options = {
        "_dialect": dialect,
        "_header": "off" if headers == "off" else "labels",
        # The values are written for the time zone of Django's own connection.
        "_timezone": connection.timezone_name,
    }
    return Compiled(sql=sql, labels=labels, options=options)


def check_database(queryset: "QuerySet[Any]", served: Collection[str]) -> None:
    """DatabaseNotServed, unless the queryset reads a database that the server reads, too."""
    alias = queryset.db
    if alias not in served:
        raise DatabaseNotServed(
            "The queryset reads the database %r; pgsluice serves %s. Say .using(%r), or name the alias in"
            " PGSLUICE['DATABASES'] when [tickets] dsn points to the same database."
            % (alias, ", ".join(map(repr, served)) or "none", next(iter(served), "default"))
        )
    if connections[alias].vendor != "postgresql":
        raise DatabaseNotServed(
            "The database %r is %s; pgsluice reads PostgreSQL." % (alias, connections[alias].display_name)
        )


def literal_sql(connection: Any, sql: str, params: Sequence[Any]) -> str:
    """The SQL with its parameters as literals, by psycopg 3 or psycopg2."""
    params = tuple(params)
    compose = getattr(connection.ops, "compose_sql", None)
    if compose is not None:
        return str(compose(sql, params))
    with connection.cursor() as cursor:
        text = cursor.mogrify(sql, params)
    return text.decode() if isinstance(text, bytes) else str(text)


def _set_up(queryset: "QuerySet[Any]") -> Any:
    """A compiler that knows its columns. The ORDER BY is left to as_sql(), since it may add columns."""
    compiler = queryset.query.get_compiler(using=queryset.db)
    compiler.setup_query()
    return compiler


def _check_arguments(queryset: Any, dialect: str, choices: str, fk: Any, allow_conversion: Any) -> None:
    if isinstance(queryset, RawQuerySet):
        raise UnsupportedQuery(
            "raw() is not exported: its columns are known only after it has run. Write the SQL into an export"
            " file of pgsluice and hand that over with grant_url(), or use a queryset."
        )
    if isinstance(queryset, BaseManager):
        raise TypeError("A manager is no queryset: use .all().")
    if not isinstance(queryset, QuerySet):
        raise TypeError("A QuerySet is wanted, not %s." % type(queryset).__name__)
    recipe = prefetch_recipe(queryset)
    if recipe:
        raise UnsupportedQuery(recipe)
    if queryset.query.select_for_update:
        raise UnsupportedQuery("select_for_update() locks rows, and an export is read-only: leave it out.")
    if dialect not in DIALECTS:
        raise ValueError("dialect=%r: it is one of %s." % (dialect, ", ".join(map(repr, DIALECTS))))
    if choices not in ("raw", "labels"):
        raise ValueError("choices=%r: it is 'raw' or 'labels'." % choices)
    if isinstance(fk, str) and fk not in ("raw", "labels"):
        raise ValueError("fk=%r: it is 'raw', 'labels' or a dict such as {'customer': 'name'}." % fk)
    if isinstance(allow_conversion, str):
        raise TypeError("allow_conversion is a list of names, such as [%r]." % allow_conversion)
