#!/usr/bin/python3
"""JSON Lines: each row as row_to_json() of PostgreSQL gives it, on one line, without white space outside strings."""

import csv
import decimal
import gzip
import io

import typevalues
from harness import *

csv.field_size_limit(1 << 28)

SETUP = r"""
CREATE EXTENSION hstore;
CREATE EXTENSION citext;
CREATE TYPE it_mood AS ENUM ('sad', 'o"k', E'two\nlines');
CREATE DOMAIN it_text AS text;
CREATE DOMAIN it_count AS numeric CHECK (value >= 0);
CREATE DOMAIN it_numbers AS int[];
CREATE DOMAIN it_document AS jsonb;
CREATE TYPE it_inner AS (a integer, "b ""c" text, d jsonb);
CREATE DOMAIN it_row AS it_inner;
CREATE TYPE it_outer AS (i it_inner, m it_mood, t timestamptz, n numeric, many it_inner[]);
CREATE TYPE it_range AS RANGE (subtype = text);
CREATE TYPE it_fine AS ENUM ('fine');
CREATE FUNCTION it_fine_json(it_fine) RETURNS json LANGUAGE sql IMMUTABLE AS $$ SELECT '{ "is" : "fine" }'::json $$;
CREATE CAST (it_fine AS json) WITH FUNCTION it_fine_json(it_fine);
CREATE TABLE it_table (id int, tags text[]);
INSERT INTO it_table VALUES (1, '{a,"b c"}'), (2, NULL);
CREATE TABLE it_statistics AS SELECT i % 3 AS a FROM generate_series(1, 500) i;
ANALYZE it_statistics;
"""

STRING_OR_SPACE = re.compile(r'("(?:[^"\\]|\\.)*")|[ \t\r\n]+')


def compact(text):
    return STRING_OR_SPACE.sub(r"\1", text)


def oracle(query, settings=None):
    printed = copy("SELECT pg_catalog.row_to_json(q) FROM (%s\n) AS q" % query, settings, header=False).decode()
    return "".join(compact(row[0]) + "\n" for row in csv.reader(io.StringIO(printed, newline=""))).encode()


def same(exports, settings=None, path="/exports/%s.jsonl"):
    """Every export is what row_to_json() gives; all that differ are told at once. The bodies, by name."""
    troubles, bodies = [], {}
    with Server(exports) as s:
        for name, query in exports.items():
            r = s.get(path % name)
            bodies[name] = r.body
            try:
                equal((r.status, r.broken), (200, None), "%s: %r" % (name, r))
                equal(r.body, oracle(query, settings), name)
            except AssertionError as trouble:
                troubles.append(str(trouble))
    true(not troubles, "%d differences\n%s" % (len(troubles), "\n".join(troubles)[:900]))
    return bodies


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def values(kind, literals):
    rows = ["(%d, %s::%s)" % (i, quoted(v), kind) for i, v in enumerate(literals)]
    return "SELECT * FROM (VALUES %s, (-1, NULL)) AS t (n, v)" % ",\n".join(rows)


# Types

@test
def every_base_type_is_what_row_to_json_gives():
    names = sql("SELECT typname FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype = 'b' "
                "AND typcategory <> 'A' ORDER BY 1").split()
    unknown = set(names) - set(typevalues.LITERALS) - typevalues.WITHOUT_LITERAL
    true(not unknown, "no values for the types %s: add them to typevalues.py" % sorted(unknown))
    same({"t_" + n: values('pg_catalog."%s"' % n, typevalues.LITERALS[n]) for n in names if n in typevalues.LITERALS})


@test
def ranges_are_strings_as_row_to_json_gives_them():
    bodies = same({"t_" + n: values(n, v) for n, v in {**typevalues.RANGES, **typevalues.MULTIRANGES}.items()})
    contains(bodies["t_int4range"], b'{"n":1,"v":"[1,5)"}\n')


@test
def every_array_type_is_what_row_to_json_gives():
    pairs = [line.split("|") for line in sql(
        "SELECT e.typname, e.typtype FROM pg_type a JOIN pg_type e ON e.oid = a.typelem AND e.typarray = a.oid "
        "WHERE a.typnamespace = 'pg_catalog'::regnamespace AND a.typcategory = 'A' "
        "AND e.typtype IN ('b', 'r', 'm') ORDER BY 1").split("\n")]
    exports = {}
    for name, kind in pairs:
        literals = {"b": typevalues.LITERALS, "r": typevalues.RANGES, "m": typevalues.MULTIRANGES}[kind].get(name, [])
        cast = 'pg_catalog."%s"' % name
        many = ", ".join(["%s::%s" % (quoted(v), cast) for v in literals] + ["NULL"])
        exports["t_" + name] = "SELECT 1 AS id, ARRAY[%s]::%s[] AS v, '{}'::%s[] AS none, NULL::%s[] AS no" % (many, cast, cast, cast)
    same(exports)


@each(
    arrays="SELECT ARRAY[[1,2],[3,NULL]] AS a, ARRAY['x\"', E'\\n'] AS t, '[2:3]={7,8}'::int[] AS bounds, ARRAY['{\"a\": [1, 2]}'::jsonb] AS j",
    vectors="SELECT '1 2 3'::int2vector AS i, '1 2'::oidvector AS o",
    statistics="SELECT most_common_vals, most_common_freqs FROM pg_stats WHERE tablename = 'it_statistics'",
    record="SELECT ROW(1, 'x', ROW('{ \"a\" : 1 }'::json, NULL)) AS r, 2 AS id",
    rows="SELECT t, id FROM it_table AS t",
    record_array="SELECT array_agg(t) AS a, count(*) FROM it_table AS t",
    catalogue="SELECT c FROM pg_class AS c WHERE oid = 'pg_class'::regclass",
    composite="SELECT ROW(ROW(1, E'x\\n', '{\"k\": 1.50}'), 'sad', '2026-01-01 00:00+02', 'NaN', '{}')::it_outer AS o, NULL::it_outer AS n",
    hstore="SELECT 'a=>1, \"b c\"=>NULL'::hstore AS h, NULL::hstore AS n, ''::hstore AS e",
    cast="SELECT 'fine'::it_fine AS c, ARRAY['fine'::it_fine] AS a, 'sad'::it_mood AS without",
    text_types="SELECT 'Sad'::citext AS c, 'o\"k'::it_mood AS m, E'x\\ty'::it_text AS d, '[a,b]'::it_range AS r",
    domains="SELECT 1.50::it_count AS n, '{1,2}'::it_numbers AS a, '{\"a\": 1}'::it_document AS d, ROW(1, 'x', 'null')::it_row AS r",
)
def what_users_make_is_what_row_to_json_gives(query):
    same({"e": query})


@each(utc="UTC", berlin="Europe/Berlin", kolkata="Asia/Kolkata", st_johns="America/St_Johns", monrovia="Africa/Monrovia", negative="-07:30")
def a_timestamptz_is_in_the_zone_of_the_run_with_its_minutes(timezone):
    stamps = [v for v in typevalues.LITERALS["timestamptz"] if not v.startswith("294276")] + ["1971-01-01 UTC", "1883-01-01 12:00:00.25 UTC", "10000-01-01 UTC", "0001-01-01 UTC"]
    same({"e": values("timestamptz", stamps)}, {"timezone": timezone}, "/exports/%s.jsonl?_timezone=" + timezone.replace("+", "%2B"))


# Rows and names

@each(
    duplicates="SELECT 1, 2, 'x' AS a, true AS a",
    odd_names='SELECT 1 AS "q""q", 2 AS "line\nend", 3 AS "  ", 4 AS "back\\slash", 5 AS "t\tb", 6 AS "ü€\U0001f600", 7 AS "\x01\x7f"',
    long_name='SELECT 1 AS "%s"' % ("é" * 31),
    wrapped='SELECT ARRAY[1] AS "q""q", 2 AS "q""q", 3, NULL::int[] AS "line\nend", \'{}\'::int[] AS "ü" -- a comment at the end',
    with_clause="WITH t AS (SELECT ARRAY[i] AS a, i FROM generate_series(1, 5) AS i) SELECT * FROM t ORDER BY i DESC",
    values="VALUES (ARRAY[1], 'x'), (NULL, 'y')",
    no_columns="SELECT FROM generate_series(1, 3)",
    no_rows="SELECT 1 AS a WHERE false",
    nulls="SELECT NULL AS a, NULL::json AS b, NULL::int[] AS c FROM generate_series(1, 2)",
    json_null="SELECT 'null'::json AS a, 'null'::jsonb AS b, NULL::jsonb AS c",
    empty="SELECT '' AS a, ''::bytea AS b, '{}'::int[] AS c",
    void="SELECT pg_sleep(0) AS v",
)
def a_row_has_its_names_and_nulls_as_row_to_json_gives_them(query):
    same({"e": query})


@test
def every_character_is_escaped_as_row_to_json_does():
    same({"e": "SELECT i, string_agg(chr(c), '' ORDER BY c) AS t, 'x' || chr(greatest(i * 700, 1)) AS one "
               "FROM generate_series(0, 1591) AS i, generate_series(i * 700, i * 700 + 699) AS c "
               "WHERE c > 0 AND c NOT BETWEEN 55296 AND 57343 AND i * 700 NOT BETWEEN 55296 AND 57343 AND c < 1114112 GROUP BY i ORDER BY i"})


@test
def wide_values_and_many_rows_are_the_same():
    same({"wide": "SELECT repeat('plain ', 300000) AS a, repeat(E'\"\\n', 200000) AS b, "
                  "(SELECT jsonb_agg(jsonb_build_object('k  k', i, 'v', repeat(' \"\\', i % 50))) FROM generate_series(1, 20000) AS i) AS j, "
                  "('[ ' || repeat(E'1 ,\\n\\t', 100000) || ' 2 ]')::json AS w, ARRAY(SELECT generate_series(1, 50000)) AS n",
          "many": "SELECT i, i % 3 = 0 AS b, i / 7.0 AS n, i / 7.0::float8 AS f, 'text ' || i || CASE WHEN i % 5 = 0 THEN ', \"q\"' ELSE '' END AS t, "
                  "timestamp '2026-01-01' + i * interval '1.5 s' AS ts, timestamptz '2026-01-01' + i * interval '1.5 s' AS tz, "
                  "NULLIF(i % 4, 0) AS nu, jsonb_build_object('i', i, 'a', ARRAY[i, NULL]) AS j, ARRAY[i::text, 'x'] AS a FROM generate_series(1, 30000) AS i"})


# Parsers of others

PARSE = """
const lines = require("fs").readFileSync(0, "utf8").split("\\n").slice(0, -1);
const text = (key, value) => typeof value === "number" && !isFinite(value) ? (value > 0 ? "+inf" : "-inf") : value;
for (const line of lines) console.log(JSON.stringify(JSON.parse(line), text));
"""


def number(text):
    value = float(text)
    return value if abs(value) != float("inf") else "+inf" if value > 0 else "-inf"


@test
def the_values_come_back_from_two_parsers():
    texts = [t for t in typevalues.TEXTS]
    query = values("text", texts)
    numbers = [v for v in typevalues.LITERALS["numeric"] if v not in ("NaN", "Infinity", "-Infinity")]
    documents = typevalues.LITERALS["jsonb"]
    bodies = same({"texts": query, "numbers": values("numeric", numbers), "documents": values("jsonb", documents),
                   "floats": values("float8", typevalues.LITERALS["float8"])})
    rows = {n: [json.loads(line, parse_float=decimal.Decimal, parse_int=decimal.Decimal) for line in b.decode().split("\n")[:-1]]
            for n, b in bodies.items()}
    equal([r["v"] for r in rows["texts"]], texts + [None])
    equal([r["v"] for r in rows["numbers"]], [decimal.Decimal(v) for v in numbers] + [None])
    exact = dict(parse_float=decimal.Decimal, parse_int=decimal.Decimal)
    equal([r["v"] for r in rows["documents"]], [json.loads(v, **exact) for v in documents] + [None])
    for name, body in bodies.items():
        done = subprocess.run(["node", "-e", PARSE], input=body, stdout=subprocess.PIPE, timeout=60 * SLOW)
        equal(done.returncode, 0, name)
        theirs = [json.loads(line, parse_int=float) for line in done.stdout.decode().split("\n")[:-1]]
        ours = [json.loads(line, parse_float=number, parse_int=number) for line in body.decode().split("\n")[:-1]]
        equal(theirs, ours, name)


# Around the rows

@test
def it_is_told_by_its_type_and_name_and_has_no_header():
    query = "-- headers: a=The a\n\nSELECT 1 AS a"
    with Server({"e": query}) as s:
        for r in (s.get("/exports/e.jsonl"), s.head("/exports/e.jsonl")):
            equal(r.status, 200)
            equal(r["Content-Type"], "application/jsonl; charset=utf-8")
            matches(r["Content-Disposition"], r'filename="?e-\d{4}-\d\d-\d\d\.jsonl')
        equal(s.get("/exports/e.jsonl").body, b'{"a":1}\n')
        packed = s.get("/exports/e.jsonl.gz")
        equal(gzip.decompress(packed.body), b'{"a":1}\n')
        for option in ("_header=labels", "_null=x", "_bom=on", "_quote=all"):
            problem(s.get("/exports/e.jsonl?" + option), 400, "bad_parameter", parameter=option.split("=")[0])
        done = run("run", "e", "-o", s.workspace.path("out.jsonl"), workspace=s.workspace)
        equal((done.code, s.workspace.read("out.jsonl")), (0, b'{"a":1}\n'))


@test
def parameters_reach_a_query_that_is_wrapped():
    with Server({"e": "-- param: ids int[]\n-- param: name text = x\n\nSELECT :'ids' AS ids, :'name' AS name, id FROM it_table WHERE id = ANY(:'ids') ORDER BY id DESC"}) as s:
        equal(s.get("/exports/e.jsonl?ids={1,2}&name=it's").body,
              b'{"ids":[1,2],"name":"it\'s","id":2}\n{"ids":[1,2],"name":"it\'s","id":1}\n')
        problem(s.get("/exports/e.jsonl?ids={1,x}"), 400, "bad_parameter", parameter="ids")


@test
def an_array_that_fails_late_breaks_the_transfer():
    with Server({"e": "SELECT i, repeat('x', 100) AS pad, ARRAY[1 / (90000 - i)] AS a FROM generate_series(1, 100000) AS i"}) as s:
        r = s.get("/exports/e.jsonl")
        equal(r.status, 200)
        true(r.broken is not None, repr(r))
        receipt = s.receipt(r.run_id)
        equal((receipt["state"], receipt["error"]["sqlstate"]), ("failed", "22012"))


main(setup=lambda: sql(SETUP))
