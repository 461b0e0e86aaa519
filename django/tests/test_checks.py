"""The system checks: one for each mistake in PGSLUICE."""

import os
import socket
import tempfile

from django_pgsluice import checks

from django.core.checks import registry, run_checks
from django.test import SimpleTestCase, override_settings

KEY = "a key of thirty-two bytes or more, for tests"
SECRET = "the tickets' secret of thirty-two bytes"
GOOD = {
    "TICKETS_URL": "unix:/run/pgsluice/tickets.sock",
    "TICKETS_SECRET": SECRET,
    "ACCEL_PREFIX": "/_pgsluice/",
    "PUBLIC_URL": "https://downloads.example.org",
    "GRANT_KEYS": [KEY],
}


def found(check=checks.check_settings, **changes):
    """The ids that these settings get; None takes a key away."""
    settings = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    with override_settings(PGSLUICE=settings):
        return check()


class Settings(SimpleTestCase):
    def test_good_settings_pass(self):
        self.assertEqual(found(), [])
        self.assertEqual(found(PUBLIC_URL="/pgsluice", ACCEL_PREFIX=None), [])
        self.assertEqual(found(TICKETS_URL="http://127.0.0.1:8082"), [])
        # Grants alone: another machine may hand the tickets over.
        self.assertEqual(found(TICKETS_URL=None, TICKETS_SECRET=None, ACCEL_PREFIX=None), [])

    def test_each_mistake_has_its_id(self):
        cases = [
            ("E001", dict(GRANT_MAX_AGE="a day")),
            ("E001", dict(TICKETS_URL=7)),
            ("E001", dict(TICKETS_SECRET=SECRET + "\n")),
            ("E001", dict(GRANT_KEYS={KEY})),
            ("E002", dict(TICKET_URL="unix:/x")),
            ("E003", dict(TICKETS_SECRET=None)),
            ("E003", dict(TICKETS_URL=None)),
            ("E004", dict(TICKETS_URL=None, TICKETS_SECRET=None, GRANT_KEYS=None, PUBLIC_URL=None)),
            ("E005", dict(GRANT_KEYS=[KEY, "short"])),
            ("E005", dict(TICKETS_SECRET="short")),
            ("E006", dict(GRANT_KEYS=["prefix:" + "of the tests, and of nothing else"])),
            ("E006", dict(TICKETS_SECRET="of the tests, and of nothing else")),
            ("W007", dict(GRANT_KEYS=None)),
            ("W007", dict(PUBLIC_URL=None)),
            ("E009", dict(ACCEL_PREFIX="_pgsluice")),
            ("E009", dict(ACCEL_PREFIX="/_pgsluice/?x=")),
            ("E009", dict(PUBLIC_URL="downloads.example.org")),
            ("E009", dict(TICKETS_URL="unix:tickets.sock")),
            ("E009", dict(TICKETS_URL="127.0.0.1:8082")),
            ("E009", dict(TICKETS_URL="http://127.0.0.1:many")),
            ("E010", dict(DATABASES=["default", "replica"])),
        ]
        for name, changes in cases:
            with self.subTest(**changes):
                messages = found(**changes)
                self.assertEqual([message.id for message in messages], ["pgsluice." + name])

    def test_nothing_leads_to_the_export(self):
        ids = [message.id for message in found(ACCEL_PREFIX=None, PUBLIC_URL=None)]
        self.assertIn("pgsluice.E008", ids)

    def test_no_settings_at_all_are_a_warning(self):
        with override_settings(PGSLUICE={}):
            self.assertEqual([message.id for message in checks.check_settings()], ["pgsluice.W001"])
        with override_settings(PGSLUICE=["TICKETS_URL"]):
            self.assertEqual([message.id for message in checks.check_settings()], ["pgsluice.E001"])

    def test_an_unknown_key_gets_a_suggestion(self):
        self.assertIn("TICKETS_URL", found(TICKET_URL="unix:/x")[0].hint)
        self.assertIn("GRANT_KEYS", found(grant_key=KEY)[0].hint)
        self.assertIn("ACCEL_PREFIX", found(nonsense=1)[0].hint)

    @override_settings(SECRET_KEY_FALLBACKS=["an older key of Django, which was long enough"])
    def test_older_keys_of_django_stay_in_django(self):
        messages = found(GRANT_KEYS=["an older key of Django, which was long enough"])
        self.assertEqual([message.id for message in messages], ["pgsluice.E006"])

    @override_settings(SECRET_KEY="dev")
    def test_a_short_word_in_a_key_is_chance(self):
        self.assertEqual(found(GRANT_KEYS=["a key of the developer, long enough"]), [])

    def test_no_message_repeats_a_secret(self):
        for changes in (dict(GRANT_KEYS=["tiny-key"]), dict(TICKETS_SECRET="tiny-key")):
            text = repr(found(**changes))
            self.assertNotIn("tiny-key", text)
            self.assertNotIn(KEY, text)


class Socket(SimpleTestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="sl-dj-")
        self.addCleanup(directory.cleanup)
        self.path = os.path.join(directory.name, "tickets.sock")

    def ids(self, url=None):
        return [message.id for message in found(checks.check_socket, TICKETS_URL=url or "unix:" + self.path)]

    def test_a_socket_that_answers_passes(self):
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.path)
            self.assertEqual(self.ids(), ["pgsluice.W011"])  # nobody listens yet
            listener.listen()
            self.assertEqual(self.ids(), [])

    def test_a_socket_that_is_not_there_and_a_file_that_is_none(self):
        self.assertEqual(self.ids(), ["pgsluice.W011"])
        with open(self.path, "w"):
            pass
        self.assertEqual(self.ids(), ["pgsluice.W011"])

    def test_an_address_is_not_tried(self):
        self.assertEqual(self.ids("http://127.0.0.1:1"), [])

    def test_only_a_deployment_is_asked_for_its_socket(self):
        with override_settings(PGSLUICE={**GOOD, "TICKETS_URL": "unix:" + self.path}):
            ordinary = {message.id for message in run_checks()}
            deploy = {message.id for message in run_checks(include_deployment_checks=True)}
        self.assertNotIn("pgsluice.W011", ordinary)
        self.assertIn("pgsluice.W011", deploy)
        self.assertIn(checks.check_settings, registry.registry.get_checks())
