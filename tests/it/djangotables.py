"""What Django's ORM makes of lookups: a program for the Python that has Django, the oracle of test_table_lookups.py.

Reads a JSON array of jobs {"model", "key", "value", "negated", "timezone"} and prints one of {"ids", "indexes"}: the
primary keys that Django finds, and the indexes that PostgreSQL would use for its query; {"error"} when it refuses.
"""

import datetime
import decimal
import json
import sys

import django
from django.conf import settings

settings.configure(
    INSTALLED_APPS=["django.contrib.postgres"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
    TIME_ZONE="UTC",
    DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "postgres"}},
)
django.setup()

from django.contrib.postgres.fields import ArrayField, CITextField, IntegerRangeField  # noqa: E402
from django.db import connection, models, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402


def table(name):
    return type("Meta", (), {"app_label": "it", "managed": False, "db_table": name})


class Customer(models.Model):
    external_id = models.UUIDField()
    name = models.CharField(max_length=120)
    company = models.CharField(max_length=120, null=True)
    email = models.CharField(max_length=254)
    country = models.CharField(max_length=2)
    birth_date = models.DateField(null=True)
    credit_limit = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    newsletter = models.BooleanField(null=True)
    labels = ArrayField(models.TextField())
    preferences = models.JSONField()
    last_ip = models.GenericIPAddressField(null=True)
    average_visit = models.DurationField(null=True)
    created_at = models.DateTimeField()
    Meta = table("shop_customer")


class Order(models.Model):
    number = models.CharField(max_length=20)
    token = models.UUIDField()
    status = models.TextField()
    total = models.DecimalField(max_digits=12, decimal_places=2)
    is_gift = models.BooleanField()
    note = models.TextField(null=True)
    coupons = ArrayField(models.TextField(), null=True)
    campaign = models.JSONField(null=True)
    placed_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)
    shipped_on = models.DateField(null=True)
    customer = models.ForeignKey(Customer, models.DO_NOTHING)
    Meta = table("shop_order")


class Carrier(models.Model):
    name = models.CharField(max_length=80)
    Meta = table("shop_carrier")


class Line(models.Model):
    position = models.SmallIntegerField()
    quantity = models.IntegerField()
    gift_message = models.TextField(null=True)
    order = models.ForeignKey(Order, models.DO_NOTHING)
    carrier = models.ForeignKey(Carrier, models.DO_NOTHING, null=True)
    Meta = table("shop_orderline")


class Text(models.Model):
    """Texts that mean something to LIKE, to SQL or to a URL, in a table of the test's own."""
    body = models.TextField(null=True)
    same = CITextField(null=True)
    span = IntegerRangeField(null=True)
    local = models.DateTimeField(null=True)
    weight = models.FloatField(null=True)
    Meta = table("it_text")


MODELS = {"shop_customer": Customer, "shop_order": Order, "shop_orderline": Line, "it_text": Text}


def value(given):
    """JSON has no dates and decimals: {"date": ...} and so on are those."""
    readers = {"date": datetime.date.fromisoformat, "datetime": datetime.datetime.fromisoformat, "decimal": decimal.Decimal}
    if isinstance(given, dict) and len(given) == 1 and next(iter(given)) in readers:
        (kind, text), = given.items()
        return readers[kind](text)
    return [value(one) for one in given] if isinstance(given, list) else given


def indexes(plan):
    found = [plan["Index Name"]] if "Index Name" in plan else []
    return found + [name for child in plan.get("Plans", ()) for name in indexes(child)]


def answer(job):
    objects = MODELS[job["model"]].objects
    with timezone.override(job["timezone"]):
        try:
            chosen = (objects.exclude if job["negated"] else objects.filter)(**{job["key"]: value(job["value"])})
            ids = sorted(chosen.values_list("pk", flat=True))
            # As the cursor of an export plans: one process, all rows.
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0")
                text, values = chosen.query.sql_with_params()
                cursor.execute("EXPLAIN (FORMAT json) " + text, values)
                plan = cursor.fetchone()[0]
        except Exception as error:
            return {"error": "%s: %s" % (type(error).__name__, error)}
    return {"ids": ids, "indexes": sorted(set(indexes(plan[0]["Plan"])))}


if __name__ == "__main__":
    json.dump([answer(job) for job in json.load(sys.stdin)], sys.stdout)
