#!/usr/bin/python3
"""The status page and its JSON on the admin listener, as they go over the wire; test_browser_status.py looks at them."""

import hashlib
import html.parser

from harness import *
from peers import *

HOSTILE = "<script>alert(1)</script> \" ' & </td>"

EXPORTS = {
    "small": "SELECT i FROM generate_series(1, 3) AS i",
    "zero": "SELECT 1 / (SELECT 0) AS secret_column",
    "gated": "SELECT * FROM (%s) s" % rows(20000, gated("g = 6000", 7)),
    "param": "-- param: t text\n\nSELECT :'t' AS t, 'very_private_row' AS secret_column",
    # The django dialect names the column whose type it does not write.
    "hostile": "SELECT point(1, 2) AS \"%s\"" % HOSTILE.replace('"', '""'),
}

MEMBERS = {"now", "started_at", "version", "draining", "reload_ok", "slots", "queue", "memory", "remembered", "running",
           "recent"}
SHOWN = 50
TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"
MB = 1024 * 1024


class Page(html.parser.HTMLParser):
    """What a browser makes of it: tags with their attributes, and the text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(text)
        self.close()
        self.text = " ".join(self.words)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.words.append(" ".join(data.split()))

    def runs(self):
        """Ids, in their order, without the empty ones of the templates."""
        return [a["data-id"] for _, a in self.tags if a.get("data-id")]


def status(s, **headers):
    r = s.get("/status.json", headers, admin=True)
    equal((r.status, r["Content-Type"], r["Cache-Control"]), (200, "application/json", "no-store"))
    return r.json()


def page(s, **headers):
    r = s.get("/status", headers, admin=True)
    equal((r.status, r["Content-Type"], r["Cache-Control"]), (200, "text/html; charset=utf-8", "no-store"))
    return Page(r.text)


@test
def the_json_has_what_the_manual_says():
    with Server(EXPORTS, {"database": {"max_exports": 3, "queue_length": 7}}) as s:
        now = status(s)
        equal(set(now), MEMBERS)
        matches(now["now"], TIME)
        matches(now["started_at"], TIME)
        true(now["started_at"] <= now["now"])
        equal((now["draining"], now["reload_ok"]), (False, True))
        equal(now["slots"], {"limit": 3, "used": 0})
        equal(now["queue"], {"limit": 7, "waiting": 0})
        equal((now["remembered"], now["running"], now["recent"]), (0, [], []))
        equal(status(s)["started_at"], now["started_at"])
        contains(run("--version", with_config=False).out.decode(), now["version"])


@test
def the_memory_is_that_of_the_process_against_the_formula():
    with Server(EXPORTS, {"database": {"max_exports": 3}, "limits": {"memory": "4MB", "max_row": "8MB"}}) as s:
        memory = status(s)["memory"]
        equal(set(memory), {"resident", "base", "limit"})
        true(abs(memory["resident"] - s.rss()) < 4 * MB, repr(memory))
        true(0 < memory["base"] <= memory["resident"], repr(memory))
        equal(memory["limit"], memory["base"] + 3 * (4 * MB + 8 * MB * 22 // 10 + MB + MB // 8))


@test
def the_runs_are_those_of_the_list_of_runs():
    with Server(EXPORTS, {"database": {**PATIENT, "max_exports": 1}}) as s, Gate(7) as gate:
        s.get("/exports/zero.csv")
        reader = Reader(s, "/exports/gated.csv", rcvbuf=262144)
        gate.reached()
        waiting = Reader(s, "/exports/small.csv", head=False)
        now = eventually(lambda: next((a for a in [status(s)] if a["queue"]["waiting"]), None))
        listed = s.get("/runs", admin=True).json()
        equal((now["slots"], now["queue"]["waiting"], now["remembered"]), ({"limit": 1, "used": 1}, 1, 1))
        equal(now["recent"], listed["recent"])
        for told, run in zip(now["running"], listed["running"]):
            moving = ("elapsed_ms", "snapshot_held_ms")
            equal({k: v for k, v in told.items() if k not in moving}, {k: v for k, v in run.items() if k not in moving})
            true(0 <= told["elapsed_ms"] <= run["elapsed_ms"], repr((told, run)))
        held = {run["export"]: run["snapshot_held_ms"] for run in now["running"]}
        true(held["gated"] >= 0 and held["small"] is None, repr(held))
        # The page has the oldest first, and those that wait at the end.
        shown = page(s)
        equal(shown.runs(), [run["id"] for run in now["running"][::-1]] + [run["id"] for run in now["recent"]])
        gate.open()
        reader.read_message()
        waiting.read_message()


@test
def a_snapshot_is_held_longer_and_longer():
    with Server(EXPORTS, {"database": PATIENT}) as s, Gate(7) as gate:
        reader = Reader(s, "/exports/gated.csv", rcvbuf=262144)
        gate.reached()
        first = status(s)["running"][0]
        eventually(lambda: status(s)["running"][0]["snapshot_held_ms"] > first["snapshot_held_ms"])
        eventually(lambda: status(s)["running"][0]["elapsed_ms"] > first["elapsed_ms"])
        gate.open()
        reader.read_message()
        ended = eventually(lambda: status(s)["recent"])[0]
        equal(ended["snapshot_held_ms"], None)


@test
def of_many_runs_the_last_are_told_and_how_many_are_remembered():
    with Server(EXPORTS) as s:
        connection = s.connection()
        ids = [s.get("/exports/small.csv", connection=connection).run_id for _ in range(1010)]
        connection.close()
        now = status(s)
        equal([r["id"] for r in now["recent"]], ids[::-1][:SHOWN])
        equal(now["remembered"], 1000)
        shown = page(s)
        equal(shown.runs(), ids[::-1][:SHOWN])
        contains(shown.text, "The last 50 of 1000 remembered")
        true(len(s.get("/status", admin=True).body) < 100000)


@test
def the_page_tells_the_same_without_a_script():
    with Server(EXPORTS, {"database": PATIENT}) as s, Gate(7) as gate:
        reader = Reader(s, "/exports/gated.csv", rcvbuf=262144)
        gate.reached()
        s.get("/exports/small.csv")
        s.get("/exports/zero.csv")
        now, shown = status(s), page(s)
        run = now["running"][0]
        for text in ("{:,} of about 20,000 rows, {} %".format(run["rows"], run["rows"] * 100 // 20000), run["id"],
                     run["peer"], "anonymous", "1 of 8", "of at most 64", "3 rows",
                     "sql: the export's query failed with SQLSTATE 22012"):
            contains(shown.text, text)
        bar, = [a for tag, a in shown.tags if tag == "progress" and a["max"] != "1"]
        equal((bar["value"], bar["max"]), (str(run["rows"]), "20000"))
        true(all("hidden" in a for tag, a in shown.tags if tag == "button" and a.get("data-is") == "cancel"))
        gate.open()
        reader.read_message()


@test
def hostile_text_stays_text():
    with Server(EXPORTS) as s:
        equal(s.get("/exports/hostile.csv?_dialect=django").status, 400)
        contains(status(s)["recent"][0]["error"]["detail"], HOSTILE)
        r = s.get("/status", admin=True)
        lacks(r.text, "<script>")
        shown = Page(r.text)
        contains(shown.text, HOSTILE)
        equal([a for tag, a in shown.tags if tag == "script"], [{"src": "status/status.js", "defer": None}])


@test
def neither_tells_what_was_asked_for():
    token = "the-secret-of-alice"
    config = {"access": {"anonymous": "off"}, "server": {"admin_token": "the-secret-of-the-operator"},
              "token alice": {"sha256": hashlib.sha256(token.encode()).hexdigest(), "exports": "*"}}
    with Server(EXPORTS, config) as s:
        equal(s.get("/exports/param.csv?t=very_private", {"Authorization": "Bearer " + token}).status, 200)
        equal(s.get("/exports/zero.csv", {"Authorization": "Bearer " + token}).status, 500)
        for path in ("/status.json", "/status"):
            text = s.get(path, {"Authorization": "Bearer the-secret-of-the-operator"}, admin=True).text
            contains(text, "token:alice")
            for secret in ("very_private", "secret", "SELECT", "select"):
                lacks(text, secret)


@test
def a_browser_takes_scripts_and_styles_from_here_only():
    with Server(EXPORTS) as s:
        r = s.get("/status", admin=True)
        policy = dict(part.split(" ", 1) for part in r["Content-Security-Policy"].split("; "))
        equal(policy["default-src"], "'none'")
        equal({policy[name] for name in ("script-src", "style-src", "connect-src")}, {"'self'"})
        equal(policy["frame-ancestors"], "'none'")
        equal((r["X-Content-Type-Options"], r["Referrer-Policy"]), ("nosniff", "no-referrer"))
        shown = Page(r.text)
        for tag, attributes in shown.tags:
            true(not any(name.startswith("on") or name == "style" for name in attributes), repr((tag, attributes)))
        for path, kind in (("common.css", "text/css"), ("status.css", "text/css"), ("status.js", "text/javascript")):
            contains(r.text, '"status/%s"' % path)
            file = s.get("/status/" + path, admin=True)
            equal((file.status, file["Content-Type"]), (200, kind + "; charset=utf-8"))
            with open(os.path.join(TOP, "src", "http", "pages", path), "rb") as f:
                equal(file.body, f.read())
        problem(s.get("/status/other", admin=True), 404, "not_found")


@test
def with_a_token_the_page_is_empty_until_it_is_shown():
    with Server(EXPORTS, {"server": {"admin_token": "operator"}}) as s:
        run_id = s.get("/exports/small.csv").run_id
        bearer = {"Authorization": "Bearer operator"}
        version = status(s, **bearer)["version"]
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic b3BlcmF0b3I6"}):
            problem(s.get("/status.json", headers, admin=True), 401, "unauthorized")
            empty = page(s, **headers)
            equal(empty.runs(), [])
            for private in (run_id, "small", "127.0.0.1", version):
                lacks(empty.text, private)
            equal([a for _, a in empty.tags if a.get("id") == "live"], [{"id": "live", "hidden": None}])
        # What the page is made of tells nothing; the rest stays closed, also that it is not there.
        equal(s.get("/status/status.js", admin=True).status, 200)
        for path in ("/nothing", "/status/status.js/more", "/runs"):
            problem(s.get(path, admin=True), 401, "unauthorized")
        equal(status(s, **bearer)["remembered"], 1)
        shown = page(s, **bearer)
        equal(shown.runs(), [run_id])
        contains(shown.text, version)


@test
def another_host_and_another_method_are_refused():
    with Server(EXPORTS, {"server": {"admin_token": "operator"}}) as s:
        for path in ("/status", "/status.json", "/status/status.js"):
            problem(s.get(path, {"Host": "example.org"}, admin=True), 403, "forbidden")
            r = s.request("POST", path, {"Authorization": "Bearer operator", "Content-Length": "0"}, admin=True)
            problem(r, 405, "method")
            equal(r["Allow"], "GET, HEAD")
            equal(s.head(path, {"Authorization": "Bearer operator"}, admin=True).status, 200)
            problem(s.get(path), 404, "not_found")


@test
def a_failed_reload_and_a_shutdown_are_told():
    with Server(EXPORTS, {"database": PATIENT}) as s, Gate(7) as gate:
        reader = Reader(s, "/exports/gated.csv", rcvbuf=262144)
        gate.reached()
        s.workspace.write("pgsluice.conf", "[nonsense]\n")
        s.process.send_signal(signal.SIGHUP)
        eventually(lambda: not status(s)["reload_ok"])
        s.process.send_signal(signal.SIGTERM)
        eventually(lambda: status(s)["draining"])
        gate.open()
        reader.read_message()


main()
