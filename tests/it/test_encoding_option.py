#!/usr/bin/python3
"""_encoding: the file in another character encoding, which Python's codecs read back; what does not fit breaks the run."""

import gzip
import hashlib
import urllib.parse

from harness import *

WORDS = "SELECT i, 'Müller & Söhne ' || i AS name, repeat('é', i % 50) AS more FROM generate_series(1, 5000) AS i"
# One, two, three and four bytes in UTF-8, each cut at every place between two windows.
EVERYTHING = """SELECT i, repeat('x', i % 7) || 'ä' || repeat('€', i % 5) || repeat(U&'\\+01F600', i % 3) || U&'\\FEFF' || chr(i + 12000) AS t,
                U&'\\+0E0067' AS tag FROM generate_series(1, 6000) AS i"""


def plain(query):
    return copy(query).decode()


def encoded(query, encoding):
    """The export in that encoding, as curl has it; its receipt is of the same bytes."""
    with Server({"e": query}) as s:
        r = s.get("/exports/e.csv?_encoding=" + encoding)
        equal((r.status, r.broken), (200, None), repr(r))
        receipt = s.receipt(r.run_id)
        equal((receipt["state"], receipt["bytes"], receipt["sha256"]),
              ("complete", len(r.body), hashlib.sha256(r.body).hexdigest()))
        done = run("run", "e", "_encoding=" + encoding, workspace=s.workspace)
        equal((done.code, done.out), (0, r.body))
        return r


@each(
    latin1=("ISO-8859-1", "iso-8859-1"), latin9=("ISO-8859-15", "iso-8859-15"), windows=("windows-1252", "cp1252"), lower=("cp1252", "cp1252"),
    ebcdic=("IBM1140", "cp1140"), utf16le=("UTF-16LE", "utf-16-le"), utf16be=("UTF-16BE", "utf-16-be"), utf32le=("UTF-32LE", "utf-32-le"),
    gb18030=("GB18030", "gb18030"), utf8=("UTF-8", "utf-8"), utf8_too=("utf8", "utf-8"),
)
def the_file_is_what_python_encodes(encoding, codec):
    r = encoded(WORDS, encoding)
    equal(r.body, plain(WORDS).encode(codec))


@each(utf16="UTF-16", utf32="UTF-32", utf16le="UTF-16LE", utf7="UTF-7", gb18030="GB18030", utf8="UTF-8")
def every_character_comes_back_however_it_is_cut(encoding):
    equal(encoded(EVERYTHING, encoding).body.decode(encoding), plain(EVERYTHING))


@each(iso2022="ISO-2022-JP", shift="Shift_JIS", euc="EUC-JP")
def japanese_comes_back(encoding):
    query = "SELECT i, '日本' || repeat('語', i % 9) AS \"列\" FROM generate_series(1, 20000) AS i"
    equal(encoded(query, encoding).body.decode(encoding), plain(query))


@test
def the_charset_is_told():
    with Server({"e": "SELECT 1 AS a"}) as s:
        for query, charset in (("", "utf-8"), ("?_encoding=UTF-8", "utf-8"), ("?_encoding=", "utf-8"), ("?_encoding=windows-1252", "windows-1252"),
                               ("?_encoding=UTF-16LE", "UTF-16LE"), ("?_encoding=ISO_8859-1:1987", '"ISO_8859-1:1987"')):
            for answer in (s.get("/exports/e.csv" + query), s.head("/exports/e.csv" + query)):
                equal(answer["Content-Type"], "text/csv; charset=%s; header=present" % charset)
        equal(s.get("/exports/e.jsonl?_encoding=UTF-16LE")["Content-Type"], "application/jsonl; charset=UTF-16LE")
        equal(s.get("/exports/e.csv.gz?_encoding=UTF-16LE")["Content-Type"], "application/gzip")


@test
def compression_and_json_lines_go_with_it():
    query = "SELECT i, 'ü' || i AS t FROM generate_series(1, 3000) AS i"
    text = plain(query)
    with Server({"e": query}) as s:
        packed = s.get("/exports/e.csv.gz?_encoding=ISO-8859-1")
        equal(gzip.decompress(packed.body), text.encode("latin-1"))
        equal(s.receipt(packed.run_id)["sha256"], hashlib.sha256(packed.body).hexdigest())
        sent = s.get("/exports/e.csv?_encoding=ISO-8859-1", {"Accept-Encoding": "gzip"})
        equal(sent["Content-Encoding"], "gzip")
        equal(gzip.decompress(sent.body), text.encode("latin-1"))
        equal(s.receipt(sent.run_id)["bytes"], len(text.encode("latin-1")))
        lines = s.get("/exports/e.jsonl?_encoding=UTF-16").body.decode("utf-16").split("\n")
        equal([json.loads(line) for line in lines[:2]], [{"i": 1, "t": "ü1"}, {"i": 2, "t": "ü2"}])


# The byte order mark

@each(
    utf16=("UTF-16", "", b"\xff\xfea\0\n\0"), utf16_asked=("UTF-16", "&_bom=on", b"\xff\xfea\0\n\0"), utf16_off=("UTF-16", "&_bom=off", b"\xff\xfea\0\n\0"),
    utf16le=("UTF-16LE", "", b"a\0\n\0"), utf16le_asked=("UTF-16LE", "&_bom=on", b"\xff\xfea\0\n\0"), utf16be_asked=("UTF-16BE", "&_bom=on", b"\xfe\xff\0a\0\n"),
    utf32=("UTF-32", "&_bom=on", b"\xff\xfe\0\0a\0\0\0\n\0\0\0"), utf8_asked=("UTF-8", "&_bom=on", b"\xef\xbb\xbfa\n"),
    latin1=("ISO-8859-1", "", b"a\n"), latin1_off=("ISO-8859-1", "&_bom=off", b"a\n"),
)
def there_is_one_mark_where_there_can_be_one_and_it_is_wanted(encoding, more, body):
    with Server({"e": "SELECT 1 AS a WHERE false"}) as s:
        r = s.get("/exports/e.csv?_encoding=%s%s" % (encoding, more))
        equal((r.status, r.body), (200, body))


@test
def a_mark_that_the_encoding_lacks_is_refused_when_asked_for_and_dropped_from_a_dialect():
    with Server({"e": "SELECT 1 AS a"}) as s:
        for dialect in ("", "&_dialect=excel"):
            p = problem(s.get("/exports/e.csv?_encoding=windows-1252&_bom=on" + dialect), 400, "bad_parameter", parameter="_bom")
            contains(p["detail"], "windows-1252")
        true(s.get("/exports/e.csv?_dialect=excel").body.startswith(b"\xef\xbb\xbfa"))
        true(s.get("/exports/e.csv?_dialect=excel&_encoding=windows-1252").body.startswith(b"a"))
        true(s.get("/exports/e.csv?_dialect=excel&_encoding=UTF-16LE").body.startswith(b"\xff\xfea\0"))
        true(s.get("/exports/e.csv?_dialect=excel&_encoding=UTF-16").body.startswith(b"\xff\xfea\0"))


# What it refuses

@each(none="klingon", translit="ISO-8859-1//TRANSLIT", ignore="ASCII//IGNORE", slash="ISO-8859-1/", comma="ASCII,TRANSLIT", path="../../etc/passwd",
      long="x" * 300, space="UTF-16 LE", unicode="Ünicode")
def another_name_is_refused(name):
    with Server({"e": "SELECT 1 AS a"}) as s:
        p = problem(s.get("/exports/e.csv?_encoding=" + urllib.parse.quote(name, safe="")), 400, "bad_parameter", parameter="_encoding")
        contains(p["detail"], "windows-1252")
        done = run("run", "e", "_encoding=" + name, workspace=s.workspace)
        equal((done.code, done.out), (65, b""))


@each(
    value="SELECT i, CASE i WHEN 3 THEN 'secret €' ELSE 'ä' END AS t FROM generate_series(1, 5) AS i",
    header='SELECT 1 AS "secret €"',
    tag="SELECT 'secret ' || U&'\\+0E0067' AS t",
)
def a_character_that_is_not_there_is_refused_before_the_first_byte(query):
    with Server({"e": query}) as s:
        r = s.get("/exports/e.csv?_encoding=ISO-8859-1")
        p = problem(r, 400, "bad_parameter", parameter="_encoding")
        contains(p["detail"], "ISO-8859-1")
        lacks(r.text, "secret")
        equal(s.get("/exports/e.csv?_encoding=UTF-16LE").status, 200)
        out = s.workspace.path("out.csv")
        done = run("run", "e", "_encoding=ISO-8859-1", "-o", out, workspace=s.workspace)
        equal(done.code, 65, repr(done))
        contains(done.err, "ISO-8859-1")
        true(not os.path.exists(out), "there is a file")
        lacks(done.err + "\n".join(map(str, s.log)), "secret")


@each(plain=("e.csv", {}), gzip=("e.csv", {"Accept-Encoding": "gzip"}), file=("e.csv.gz", {}), jsonl=("e.jsonl", {}))
def a_character_that_comes_late_breaks_the_transfer(name, headers):
    query = """SELECT i, md5(i::text) AS pad, CASE WHEN i < 200000 THEN 'ä' ELSE 'secret €' END AS t FROM generate_series(1, 200000) AS i"""
    with Server({"e": query}) as s:
        r = s.get("/exports/%s?_encoding=ISO-8859-1" % name, headers)
        equal(r.status, 200)
        true(r.broken is not None, "the transfer looks whole: %r" % r)
        receipt = s.receipt(r.run_id)
        equal((receipt["state"], receipt["error"]["kind"]), ("failed", "bad_parameter"))
        contains(receipt["error"]["detail"], "ISO-8859-1")
        lacks(json.dumps(receipt), "secret")
        # The connection that carried it is not the worse for it.
        equal(s.get("/exports/e.csv?_encoding=UTF-16LE").status, 200)


@test
def max_bytes_counts_the_encoded_file():
    query = "SELECT repeat('x', 98) AS t FROM generate_series(1, 1000)"
    with Server({"e": query}, {"limits": {"max_bytes": "150000"}}) as s:
        equal(s.get("/exports/e.csv").broken, None)
        wide = s.get("/exports/e.csv?_encoding=UTF-16LE")
        true(wide.status == 413 or wide.broken is not None, repr(wide))
        equal(s.receipt(wide.run_id or wide.json()["run"])["error"]["kind"], "limit")


@test
def the_receipt_counts_the_memory_that_it_takes():
    with Server({"e": "SELECT 1 AS a"}) as s:
        without, with_it = (s.receipt(s.get("/exports/e.csv" + o).run_id)["peak_memory"] for o in ("", "?_encoding=UTF-16LE"))
        equal(with_it - without, 128 * 1024)


main()
