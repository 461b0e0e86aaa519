"""manage.py pgsluice_check: does everything between Django, the server and the database fit together?"""

import csv
import email.utils
import io
import time
import uuid
from http.client import HTTPMessage
from typing import Any, List, Optional

from django.core.checks import ERROR
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connections

from ... import checks, grants
from ...client import post_ticket
from ...conf import Config, get_config
from ...exceptions import PgsluiceError
from ...fetch import DownloadFailed, Server, absolute, problem_of, reason

MAX_SKEW = 5.0
"""Seconds between the two clocks: more, and grants of a few minutes begin to fail."""

PROBE = (
    "SELECT current_database() AS database, current_user AS login, "
    "extract(epoch FROM pg_postmaster_start_time())::numeric AS started, "
    "array_to_string(current_schemas(false), ', ') AS schemas"
)
"""Says which database the server reads: two of them have hardly started in the same microsecond. And where it looks
for tables: of the search_path, the schemas that are there and that the login may use, "$user" spelled out."""

LABELS = ["database", "login", "started", "schemas"]

DSN = 'the server\'s [tickets] dsn, or the aliases in PGSLUICE["DATABASES"]'


class Command(BaseCommand):
    help = (
        "Reaches the server as stream_queryset() and grant_url() would, and says what does not fit: addresses, "
        "secrets, keys, clocks, the database, its search_path. Ends with 1 if anything failed. Changes nothing."
    )
    requires_system_checks: List[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--server",
            metavar="URL",
            help="the server's ordinary listener, http://127.0.0.1:8080 or unix:/path; default: PUBLIC_URL where "
            "that is an address",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.failures = 0
        for message in checks.check_settings():
            text = "%s (%s)" % (message.msg, message.id)
            if message.level >= ERROR or message.id == "pgsluice.W001":
                self._failed("settings", text, message.hint)
            else:
                self._warning("settings", text)
        if self.failures:
            raise CommandError("the settings are not right; nothing else was tried")
        self._ok("settings", "no mistake found")
        config = get_config()
        ticket = self._tickets(config) if config.tickets_url else None
        server = self._server(config, options["server"])
        if server is not None:
            if self._reach(server):
                if ticket is not None:
                    self._run(server, ticket, config)
                for position, key in enumerate(config.grant_keys):
                    self._key(server, position, key)
        if self.failures:
            raise CommandError("%d failed" % self.failures)

    def _tickets(self, config: Config) -> Optional[str]:
        """Posts a ticket, which costs the server a line in a table for ten seconds; its path."""
        try:
            ticket = post_ticket(config, {"sql": PROBE, "labels": LABELS, "expires_in": 10})
        except PgsluiceError as error:
            self._failed(
                "tickets",
                str(error),
                "the server runs, its [tickets] listen and secret are TICKETS_URL and TICKETS_SECRET here, "
                "and this user may open the socket",
            )
            return None
        self._ok("tickets", "%s takes tickets with this secret" % config.tickets_url)
        return ticket.path

    def _server(self, config: Config, given: Optional[str]) -> Optional[Server]:
        url = given or config.public_url
        if not absolute(url):
            self._line(
                "skipped",
                "server",
                "PUBLIC_URL is no address: pass --server to test the ordinary listener, keys, clock and database",
            )
            return None
        try:
            return Server(url, config.timeout)
        except ValueError as error:
            raise CommandError(str(error)) from error

    def _reach(self, server: Server) -> bool:
        before = time.time()
        try:
            status, headers, document = server.document("/runs/%s" % uuid.uuid4())
        except OSError as error:
            self._failed(
                "server",
                "%s cannot be reached: %s" % (server.url, reason(error)),
                "PUBLIC_URL (or --server) leads to the server's [server] listen, and its proxy is up",
            )
            return False
        if status != 404 or document.get("type") != "urn:pgsluice:not_found":
            self._failed(
                "server",
                "%s answers, but not as pgsluice: %d" % (server.url, status),
                "the proxy passes /runs/, /grants/ and /tickets/ of this address to pgsluice",
            )
            return False
        self._ok("server", "%s answers" % server.url)
        self._clock(headers, before, time.time())
        return True

    def _clock(self, headers: HTTPMessage, before: float, after: float) -> None:
        try:
            there = email.utils.parsedate_to_datetime(headers.get("Date", "")).timestamp()
        except (TypeError, ValueError, IndexError):
            self._failed("clock", "the answer has no Date", "a proxy that removes Date hides a wrong clock")
            return
        # Date has no fractions: the clock there stands somewhere in the second that follows.
        skew = max(before - (there + 1), there - after, 0.0)
        if skew > MAX_SKEW:
            direction = "behind" if there < before else "ahead"
            self._failed(
                "clock",
                "the server's clock is %.0f s %s" % (skew, direction),
                "synchronise both with NTP: grants expire by the server's clock",
            )
        else:
            self._ok("clock", "less than %.0f s apart" % max(MAX_SKEW, skew))

    def _run(self, server: Server, path: str, config: Config) -> None:
        """Runs the ticket: the way of every export of a queryset."""
        out = io.BytesIO()
        try:
            server.download(path, out)
        except DownloadFailed as error:
            self._failed(
                "export",
                str(error),
                "410: %s and TICKETS_URL are two servers; 403, 404: a proxy does not pass /tickets/; "
                "500, 503: the server's [tickets] dsn" % server.url,
            )
            return
        there = list(csv.reader(io.StringIO(out.getvalue().decode("utf-8", "replace"), newline="")))[-1]
        self._ok("export", "a ticket was run on database %s by login %s" % (there[0], there[1]))
        for alias in config.databases:
            self._database(alias, there)

    def _database(self, alias: str, there: List[str]) -> None:
        try:
            with connections[alias].cursor() as cursor:
                cursor.execute(PROBE)
                here = cursor.fetchone()
        except (DatabaseError, ImproperlyConfigured) as error:
            self._failed("database", "%s: %s" % (alias, str(error).strip()), "DATABASES")
            return
        if here[0] != there[0]:
            self._failed("database", "%s is %s here, the server reads %s" % (alias, here[0], there[0]), DSN)
            return
        if str(here[2]) != there[2]:
            # A replica is one, too, and may well be meant.
            self._ok("database", "%s has the same name, %s, in another PostgreSQL: a replica?" % (alias, here[0]))
        else:
            self._ok("database", "%s is the same, %s" % (alias, here[0]))
        if here[3] != there[3]:
            self._warning(
                "search_path",
                "%s looks for tables in %s, the server in %s" % (alias, here[3] or "none", there[3] or "none"),
                "ALTER ROLE %s SET search_path = …, as for Django's connection, and its USAGE of these schemas"
                % there[1],
            )

    def _key(self, server: Server, position: int, key: str) -> None:
        """A grant for what does not exist: 403 when the signature is not good, 404 when it is."""
        name = "key %d" % (position + 1)
        payload = {"export": "check-%s" % uuid.uuid4(), "exp": int(time.time()) + 60}
        try:
            status, _, document = server.document("/grants/" + grants.sign(payload, key))
        except OSError as error:
            self._failed(name, reason(error), "the server is up")
            return
        if status == 404:
            self._ok(name, "the server knows GRANT_KEYS[%d]%s" % (position, ", which signs" if position == 0 else ""))
        else:
            self._failed(
                name,
                "GRANT_KEYS[%d]: %s" % (position, problem_of(status, document)),
                "the same text in GRANT_KEYS and in grant_key of the server's [access], and both restarted",
            )

    def _ok(self, what: str, text: str) -> None:
        self._line("ok", what, text)

    def _warning(self, what: str, text: str, advice: Optional[str] = None) -> None:
        self._line("warning", what, text, advice)

    def _failed(self, what: str, text: str, advice: Optional[str]) -> None:
        self.failures += 1
        self._line("failed", what, text, advice)

    def _line(self, state: str, what: str, text: str, advice: Optional[str] = None) -> None:
        self.stdout.write("%-7s %s: %s" % (state, what, text))
        if advice:
            self.stdout.write("        look at: %s" % advice)
