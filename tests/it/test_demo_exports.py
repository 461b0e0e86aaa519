#!/usr/bin/python3
"""The demo's exports over a small load of the demo's data, each compared with COPY."""

import glob
import urllib.parse

from harness import *

ROWS = 20000
SQL = os.path.join(TOP, "sql")


def load():
    """The demo's three files, as `demo` loads them."""
    sql_file(os.path.join(SQL, "demo-schema.sql"))
    sql_file(os.path.join(SQL, "demo-data.sql"), variables={"rows": ROWS})
    sql_file(os.path.join(SQL, "demo-indexes.sql"))
    sql("ANALYZE")


def server():
    return Server(config={"exports": {"directory": os.path.join(SQL, "exports")}})


def export_text(name):
    with open(os.path.join(SQL, "exports", name + ".sql"), encoding="utf-8") as f:
        return f.read()


def query_with(name, values):
    """The export's query with literals in place of its parameters: what COPY is asked for."""
    text = export_text(name)
    # Only lines of this very form declare a parameter.
    types = dict(re.findall(r"^-- param: (\w+) (\S+?)\??(?:\s|$)", text, re.M))
    body = "\n".join(line for line in text.split("\n") if not line.startswith("--"))

    def literal(match):
        variable = match.group(1)
        value = values.get(variable)
        return "NULL::" + types[variable] if value is None else "'%s'::%s" % (value.replace("'", "''"), types[variable])
    return re.sub(r"(?<!:):'?(\w+)'?", lambda m: literal(m) if m.group(1) in types else m.group(0), body)


def compare(name, given, defaults=None, at_least=1):
    """`given` are the caller's values; the oracle also needs the defaults of those left out."""
    wanted = copy(query_with(name, {**(defaults or {}), **given}))
    path = "/exports/%s.csv?%s" % (name, urllib.parse.urlencode(given))
    with server() as s:
        answer = s.get(path.rstrip("?"))
        equal((answer.status, answer.broken), (200, None), "%s: %r" % (path, answer))
        equal(answer.body, wanted, path)
        true(wanted.count(b"\n") >= at_least + 1, "%s gave only %r" % (path, wanted[:500]))
        receipt = s.receipt(answer.run_id)
        equal((receipt["state"], receipt["bytes"]), ("complete", len(wanted)))
        done = run("run", name, *["%s=%s" % item for item in given.items()], workspace=s.workspace)
        equal((done.code, done.out == wanted), (0, True), done.err)
    return wanted


ORDERS = {"since": "2020-01-01", "min_total": "0"}


@test
def users_are_copys_bytes():
    compare("users", {}, at_least=ROWS // 2)


@test
def user_stats_are_copys_bytes():
    compare("user_stats", {}, {"min_orders": "0"}, at_least=ROWS // 2)
    compare("user_stats", {"min_orders": "2"})
    compare("user_stats", {"min_orders": "1000000"}, at_least=0)


@test
def articles_top_comments_are_copys_bytes():
    compare("articles_top_comments", {}, {"newest": "10"})
    compare("articles_top_comments", {"newest": "1"})
    compare("articles_top_comments", {"newest": "3", "tag": sql("SELECT tags[1] FROM blog_article WHERE is_published AND tags <> '{}' LIMIT 1")})


@test
def order_lines_are_copys_bytes():
    compare("order_lines", {}, at_least=ROWS)


@test
def documents_are_copys_bytes():
    wanted = compare("documents", {}, at_least=3)
    true(len(wanted) > 3000000, "documents hold only %d bytes" % len(wanted))
    compare("documents", {"owner": sql("SELECT owner_id FROM docs_document LIMIT 1")})


@test
def orders_without_parameters_take_the_defaults():
    compare("orders", {}, ORDERS, at_least=100)


@test
def orders_with_every_kind_of_parameter_are_copys_bytes():
    country = sql("SELECT country FROM shop_order GROUP BY 1 ORDER BY count(*) DESC LIMIT 1")
    middle = sql("SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY placed_at)::date FROM shop_order")
    for given in ({"since": middle}, {"until": middle}, {"country": country}, {"status": "{paid,packed}"}, {"status": "{new}"},
                  {"min_total": "100.50"}, {"since": middle, "country": country, "status": "{paid,shipped}", "min_total": "10"}):
        compare("orders", given, ORDERS)
    for given in ({"since": "infinity"}, {"country": "it's"}, {"status": "{}"}):
        compare("orders", given, ORDERS, at_least=0)


@test
def an_empty_parameter_of_orders_is_its_default():
    with server() as s:
        equal(s.get("/exports/orders.csv?since=&until=&country=&status=&min_total=").body, s.get("/exports/orders.csv").body)


@test
def ill_typed_parameters_of_orders_are_refused():
    with server() as s:
        for name, value, type_name in (("since", "soon", "date"), ("status", "{lost}", "shop_order_status[]"), ("status", "paid", "shop_order_status[]"),
                                       ("min_total", "much", "numeric"), ("until", "2026-13-01", "date")):
            p = problem(s.get("/exports/orders.csv?%s=%s" % (name, urllib.parse.quote(value))), 400, "bad_parameter", parameter=name)
            contains(p["detail"], type_name)


@test
def every_demo_export_is_compared_here_and_passes_check():
    names = sorted(os.path.basename(path)[:-4] for path in glob.glob(os.path.join(SQL, "exports", "*.sql")))
    equal(names, ["articles_top_comments", "documents", "order_lines", "orders", "user_stats", "users"])
    done = run("check", config={"exports": {"directory": os.path.join(SQL, "exports")}})
    equal(done.code, 0, repr(done))


@test
def the_demo_data_is_as_hostile_as_it_promises():
    customers = copy("SELECT * FROM shop_customer ORDER BY id")
    for part in (rb'""', rb'"[^"\n]*\n', rb'"[^"\n]*,', "é".encode(), b",,"):
        true(re.search(part, customers), "no %r among the customers" % part)


main(setup=load)
