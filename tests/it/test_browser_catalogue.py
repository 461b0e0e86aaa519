#!/usr/bin/env python3
"""The catalogue in Chromium, as a person has it: only `./check --full` runs this.

Wants Debian's chromium and the Python of tools/browser-env.
"""

import urllib.request

from browsing import Browser
from gates import PATIENT, Gate, gated, rows
from harness import *

EXPORTS = {
    "orders": """-- title: Orders
-- description: One line per order, newest first
-- param: since date = 2020-01-01   Orders placed on or after this day
-- param: until timestamptz?
-- param: least integer?   Not less than this many pieces
-- param: paid boolean?
-- param: ids integer[]?   Only these
-- param: country text   ISO code of the country

SELECT g AS id, :'country'::text AS country, :'since'::date + g AS placed_on, (g * 1.37)::numeric(12,2) AS total,
       g % 3 = 0 AS paid, CASE WHEN g % 4 = 0 THEN NULL ELSE 'A remark on order ' || g END AS remark,
       '<script>alert(' || g || ')</script>' AS hostile, :'least'::int AS least, :'ids'::int[] AS ids,
       :'until'::timestamptz AS until, :'paid'::bool AS wanted
FROM generate_series(1, 3000) AS g WHERE :'least'::int IS NULL OR g >= :'least'::int""",
    "customers": "-- title: Customers\n-- description: With their newest order\n\nSELECT 1 AS id, 'Ada' AS name",
    "stock": "-- title: Stock\n\nSELECT 1 AS piece",
    "none": "-- title: Nothing at all\n\nSELECT 1 AS one, 'x' AS two WHERE false",
    "hostile": "-- title: <img src=x onerror=alert(1)> & \"friends\"\n-- param: p text = '</code><script>alert(1)</script>'\n\n"
               "SELECT :'p' AS \"<b>\"",
    "broken": "-- title: Fails late\n\nSELECT 1 / (30000 - g) AS x, repeat('x', 100) FROM generate_series(1, 60000) AS g",
    "held": "-- title: Takes its time\n\n" + rows(60000, gated("g = 50000", 7)),
}


def fill(page, **values):
    for name, value in values.items():
        page.locator("#in-" + name).fill(value)


def save(page, press):
    """The bytes of the file that pressing a button brings."""
    with page.expect_download() as download:
        press()
    with open(download.value.path(), "rb") as f:
        return download.value.suggested_filename, f.read()


def fetch(url):
    with urllib.request.urlopen(url) as answer:
        return answer.read()


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


@test
def a_person_finds_an_export_fills_the_form_looks_and_downloads():
    with Server(EXPORTS) as s, Browser() as browser:
        page = browser.page(s.url + "/exports", expected=("400",))
        browser.accessible(page, "the list")
        page.get_by_role("searchbox", name="Search").fill("ord NEW")
        equal(page.locator("#list li:visible a").all_inner_texts(), ["Customers", "Orders"])
        equal(page.locator("#count").inner_text(), "2 of 7 exports")
        page.get_by_role("link", name="Orders").click()
        equal(page.get_by_role("heading", level=1).inner_text(), "Orders")
        browser.accessible(page, "the form")
        # What is missing is said by the browser; what is wrong by the server, in its place.
        button(page, "Preview").click()
        equal(page.locator("#in-country:invalid").count(), 1)
        fill(page, country="DE", since="2026-02-03", least="10", ids="{1,x}", until="2026-02-03T10:30")
        page.locator("#in-paid").select_option("true")
        button(page, "Preview").click()
        page.locator("#in-ids[aria-invalid=true]").wait_for()
        contains(page.locator("#wrong-ids").inner_text(), "not a valid integer[]")
        true(page.evaluate("document.activeElement.id") == "in-ids", "the field that is wrong has the focus")
        browser.accessible(page, "an error")
        browser.picture(page, "wrong")
        fill(page, ids="{1,2}")
        button(page, "Preview").click()
        page.locator("#result table").wait_for()
        equal(page.locator("#result tbody tr").count(), 20)
        equal(page.locator("#result tbody tr").first.locator("td").all_inner_texts()[:4], ["10", "DE", "2026-02-13", "13.70"])
        equal(page.locator("[aria-invalid]").count(), 0)
        browser.accessible(page, "the preview")
        browser.picture(page, "preview")
        query = "?since=2026-02-03&until=2026-02-03T10%3A30&least=10&paid=true&ids=%7B1%2C2%7D&country=DE"
        name, data = save(page, button(page, "Download").click)
        matches(name, r"^orders-\d{4}-\d\d-\d\d\.csv$")
        true(data == fetch(s.url + "/exports/orders.csv" + query), "the file is that of the same address")
        page.get_by_text("The file is whole: 2,991 rows").wait_for()
        contains(page.locator("#figures").inner_text(), "SHA-256")
        browser.accessible(page, "a download")
        browser.picture(page, "whole")
        page.locator("#format").select_option("csv.gz")
        line = page.locator("#curl").inner_text()
        contains(line, "/exports/orders.csv.gz?")
        done = subprocess.run(["sh", "-c", line.replace("-fOJ", "-fs") + " | gunzip"], stdout=subprocess.PIPE, check=True)
        true(done.stdout == data, "the line for the shell fetches the same")
        # The address is that of the form as it is.
        page.reload()
        equal(page.locator("#in-country").input_value(), "DE")


@test
def a_download_is_followed_by_its_receipt():
    with Gate(7) as gate, Server(EXPORTS, {"database": PATIENT}) as s, Browser() as browser:
        page = browser.page(s.url + "/exports/held.html")
        with page.expect_download() as download:
            button(page, "Download").click()
            gate.reached()
            page.get_by_text("Downloading").wait_for()
            contains(page.locator("#figures").inner_text(), "rows")
            browser.picture(page, "running")
            browser.accessible(page, "running")
            gate.open()
        page.get_by_text("The file is whole: 60,000 rows").wait_for()
        equal(s.run_lines()[-1]["state"], "complete")
        true(download.value.path())


@test
def a_download_that_breaks_is_told():
    with Server(EXPORTS) as s, Browser() as browser:
        page = browser.page(s.url + "/exports/broken.html")
        button(page, "Download").click()
        page.get_by_text("what was downloaded is not whole").wait_for()
        browser.picture(page, "failed")
        browser.accessible(page, "failed")


@test
def what_the_server_refuses_is_said_in_the_page():
    config = {"database": {"max_exports": 1, "queue_timeout": "200ms", **PATIENT}}
    with Gate(7) as gate, Server(EXPORTS, config) as s, Browser() as browser:
        first = threading.Thread(target=s.get, args=("/exports/held.csv",))
        first.start()
        gate.reached()
        page = browser.page(s.url + "/exports/stock.html", expected=("503",))
        button(page, "Preview").click()
        page.locator("#problem .bad").wait_for()
        browser.picture(page, "busy")
        button(page, "Download").click()
        eventually(lambda: "slot" in page.locator("#problem").inner_text() or "busy" in page.locator("#problem").inner_text(), 20)
        equal(page.get_by_role("heading", level=1).inner_text(), "Stock", "the page is still there")
        gate.open()
        first.join()
        save(page, button(page, "Download").click)


@test
def a_server_that_is_gone_is_said():
    with Browser() as browser:
        with Server(EXPORTS) as s:
            page = browser.page(s.url + "/exports/stock.html", expected=("ERR_CONNECTION_REFUSED",))
        button(page, "Preview").click()
        page.get_by_text("The server does not answer.").wait_for()


@test
def what_is_no_page_of_an_export_is_said_all_the_same():
    with Server(EXPORTS) as s, Browser() as browser:
        page = browser.page(s.url + "/exports/stock.html", expected=("404",))
        os.remove(os.path.join(s.workspace.directory, "exports.d", "stock.sql"))
        s.process.send_signal(signal.SIGHUP)
        s.wait_log(lambda line: "msg=reloaded" in line)
        for name in ("Preview", "Download"):
            button(page, name).click()
            page.get_by_text("there is no such export").wait_for()
            page.evaluate("document.getElementById('problem').replaceChildren()")


@test
def all_of_it_works_without_a_script():
    with Server(EXPORTS) as s, Browser() as browser:
        page = browser.page(s.url + "/exports", script=False, expected=("400",))
        page.get_by_role("searchbox").fill("orders")
        button(page, "Find").click()
        equal(page.locator("#list a").all_inner_texts(), ["Orders"])
        page.get_by_role("link", name="Orders").click()
        fill(page, country="DE", ids="{1,x}")
        button(page, "Preview").click()
        contains(page.locator("#wrong-ids").inner_text(), "not a valid integer[]")
        equal(page.locator("#in-ids").input_value(), "{1,x}")
        fill(page, ids="{1}")
        button(page, "Preview").click()
        equal(page.locator("#result tbody tr").count(), 20)
        browser.picture(page, "no-script")
        page.locator("#format").select_option("csv")
        _, data = save(page, button(page, "Download").click)
        true(data == fetch(s.url + "/exports/orders.csv?ids=%7B1%7D&country=DE"))


@test
def the_keyboard_is_enough():
    with Server(EXPORTS) as s, Browser() as browser:
        page = browser.page(s.url + "/exports")
        page.keyboard.press("Tab")
        equal(page.evaluate("document.activeElement.textContent"), "Skip to the content")
        page.keyboard.press("Tab")
        page.keyboard.type("stock")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Stock").wait_for()
        for _ in range(20):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.textContent") == "Preview":
                break
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        equal(outline, "solid", "the focus is to be seen")
        page.keyboard.press("Enter")
        page.locator("#result table").wait_for()
        equal(page.evaluate("document.activeElement.id"), "result-title")


@test
def values_do_nothing_in_a_page():
    with Server(EXPORTS) as s, Browser() as browser:
        page = browser.page()
        page.on("dialog", lambda dialog: browser.complaints.append("a dialog: " + dialog.message))
        page.goto(s.url + "/exports")
        contains(page.locator("#list").inner_text(), "<img src=x onerror=alert(1)> & \"friends\"")
        for path in ("/exports/hostile.html?_do=preview", "/exports/orders.html?_do=preview&country=%3Cimg+src=x+onerror=alert(1)%3E"):
            page.goto(s.url + path)
            equal(page.locator("img").count(), 0)
            button(page, "Preview").click()
            eventually(lambda: page.locator("#result tbody tr").count() > 0)
            equal(page.locator("img, #result script").count(), 0)
        contains(page.locator("#result").inner_text(), "<script>alert(1)</script>")


@test
def the_pages_are_fit_to_be_looked_at():
    with Server(EXPORTS) as s, Server({}) as empty, Browser() as browser:
        for dark in (False, True):
            for phone in (False, True):
                look = ("dark" if dark else "light") + ("-phone" if phone else "")
                page = browser.page(s.url + "/exports", dark=dark, phone=phone)
                browser.picture(page, "list-" + look)
                browser.accessible(page, "list " + look)
                page.goto(s.url + "/exports/orders.html?country=DE&_header=labels&_do=preview")
                browser.picture(page, "form-" + look)
                browser.accessible(page, "form " + look)
        page = browser.page(empty.url + "/exports")
        browser.picture(page, "empty")
        browser.accessible(page, "empty")
        page = browser.page(s.url + "/exports/none.html?_do=preview")
        browser.picture(page, "no-rows")
        browser.accessible(page, "no rows")
    sql("CREATE TABLE shop_orders (id integer, total numeric(12,2), note text); COMMENT ON TABLE shop_orders IS 'All orders';"
        "INSERT INTO shop_orders SELECT g, g * 1.37, 'note ' || g FROM generate_series(1, 30) AS g;"
        "CREATE TABLE shop_customers (id integer, name text, password text)")
    with Server(EXPORTS, {"exports": {"tables": "public.shop_*"}}) as s, Browser() as browser:
        page = browser.page(s.url + "/exports")
        page.locator("summary").first.click()
        browser.picture(page, "tables")
        browser.accessible(page, "tables")
        page.get_by_role("link", name="public.shop_orders", exact=True).click()
        fill(page, id="7", _filter="total__gte=1.5")
        button(page, "Preview").click()
        page.locator("#result table").wait_for()
        equal(page.locator("#result tbody tr").all_inner_texts(), ["7\t9.59\tnote 7"])
        browser.picture(page, "table")
        browser.accessible(page, "a table")
        contains(page.locator("#curl").inner_text(), "/tables/public.shop_orders.csv?id=7&total__gte=1.5'")
        _, data = save(page, button(page, "Download").click)
        equal(data, b"id,total,note\n7,9.59,note 7\n")
        page.get_by_text("The file is whole: 1 rows").wait_for()
    with Server(EXPORTS, {"exports": {"tables": "*.*"}, "database": {"dsn": "host=127.0.0.1 port=1"}}) as s, Browser() as browser:
        page = browser.page(s.url + "/exports")
        browser.picture(page, "no-tables")
        browser.accessible(page, "no tables")
    with Server(EXPORTS, {"access": {"anonymous": "off"}}) as s, Browser() as browser:
        page = browser.page(s.url + "/exports", expected=("401",))
        browser.picture(page, "no-token")
        browser.accessible(page, "no token")


@test
def a_thousand_exports_are_searched_as_one_types():
    many = {"export_%04d" % i: "-- title: Export number %d\n-- description: What it is for, in some words\n\nSELECT %d AS n" % (i, i)
            for i in range(1000)}
    with Server(many) as s, Browser() as browser:
        page = browser.page(s.url + "/exports")
        equal(page.locator("#list li").count(), 1000)
        # The time of the script and of the new layout, in the page itself.
        took = page.evaluate("""() => {
            const q = document.getElementById("q"), times = [];
            for (const word of ["9", "99", "999", "", "number 5"]) {
                const start = performance.now();
                q.value = word;
                q.dispatchEvent(new Event("input"));
                document.body.offsetHeight;
                times.push(performance.now() - start);
            }
            return Math.max(...times);
        }""")
        diag("a key press in a search of 1,000 takes %.1f ms" % took)
        equal(page.locator("#count").inner_text(), "271 of 1,000 exports")
        browser.picture(page, "thousand", whole=False)


main()
