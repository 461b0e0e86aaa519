"""A page in Debian's Chromium, driven by playwright (tools/browser-env), with axe-core at hand.

    with Browser() as browser:
        page = browser.page(s.url + "/exports")      # a playwright page, in a profile of its own
        browser.accessible(page)                      # axe-core finds nothing
        browser.picture(page, "light")                # build/browser/PROGRAM-light.png, to be looked at

At its end no page may have asked for anything elsewhere, and none may have complained on its console.
"""

import os
import sys
from contextlib import contextmanager
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from tap import TOP, equal, true

CHROMIUM = "/usr/bin/chromium"
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1200, "height": 900}

# What WCAG 2.2 AA asks for, and what axe-core counts as good practice.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

# Neither playwright's word with the browser nor the browser's with us is for a proxy.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"


class _Browser:
    def __init__(self, chromium):
        self.chromium = chromium
        self.asked = set()      # hosts
        self.complaints = []    # of the consoles

    def page(self, url=None, dark=False, phone=False, script=True, still=False, expected=(), **more):
        """A new page; expected: parts of console messages that belong to the test."""
        context = self.chromium.new_context(
            viewport=PHONE if phone else DESK, device_scale_factor=2 if phone else 1, is_mobile=phone, has_touch=phone,
            color_scheme="dark" if dark else "light", java_script_enabled=script,
            reduced_motion="reduce" if still else "no-preference", accept_downloads=True, **more)
        page = context.new_page()
        page.on("request", lambda request: self.asked.add(urlsplit(request.url).hostname))

        def said(text):
            if not any(part in text for part in expected):
                self.complaints.append(text)

        page.on("console", lambda message: message.type in ("error", "warning") and said(message.text))
        page.on("pageerror", lambda error: said(str(error)))
        if url:
            page.goto(url)
        return page

    def accessible(self, page, what=""):
        found = Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}}).response["violations"]
        equal([(v["id"], [node["html"][:200] for node in v["nodes"]]) for v in found], [], what)

    def picture(self, page, name, whole=True):
        directory = os.environ.get("SL_PICTURES") or os.path.join(TOP, "build", "browser")
        os.makedirs(directory, exist_ok=True)
        program = os.path.basename(sys.argv[0]).replace("test_browser_", "").replace(".py", "")
        page.screenshot(path=os.path.join(directory, "%s-%s.png" % (program, name)), full_page=whole)
        true(page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page %s does not scroll sideways" % name)


@contextmanager
def Browser():
    with sync_playwright() as playwright:
        # The pages are ours, and the sandbox wants rights that root and containers lack.
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=[
            "--no-sandbox", "--disable-dev-shm-usage", "--no-proxy-server", "--disable-background-networking"])
        try:
            browser = _Browser(chromium)
            yield browser
            equal(browser.asked - {"127.0.0.1", None}, set(), "who else was asked")
            equal(browser.complaints, [], "on the console")
        finally:
            chromium.close()
