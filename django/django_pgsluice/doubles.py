"""Which expressions are a double in PostgreSQL, whatever their output_field says.

Django makes a Decimal of a double by Decimal(float), which has every digit of the binary value; PostgreSQL prints the
shortest text for it. So the one cannot be had from the other, while for numeric and integers both are the same.
"""

from typing import Any, List

from django.core.exceptions import FieldError
from django.db.models import DecimalField, Field, FloatField, Window
from django.db.models.functions import (
    ACos,
    ASin,
    ATan,
    ATan2,
    Cast,
    Ceil,
    Cos,
    Cot,
    Degrees,
    Exp,
    Floor,
    Ln,
    Pi,
    Power,
    Radians,
    Random,
    Round,
    Sign,
    Sin,
    Sqrt,
    Tan,
)
from django.db.models.functions.mixins import FixDecimalInputMixin
from django.db.models.sql import Query

from .columns import output_field

__all__ = ["is_condition", "is_double"]

ALWAYS = (ACos, ASin, ATan, ATan2, Cos, Cot, Degrees, Pi, Radians, Random, Sin, Tan)
"""PostgreSQL has these for double precision alone."""

UNLESS_NUMERIC = (Ceil, Exp, Floor, Ln, Power, Round, Sign, Sqrt)
"""And these also for numeric; it makes a double of an integer."""


def is_double(expression: Any) -> bool:
    """Whether the expression is, or may be, a double. One by another's hand is taken for what it is made of."""
    declared = _declared(type(expression))
    if declared is not None:
        return isinstance(declared, FloatField)
    if isinstance(expression, Cast):
        return isinstance(expression.output_field, FloatField)
    if isinstance(expression, FixDecimalInputMixin):
        return False  # Django casts what goes in to numeric
    if isinstance(expression, ALWAYS):
        return True
    parts = _parts(expression)
    if any(is_double(part) for part in parts):
        return True
    if isinstance(expression, UNLESS_NUMERIC):
        return not any(isinstance(output_field(part), DecimalField) for part in parts)
    return not parts and isinstance(output_field(expression), FloatField)


def is_condition(expression: Any) -> bool:
    """Whether it is true or false; Q objects and lookups are, in all versions of Django."""
    try:
        return bool(getattr(expression, "conditional", False))
    except FieldError:
        return False  # price * weight: Django cannot tell the type, and no condition is like that


def _declared(cls: type) -> Any:
    """What Django's own class says of all its expressions, such as the integer of Count; None where it depends."""
    for base in cls.__mro__:
        found = vars(base).get("output_field")
        if found is not None:
            return found if isinstance(found, Field) and base.__module__.startswith("django.") else None
    return None


def _parts(expression: Any) -> List[Any]:
    """What its value is made of: no conditions, and neither partition nor order of a window."""
    if isinstance(expression, Window):
        return expression.get_source_expressions()[:1]
    if isinstance(expression, Query):
        return [*expression.select, *expression.annotation_select.values()]
    parts = expression.get_source_expressions()
    return [part for part in parts if hasattr(part, "get_source_expressions") and not is_condition(part)]
