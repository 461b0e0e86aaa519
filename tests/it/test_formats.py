#!/usr/bin/python3
"""CSV with options and TSV: type by type, format by format, hostile value by hostile value, against COPY and Python's csv.

What COPY and csv.writer can be asked for, they print; what we wrote, two parsers that are not ours read: Python's csv and
COPY FROM.
"""

import csv
import gzip
import io
import random
from urllib.parse import quote

from csvwriter import python
from database import copy_back
from harness import *
from typevalues import LITERALS, RANGES, TEXTS


def literal(text):
    return "E'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def column(kind, texts):
    """A column of these values with a NULL before them; beside longer ones it ends in NULLs."""
    cast = '"char"' if kind == "char" else 'pg_catalog."%s"' % kind
    return "unnest(ARRAY[NULL::%s, %s]) AS v_%s" % (cast, ", ".join("%s::%s" % (literal(t), cast) for t in texts), kind)


# Values that are one of the texts for NULL below, or nearly so, and delimiters.
NEAR_NULL = ["NULL", "null", "NUL", "NULL ", "\\N", "\\\\N", "N", "-", "--", "a|b", "a;b", "a\tb", "'", "x'y", "\v", "\f", "\b", "~"]
EVERY_TYPE = "SELECT " + ",\n".join(column(k, v) for k, v in {**LITERALS, **RANGES, "text": TEXTS + NEAR_NULL}.items())
HOSTILE = TEXTS + NEAR_NULL
ONE_COLUMN = "SELECT unnest(ARRAY[NULL, %s]) AS \"NULL\"" % ", ".join(literal(t) + "::text" for t in HOSTILE)
NAMES = '''SELECT 1 AS id, 2 AS "a,b", 3 AS "say ""hi""", 4 AS "two
lines", 5 AS "NULL", 6 AS "a;b", 7 AS "tab\there", 8 AS " ", 9 AS "=1+1", 10 AS "back\\slash", NULL AS "\\N"'''
QUERIES = {"types": EVERY_TYPE, "one": ONE_COLUMN, "names": NAMES, "none": "SELECT FROM generate_series(1, 3)",
           "empty": "SELECT 1 AS a WHERE false"}


def url(options):
    return "&".join("%s=%s" % (k, quote(v)) for k, v in options.items())


def got(server, name, form, options):
    r = server.get("/exports/%s.%s?%s" % (name, form, url(options)))
    equal(r.status, 200, repr(r))
    true(r.broken is None, repr(r))
    return r.body


def same(form, options, copy_options, header):
    """Every query with these options is what COPY prints with those."""
    with Server(QUERIES) as s:
        for name, query in QUERIES.items():
            equal(got(s, name, form, options), copy(query, options=copy_options, header=header), "%s %s" % (name, options))


# Against COPY

CSV = {
    "default": ({}, ""),
    "semicolon": ({"_delimiter": ";"}, ", DELIMITER ';'"),
    "tab": ({"_delimiter": "tab"}, ", DELIMITER E'\\t'"),
    "letter": ({"_delimiter": "a"}, ", DELIMITER 'a'"),
    "digit": ({"_delimiter": "1"}, ", DELIMITER '1'"),
    "blank": ({"_delimiter": " "}, ", DELIMITER ' '"),
    "apostrophe": ({"_delimiter": "'"}, ", DELIMITER ''''"),
    "backslash": ({"_delimiter": "\\"}, ", DELIMITER '\\'"),
    "null_word": ({"_null": "NULL"}, ", NULL 'NULL'"),
    "null_backslash": ({"_null": "\\N"}, ", NULL '\\N'"),
    "null_blank": ({"_null": " "}, ", NULL ' '"),
    "null_umlaut": ({"_null": "é"}, ", NULL 'é'"),
    "null_end_marker": ({"_null": "\\."}, ", NULL '\\.'"),
    "null_longest": ({"_null": "x" * 31}, ", NULL '%s'" % ("x" * 31)),
    "nonnull": ({"_quote": "nonnull"}, ", FORCE_QUOTE *"),
    "nonnull_null": ({"_quote": "nonnull", "_null": "NULL", "_delimiter": "|"}, ", FORCE_QUOTE *, NULL 'NULL', DELIMITER '|'"),
    "said_defaults": ({"_quote": "minimal", "_eol": "lf", "_delimiter": ",", "_bom": "off", "_null": "", "_header": "names"}, ""),
}


@each(**CSV)
def csv_with_options_is_what_copy_prints(options, copy_options):
    same("csv", options, "FORMAT csv" + copy_options, True)


@each(**{k: CSV[k] for k in ("default", "semicolon", "null_word", "nonnull")})
def without_a_header_csv_is_still_what_copy_prints(options, copy_options):
    same("csv", {**options, "_header": "off"}, "FORMAT csv" + copy_options, False)


@each(
    default=({}, ""), null_word=({"_null": "NULL"}, ", NULL 'NULL'"), null_blank=({"_null": " "}, ", NULL ' '"),
    null_quote=({"_null": '"'}, ", NULL '\"'"), null_backslash=({"_null": "\\"}, ", NULL '\\'"), null_said=({"_null": "\\N"}, ""),
)
def tsv_is_what_copy_prints_as_text(options, copy_options):
    same("tsv", options, "FORMAT text" + copy_options, False)


@test
def the_names_of_tsv_are_what_copy_prints():
    if int(sql("SHOW server_version_num")) < 150000:
        raise Skip("before PostgreSQL 15 COPY had no header for text")
    same("tsv", {"_header": "names"}, "FORMAT text", True)


def with_crlf(data):
    """Line feeds outside quotes become CR LF."""
    parts = data.split(b'"')
    return b'"'.join(p.replace(b"\n", b"\r\n") if i % 2 == 0 else p for i, p in enumerate(parts))


@test
def crlf_ends_rows_and_leaves_values_alone():
    with Server(QUERIES) as s:
        for name, query in QUERIES.items():
            equal(got(s, name, "csv", {"_eol": "crlf"}), with_crlf(copy(query)), name)
            equal(got(s, name, "csv", {"_eol": "crlf", "_bom": "on"}), b"\xef\xbb\xbf" + with_crlf(copy(query)), name)


@test
def all_in_quotes_is_what_python_prints_with_quote_all():
    with Server(QUERIES) as s:
        for name in ("types", "one", "names"):
            rows = csv.reader(io.StringIO(copy(QUERIES[name]).decode(), newline=""))
            out = io.StringIO(newline="")
            csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(r or [""] for r in rows)
            equal(got(s, name, "csv", {"_quote": "all"}), out.getvalue().encode(), name)


@test
def a_compressed_file_and_the_command_line_hold_the_same_bytes():
    wanted = copy(ONE_COLUMN, options="FORMAT csv, DELIMITER ';'")
    with Server(QUERIES) as s:
        equal(gzip.decompress(got(s, "one", "csv.gz", {"_delimiter": ";"})), wanted)
        done = run("run", "one", "_delimiter=;", workspace=s.workspace)
        equal((done.code, done.out), (0, wanted), repr(done))
        done = run("run", "one", "-o", "one.tsv", workspace=s.workspace)
        equal((done.code, s.workspace.read("one.tsv")), (0, copy(ONE_COLUMN, options="FORMAT text", header=False)), repr(done))


# Against csv.writer

PYTHON_KINDS = ["bool", "int2", "int4", "int8", "oid", "float4", "float8", "text", "varchar", "name", "uuid", "inet"]
FOR_PYTHON = "SELECT %s, unnest(ARRAY[0.000000123, 1.5, NULL, -1, 0.0000001]) AS n, unnest(ARRAY[date '2026-02-01', NULL]) AS d, " \
             "unnest(ARRAY[interval '1 day 02:00', '-1 sec', NULL]) AS i, unnest(ARRAY[timestamptz '2026-02-01 03:04:05.5+00']) AS ts" \
             % ",\n".join(column(k, {"text": HOSTILE}.get(k, LITERALS[k])) for k in PYTHON_KINDS)


@each(
    default=({}, {}),
    semicolon=({"_delimiter": ";"}, {"delimiter": ";"}),
    tab=({"_delimiter": "tab"}, {"delimiter": "\t"}),
    blank=({"_delimiter": " "}, {"delimiter": " "}),
    dash=({"_delimiter": "-"}, {"delimiter": "-"}),
    point=({"_delimiter": "."}, {"delimiter": "."}),
    digit=({"_delimiter": "1"}, {"delimiter": "1"}),
    letter=({"_delimiter": "E"}, {"delimiter": "E"}),
    all=({"_quote": "all"}, {"quoting": csv.QUOTE_ALL}),
    all_semicolon=({"_quote": "all", "_delimiter": ";"}, {"quoting": csv.QUOTE_ALL, "delimiter": ";"}),
)
def the_django_dialect_with_options_is_what_csv_writer_prints(options, python_options):
    queries = {"types": FOR_PYTHON, "one": ONE_COLUMN, "names": NAMES}
    with Server(queries) as s:
        for name, query in queries.items():
            equal(got(s, name, "csv", {**options, "_dialect": "django"}), python(query, **python_options), name)


@test
def line_feeds_end_the_rows_of_the_django_dialect():
    # Before 3.12.3 Python left a carriage return without quotes here, and then could not read its own file.
    texts = [t for t in HOSTILE if "\r" not in t]
    query = "SELECT unnest(ARRAY[NULL, %s]::text[]) AS a, 1 AS b" % ", ".join(map(literal, texts))
    with Server({"e": query, "cr": "SELECT E'a\\rb' AS a"}) as s:
        equal(got(s, "e", "csv", {"_eol": "lf", "_dialect": "django"}), python(query, lineterminator="\n"))
        equal(got(s, "cr", "csv", {"_eol": "lf", "_dialect": "django"}), b'a\n"a\rb"\n')


# What we wrote, read by others

RANDOM_ALPHABET = list("abcxyz,;|\t\n\r\"'\\.N é=+-@~ ") + ["NULL", "\\N", "\u2028", "\U0001f600", '""']


def random_texts(seed, rows, columns):
    """Rows of texts and None. COPY FROM of before PostgreSQL 18 stops at a line `\\.` even in quotes: there is none."""
    r = random.Random(seed)
    def text():
        kind = r.random()
        if kind < 0.12:
            return None
        if kind < 0.2:
            return ""
        return "".join(r.choice(RANDOM_ALPHABET) for _ in range(r.choice((1, 2, 5, 12, 40, 90)))).replace("\\.", "\\_")
    return [[text() for _ in range(columns)] for _ in range(rows)]


def make_table(name, rows):
    values = ",\n".join("(%s)" % ", ".join("NULL" if v is None else literal(v) for v in row) for row in rows)
    sql("DROP TABLE IF EXISTS %s; CREATE TABLE %s AS SELECT * FROM (VALUES %s) AS t" % (name, name, values))


READ_BACK = {
    "csv": ("csv", {}, "FORMAT csv, HEADER"),
    "csv_semicolon": ("csv", {"_delimiter": ";", "_null": "NULL"}, "FORMAT csv, HEADER, DELIMITER ';', NULL 'NULL'"),
    "csv_tab_nonnull": ("csv", {"_delimiter": "tab", "_quote": "nonnull", "_header": "off"}, "FORMAT csv, DELIMITER E'\\t'"),
    "csv_null": ("csv", {"_null": "\\N"}, "FORMAT csv, HEADER, NULL '\\N'"),
    # A text that is the text for NULL cannot be told from NULL where all is quoted: none is this one.
    "csv_all": ("csv", {"_quote": "all", "_null": "nil nil"}, "FORMAT csv, HEADER, NULL 'nil nil', FORCE_NULL (%s)"),
    "csv_crlf": ("csv", {"_eol": "crlf", "_delimiter": "|"}, "FORMAT csv, HEADER, DELIMITER '|'"),
    "tsv": ("tsv", {}, "FORMAT text"),
}


def _seed(form, options):
    return form + repr(sorted(options.items()))


@each(**READ_BACK)
def copy_from_gives_the_values_back(form, options, copy_options):
    make_table("it_random", random_texts(_seed(form, options), 400, 5))
    sql("DROP TABLE IF EXISTS it_types; CREATE TABLE it_types AS " + EVERY_TYPE)
    for table in ("it_random", "it_types"):
        query = "SELECT * FROM %s ORDER BY %s::text COLLATE \"C\"" % (table, table)
        sql("DROP TABLE IF EXISTS it_back; CREATE TABLE it_back (LIKE %s)" % table)
        wanted = copy(query)
        columns = ", ".join(next(csv.reader(io.StringIO(wanted.decode()))))
        with Server({"e": query}) as s:
            data = got(s, "e", form, options)
        copy_back(data, "it_back", copy_options.replace("%s", columns))
        equal(copy(query.replace(table, "it_back")), wanted, table)


@each(**{k: v[:2] for k, v in READ_BACK.items() if k != "tsv"})
def python_gives_the_values_back(form, options):
    rows = random_texts(_seed(form, options) + "p", 400, 5)
    make_table("it_random", rows)
    with Server({"e": "SELECT * FROM it_random"}) as s:
        data = got(s, "e", form, options).decode()
    null = options.get("_null", "")
    delimiter = options.get("_delimiter", ",").replace("tab", "\t")
    read = list(csv.reader(io.StringIO(data, newline=""), delimiter=delimiter, strict=True))
    if options.get("_header") != "off":
        equal(read.pop(0), ["column%d" % i for i in range(1, 6)])
    equal(read, [[null if v is None else v for v in row] for row in rows])


@test
def python_gives_the_values_of_tsv_back():
    rows = random_texts("tsv", 400, 5)
    make_table("it_random", rows)
    with Server({"e": "SELECT * FROM it_random"}) as s:
        data = got(s, "e", "tsv", {}).decode()
    escapes = {"b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "\\": "\\"}
    def value(text):
        return None if text == "\\N" else re.sub(r"\\(.)", lambda m: escapes[m.group(1)], text)
    true(data.endswith("\n"))
    equal([[value(v) for v in line.split("\t")] for line in data[:-1].split("\n")], rows)


# What comes with it

@test
def each_format_says_what_it_is():
    with Server({"e": "SELECT 1 AS a"}) as s:
        for path, wanted in (("e.csv", "text/csv; charset=utf-8; header=present"),
                             ("e.csv?_header=off", "text/csv; charset=utf-8; header=absent"),
                             ("e.csv?_header=labels&_dialect=excel", "text/csv; charset=utf-8; header=present"),
                             ("e.tsv", "text/tab-separated-values; charset=utf-8"),
                             ("e.tsv?_header=names", "text/tab-separated-values; charset=utf-8"),
                             ("e.tsv.gz", "application/gzip")):
            equal(s.get("/exports/" + path)["Content-Type"], wanted, path)
            equal(s.request("HEAD", "/exports/" + path)["Content-Type"], wanted, path)
        matches(s.get("/exports/e.tsv")["Content-Disposition"], r'filename="?e-\d{4}-\d\d-\d\d\.tsv')


@test
def labels_are_written_in_the_style_of_the_rows():
    export = "-- headers: a=\"Say \"\"A\"\"; b\",b=\"tab\there\"\n\nSELECT 1 AS a, 2 AS b"
    with Server({"e": export}) as s:
        for path, wanted in (("e.csv?_delimiter=%3B&", b'"Say ""A""; b";tab\there\n1;2\n'),
                             ("e.csv?_quote=all&", b'"Say ""A""; b","tab\there"\n"1","2"\n'),
                             ("e.csv?_quote=nonnull&", b'"Say ""A""; b",tab\there\n"1","2"\n'),
                             ("e.tsv?", b'Say "A"; b\ttab\\there\n1\t2\n')):
            equal(s.get("/exports/%s_header=labels" % path).body, wanted, path)


@each(
    delimiter_long=("e.csv?_delimiter=ab", "_delimiter"), delimiter_quote=("e.csv?_delimiter=%22", "_delimiter"),
    delimiter_lf=("e.csv?_delimiter=%0A", "_delimiter"), delimiter_umlaut=("e.csv?_delimiter=%C3%A4", "_delimiter"),
    null_delimiter=("e.csv?_null=a,b", "_null"), null_of_delimiter=("e.csv?_null=a;b&_delimiter=;", "_null"),
    null_quote=("e.csv?_null=%22", "_null"), null_lf=("e.csv?_null=%0A", "_null"), null_tab=("e.tsv?_null=a%09b", "_null"),
    null_cr=("e.tsv?_null=%0D", "_null"), null_long=("e.csv?_null=" + "x" * 32, "_null"), quote=("e.csv?_quote=yes", "_quote"),
    eol=("e.csv?_eol=cr", "_eol"), bom=("e.csv?_bom=maybe", "_bom"), locale=("e.csv?_locale=de", "_locale"),
    tsv_delimiter=("e.tsv?_delimiter=,", "_delimiter"), tsv_quote=("e.tsv?_quote=all", "_quote"),
    tsv_dialect=("e.tsv?_dialect=excel", "_dialect"), tsv_eol=("e.tsv.gz?_eol=crlf", "_eol"),
    django_null=("e.csv?_dialect=django&_null=x", "_null"), django_nonnull=("e.csv?_dialect=django&_quote=nonnull", "_quote"),
)
def a_style_that_cannot_be_is_refused_by_name(path, option):
    with Server({"e": "SELECT 1 AS a"}) as s:
        problem(s.get("/exports/" + path), 400, "bad_parameter", parameter=option)


main()
