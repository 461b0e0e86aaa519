"""manage.py pgsluice_check and pgsluice_export, against the real server."""

import hashlib
import http.client
import io
import os
import re
import signal
import stat
import tempfile
from unittest import mock

from django_pgsluice import fetch
from django_pgsluice.management.commands import pgsluice_export
from django_pgsluice.sql import Compiled

from django.core.management import CommandError, call_command
from django.db import connection

from .models import Customer, Order
from .server import CommittedTestCase


class CommandCase(CommittedTestCase):
    def setUp(self):
        self.server = "unix:" + self.pgsluice.path("public.sock")
        directory = tempfile.TemporaryDirectory(prefix="sl-dj-")
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.file = os.path.join(self.directory, "out.csv")

    def run_command(self, *args, **options):
        """(exit code, standard output, standard error)"""
        out, err = io.StringIO(), io.StringIO()
        code = 0
        try:
            call_command(*args, "--server", self.server, stdout=out, stderr=err, **options)
        except CommandError as error:
            err.write(str(error))
            code = error.returncode
        return code, out.getvalue(), err.getvalue()

    def content(self):
        with open(self.file, "rb") as f:
            return f.read()

    def assertNothingLeft(self):
        self.assertEqual(os.listdir(self.directory), [])


class Check(CommandCase):
    def check(self, **settings):
        """(exit code, (state, what) of each line, all that was said)"""
        with self.configured(**settings):
            code, out, err = self.run_command("pgsluice_check")
        lines = [re.match(r"(ok|failed|skipped|warning)\s+([^:]+):", line) for line in out.splitlines()]
        return code, [match.groups() for match in lines if match], out + err

    def failed(self, **settings):
        code, lines, text = self.check(**settings)
        self.assertEqual(code, 1, text)
        return [what for state, what in lines if state == "failed"], text

    def warned(self, **settings):
        code, lines, text = self.check(**settings)
        self.assertEqual(code, 0, text)
        return [what for state, what in lines if state == "warning"], text

    def test_a_good_installation(self):
        code, lines, text = self.check()
        self.assertEqual(code, 0, text)
        self.assertEqual(
            lines, [("ok", what) for what in ("settings", "tickets", "server", "clock", "export", "database", "key 1")]
        )
        self.assertIn(connection.settings_dict["NAME"], text)
        self.assertIn("pgsluice_tickets", text)

    def test_wrong_settings_end_it(self):
        what, text = self.failed(TICKETS_URL="nowhere")
        self.assertEqual(what, ["settings"])
        self.assertIn("pgsluice.E009", text)

    def test_settings_that_are_half_done_are_told(self):
        what, text = self.warned(GRANT_KEYS=[])
        self.assertEqual(what, ["settings"])
        self.assertIn("pgsluice.W007", text)

    def test_a_wrong_secret(self):
        what, text = self.failed(TICKETS_SECRET="s" * 40)
        self.assertEqual(what, ["tickets"])
        self.assertIn("401", text)
        self.assertNotIn("s" * 40, text)

    def test_a_socket_that_is_not_there(self):
        what, text = self.failed(TICKETS_URL="unix:/nowhere/tickets.sock")
        self.assertEqual(what, ["tickets"])
        self.assertIn("No such file", text)

    def test_a_key_that_the_server_does_not_know(self):
        what, text = self.failed(GRANT_KEYS=[*self.pgsluice.settings()["GRANT_KEYS"], "k" * 40])
        self.assertEqual(what, ["key 2"])
        self.assertNotIn("k" * 40, text)

    def test_a_server_that_is_another_program(self):
        self.server = "unix:" + self.pgsluice.path("admin.sock")
        with mock.patch.object(fetch.Server, "document", return_value=(200, {}, {})):
            self.assertEqual(self.failed()[0], ["server"])
        self.server = "unix:/nowhere/public.sock"
        self.assertEqual(self.failed()[0], ["server"])

    def test_clocks_that_differ(self):
        original = fetch.Server.document
        for date, direction in (
            ("Tue, 01 Jan 2002 00:00:00 GMT", "behind"),
            ("Fri, 01 Jan 2100 00:00:00 GMT", "ahead"),
        ):

            def document(self, path, method="GET", date=date):
                status, headers, body = original(self, path, method)
                return status, {**headers, "Date": date}, body

            with self.subTest(direction), mock.patch.object(fetch.Server, "document", document):
                what, text = self.failed()
                self.assertEqual(what, ["clock"])
                self.assertIn(direction, text)

    def test_another_database(self):
        with mock.patch(
            "django_pgsluice.management.commands.pgsluice_check.PROBE",
            "SELECT 'mine' AS a, '', '', '' UNION ALL SELECT 'theirs', '', '', '' ORDER BY a",
        ):
            self.assertEqual(self.failed()[0], ["database"])

    def search_path(self, path):
        """Of Django's connection, for this test."""
        with connection.cursor() as cursor:
            cursor.execute("SET search_path = " + path)
        self.addCleanup(connection.close)

    def test_another_search_path(self):
        self.search_path("information_schema, public")
        what, text = self.warned()
        self.assertEqual(what, ["search_path"])
        self.assertIn("default looks for tables in information_schema, public, the server in public", text)
        self.assertIn("ALTER ROLE pgsluice_tickets SET search_path", text)

    def test_another_search_path_that_leads_to_the_same_tables(self):
        self.search_path('public, "a schema that is not there"')
        self.assertEqual(self.warned()[0], [])

    def test_without_an_address_the_rest_is_skipped(self):
        out = io.StringIO()
        with self.configured(PUBLIC_URL="/pgsluice"):
            call_command("pgsluice_check", stdout=out)
        self.assertIn("skipped server", out.getvalue())
        self.assertIn("--server", out.getvalue())


class Export(CommandCase):
    def export(self, *args, **options):
        return self.run_command("pgsluice_export", *args, "-o", self.file, **options)

    def test_a_model(self):
        code, _, err = self.export(
            "tests.Order", "-f", "status=2", "--fields", "number,customer__name", "--order=-number"
        )
        self.assertEqual(code, 0, err)
        rows = Order.objects.filter(status=2).order_by("-number").values_list("number", "customer__name")
        self.assertEqual(
            self.content().decode().split("\r\n"),
            ["Order no.,Customer full name", *("%s,%s" % row for row in rows), ""],
        )
        self.assertIn(
            "rows=%d bytes=%d sha256=%s id="
            % (len(rows), len(self.content()), hashlib.sha256(self.content()).hexdigest()),
            err,
        )

    def test_filters_that_are_no_text(self):
        for filters, expected in (
            (["id__in=1,2,3"], 3),
            (["seller__isnull=true"], Order.objects.filter(seller=None).count()),
            (
                ["placed_at__range=2024-01-01T00:00+01:00,2024-01-10T00:00+01:00"],
                Order.objects.filter(placed_at__range=("2024-01-01T00:00+01:00", "2024-01-10T00:00+01:00")).count(),
            ),
        ):
            with self.subTest(filters):
                code, _, err = self.export("tests.Order", *("--filter=" + text for text in filters), "--headers", "off")
                self.assertEqual(code, 0, err)
                self.assertIn("rows=%d " % expected, err)
        self.assertEqual(self.export("auth.User", "-f", "is_staff=true", "--headers", "off")[0], 0)
        self.assertIn(b"user0", self.content())
        self.assertNotIn(b"user1", self.content())

    def test_a_named_export_through_a_grant(self):
        code, _, err = self.export("orders", "-f", "since=2024-02-01")
        self.assertEqual(code, 0, err)
        self.assertTrue(self.content().startswith(b"id,number,total\n"))
        self.assertLess(self.content().count(b"\n"), Order.objects.count())

    def test_standard_output(self):
        out = io.TextIOWrapper(io.BytesIO())
        with mock.patch("sys.stdout", out):
            code, _, err = self.run_command("pgsluice_export", "tests.Customer", "--fields", "id")
        self.assertEqual((code, out.buffer.getvalue().count(b"\r\n")), (0, Customer.objects.count() + 1), err)

    def test_the_file_has_an_ordinary_mode(self):
        mask = os.umask(0o027)
        try:
            self.export("orders", verbosity=0)
        finally:
            os.umask(mask)
        self.assertEqual(stat.S_IMODE(os.stat(self.file).st_mode), 0o640)

    def test_mistakes_have_the_exit_codes_of_the_program(self):
        for code, args in (
            (64, ["tests.Nothing"]),
            (64, ["Orders!"]),
            (64, ["no-such-export"]),
            (64, ["orders", "--fields", "id"]),
            (64, ["orders", "-f", "since"]),
            (65, ["orders", "-f", "since=yesterdayish"]),
            (65, ["orders", "-f", "until=2024-01-01"]),
            (65, ["tests.Order", "-f", "nothing=1"]),
            (65, ["tests.Order", "-f", "placed_at__gte=soon"]),
            (65, ["tests.Order", "-f", "seller__isnull=perhaps"]),
            (65, ["tests.Awkward"]),
            (65, ["tests.Order", "--format", "xlsx"]),
            (65, ["tests.Order", "--database", "elsewhere"]),
        ):
            with self.subTest(args):
                found, _, err = self.export(*args)
                self.assertEqual(found, code, err)
                self.assertNothingLeft()

    def test_role_and_settings_go_along(self):
        for settings in ({"ROLE": "postgres"}, {"SETTINGS": {"other.user": "x"}}):
            with self.subTest(settings), self.configured(**settings):
                code, _, err = self.export("tests.Order")
                self.assertEqual(code, 77, err)  # the server does not allow these
                self.assertNothingLeft()

    def test_a_directory_that_is_not_there(self):
        self.file = os.path.join(self.directory, "no", "out.csv")
        self.assertEqual(self.export("orders")[0], 73)

    def test_a_server_that_is_not_there(self):
        self.server = "unix:/nowhere/public.sock"
        self.assertEqual(self.export("orders")[0], 69)
        self.assertNothingLeft()
        with self.configured(TICKETS_URL="unix:/nowhere/tickets.sock"):
            self.assertEqual(self.export("tests.Order")[0], 75)
        self.server = "/pgsluice"
        self.assertEqual(self.export("orders")[0], 78)

    def test_a_broken_transfer_leaves_the_old_file(self):
        with open(self.file, "w") as f:
            f.write("yesterday's")
        # The division fails at a row that comes long after the first batch.
        queryset = "SELECT g AS id, 1000 / (60000 - g) AS x FROM generate_series(1, 100000) AS g"
        compiled = Compiled(sql=queryset, labels=("id", "x"), options={})
        with mock.patch.object(pgsluice_export, "compile_queryset", return_value=compiled):
            code, _, err = self.export("tests.Order")
        self.assertEqual(code, 75, err)
        self.assertIn("broke", err)
        self.assertEqual((os.listdir(self.directory), self.content()), (["out.csv"], b"yesterday's"))

    def test_sigterm_leaves_the_old_file(self):
        with open(self.file, "w") as f:
            f.write("yesterday's")
        before = signal.getsignal(signal.SIGTERM)

        def download(server, path, out):
            out.write(b"half of it")
            os.kill(os.getpid(), signal.SIGTERM)
            self.fail("still here")

        with mock.patch.object(fetch.Server, "download", download), self.assertRaises(SystemExit) as ended:
            self.export("orders")
        self.assertEqual(ended.exception.code, 128 + signal.SIGTERM)
        self.assertEqual((os.listdir(self.directory), self.content()), (["out.csv"], b"yesterday's"))
        self.assertIs(signal.getsignal(signal.SIGTERM), before)

    def test_what_is_no_ordinary_file_stays_what_it_is(self):
        null = os.path.join(self.directory, "null")
        os.symlink("/dev/null", null)
        self.file = null
        self.assertEqual(self.export("orders")[0], 0)
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/null").st_mode))
        self.assertTrue(os.path.islink(null))
        self.file = os.path.join(self.directory, "link.csv")
        os.symlink("real.csv", self.file)
        self.assertEqual(self.export("orders")[0], 0)
        self.assertTrue(os.path.islink(self.file))
        self.assertTrue(self.content().startswith(b"id,"))
        self.assertEqual(sorted(os.listdir(self.directory)), ["link.csv", "null", "real.csv"])

    def test_what_the_receipt_does_not_confirm_is_no_file(self):
        for receipt, text in (
            ({}, "no receipt"),
            ({"state": "failed", "error": {"detail": "the disk is full"}}, "failed: the disk is full"),
            ({"state": "complete", "bytes": 1, "sha256": ""}, "not what was sent"),
        ):
            with self.subTest(receipt), mock.patch.object(fetch.Server, "_receipt", return_value=receipt):
                code, _, err = self.export("orders")
                self.assertEqual(code, 75, err)
                self.assertIn(text, err)
                self.assertNothingLeft()

    def test_over_http_and_behind_a_path(self):
        """The request line and the kind of connection for each kind of address."""
        server = fetch.Server("https://downloads.example.org/pgsluice/", 5)
        self.assertEqual(server.base, "/pgsluice")
        self.assertIsInstance(server._connection(), http.client.HTTPSConnection)
        for url in ("downloads.example.org", "ftp://x", "unix:x", "http://", "/pgsluice"):
            with self.subTest(url), self.assertRaises(ValueError):
                fetch.Server(url, 5)
