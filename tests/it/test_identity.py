#!/usr/bin/python3
"""Promise 6: the bytes are PostgreSQL's. Every export is compared with COPY (query) TO STDOUT (FORMAT csv, HEADER)."""

import typevalues
from harness import *

SETUP = r'''
CREATE TYPE it_mood AS ENUM ('sad', 'o,k', 'ha"ppy', E'two\nlines', ' ', 'NULL');
CREATE DOMAIN it_text AS text CHECK (value <> 'forbidden');
CREATE DOMAIN it_small AS integer CHECK (value < 1000);
CREATE TYPE it_inner AS (a integer, "b,""c" text);
CREATE TYPE it_outer AS (i it_inner, m it_mood, d it_text, t timestamptz, f float8, x bytea);
CREATE DOMAIN it_composite AS it_inner;
CREATE TYPE it_textrange AS RANGE (subtype = text, collation = "C");
CREATE TYPE "we,ird ""type""" AS ENUM ('1');
CREATE TABLE it_statistics AS SELECT i % 3 AS a, i % 5 AS b, i % 15 AS c FROM generate_series(1, 500) i;
CREATE STATISTICS it_stx ON a, b, c FROM it_statistics;
ANALYZE it_statistics;
CREATE TABLE it_default (a text DEFAULT 'x' || now()::text, b int CHECK (b > 0));
'''


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def same(exports, config=None, settings=None, by_run=True, path="/exports/%s.csv", words=(), **oracle):
    """Every export gives COPY's bytes, over HTTP and by `pgsluice run`; all that differ are told at once."""
    troubles = []
    with Server(exports, config) as server:
        for name, query in exports.items():
            wanted = copy(query, settings, **oracle)
            answer = server.get(path % name)
            ways = {"HTTP": answer.body}
            if answer.status != 200 or answer.broken:
                troubles.append("%s: %r" % (name, answer))
                continue
            if by_run:
                done = run("run", name, *words, workspace=server.workspace)
                if done.code != 0:
                    troubles.append("%s by run: %r" % (name, done))
                ways["run"] = done.out
            for way, got in ways.items():
                try:
                    equal(got, wanted, "%s by %s" % (name, way))
                except AssertionError as trouble:
                    troubles.append(str(trouble))
    true(not troubles, "%d differences\n%s" % (len(troubles), "\n".join(troubles)[:600]))


def values(type_name, literals):
    """A query with one row per literal and one NULL; the two columns keep the rule for single columns out."""
    rows = ["(%d, %s::%s)" % (i, quoted(v), type_name) for i, v in enumerate(literals)]
    return "SELECT * FROM (VALUES %s, (-1, NULL)) AS t (n, v)" % ",\n".join(rows)


# Types

@test
def every_base_type_is_printed_as_copy_prints_it():
    names = sql("SELECT typname FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype = 'b' "
                "AND typcategory <> 'A' ORDER BY 1").split()
    unknown = set(names) - set(typevalues.LITERALS) - typevalues.WITHOUT_LITERAL
    true(not unknown, "no values for the types %s: add them to typevalues.py" % sorted(unknown))
    same({"t_" + n: values('pg_catalog."%s"' % n, typevalues.LITERALS[n]) for n in names if n in typevalues.LITERALS},
         by_run=False)


@test
def every_array_type_is_printed_as_copy_prints_it():
    pairs = [line.split("|") for line in sql(
        "SELECT e.typname, e.typtype FROM pg_type a JOIN pg_type e ON e.oid = a.typelem AND e.typarray = a.oid "
        "WHERE a.typnamespace = 'pg_catalog'::regnamespace AND a.typcategory = 'A' "
        "AND e.typtype IN ('b', 'r', 'm') ORDER BY 1").split("\n")]
    exports = {}
    for name, kind in pairs:
        source = {"b": typevalues.LITERALS, "r": typevalues.RANGES, "m": typevalues.MULTIRANGES}[kind]
        literals = source.get(name, [])
        cast = 'pg_catalog."%s"' % name
        elements = ", ".join(["%s::%s" % (quoted(v), cast) for v in literals] + ["NULL"])
        exports["a_" + name] = (
            "SELECT * FROM (VALUES (1, ARRAY[%s]::%s[]), (2, '{}'), (3, NULL), (4, ARRAY[NULL, NULL]::%s[]), "
            "(5, ARRAY[ARRAY[%s], ARRAY[%s]]::%s[])) AS t (n, v)" % (elements, cast, cast, elements, elements, cast))
    true(len(exports) > 60, "only %d array types found" % len(exports))
    same(exports, by_run=False)


@test
def every_range_and_multirange_type_is_printed_as_copy_prints_it():
    names = sql("SELECT typname FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace "
                "AND typtype IN ('r', 'm') ORDER BY 1").split()
    known = {**typevalues.RANGES, **typevalues.MULTIRANGES}
    equal(set(names) - set(known), set(), "range types without values")
    same({"r_" + n: values(n, known[n]) for n in names}, by_run=False)


@test
def values_that_only_the_catalogue_holds_are_printed_as_copy_prints_them():
    same({
        "node_tree": "SELECT conbin FROM pg_constraint WHERE conbin IS NOT NULL UNION ALL SELECT NULL",
        "defaults": "SELECT adbin, adrelid::regclass FROM pg_attrdef",
        "statistics": "SELECT stxdndistinct, stxddependencies, stxdmcv FROM pg_statistic_ext_data",
        "anyarray": "SELECT attname, most_common_vals, histogram_bounds, n_distinct FROM pg_stats "
                    "WHERE tablename = 'it_statistics' ORDER BY 1",
        "acl": "SELECT oid, relname, relacl, reloptions FROM pg_class ORDER BY oid",
        "types": "SELECT * FROM pg_type ORDER BY oid",
        "functions": "SELECT * FROM pg_proc ORDER BY oid",
        "settings": "SELECT name, vartype, enumvals, boot_val FROM pg_settings WHERE name LIKE 'e%' ORDER BY name",
        "nulls": "SELECT %s" % ", ".join("NULL::%s AS %s" % (n, n) for n in sorted(typevalues.WITHOUT_LITERAL)),
    })


@test
def enums_domains_and_composites_are_printed_as_copy_prints_them():
    same({
        "enum": "SELECT v, ARRAY[v], ROW(v, 1) FROM unnest(enum_range(NULL::it_mood)) AS v UNION ALL SELECT NULL, NULL, NULL",
        "domain": "SELECT ''::it_text AS a, 'x,y'::it_text AS b, NULL::it_text AS c, 7::it_small AS d, "
                  "'(1,\"q\"\"\")'::it_composite AS e",
        "composite": "SELECT ROW(1, 'x\"y,z')::it_inner AS a, ROW(NULL, '')::it_inner AS b, ROW(NULL, NULL)::it_inner AS c, "
                     "ROW(ROW(2, E'l\\n'), 'o,k', '\\', '2020-02-02 02:02+02', 0.1, '\\x00ff')::it_outer AS d, NULL::it_outer AS e, "
                     "ARRAY[ROW(1, 'a')::it_inner, NULL] AS f, ROW(1, 'anonymous, row', NULL, ROW()) AS g",
        "textrange": "SELECT it_textrange('a,\"', E'b\\n', '[]') AS a, it_textrange('', 'x') AS b, 'empty'::it_textrange AS c, "
                     "it_textrange(NULL, NULL) AS d, ARRAY[it_textrange('(', ')')] AS e",
        "names": "SELECT 'we,ird \"type\"'::name AS n, '\"we,ird \"\"type\"\"\"'::regtype AS t, 'it_mood'::regtype AS m",
        "table_row": "SELECT t FROM pg_am t ORDER BY oid",
    })


# NULL, quoting, single columns

@test
def an_empty_string_is_quoted_and_null_is_not():
    with Server({"e": "SELECT '' AS a, NULL AS b"}) as s:
        equal(s.get("/exports/e.csv").body, b'a,b\n"",\n')


@test
def null_and_the_empty_string_differ_also_in_a_single_column():
    same({"e": "SELECT * FROM (VALUES (''), (NULL), (' '), ('NULL')) AS t (v)",
          "null": "SELECT NULL AS only",
          "empty": "SELECT '' AS only"})


@test
def a_single_column_backslash_dot_is_quoted():
    with Server({"e": r"SELECT '\.' AS v UNION ALL SELECT '\.\.'",
                 "two": r"SELECT '\.' AS v, '\.' AS w"}) as s:
        equal(s.get("/exports/e.csv").body, b'v\n"\\."\n\\.\\.\n')
        equal(s.get("/exports/two.csv").body, b'v,w\n\\.,\\.\n')
    same({"e": r"SELECT * FROM (VALUES ('\.'), ('\.x'), ('x\.'), ('.'), ('\'), (E'\\.\n')) AS t (v)",
          "name": r'SELECT 1 AS "\."',
          "names": r'SELECT 1 AS "\.", 2 AS "\."'})


@test
def every_byte_class_is_quoted_as_copy_quotes_it():
    same({
        "ascii": "SELECT i, chr(i) AS alone, 'a' || chr(i) AS last, chr(i) || 'a' AS first, repeat(chr(i), 3) AS three "
                 "FROM generate_series(1, 127) AS i",
        "single": "SELECT chr(i) AS v FROM generate_series(1, 127) AS i",
        "pairs": "SELECT chr(i) || chr(j) AS v FROM unnest(ARRAY[9, 10, 13, 32, 34, 39, 44, 46, 59, 92, 97, 233]) AS i, "
                 "unnest(ARRAY[9, 10, 13, 32, 34, 39, 44, 46, 59, 92, 97, 233]) AS j",
        "unicode": "SELECT i, chr(i) AS v, chr(i) || ',' AS q FROM generate_series(128, 70000, 7) AS i "
                   "WHERE i NOT BETWEEN 55296 AND 57343",
        "highest": "SELECT chr(1114111) AS a, chr(65279) || 'bom' AS b, chr(8232) || chr(8233) AS c, U&'e\\0301' AS d",
        "bytes": "SELECT decode(string_agg(lpad(to_hex(i), 2, '0'), ''), 'hex') AS v FROM generate_series(0, 255) AS i",
        "spreadsheet": "SELECT unnest(ARRAY['=1+1', '+1', '-1', '@x', E'\\t=x', '''', '  lead', 'trail  ', '#', ';', '|'])",
    })


@test
def a_special_byte_is_found_at_every_offset():
    same({"offsets": "SELECT repeat('x', i) || c || repeat('y', n - i) AS v, n, i "
                     "FROM unnest(ARRAY[0, 1, 15, 16, 17, 31, 32, 33, 63, 64, 65]) AS n, "
                     "generate_series(0, n) AS i, unnest(ARRAY['\"', ',', chr(10), chr(13), '\\', 'é', chr(31)]) AS c",
          "lengths": "SELECT repeat('é', i) AS a, repeat('\"', i) AS b, repeat('z', i) AS c FROM generate_series(0, 300) AS i"})


# Shapes

@test
def no_rows_give_the_header_alone():
    with Server({"e": "SELECT 1 AS a, 2 AS b WHERE false"}) as s:
        equal(s.get("/exports/e.csv").body, b"a,b\n")
    same({"e": "SELECT oid, relname FROM pg_class WHERE false", "text": "SELECT ''::text AS v WHERE false"})


@test
def no_columns_give_an_empty_line_for_each_row_and_the_header():
    with Server({"e": "SELECT FROM generate_series(1, 3)"}) as s:
        equal(s.get("/exports/e.csv").body, b"\n\n\n\n")
    same({"rows": "SELECT FROM generate_series(1, 1000)", "none": "SELECT WHERE false", "one": "SELECT"})


@test
def sixteen_hundred_columns_are_all_there():
    columns = range(1, 1601)
    same({
        "int": "SELECT " + ", ".join("i + %d AS c%d" % (i, i) for i in columns) + " FROM generate_series(1, 50) AS i",
        "text": "SELECT " + ", ".join("repeat('a,', i) || '%d' AS \"column, %d\"" % (i, i) for i in columns)
                + " FROM generate_series(1, 20) AS i",
        "null": "SELECT " + ", ".join("NULL AS c%d" % i for i in columns),
        "same_name": "SELECT " + ", ".join("%d AS a" % i for i in columns),
    })


@test
def duplicate_and_hostile_column_names_are_kept():
    hostile = ['a"b', '""', '"', ',', 'a,b', 'x\ny', 'x\r\ny', '\r', ' ', '  ', '\t', '\\.', '\\N', 'NULL', "'", ';', 'é', '名前',
               '\U0001f600', '?column?', ':name', "a:b", "::", '$1', '--', '/*', 'SELECT', 'x' * 63, '=1+1', '\x01', '\x7f', '%s', '{}']
    names = ['"%s"' % n.replace('"', '""') for n in hostile]
    exports = {"all": "SELECT " + ", ".join("%d AS %s" % (i, n) for i, n in enumerate(names)),
               "duplicate": "SELECT 1 AS a, 2 AS a, 3 AS \"A\", '' AS a, NULL AS a",
               "unnamed": "SELECT 1, 'x', now() IS NULL, ARRAY[1], CASE WHEN true THEN 1 END, (SELECT 2)",
               "cut": "SELECT 1 AS \"%s\"" % ("é" * 40)}
    for i, n in enumerate(names):
        exports["one%d" % i] = "SELECT 1 AS %s" % n
    same(exports, by_run=False)


@test
def every_form_of_query_is_printed_as_copy_prints_it():
    same({
        "values": "VALUES (1, 'a'), (2, NULL), (3, 'x,y')",
        "table": "TABLE pg_am",
        "with": "WITH RECURSIVE t (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t WHERE n < 100) SELECT * FROM t",
        "parenthesis": "(SELECT 1 AS a) UNION ALL (SELECT 2) ORDER BY 1 DESC",
        "limit": "(SELECT i FROM generate_series(1, 10) AS i LIMIT 3)",
        "volatile": "SELECT i, txid_current_if_assigned() FROM generate_series(1, 10) AS i",
        "srf": "SELECT generate_series(1, 3) AS a, unnest(ARRAY['x', NULL]) AS b",
        "comments": "SELECT /* a comment; with : and ' and /* nested */ */ 1 AS a -- and one, at the end",
        "literals": "SELECT $$it's; :not 'a' parameter$$ AS a, $t$ $$ $1 $t$ AS b, E'\\':x' AS c, U&'\\0041' AS d",
        "slices": "SELECT (ARRAY[1, 2, 3, 4])[2:3] AS a, (ARRAY[1, 2])[:1] AS b, (ARRAY[1, 2])[1:] AS c, "
                  "make_interval(days := 3) AS d, 1::int::text AS e",
    })


@test
def a_last_semicolon_and_trailing_comments_change_nothing():
    with Server({"a": "SELECT 1 AS x;", "b": "SELECT 1 AS x;\n\n-- done\n/* really */\n", "c": "\n\nSELECT 1 AS x",
                 "d": "SELECT 1 AS x -- ; not the end", "e": "\r\nSELECT 1 AS x\r\n;\r\n"}) as s:
        for name in "abcde":
            equal(s.get("/exports/%s.csv" % name).body, b"x\n1\n", name)


# Sizes

@test
def values_of_a_megabyte_are_whole():
    same({
        "plain": "SELECT i, repeat(md5(i::text), 32768) AS v FROM generate_series(1, 5) AS i",
        "quotes": "SELECT i, repeat('\"', 1000000 + i) AS v FROM generate_series(1, 3) AS i",
        "commas": "SELECT repeat('a,', 500000) AS v, NULL AS n, repeat(E'\\n', 1000000) AS w",
        "bytes": "SELECT decode(repeat('00ff', 250000), 'hex') AS v",
        "last_byte": "SELECT repeat('x', 1048575) || c AS v FROM unnest(ARRAY['\"', ',', E'\\n', 'y']) AS c",
        "eight": "SELECT repeat('x\"', 2500000) AS v",
    })


@test
def narrow_rows_then_wide_ones_then_narrow_ones_are_whole():
    same({"e": "SELECT i, CASE WHEN i BETWEEN 20001 AND 20012 THEN repeat(chr(65 + i % 26), 1000000) ELSE 'n' || i END AS v "
               "FROM generate_series(1, 30000) AS i"})


@test
def rows_of_every_length_are_whole_across_buffer_boundaries():
    same({"e": "SELECT i, repeat(CASE i % 3 WHEN 0 THEN 'ab' WHEN 1 THEN 'a\"' ELSE E',\\n' END, i % 701) AS v "
               "FROM generate_series(1, 30000) AS i",
          "long": "SELECT repeat('q\"', 130000 + i) AS v FROM generate_series(1, 60, 7) AS i"})


@test
def many_rows_of_bounded_types_are_whole():
    same({"e": "SELECT i, i * 1.5::float8 AS f, i % 2 = 0 AS b, '2020-01-01'::timestamptz + i * interval '1 minute' AS t, "
               "CASE WHEN i % 7 > 0 THEN i::smallint END AS s, (i * 100000::bigint) AS l, "
               "md5(i::text)::uuid AS u, '2020-01-01'::date + i AS d FROM generate_series(1, 32000) AS i"})


# Settings

LIAR = """
DROP ROLE IF EXISTS liar; CREATE ROLE liar LOGIN;
ALTER ROLE liar SET datestyle = 'German, DMY'; ALTER ROLE liar SET intervalstyle = 'iso_8601';
ALTER ROLE liar SET extra_float_digits = -15; ALTER ROLE liar SET bytea_output = 'escape';
ALTER ROLE liar SET timezone = 'Asia/Kolkata'; ALTER ROLE liar SET client_encoding = 'LATIN1';
ALTER ROLE liar SET quote_all_identifiers = on; ALTER ROLE liar SET standard_conforming_strings = off;
ALTER ROLE liar SET xmloption = 'document'; ALTER ROLE liar SET cursor_tuple_fraction = 0.01;
ALTER ROLE liar SET default_transaction_isolation = 'serializable';
"""

SENSITIVE = r"""SELECT '2026-02-01'::date AS d, '2026-02-01 03:04:05.678'::timestamp AS ts,
    '2026-02-01 03:04:05+00'::timestamptz AS tz, to_json('2026-02-01 03:04:05+00'::timestamptz) AS j,
    '1 year 2 mons 3 days 04:05:06'::interval AS i, 0.1::float8 AS f8, 1e-7::float4 AS f4, point(0.1, 0.2) AS p,
    '\x00ff41'::bytea AS b, ROW('\x00ff41'::bytea) AS rb, 'é€'::text AS u, 'a\b' AS s, 12.34::numeric::money AS m,
    'pg_class'::regclass AS c, 'pg_catalog.text'::regtype AS t, 'content'::xml AS x, xmlparse(content 'x') AS xc,
    daterange('2026-02-01', '2026-03-01') AS r, ARRAY['2026-02-01'::date] AS a,
    current_setting('TimeZone') AS zone, current_setting('datestyle') AS style"""


@test
def settings_of_the_login_role_do_not_change_a_byte():
    sql(LIAR)
    same({"e": SENSITIVE}, {"database": {"dsn": "user=liar"}}, user="liar")
    with Server({"e": SENSITIVE}, {"database": {"dsn": "user=liar"}}) as s:
        body = s.get("/exports/e.csv").text
    for part in ("2026-02-01 03:04:05.678", "2026-02-01 03:04:05+00", "1 year 2 mons 3 days 04:05:06", ",0.1,", ",1e-07,",
                 r"\x00ff41", "é€", r"a\b", ",pg_class,", ",text,", ",UTC,", '"ISO, MDY"'):
        contains(body, part)


@test
def settings_of_the_database_do_not_change_a_byte():
    sql("DROP DATABASE IF EXISTS it_odd")
    sql("CREATE DATABASE it_odd")
    for setting in ("datestyle = 'SQL, DMY'", "timezone = 'America/St_Johns'", "intervalstyle = 'sql_standard'",
                    "extra_float_digits = 0", "bytea_output = 'escape'", "synchronize_seqscans = off"):
        sql("ALTER DATABASE it_odd SET " + setting)
    same({"e": SENSITIVE}, {"database": {"dsn": "dbname=it_odd"}}, dbname="it_odd")


@test
def the_environment_of_libpq_does_not_change_a_byte():
    env = {"PGTZ": "Asia/Tokyo", "PGDATESTYLE": "German", "PGCLIENTENCODING": "LATIN1",
           "PGOPTIONS": "-c intervalstyle=iso_8601 -c bytea_output=escape", "TZ": "Asia/Tokyo"}
    wanted = copy(SENSITIVE)
    with Server({"e": SENSITIVE}, env=env) as s:
        equal(s.get("/exports/e.csv").body, wanted, "HTTP")
        equal(run("run", "e", workspace=s.workspace, env=env).out, wanted, "run")


@test
def the_time_zone_may_come_from_option_export_or_configuration():
    exports = {"plain": SENSITIVE, "own": "-- timezone: America/New_York\n\n" + SENSITIVE}
    config = {"database": {"timezone": "Asia/Kolkata"}}
    with Server(exports, config) as s:
        for path, words, zone in (
                ("plain.csv", [], "Asia/Kolkata"),
                ("plain.csv?_timezone=Europe/Berlin", ["_timezone=Europe/Berlin"], "Europe/Berlin"),
                ("own.csv", [], "America/New_York"),
                ("own.csv?_timezone=UTC", ["_timezone=UTC"], "UTC")):
            wanted = copy(SENSITIVE, {"timezone": zone})
            equal(s.get("/exports/" + path).body, wanted, path)
            equal(run("run", path.split(".")[0], *words, workspace=s.workspace).out, wanted, path + " by run")


@test
def a_header_that_is_off_leaves_the_rows_as_copy_prints_them():
    query = "SELECT * FROM (VALUES (1, ''), (2, NULL), (3, 'x,y')) AS t (a, b)"
    with Server({"e": query, "single": r"SELECT '\.' AS v", "none": "SELECT 1 AS a WHERE false"}) as s:
        for name, q in (("e", query), ("single", r"SELECT '\.' AS v"), ("none", "SELECT 1 AS a WHERE false")):
            bare, named = copy(q, header=False), copy(q)
            answer = s.get("/exports/%s.csv?_header=off" % name)
            equal(answer.body, bare, name)
            contains(answer["Content-Type"], "header=absent")
            equal(run("run", name, "_header=off", workspace=s.workspace).out, bare, name)
            answer = s.get("/exports/%s.csv?_header=names" % name)
            equal(answer.body, named, name)
            contains(answer["Content-Type"], "header=present")


@test
def the_search_path_of_the_login_stays_unless_the_export_sets_it():
    sql("DROP SCHEMA IF EXISTS it_one CASCADE; CREATE SCHEMA it_one; CREATE TABLE it_one.t AS SELECT 'one' AS v;"
        "DROP SCHEMA IF EXISTS it_two CASCADE; CREATE SCHEMA it_two; CREATE TABLE it_two.t AS SELECT 'two' AS v;"
        "DROP ROLE IF EXISTS it_walker; CREATE ROLE it_walker LOGIN; ALTER ROLE it_walker SET search_path = it_one;"
        "GRANT USAGE ON SCHEMA it_one, it_two TO it_walker; GRANT SELECT ON it_one.t, it_two.t TO it_walker")
    with Server({"login": "SELECT v, 't'::regclass AS c FROM t",
                 "own": "-- search_path: it_two\n\nSELECT v, 't'::regclass AS c FROM t"},
                {"database": {"dsn": "user=it_walker"}}) as s:
        equal(s.get("/exports/login.csv").body, b"v,c\none,t\n")
        equal(s.get("/exports/own.csv").body, b"v,c\ntwo,t\n")


@test
def a_database_of_another_encoding_is_printed_as_utf8():
    sql("DROP DATABASE IF EXISTS it_latin1")
    sql("CREATE DATABASE it_latin1 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    same({"e": "SELECT i, chr(i) AS v, chr(i) || ',' AS q FROM generate_series(1, 255) AS i"},
         {"database": {"dsn": "dbname=it_latin1"}}, dbname="it_latin1")
    sql("DROP DATABASE IF EXISTS it_ascii")
    sql("CREATE DATABASE it_ascii ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    same({"e": "SELECT 'é,' AS v, E'\\xc3\\xa9' AS w, length('é') AS n"}, {"database": {"dsn": "dbname=it_ascii"}}, dbname="it_ascii")


@test
def parameters_print_as_the_same_literals_in_copy():
    export = "-- param: d date\n-- param: n numeric\n-- param: t text\n-- param: a text[]\n\n" \
             "SELECT :'d' AS d, :n AS n, :'t' AS t, :'a' AS a, :'t' || :'t' AS twice"
    literal = "SELECT '2026-02-03'::date AS d, 'NaN'::numeric AS n, E'a''b\"c,\\n\\\\' AS t, " \
              "E'{1,\"x,y\",NULL,\"\\\\\"\"}'::text[] AS a, E'a''b\"c,\\n\\\\' || E'a''b\"c,\\n\\\\' AS twice"
    wanted = copy(literal)
    with Server({"e": export}) as s:
        r = s.get("/exports/e.csv?d=2026-02-03&n=NaN&t=a%27b%22c%2C%0A%5C&a=%7B1%2C%22x%2Cy%22%2CNULL%2C%22%5C%22%22%7D")
        equal((r.status, r.body), (200, wanted))
        done = run("run", "e", "d=2026-02-03", "n=NaN", "t=a'b\"c,\n\\", 'a={1,"x,y",NULL,"\\""}', workspace=s.workspace)
        equal((done.code, done.out), (0, wanted))


main(setup=lambda: sql(SETUP))
