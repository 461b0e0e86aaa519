"""grant_url() and {% pgsluice_url %}: values, payload, mistakes, and the server that takes what they make."""

import datetime
import json
import time
import uuid
from decimal import Decimal
from ipaddress import ip_address
from unittest import mock

from django_pgsluice import grant_url, values

from django.core import signing
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, models
from django.template import Context, Template
from django.test import SimpleTestCase, override_settings
from django.utils import timezone
from django.utils.translation import gettext_lazy

from .models import Customer, Order
from .server import GRANT_KEY, CommittedTestCase

SETTINGS = {"PUBLIC_URL": "https://downloads.example.org/", "GRANT_KEYS": [GRANT_KEY]}
UTC = datetime.timezone.utc


def payload_of(url):
    """What stock Django reads out of a grant."""
    return signing.loads(url.rpartition("/")[2], key=GRANT_KEY, salt="pgsluice.grant", max_age=60)


@override_settings(PGSLUICE=SETTINGS)
class GrantUrl(SimpleTestCase):
    def test_it_is_what_stock_django_signs(self):
        now = 1767225600.9
        with mock.patch("time.time", return_value=now):
            url = grant_url("orders", since=datetime.date(2026, 1, 1), filename="o.csv")
            stock = signing.dumps(
                {
                    "export": "orders",
                    "params": {"since": "2026-01-01"},
                    "filename": "o.csv",
                    "exp": int(now + 300),
                },
                key=GRANT_KEY,
                salt="pgsluice.grant",
                compress=True,
            )
        self.assertEqual(url, "https://downloads.example.org/grants/" + stock)

    @override_settings(DEFAULT_HASHING_ALGORITHM="sha1")
    def test_it_is_sha256_whatever_django_3_2_defaults_to(self):
        token = grant_url("orders").rpartition("/")[2]
        self.assertEqual(len(token.rpartition(":")[2]), 43)

    def test_it_holds_every_member_that_was_given_and_no_other(self):
        run = uuid.uuid4()
        payload = payload_of(
            grant_url(
                "orders",
                params={"role": "buyer"},
                format="csv.gz",
                expires=datetime.timedelta(hours=1),
                role="tenant_7",
                filename="Aufträge.csv.gz",
                once=True,
                settings={"app.tenant": 7},
                options={"dialect": "excel", "_bom": True, "columns": ["id", 'a"b']},
                run=run,
                since=None,
            )
        )
        self.assertLess(abs(payload.pop("exp") - time.time() - 3600), 5)
        self.assertEqual(
            payload,
            {
                "export": "orders",
                "format": "csv.gz",
                "params": {"role": "buyer", "since": None},
                "options": {"_dialect": "excel", "_bom": "on", "_columns": 'id,"a""b"'},
                "filename": "Aufträge.csv.gz",
                "role": "tenant_7",
                "settings": {"app.tenant": "7"},
                "run": str(run),
                "once": True,
            },
        )

    def test_a_table_has_filters(self):
        payload = payload_of(
            grant_url(table="public.orders", filters={"placed_at__gte": datetime.date(2026, 1, 1), "id__in": [1, 2]})
        )
        self.assertEqual(payload["table"], "public.orders")
        self.assertEqual(payload["filters"], {"placed_at__gte": "2026-01-01", "id__in": "1,2"})

    def test_two_grants_for_one_download_differ(self):
        with mock.patch("time.time", return_value=1767225600.0):
            self.assertNotEqual(grant_url("orders", once=True), grant_url("orders", once=True))
            self.assertEqual(grant_url("orders"), grant_url("orders"))

    def test_it_never_lives_longer_than_asked(self):
        # A second begins between the moment that is granted and the signature.
        with mock.patch("time.time", side_effect=[1000.2, 1001.1]):
            url = grant_url("orders", expires=60)
        with mock.patch("time.time", return_value=1001.1):
            self.assertEqual(payload_of(url)["exp"], 1060)

    def test_it_expires_at_a_moment(self):
        moment = timezone.now() + datetime.timedelta(minutes=3)
        self.assertEqual(payload_of(grant_url("orders", expires=moment))["exp"], int(moment.timestamp()))

    def test_mistakes_are_errors_here_and_not_403_there(self):
        cases = [
            (TypeError, "name one export", dict()),
            (TypeError, "name one export", dict(export="orders", table="public.orders")),
            (ValueError, "not the name of an export", dict(export="orders.csv")),
            (ValueError, "not the name of an export", dict(export="Orders")),
            (ValueError, "not the name of an export", dict(export="orders\n")),
            (ValueError, "not the name of a table", dict(table="orders")),
            (ValueError, "has filters, not parameters", dict(table="public.orders", since="x")),
            (ValueError, "an option, not a parameter", dict(export="orders", _dialect="excel")),
            (ValueError, "run=", dict(export="orders", options={"run": "x"})),
            (ValueError, "filters are for tables", dict(export="orders", filters={"id": 1})),
            (ValueError, "one of csv, csv.gz", dict(export="orders", format="xlsx")),
            (ValueError, "over already", dict(export="orders", expires=0)),
            (ValueError, "over already", dict(export="orders", expires=timezone.now())),
            (ValueError, "GRANT_MAX_AGE", dict(export="orders", expires=datetime.timedelta(hours=25))),
            (ValueError, "role is empty", dict(export="orders", role="")),
            (ValueError, "holds a dot", dict(export="orders", settings={"tenant": "7"})),
            (ValueError, "cannot be None", dict(export="orders", settings={"app.tenant": None})),
            (ValueError, "not a UUIDv4", dict(export="orders", run="6ba7b810-9dad-11d1-80b4-00c04fd430c8")),
            (TypeError, "given twice", dict(export="orders", params={"a": 1}, a=2)),
            (ValueError, "without a time zone", dict(export="orders", since=datetime.datetime(2026, 1, 1))),
            (ValueError, "NUL", dict(export="orders", name="a\0b")),
            (ValueError, "surrogate", dict(export="orders", name="\ud800")),
            (TypeError, "value.pk", dict(export="orders", customer=Customer(pk=3))),
            (TypeError, "json.dumps", dict(export="orders", data={"a": 1})),
            (TypeError, r"list\(value\)", dict(export="orders", ids={1, 2})),
            (TypeError, "builtins.object", dict(export="orders", thing=object())),
            (ValueError, "cannot hold None", dict(table="public.orders", filters={"id__in": [1, None]})),
        ]
        for error, text, arguments in cases:
            export = [arguments.pop("export")] if "export" in arguments else []
            with self.subTest(text, **{k: repr(v) for k, v in arguments.items()}):
                with self.assertRaisesRegex(error, text):
                    grant_url(*export, **arguments)

    def test_what_the_server_would_not_read_is_too_long(self):
        ids = [uuid.UUID(int=n * 2**100 + n**7) for n in range(500)]
        with self.assertRaisesRegex(ValueError, "too long"):
            grant_url("orders", ids=ids)
        with self.assertRaisesRegex(ValueError, "too long"):
            grant_url("orders", ids="x" * 40000)

    def test_the_settings_are_checked(self):
        for settings, text in (
            ({"GRANT_KEYS": [GRANT_KEY]}, "PUBLIC_URL"),
            ({"PUBLIC_URL": "/pgsluice"}, "GRANT_KEYS"),
            ({"PUBLIC_URL": "/pgsluice", "GRANT_KEYS": ["short"]}, "5 bytes"),
        ):
            with self.subTest(text), override_settings(PGSLUICE=settings):
                with self.assertRaisesRegex(ImproperlyConfigured, text):
                    grant_url("orders")

    @override_settings(PGSLUICE={"PUBLIC_URL": "/pgsluice", "GRANT_KEYS": [GRANT_KEY, "ö" * 16], "GRANT_MAX_AGE": 60})
    def test_the_first_key_signs_and_grant_max_age_bounds(self):
        url = grant_url("orders", expires=60)
        self.assertTrue(url.startswith("/pgsluice/grants/"))
        payload_of(url)
        with self.assertRaisesRegex(ValueError, "60 seconds"):
            grant_url("orders", expires=61)

    def test_the_template_tag(self):
        text = Template(
            '{% load pgsluice %}{% pgsluice_url "orders" since=day expires=300 as url %}<a href="{{ url }}">'
        ).render(Context({"day": datetime.date(2026, 1, 1)}))
        url = text[len('<a href="') : -len('">')]
        self.assertEqual(payload_of(url)["params"], {"since": "2026-01-01"})
        direct = Template('{% load pgsluice %}{% pgsluice_url "orders" %}').render(Context())
        self.assertEqual(payload_of(direct)["export"], "orders")


class Colour(models.TextChoices):
    RED = "r", "red"


class ValuesInPostgres(CommittedTestCase):
    """PostgreSQL reads each text as the value that it was made of."""

    CASES = [
        ("boolean", True, True),
        ("integer", 42, 42),
        ("integer", Order.Status.PAID, 2),
        ("text", Colour.RED, "r"),
        ("text", gettext_lazy("yes"), "yes"),
        ("text", "a\"b\\c'd, é\n", "a\"b\\c'd, é\n"),
        ("float8", 0.1, 0.1),
        ("float8", float("-inf"), float("-inf")),
        ("numeric", Decimal("1E+3"), Decimal(1000)),
        ("numeric", Decimal("12345678901234567890.123"), Decimal("12345678901234567890.123")),
        ("date", datetime.date(2024, 2, 29), datetime.date(2024, 2, 29)),
        ("time", datetime.time(23, 59, 59, 5), datetime.time(23, 59, 59, 5)),
        (
            "timestamptz",
            datetime.datetime(2024, 3, 31, 2, 30, 0, 7, datetime.timezone(datetime.timedelta(hours=-3, minutes=-30))),
            datetime.datetime(2024, 3, 31, 6, 0, 0, 7, UTC),
        ),
        (
            "interval",
            datetime.timedelta(days=-2, seconds=5, microseconds=7),
            datetime.timedelta(days=-2, seconds=5, microseconds=7),
        ),
        ("uuid", uuid.UUID(int=5), uuid.UUID(int=5)),
        ("inet::text", ip_address("2001:db8::1"), "2001:db8::1/128"),
        ("bytea", b"\x00\xff\\", b"\x00\xff\\"),
        ("integer[]", [1, None, 3], [1, None, 3]),
        ("integer[]", [], []),
        ("text[]", ["", "NULL", 'a"b\\', "{,}"], ["", "NULL", 'a"b\\', "{,}"]),
        ("integer[]", [(1, 2), (3, 4)], [[1, 2], [3, 4]]),
    ]

    def test_each_type(self):
        for cast, value, expected in self.CASES:
            with self.subTest(cast, value=value), connection.cursor() as cursor:
                cursor.execute("SELECT CAST(%%s AS text)::%s" % cast, [values.parameter("p", value)])
                found = cursor.fetchone()[0]
                self.assertEqual(bytes(found) if isinstance(found, memoryview) else found, expected)

    def test_nan_and_none(self):
        self.assertIsNone(values.parameter("p", None))
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT %s::float8 = 'NaN' AND %s::numeric = 'NaN'",
                [values.parameter("p", float("nan")), values.parameter("p", Decimal("NaN"))],
            )
            self.assertIs(cursor.fetchone()[0], True)


class GrantsAtTheServer(CommittedTestCase):
    def fetch(self, url, method="GET"):
        return self.pgsluice.get(url[len("https://downloads.example.org") :], method)

    def test_a_grant_gives_the_rows_that_it_names_and_no_others(self):
        day = datetime.date(2024, 2, 1)
        status, headers, body = self.fetch(grant_url("orders", since=day, filename="february.csv"))
        self.assertEqual(status, 200, body)
        expected = Order.objects.filter(placed_at__gte=datetime.datetime(2024, 2, 1, tzinfo=UTC)).order_by("id")
        lines = ["%d,%s,%s" % (order.pk, order.number, order.total) for order in expected]
        self.assertTrue(lines and len(lines) < Order.objects.count())
        self.assertEqual(body.decode(), "\n".join(["id,number,total", *lines, ""]))
        self.assertIn('filename="february.csv"', headers["Content-Disposition"])
        self.assertEqual(self.fetch(grant_url("orders", since=day), "HEAD")[0], 200)

    def test_the_run_has_the_id_that_the_grant_names(self):
        run = uuid.uuid4()
        status, headers, _ = self.fetch(grant_url("orders", run=run))
        self.assertEqual((status, headers["X-Run-Id"]), (200, str(run)))
        receipt = json.loads(self.pgsluice.get("/runs/%s" % run)[2])
        self.assertEqual((receipt["state"], receipt["rows"]), ("complete", Order.objects.count()))

    def test_once_is_once(self):
        url = grant_url("orders", once=True)
        self.assertEqual(self.fetch(url)[0], 200)
        self.assertEqual(self.fetch(url)[0], 410)

    def test_a_grant_of_another_key_is_refused(self):
        with self.configured(GRANT_KEYS=["another key, as long as it has to be"]):
            self.assertEqual(self.fetch(grant_url("orders"))[0], 403)

    def test_an_expired_grant_is_refused(self):
        with mock.patch("time.time", return_value=time.time() - 100):
            url = grant_url("orders", expires=60)
        status, _, body = self.fetch(url)
        self.assertEqual(status, 403)
        self.assertIn("expired", json.loads(body)["detail"])
