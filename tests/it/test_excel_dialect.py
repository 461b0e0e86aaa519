#!/usr/bin/env python3
"""The excel dialect: what Python's csv reads in the file, against the values and the rules of the manual."""

import csv
import io
from urllib.parse import quote

from harness import *
from typevalues import LITERALS, TEXTS

FORMULAS = ["=1+1", "=cmd|' /C calc'!A0", "+1+1", "-1+1", "-", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＋1", "－1", "＠x",
            '=HYPERLINK("http://x/?"&A1,"click")', "-1e5", "- 5", "--5", "-5;=1", "\ufeff=1+1", "\ufeff\ufeff@x"]
NO_FORMULAS = ["-5", "+3.25", "-3,25", "-0", "+49301234567", "5", "00123", " =1", "'=1", "a=1", "ä", "", "\ufeff", "\ufeff-5"]
SAFE = {k: LITERALS[k] for k in ("bool", "int2", "int4", "int8", "oid", "money", "date", "time", "timestamp", "timestamptz", "interval",
                                 "timetz", "uuid")}
NUMBERS = {k: LITERALS[k] for k in ("numeric", "float4", "float8")}


def literal(text):
    return "E'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def column(kind, texts, name=None):
    return 'unnest(ARRAY[NULL, %s]::%s[]) AS "%s"' % (", ".join(map(literal, texts)), kind, name or kind)


def query(columns):
    return "SELECT " + ", ".join(column(*c) for c in columns)


def records(data, delimiter=","):
    """A line without anything is a record of one NULL."""
    return [r or [""] for r in csv.reader(io.StringIO(data.decode(), newline=""), delimiter=delimiter, strict=True)]


def read(data, delimiter=","):
    true(data.startswith(b"\xef\xbb\xbf"), "no BOM: %r" % data[:20])
    true(not data.startswith(b"\xef\xbb\xbf" * 2), "two BOMs")
    return records(data[3:], delimiter)


def values(text):
    """What COPY prints for the query, as texts."""
    return records(copy(text))


def body(server, options="", name="e"):
    r = server.get("/exports/%s.csv?_dialect=excel%s" % (name, options))
    equal(r.status, 200, repr(r))
    true(r.broken is None, repr(r))
    return r.body


def neutral(text):
    seen = text.lstrip("\ufeff")
    if seen[:1] in tuple("=+-@\t\r\n＝＋－＠") and not re.fullmatch(r"[+-]\d+([.,]\d*)?", seen):
        return "'" + text
    return text


def same(columns, rule, options="", delimiter=","):
    text = query(columns)
    with Server({"e": text}) as s:
        got = read(body(s, options), delimiter)
        wanted = values(text)
        equal(got[0], wanted[0])
        equal(got[1:], [[rule(v) for v in row] for row in wanted[1:]])


# Formulas

@each(text="text", varchar="varchar", bpchar="bpchar", name="name")
def a_formula_in_a_text_gets_an_apostrophe_and_nothing_else_does(kind):
    same([(kind, FORMULAS + NO_FORMULAS + [t for t in TEXTS if len(t) < 60 or kind != "name"])], neutral)


@test
def a_type_that_is_not_known_to_hold_no_text_is_a_text():
    sql("DROP TYPE IF EXISTS it_sign; CREATE TYPE it_sign AS ENUM ('=1', '-', '-5'); DROP DOMAIN IF EXISTS it_t; CREATE DOMAIN it_t AS text;"
        "DROP DOMAIN IF EXISTS it_n; CREATE DOMAIN it_n AS numeric")
    with Server({"e": "SELECT '=1'::it_sign AS a, '-5'::it_sign AS b, '=1'::it_t AS c, '-1.5'::it_n AS d, '=r/postgres'::aclitem AS e, "
                      "'+(integer,integer)'::regoperator AS f, ARRAY['=1'] AS g, '\"=1\"'::json AS h, '-'::\"char\" AS i"}) as s:
        equal(read(body(s, "&_locale=de"), ";")[1], ["'=1", "-5", "'=1", "-1,5", "'=r/postgres", "'+(integer,integer)", "{=1}", '"=1"', "'-"])


@each(**{k: (k, v) for k, v in {**SAFE, **NUMBERS}.items()})
def a_value_that_is_no_text_is_as_it_is(kind, texts):
    same([(kind, texts)], lambda v: v)


@each(comma="&_delimiter=,", semicolon="&_delimiter=%3B", all="&_quote=all")
def a_formula_with_a_delimiter_has_its_apostrophe_inside_the_quotes(options):
    same([("text", FORMULAS + ["=a,b", "=a;b", '="x"'])], neutral, options, ";" if "3B" in options else ",")


@test
def names_and_labels_are_texts_too():
    export = "-- headers: a==cmd(),b=-5\n\nSELECT 1 AS a, 2 AS b, 3 AS \"@x\""
    with Server({"e": export}) as s:
        equal(body(s), b"\xef\xbb\xbfa,b,'@x\r\n1,2,3\r\n")
        equal(body(s, "&_header=labels"), b"\xef\xbb\xbf'=cmd(),-5,'@x\r\n1,2,3\r\n")
        equal(body(s, "&_header=off"), b"\xef\xbb\xbf1,2,3\r\n")


# Bytes

@test
def null_and_the_empty_text_are_told_apart():
    with Server({"e": "SELECT NULL AS a, '' AS b, 'x' AS c"}) as s:
        equal(body(s), b"\xef\xbb\xbfa,b,c\r\n,\"\",x\r\n")
        equal(body(s, "&_null=(none)"), b"\xef\xbb\xbfa,b,c\r\n(none),,x\r\n")


@test
def options_change_what_the_dialect_begins_with():
    with Server({"e": "SELECT 1.5 AS a, 'x;y' AS b, NULL AS c"}) as s:
        for options, wanted in (("&_bom=off", b"a,b,c\r\n1.5,x;y,\r\n"),
                                ("&_bom=off&_eol=lf", b"a,b,c\n1.5,x;y,\n"),
                                ("&_bom=off&_delimiter=tab", b"a\tb\tc\r\n1.5\tx;y\t\r\n"),
                                ("&_bom=off&_locale=de", b'a;b;c\r\n1,5;"x;y";\r\n'),
                                ("&_bom=off&_locale=de&_delimiter=,", b'a,b,c\r\n"1,5",x;y,\r\n'),
                                ("&_bom=off&_quote=all", b'"a","b","c"\r\n"1.5","x;y",""\r\n'),
                                ("&_bom=off&_quote=nonnull", b'a,b,c\r\n"1.5","x;y",\r\n')):
            equal(body(s, options), wanted, options)


@each(
    de=("de", ","), de_DE=("de_DE.UTF-8", ","), de_AT=("de-AT", ","), de_CH=("de-CH", "."), de_LI=("de_LI", "."), fr=("fr", ","),
    pt=("pt_BR", ","), es=("es", ","), es_MX=("es-MX", "."), en=("en_US", "."), en_ZA=("en-ZA", ","), ja=("ja", "."), C=("C", "."),
)
def the_locale_has_the_decimal_sign_and_the_delimiter(locale, decimal):
    columns = [(k, v, k) for k, v in NUMBERS.items()] + [("text", ["1.5", "-5", "a.b", "2026.01"]), ("time", ["12:00:00.5"]), ("money", ["1.5"])]
    with Server({"e": query(columns)}) as s:
        got = read(body(s, "&_locale=" + locale), ";" if decimal == "," else ",")
        wanted = values(query(columns))
        for row in wanted[1:]:
            row[:3] = [v.replace(".", decimal) for v in row[:3]]
        equal(got, wanted)


@each(unknown="german", empty_region="de-", sign="de_DE;x", long="de-" + "a" * 80)
def an_unknown_locale_is_refused(locale):
    with Server({"e": "SELECT 1 AS a"}) as s:
        p = problem(s.get("/exports/e.csv?_dialect=excel&_locale=" + quote(locale)), 400, "bad_parameter", parameter="_locale")
        contains(p["detail"], "de_CH")


@test
def a_text_for_null_is_no_formula():
    with Server({"e": "SELECT 1 AS a"}) as s:
        problem(s.get("/exports/e.csv?_dialect=excel&_null=%3D1"), 400, "bad_parameter", parameter="_null")


@test
def the_dialect_may_be_the_exports_own():
    export = "-- dialect: excel\n\nSELECT '=1' AS a, 1.5 AS b"
    with Server({"e": export}) as s:
        equal(s.get("/exports/e.csv").body, b"\xef\xbb\xbfa,b\r\n'=1,1.5\r\n")
        equal(s.get("/exports/e.csv?_locale=de").body, b"\xef\xbb\xbfa;b\r\n'=1;1,5\r\n")
        equal(s.get("/exports/e.csv?_dialect=postgres").body, b"a,b\n=1,1.5\n")
        equal(s.get("/exports/e.tsv").body, b"=1\t1.5\n")
        done = run("check", workspace=s.workspace)
        equal(done.code, 0, repr(done))
        contains(done.out.decode(), "ok e")
        done = run("run", "e", "_locale=fr", workspace=s.workspace)
        equal((done.code, done.out), (0, b"\xef\xbb\xbfa;b\r\n'=1;1,5\r\n"), repr(done))


# The end of a sheet

SHEET = 1048576


@test
def as_many_rows_as_a_sheet_has_are_written():
    with Server({"e": "SELECT g FROM generate_series(1, %d) AS g" % (SHEET - 1)}) as s:
        data = body(s)
        equal((data.count(b"\r\n"), data[-9:]), (SHEET, b"1048575\r\n"))


@each(with_header=("", SHEET), without=("&_header=off", SHEET + 1))
def one_row_more_than_a_sheet_has_breaks_the_transfer(options, n):
    with Server({"e": "SELECT g FROM generate_series(1, %d) AS g" % n}) as s:
        r = s.get("/exports/e.csv?_dialect=excel" + options)
        equal(r.status, 200, repr(r.status))
        true(r.broken is not None, "the transfer looks whole")
        receipt = s.receipt(r.run_id)
        equal((receipt["state"], receipt["error"]["kind"], receipt["rows"]), ("failed", "limit", n - 1))
        contains(receipt["error"]["detail"], "a sheet")


@test
def far_more_rows_than_a_sheet_has_are_refused_before_the_first_byte():
    with Server({"e": "SELECT g FROM generate_series(1, 20000000) AS g"}, {"limits": {"max_rows": 15000000}}) as s:
        r = s.get("/exports/e.csv?_dialect=excel")
        p = problem(r, 413, "limit", run=r.json().get("run"))
        contains(p["detail"], "a sheet")


@test
def max_rows_that_is_narrower_is_told_by_its_name():
    with Server({"e": "SELECT g FROM generate_series(1, 6) AS g"}, {"limits": {"max_rows": 5}}) as s:
        r = s.get("/exports/e.csv?_dialect=excel")
        contains(problem(r, 413, "limit", run=r.json().get("run"))["detail"], "max_rows")


main()
