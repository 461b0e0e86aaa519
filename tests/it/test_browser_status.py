#!/usr/bin/env python3
"""The status page in Chromium, as an operator has it: only `./check --full` runs this.

Wants Debian's chromium and the Python of tools/browser-env.
"""

from contextlib import contextmanager

from browsing import Browser
from harness import *
from peers import *

HOSTILE = "<img src=x onerror=\"document.title='hit'\">"

EXPORTS = {
    "small": "SELECT i FROM generate_series(1, 3) AS i",
    "zero": "SELECT 1 / (SELECT 0) AS secret_column",
    "gated": "SELECT * FROM (%s) s" % rows(20000, gated("g = 6000", 7)),
    "endless": ENDLESS,
    # The django dialect names the column whose type it does not write.
    "hostile": "SELECT point(1, 2) AS \"%s\"" % HOSTILE.replace('"', '""'),
}
# The page asks once a second.
SHOWN = 10
# What Chromium says of a request without an answer, or with one that refuses.
NO_ANSWER = ("Failed to load resource",)


class View:
    """The page as it stands."""

    def __init__(self, browser, page):
        self.browser, self.page = browser, page
        page.set_default_timeout(SHOWN * 1000 * SLOW)

    def shows(self, what):
        return eventually(what, SHOWN)

    def looks_well(self, name):
        self.browser.picture(self.page, name)
        self.browser.accessible(self.page)

    def text(self, selector):
        return self.page.locator(selector).inner_text()

    def visible(self, selector):
        return self.page.locator(selector).is_visible()

    def cancel(self, export):
        return self.page.locator("#running li", has_text=export).get_by_role("button")

    def really_cancel(self, button):
        """Clicks, and once more as soon as that counts."""
        button.click()

        def answered():
            asked = button.inner_text() == "Really cancel?"
            if asked:
                button.click()
            return not asked
        self.shows(answered)

    def ended(self):
        """(export, state) of the rows of the table."""
        names = self.page.locator("#recent [data-is=export]").all_inner_texts()
        return list(zip(names, self.page.locator("#recent [data-is=state]").all_inner_texts()))


@contextmanager
def status_page(s, **options):
    with Browser() as browser:
        yield View(browser, browser.page(s.admin + "/status", still=True, **options))


def busy(s, gate):
    """One export that stands at its gate, one that waits for a slot, and several that have ended."""
    for path in ("small.csv", "small.csv.gz", "zero.csv", "hostile.csv?_dialect=django"):
        s.get("/exports/" + path)
    reader = Reader(s, "/exports/gated.csv", rcvbuf=262144)
    gate.reached()
    return [reader, Reader(s, "/exports/small.csv", head=False)]


def settle(gate, readers):
    gate.open()
    for reader in readers:
        reader.read_message()


@test
def runs_come_move_and_end_before_the_operators_eyes():
    with Server(EXPORTS, {"database": PATIENT}) as s, Gate(7) as gate, status_page(s) as b:
        b.shows(lambda: b.visible("#spark"))
        true(b.visible("#idle") and b.text("#told") == "None yet.")
        equal(b.text("[data-is=slots]"), "0 of 8")
        b.looks_well("empty")
        reader = Reader(s, "/exports/gated.csv", rcvbuf=262144)
        gate.reached()
        b.shows(lambda: b.page.locator("#running li").count() == 1)
        true(not b.visible("#idle"))
        b.shows(lambda: re.search(r"^[\d,]+ of about 20,000 rows, [1-9]\d* %$", b.text("[data-is=progress]")))
        equal((b.text("#running [data-is=export]"), b.text("#running [data-is=state]")), ("gated", "running"))
        equal(b.text("#running [data-is=id]"), reader.run_id)
        equal(b.text("[data-is=slots]"), "1 of 8")
        matches(b.text("#running [data-is=rate]"), r"^[\d,]+ rows/s, [\d.]+ [kM]?B/s$")
        # It holds its snapshot, and the page does not stand still.
        b.shows(lambda: b.text("[data-is=held]") not in ("–", "0:00") and b.text("[data-is=oldest]") != "–")
        settle(gate, [reader])
        b.shows(lambda: b.ended() == [("gated", "complete")])
        equal(b.text("#recent [data-is=rows]"), "20,000 rows")
        true(b.visible("#idle"))


@test
def a_run_is_cancelled_by_the_second_click_and_not_by_a_double_click():
    with Server(EXPORTS, {"database": PATIENT}) as s, status_page(s) as b:
        client = curl(s.url + "/exports/endless.csv", "--limit-rate", "1M")
        backend, = running_since()
        b.shows(lambda: b.page.locator("#running li").count() == 1)
        button = b.cancel("endless")
        button.dblclick()
        equal(button.inner_text(), "Really cancel?")
        b.looks_well("sure")
        # It asks again when nothing came of it: after Escape, at another place, after a while.
        equal(b.text("#said"), "Press again to cancel endless; Escape leaves it.")
        button.press("Escape")
        equal((button.inner_text(), b.text("#said")), ("Cancel", ""), "what is said twice is heard twice")
        button.click()
        b.page.locator("#running-title").focus()
        equal(button.inner_text(), "Cancel")
        button.click()
        eventually(lambda: button.inner_text() == "Cancel", SHOWN + 15)
        true(not gone(backend) and s.receipt(client.run_id, final=False)["state"] == "running")
        b.really_cancel(button)
        soon(lambda: gone(backend), "the backend is gone")
        true(client.wait() != 0, "the client was told that the file is whole")
        b.shows(lambda: b.ended() == [("endless", "cancelled")])
        equal(b.text("#recent [data-is=error]"), "cancelled: cancelled by the operator")
        equal(b.text("#said"), "endless is cancelled.")


@test
def the_keyboard_is_enough():
    with Server(EXPORTS, {"database": PATIENT}) as s, status_page(s) as b:
        client = curl(s.url + "/exports/endless.csv", "--limit-rate", "1M")
        b.shows(lambda: b.page.locator("#running li").count() == 1)
        focused = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.className"
        visited = []
        for _ in range(2):
            b.page.keyboard.press("Tab")
            visited.append(b.page.evaluate(focused))
        name = client.wait_run_id()[:8]
        equal(visited, ["skip", "Cancel endless, run " + name])
        # A key that is held down does not answer its own question.
        for _ in range(30):
            b.page.keyboard.down("Enter")
        b.page.keyboard.up("Enter")
        equal(b.page.evaluate(focused), "Really cancel? endless, run " + name)
        equal(b.text("#said"), "Press again to cancel endless; Escape leaves it.")

        def again():
            b.page.keyboard.press("Enter")
            return "Really" not in b.page.evaluate(focused)
        b.shows(again)
        b.shows(lambda: b.ended() == [("endless", "cancelled")])
        equal(b.page.evaluate("document.activeElement.id"), "running-title", "where the focus goes")
        true(client.wait() != 0)


@test
def a_run_that_ends_first_is_not_cancelled_and_that_is_told():
    with Server(EXPORTS, {"database": PATIENT}) as s, Gate(7) as gate, \
            status_page(s, expected=NO_ANSWER) as b:
        readers = [Reader(s, "/exports/gated.csv", rcvbuf=262144)]
        gate.reached()
        b.shows(lambda: b.page.locator("#running li").count() == 1)
        # The page is not told that it has ended.
        before = s.get("/status.json", admin=True).text
        b.page.route("**/status.json", lambda route: route.fulfill(body=before))
        settle(gate, readers)
        s.receipt(readers[0].run_id)
        b.really_cancel(b.cancel("gated"))
        b.shows(lambda: b.text("#said") == "gated was not cancelled: the run has ended already: complete.")
        b.shows(lambda: b.text("#news") == b.text("#said"))
        b.page.unroute("**/status.json")
        b.shows(lambda: b.ended() == [("gated", "complete")])


@test
def a_service_that_goes_and_comes_back_is_told_and_needs_no_reload():
    with Server(EXPORTS) as s:
        s.get("/exports/small.csv")
        with status_page(s, expected=NO_ANSWER) as b:
            b.shows(lambda: b.ended() == [("small", "complete")])
            s.workspace.write("pgsluice.conf", s.workspace.read("pgsluice.conf").replace(
                b"admin_listen = 127.0.0.1:0", b"admin_listen = " + s.admin_address.encode()))
            s.stop()
            b.shows(lambda: b.visible("#trouble"))
            matches(b.text("#trouble"), r"^No answer since \d{4}-\d\d-\d\d [\d:]{8} UTC\. Asking again each second\.$")
            matches(b.text("#said"), "^No answer since ")
            # What was known last stays to be read.
            equal(b.ended(), [("small", "complete")])
            b.looks_well("failing")
            with Server(workspace=s.workspace) as new:
                equal(new.admin_address, s.admin_address)
                b.shows(lambda: not b.visible("#trouble"))
                matches(b.text("#said"), "^The service answers again. The service was started anew at ")
                matches(b.text("#news"), "^The service was started anew at .* and has forgotten all runs before.$")
                equal(b.ended(), [])
                new.get("/exports/small.csv")
                b.shows(lambda: b.ended() == [("small", "complete")])


@test
def the_token_is_asked_for_and_kept_for_the_tab():
    token = "opérateur-€"
    with Server(EXPORTS, {"server": {"admin_token": token}}) as s:
        s.get("/exports/small.csv")
        with status_page(s, expected=NO_ANSWER) as b:
            b.shows(lambda: b.visible("#ask"))
            equal((b.visible("#live"), b.page.locator("#recent tr").count()), (False, 0))
            b.looks_well("token")
            b.page.keyboard.type("wrong–")
            b.page.keyboard.press("Enter")
            b.shows(lambda: b.text("#trouble") == "That is not the token.")
            equal(b.text("#said"), "That is not the token.")
            b.shows(lambda: b.page.evaluate("document.activeElement.id") == "token")
            b.page.keyboard.type(token)
            b.page.keyboard.press("Enter")
            b.shows(lambda: b.ended() == [("small", "complete")])
            true(not b.visible("#ask") and not b.visible("#trouble"))
            equal((b.text("#said"), b.page.evaluate("document.activeElement.id")), ("", "main"))
            b.page.reload()
            b.shows(lambda: b.ended() == [("small", "complete")])
            client = curl(s.url + "/exports/endless.csv", "--limit-rate", "1M")
            b.shows(lambda: b.page.locator("#running li").count() == 1)
            b.really_cancel(b.cancel("endless"))
            true(client.wait() != 0)


@test
def hostile_text_does_nothing():
    with Server(EXPORTS) as s:
        s.get("/exports/hostile.csv?_dialect=django")
        with status_page(s) as b:
            b.shows(lambda: b.visible("#spark"))
            s.get("/exports/hostile.csv?_dialect=django")
            b.shows(lambda: len(b.ended()) == 2)
            for error in b.page.locator("#recent [data-is=error]").all_inner_texts():
                contains(error, HOSTILE)
            equal((b.page.title(), b.page.locator("#recent img").count()), ("Status of pgsluice", 0))


@test
def it_can_be_read_in_the_dark_on_a_phone_and_without_a_script():
    with Server(EXPORTS, {"database": {**PATIENT, "max_exports": 1}}) as s, Gate(7) as gate:
        readers = busy(s, gate)
        for name, options in (("light", {}), ("dark", {"dark": True}), ("phone", {"phone": True}),
                              ("phone-dark", {"phone": True, "dark": True})):
            with status_page(s, **options) as b:
                b.shows(lambda: b.visible("#spark") and b.page.locator("#running li").count() == 2)
                equal(b.page.locator("#running [data-is=state]").all_inner_texts(), ["running", "queued"])
                b.looks_well(name)
        with status_page(s, script=False) as b:
            equal(b.page.locator("#running [data-is=export]").all_inner_texts(), ["gated", "small"])
            equal(b.page.locator("button:visible").count(), 0)
            b.browser.picture(b.page, "no-script")
            b.page.get_by_role("link", name="reload it").click()
            equal(len(b.ended()), 4)
        settle(gate, readers)


main()
