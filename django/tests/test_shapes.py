"""Querysets of every shape: the file holds, cell by cell, what Django's own iteration yields."""

import csv
import io
import json
from contextlib import contextmanager
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from unittest import mock

import django
from django.contrib.auth.models import User
from django.contrib.postgres.aggregates import ArrayAgg, JSONBAgg, StringAgg
from django.db import connections
from django.db.models import (
    Avg,
    BooleanField,
    Case,
    CharField,
    Count,
    DateField,
    DateTimeField,
    DecimalField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    FilteredRelation,
    FloatField,
    IntegerField,
    Max,
    Min,
    OuterRef,
    Q,
    StdDev,
    Subquery,
    Sum,
    TextField,
    Value,
    When,
    Window,
)
from django.db.models.expressions import RawSQL
from django.db.models.functions import (
    Cast,
    Coalesce,
    Concat,
    Extract,
    ExtractWeekDay,
    ExtractYear,
    Length,
    Lower,
    Now,
    Rank,
    RowNumber,
    Substr,
    TruncDate,
    TruncDay,
    TruncHour,
    TruncMonth,
    Upper,
)

from django_pgsluice import stream_queryset

from . import models
from .models import Article, Comment, Customer, GiftOrder, Kinds, Line, Order, Tag
from .server import CommittedTestCase


def python_csv(rows):
    """What csv.writer makes of the rows, which is what the django dialect promises."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


def instance_rows(queryset):
    """The rows of a queryset of instances: their loaded fields, then annotations."""
    for instance in queryset:
        deferred = instance.get_deferred_fields()
        fields = [f.attname for f in instance._meta.concrete_fields if f.attname not in deferred]
        names = [*queryset.query.extra_select, *fields, *queryset.query.annotation_select]
        yield [getattr(instance, name) for name in names]


@contextmanager
def a_new_connection():
    """What the settings say of time zones is read when a connection is opened."""
    connection = connections["default"]

    def forget():
        connection.close()
        for cached in ("timezone", "timezone_name"):
            connection.__dict__.pop(cached, None)

    forget()
    try:
        yield
    finally:
        forget()


def utc(*args):
    return datetime(*args, tzinfo=timezone.utc)


ORDERS = Order.objects.order_by("id")
CUSTOMERS = Customer.objects.order_by("id")
PAID = Order.objects.filter(customer=OuterRef("pk"), status=Order.Status.PAID)

VALUES_LISTS = {
    "values_list": lambda: ORDERS.values_list("id", "number", "total", "note", "status"),
    "values_list_in_another_order": lambda: ORDERS.values_list("note", "id", "number"),
    "values_list_of_everything": lambda: ORDERS.values_list(),
    "values_list_flat": lambda: ORDERS.values_list("number", flat=True),
    "values_list_flat_with_empty_cells": lambda: ORDERS.values_list("note", flat=True),
    "values_list_flat_with_nulls": lambda: ORDERS.values_list("ship_on", flat=True),
    "values_list_flat_with_a_later_annotation": lambda: ORDERS.values_list("number", flat=True).annotate(n=Count("lines")),
    "values_list_named": lambda: ORDERS.values_list("number", "total", named=True),
    "a_column_twice": lambda: ORDERS.values_list("number", "id", "number"),
    "the_primary_key_as_pk": lambda: ORDERS.values_list("pk", "customer", "customer_id", "customer__pk"),
    "across_foreign_keys": lambda: ORDERS.values_list("number", "customer__name", "customer__user__email"),
    "across_a_nullable_foreign_key": lambda: ORDERS.values_list("number", "seller__username"),
    "across_a_reverse_foreign_key": lambda: CUSTOMERS.order_by("id", "orders__id").values_list("name", "orders__total"),
    "across_many_to_many": lambda: Article.objects.order_by("id", "tags__id").values_list("title", "tags__name"),
    "same_names_of_two_tables": lambda: Line.objects.order_by("id").values_list("id", "order__id", "order__customer__id"),
    "filters_and_excludes": lambda: ORDERS.filter(total__gt=100, ship_on__isnull=False).exclude(status=2).values_list("id"),
    "text_that_needs_quoting": lambda: ORDERS.filter(
        Q(note__contains="100 %") | Q(note="it's \\ %s") | Q(note__endswith='"c"')
    ).values_list("id", "note"),
    "a_literal_percent_in_the_sql": lambda: ORDERS.annotate(p=RawSQL("'100%%' || note", [])).values_list("id", "p"),
    "a_parameter_with_percent": lambda: ORDERS.annotate(p=Value("%s %% %(a)s", CharField())).values_list("id", "p"),
    "iexact_regex_and_in": lambda: ORDERS.filter(number__iregex="^n0", id__in=[1, 2, 3, 5, 8]).values_list("id"),
    "dates_and_times_in_filters": lambda: ORDERS.filter(
        placed_at__gte=utc(2024, 1, 5, 12), placed_at__date__lt=date(2024, 2, 1), placed_at__year=2024
    ).values_list("id", "placed_at"),
    "a_duration_in_a_filter": lambda: Kinds.objects.filter(duration__lt=timedelta(hours=1)).values_list("id", "duration"),
    "json_path_in_a_filter": lambda: Kinds.objects.filter(json__a__0=1).values_list("id"),
    "an_ip_and_a_uuid_in_filters": lambda: Kinds.objects.filter(
        ip="192.0.2.1", uuid="00000000-0000-0000-0000-000000000001"
    ).values_list("id", "ip", "uuid"),
    "annotations": lambda: ORDERS.annotate(
        double=F("total") * 2, name=Upper("customer__name"), length=Length("note")
    ).values_list("number", "double", "name", "length"),
    "annotations_before_fields": lambda: ORDERS.annotate(a=F("total") + 1).values_list("a", "id", "total"),
    "an_annotation_after_values_list": lambda: ORDERS.values_list("id").annotate(n=Count("lines")),
    "expressions_in_values_list": lambda: ORDERS.values_list("id", Lower("number"), F("total") - 1),
    "a_dotted_path_as_F": lambda: ORDERS.annotate(c=F("customer__country")).values_list("id", "c"),
    "concat_coalesce_substr": lambda: CUSTOMERS.annotate(
        who=Concat("name", Value(" <"), Coalesce("user__email", Value("?")), Value(">"), output_field=CharField()),
        start=Substr("name", 1, 3)
    ).values_list("who", "start"),
    "case_when": lambda: ORDERS.annotate(
        size=Case(When(total__gt=500, then=Value("large")), default=Value("small"), output_field=CharField())
    ).values_list("id", "size"),
    "conditions_as_booleans": lambda: ORDERS.annotate(
        big=ExpressionWrapper(Q(total__gt=500), output_field=BooleanField())
    ).values_list("id", "big"),
    "casts": lambda: ORDERS.annotate(
        t=Cast("total", TextField()), i=Cast("total", IntegerField()), f=Cast("total", FloatField())
    ).values_list("t", "i", "f"),
    "a_decimal_output_field": lambda: Line.objects.order_by("id")
    .annotate(sum=ExpressionWrapper(F("price") * F("quantity"), output_field=DecimalField()))
    .values_list("id", "sum"),
    "aggregates_of_groups": lambda: Order.objects.values("customer__name")
    .annotate(n=Count("id"), sum=Sum("total"), first=Min("placed_at"), last=Max("ship_on"))
    .order_by("customer__name")
    .values_list("customer__name", "n", "sum", "first", "last"),
    "averages_are_floats": lambda: Line.objects.values("product")
    .annotate(a=Avg("quantity"), w=Avg("weight"), d=StdDev("quantity"), p=Avg("price"))
    .order_by("product")
    .values_list("product", "a", "w", "d", "p"),
    "sums_of_integers": lambda: Line.objects.values("product")
    .annotate(q=Sum("quantity"), half=Sum("quantity") / 2)
    .order_by("product")
    .values_list("product", "q", "half"),
    "aggregates_filtered": lambda: CUSTOMERS.annotate(
        n=Count("orders"), paid=Count("orders", filter=Q(orders__status=2)), sum=Sum("orders__total")
    ).values_list("name", "n", "paid", "sum"),
    "having": lambda: CUSTOMERS.annotate(n=Count("orders")).filter(n__gt=4).values_list("name", "n"),
    "count_distinct": lambda: CUSTOMERS.annotate(n=Count("orders__status", distinct=True)).values_list("id", "n"),
    "string_agg": lambda: Article.objects.annotate(t=StringAgg("tags__name", delimiter="; ", ordering="tags__id"))
    .order_by("id")
    .values_list("id", "t"),
    "the_latest_by_subquery": lambda: CUSTOMERS.annotate(
        last=Subquery(Order.objects.filter(customer=OuterRef("pk")).order_by("-placed_at").values("number")[:1])
    ).values_list("name", "last"),
    "a_sum_by_subquery": lambda: CUSTOMERS.annotate(
        sum=Subquery(PAID.order_by().values("customer").annotate(s=Sum("total")).values("s"))
    ).values_list("name", "sum"),
    "exists": lambda: CUSTOMERS.annotate(has=Exists(PAID)).values_list("name", "has"),
    "filtered_by_exists": lambda: CUSTOMERS.filter(Exists(PAID), ~Exists(PAID.filter(total__gt=900))).values_list("id"),
    "filtered_by_a_queryset": lambda: ORDERS.filter(customer__in=Customer.objects.filter(country="DE")).values_list("id"),
    "window_functions": lambda: ORDERS.annotate(
        rank=Window(Rank(), partition_by=[F("customer")], order_by=F("total").desc()),
        row=Window(RowNumber(), order_by=F("id").asc()),
        running=Window(Sum("total"), order_by=F("id").asc()),
    ).values_list("id", "rank", "row", "running"),
    "extracts": lambda: ORDERS.annotate(
        y=ExtractYear("placed_at"), w=ExtractWeekDay("placed_at"), s=Extract("placed_at", "second")
    ).values_list("id", "y", "w", "s"),
    "lookups_as_columns": lambda: ORDERS.values_list("id", "placed_at__month", "ship_on__year"),
    "trunc_in_the_current_time_zone": lambda: ORDERS.annotate(
        m=TruncMonth("placed_at"), d=TruncDay("placed_at"), h=TruncHour("placed_at")
    ).values_list("id", "m", "d", "h"),
    "trunc_in_utc": lambda: ORDERS.annotate(m=TruncMonth("placed_at", tzinfo=timezone.utc)).values_list("id", "m"),
    "trunc_of_dates": lambda: ORDERS.annotate(
        m=TruncMonth("ship_on"), d=TruncDate("placed_at"), e=TruncDay("placed_at", output_field=DateField())
    ).values_list("id", "m", "d", "e"),
    "groups_of_a_trunc": lambda: Order.objects.annotate(m=TruncMonth("placed_at"))
    .values("m")
    .annotate(n=Count("id"))
    .order_by("m")
    .values_list("m", "n"),
    "conditions_as_numbers": lambda: ORDERS.annotate(
        i=ExpressionWrapper(Q(status=2), IntegerField()),
        f=ExpressionWrapper(Q(status=2), FloatField()),
        d=ExpressionWrapper(Q(status=2), DecimalField()),
    ).values_list("id", "i", "f", "d"),
    "decimals_of_what_is_no_float": lambda: Line.objects.order_by("id").annotate(
        half=ExpressionWrapper(F("price") * Value(Decimal("0.5")), DecimalField()),
        cast=ExpressionWrapper(F("price") * Cast("weight", DecimalField(max_digits=9, decimal_places=3)), DecimalField()),
        heavy=Case(When(weight__gt=5, then=F("price")), default=Value(Decimal(0)), output_field=DecimalField()),
    ).values_list("id", "half", "cast", "heavy"),
    "dates": lambda: Order.objects.dates("ship_on", "month"),
    "datetimes": lambda: Order.objects.datetimes("placed_at", "day", order="DESC"),
    "date_arithmetic": lambda: ORDERS.annotate(
        later=ExpressionWrapper(F("placed_at") + timedelta(days=3), DateTimeField()),
        span=ExpressionWrapper(Value(utc(2025, 1, 1), DateTimeField()) - F("placed_at"), DurationField()),
    ).values_list("id", "later", "span"),
    "union": lambda: Order.objects.filter(status=1)
    .values_list("number", "total")
    .union(Order.objects.filter(total__gt=500).values_list("number", "total"))
    .order_by("number"),
    "union_all_of_two_models": lambda: Customer.objects.values_list("name", "id")
    .union(Tag.objects.values_list("name", "id"), all=True)
    .order_by("name", "id"),
    "intersection": lambda: Order.objects.filter(status=1)
    .values_list("id", "number")
    .intersection(Order.objects.filter(total__gt=200).values_list("id", "number"))
    .order_by("id"),
    "difference": lambda: Order.objects.values_list("id")
    .difference(Order.objects.filter(status=3).values_list("id"))
    .order_by("id"),
    "a_sliced_union": lambda: Order.objects.filter(status=1)
    .values_list("id")
    .union(Order.objects.filter(status=2).values_list("id"))
    .order_by("-id")[2:7],
    "slices": lambda: ORDERS.values_list("id", "number")[5:15],
    "the_first_few_by_total": lambda: Order.objects.order_by("-total", "id").values_list("number")[:3],
    "distinct": lambda: Order.objects.order_by("status").values_list("status").distinct(),
    "distinct_ordered_by_another_column": lambda: Line.objects.order_by("product", "order__status")
    .values_list("product")
    .distinct(),
    "distinct_on": lambda: Order.objects.order_by("customer", "-total").distinct("customer").values_list("customer", "number"),
    "extra_columns": lambda: ORDERS.extra(select={"twice": "total * 2", "one": "%s"}, select_params=["1"]).values_list(
        "id", "twice", "one"
    ),
    "extra_where": lambda: ORDERS.extra(where=["note LIKE %s"], params=["100 %%%"]).values_list("id"),
    "ordered_by_an_expression": lambda: Order.objects.order_by(F("ship_on").desc(nulls_last=True), "id").values_list("id"),
    "ordered_by_the_model": lambda: Article.objects.values_list("title", "id"),
    "reversed": lambda: ORDERS.reverse().values_list("id"),
    "a_filtered_relation": lambda: CUSTOMERS.annotate(
        sent=FilteredRelation("orders", condition=Q(orders__status=3))
    )
    .order_by("id", "sent__id")
    .values_list("name", "sent__number"),
    "a_related_manager": lambda: Customer.objects.get(name="Customer 1").orders.order_by("id").values_list("number"),
    "a_field_of_each_kind": lambda: Kinds.objects.order_by("id").values_list(
        *[f.name for f in Kinds._meta.fields if f.name != "json"]
    ),
    "constants": lambda: CUSTOMERS.annotate(
        i=Value(7, IntegerField()), s=Value("it's", CharField()), n=Value(None, CharField())
    ).values_list("i", "s", "n"),
    "now_compared": lambda: ORDERS.filter(placed_at__lt=Now()).values_list("id"),
    "none": lambda: Order.objects.none().values_list("id", "number"),
    "an_empty_in": lambda: Order.objects.filter(pk__in=[]).values_list("id", "number"),
    "no_match": lambda: Order.objects.filter(number="nothing").values_list("id", "number"),
    "a_union_with_nothing": lambda: Order.objects.none()
    .values_list("id")
    .union(Order.objects.filter(id__lt=5).values_list("id"))
    .order_by("id"),
}

INSTANCES = {
    "instances": lambda: ORDERS.all(),
    "users": lambda: User.objects.order_by("id"),
    "only": lambda: ORDERS.only("number", "total"),
    "defer": lambda: ORDERS.defer("note", "placed_at"),
    "instances_with_annotations": lambda: ORDERS.annotate(n=Count("lines"), up=Upper("note")),
    "select_related": lambda: ORDERS.select_related("customer", "seller"),
    "select_related_and_only": lambda: ORDERS.select_related("customer").only("number", "customer__name"),
    "a_child_of_a_model": lambda: GiftOrder.objects.order_by("id"),
    "instances_with_extra": lambda: ORDERS.extra(select={"twice": "total * 2"}),
    "a_union_of_instances": lambda: Tag.objects.filter(id=1).union(Tag.objects.filter(id=3)).order_by("id"),
    "sliced_instances": lambda: ORDERS.annotate(d=F("total") / 3)[3:9],
    "a_union_of_select_related": lambda: ORDERS.order_by()
    .select_related("customer")
    .filter(id__lt=4)
    .union(Order.objects.select_related("customer").filter(id__gt=28))
    .order_by("-id"),
    "distinct_instances_of_a_join": lambda: Article.objects.filter(comments__is_public=True).distinct().order_by("id"),
}


class Shapes(CommittedTestCase):
    """One test per shape; the functions are made below."""

    maxDiff = None

    def body(self, queryset, **options):
        _, body = self.download(stream_queryset(None, queryset, **options))
        return body.decode()

    def check(self, queryset, rows, **options):
        self.assertEqual(self.body(queryset, headers="off", **options), python_csv(rows))

    def values_list_shape(self, make):
        rows = list(make())
        if not rows or not isinstance(rows[0], tuple):
            rows = [(value,) for value in rows]
        self.check(make(), rows)

    def instances_shape(self, make):
        self.check(make(), instance_rows(make()))


def _add(shapes, method):
    for name, make in shapes.items():
        setattr(Shapes, "test_" + name, lambda self, make=make: getattr(self, method)(make))


class Values(CommittedTestCase):
    """What is not a shape of rows: values() dictionaries, JSON, labels, choices, foreign keys."""

    maxDiff = None
    body = Shapes.body
    check = Shapes.check

    def test_values_have_the_keys_of_the_dictionary(self):
        queryset = ORDERS.values("number", "id").annotate(n=Count("lines"))
        rows = list(queryset)
        self.assertEqual(
            self.body(queryset, headers="names"), python_csv([list(rows[0]), *[row.values() for row in rows]])
        )

    def test_json_is_the_text_that_postgresql_prints(self):
        queryset = Kinds.objects.order_by("id")
        texts = list(queryset.annotate(t=Cast("json", TextField())).values_list("id", "t"))
        self.check(queryset.values_list("id", "json"), texts)
        self.assertIn('{"a": [1, null, "é"]}', texts[1])

    def test_a_key_of_json(self):
        texts = Kinds.objects.order_by("id").annotate(t=Cast("json__a", TextField())).values_list("id", "t")
        self.check(Kinds.objects.order_by("id").values_list("id", "json__a"), list(texts))

    def test_verbose_headers_are_those_of_the_admin(self):
        queryset = ORDERS.annotate(line_count=Count("lines")).values_list(
            "id", "number", "customer", "customer__name", "customer_id", "seller__email", "line_count", "lines__product"
        )
        header = self.body(queryset).splitlines()[0]
        self.assertEqual(
            header,
            "ID,Order no.,Customer,Customer full name,Customer,Seller email address,Line count,Line product",
        )

    def test_headers_by_name(self):
        header = self.body(ORDERS.annotate(n=Count("lines")), headers="names").splitlines()[0]
        self.assertEqual(header, "id,number,customer_id,seller_id,status,total,placed_at,ship_on,note,n")

    def test_headers_of_ones_own(self):
        body = self.body(ORDERS.values_list("id", "number")[:1], headers=["Né", 'a "b", c'])
        self.assertEqual(body, 'Né,"a ""b"", c"\r\n1,N000\r\n')

    def test_no_header(self):
        self.assertEqual(self.body(ORDERS.values_list("id")[:2], headers="off"), "1\r\n2\r\n")

    def test_an_empty_result_is_a_header(self):
        for queryset in (User.objects.none(), User.objects.filter(pk__in=[]), User.objects.filter(pk=0)):
            header, rest = self.body(queryset).split("\r\n")
            self.assertEqual(
                header,
                "ID,Password,Last login,Superuser status,Username,First name,Last name,Email address,"
                "Staff status,Active,Date joined",
            )
            self.assertEqual(rest, "")

    def test_choices_are_raw_unless_asked_for(self):
        self.check(ORDERS.values_list("id", "status"), ORDERS.values_list("id", "status"))

    def test_choices_as_labels(self):
        rows = [(o.get_status_display(), o.pk, o.customer.get_country_display()) for o in ORDERS]
        self.check(ORDERS.values_list("status", "id", "customer__country"), rows, choices="labels")

    def test_a_boolean_that_is_no_choice_is_as_python_prints_it(self):
        rows = [(c.get_is_public_display(),) for c in Comment.objects.order_by("id")]
        self.assertIn((False,), rows)
        self.check(Comment.objects.order_by("id").values_list("is_public"), rows, choices="labels")

    def test_choices_of_a_union(self):
        one, two = ORDERS.filter(status=1).order_by(), ORDERS.filter(status=2).order_by()
        rows = [(o.get_status_display(), o.pk) for o in ORDERS.filter(status__in=[1, 2]).order_by("-id")]
        queryset = one.values_list("status", "id").union(two.values_list("status", "id")).order_by("-id")
        self.check(queryset, rows, choices="labels")

    def test_foreign_keys_as_labels(self):
        rows = [
            (o.number, o.customer.name, o.seller.username if o.seller else None)
            for o in ORDERS.select_related("customer", "seller")
        ]
        self.check(ORDERS.values_list("number", "customer", "seller_id"), rows, fk="labels")
        self.assertEqual(
            self.body(ORDERS.values_list("number", "seller_id")[:0], fk="labels", headers="names"), "number,seller\r\n"
        )

    def test_foreign_keys_by_a_mapping(self):
        rows = [(o.customer.email, o.seller_id) for o in ORDERS.select_related("customer")]
        self.check(ORDERS.values_list("customer", "seller"), rows, fk={"customer": "email"})

    def test_foreign_keys_of_instances(self):
        queryset = ORDERS.order_by("-total", "id")[:5]
        rows = []
        for row, order in zip(instance_rows(queryset), queryset):
            row[2], row[3] = order.customer.name, order.seller.username if order.seller else None
            rows.append(row)
        self.check(queryset, rows, fk="labels")

    def test_the_link_to_a_parent_model_is_no_foreign_key_to_label(self):
        queryset = GiftOrder.objects.order_by("id").values_list("order_ptr", "customer", "message")
        self.check(queryset, [(o.pk, o.customer.name, o.message) for o in GiftOrder.objects.order_by("id")], fk="labels")

    def test_foreign_keys_of_a_flat_list(self):
        orders = ORDERS.values_list("customer", flat=True)
        names = list(ORDERS.values_list("customer__name"))
        for queryset in (orders, orders.annotate(n=Count("lines")).order_by("id")):
            self.check(queryset, names, fk="labels")
        self.check(orders, names, fk={"customer": "name"})
        self.check(ORDERS.values_list("number", flat=True), ORDERS.values_list("number"), fk="labels")

    def test_foreign_keys_of_groups(self):
        queryset = Order.objects.values("customer").annotate(n=Count("id")).order_by("customer")
        rows = [(Customer.objects.get(pk=r["customer"]).name, r["n"]) for r in queryset]
        self.check(queryset, rows, fk="labels")

    def test_foreign_keys_across_a_relation(self):
        rows = [(c.body, c.article.author.username) for c in Comment.objects.order_by("id")]
        self.check(Comment.objects.order_by("id").values_list("body", "article__author"), rows, fk="labels")

    def test_one_join_for_each_foreign_key(self):
        from django_pgsluice.sql import compile_queryset

        sql = compile_queryset(ORDERS, fk="labels").sql
        self.assertEqual(sql.count(" JOIN "), 2, sql)

    def test_the_postgres_dialect_prints_what_copy_prints(self):
        body = self.body(Kinds.objects.order_by("id").values_list("boolean", "moment", "char", "json"), dialect="postgres")
        self.assertIn('\nt,2024-01-02 03:04:05.678+00,"","{""a"": [1, null, ""é""]}"\n', body)

    def test_json_of_no_rows(self):
        queryset = Article.objects.order_by("id").annotate(t=JSONBAgg("comments__body", filter=Q(comments__body="")))
        # Django before 5.0 makes an empty list of NULL.
        self.check(queryset.values_list("t"), [["[]" if django.VERSION < (5, 0) else ""]] * queryset.count())

    def test_arrays_in_the_postgres_dialect(self):
        queryset = Article.objects.order_by("id").annotate(t=ArrayAgg("tags__id", ordering="tags__id"))
        self.assertIn("{NULL}", self.body(queryset.values_list("t"), dialect="postgres"))

    def test_without_time_zones(self):
        queryset = ORDERS.annotate(m=TruncMonth("placed_at")).values_list("placed_at", "m", "ship_on")
        with self.settings(USE_TZ=False), a_new_connection():
            self.check(queryset, list(queryset))
            self.assertNotIn("+", self.body(queryset))

    def test_in_the_time_zone_of_the_connection(self):
        queryset = ORDERS.annotate(m=TruncMonth("placed_at")).values_list("placed_at", "m", "ship_on")
        with mock.patch.dict(connections["default"].settings_dict, TIME_ZONE="Etc/GMT-9"), a_new_connection():
            self.check(queryset, list(queryset))
            self.assertIn("+09:00", self.body(queryset))

    def test_the_queryset_stays_as_it_was(self):
        queryset = ORDERS.select_related("customer")
        before = str(queryset.query)
        self.body(queryset, fk="labels", choices="labels")
        self.assertEqual(str(queryset.query), before)


if django.VERSION >= (5, 2):
    INSTANCES["a_composite_primary_key"] = lambda: models.Seat.objects.order_by("pk")
    VALUES_LISTS["the_fields_of_a_composite_primary_key"] = lambda: models.Seat.objects.order_by("row", "-number").values_list(
        "number", "row"
    )
_add(VALUES_LISTS, "values_list_shape")
_add(INSTANCES, "instances_shape")


class Recipes(CommittedTestCase):
    """What the error for prefetch_related() shows does what it says."""

    body = Shapes.body

    def test_the_ten_newest_comments_of_each_article(self):
        from django.db.models import Prefetch

        from django_pgsluice import UnsupportedQuery

        newest = Comment.objects.order_by("-created_at")
        queryset = Article.objects.order_by("id")
        with self.assertRaises(UnsupportedQuery) as caught:
            stream_queryset(None, queryset.prefetch_related(Prefetch("comments", queryset=newest[:10])))
        text = str(caught.exception)
        self.assertIn("'comments'", text)

        # The text is code: each of its querysets is run as it stands.
        code = "\n".join(line[4:] for line in text.partition(":\n\n")[2].splitlines())
        code = code.replace("queryset.annotate(", "found(")
        made = {}
        exec(code, {"Comment": Comment, "found": made.update})
        self.assertEqual(sorted(made), ["all_comments", "newest_10_comments", "newest_comments"])

        body = self.body(queryset.annotate(**made).values_list("id", *sorted(made)), headers="off")
        rows = list(csv.reader(io.StringIO(body, newline="")))
        self.assertEqual(len(rows), queryset.count())
        longest = 0
        for row, article in zip(rows, queryset):
            expected = [c.body for c in newest.filter(article=article)[:10]]
            self.assertEqual(json.loads(row[2] or "[]"), expected)
            self.assertEqual(row[3], expected[0] if expected else "")
            self.assertEqual(len(row[1]), len("; ".join(c.body for c in article.comments.all())))
            longest = max(longest, len(expected))
        self.assertEqual(longest, 10)
