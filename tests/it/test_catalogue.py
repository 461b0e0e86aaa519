#!/usr/bin/python3
"""The catalogue for machines and people: JSON, the pages, the form of an export, its preview."""

import hashlib
import html.parser
import urllib.parse

from gates import PATIENT, Gate, gated, rows
from harness import *

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
HOSTILE = "</title><script>alert(1)</script>\"'&amp; %s ü"

EXPORTS = {
    "orders": """-- title: Orders of the shop
-- description: One line per order, newest first
-- param: since date = 2020-01-01   On or after this day
-- param: at timestamptz?
-- param: least integer?   Not less than
-- param: share numeric?
-- param: paid boolean?
-- param: ids integer[]?
-- param: country text   ISO code

SELECT g AS id, g * 1.5 AS total, :'country'::text AS country, :'since'::date AS since, NULL::text AS nothing,
       '' AS empty, E'two\nlines, "quoted"' AS note, :'least'::int + 0 AS least, :'paid'::bool AS paid,
       :'ids'::int[] AS ids, :'at'::timestamptz IS NULL AS a, :'share'::numeric AS s
FROM generate_series(1, 5000) AS g""",
    "hostile": "-- title: " + HOSTILE + "\n-- description: " + HOSTILE + "\n-- param: p text = '" +
               HOSTILE.replace("'", "''") + "'  " + HOSTILE + "\n\nSELECT :'p' AS \"<b>\", '<i>&' AS v",
    "plain": "SELECT 1 AS one",
    "none": "SELECT 1 AS one, 2 AS two WHERE false",
    "wide": "SELECT repeat('ä', 100000) AS wide",
    "vast": "SELECT repeat('x', 100000) AS wide FROM generate_series(1, 20)",
    "broken": "SELECT 1 / (g - 1) AS x FROM generate_series(1, 5) AS g",
    "slow": "SELECT pg_sleep(60)",
}


class Page(html.parser.HTMLParser):
    """A page taken apart: .text, .tags as (name, attributes), .cells of the table, .of(id) for an element's text."""

    VOID = {"meta", "link", "input", "br"}

    def __init__(self, text):
        super().__init__()
        self.tags, self.words, self.open, self.by_id, self.rows = [], [], [], {}, []
        self.feed(text)
        self.close()
        equal(self.open, [], "every element is closed")
        self.text = "".join(self.words)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append((tag, attributes))
        if "id" in attributes:
            true(attributes["id"] not in self.by_id, "an id is there once: %s" % attributes["id"])
            self.by_id[attributes["id"]] = ""
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag not in self.VOID:
            self.open.append((tag, attributes.get("id")))

    def handle_endtag(self, tag):
        equal(self.open.pop()[0], tag, "elements are closed in order")

    def handle_data(self, data):
        self.words.append(data)
        for tag, name in self.open:
            if name:
                self.by_id[name] += data
        if self.rows and any(tag in ("td", "th") for tag, _ in self.open):
            self.rows[-1][-1] += data

    def all(self, tag, **wanted):
        return [a for t, a in self.tags if t == tag and all(a.get(k) == v for k, v in wanted.items())]

    def input(self, name):
        return next(a for t, a in self.tags if t in ("input", "select") and a.get("name") == name)


def page(s, path, headers=BROWSER, status=200):
    r = s.get(path, headers)
    equal(r.status, status, path)
    matches(r["Content-Type"], r"^text/html; charset=utf-8$")
    return Page(r.text)


def ended(s, export):
    """The log's line on a run of that export; an answer can be here before it."""
    return logfmt(s.wait_log(lambda line: "msg=run " in line and "export=%s " % export in line))


def query(**values):
    return urllib.parse.urlencode(values)


@test
def programs_get_json_and_browsers_a_page():
    with Server(EXPORTS) as s:
        for accept in (None, "*/*", "application/json", "application/json, text/html;q=0.9", "text/html;q=0.5, */*",
                       "text/html;q=0, application/json;q=0.1"):
            r = s.get("/exports", {"Accept": accept} if accept else {})
            equal((r.status, r["Content-Type"]), (200, "application/json"), accept)
            matches(r["Vary"], r"\bAccept\b")
            equal(sorted(e["name"] for e in r.json()["exports"]), sorted(EXPORTS))
        for accept in (BROWSER["Accept"], "text/html", "text/html, application/json;q=0.9", "text/*, */*;q=0.1"):
            r = s.get("/exports", {"Accept": accept})
            equal((r.status, r["Content-Type"]), (200, "text/html; charset=utf-8"), accept)
            matches(r["Vary"], r"\bAccept\b")
        equal(s.head("/exports", BROWSER)["Content-Type"], "text/html; charset=utf-8")


@test
def a_page_lets_a_browser_take_nothing_from_elsewhere():
    with Server(EXPORTS) as s:
        for path in ("/exports", "/exports/orders.html", "/exports/.common.css", "/exports/.catalogue.css",
                     "/exports/.catalogue.js"):
            r = s.get(path, BROWSER)
            equal(r.status, 200, path)
            policy = dict(part.split(" ", 1) for part in r["Content-Security-Policy"].split("; "))
            equal(policy["default-src"], "'none'")
            equal((policy["script-src"], policy["style-src"], policy["form-action"]), ("'self'",) * 3)
            equal((policy["frame-ancestors"], policy["base-uri"]), ("'none'",) * 2)
            equal((r["X-Content-Type-Options"], r["Referrer-Policy"]), ("nosniff", "no-referrer"))
            if r["Content-Type"].startswith("text/html"):
                for tag, attributes in Page(r.text).tags:
                    for name in ("src", "href", "action"):
                        lacks(attributes.get(name) or "", "//", tag)
            else:
                lacks(r.text, "//")
        for name in ("/exports/.none.css", "/exports/.common.css.csv", "/exports/.", "/exports/.."):
            problem(s.get(name), 404, "not_found")
        problem(s.delete("/exports/.common.css"), 405, "method")


@test
def nothing_in_a_page_runs_but_its_own_script():
    with Server(EXPORTS) as s:
        for path in ("/exports", "/exports?" + query(q=HOSTILE), "/exports/hostile.html", "/exports/hostile.html?_do=preview",
                     "/exports/orders.html?" + query(country=HOSTILE, since=HOSTILE, paid=HOSTILE, _header=HOSTILE),
                     "/exports/hostile.html?" + query(p=HOSTILE)):
            for headers in (BROWSER, {**BROWSER, "Host": "x'\"><script>alert(1)</script>"},
                            {**BROWSER, "X-Forwarded-Proto": "<script>"}):
                r = s.get(path, headers)
                equal(r.status, 200, path)
                p = Page(r.text)
                scripts = p.all("script")
                equal(len(scripts), 1, path)
                matches(scripts[0]["src"], r"^(exports/)?\.catalogue\.js$")
                equal([t for t, _ in p.tags if t in ("b", "i", "style")], [], path)
                true(not any(k.startswith("on") or k == "style" for _, a in p.tags for k in a), "no inline handlers")
        p = page(s, "/exports/hostile.html?_do=preview")
        contains(p.text, HOSTILE)
        equal(p.rows, [["<b>text", "vtext"], [HOSTILE, "<i>&"]])


@test
def the_list_says_what_there_is_and_searches():
    with Server(EXPORTS) as s:
        p = page(s, "/exports")
        links = [a["href"] for a in p.all("a") if a["href"].endswith(".html")]
        equal(links, ["exports/%s.html" % name for name in sorted(EXPORTS)])
        contains(p.text, "Orders of the shop")
        contains(p.by_id["count"], "%d exports" % len(EXPORTS))
        p = page(s, "/exports?q=SHOP+orders")
        equal([a["href"] for a in p.all("a") if a["href"].endswith(".html")], ["exports/orders.html"])
        equal(p.by_id["count"], "1 of %d exports" % len(EXPORTS))
        equal(p.input("q")["value"], "SHOP orders")
        p = page(s, "/exports?q=nothing+like+it")
        equal(p.by_id["count"], "0 of %d exports" % len(EXPORTS))
    with Server({}) as s:
        contains(page(s, "/exports").text, "no export here that you may run")


@test
def the_form_has_the_right_control_for_each_type():
    with Server(EXPORTS) as s:
        p = page(s, "/exports/orders.html")
        equal({name: p.input(name)["type"] for name in ("since", "at", "least", "share", "ids", "country")},
              {"since": "date", "at": "datetime-local", "least": "number", "share": "number", "ids": "text", "country": "text"})
        equal([name for name in ("since", "at", "least", "paid", "country") if "required" in p.input(name)], ["country"])
        contains(p.by_id["hint-since"], "2020-01-01")
        contains(p.by_id["hint-since"], "On or after this day")
        contains(p.by_id["hint-ids"], "{1,2}")
        labels = {a["for"] for a in p.all("label")}
        for tag, attributes in p.tags:
            if tag in ("input", "select"):
                true(attributes["id"] in labels, "%s has a label" % attributes["id"])
                for name in attributes.get("aria-describedby", "").split():
                    true(name in p.by_id, name)
        p = page(s, "/exports/orders.html?" + query(since="2026-02-03", least=7, paid="on", country="DE", at="2026-01-02T10:00"))
        equal((p.input("since")["value"], p.input("least")["value"], p.input("country")["value"]), ("2026-02-03", "7", "DE"))
        true("selected" in next(a for a in p.all("option", value="true")), "paid")
        # What such a control cannot show is shown all the same.
        p = page(s, "/exports/orders.html?" + query(since="yesterday", least="0x1f", paid="perhaps"))
        equal((p.input("since")["type"], p.input("since")["value"]), ("text", "yesterday"))
        equal((p.input("least")["type"], p.input("least")["value"]), ("text", "0x1f"))
        true(p.all("option", value="perhaps"), "an unknown choice stays")


@test
def the_formats_of_the_form_are_those_of_the_catalogue():
    with Server(EXPORTS) as s:
        formats = s.get("/exports").json()["exports"][0]["formats"]
        p = page(s, "/exports/plain.html")
        equal([a["value"] for a in p.all("option") if a["value"] in formats], formats)


@test
def the_download_button_leads_to_the_file():
    with Server(EXPORTS) as s:
        r = s.get("/exports/orders.html?since=&_header=&country=D%26E+%22%C3%BC&_format=csv.gz&_do=download", BROWSER)
        equal((r.status, r["Location"]), (303, "orders.csv.gz?country=D%26E%20%22%C3%BC"))
        r = s.get("/exports/plain.html?_do=download", BROWSER)
        equal((r.status, r["Location"]), (303, "plain.csv"))
        equal(s.get("/exports/" + r["Location"]).body, copy(EXPORTS["plain"]))
        equal(s.head("/exports/plain.html?_do=download", BROWSER).status, 303)


@test
def what_is_wrong_is_said_beside_the_field():
    with Server(EXPORTS) as s:
        for action in ("download", "preview"):
            p = page(s, "/exports/orders.html?_do=" + action, status=400)
            equal(p.input("country").get("aria-invalid"), "true")
            contains(p.by_id["wrong-country"], "is missing")
            contains(p.by_id["problem"], "is missing")
            equal(p.input("since").get("aria-invalid"), None)
        p = page(s, "/exports/orders.html?_do=preview&" + query(country="DE", since="2026-13-45"), status=400)
        contains(p.by_id["wrong-since"], "not a valid date")
        p = page(s, "/exports/orders.html?_do=preview&" + query(country="DE", _timezone="Nowhere/Town"), status=400)
        contains(p.by_id["wrong-_timezone"], "time zone")
        contains(page(s, "/exports/orders.html?_do=download&country=DE&x=1", status=400).by_id["problem"], "no parameter x")
        contains(page(s, "/exports/plain.html?_do=remove", status=400).by_id["problem"], "_do")
        contains(page(s, "/exports/plain.html?_format=xls", status=400).by_id["problem"], "_format")
        p = page(s, "/exports/broken.html?_do=preview", status=500)
        contains(p.by_id["problem"], "22012")
        run = ended(s, "broken")
        equal(run["state"], "failed")
        contains(p.by_id["problem"], run["id"])


@test
def a_preview_is_the_first_twenty_rows_with_their_types():
    with Server(EXPORTS) as s:
        p = page(s, "/exports/orders.html?_do=preview&" + query(country="DE", since="2026-02-03", ids="{1,2}"))
        equal(p.rows[0], ["idinteger", "totalnumeric", "countrytext", "sincedate", "nothingtext", "emptytext", "notetext",
                          "leastinteger", "paidboolean", "idsinteger[]", "aboolean", "snumeric"])
        equal(len(p.rows), 21)
        equal(p.rows[1], ["1", "1.5", "DE", "2026-02-03", "NULL", "", "two\nlines, \"quoted\"", "NULL", "NULL", "{1,2}",
                          "t", "NULL"])
        equal([row[0] for row in p.rows[1:]], [str(i) for i in range(1, 21)])
        contains(p.text, "may hold more rows")
        equal(p.input("country")["value"], "DE", "the form is filled in")
        run = ended(s, "orders")
        equal((run["state"], run["rows"]), ("complete", "20"))
        p = page(s, "/exports/none.html?_do=preview")
        equal(p.rows, [["oneinteger", "twointeger"]])
        contains(p.text, "These are all rows.")
        equal(active_backends(), 0, "nothing goes on in the database")


@test
def a_preview_stays_small():
    with Server(EXPORTS) as s:
        p = page(s, "/exports/wide.html?_do=preview")
        equal(p.rows[1], ["ä" * 200 + "…"])
        p = page(s, "/exports/vast.html?_do=preview", status=413)
        contains(p.by_id["problem"], "too large for a preview")


@test
def a_preview_waits_five_seconds_for_the_database_and_no_more():
    with Server(EXPORTS) as s:
        p = page(s, "/exports/slow.html?_do=preview", status=504)
        contains(p.by_id["problem"], "within 5 seconds")
        eventually(lambda: active_backends() == 0, what="the query is gone")


@test
def a_preview_says_of_what_there_is_no_more():
    with Server({**EXPORTS, "capped": "-- max_rows: 5\n\nSELECT g FROM generate_series(1, 10) AS g"}) as s:
        for limit, said in ((0, "These are all rows."), (3, "These are all rows."), (20, "These are all rows."),
                            (21, "The file may hold more rows.")):
            p = page(s, "/exports/orders.html?_do=preview&country=DE&_limit=%d" % limit)
            equal(len(p.rows), 1 + min(limit, 20))
            contains(p.text, said, "_limit=%d" % limit)
        p = page(s, "/exports/capped.html?_do=preview", status=413)
        contains(p.by_id["problem"], "max_rows", "a limit that a download has, too")


@test
def a_preview_takes_no_more_memory_than_a_run():
    with Server({"half": "SELECT repeat('x', 300000) AS x"}, {"limits": {"memory": "512kB"}}) as s:
        p = page(s, "/exports/half.html?_do=preview", status=413)
        contains(p.by_id["problem"], "too large for a preview")


@test
def a_preview_ends_when_its_client_leaves():
    with Server(EXPORTS) as s:
        with s.connect() as client:
            client.sendall(b"GET /exports/slow.html?_do=preview HTTP/1.1\r\nHost: a\r\n\r\n")
            eventually(lambda: active_backends() == 1, what="the query runs")
        # Its own end, after five seconds, would be "failed".
        equal(ended(s, "slow")["state"], "cancelled")


@test
def a_preview_takes_a_slot_and_waits_for_one():
    config = {"database": {"max_exports": 1, "queue_timeout": "300ms", **PATIENT}}
    with Gate(7) as gate, Server({**EXPORTS, "held": rows(20, gated("g = 5", 7))}, config) as s:
        first = threading.Thread(target=s.get, args=("/exports/held.csv",))
        first.start()
        gate.reached()
        r = s.get("/exports/plain.html?_do=preview", BROWSER)
        equal((r.status, r["Retry-After"]), (503, "5"))
        gate.open()
        first.join()


@test
def a_page_without_the_database_still_has_its_form():
    with Server(EXPORTS, {"database": {"dsn": "host=127.0.0.1 port=1"}}) as s:
        page(s, "/exports")
        p = page(s, "/exports/plain.html?_do=preview", status=503)
        true(p.all("form", id="form"), "the form")
        equal(s.head("/exports/plain.html?_do=preview", BROWSER).status, 200, "HEAD asks no database")


@test
def the_curl_line_fetches_the_file():
    with Server(EXPORTS) as s:
        p = page(s, "/exports/orders.html?" + query(country="D'E $(x) `y` \"ü\"", since="2026-02-03"))
        line = p.by_id["curl"]
        done = subprocess.run(["sh", "-c", line.replace("-fOJ", "-fs")], stdout=subprocess.PIPE, check=True)
        equal(done.stdout, s.get("/exports/orders.csv?" + query(country="D'E $(x) `y` \"ü\"", since="2026-02-03")).body)
        contains(page(s, "/exports/plain.html", {**BROWSER, "Host": "data.example", "X-Forwarded-Proto": "https"}).by_id["curl"],
                 "curl -fOJ 'https://data.example/exports/plain.csv'")
        contains(page(s, "/exports/plain.html", {**BROWSER, "Host": "a';reboot;'"}).by_id["curl"],
                 "'http://localhost/exports/plain.csv'")


TABLES = """
    CREATE TABLE IF NOT EXISTS cat_orders (id integer, total numeric(12,2), "a<b" text, password text);
    CREATE TABLE IF NOT EXISTS "cat_o'dd/&<i>" (x integer);
    COMMENT ON TABLE cat_orders IS 'Orders & <b>more</b>'"""


@test
def open_tables_are_listed_with_their_columns():
    sql(TABLES)
    with Server(EXPORTS, {"exports": {"tables": "public.cat_*"}}) as s:
        listed = s.get("/exports").json()
        equal(listed.get("tables_problem"), None)
        odd, orders = listed["tables"]
        equal((orders["schema"], orders["name"], orders["title"], orders["path"]),
              ("public", "cat_orders", "Orders & <b>more</b>", "/tables/public.cat_orders.csv"))
        equal(orders["columns"], [{"name": "id", "type": "integer"}, {"name": "total", "type": "numeric(12,2)"},
                                  {"name": "a<b", "type": "text"}], "without what hidden_columns names")
        equal((odd["name"], odd["path"]), ("cat_o'dd/&<i>", "/tables/public.cat_o%27dd%2F%26%3Ci%3E.csv"))
        p = page(s, "/exports")
        contains(p.text, "public.cat_orders")
        contains(p.text, "Orders & <b>more</b>")
        lacks(p.text, "password")
        true(p.all("a", href="tables/public.cat_o%27dd%2F%26%3Ci%3E.jsonl"), "a link to the file")
        equal(p.all("i") + p.all("b"), [])
        d = s.get("/openapi.json").json()
        operation = d["paths"]["/tables/public.cat_orders.{format}"]["get"]
        own = {q["name"]: q["schema"]["type"] for q in operation["parameters"] if "name" in q}
        equal(own, {"id": "integer", "total": "number", "a<b": "string"})
        equal(active_backends(), 0)
    with Server(EXPORTS) as s:
        equal(s.get("/exports").json()["tables"], [], "none is open")


@test
def a_table_has_a_page_like_an_export():
    sql(TABLES)
    sql("""TRUNCATE cat_orders; INSERT INTO cat_orders SELECT g, g * 2, '<b>' || g, 'secret' FROM generate_series(1, 50) AS g""")
    config = {"exports": {"tables": "public.cat_*"}, "token alice": {"sha256": hashlib.sha256(b"alice").hexdigest(), "exports": "*"}}
    with Server(EXPORTS, config) as s:
        path = next(a["href"] for a in page(s, "/exports").all("a") if a["href"].endswith("cat_orders.html"))
        p = page(s, "/" + path)
        contains(p.text, "Orders & <b>more</b>")
        equal((p.input("id")["type"], p.input("total")["type"]), ("number", "number"), "a control for each column")
        lacks(p.text, "password")
        equal(p.all("link", href="../exports/.common.css") != [], True)
        asked = query(_do="preview", _columns="id,a<b", _order="-id", _limit=5, _filter="total__lt=60")
        p = page(s, "/" + path + "?" + asked)
        equal(p.rows[:2], [["idinteger", "a<btext"], ["29", "<b>29"]])
        equal((len(p.rows), p.input("_filter")["value"], p.input("_order")["value"]), (6, "total__lt=60", "-id"))
        contains(p.by_id["curl"], "/tables/public.cat_orders.csv?_columns=id%2Ca%3Cb&_order=-id&_limit=5&total__lt=60'")
        r = s.get("/" + path + "?_do=download&id=7&_filter=" + urllib.parse.quote("total!=0"), BROWSER)
        equal((r.status, r["Location"]), (303, "public.cat_orders.csv?id=7&total%21=0"))
        equal(s.get("/tables/" + r["Location"]).text.splitlines()[1:], ["7,14.00,<b>7"])
        contains(page(s, "/" + path + "?_do=preview&id=x", status=400).by_id["wrong-id"], "id")
        contains(page(s, "/" + path + "?_do=preview&_filter=x", status=400).by_id["wrong-_filter"], "COLUMN__LOOKUP=VALUE")
        contains(page(s, "/" + path + "?_do=preview&_filter=password%3Dx", status=400).by_id["problem"], "password")
        odd = page(s, "/tables/public.cat_o%27dd%2F%26%3Ci%3E.html?_do=preview")
        equal(odd.all("form", id="form")[0]["action"], "public.cat_o%27dd%2F%26%3Ci%3E.html")
        equal(odd.rows, [["xinteger"]])
        equal(s.head("/" + path, BROWSER).status, 200)
        closed = s.get("/tables/public.other.html", BROWSER)
        problem(closed, 404, "not_found")
        equal(s.get("/tables/public.cat_nothing.html", BROWSER).body, closed.body)
        equal(s.get("/" + path, {**BROWSER, "Authorization": "Bearer alice"}).body, closed.body, "not this caller's")
        problem(s.delete("/" + path), 405, "method")
        equal(active_backends(), 0)


@test
def every_table_that_is_listed_is_there():
    sql(TABLES)
    sql('CREATE SCHEMA IF NOT EXISTS "cat.dot"; CREATE TABLE IF NOT EXISTS "cat.dot".cat_t (x integer)')
    with Server({}, {"exports": {"tables": "*.cat_*"}}) as s:
        paths = [table["path"] for table in s.get("/exports").json()["tables"]]
        equal(len(paths), 2)
        for path in paths:
            equal(s.get(path).status, 200, path)


@test
def more_columns_than_a_page_can_show_are_left_out_and_said():
    sql("""CREATE SCHEMA cat_wide; DO $$ BEGIN FOR i IN 1..13 LOOP
        EXECUTE (SELECT format('CREATE TABLE cat_wide.t%s (%s)', lpad(i::text, 2, '0'), string_agg('c' || g || ' integer', ', '))
                 FROM generate_series(1, 1600) AS g);
        END LOOP; END $$""")
    with Server({}, {"exports": {"tables": "cat_wide.*"}}) as s:
        listed = s.get("/exports").json()
        equal([len(table["columns"]) for table in listed["tables"]], [1600] * 12, "none has lost a part of its own")
        equal(listed["tables_problem"], "there are more")
        contains(page(s, "/exports").text, "There are more.")


@test
def a_role_that_is_refused_is_not_blamed_on_an_export():
    config = {"access": {"anonymous": "off"}, "exports": {"tables": "public.*"},
              "token alice": {"sha256": hashlib.sha256(b"alice").hexdigest(), "tables": "*.*", "role": "cat_nobody"}}
    with Server(EXPORTS, config) as s:
        told = s.get("/exports", {"Authorization": "Bearer alice"}).json()["tables_problem"]
        contains(told, "refused to list them")
        lacks(told, "export")
        contains(s.wait_log(lambda line: "tables not listed" in line), "cat_nobody", "the operator learns more")


@test
def tables_are_those_of_the_caller_and_his_role():
    sql(TABLES)
    sql("DROP ROLE IF EXISTS cat_reader; CREATE ROLE cat_reader; GRANT SELECT (id) ON cat_orders TO cat_reader")
    digest = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("alice", "bob", "carol")}
    config = {"access": {"anonymous": "off"}, "exports": {"tables": "public.cat_*"},
              "token alice": {"sha256": digest["alice"], "tables": "public.*", "role": "cat_reader"},
              "token bob": {"sha256": digest["bob"], "exports": "*"},
              "token carol": {"sha256": digest["carol"], "tables": "*.cat_ord*"}}
    with Server(EXPORTS, config) as s:
        def tables(name):
            answer = s.get("/exports", {"Authorization": "Bearer " + name}).json()
            return [(t["name"], len(t["columns"])) for t in answer["tables"]]
        equal(tables("alice"), [("cat_orders", 1)])
        equal(tables("bob"), [])
        equal(tables("carol"), [("cat_orders", 3)])


@test
def a_database_that_is_down_takes_only_the_tables_from_the_catalogue():
    with Server(EXPORTS, {"exports": {"tables": "public.*"}, "database": {"dsn": "host=127.0.0.1 port=1"}}) as s:
        listed = s.get("/exports").json()
        equal((len(listed["exports"]), listed["tables"]), (len(EXPORTS), []))
        true(listed["tables_problem"])
        p = page(s, "/exports")
        contains(p.text, "They are not known now")
        contains(p.text, "Orders of the shop")
        equal(s.get("/openapi.json").status, 200)


@test
def a_full_house_takes_only_the_tables_from_the_catalogue():
    config = {"database": {"max_exports": 1, **PATIENT}, "exports": {"tables": "public.*"}}
    with Gate(7) as gate, Server({**EXPORTS, "held": rows(20, gated("g = 5", 7))}, config) as s:
        first = threading.Thread(target=s.get, args=("/exports/held.csv",))
        first.start()
        gate.reached()
        listed = s.get("/exports").json()
        equal((len(listed["exports"]), listed["tables"]), (len(EXPORTS) + 1, []))
        contains(listed["tables_problem"], "3 seconds")
        gate.open()
        first.join()
        equal("tables_problem" in s.get("/exports").json(), False)


@test
def a_connection_that_died_is_not_noticed():
    sql(TABLES)
    with Server(EXPORTS, {"exports": {"tables": "public.cat_*"}}) as s:
        for _ in range(2):
            equal(len(s.get("/exports").json()["tables"]), 2)
            equal(backends(), 1, "the connection is kept")
            sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'pgsluice%'")


@test
def a_page_shows_what_the_caller_may_run_and_no_more():
    config = {"access": {"anonymous": "off"},
              "token alice": {"sha256": hashlib.sha256(b"alice").hexdigest(), "exports": "plain, orders"}}
    alice = {**BROWSER, "Authorization": "Bearer alice"}
    with Server(EXPORTS, config) as s:
        for path in ("/exports", "/exports/plain.html"):
            r = s.get(path, BROWSER)
            equal(r.status, 401)
            matches(r["WWW-Authenticate"], "Bearer")
            contains(Page(r.text).text, "Authorization: Bearer")
            problem(s.get(path), 401, "unauthorized")
        p = page(s, "/exports", alice)
        equal([a["href"] for a in p.all("a") if a["href"].endswith(".html")], ["exports/orders.html", "exports/plain.html"])
        contains(page(s, "/exports/plain.html", alice).by_id["curl"], 'Authorization: Bearer $TOKEN"')
        page(s, "/exports/plain.html?_do=preview", alice)
        equal(ended(s, "plain")["who"], "token:alice")
        hidden, unknown = s.get("/exports/wide.html", alice), s.get("/exports/nothing.html", alice)
        problem(hidden, 404, "not_found")
        equal((hidden.status, hidden.body), (unknown.status, unknown.body))
        equal(s.get("/exports/.common.css").status, 200, "the look is nobody's secret")


main()
