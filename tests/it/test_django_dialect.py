#!/usr/bin/python3
"""The django dialect: byte for byte what csv.writer prints for the rows that psycopg2 returns for the same query."""

import random
import struct

from csvwriter import python
from harness import *
from typevalues import LITERALS, TEXTS

def literal(text):
    return "E'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def values(kind, texts):
    rows = ", ".join("(%d, %s::%s)" % (i, literal(t), kind) for i, t in enumerate(texts))
    return "SELECT i, v, v AS again FROM (VALUES (-1, NULL::%s), %s) AS t(i, v) ORDER BY i" % (kind, rows)


def same(query, timezone="UTC"):
    with Server({"e": "-- timezone: %s\n\n%s" % (timezone, query)}) as s:
        r = s.get("/exports/e.csv?_dialect=django")
        equal(r.status, 200, repr(r))
        equal(r.body, python(query, timezone), query[:200])
        true(r.broken is None, repr(r))


def refused(query, *parts, status=400, kind="bad_request", header=""):
    with Server({"e": header + query}) as s:
        r = s.get("/exports/e.csv" + ("" if header else "?_dialect=django"))
        p = problem(r, status, kind, run=r.json().get("run"))
        for part in parts:
            contains(p["detail"], part)
        return p


# Every promised type

DATES = ["2026-02-01", "0001-01-01", "9999-12-31", "2024-02-29", "epoch", "0999-12-31"]
TIMES = ["00:00", "23:59:59.999999", "12:00:00.1", "04:05:06.789", "00:00:00.000001", "12:34:56"]
STAMPS = ["2026-02-01 03:04:05", "2026-02-01 03:04:05.678", "epoch", "1999-12-31 24:00", "2026-02-01 03:04:05.000001",
          "0001-01-01 12:00", "9999-12-30 23:59:59.999999", "1850-01-01 00:00", "2026-07-01 12:00", "0099-05-06 07:08:09.1"]
INTERVALS = ["0", "1 year 2 mons 3 days 04:05:06.789", "-1 year -2 mons +3 days -04:05:06", "1 mon", "-1 day", "00:00:00.000001",
             "-00:00:01", "1000 hours", "1 day -00:00:01", "P1Y2M3DT4H5M6S", "-1 mon +1 day", "1 year -1 mon", "-1 year", "2 days",
             "1 day", "-2 days 00:00:00.5", "23:59:59.999999", "-00:00:00.000001", "999999999 days", "-999999999 days",
             "2739726 years", "11 mons 29 days 23:59:59", "-24:00", "24:00", "2147483647 hours", "100 years -1 day +00:00:00.1"]
NUMBERS = ["0", "-0", "0.00", "0.000000", "0.0000000", "-0.0000000", "0.00000000", "1e-6", "1e-7", "-1e-7", "1.0e-7", "1e-20", "12e-8", "NaN",
           "Infinity", "-Infinity", "1e1000", "-" + "9" * 500 + "." + "1" * 500, "1E+2", "100.10", "0." + "0" * 300 + "1230",
           "1e131071", "123456789012345678901234567890", "-0.5", "10.0000000", "0.00000123"]
FLOATS = ["0", "-0", "0.1", "1.7976931348623157e308", "2.2250738585072014e-308", "5e-324", "NaN", "Infinity", "-Infinity",
          "9007199254740993", "1e15", "1e16", "1e17", "123456789.123456789", "0.30000000000000004", "1e-5", "0.0001", "0.00012", "1e23",
          "-1e23", "9.5e22", "100", "1e22", "123456789012345678", "5e-5", "1.5e300", "12345678901234567890"]


@each(
    bool=("bool", ["t", "f"]),
    int2=("int2", LITERALS["int2"]),
    int4=("int4", LITERALS["int4"]),
    int8=("int8", LITERALS["int8"]),
    oid=("oid", LITERALS["oid"]),
    numeric=("numeric", NUMBERS),
    numeric_scaled=("numeric(20, 9)", ["0", "1", "-1", "0.000000001", "0.00000123", "-12345678901.5"]),
    float4=("float4", LITERALS["float4"] + ["1e15", "1e16", "16777216", "1e-4", "1e-5", "123456.7"]),
    float8=("float8", FLOATS),
    text=("text", TEXTS),
    varchar=("varchar(5000)", TEXTS),
    bpchar=("bpchar", LITERALS["bpchar"]),
    char_n=("char(8)", ["", "a", "a,b", '"']),
    char=('"char"', ["", "a", ",", '"', "\n", "\\"]),
    name=("name", LITERALS["name"]),
    uuid=("uuid", LITERALS["uuid"]),
    date=("date", DATES),
    time=("time", TIMES),
    timetz=("timetz", [t + z for t in TIMES for z in ("+00", "-15:59", "+15:59:59", "+05:30")]),
    timestamp=("timestamp", STAMPS),
    interval=("interval", INTERVALS),
    inet=("inet", LITERALS["inet"]),
)
def a_value_is_as_python_prints_it(kind, texts):
    same(values(kind, texts))


@each(utc="UTC", berlin="Europe/Berlin", kolkata="Asia/Kolkata", st_johns="America/St_Johns", monrovia="Africa/Monrovia")
def a_timestamptz_is_printed_in_the_zone_of_the_export(timezone):
    same(values("timestamptz", [t + " UTC" for t in STAMPS if t != "epoch" and not t.startswith("0001")]), timezone)


@test
def random_floats_have_the_digits_of_repr():
    random.seed(3)
    doubles = [struct.unpack("<d", random.randbytes(8))[0] for _ in range(3000)]
    doubles += [float(random.randrange(1, 1000)) * 10.0 ** random.randrange(15, 40) for _ in range(1500)]
    doubles += [2.0 ** k for k in range(-1074, 1024, 7)]
    singles = [struct.unpack("<f", random.randbytes(4))[0] for _ in range(1000)]
    same("SELECT unnest(%s::float8[]) AS d, unnest(%s::float4[]) AS s" % tuple(
        "'{" + ",".join(repr(v) for v in many) + "}'" for many in (doubles, singles)))


@test
def random_intervals_and_numerics_are_the_same():
    same("""SELECT make_interval(years => (random() * 40 - 20)::int, months => (random() * 40 - 20)::int, days => (random() * 80 - 40)::int,
                   secs => random() * 400000 - 200000) AS i,
                   (random() - 0.5)::numeric * 10::numeric ^ (-i) AS n, justify_interval(random() * interval '3 years') AS j
            FROM (SELECT setseed(0.5)) AS s, generate_series(-20, 20) AS i""")


# Rows and their ends

@each(
    null="SELECT NULL::int AS a",
    empty="SELECT ''::text AS a",
    blank="SELECT ' '::text AS a",
    end_marker="SELECT '\\.'::text AS a",
    two="SELECT NULL::int AS a, ''::text AS b",
    no_columns="SELECT FROM generate_series(1, 3)",
    no_rows="SELECT 1 AS a WHERE false",
    odd_names='SELECT 1 AS "a,b", 2 AS "q""q", 3 AS "line\nend", 4 AS "  ", 5 AS "\\."',
    lone_odd_name='SELECT 1 AS "\\."',
)
def a_row_ends_and_is_quoted_as_csv_writer_does(query):
    same(query)


@test
def many_rows_are_the_same():
    same("""SELECT i, i % 3 = 0 AS b, i / 7.0 AS n, i / 7.0::float8 AS f, 'text ' || i || CASE WHEN i % 5 = 0 THEN ', "q"' ELSE '' END AS t,
            timestamp '2026-01-01' + i * interval '1.5 s' AS ts, i * interval '1 hour' AS iv, NULLIF(i % 4, 0) AS nu
            FROM generate_series(1, 30000) AS i""")


@test
def domains_enums_and_citext_are_what_they_are_made_of():
    sql("CREATE EXTENSION IF NOT EXISTS citext; DROP TYPE IF EXISTS it_mood; CREATE TYPE it_mood AS ENUM ('sad, very', 'ok');"
        "DROP DOMAIN IF EXISTS it_positive; CREATE DOMAIN it_positive AS interval CHECK (VALUE > '0')")
    same("""SELECT 'Sad'::citext AS c, 'sad, very'::it_mood AS m, '1 day'::it_positive AS p, 'x'::information_schema.sql_identifier AS d""")


@test
def options_and_header_key_choose_the_dialect():
    query = "SELECT true AS a, 'é, x'::text AS b"
    postgres, django = b'a,b\nt,"\xc3\xa9, x"\n', b'a,b\r\nTrue,"\xc3\xa9, x"\r\n'
    with Server({"plain": query, "django": "-- dialect: django\n\n" + query, "pg": "-- dialect: postgres\n\n" + query}) as s:
        for path, body in (("plain.csv", postgres), ("plain.csv?_dialect=postgres", postgres), ("plain.csv?_dialect=django", django),
                           ("django.csv", django), ("django.csv?_dialect=postgres", postgres), ("pg.csv?_dialect=django", django),
                           ("django.csv?_header=off", django[5:]), ("plain.csv?_dialect=django&_header=labels", django)):
            r = s.get("/exports/" + path)
            equal(r.body, body, path)
            equal(s.get("/runs/" + r.run_id).json()["rows"], 1)
        for value in ("Django", "csv"):
            p = problem(s.get("/exports/plain.csv?_dialect=" + value), 400, "bad_parameter", parameter="_dialect")
            contains(p["detail"], "django")
        done = run("run", "plain", "_dialect=django", workspace=s.workspace)
        equal((done.code, done.out), (0, django))


# What it refuses

@each(
    json="'{}'::json", jsonb="'{}'::jsonb", bytea="'x'::bytea", array="ARRAY[1]", texts="ARRAY['x']", range="int4range(1, 2)", money="1::money",
    cidr="'10.0.0.0/8'::cidr", bit="B'1'", point="point(1, 2)", record="ROW(1, 2)", xml="'<a/>'::xml", macaddr="'08:00:2b:01:02:03'::macaddr",
    regclass="'pg_class'::regclass", tsvector="'a'::tsvector",
)
def another_type_is_refused_before_the_first_byte(expression):
    p = refused('SELECT 1 AS id, %s AS "Odd one"' % expression, '"Odd one"', "django dialect", '::text')
    lacks(p["detail"], '"id"')


@test
def types_of_users_that_are_no_text_are_refused():
    sql("DROP TYPE IF EXISTS it_pair; CREATE TYPE it_pair AS (a int, b int); CREATE EXTENSION IF NOT EXISTS citext")
    refused("SELECT ROW(1, 2)::it_pair AS p, 'x'::citext AS c", '"p"')
    refused("SELECT ARRAY['x'::citext] AS c", '"c"')


@each(
    date_infinity="date 'infinity'", date_before="date '-infinity'", date_bc="date '0044-03-15 BC'", date_far="date '10000-01-01'",
    timestamp_infinity="timestamp 'infinity'", timestamp_bc="timestamp '0044-03-15 12:00 BC'", timestamp_far="timestamp '294276-12-31'",
    timestamptz_infinity="timestamptz '-infinity'", midnight="time '24:00'", midnight_tz="timetz '24:00+00'",
    interval_far="interval '178000000 years'", interval_over="interval '999999999 days 24:00'", interval_hours="interval '2147483648 hours'",
)
def a_value_that_python_cannot_hold_is_refused_with_its_place(expression):
    refused("SELECT i AS id, CASE i WHEN 2 THEN %s END AS \"When\" FROM generate_series(1, 3) AS i" % expression, '"When"', "row 2", '::text')


@test
def the_export_is_at_fault_for_a_dialect_of_its_own():
    refused("SELECT 1 AS id, '{}'::json AS j", '"j"', status=500, kind="sql", header="-- dialect: django\n\n")
    refused("SELECT date 'infinity' AS d", '"d"', status=500, kind="sql", header="-- dialect: django\n\n")


@test
def a_value_that_comes_late_breaks_the_transfer_and_the_receipt_names_the_column():
    query = """SELECT i, repeat('x', 200) AS pad, CASE WHEN i < 100000 THEN date '2026-01-01' ELSE date 'infinity' END AS "Last day"
               FROM generate_series(1, 100000) AS i"""
    with Server({"e": query}) as s:
        r = s.get("/exports/e.csv?_dialect=django")
        equal(r.status, 200)
        true(r.broken is not None, "the transfer looks whole: %r" % r)
        lacks(r.body[-4000:], b"Last day")
        receipt = s.get("/runs/" + r.run_id).json()
        equal((receipt["state"], receipt["rows"], receipt["error"]["kind"]), ("failed", 99999, "bad_request"))
        contains(receipt["error"]["detail"], '"Last day" of row 100000')


@test
def check_tells_of_a_dialect_that_does_not_fit_the_query():
    done = run("check", exports={"good": "-- dialect: django\n\nSELECT 1 AS a, 'x' AS b",
                                 "bad": "-- title: x\n-- dialect: django\n\nSELECT 1 AS a, '{}'::jsonb AS \"Data\""})
    equal(done.code, 78, repr(done))
    contains(done.err, "exports.d/bad.sql:")
    contains(done.err, '"Data"')
    contains(done.out.decode(), "ok good")


main()
