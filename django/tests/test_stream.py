"""The response of stream_queryset(), the file it leads to, and what goes into the ticket."""

import csv
import gzip
import io
import json
import uuid
from datetime import date
from unittest import mock

from django.contrib.auth.models import User
from django.test import AsyncClient, Client

from django_pgsluice import TicketRefused, astream_queryset, client, stream_queryset

from .models import Customer, Order
from .server import LOGIN, CommittedTestCase


class Responses(CommittedTestCase):
    def test_x_accel_redirect_has_no_body_and_no_name(self):
        response = stream_queryset(None, User.objects.all(), filename="users.csv")
        self.assertEqual(response.status_code, 200)
        self.assertRegex(response["X-Accel-Redirect"], r"^/_pgsluice/tickets/[0-9a-zA-Z_-]+$")
        self.assertEqual(response.content, b"")
        for name in ("Content-Disposition", "Cache-Control", "Location"):
            self.assertNotIn(name, response)

    def test_the_prefix_needs_no_slash(self):
        with self.configured(ACCEL_PREFIX="/_x"):
            self.assertTrue(stream_queryset(None, User.objects.all())["X-Accel-Redirect"].startswith("/_x/tickets/"))

    def test_a_redirect_to_the_public_url(self):
        for base in ("https://downloads.example.org", "/pgsluice/", "https://example.org/down/"):
            with self.configured(ACCEL_PREFIX="", PUBLIC_URL=base):
                response = stream_queryset(None, User.objects.all())
                self.assertEqual(response.status_code, 303)
                self.assertTrue(response["Location"].startswith(base.rstrip("/") + "/tickets/"), response["Location"])
                self.assertEqual(response["Cache-Control"], "no-store")
                self.assertEqual(response.content, b"")
                headers, body = self.download(response)
                self.assertEqual(len(body.splitlines()), 6)

    def test_the_server_names_the_file(self):
        for filename, expected in (
            ("users.csv", 'attachment; filename="users.csv"'),
            (None, 'attachment; filename="users.csv"'),
            ("Bücher.csv", "filename*=UTF-8''B%C3%BCcher.csv"),
        ):
            headers, _ = self.download(stream_queryset(None, User.objects.all(), filename=filename))
            self.assertIn(expected, headers["Content-Disposition"])
            self.assertEqual(len(headers.get_all("Content-Disposition")), 1)

    def test_a_compressed_file(self):
        _, plain = self.download(stream_queryset(None, User.objects.all()))
        headers, body = self.download(stream_queryset(None, User.objects.all(), filename="users.csv.gz"))
        self.assertEqual((headers["Content-Type"], headers["Content-Encoding"]), ("application/gzip", None))
        self.assertIn('filename="users.csv.gz"', headers["Content-Disposition"])
        self.assertEqual(gzip.decompress(body), plain)

    def test_a_ticket_is_used_once(self):
        path = stream_queryset(None, User.objects.all())["X-Accel-Redirect"][len("/_pgsluice") :]
        self.assertEqual(self.pgsluice.get(path, method="HEAD")[0], 200)
        self.assertEqual(self.pgsluice.get(path)[0], 200)
        self.assertEqual(self.pgsluice.get(path)[0], 410)

    def test_the_receipt_of_a_run_named_by_the_caller(self):
        run = uuid.uuid4()
        self.download(stream_queryset(None, User.objects.all(), run=run))
        status, _, body = self.pgsluice.get("/runs/%s" % run)
        self.assertEqual(status, 200)
        receipt = json.loads(body)
        self.assertEqual((receipt["state"], receipt["rows"]), ("complete", User.objects.count()))

    def test_the_default_is_the_three_line_change(self):
        """What csv.writer wrote in the view that this replaces, and the heading that the admin shows."""
        _, body = self.download(stream_queryset(None, Customer.objects.order_by("id"), "customers.csv"))
        rows = list(csv.reader(io.StringIO(body.decode(), newline="")))
        self.assertEqual(
            rows[0], ["ID", "Full name", "E-mail address", "Country", "Credit limit", "Created at", "User"]
        )
        self.assertEqual(rows[1:], [["" if v is None else str(v) for v in r] for r in Customer.objects.order_by("id").values_list()])


class Views(CommittedTestCase):
    def rows(self, response):
        return len(self.download(response)[1].decode().splitlines()) - 1

    def test_a_view(self):
        self.assertEqual(self.rows(Client().get("/users.csv")), User.objects.count())

    def test_an_async_view(self):
        self.assertEqual(self.rows(Client().get("/async/users.csv")), User.objects.count())

    async def test_an_async_view_under_asgi(self):
        response = await AsyncClient().get("/async/users.csv")
        self.assertEqual(response.status_code, 200)
        self.assertIn("/_pgsluice/tickets/", response["X-Accel-Redirect"])

    async def test_astream_queryset(self):
        response = await astream_queryset(None, User.objects.none(), filename="x.csv", headers=["a"] * 11)
        self.assertEqual(self.download(response)[1], b",".join([b"a"] * 11) + b"\r\n")


class Tickets(CommittedTestCase):
    """What is in the ticket; the server's own answer where it takes it."""

    def ticket(self, queryset=None, request=None, **options):
        answer = 201, {}, {"id": "x", "path": "/tickets/x", "expires_at": ""}
        with mock.patch.object(client, "_request", return_value=answer) as sent:
            stream_queryset(request, Order.objects.all() if queryset is None else queryset, **options)
        return json.loads(sent.call_args[0][1])

    def test_the_members(self):
        ticket = self.ticket(Order.objects.values_list("id", "number"), filename="o.csv")
        self.assertEqual(sorted(ticket), ["filename", "format", "labels", "options", "sql"])
        self.assertEqual(ticket["labels"], ["ID", "Order no."])
        self.assertEqual(ticket["options"], {"_dialect": "django", "_header": "labels", "_timezone": "UTC"})
        self.assertEqual(ticket["format"], "csv")

    def test_a_plain_queryset_is_its_own_sql(self):
        self.assertTrue(self.ticket()["sql"].startswith('SELECT "tests_order"."id"'))

    def test_no_header(self):
        self.assertEqual(self.ticket(headers="off")["options"]["_header"], "off")

    def test_formats_by_the_name_of_the_file(self):
        for filename, expected in (("a.csv.gz", "csv.gz"), ("a.TSV", "tsv"), ("a.jsonl.zst", "jsonl.zst"), ("a", "csv")):
            self.assertEqual(self.ticket(filename=filename)["format"], expected)
        self.assertEqual(self.ticket(filename="a.dat", format="tsv")["format"], "tsv")

    def test_roles_and_settings_of_the_request(self):
        with self.configured(
            ROLE=lambda request: "tenant_" + request, SETTINGS=lambda request: {"app.user": request, "app.x": 1}
        ):
            ticket = self.ticket(request="ann")
            self.assertEqual(ticket["role"], "tenant_ann")
            self.assertEqual(ticket["settings"], {"app.user": "ann", "app.x": "1"})
            ticket = self.ticket(request="ann", role="tenant_bob", settings={"app.x": 2})
            self.assertEqual(ticket["role"], "tenant_bob")
            self.assertEqual(ticket["settings"], {"app.user": "ann", "app.x": "2"})

    def test_an_empty_role_is_a_mistake_and_not_the_login(self):
        with self.assertRaisesMessage(ValueError, "role is empty"):
            self.ticket(role="")
        with self.configured(ROLE=lambda request: ""):
            with self.assertRaisesMessage(ValueError, "role is empty"):
                self.ticket(request="ann")
            self.assertEqual(self.ticket(request="ann", role="tenant_ann")["role"], "tenant_ann")

    def test_settings_are_written_as_in_a_grant(self):
        settings = {"app.on": True, "app.day": date(2026, 1, 2), "app.none": ""}
        self.assertEqual(
            self.ticket(settings=settings)["settings"], {"app.on": "true", "app.day": "2026-01-02", "app.none": ""}
        )
        with self.assertRaisesMessage(ValueError, "app.tenant: a setting cannot be None"):
            self.ticket(settings={"app.tenant": None})
        with self.assertRaisesMessage(ValueError, "tenant: a setting's name holds a dot"):
            self.ticket(settings={"tenant": 7})

    def test_options_with_and_without_their_underscore(self):
        options = self.ticket(options={"bom": True, "_null": "-", "columns": ["id", 'a"b']})["options"]
        self.assertEqual((options["_bom"], options["_null"], options["_columns"]), ("on", "-", 'id,"a""b"'))
        self.assertNotIn("bom", options)

    def test_options_and_limits(self):
        ticket = self.ticket(options={"_bom": True, "_null": None}, limits={"max_rows": 5}, expires_in=10)
        self.assertEqual(ticket["options"]["_bom"], "on")
        self.assertNotIn("_null", ticket["options"])
        self.assertEqual(ticket["limits"], {"max_rows": 5})
        self.assertEqual(ticket["expires_in"], 10)

    def test_the_server_takes_its_own_login_as_role_and_settings_within_the_patterns(self):
        self.download(stream_queryset(None, Order.objects.all(), role=LOGIN, settings={"app.user": "ann"}))

    def test_the_server_refuses_others(self):
        for options, word in (
            ({"role": "postgres"}, "postgres"),
            ({"settings": {"other.user": "x"}}, "other.user"),
        ):
            with self.assertRaises(TicketRefused) as caught:
                stream_queryset(None, Order.objects.all(), **options)
            self.assertEqual(caught.exception.status, 403)
            self.assertEqual(caught.exception.kind, "forbidden")
            self.assertIn(word, str(caught.exception))

    def test_limits_are_the_servers_to_hold(self):
        response = stream_queryset(None, Order.objects.all(), limits={"max_rows": 5})
        status, _, _ = self.pgsluice.get(response["X-Accel-Redirect"][len("/_pgsluice") :])
        self.assertEqual(status, 413)

    def test_uncommitted_rows_are_not_in_the_file(self):
        from django.db import transaction

        with transaction.atomic():
            User.objects.create(username="not yet")
            _, body = self.download(stream_queryset(None, User.objects.values_list("username"), headers="off"))
            transaction.set_rollback(True)
        self.assertNotIn(b"not yet", body)
