"""local_exports(): what a project's own tests get instead of a server."""

import csv
import io

from django_pgsluice import ConversionBypassed, DatabaseNotServed, grant_url, stream_queryset
from django_pgsluice.testing import local_exports

from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from django.test import RequestFactory, TestCase, override_settings

from .models import Awkward, Customer, Kinds, Order
from .server import CommittedTestCase


def stream(queryset, **arguments):
    return stream_queryset(RequestFactory().get("/"), queryset, **arguments)


class UncommittedRows(TestCase):
    def test_rows_of_the_test_are_in_the_file(self):
        User.objects.create(username="uncommitted", first_name='quote " and, comma')
        with local_exports() as exports:
            response = self.client.get("/users.csv")
        self.assertEqual(response.status_code, 200)
        self.assertEqual(response["Content-Disposition"], 'attachment; filename="users.csv"')
        self.assertEqual(response["Content-Type"], "text/csv; charset=utf-8; header=present")
        rows = list(csv.DictReader(io.StringIO(response.content.decode(), newline="")))
        self.assertEqual(rows[-1]["Username"], "uncommitted")
        self.assertEqual(rows[-1]["First name"], 'quote " and, comma')
        (export,) = exports
        self.assertEqual((export.filename, export.format, export.rows), ("users.csv", "csv", User.objects.count()))
        self.assertEqual(export.content, response.content)
        self.assertIs(export.queryset.model, User)
        self.assertIn("Username", export.labels)

    @local_exports(kwarg_name="exports")
    def test_as_a_decorator(self, exports):
        stream(Customer.objects.all())
        stream(Customer.objects.none(), filename="none.csv")
        self.assertEqual(
            [(export.filename, export.rows) for export in exports],
            [("customers.csv", Customer.objects.count()), ("none.csv", 0)],
        )

    def test_mistakes_stay_mistakes(self):
        with local_exports():
            with self.assertRaises(ConversionBypassed):
                stream(Awkward.objects.all())
            with self.assertRaises(DatabaseNotServed):
                stream(Order.objects.using("elsewhere"))
            with self.assertRaisesRegex(NotImplementedError, "_delimiter"):
                stream(Order.objects.all(), options={"_delimiter": ";"})
            with self.assertRaisesRegex(NotImplementedError, "tsv"):
                stream(Order.objects.all(), filename="orders.tsv")

    def test_it_ends_with_its_block(self):
        with override_settings(PGSLUICE={}):
            with self.assertRaises(ZeroDivisionError), local_exports():
                self.assertTrue(grant_url("orders").startswith("/pgsluice/grants/"))
                raise ZeroDivisionError
            with self.assertRaises(ImproperlyConfigured):
                stream(Order.objects.all())
            with self.assertRaises(ImproperlyConfigured):
                grant_url("orders")

    @override_settings(PGSLUICE={"ROLE": lambda request: "tenant_1", "SETTINGS": {"app.tenant": 1}})
    def test_role_and_settings_are_recorded(self):
        with local_exports() as exports:
            stream(Order.objects.all())
        self.assertEqual((exports[0].role, exports[0].settings), ("tenant_1", {"app.tenant": "1"}))

    def test_excel_disarms_formulas(self):
        Customer.objects.all().delete()
        Customer.objects.create(name="=1+1", credit_limit=-5, created_at="2024-01-01T00:00Z")
        with local_exports():
            response = stream(
                Customer.objects.values_list("name", "credit_limit"), dialect="excel", headers=["-a", "b"]
            )
        self.assertEqual(response.content, b"\xef\xbb\xbf'-a,b\r\n'=1+1,-5.00\r\n")

    def test_a_query_with_percent_signs(self):
        with local_exports():
            body = stream(Order.objects.filter(note__contains="100 %").values_list("note").distinct()).content
        self.assertEqual(body, b"Note\r\n100 % wool\r\n")


@local_exports()
class WholeClass(TestCase):
    def test_the_views_answer_themselves(self):
        self.assertEqual(self.client.get("/users.csv").content.count(b"\r\n"), User.objects.count() + 1)


class SameAsTheServer(CommittedTestCase):
    """The substitute and the server print the same bytes."""

    CASES = [
        (Kinds.objects.order_by("id"), {}),
        (Kinds.objects.order_by("id"), {"dialect": "postgres"}),
        (Order.objects.order_by("id"), {"choices": "labels", "fk": {"customer": "name"}}),
        (Order.objects.order_by("id"), {"headers": "off"}),
        (Order.objects.order_by("id"), {"dialect": "postgres", "headers": "names"}),
        (Customer.objects.order_by("id"), {"dialect": "postgres", "headers": ["a,b", "", 'c"', "d", "e\n", "f", "g"]}),
        (Customer.objects.order_by("id").values_list("email"), {}),
        (Customer.objects.order_by("id").values_list("credit_limit"), {"dialect": "postgres"}),
        (Order.objects.none(), {}),
    ]

    def test_byte_for_byte(self):
        for queryset, arguments in self.CASES:
            with self.subTest(queryset.model.__name__, **arguments):
                if arguments.get("dialect", "django") == "django" and queryset.model is Kinds:
                    queryset = queryset.defer("mac", "json", "file")
                theirs = self.download(stream(queryset, **arguments))[1]
                with transaction.atomic(), local_exports():
                    ours = stream(queryset, **arguments).content
                self.assertEqual(ours.decode(), theirs.decode())
        self.assertTrue(connection.get_autocommit())
