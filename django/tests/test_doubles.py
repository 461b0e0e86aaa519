"""Numbers as Decimal: a double is refused, since Python makes other digits of it, and nothing else is."""

import csv
import io

from django.contrib.postgres.aggregates import Corr, RegrCount
from django.db.models import (
    Avg,
    Case,
    CharField,
    Count,
    DecimalField,
    Exists,
    ExpressionWrapper,
    F,
    FloatField,
    Func,
    IntegerField,
    Max,
    OuterRef,
    Q,
    StdDev,
    Subquery,
    Sum,
    TextField,
    Value,
    Variance,
    When,
    Window,
    functions,
)
from django.db.models.functions import Cast, Coalesce, Cos, CumeDist, Greatest, Lag, Length, NthValue, Rank, Sqrt

from django_pgsluice import ConversionBypassed, stream_queryset

from .models import Line
from .server import CommittedTestCase

DECIMAL = DecimalField(max_digits=30, decimal_places=5)
FUNCTIONS = "Abs ATan Ceil Cos Cot Degrees Exp Floor Ln Radians Round Sign Sin Sqrt Tan".split()
FUNCTIONS_OF_TWO = "ATan2 Log Mod Power".split()
AGGREGATES = (Avg, Count, Max, StdDev, Sum, Variance)


def expressions_of(name):
    """Of a column: (what it is, a function that makes it, given keyword arguments such as output_field)."""
    for one in FUNCTIONS:
        yield one, lambda kind=getattr(functions, one), **how: kind(name, **how)
    for two in FUNCTIONS_OF_TWO:
        yield two, lambda kind=getattr(functions, two), **how: kind(F("quantity") + 1, name, **how)
    for kind in AGGREGATES:
        yield kind.__name__, lambda kind=kind, **how: kind(name, **how)
        # The order and the partition are doubles, the value need not be.
        yield "Window of " + kind.__name__, lambda kind=kind, **how: Window(
            kind(name), partition_by=[F("weight")], order_by=F("weight").asc(), **how
        )
    yield "a filter", lambda **how: Sum(name, filter=Q(weight__gt=3), **how)
    yield "Corr", lambda **how: Corr(y=name, x="quantity", **how)
    yield "RegrCount", lambda **how: RegrCount(y=name, x="quantity", **how)
    yield "Lag", lambda **how: Window(Lag(name), order_by=F("weight").asc(), **how)
    yield "NthValue", lambda **how: Window(NthValue(name, 1), order_by=F("weight").asc(), **how)
    yield "Coalesce", lambda **how: Coalesce(name, Value(0), **how)
    yield "Greatest", lambda **how: Greatest(name, "quantity", **how)
    yield "Length", lambda **how: Length(Cast(name, TextField()), **how)
    yield "Case", lambda **how: Case(When(weight__gt=3, then=F(name)), default=Value(0), **how)
    yield "Cast", lambda output_field: Cast(name, output_field)
    yield "a column", lambda **how: ExpressionWrapper(F(name), **how)
    yield "a product", lambda **how: ExpressionWrapper(F(name) * F("price"), **how)
    yield "a cast inside", lambda **how: ExpressionWrapper(Cast(name, IntegerField()), **how)
    yield "the root of an integer", lambda **how: Sqrt(Cast(name, IntegerField()), **how)
    own = Line.objects.filter(pk=OuterRef("pk"))
    yield "Subquery", lambda **how: Subquery(own.values(name), **how)
    yield "Subquery of a function", lambda **how: Subquery(own.annotate(x=Cos(name)).values("x"), **how)


OTHERS = {
    "Pi": lambda **how: functions.Pi(**how),
    "Rank": lambda **how: Window(Rank(), order_by=F("weight").asc(), **how),
    "CumeDist": lambda **how: Window(CumeDist(), order_by=F("weight").asc(), **how),
    "CumeDist that is said to be a Decimal": lambda **how: Window(CumeDist(**how), order_by=F("weight").asc()),
    "Exists": lambda **how: ExpressionWrapper(Exists(Line.objects.filter(pk=OuterRef("pk"), weight__gt=1)), **how),
    "a condition": lambda **how: ExpressionWrapper(Q(weight__gt=1), **how),
}


class Decimals(CommittedTestCase):
    def column(self, expression):
        return Line.objects.order_by("pk").annotate(x=expression).values_list("x")

    def is_double(self, expression):
        """What PostgreSQL says."""
        kind = Func(expression, function="pg_typeof", output_field=CharField())
        return self.column(Cast(kind, TextField()))[0][0] == "double precision"

    def exported(self, expression):
        """The rows of the file, or None when it is refused."""
        try:
            response = stream_queryset(None, self.column(expression), headers="off")
        except ConversionBypassed:
            return None
        return list(csv.reader(io.StringIO(self.download(response)[1].decode(), newline="")))

    def holds(self, make):
        rows = [["" if value is None else str(value)] for value, in self.column(make(output_field=DECIMAL))]
        expected = None if self.is_double(make(output_field=DECIMAL)) else rows
        self.assertEqual(self.exported(make(output_field=DECIMAL)), expected)

    def test_of_each_kind_of_column(self):
        for name in ("price", "quantity", "weight"):
            for what, make in expressions_of(name):
                with self.subTest("%s of %s" % (what, name)):
                    self.holds(make)

    def test_of_no_column(self):
        for what, make in OTHERS.items():
            with self.subTest(what):
                self.holds(make)

    def test_a_product_of_which_django_cannot_tell_the_type(self):
        rows = [[str(value)] if value is not None else [""] for value, in self.column(self.product())]
        self.assertEqual(self.exported(self.product()), rows)

    def product(self):
        return ExpressionWrapper(F("price") * F("weight"), FloatField())

    def test_a_function_that_is_a_decimal_to_django_and_a_double_to_postgresql(self):
        self.assertIsInstance(self.column(Cos("price")).query.annotations["x"].output_field, DecimalField)
        self.assertIsNone(self.exported(Cos("price")))
