"""What Python would do to a value after PostgreSQL, said in SQL instead, or refused.

Django passes the values of a column through its "converters": from_db_value() of the field, the
database backend's, convert_value() of the expression. None of them runs in an export, so each is
here either known to change nothing, or replaced by SQL, or the reason for ConversionBypassed.
"""

import re
from typing import Any, Callable, List, Optional

from django.conf import settings
from django.db.models import Count, DateField, DateTimeField, Field, JSONField, TimeField
from django.db.models.expressions import BaseExpression, ExpressionWrapper
from django.db.models.functions.datetime import TruncBase
from django.utils import timezone

from .columns import Column, output_field
from .doubles import is_condition, is_double
from .exceptions import ConversionBypassed

__all__ = ["sql_conversion"]

Template = Optional[Callable[[str], str]]

# The types whose text in the django dialect is Python's; the server refuses others.
PROMISED = frozenset(
    """bool boolean smallint integer bigint smallserial serial bigserial numeric decimal real
    double_precision text varchar char uuid date time timestamp timestamp_with_time_zone
    timestamp_without_time_zone time_without_time_zone interval inet""".split()
)
# Those that psycopg makes Python objects of: what csv.writer prints of them is no data format.
PYTHON_OBJECTS = re.compile(r"\[|^(bytea|hstore|\w+range|\w*multirange)$")

PYTHON_OBJECT_REASON = (
    "psycopg makes %s of it, which csv.writer prints as Python source; cast it in the query"
    " (Cast(%r, TextField()), ArrayToString, JSON), or use dialect='postgres'"
)


def sql_conversion(column: Column, compiler: Any, dialect: str, allowed: bool) -> Template:
    """How to write the column so that it reads as after Django's conversion; None: as it is.

    Raises ConversionBypassed, unless `allowed`.
    """
    connection = compiler.connection
    field = output_field(column.expression)
    steps: List[Callable[[str], str]] = []
    for converter in _converters(column.expression, connection):
        owner = getattr(converter, "__self__", None)
        if isinstance(owner, JSONField) and type(owner).from_db_value is JSONField.from_db_value:
            continue  # JSON text is exported as PostgreSQL prints it
        if _is_convert_value(converter, column.expression):
            step = _expression_step(column.expression, field, compiler, dialect)
            if step is not _UNKNOWN:
                if step is not None:
                    steps.append(step)
                continue
        if not allowed:
            raise _bypassed(column, "it is converted in Python by %s" % _name(converter, column.expression))
    if dialect == "django":
        step = _dialect_step(column, field, connection, allowed, converted=bool(steps))
        if step is not None:
            steps.append(step)
    if not steps:
        return None

    def apply(sql: str) -> str:
        for step in steps:
            sql = step(sql)
        return sql

    return apply


def _converters(expression: Any, connection: Any) -> List[Any]:
    try:
        found = expression.get_db_converters(connection)
    except Exception:
        # No output_field can be told: the query itself will say so, where it matters.
        found = []
    return list(connection.ops.get_db_converters(expression)) + list(found)


def _is_convert_value(converter: Any, expression: Any) -> bool:
    return bool(converter == getattr(expression, "convert_value", None))


def _UNKNOWN(sql: str) -> str:  # a mark, never called
    raise AssertionError(sql)


def _expression_step(expression: Any, field: Any, compiler: Any, dialect: str) -> Template:
    """convert_value() of an expression as SQL; _UNKNOWN for one that is not Django's own."""
    owner = next(cls for cls in type(expression).__mro__ if "convert_value" in vars(cls))
    if owner is BaseExpression:
        return _numeric_step(expression, field)
    if owner is TruncBase:
        return _trunc_step(expression, field, compiler, dialect)
    if owner.__module__.startswith(("django.db.models.aggregates", "django.contrib.postgres.aggregates")):
        if type(expression).__name__ == "JSONBAgg":
            return lambda sql: "coalesce(%s::text, '[]')" % sql
        return None  # they only give an empty value for NULL, and both print as nothing
    return _UNKNOWN


def _numeric_step(expression: Any, field: Any) -> Template:
    internal_type = field.get_internal_type()
    if isinstance(expression, ExpressionWrapper) and is_condition(expression.expression):
        # Python counts True as 1.
        return lambda sql: "%s::int%s" % (sql, "::double precision" if internal_type == "FloatField" else "")
    if internal_type == "FloatField":
        # float(Decimal(...)) by way of its text, as Python does it; a real keeps its few digits.
        return lambda sql: "%s::text::double precision" % sql
    if internal_type.endswith("IntegerField") and not isinstance(expression, Count):
        return lambda sql: "trunc(%s::text::numeric)" % sql
    if internal_type == "DecimalField" and is_double(expression):
        # Python prints every digit of a double's binary value.
        return _UNKNOWN
    return None  # Decimal() of a Decimal is the same


def _trunc_step(expression: Any, field: Any, compiler: Any, dialect: str) -> Template:
    if isinstance(field, DateTimeField):
        if not settings.USE_TZ:
            return None
        zone = _zone_name(expression.tzinfo or timezone.get_current_timezone())
        if zone is None:
            return _UNKNOWN
        quoted = "'%s'" % zone.replace("'", "''")
        if dialect != "django" or zone == compiler.connection.timezone_name:
            return lambda sql: "(%s::timestamp AT TIME ZONE %s)" % (sql, quoted)
        return lambda sql: _with_offset("%s::timestamp" % sql, quoted)
    if isinstance(field, DateField):
        return lambda sql: "%s::date" % sql
    if isinstance(field, TimeField):
        return lambda sql: "%s::time" % sql
    return _UNKNOWN


def _zone_name(tzinfo: Any) -> Optional[str]:
    """The name that PostgreSQL knows a time zone by: zoneinfo's, pytz's, UTC; None for a bare offset."""
    name = getattr(tzinfo, "key", None) or getattr(tzinfo, "zone", None)
    if name:
        return str(name)
    return "UTC" if str(tzinfo) == "UTC" else None


def _with_offset(wall: str, zone: str) -> str:
    """The text of a local time with its offset, as Python prints it; a session has but one time zone.

    Truncated times have no fraction of a second.
    """
    offset = "(%s - ((%s AT TIME ZONE %s) AT TIME ZONE 'UTC'))" % (wall, wall, zone)
    return (
        "((%(wall)s)::text || CASE WHEN %(offset)s < interval '0' THEN '-' ELSE '+' END ||"
        " to_char(greatest(%(offset)s, -%(offset)s),"
        " CASE WHEN extract(second FROM %(offset)s) = 0 THEN 'HH24:MI' ELSE 'HH24:MI:SS' END))"
    ) % {"wall": wall, "offset": offset}


def _dialect_step(column: Column, field: Any, connection: Any, allowed: bool, converted: bool) -> Template:
    """A cast for a type that the django dialect does not print by itself."""
    if field is None or converted:
        return None
    if not settings.USE_TZ and isinstance(field, DateTimeField):
        # Without time zones psycopg gives the local time of the connection.
        return lambda sql: "%s::timestamp" % sql
    db_type = _db_type(field, connection)
    base = re.sub(r"\(.*?\)", "", db_type).split(" GENERATED ")[0].strip()
    if not base or base.replace(" ", "_") in PROMISED:
        return None
    if PYTHON_OBJECTS.search(db_type) and not allowed:
        what = "a list" if "[" in db_type else {"bytea": "a memoryview", "hstore": "a dict"}.get(base, "a Range")
        raise _bypassed(column, PYTHON_OBJECT_REASON % (what, column.name))
    # JSON, and the types that psycopg does not know and returns as their text.
    return lambda sql: "%s::text" % sql


def _db_type(field: Any, connection: Any) -> str:
    # A foreign key has the type of what it points to.
    while getattr(field, "remote_field", None) and getattr(field, "target_field", None) is not None:
        field = field.target_field
    try:
        return field.db_type(connection) or ""
    except Exception:
        return ""  # a field made by hand for an expression, that lacks what a column's has


def _bypassed(column: Column, reason: str) -> ConversionBypassed:
    return ConversionBypassed(
        "Column %r: %s. An export reads PostgreSQL's own value: allow_conversion=[%r] takes that."
        % (column.name, reason, column.name),
        field=column.name,
    )


def _name(converter: Any, expression: Any) -> str:
    owner = getattr(converter, "__self__", None)
    if isinstance(owner, Field):
        return "%s.%s()" % (type(owner).__name__, getattr(converter, "__name__", "from_db_value"))
    if _is_convert_value(converter, expression):
        return "%s.convert_value()" % type(expression).__name__
    return getattr(converter, "__qualname__", repr(converter))
