#!/usr/bin/python3
"""Export files: what is wrong with one is told with file, line and advice, by `check` and when `serve` starts."""

from harness import *

GOOD = {"good": "SELECT 1 AS a"}


def refused(text, line, *parts, name="bad"):
    """`check` and `serve` both end with 78 and a line `.../exports.d/bad.sql:LINE: ` that holds all the parts."""
    exports = {**GOOD, "exports.d/%s.sql" % name: text}
    where = "exports.d/%s.sql:%d: " % (name, line) if line else "exports.d/%s.sql" % name
    for command in ("check", "serve"):
        done = run(command, exports=exports, config={"server": {"listen": "127.0.0.1:0", "admin_listen": "127.0.0.1:0"}})
        equal(done.code, 78, "%s of %r: %r" % (command, text, done))
        found = [t for t in done.err.splitlines() if where in t and all(part in t for part in parts)]
        true(found, "%s: no line with %r and %r in\n%s" % (command, where, parts, done.err))
    contains(run("check", exports=exports).err + run("check", exports=exports).out.decode(), "good", "check goes on with the others")


# The query

@each(
    two_statements=("SELECT 1;\nSELECT 2", 2, ()),
    two_statements_on_a_line=("\n\nSELECT 1; SELECT 2;", 3, ()),
    two_semicolons=("SELECT 1;;", 1, ()),
    insert=("INSERT INTO t VALUES (1)", 1, ("INSERT",)),
    delete=("-- title: x\n\nDELETE FROM t RETURNING *", 3, ("DELETE",)),
    copy=("COPY t TO STDOUT", 1, ("COPY",)),
    explain=("EXPLAIN SELECT 1", 1, ("EXPLAIN",)),
    begin=("BEGIN; SELECT 1", 1, ()),
    set=("SET timezone = 'UTC'; SELECT 1", 1, ()),
    do=("DO $$ BEGIN END $$", 1, ("DO",)),
    word=("hello", 1, ()),
    open_string=("SELECT 'abc", 1, ()),
    open_string_on_line_three=("SELECT 1,\n2,\n'abc", 3, ()),
    open_identifier=('SELECT "abc', 1, ()),
    open_dollar=("SELECT $tag$ abc $other$", 1, ()),
    open_comment=("SELECT 1 /* /* */", 1, ()),
)
def a_file_that_is_not_one_query_is_refused(text, line, parts):
    refused(text, line, *parts)


@test
def an_empty_file_is_refused():
    for text in ("", "\n\n", "-- title: Nothing\n", "-- title: x\n\n-- only a comment\n", ";", "/* x */"):
        refused(text, 0)


@test
def bytes_that_are_no_text_are_refused():
    refused(b"SELECT 1 AS a\0, 2 AS b", 1)
    refused(b"SELECT '\xff\xfe' AS a", 1)


@test
def a_backslash_command_is_refused():
    refused("SELECT 1\n\\gexec\n", 2, "backslash")
    refused("\\set x 1\nSELECT 1", 1, "backslash")


# Parameters in the query

@each(
    undeclared=("SELECT :nope", 1, ("nope", "param")),
    undeclared_quoted=("-- param: a int\n\nSELECT :a,\n  :'nope'", 4, ("nope", "param")),
    identifier_variable=('-- param: a text\n\nSELECT :"a"', 3, (':"',)),
    test_variable=("-- param: a text\n\nSELECT :{?a}", 3, (":{?",)),
    numbered=("SELECT $1", 1, ("$1",)),
    numbered_later=("-- param: a int\n\nSELECT :a\n, $1", 4, ("$1",)),
    typed_literal=("-- param: d date\n\nSELECT date :'d'", 3, (":'d'::date",)),
    typed_literal_timestamp=("-- param: d timestamptz\n\nSELECT\n  timestamptz :'d'", 4, (":'d'::",)),
)
def a_variable_that_cannot_be_bound_is_refused_with_advice(text, line, parts):
    refused(text, line, *parts)


@test
def colons_that_are_no_variables_are_left_alone():
    query = """SELECT (ARRAY[1, 2, 3])[1:2] AS a, '12:30:00'::time AS b, ':x' AS c, $$:y$$ AS d, "s:t" AS e,
        make_interval(days := 2) AS f, E'it\\'s :z' AS g, U&'\\003A:w' AS h, jsonb '{"a:b": 1}' ->> 'a:b' AS i -- :comment
        /* :also /* :nested */ :still */
        FROM (SELECT 1 AS "s:t") AS t"""
    with Server({"plain": query, "column_bounds": "SELECT (ARRAY[5, 6, 7])[lo:hi] AS b FROM (SELECT 2 AS lo, 3 AS hi) AS t"}) as s:
        equal(s.get("/exports/plain.csv").body, copy(query))
        equal(s.get("/exports/column_bounds.csv").body, b'b\n"{6,7}"\n', "a bare word inside brackets is a bound")


@test
def a_variable_may_be_used_often_and_in_odd_places():
    text = "-- param: n int = 3\n-- param: t text = x\n\nSELECT :n+:n AS a,:n::text||:'t' AS b,(:n)*-:n AS c,ARRAY[:n,:n] AS d," \
           "CASE WHEN :n>2 THEN :'t'END AS e,(ARRAY[5,6,7])[:n] AS f WHERE :n IN(:n,1)LIMIT :n"
    with Server({"e": text}) as s:
        equal(s.get("/exports/e.csv").body, b'a,b,c,d,e,f\n6,3x,-9,"{3,3}",x,7\n')


# The header

@each(
    unknown_key=("-- titel: Orders\n\nSELECT 1", 1, ("titel", "title")),
    unknown_key_later=("-- title: Orders\n-- descripton: x\n\nSELECT 1", 2, ("descripton", "description")),
    no_colon=("-- title: Orders\n-- just words\n\nSELECT 1", 2, ()),
    twice=("-- title: a\n-- title: b\n\nSELECT 1", 2, ("title",)),
    param_without_type=("-- param: a\n\nSELECT 1", 1, ("param",)),
    param_bad_name=("-- param: 1a int\n\nSELECT 1", 1, ("1a",)),
    param_upper_case=("-- param: Since date\n\nSELECT :'Since'", 1, ("Since",)),
    param_underscore=("-- param: _a int\n\nSELECT 1", 1, ("_a",)),
    param_twice=("-- param: a int\n-- param: a text\n\nSELECT :a", 2, ("a",)),
    param_modifier=("-- param: a varchar(10)\n\nSELECT :'a'", 1, ("varchar",)),
    param_empty=("-- param:\n\nSELECT 1", 1, ("param",)),
    max_rows_word=("-- max_rows: many\n\nSELECT 1", 1, ("max_rows",)),
    max_duration_unit=("-- max_duration: 3 fortnights\n\nSELECT 1", 1, ("max_duration",)),
    jit_word=("-- jit: perhaps\n\nSELECT 1", 1, ("jit",)),
    headers_no_equals=("-- headers: id\n\nSELECT 1 AS id", 1, ("column=Label",)),
    headers_open_quote=('-- headers: id="Open\n\nSELECT 1 AS id', 1, ("quoted",)),
)
def a_bad_header_is_refused(text, line, parts):
    refused(text, line, *parts)


@test
def the_header_ends_at_the_first_other_line():
    with Server({"blank": "-- title: x\n\n-- not a key: at all\nSELECT 1 AS a",
                 "none": "SELECT 1 AS a\n-- titel: x",
                 "blank_first": "\n-- titel: no header at all\nSELECT 1 AS a",
                 "directly": "-- title: x\nSELECT 1 AS a",
                 "crlf": "-- title: x\r\n-- param: n int = 1\r\n\r\nSELECT :n AS a\r\n"}) as s:
        for name in ("blank", "none", "blank_first", "directly", "crlf"):
            equal(s.get("/exports/%s.csv" % name).body, b"a\n1\n", name)


@test
def types_may_hold_spaces_brackets_quotes_and_schemas():
    sql('DROP TYPE IF EXISTS "Odd type"; CREATE TYPE "Odd type" AS ENUM (\'x\')')
    text = """-- param: a timestamp with time zone = 2026-01-01 00:00+00
-- param: b double precision = 1.5   With a text
-- param: c integer[] = {1,2}
-- param: d pg_catalog.int8 = 4
-- param: e "char" = z
-- param: f "Odd type"?
-- param: g character varying = 'a  b'
-- param: h time without time zone[]?
-- param: i text = ''
-- param: j text = it's
-- param: k text = 'it''s'   Doubled inside quotes

SELECT :'a' AS a, :b AS b, :c AS c, :d AS d, :'e' AS e, :'f' AS f, :'g' AS g, :'h' AS h, :'i' AS i, :'j' AS j, :'k' AS k
"""
    with Server({"e": text}) as s:
        equal(s.get("/exports/e.csv").body, b'a,b,c,d,e,f,g,h,i,j,k\n2026-01-01 00:00:00+00,1.5,"{1,2}",4,z,,a  b,,"",it\'s,it\'s\n')


@test
def a_bad_name_of_a_file_is_refused():
    for name in ("Upper", "with space", "_first", "-first", "x" * 46, "dot.ted", "ümlaut"):
        refused("SELECT 1", 0, name=name)


@test
def files_that_are_no_exports_are_passed_over():
    with Server({**GOOD, "exports.d/README": "not sql", "exports.d/notes.txt": "DROP TABLE x", "exports.d/.hidden.sql": "nonsense",
                 "exports.d/good.sql~": "nonsense", "exports.d/" + "y" * 45 + ".sql": "SELECT 2 AS b"}) as s:
        equal(s.get("/exports/good.csv").body, b"a\n1\n")
        equal(s.get("/exports/%s.csv" % ("y" * 45)).body, b"b\n2\n")


# What only the database knows

@test
def check_prepares_every_export_and_tells_where_the_database_objects():
    exports = {**GOOD, "no_table": "-- title: x\n\nSELECT 1,\n  a FROM no_such_table",
               "no_type": "-- param: a int = 1\n-- param: b no_such_type\n\nSELECT :a, :'b'",
               "syntax": "SELECT 1 FROM FROM x", "no_default": "-- param: a int = seven\n\nSELECT :a"}
    done = run("check", exports=exports)
    equal(done.code, 78, repr(done))
    for part in ("exports.d/no_table.sql:4: ", "no_such_table", "exports.d/no_type.sql:2: ", "no_such_type", "exports.d/syntax.sql:1: ",
                 "exports.d/no_default.sql:1: "):
        contains(done.err, part)
    matches(done.err + done.out.decode(), r"\bok good\b")


@test
def check_runs_nothing():
    sql("DROP SEQUENCE IF EXISTS it_checked; CREATE SEQUENCE it_checked")
    done = run("check", exports={"slow": "SELECT pg_sleep(300)", "next": "SELECT nextval('it_checked')", "huge": "SELECT generate_series(1, 1000000000)"}, timeout=20)
    equal(done.code, 0, repr(done))
    equal(sql("SELECT is_called FROM it_checked"), "f")


@test
def check_without_a_database_is_69():
    done = run("check", exports=GOOD, config={"database": {"dsn": "host=/nonexistent-directory"}})
    equal(done.code, 69, repr(done))
    done = run("check", exports={**GOOD, "bad": "SELECT $1"}, config={"database": {"dsn": "host=/nonexistent-directory"}})
    true(done.code in (69, 78), repr(done))
    contains(done.err, "exports.d/bad.sql:1: ", "lexical errors are told all the same")


@test
def serve_starts_with_an_export_that_the_database_refuses_and_logs_it():
    with Server({**GOOD, "broken": "SELECT a FROM no_such_table", "odd": "-- param: a no_such_type?\n\nSELECT :'a' AS a"}) as s:
        equal(s.get("/exports/good.csv").body, b"a\n1\n")
        for name in ("broken", "odd"):
            equal(s.get("/exports/%s.csv" % name).status, 500, name)
            s.wait_log(lambda line: "level=info" not in line and name in line)


@test
def every_bad_file_is_told_not_only_the_first():
    done = run("check", exports={"a": "SELECT $1", "b": "-- titel: x\n\nSELECT 1", "c": "SELECT 1; SELECT 2", "d": "SELECT 4"})
    equal(done.code, 78)
    for part in ("exports.d/a.sql:1: ", "exports.d/b.sql:1: ", "exports.d/c.sql:1: "):
        contains(done.err, part)
    matches(done.err + done.out.decode(), r"\bok d\b")


main()
