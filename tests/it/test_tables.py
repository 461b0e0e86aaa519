#!/usr/bin/env python3
"""Tables: what is open, to whom, and that nothing else can be seen by any name, filter, order or error."""

import csv
import hashlib
import io
import json
import time
from urllib.parse import quote

from django_signing import KEY, dumps
from harness import *
from scraping import scrape

SETUP = """
DROP SCHEMA IF EXISTS shop, other CASCADE;
DROP ROLE IF EXISTS it_clerk, it_nobody;
CREATE ROLE it_clerk;
CREATE ROLE it_nobody;
CREATE SCHEMA shop;
CREATE SCHEMA other;
CREATE TABLE other.region (id int PRIMARY KEY, code text, tax int);
CREATE TABLE shop.country (id text PRIMARY KEY, name text, api_token text, region_id int REFERENCES other.region);
CREATE TABLE shop.customer (id int PRIMARY KEY, name text, password text, country_id text NOT NULL REFERENCES shop.country,
    parent_id int REFERENCES shop.customer, hidden_secret text, limits int);
CREATE TABLE shop.orders (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES shop.customer, region_id int REFERENCES other.region,
    dropped int, total numeric(12, 2), twice numeric GENERATED ALWAYS AS (total * 2) STORED, placed_at timestamptz, tags text[], note text);
ALTER TABLE shop.orders DROP COLUMN dropped;
INSERT INTO other.region VALUES (1, 'north', 7), (2, 'south', 19);
INSERT INTO shop.country VALUES ('DE', 'Germany', 't1', 1), ('FR', 'France', 't2', 2);
INSERT INTO shop.customer SELECT i, 'c' || i, 'pw' || i, CASE WHEN i % 2 = 0 THEN 'DE' ELSE 'FR' END, NULLIF(i / 2, 0), 's' || i, i
    FROM generate_series(1, 6) AS i;
INSERT INTO shop.orders (id, customer_id, region_id, total, placed_at, tags, note)
    SELECT i, i % 6 + 1, CASE WHEN i % 3 > 0 THEN i % 3 END, CASE WHEN i % 4 > 0 THEN i * 1.25 END,
    '2026-01-01 00:00+00'::timestamptz + i * interval '1 day', ARRAY['t' || i % 3], 'n' || i FROM generate_series(1, 20) AS i;
CREATE VIEW shop.big AS SELECT id, total, 'x' AS password FROM shop.orders WHERE total > 10;
CREATE MATERIALIZED VIEW shop.totals AS SELECT customer_id, sum(total) AS total FROM shop.orders GROUP BY 1;
CREATE TABLE shop.events (id int, at date, kind text) PARTITION BY RANGE (at);
CREATE TABLE shop.events_1 (kind text, at date, id int);
ALTER TABLE shop.events ATTACH PARTITION shop.events_1 FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE shop.events_2 PARTITION OF shop.events FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
INSERT INTO shop.events SELECT i, '2026-01-01'::date + i, 'k' || i % 2 FROM generate_series(1, 50) AS i;
CREATE SEQUENCE shop.numbers;
CREATE INDEX orders_index ON shop.orders (total);
CREATE TYPE shop.pair AS (a int, b int);
CREATE DOMAIN shop.percent AS int CHECK (VALUE BETWEEN 0 AND 100);
CREATE DOMAIN shop.discount AS shop.percent;
CREATE TABLE shop.odd (id int PRIMARY KEY, pair shop.pair, off shop.discount, doc json, point point, fixed char(4), bits bit(4), flag "char");
INSERT INTO shop.odd VALUES (1, '(1,2)', 5, '{"a": 1}', '(1,2)', 'ab', '0101', 'x'), (2, NULL, 90, '[]', NULL, 'abcd', '1111', 'y');
CREATE TABLE shop.empty ();
CREATE TABLE shop."Wëird ""name.of%a/table"";--" (id int PRIMARY KEY, "select" int, "a b" int, "c""d" text, "é" int, "x__gte" int, x int, "$1" int,
    "_low" int, "q?" int, "e%20" int, "TimeZone" text);
INSERT INTO shop."Wëird ""name.of%a/table"";--" VALUES (1, 2, 3, 'four', 5, 6, 7, 8, 9, 10, 11, 'z'), (2, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, '');
"""
ODD = 'Wëird "name.of%a/table";--'

TABLES = {"exports": {"tables": "shop.*"}}


def server(exports=None, **config):
    sql(SETUP)
    return Server({"e": "SELECT 1 AS one"}, {**TABLES, **({"exports": exports} if exports else {}), **config})


def digest(token):
    return hashlib.sha256(token.encode()).hexdigest()


def table(name, query="", schema="shop", form="csv"):
    return "/tables/%s.%s.%s%s" % (quote(schema, safe=""), quote(name, safe=""), form, "?" + query if query else "")


def rows(response):
    equal(response.status, 200, repr(response))
    return list(csv.DictReader(io.StringIO(response.text, newline="")))


def ids(response):
    return [int(row["id"]) for row in rows(response)]


def closed(response, what=None):
    """The one answer to all that is not there or not for the caller."""
    p = problem(response, 404, "not_found")
    equal(p, {"type": "urn:pgsluice:not_found", "title": p["title"], "status": 404, "detail": "there is no such table"}, what)
    return response.body


# What is open

@test
def an_open_table_is_what_copy_prints():
    with server() as s:
        r = s.get(table("orders", "_order=id"))
        equal(r.body, copy("SELECT * FROM shop.orders ORDER BY id"))
        equal(r["Content-Type"], "text/csv; charset=utf-8; header=present")
        matches(r["Content-Disposition"], r'^attachment; filename="shop\.orders-\d{4}-\d\d-\d\d\.csv"$')
        true(int(r["X-Estimated-Rows"]) > 0, repr(r))
        receipt = s.get("/runs/" + r.run_id).json()
        equal((receipt["export"], receipt["state"], receipt["rows"]), ("shop.orders", "complete", 20))
        equal(s.get(table("orders", "_order=id", form="tsv")).body.count(b"\n"), 20)


@test
def nothing_is_open_by_default_and_absent_and_closed_are_the_same():
    with Server({"e": "SELECT 1 AS one"}) as s:
        sql(SETUP)
        bodies = {closed(s.get(table(name)), name) for name in ("orders", "missing")}
        equal(len(bodies), 1)
    with server({"tables": "shop.customer, shop.missing, shop.numbers, shop.orders_index, shop.pair"}) as s:
        equal(len(rows(s.get(table("customer")))), 6)
        bodies |= {closed(s.get(table(name)), name) for name in ("orders", "missing", "numbers", "orders_index", "pair", "Customer", "customer ", "")}
        equal(len(bodies), 1, repr(bodies))
        for path in ("/tables/customer.csv", "/tables/.customer.csv", "/tables/shop..csv", "/tables/shop.customer", "/tables/shop.customer.CSV",
                     "/tables/shop.customer.xml", "/tables/.csv", "/tables/shop.csv", "/tables/customer.shop.csv", "/tables/public.customer.csv"):
            closed(s.get(path), path)
        problem(s.get("/tables"), 404, "not_found")


@test
def the_systems_own_tables_are_never_open():
    with server({"tables": "*, *.*, pg_catalog.*, information_schema.*, pg_*.*"}) as s:
        for schema, name in (("pg_catalog", "pg_class"), ("pg_catalog", "pg_authid"), ("information_schema", "tables"), ("pg_toast", "pg_toast_1255"),
                             ("pg_temp", "x"), ("pg_temp_1", "x"), ("pg_anything", "x")):
            closed(s.get(table(name, schema=schema)), schema)
        equal(len(rows(s.get(table("region", schema="other")))), 2)
        closed(s.get(table("pg_class", schema="public")))


@test
def names_longer_than_the_server_keeps_mean_no_other_table():
    name = "t" * 63
    with server() as s:
        sql("CREATE TABLE shop.%s (id int, %s int); INSERT INTO shop.%s VALUES (1, 2)" % (name, "c" * 63, name))
        equal(rows(s.get(table(name, "c" * 63 + "__gt=1"))), [{"id": "1", "c" * 63: "2"}])
        closed(s.get(table(name + "t")))
        closed(s.get(table("é" * 32)))
        problem(s.get(table(name, "c" * 64 + "=1")), 400, "bad_parameter", parameter="c" * 63)
        # Behind a foreign key a name can be longer than one: cut, two columns would have the same.
        sql("CREATE TABLE shop.far (id int PRIMARY KEY, %s1 int, %s2 int); CREATE TABLE shop.near (id int PRIMARY KEY, %s int REFERENCES shop.far)"
            % ("c" * 40, "c" * 40, "f" * 40))
        hops = ["%s__%s%d" % ("f" * 40, "c" * 40, i) for i in (1, 2)]
        problem(s.get(table("near", "_columns=" + ",".join(hops))), 400, "bad_parameter", parameter="_columns")
        equal(s.get(table("near", "%s=1&_order=%s" % tuple(hops))).status, 200)


@test
def every_kind_of_relation_is_a_table():
    with server() as s:
        equal(len(rows(s.get(table("big")))), 9)
        equal(list(rows(s.get(table("big")))[0]), ["id", "total"], "password is hidden in views, too")
        equal(len(rows(s.get(table("totals", "total__gt=10")))), len(sql("SELECT 1 FROM shop.totals WHERE total > 10").split()))
        for name, wanted in (("events", 50), ("events_1", 30), ("events_2", 20)):
            equal(len(rows(s.get(table(name)))), wanted, name)
        # The partitions have their columns in another order.
        equal(s.get(table("events", "_order=id&at__month=1")).body, copy("SELECT * FROM shop.events WHERE at < '2026-02-01' ORDER BY id"))
        equal((s.get(table("empty")).status, s.get(table("empty")).body), (200, b"\n"))


@test
def a_foreign_table_is_a_table():
    with server() as s:
        sql("""CREATE EXTENSION IF NOT EXISTS postgres_fdw; DROP SERVER IF EXISTS it_far CASCADE;
            CREATE SERVER it_far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '%s', dbname 'postgres');
            CREATE USER MAPPING FOR postgres SERVER it_far OPTIONS (user 'postgres');
            CREATE FOREIGN TABLE shop.far (id int, total numeric) SERVER it_far OPTIONS (schema_name 'shop', table_name 'orders')
            """ % os.environ["PGHOST"])
        equal(ids(s.get(table("far", "total__gte=20&_order=-id"))), [19, 18, 17])


# Names

@test
def hostile_names_are_names():
    with server() as s:
        r = s.get(table(ODD, "_order=id"))
        equal(r.body, copy('SELECT * FROM shop."Wëird ""name.of%a/table"";--" ORDER BY id'))
        lacks(r["Content-Disposition"].replace('filename="', ""), "/")
        for query in ("select=2", "a+b=3", quote('c"d') + "=four", quote("é") + "__gt=1", "x__gte=6", "x=7", "x__gte__gte=6", "$1__lt=9&$1__gt=7", "q%3F=10",
                      "e%2520=11", "TimeZone=z", quote('c"d') + "__icontains!=o&id=2", "_columns=id,_low&id=1", "_columns=" + quote('id,"c""d"') + "&id__lt=2"):
            equal(ids(s.get(table(ODD, query))), [2] if "!" in query else [1], query)
        for query in ("$1=a", "TimeZone__gtt=1", quote('c"d"') + "=1", quote("x; DROP TABLE shop.orders") + "=1", "id--=1", quote("id = 1 OR 1 = 1 --") + "=1",
                      quote('id"') + "=1", "id::text=1", "upper(id)=1", "t.id=1", "ctid=1", "xmin=1", "tableoid=1", "t=1", "id__=1", "id__gte__gte=1"):
            p = s.get(table(ODD, query))
            problem(p, 400, "bad_parameter", parameter=p.json()["parameter"])
        # An option's underscore comes first.
        problem(s.get(table(ODD, "_low=1")), 400, "bad_request")
        equal(int(sql("SELECT count(*) FROM shop.orders")), 20)


@test
def no_value_and_no_name_of_a_request_is_in_the_sql_text():
    marker = "zqx'\"\\;--$$"
    with server({"tables": "shop.*", "regex": "on"}) as s:
        sql("ALTER DATABASE postgres SET log_min_duration_statement = 0; ALTER DATABASE postgres SET log_parameter_max_length = 0;"
            " ALTER DATABASE postgres SET log_min_error_statement = 'panic'; ALTER DATABASE postgres SET log_min_messages = 'log'")
        try:
            for key in ("note", "note__in", "note__icontains", "note__startswith!", "note__range", "note__regex", "tags__contains", "total", "placed_at__year",
                        marker, "customer__" + marker, marker + "__gte", "note__" + marker, "customer__name__iexact"):
                s.get(table("orders", quote(key) + "=" + quote(marker)))
            for option in ("_columns", "_order"):
                problem_of = s.get(table("orders", option + "=" + quote(marker)))
                equal(problem_of.status, 400, option)
        finally:
            sql("ALTER DATABASE postgres RESET ALL")
        with open(os.path.join(os.environ["PGHOST"], "log"), encoding="utf-8", errors="replace") as log:
            text = log.read()
        contains(text, "DECLARE c")
        lacks("\n".join(line for line in text.splitlines() if "ERROR:" not in line), "zqx")


# Who may see what

@test
def a_callers_own_patterns_narrow_what_is_open():
    config = {"access": {"anonymous": "on"}, "anonymous": {"exports": "e", "tables": "shop.country"},
              "token all": {"sha256": digest("all"), "tables": "*"}, "token some": {"sha256": digest("some"), "tables": "shop.o*, other.*"},
              "token none": {"sha256": digest("none"), "exports": "*"}}
    with server({"tables": "shop.*"}, **config) as s:
        def get(name, token=None, query="", schema="shop"):
            return s.get(table(name, query, schema), **({"headers": {"Authorization": "Bearer " + token}} if token else {}))
        for token, name, open_ in (("all", "customer", True), ("all", "orders", True), ("some", "orders", True), ("some", "customer", False),
                                   ("none", "orders", False), (None, "country", True), (None, "orders", False)):
            r = get(name, token)
            equal(r.status, 200 if open_ else 404, "%s %s" % (token, name))
        closed(get("region", "some", schema="other"), "not opened by [exports]")
        # A foreign key leads only to where its caller may go, too.
        equal(ids(get("orders", "all", "customer__name=c1&_order=id")), [6, 12, 18])
        hop = get("orders", "some", "customer__name=c1").json()
        unknown = get("orders", "some", "nothing__name=c1").json()
        equal(hop["detail"].replace("customer__name", "nothing__name").replace("column customer", "column nothing").split("; ")[-1], unknown["detail"].split("; ")[-1])
        equal((hop["parameter"], hop["status"]), ("customer__name", 400))
        for query in ("_columns=customer__name", "_order=customer__name", "region__code=north", "region__isnull=true", "region=1"):
            equal(get("orders", "some", query).status, 400, query)
        # The key itself is a column like any other.
        equal(len(ids(get("orders", "some", "customer_id=2"))), 4)
        equal(get("orders", "wrong").status, 401)


@test
def anonymous_without_a_section_is_all_that_is_open():
    with server() as s:
        equal(s.get(table("customer")).status, 200)
    with server(access={"anonymous": "off"}) as s:
        problem(s.get(table("customer")), 401, "unauthorized")


HIDDEN = {"tables": "shop.*", "hidden_columns": "*.password, *_secret, country.api*, shop.customer.limits", "regex": "on"}


@test
def a_hidden_column_can_be_seen_by_no_path():
    with server(HIDDEN) as s:
        equal(list(rows(s.get(table("customer")))[0]), ["id", "name", "country_id", "parent_id"])
        equal(list(rows(s.get(table("country")))[0]), ["id", "name", "region_id"])
        for name, prefix in (("customer", ""), ("orders", "customer__"), ("orders", "customer_id__"), ("customer", "parent__")):
            for hidden, absent in (("password", "nosuchco"), ("hidden_secret", "hidden_nothing"), ("limits", "nosuch")):
                def answers(column):
                    for query in ("{}=pw1", "{}__startswith=p", "{}__isnull=true", "{}__isnull!=true", "{}__gt!=a", "{}__regex=^p", "{}__in=pw1,pw2",
                                  "_columns={}", "_columns=id,{}", "_order={}", "_order=-{}", "_columns={}&_limit=0", "{}__nothing=1"):
                        r = s.get(table(name, query.format(prefix + column)))
                        p = r.json()
                        p.pop("run")
                        equal(r.status, 400, query)
                        yield {k: str(v).replace(column, "COLUMN") for k, v in p.items()}
                for one, other in zip(answers(hidden), answers(absent)):
                    equal(one, other, "a hidden column and one that is not there")
                    lacks(one["detail"].split("; ")[-1], hidden)
        # Whole rows and system columns are no columns; a hidden one does not come by a star, nor by labels.
        for query in ("_columns=t", "_columns=customer", "_columns=*", "_columns=t.password", "_columns=ctid", '_columns=%22password%22'):
            equal(s.get(table("customer", query)).status, 400, query)
        lacks(s.get(table("customer", "_header=labels")).body, b"password")


@test
def a_table_of_hidden_columns_only_is_forbidden():
    with server({"tables": "shop.*", "hidden_columns": "totals.*"}) as s:
        p = s.get(table("totals"))
        problem(p, 403, "forbidden")


@test
def a_foreign_key_into_a_table_of_hidden_columns_leads_to_none():
    with server({"tables": "shop.*", "hidden_columns": "country.*"}) as s:
        for query in ("country__name=x", "country__nothing=x", "country__id=DE", "_columns=country__name", "_order=country__name"):
            p = s.get(table("customer", query))
            problem(p, 400, "bad_parameter", parameter=query.split("=")[0])
            contains(p.json()["detail"], "the columns are none", query)
        # The key itself is a column like any other.
        equal(len(ids(s.get(table("customer", "country__in=DE")))), 3)


@test
def a_schema_whose_name_holds_a_dot_is_no_part_of_another():
    with server({"tables": "shop.*"}) as s:
        sql('DROP SCHEMA IF EXISTS "shop.a" CASCADE; CREATE SCHEMA "shop.a"; CREATE TABLE "shop.a".far (id int PRIMARY KEY, word text);'
            ' CREATE TABLE shop.near (id int PRIMARY KEY, far_id int REFERENCES "shop.a".far)')
        try:
            closed(s.get(table("a.far")))
            equal(s.get(table("near", "_columns=far__word")).status, 400)
            lacks([one["schema"] for one in s.get("/exports").json()["tables"]], "shop.a")
        finally:
            sql('DROP SCHEMA "shop.a" CASCADE')


@test
def the_roles_own_privileges_decide_which_columns_there_are():
    config = {"token clerk": {"sha256": digest("c"), "tables": "*", "role": "it_clerk"}, "token nobody": {"sha256": digest("n"), "tables": "*", "role": "it_nobody"}}
    with server({"tables": "shop.*, other.*"}, **config) as s:
        sql("""GRANT USAGE ON SCHEMA shop TO it_clerk; GRANT SELECT (id, name, country_id) ON shop.customer TO it_clerk;
            GRANT SELECT ON shop.orders TO it_clerk; GRANT SELECT (name) ON shop.country TO it_clerk; GRANT SELECT ON other.region TO it_clerk;
            GRANT SELECT ON shop.totals TO it_nobody""")

        def get(name, query="", token="c"):
            return s.get(table(name, query), headers={"Authorization": "Bearer " + token})
        equal(list(rows(get("customer"))[0]), ["id", "name", "country_id"])
        for query in ("limits=1", "_columns=limits", "_order=limits", "parent_id__isnull=true", "parent__name=c1"):
            equal(get("customer", query).status, 400, query)
        equal(ids(get("orders", "customer__name=c1&_order=id")), [6, 12, 18])
        equal(get("orders", "customer__limits=1").status, 400)
        # Without the right to its key, and to its schema, a foreign key leads nowhere.
        for query in ("country__name=Germany", "_columns=country__name"):
            equal(get("customer", query).status, 400, query)
        equal(get("orders", "region__code=north").status, 400)
        for name, token in (("big", "c"), ("customer", "n"), ("totals", "n")):
            p = get(name, token=token)
            problem(p, 403, "forbidden")


@test
def row_security_holds_in_tables_and_behind_foreign_keys():
    config = {"token clerk": {"sha256": digest("c"), "tables": "*", "role": "it_clerk"}}
    with server({"tables": "shop.*"}, **config) as s:
        sql("""GRANT USAGE ON SCHEMA shop TO it_clerk; GRANT SELECT ON ALL TABLES IN SCHEMA shop TO it_clerk;
            ALTER TABLE shop.customer ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON shop.customer USING (country_id = 'DE')""")

        def get(name, query=""):
            return s.get(table(name, query), headers={"Authorization": "Bearer c"})
        equal(ids(get("customer", "_order=id")), [2, 4, 6])
        equal(ids(get("orders", "customer__name=c1")), [])
        equal(ids(get("orders", "customer__name__in=c1,c2&_order=id")), [1, 7, 13, 19])
        # What is only shown takes no row away.
        shown = rows(get("orders", "_columns=id,customer__name&_order=id"))
        equal([row["customer__name"] for row in shown[:6]], ["c2", "", "c4", "", "c6", ""])


# Columns, order, limit

@test
def columns_order_and_limit_reach_behind_a_foreign_key():
    with server() as s:
        r = s.get(table("orders", "_columns=id,customer__name,total,customer__country_id&_order=customer__name,-id&_limit=5&total__isnull!=true"))
        equal(r.body, copy("""SELECT o.id, c.name AS "customer__name", o.total, c.country_id AS "customer__country_id" FROM shop.orders o
            JOIN shop.customer c ON c.id = o.customer_id WHERE o.total IS NOT NULL ORDER BY c.name, o.id DESC LIMIT 5"""))
        equal(ids(s.get(table("orders", "_order=-customer__name,id&_limit=3"))), [5, 11, 17])
        p = s.get(table("odd", "_order=id,doc&id__gt=0"))
        problem(p, 400, "bad_parameter", parameter="_order", sqlstate="42883")
        equal(list(rows(s.get(table("orders", "_order=customer__name&_limit=1")))[0]), list(rows(s.get(table("orders", "_limit=1")))[0]))
        equal(rows(s.get(table("orders", "_columns=customer__id,id&id=3"))), [{"customer__id": "4", "id": "3"}])
        for query in ("_columns=customer__country__name", "_columns=customer__name__gte", "_columns=total__gte", "_columns=customer__nothing", "_order=customer__isnull",
                      "_columns=customer", "_columns=id__customer"):
            equal(s.get(table("orders", query)).status, 400, query)


@test
def a_foreign_key_is_joined_once_however_often_it_is_used():
    with server() as s:
        sql("ALTER DATABASE postgres SET log_min_duration_statement = 0")
        try:
            begin = os.path.getsize(os.path.join(os.environ["PGHOST"], "log"))
            query = "customer__name__gte=c1&customer__country__in=DE,FR&customer__limits__lt!=1&_columns=id,customer__name&_order=customer__limits"
            equal(s.get(table("orders", query)).status, 400, "one hop only")
            query = query.replace("customer__country__in", "customer__country_id__in")
            equal(len(ids(s.get(table("orders", query)))), 20)
            with open(os.path.join(os.environ["PGHOST"], "log"), encoding="utf-8") as log:
                log.seek(begin)
                statements = re.findall(r"execute <unnamed>: (DECLARE .*)", log.read())
        finally:
            sql("ALTER DATABASE postgres RESET ALL")
        equal(len(statements), 1, repr(statements))
        equal(statements[0].count('"customer" AS'), 1, statements[0])
        equal(statements[0].count("JOIN"), 1, statements[0])


# Values

@test
def a_value_that_is_not_of_the_type_is_the_callers_mistake():
    with server({"tables": "shop.*", "regex": "on"}) as s:
        for name, query, parameter, word in (
                ("orders", "total=abc", "total", "numeric(12,2)"), ("orders", "total__gte!=x", "total__gte!", "numeric"), ("orders", "id__in=1,x", "id__in", "integer"),
                ("orders", "id__in=1,,2", "id__in", "integer"), ("orders", "id__range=1", "id__range", "two values"), ("orders", "id__range=1,2,3", "id__range", "two values"),
                ("orders", 'note__in="a', "note__in", "quote"), ("orders", "id=99999999999", "id", "integer"), ("orders", "placed_at__date=x", "placed_at__date", "date"),
                ("orders", "placed_at__year=x", "placed_at__year", "year"), ("orders", "placed_at__year=0", "placed_at__year", "year"),
                ("orders", "placed_at__month=x", "placed_at__month", "integer"), ("orders", "note__isnull=maybe", "note__isnull", "true or false"),
                ("orders", "note__regex=(", "note__regex", "regular expression"), ("orders", "tags__contains=x", "tags__contains", "text[]"),
                ("orders", "customer__id=x", "customer__id", "integer"), ("orders", "customer__name__year=1", "customer__name__year", "has no lookup year"),
                ("orders", "total__gtt=1", "total__gtt", "did you mean gt?"), ("orders", "totl=1", "totl", "did you mean total?"),
                ("orders", "customer__nam=1", "customer__nam", "did you mean name?"), ("odd", "doc=1", "doc", "not for the type json"),
                ("odd", "doc__contains=1", "doc__contains", "has no lookup contains"), ("odd", "point__in=(1,2)", "point__in", "point"),
                ("odd", "id=1&point!=(1,2)", "point!", "not for the type point"), ("odd", "off=x", "off", "shop.discount"), ("orders", "id__has_key=1", "id__has_key", "has_key")):
            p = s.get(table(name, query.replace('"', "%22")))
            body = p.json()
            problem(p, 400, "bad_parameter", parameter=parameter)
            contains(body["detail"], word, query)
        # Not all types refuse a value with a data exception.
        sql("CREATE EXTENSION IF NOT EXISTS hstore; CREATE TABLE shop.bag (id int, bag hstore, words tsquery)")
        for query, word in (("bag__contains=x", "hstore"), ("bag=a%3D%3E", "hstore"), ("words=a+%26", "tsquery")):
            p = s.get(table("bag", query))
            problem(p, 400, "bad_parameter", parameter=query.split("=")[0])
            contains(p.json()["detail"], "not a valid " + word, query)
        problem(s.get(table("orders", "id=1&id=2")), 400, "bad_parameter", parameter="id")
        equal(ids(s.get(table("orders", "id__gte=19&id__gte!=20"))), [19])


@test
def what_a_caller_wrote_is_in_no_receipt_and_in_no_reason_of_the_log():
    with server({"tables": "shop.*", "regex": "on"}) as s:
        for query in ("mysecret=1", "id__mysecret=1", "customer__mysecret=1", "note__mysecret__gte=1", "id=mysecret", "id__in=1,mysecret", "note__regex=(mysecret",
                      "placed_at__year=mysecret", "note__isnull=mysecret", "_columns=mysecret", "_order=customer__mysecret"):
            r = s.get(table("orders", query))
            equal(r.status, 400, query)
            receipt = s.get("/runs/" + r.json()["run"])
            equal(receipt.json()["error"]["kind"], "bad_parameter")
            lacks(receipt.text, "mysecret", query)
        lacks("\n".join(re.sub(r"parameter=\S+", "", line) for line in s.log.splitlines()), "mysecret")


@test
def types_without_an_equal_in_django_are_compared_as_their_own():
    with server() as s:
        for query in ("off=5", "off__lt=50", "off__in=5,6", "off__gte!=80", "off__lt=1000", "fixed=ab", "fixed__startswith=ab&off=5", "bits=0101", "flag=x", "pair=(1,2)",
                      "pair__isnull=false", "doc__icontains=A", "fixed=ab+++"):
            contains(ids(s.get(table("odd", query))), 1, query)
        # A modifier would cut the value, and find what is not asked for.
        equal(ids(s.get(table("odd", "fixed=abcdef"))), [])
        equal(ids(s.get(table("odd", "bits=11111"))), [])
        # What the domain does not allow is a value of its type, all the same.
        equal(ids(s.get(table("odd", "off=1000"))), [])


@test
def an_empty_value_is_left_out_and_an_empty_text_can_be_asked_for():
    with server() as s:
        sql("UPDATE shop.orders SET note = '' WHERE id = 4")
        equal(len(ids(s.get(table("orders", "note=&total__gte=&nothing="))),), 20)
        equal(ids(s.get(table("orders", "note__in=%22%22"))), [4])
        equal(ids(s.get(table("orders", "note__in=n1,&_order=id"))), [1, 4])


@test
def regular_expressions_are_off_by_default():
    with server() as s:
        p = s.get(table("orders", "note__regex=^n1"))
        problem(p, 400, "bad_parameter", parameter="note__regex")
        contains(p.json()["detail"], "not allowed")


@test
def metrics_count_all_tables_as_one_whether_they_exist_or_not():
    with server() as s:
        for name in ("customer", "orders", "nosuch", "nosuch2"):
            s.get(table(name))
        eventually(lambda: scrape(s).sum("pgsluice_exports_total", export="_tables") == 4, 5, "four runs of tables")
        equal(set(scrape(s).nonzero("pgsluice_exports_total", "export")), {"_tables"})


@test
def limits_and_options_of_exports_hold():
    with server({"tables": "shop.*"}, limits={"max_rows": "10"}) as s:
        equal(s.get(table("orders")).broken is None and s.get(table("orders")).status == 200, False)
        equal(len(ids(s.get(table("orders", "_limit=10")))), 10)
        equal(len(ids(s.get(table("orders", "id__lte=10")))), 10)
        berlin = rows(s.get(table("orders", "id=1&_timezone=Europe/Berlin")))[0]["placed_at"]
        equal(berlin, "2026-01-02 01:00:00+01")
        equal(s.get(table("orders", "id=1&_columns=id&_delimiter=;&_header=off")).body, b"1\n")
        problem(s.get(table("orders", "_nothing=1")), 400, "bad_request")


@test
def head_touches_no_database_and_other_methods_are_refused():
    with server({"tables": "shop.*"}, database={"dsn": "host=/nonexistent"}) as s:
        equal(s.request("HEAD", table("orders", "total__gte=5")).status, 200)
        equal(s.request("HEAD", table("x", schema="other")).status, 404)
        r = s.request("POST", table("orders"))
        equal((r.status, r["Allow"]), (405, "GET, HEAD"))
        problem(s.get(table("orders")), 503, "unavailable")


@test
def json_lines_nest_what_a_table_holds():
    with server({"tables": "shop.*"}) as s:
        r = s.get(table("orders", "_order=id&_limit=4", form="jsonl"))
        equal(r.status, 200, repr(r))
        wanted = [json.loads(line) for line in sql("SELECT row_to_json(o) FROM shop.orders AS o ORDER BY id LIMIT 4").splitlines()]
        equal([{k: v for k, v in json.loads(line).items() if k != "placed_at"} for line in r.text.splitlines()],
              [{k: v for k, v in one.items() if k != "placed_at"} for one in wanted])
        equal([json.loads(line) for line in s.get(table("odd", "_columns=id,pair,doc&_order=id", form="jsonl")).text.splitlines()],
              [{"id": 1, "pair": {"a": 1, "b": 2}, "doc": {"a": 1}}, {"id": 2, "pair": None, "doc": []}])
        equal([json.loads(line) for line in s.get(table("orders", "_columns=customer__name,tags&id=1", form="jsonl")).text.splitlines()],
              [{"customer__name": "c2", "tags": ["t1"]}])


# Grants

def granted(**members):
    return "/grants/" + dumps({"exp": int(time.time()) + 300, **members})


@test
def a_grant_runs_a_table_with_its_filters():
    config = {"access": {"anonymous": "off", "grant_key": KEY, "grant_roles": "it_*"}}
    with server({"tables": "shop.*"}, **config) as s:
        sql("GRANT USAGE ON SCHEMA shop TO it_clerk; GRANT SELECT (id, note) ON shop.orders TO it_clerk")
        r = s.get(granted(table="shop.orders", filters={"total__gte": "20", "note!": "n18", "tags": None}, options={"_order": "-id", "_columns": "id,note"}))
        equal([row["id"] for row in rows(r)], ["19", "17"])
        equal(list(rows(s.get(granted(table="shop.orders", role="it_clerk")))[0]), ["id", "note"])
        equal(len(s.get(granted(table="shop.orders", format="tsv")).body.splitlines()), 20)
        for members in ({"table": "other.region"}, {"table": "shop.missing"}, {"table": "orders"}, {"table": "pg_catalog.pg_class"}, {"table": "shop."}):
            closed(s.get(granted(**members)), repr(members))
        p = s.get(granted(table="shop.orders", filters={"nothing": "1"}))
        problem(p, 400, "bad_parameter", parameter="nothing")
        problem(s.get(granted(table="shop.orders", filters={"_limit": "1"})), 400, "bad_request")
        problem(s.get(granted(table="shop.orders") + "?total__gte=1"), 400, "bad_request")
        equal(s.request("HEAD", granted(table="shop.orders")).status, 200)


main()
