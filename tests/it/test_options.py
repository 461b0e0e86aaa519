#!/usr/bin/env python3
"""_columns, _order and _limit: the rows of SQL written by hand, and nothing of the request in the SQL text."""

import json
import time
import urllib.parse

import ticketing
from django_signing import KEY, dumps
from harness import *

ROWS = """SELECT g AS id, g % 3 AS third, CASE WHEN g % 4 > 0 THEN 'n' || g % 4 END AS "may be null",
'é' || g AS "größe", g * 1.5 AS "?column?" FROM generate_series(1, 12) AS g"""

# Names that break whatever is not careful; each is a column of its own.
HOSTILE = ['a,b', 'say "hi"', "it's", '"; DROP TABLE it_kept; --', "a) FROM pg_class; --", "/* c */", "$1", ":n",
           "-minus", " blank ", "*", "q.c1", "c1", "ctid", "Größe", "größe", "日本", "a\tb", "a\nb", "\\", "%s", "NULL",
           "select", "x" * 63]

# An export tells the statement of its own cursor, as PostgreSQL got it.
STATEMENT = "(SELECT statement FROM pg_catalog.pg_cursors WHERE name = 'c') AS statement"


def setup():
    sql("CREATE TABLE it_kept AS SELECT 1 AS a")
    ticketing.make_login()


def query(**options):
    """The query string of these options, the values as a browser would write them."""
    return urllib.parse.urlencode({"_" + name: value for name, value in options.items()})


def field(name):
    """A name as a field of a CSV record."""
    return '"%s"' % name.replace('"', '""')


def identifier(name):
    return '"%s"' % name.replace('"', '""')


def get(s, export="e", extra="", **options):
    return s.get("/exports/%s.csv?%s%s" % (export, query(**options), extra))


def refused(response, option, *words):
    detail = problem(response, 400, "bad_parameter", parameter=option)["detail"]
    for word in words:
        contains(detail, word)


def by_hand(select, tail=""):
    return copy('SELECT %s FROM (%s) AS t(id, third, "may be null", "größe", "?column?") %s' % (select, ROWS, tail))


@each(
    columns=(dict(columns="third,id"), "third, id", ""),
    a_column_twice=(dict(columns="id,third,id"), "id, third, id", ""),
    odd_names=(dict(columns='?column?, "größe" ,may be null'), '"?column?", "größe", "may be null"', ""),
    order=(dict(order="third,-id"), "*", "ORDER BY third, id DESC"),
    order_by_what_is_not_chosen=(dict(columns="größe", order="-third,id"), '"größe"', "ORDER BY third DESC, id"),
    nulls_last=(dict(order="may be null,id"), "*", 'ORDER BY "may be null", id'),
    nulls_first=(dict(order='-"may be null",id'), "*", 'ORDER BY "may be null" DESC, id'),
    limit=(dict(order="-id", limit="4"), "*", "ORDER BY id DESC LIMIT 4"),
    no_row=(dict(limit="0"), "*", "LIMIT 0"),
    more_than_there_are=(dict(limit="9223372036854775807"), "*", ""),
    all=(dict(columns="id,third", order="-third,id", limit="5"), "id, third", "ORDER BY third DESC, id LIMIT 5"),
    left_out=(dict(columns="", order="", limit=""), "*", ""),
)
def the_rows_are_those_of_sql_by_hand(options, select, tail):
    with Server({"e": ROWS}) as s:
        r = get(s, **options)
        equal((r.status, r.body), (200, by_hand(select, tail)), repr(r))


@each(
    values="VALUES (1, 'x'), (2, NULL)",
    table="TABLE it_kept",
    parenthesis="(SELECT 1 AS a) UNION ALL (SELECT 2) ORDER BY a DESC",
    cte="WITH t AS (SELECT generate_series(1, 3) AS a) SELECT * FROM t",
    own_order_and_limit="SELECT g AS a FROM generate_series(1, 9) g ORDER BY g DESC LIMIT 7",
    ends_in_a_comment="SELECT 1 AS a -- the end",
    ends_in_an_open_looking_comment="SELECT 1 AS a /* ) */",
    unknown_literal="SELECT 'x' AS a, NULL AS b",
    no_columns="SELECT FROM generate_series(1, 3)",
    grouping="SELECT count(*) AS n, g % 2 AS a FROM generate_series(1, 9) g GROUP BY 2 HAVING count(*) > 1",
    set_returning="SELECT generate_series(1, 3) AS a, 'x' AS b",
    windows="SELECT a, row_number() OVER () AS n FROM it_kept",
)
def every_kind_of_query_can_be_wrapped(text):
    with Server({"e": text}) as s:
        whole = s.get("/exports/e.csv")
        equal(whole.status, 200, repr(whole))
        r = get(s, limit="1000")
        equal((r.status, r.body), (200, whole.body), repr(r))
        equal(get(s, limit="1").body.count(b"\n"), 2)


@test
def the_querys_own_order_stays_where_none_is_asked_for():
    with Server({"e": "SELECT g FROM generate_series(1, 5000) AS g ORDER BY g % 7, g DESC"}) as s:
        whole = s.get("/exports/e.csv").body
        equal(get(s, limit="3000").body, b"".join(whole.splitlines(True)[:3001]))
        equal(get(s, columns="g").body, whole)


@test
def hostile_names_are_names():
    text = "SELECT %s, %s" % (", ".join("%d AS %s" % (i, identifier(name)) for i, name in enumerate(HOSTILE)), STATEMENT)
    with Server({"e": text}) as s:
        for i, name in enumerate(HOSTILE):
            r = get(s, columns=field(name), order="-" + field(name), limit="1")
            equal((r.status, r.body), (200, copy("SELECT %d AS %s" % (i, identifier(name)))), name)
        r = get(s, columns=",".join(field(name) for name in HOSTILE), order="statement")
        equal(r.body, copy("SELECT " + ", ".join("%d AS %s" % (i, identifier(n)) for i, n in enumerate(HOSTILE))))
    equal(sql("SELECT a FROM it_kept"), "1")


@test
def nothing_of_the_request_is_in_the_statement():
    text = "-- param: n int\n\nSELECT :n AS id, 2 AS \"a b\", " + STATEMENT
    inner = "(\n" + text.split("\n\n")[1].replace(":n", "($1::int)") + "\n) AS q(c1, c2, c3)"
    with Server({"e": text}) as s:
        def statement(**options):
            r = get(s, extra="&n=41&_header=off", **options)
            equal(r.status, 200, repr(r))
            return r.body.decode().replace('""', '"').strip('"\n').split(" FOR ", 1)[1]
        equal(statement(columns="statement"), 'SELECT q.c3 AS "statement" FROM ' + inner)
        equal(statement(columns='"statement"', order='- "a b" ,id', limit="007"),
              'SELECT q.c3 AS "statement" FROM %s ORDER BY q.c2 DESC, q.c1 LIMIT 7' % inner)
        for value in ("id; SELECT 1", "id)", "(SELECT 1)", "1", "id DESC", "id NULLS FIRST", "id COLLATE \"C\"", "c1", "q.c1",
                      "id --", "'id'", "lower(id)", "*", "ID", "pg_sleep(1)", "ctid"):
            refused(get(s, extra="&n=1", columns=value), "_columns")
            refused(get(s, extra="&n=1", order=value), "_order")


@each(plain="1;", words="ten", negative="-1", sign="+1", hex="0x10", float="1.5", exponent="1e3", huge="9223372036854775808",
      sql="1 OFFSET 2", blank=" 1", all="ALL", null="NULL", arabic="١")
def a_limit_that_is_no_number_is_refused(value):
    with Server({"e": ROWS}) as s:
        for method in ("GET", "HEAD"):
            r = s.request(method, "/exports/e.csv?" + query(limit=value))
            equal(r.status, 400, method)
        refused(get(s, limit=value), "_limit", "number of rows")


@test
def an_unknown_column_is_told_what_there_is():
    with Server({"e": 'SELECT 1 AS id, 2 AS email, 3 AS "a,b", 4 AS d, 5 AS d'}) as s:
        refused(get(s, columns="id,emial"), "_columns", "no column emial, did you mean email?",
                'the columns are id, email, "a,b"')
        refused(get(s, order="-emial"), "_order", "no column emial, did you mean email?")
        refused(get(s, columns="Id"), "_columns", "no column Id")
        refused(get(s, columns="d"), "_columns", "2 columns d")
        refused(get(s, order="d"), "_order", "2 columns d")
        equal(get(s, columns='"a,b"').body, b'"a,b"\n3\n')
        # What is unknown is in no record that others read.
        r = get(s, columns="my-secret-7f7e")
        refused(r, "_columns", "no column my-secret-7f7e")
        receipt = s.receipt(r.json()["run"])
        equal((receipt["state"], receipt["error"]["kind"]), ("failed", "bad_parameter"))
        lacks(json.dumps(receipt) + s.log, "7f7e")
    with Server({"e": "SELECT"}) as s:
        refused(get(s, columns="a"), "_columns", "the columns are none")


@test
def a_malformed_record_is_refused_before_the_database_is_asked():
    with Server({"e": "SELECT 1 AS a"}, {"database": {"dsn": "host=/nowhere"}}) as s:
        for value in (",", "a,", "a,,b", '"a', " ", '""'):
            for option in ("columns", "order"):
                refused(get(s, **{option: value}), "_" + option)
        refused(get(s, order="-"), "_order", "empty name")
        refused(s.get("/exports/e.csv?_columns=a&_columns=a"), "_columns", "twice")
        refused(get(s, columns=",".join(["a"] * 1665)), "_columns", "1664")


@test
def head_asks_no_database():
    with Server({"e": "SELECT 1 AS a"}, {"database": {"dsn": "host=/nowhere"}}) as s:
        equal(s.head("/exports/e.csv?_columns=unknown&_order=unknown&_limit=1").status, 200)
        equal(s.head("/exports/e.csv?_columns=,").status, 400)


@test
def a_type_without_an_order_is_the_callers_mistake_and_a_wrong_query_is_not():
    with Server({"e": "SELECT 1 AS id, '{}'::json AS j", "bad": "SELECT 1 AS id, no_such_function(1) AS x",
                 "none": "SELECT 1 AS id FROM no_such_table"}) as s:
        refused(get(s, order="id,j"), "_order", "no order")
        equal(get(s, columns="j", order="id").body, b"j\n{}\n")
        for name in ("bad", "none"):
            p = problem(get(s, name, order="id"), 500, "sql")
            contains(p["sqlstate"], "42")


@test
def parameters_are_bound_as_ever_and_their_errors_named():
    text = "-- param: first int\n-- param: tag text?\n\nSELECT :first + g AS id, :tag AS tag FROM generate_series(1, 5) AS g"
    with Server({"e": text}) as s:
        r = get(s, extra="&first=10&tag=%27%20OR%201%3D1", columns="tag,id", order="-id", limit="2")
        equal(r.body, b"tag,id\n' OR 1=1,15\n' OR 1=1,14\n")
        problem(get(s, extra="&first=x", columns="id"), 400, "bad_parameter", parameter="first", sqlstate="22P02")
        problem(get(s, extra="&tag=x", columns="id"), 400, "bad_parameter", parameter="first")
        refused(get(s, extra="&first=1", columns="first"), "_columns", "id, tag")


@test
def labels_go_with_their_columns_and_none_is_a_stray():
    sql("CREATE TABLE it_told (a int, b int, c int); COMMENT ON COLUMN it_told.b IS 'The b'; INSERT INTO it_told VALUES (1, 2, 3)")
    with Server({"e": "-- headers: a=The a,c=The c\n\nSELECT * FROM it_told"}) as s:
        equal(get(s, columns="c,b", header="labels").body, b"The c,The b\n3,2\n")
        equal(get(s, order="-a", limit="1", header="labels").body, b"The a,The b,The c\n1,2,3\n")
        equal(get(s, columns="c", header="off").body, b"3\n")
        lacks(s.log, "label without a column")


@test
def the_estimate_and_max_rows_are_of_what_is_asked_for():
    text = "-- max_rows: 10\n\nSELECT g FROM generate_series(1, 1000) AS g"
    with Server({"e": text, "many": "SELECT g FROM generate_series(1, 1000) AS g"}) as s:
        equal(get(s, limit="10").status, 200)
        r = get(s, limit="11")
        true(r.broken, "max_rows is of the whole export, a limit or not")
        equal(s.receipt(r.run_id)["error"]["kind"], "limit")
        r = get(s, "many", limit="7")
        equal(r["X-Estimated-Rows"], "7")
        receipt = s.receipt(r.run_id)
        equal((receipt["estimated_rows"], receipt["rows"], receipt["state"]), (7, 7, "complete"))


@test
def a_dialect_and_a_compressed_file_take_them():
    with Server({"e": ROWS}) as s:
        r = get(s, columns="id,third", order="id", limit="2", dialect="django")
        equal((r.status, r.body), (200, b"id,third\r\n1,1\r\n2,2\r\n"))
        r = s.get("/exports/e.csv.gz?" + query(columns="id", limit="1"))
        equal((r.status, r["Content-Type"]), (200, "application/gzip"))


@test
def wide_and_long_results_stay_the_same():
    text = "SELECT g AS id, %s FROM generate_series(1, 3) AS g" % ", ".join("g + %d AS c%d" % (i, i) for i in range(1, 1600))
    with Server({"wide": text, "long": "SELECT g AS id, repeat('x', g % 90) AS t FROM generate_series(1, 40000) AS g"}) as s:
        equal(get(s, "wide", order="-id").body, copy(text + " ORDER BY 1 DESC"))
        equal(get(s, "wide", columns="c1599,c1,id").body, b"c1599,c1,id\n1600,2,1\n1601,3,2\n1602,4,3\n")
        r = get(s, "long", columns="t,id", order="-id")
        equal(r.body, copy("SELECT repeat('x', g % 90) AS t, g AS id FROM generate_series(1, 40000) AS g ORDER BY 2 DESC"))
        equal(s.receipt(r.run_id)["rows"], 40000)


@test
def a_refused_request_leaves_the_service_fit():
    with Server({"e": ROWS}, {"database": {"max_exports": 1}}) as s:
        for _ in range(4):
            refused(get(s, columns="nothing"), "_columns")
            equal(get(s, columns="id", limit="1").body, b"id\n1\n")
    equal(active_backends(), 0)


@test
def a_kept_connection_that_died_is_replaced():
    with Server({"e": ROWS}) as s:
        for _ in range(2):
            equal(get(s, columns="id", limit="1").body, b"id\n1\n")
            equal(eventually(lambda: sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                                         "WHERE application_name LIKE 'pgsluice%' AND state = 'idle'")), "t")
            eventually(lambda: backends() == 0)
        equal(get(s, columns="third", order="-id", limit="1").body, b"third\n0\n")


@test
def the_command_line_takes_them():
    w = Workspace({"e": ROWS})
    done = run("run", "e", "_columns=third,id", "_order=-id", "_limit=2", workspace=w)
    equal((done.code, done.out), (0, b"third,id\n0,12\n2,11\n"), repr(done))
    done = run("run", "e", "_columns=thrid", workspace=w)
    equal((done.code, done.out), (65, b""), repr(done))
    contains(done.err, "did you mean third?")
    equal(run("run", "e", "_limit=x", workspace=w).code, 65)


def granted(**members):
    return "/grants/" + dumps({"export": "e", "exp": int(time.time()) + 300, **members})


@test
def a_grant_fixes_them():
    with Server({"e": ROWS}, {"access": {"anonymous": "off", "grant_key": KEY}}) as s:
        path = granted(options={"_columns": "third,id", "_order": "-id", "_limit": "2"})
        r = s.get(path)
        equal((r.status, r.body), (200, b"third,id\n0,12\n2,11\n"))
        equal(s.get(path + "?_limit=100").status, 400, "the URL changes nothing")
        refused(s.get(granted(options={"_columns": "thrid"})), "_columns", "did you mean third?")
        refused(s.get(granted(options={"_order": '"id'})), "_order")
        for name in ("csv", "csv.gz", "csv.zst", "tsv", "tsv.gz", "tsv.zst", "jsonl", "jsonl.gz", "jsonl.zst"):
            head = s.head(granted(format=name))
            equal(head.status, 200, name)
            contains(head["Content-Disposition"], "." + name + '"')
    done = run("grant", "e", "_columns=id", "--format", "jsonl.zst",
               workspace=Workspace({"e": ROWS}, {"access": {"grant_key": KEY}}))
    equal(done.code, 0, repr(done))


@test
def a_ticket_takes_them_and_its_labels_are_by_position_in_its_sql():
    with ticketing.server() as s:
        r = s.get(ticketing.post(s, ROWS, options={"_columns": "third,id", "_order": "-id", "_limit": "2", "_header": "labels"},
                                 labels=["No.", "Third", "Null", "Size", "?"]))
        equal((r.status, r.body), (200, b"Third,No.\n0,12\n2,11\n"))
        r = s.get(ticketing.post(s, "SELECT 1 AS a, 2 AS a", options={"_limit": "1", "_header": "labels"}, labels=["x", "y"]))
        equal((r.status, r.body), (200, b"x,y\n1,2\n"))
        r = s.get(ticketing.post(s, "SELECT 1 AS a, 2 AS b", options={"_columns": "b", "_header": "labels"}, labels=["x"]))
        contains(problem(r, 422, "bad_query")["detail"], "1 labels and its query 2 columns")
        refused(s.get(ticketing.post(s, ROWS, options={"_columns": "thrid"})), "_columns", "did you mean third?")
        r = ticketing.send(s, {"sql": ROWS, "options": {"_columns": "a,,b"}})
        problem(r, 400, "bad_parameter", parameter="_columns")
        for name in ("tsv", "jsonl.gz"):
            head = s.head(ticketing.post(s, ROWS, format=name))
            contains(head["Content-Disposition"], "." + name + '"')


@each(
    closes_and_comments="SELECT 1 AS a) AS q(c1) --",
    closes_and_opens="SELECT 1 AS a) AS q(c1), (SELECT 2 AS b",
    another_order="SELECT 1 AS a) AS q(c1) ORDER BY (SELECT 1",
    half_a_union="SELECT 1 AS a) UNION (SELECT 2",
)
def sql_of_a_ticket_cannot_leave_the_subselect(text):
    with ticketing.server() as s:
        r = ticketing.send(s, {"sql": text, "options": {"_limit": "5"}})
        if r.status == 201:
            problem(s.get(r.json()["path"]), 500, "sql", sqlstate="42601")
        else:
            problem(r, 422, "bad_query")


main(setup=setup)
