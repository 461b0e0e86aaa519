#!/usr/bin/env python3
"""What LibreOffice makes of the excel dialect: only `./check --full` runs this. Wants Debian's libreoffice-calc."""

import signal
import subprocess
import xml.etree.ElementTree as ET

from harness import *

TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"

# Windows' numbers of languages, as the import filter takes them.
GERMAN, ENGLISH = 1031, 1033
OFFICE_SECONDS = 120


def cell_of(node):
    """("formula", its text), ("float", number), ("string", text), ("date", ISO) or None for an empty cell."""
    kind = node.get(OFFICE + "value-type")
    if node.get(TABLE + "formula"):
        return "formula", node.get(TABLE + "formula")
    if kind is None:
        return None
    if kind == "float":
        return kind, float(node.get(OFFICE + "value"))
    if kind == "date":
        return kind, node.get(OFFICE + "date-value")
    return kind, "\n".join("".join(p.itertext()) for p in node.findall(TEXT + "p"))


def opened(data, delimiter=",", language=ENGLISH, quoted_is_text=False):
    """The cells of the file, as LibreOffice opens it with this delimiter, in this language and as UTF-8."""
    w = Workspace(files={"e.csv": data})
    # Delimiter, quote, character set, first line, columns, language, quoted fields as text, detect special numbers.
    tokens = "%d,34,76,1,,%d,%s,true" % (ord(delimiter), language, "true" if quoted_is_text else "false")
    process = subprocess.Popen(
        ["soffice", "-env:UserInstallation=file://" + w.path("profile"), "--headless", "--norestore",
         "--infilter=Text - txt - csv (StarCalc):" + tokens, "--convert-to", "fods", "--outdir", w.directory, w.path("e.csv")],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        env=dict(os.environ, HOME=w.directory))
    try:
        out, _ = process.communicate(timeout=OFFICE_SECONDS)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    true(w.exists("e.fods"), "soffice: %s" % out.decode("utf-8", "replace"))
    rows = []
    for row in ET.fromstring(w.read("e.fods")).iter(TABLE + "table-row"):
        cells = []
        for node in row.findall(TABLE + "table-cell"):
            cells += [cell_of(node)] * int(node.get(TABLE + "number-columns-repeated", 1))
        rows.append(cells)
    return rows


def exported(query, options):
    with Server({"e": query}) as s:
        r = s.get("/exports/e.csv?" + options)
        equal((r.status, r.broken), (200, None), repr(r))
        return r.body


FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(1)", "=HYPERLINK(\"http://x\")", "-5;=1", "=1,2", "\t=1", "＝1+1"]
HOSTILE = "SELECT unnest(ARRAY[%s]) AS \"=1+1\", 1 AS \"Größe\"" % ", ".join("'%s'" % f for f in FORMULAS)


@test
def without_the_dialect_formulas_are_formulas():
    rows = opened(exported(HOSTILE, ""))
    equal([cell[0] for cell in rows[0]], ["formula", "string"])
    equal(rows[1][0], ("formula", "of:=1+1"))


@each(english=("", ",", ENGLISH), german=("&_locale=de", ";", GERMAN), all_quoted=("&_quote=all", ",", ENGLISH))
def no_text_is_a_formula(options, delimiter, language):
    rows = opened(exported(HOSTILE, "_dialect=excel" + options), delimiter, language)
    equal(rows[0], [("string", "'=1+1"), ("string", "Größe")])
    equal([row[0][0] for row in rows[1:]], ["string"] * len(FORMULAS))
    equal([row[0][1] for row in rows[1:6]], ["'" + f for f in FORMULAS[:5]])
    equal([row[1] for row in rows[1:]], [("float", 1.0)] * len(FORMULAS))


VALUES = """SELECT -5 AS i, '-5' AS t, 1234.50 AS n, -0.25::float8 AS f, 'Grüße, "Ä"; 日本' AS u, E'two\\nlines' AS l, timestamp '2026-02-01 03:04:05' AS ts,
date '2026-02-01' AS d, NULL AS e, '' AS empty, 'x' AS last"""


@each(english=("en_US", ",", ENGLISH), german=("de", ";", GERMAN), austrian=("de-AT", ";", GERMAN))
def values_are_what_they_were(locale, delimiter, language):
    rows = opened(exported(VALUES, "_dialect=excel&_locale=" + locale), delimiter, language)
    equal(len(rows), 2)
    equal([cell[1] for cell in rows[0]], ["i", "t", "n", "f", "u", "l", "ts", "d", "e", "empty", "last"])
    equal(rows[1], [("float", -5.0), ("float", -5.0), ("float", 1234.5), ("float", -0.25), ("string", 'Grüße, "Ä"; 日本'), ("string", "two\nlines"),
                    ("date", "2026-02-01T03:04:05"), ("date", "2026-02-01"), None, None, ("string", "x")])


@test
def a_byte_order_mark_of_a_value_hides_no_formula():
    # At the beginning of a file without one of its own it is taken for the file's.
    data = exported("SELECT E'\\ufeff=1+1' AS a", "_dialect=excel&_bom=off&_header=off")
    equal(opened(data), [[("string", "'\ufeff=1+1")]])


@test
def a_decimal_point_is_no_number_in_german_but_a_comma_is():
    query = "SELECT 1234.5 AS n"
    equal(opened(exported(query, "_dialect=excel&_locale=de"), ";", GERMAN)[1], [("float", 1234.5)])
    true(opened(exported(query, "_dialect=excel"), ",", GERMAN)[1] != [("float", 1234.5)], "the comma would not be needed")


@test
def leading_zeros_stay_where_quoted_fields_are_texts():
    query = "SELECT '00123' AS a, 7 AS b"
    data = exported(query, "_dialect=excel&_quote=all")
    equal(opened(data, quoted_is_text=True)[1], [("string", "00123"), ("string", "7")])
    # The file holds them; a program that guesses takes them away.
    contains(data, b'"00123"')
    equal(opened(exported(query, "_dialect=excel"))[1], [("float", 123.0), ("float", 7.0)])


main()
