"""ExportView: a class-based view, with Django's own mixins for permissions."""

import csv
import io

from django_pgsluice import ExportView

from django.contrib.auth.mixins import LoginRequiredMixin, PermissionRequiredMixin
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.test import RequestFactory, SimpleTestCase

from .models import Customer, Order
from .server import CommittedTestCase


class Orders(ExportView):
    model = Order


class Germans(LoginRequiredMixin, ExportView):
    queryset = Customer.objects.filter(country="DE").order_by("id").values_list("id", "name")
    filename = "germans.csv"
    headers = "names"
    dialect = "postgres"


class Mine(PermissionRequiredMixin, ExportView):
    permission_required = "tests.view_order"
    raise_exception = True
    stream_options = {"choices": "labels"}

    def get_queryset(self):
        return Order.objects.filter(seller=self.request.user).order_by("id").values_list("number", "status")

    def get_filename(self):
        return "orders of %s.csv" % self.request.user


class Views(CommittedTestCase):
    def setUp(self):
        self.factory = RequestFactory()
        self.user = User.objects.get(username="user1")

    def call(self, view, method="get", user=None):
        request = getattr(self.factory, method)("/")
        request.user = user or self.user
        return view.as_view()(request)

    def test_a_model_is_exported_whole(self):
        headers, body = self.download(self.call(Orders))
        self.assertEqual(body.count(b"\r\nN0") + body.count(b",N0"), Order.objects.count())
        self.assertTrue(body.startswith(b"ID,Order no.,"))
        self.assertIn('filename="order.csv"', headers["Content-Disposition"])

    def test_the_attributes_are_those_of_stream_queryset(self):
        headers, body = self.download(self.call(Germans))
        rows = Customer.objects.filter(country="DE").order_by("id")
        self.assertEqual(body.decode(), "id,name\n" + "".join("%d,%s\n" % (row.pk, row.name) for row in rows))
        self.assertIn('filename="germans.csv"', headers["Content-Disposition"])

    def test_the_rows_are_read_anew_each_time(self):
        self.assertIsNot(Germans().get_queryset(), Germans.queryset)
        first = self.download(self.call(Germans))[1]
        added = Customer.objects.create(name="New", country="DE", created_at="2024-01-01T00:00Z")
        self.addCleanup(added.delete)
        self.assertEqual(self.download(self.call(Germans))[1], first + b"%d,New\n" % added.pk)

    def test_the_mixins_of_django_guard_it(self):
        self.assertEqual(self.call(Germans, user=AnonymousUser()).status_code, 302)
        with self.assertRaises(PermissionDenied):
            self.call(Mine)

    def test_the_request_narrows_the_rows(self):
        boss = User.objects.create_superuser("boss of all")
        self.addCleanup(boss.delete)
        order = Order.objects.order_by("id").first()
        Order.objects.filter(pk=order.pk).update(seller=boss)
        self.addCleanup(Order.objects.filter(pk=order.pk).update, seller=order.seller_id)
        headers, body = self.download(self.call(Mine, user=boss))
        self.assertEqual(
            list(csv.reader(io.StringIO(body.decode(), newline=""))),
            [["Order no.", "Status"], [order.number, order.get_status_display()]],
        )
        self.assertIn('filename="orders of boss of all.csv"', headers["Content-Disposition"])


class Methods(SimpleTestCase):
    def test_others_than_get_are_refused(self):
        for method in ("post", "put", "patch", "delete", "trace"):
            with self.subTest(method):
                response = Orders.as_view()(getattr(RequestFactory(), method)("/"))
                self.assertEqual(response.status_code, 405)
                self.assertEqual(response["Allow"], "GET, HEAD, OPTIONS")

    def test_a_view_without_rows_says_what_it_needs(self):
        with self.assertRaisesRegex(ImproperlyConfigured, "model, a queryset, or get_queryset"):
            ExportView.as_view()(RequestFactory().get("/"))
