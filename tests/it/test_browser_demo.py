#!/usr/bin/env python3
"""The page of `./demo --django` in Chromium, as a person has it: only `./check --full` runs this.

Wants Debian's chromium, chromium-driver and python3-selenium, and what ./demo --django wants. `./demo` builds its own
program, in build/demo.
"""

import urllib.request

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from gates import Gate, gated
from harness import *

# What the tests download, and orders that have more lines than that.
ROWS, ORDERS = 10000, 6000
LATE_ROW = 9000
# Enough that the memory of the naive view stands out.
MANY_ROWS, MANY_ORDERS = 100000, 50000
VIEWS = ("naive", "iterator", "pgsluice")
# A build from nothing, on a busy machine.
DEMO_SECONDS = 300
CLICK_SECONDS = 60

# Neither selenium's word with its driver nor ours with the demo is for a proxy.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"


def processes():
    """{pid: parent's pid} of all that run; a zombie does not."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % pid) as f:
                state, parent = f.read().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state != "Z":
            found[int(pid)] = int(parent)
    return found


def descendants(pid):
    parents = processes()
    found = {pid}
    while True:
        more = {child for child, parent in parents.items() if parent in found} | found
        if more == found:
            return found - {pid}
        found = more


def runs(pid, program):
    """Whether that process runs a program whose path ends so; one that has just ended does not."""
    try:
        return os.readlink("/proc/%d/exe" % pid).endswith(program)
    except OSError:
        return False


class Demo:
    """`./demo --django` from its start to Ctrl-C, after which nothing of it may be left."""

    def __init__(self, orders=ORDERS):
        self.orders = orders

    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix="sl-it-")
        at_end(lambda: shutil.rmtree(self.directory, ignore_errors=True))
        self.rest = os.path.join(self.directory, "tmp")
        os.mkdir(self.rest)
        # PostgreSQL's user has its data below.
        os.chmod(self.directory, 0o711)
        os.chmod(self.rest, 0o711)
        with open(os.path.join(self.directory, "output"), "wb") as output:
            # A group of its own, as a terminal makes it.
            self.process = subprocess.Popen(
                [os.path.join(TOP, "demo"), "--django", "--no-install", "--rows", str(self.orders), "--port", "0"],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
                env=child_env({"TMPDIR": self.rest}))
        at_end(self._end)

        def up():
            true(self.process.poll() is None, "the demo ended: " + self.output())
            return re.search(r"^  (http://127\.0\.0\.1:\d+)/ ", self.output(), re.M)

        self.url = eventually(up, DEMO_SECONDS, "the demo says where it is").group(1)
        self.pids = descendants(self.process.pid)
        self.pgsluice, = [p for p in self.pids if runs(p, "/build/demo/pgsluice")]
        with open("/proc/%d/environ" % self.pgsluice) as f:
            given = dict(pair.split("=", 1) for pair in f.read().split("\0") if "=" in pair)
        # For sql(): the database of the demo.
        os.environ.update({name: given[name] for name in ("PGHOST", "PGUSER", "PGDATABASE")})
        return self

    def __exit__(self, kind, *trouble):
        self._end()
        if kind is None:
            equal(self.process.returncode, 130)
            equal(os.listdir(self.rest), [])
            equal(self.pids & set(processes()), set(), "processes of the demo are left")

    def _end(self):
        if self.process.poll() is not None:
            return
        note(self.output())
        os.killpg(self.process.pid, signal.SIGINT)
        try:
            self.process.wait(STOP_DEADLINE * SLOW)
        except subprocess.TimeoutExpired:
            # PostgreSQL is in a session of its own, so not in the group.
            for pid in descendants(self.process.pid) | {self.process.pid}:
                os.kill(pid, signal.SIGKILL)
            self.process.wait()
            raise AssertionError("the demo did not end")

    def output(self):
        with open(os.path.join(self.directory, "output"), errors="replace") as f:
            return f.read()

    def stop_pgsluice(self):
        os.kill(self.pgsluice, signal.SIGKILL)
        eventually(lambda: self.pgsluice not in processes())


class Page:
    """The page in a browser of its own."""

    def __init__(self, demo, rows=ROWS, width=1200):
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        # The page is ours, and the sandbox wants rights that root and containers lack.
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--no-proxy-server",
                         "--disable-background-networking", "--user-data-dir=%s/chromium" % demo.directory):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        service = Service("/usr/bin/chromedriver", env=child_env({"TMPDIR": demo.directory}))
        self.driver = webdriver.Chrome(service=service, options=options)
        at_end(self.driver.quit)
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                    dict(width=width, height=800, deviceScaleFactor=1, mobile=width < 500))
        # What the browser's own first page asks for is not ours.
        self.driver.get("about:blank")
        self.driver.get_log("performance")
        self.driver.get(demo.url + "/")
        self.rows = self.driver.find_element(By.ID, "rows")
        Select(self.rows).select_by_value(str(rows))

    def button(self, view):
        return self.driver.find_element(By.CSS_SELECTOR, "button[aria-describedby=%s]" % view)

    def cell(self, view, name):
        return self.driver.find_element(By.CSS_SELECTOR, "tr[data-url='/%s.csv'] .%s" % (view, name)).text

    def failed(self, view):
        return bool(self.driver.find_elements(By.CSS_SELECTOR, "tr[data-url='/%s.csv'] .whole.failed" % view))

    def await_end(self, view):
        eventually(self.rows.is_enabled, CLICK_SECONDS, "%s ends" % view)
        return self.cell(view, "whole")

    def click(self, view):
        """Clicks and waits; returns the last cell."""
        self.button(view).click()
        return self.await_end(view)

    def bytes(self, view):
        return int(self.cell(view, "bytes").replace(",", "") or 0)

    def megabytes(self, view):
        return float(matches(self.cell(view, "memory"), r"^(\d+\.\d) MB$").group(1))

    def requests(self):
        """The addresses that it has asked for over the network since it was opened."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        urls = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
        return [url for url in urls if url.startswith(("http", "ws"))]

    def console(self):
        return [entry["message"] for entry in self.driver.get_log("browser")]


@test(deadline=DEMO_SECONDS + 60)
def the_three_views_give_the_same_bytes_and_say_what_they_took():
    with Demo(MANY_ORDERS) as demo:
        page = Page(demo, MANY_ROWS)
        verdicts = {view: page.click(view) for view in VIEWS}
        equal(verdicts["pgsluice"], "yes: complete, 100,000 rows by the receipt")
        equal((verdicts["naive"], verdicts["iterator"]), ("did not break", "did not break"))
        with urllib.request.urlopen("%s/naive.csv?rows=%d" % (demo.url, MANY_ROWS)) as answer:
            size = len(answer.read())
        equal([page.bytes(view) for view in VIEWS], [size] * 3)
        for view in VIEWS:
            true(not page.failed(view))
            matches(page.cell(view, "seconds"), r"^\d+\.\d\d s$")
            matches(page.cell(view, "first"), r"^\d+\.\d\d s$")
            matches(page.cell(view, "cpu"), r"^\d+\.\d{3} s$")
        first = page.megabytes("naive")
        true(page.megabytes("pgsluice") < first / 10, "%g and %g MB" % (page.megabytes("pgsluice"), first))
        # The second time it takes as much: what the worker keeps for later does not hide it.
        page.click("naive")
        true(page.megabytes("naive") > first * 0.75, "%g MB, then %g MB" % (first, page.megabytes("naive")))
        equal({re.match(r"\w+://[^/]*", url).group() for url in page.requests()}, {demo.url})
        equal(page.console(), [])


@test(deadline=DEMO_SECONDS + 60)
def a_download_that_cannot_begin_shows_why():
    with Demo() as demo:
        page = Page(demo)
        sql("REVOKE SELECT ON shop_orderline FROM shop_tickets")
        matches(page.click("pgsluice"), r"^failed: status 403: \w")
        demo.stop_pgsluice()
        contains(page.click("pgsluice"), "failed: status 503: The export server takes no exports now.")
        true(page.failed("pgsluice"))
        equal([page.cell("pgsluice", name) for name in ("seconds", "bytes", "memory")], ["", "", ""])
        # The others do without it, and a failure is not left standing.
        equal(page.click("iterator"), "did not break")
        true(not page.failed("iterator"))


@test(deadline=DEMO_SECONDS + 60)
def a_download_that_breaks_off_is_shown_as_broken():
    with Demo() as demo:
        # The order is the view's own: PostgreSQL would sort what comes out of the gate, and have no row before it opens.
        columns = "id, position, quantity, unit_price, discount, order_id, product_id"
        sql("""ALTER TABLE shop_orderline RENAME TO shop_orderline_rows;
               CREATE VIEW shop_orderline (%s, gift_message) AS SELECT %s, %s FROM shop_orderline_rows ORDER BY id;
               GRANT SELECT ON shop_orderline TO shop_tickets""" % (
            columns, columns, gated("id = %d" % LATE_ROW, 7)))
        page = Page(demo)
        with Gate(7):
            page.button("pgsluice").click()
            eventually(lambda: page.bytes("pgsluice") > 0 or page.rows.is_enabled(), CLICK_SECONDS)
            equal(page.cell("pgsluice", "whole"), "running …")
            sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'shop_tickets'")
            verdict = page.await_end("pgsluice")
        matches(verdict, r"^no: broken: .*; failed, [\d,]+ rows by the receipt: \w")
        true(page.failed("pgsluice"))


@test(deadline=DEMO_SECONDS + 60)
def the_keyboard_is_enough_and_a_phone_is_wide_enough():
    with Demo() as demo:
        page = Page(demo, width=360)
        visited = []
        for _ in range(len(VIEWS)):
            ActionChains(page.driver).send_keys(Keys.TAB).perform()
            visited.append(page.driver.switch_to.active_element.get_attribute("aria-describedby"))
        equal(visited, list(VIEWS), "the tab key after the choice of rows")
        page.driver.switch_to.active_element.send_keys(Keys.ENTER)
        equal(page.await_end("pgsluice"), "yes: complete, 10,000 rows by the receipt")
        equal(page.driver.switch_to.active_element, page.button("pgsluice"), "the focus stays")
        equal(page.driver.execute_script("return document.documentElement.scrollWidth - innerWidth"), 0)


main(postgres=False)
