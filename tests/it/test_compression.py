#!/usr/bin/env python3
"""Compressed files and compressed transfers: gzip, zstd and curl read them, and notice when they are cut."""

import ctypes
import gzip
import hashlib
import subprocess
import time
import zlib

import ticketing
from harness import *
from peers import *

MB = 1 << 20
STOP, TOTAL = 6000, 20000

# Hexadecimal digits compress to half: a first row of 3 MB is larger than the queue however it is sent.
DIGITS = "(SELECT string_agg(md5(g::text), '') FROM generate_series(1, 94000) AS g)"

EXPORTS = {
    "orders": rows(TOTAL, "NULL AS gate"),
    "empty": "SELECT 1 AS one WHERE false",
    "named": "-- filename: Bestellungen.csv\n\nSELECT 1 AS one",
    "named_gz": "-- filename: all.gz\n\nSELECT 1 AS one",
    "gated": rows(TOTAL, gated("g = %d" % STOP, 7)),
    "slow": rows(TOTAL, gated("g = 40", 7)),
    "late": rows(FAR, "CASE WHEN g < %d THEN md5(g::text) END AS text, 1 / (g - %d) * 0 AS x" % (FAR, LATE)),
    "wide": "SELECT %s AS digits" % DIGITS,
    "large": rows(200000, "md5(g::text) AS text"),
    "limited": "-- max_bytes: 200kB\n\n" + rows(TOTAL),
}

CONFIG = {"database": PATIENT}
FORMATS = ("csv", "csv.gz", "csv.zst")
ALL_FORMATS = [layout + ending for layout in ("csv", "tsv", "jsonl") for ending in ("", ".gz", ".zst")]
TOOLS = {"csv.gz": "gzip", "csv.zst": "zstd", "gzip": "gzip", "zstd": "zstd"}
TYPES = {"csv.gz": "application/gzip", "csv.zst": "application/zstd"}


def tool(name, option, data):
    """The exit code and the output of gzip or zstd on these bytes."""
    done = subprocess.run([TOOLS[name], option, "-q"], input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return done.returncode, done.stdout


def unpack(name, data):
    """The whole of what was compressed; fails when it is not whole."""
    equal(tool(name, "-t", data)[0], 0, "%s -t" % TOOLS[name])
    code, out = tool(name, "-dc", data)
    equal(code, 0, "%s -dc" % TOOLS[name])
    return out


class _Buffer(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_char_p), ("size", ctypes.c_size_t), ("pos", ctypes.c_size_t)]


def _unzstd_so_far(data):
    """The program says nothing of a file that is cut, so its library is asked."""
    zstd = ctypes.CDLL("libzstd.so.1")
    zstd.ZSTD_createDCtx.restype = zstd.ZSTD_decompressStream.restype = ctypes.c_void_p
    zstd.ZSTD_freeDCtx.argtypes = [ctypes.c_void_p]
    zstd.ZSTD_decompressStream.argtypes = [ctypes.c_void_p, ctypes.POINTER(_Buffer), ctypes.POINTER(_Buffer)]
    room = ctypes.create_string_buffer(4 * MB)
    out, in_ = _Buffer(ctypes.cast(room, ctypes.c_char_p), len(room), 0), _Buffer(data, len(data), 0)
    context = zstd.ZSTD_createDCtx()
    while in_.pos < in_.size:
        zstd.ZSTD_decompressStream(context, ctypes.byref(out), ctypes.byref(in_))
    zstd.ZSTD_freeDCtx(context)
    return room.raw[:out.pos]


def unpacked_so_far(name, data):
    """What the part of a file that has come already says."""
    return _unzstd_so_far(data) if TOOLS[name] == "zstd" else zlib.decompressobj(31).decompress(data)


def accept(value):
    return {"Accept-Encoding": value}


def headers_of(response):
    changing = ("Date", "X-Run-Id", "X-Estimated-Rows", "Transfer-Encoding", "Connection", "Trailer")
    return sorted((k, v) for k, v in response.headers.items() if k not in changing)


def check_receipt(s, response, of_file):
    """Its bytes and digest are those of the file; what was sent is what came."""
    receipt = s.receipt(response.run_id)
    equal(receipt["state"], "complete")
    equal(receipt["bytes"], len(of_file), "bytes")
    equal(receipt["sha256"], hashlib.sha256(of_file).hexdigest(), "sha256")
    equal(receipt["bytes_sent"], len(response.body), "bytes_sent")
    return receipt


# ---- files

@each(gzip="csv.gz", zstd="csv.zst")
def a_compressed_file_holds_what_copy_prints(format):
    with Server(EXPORTS, CONFIG) as s:
        r = s.get("/exports/orders." + format)
        equal(r.status, 200)
        equal(unpack(format, r.body), copy(EXPORTS["orders"]))
        equal((r["Content-Type"], r["Content-Encoding"]), (TYPES[format], None))
        matches(r["Content-Disposition"], r'^attachment; filename="orders-[\d-]+\.%s"$' % format.replace(".", r"\."))
        receipt = check_receipt(s, r, r.body)
        equal(receipt["rows"], TOTAL)
        true(len(r.body) * 4 < len(copy(EXPORTS["orders"])), "%d bytes compressed" % len(r.body))


@each(gzip="csv.gz", zstd="csv.zst")
def an_export_without_rows_is_a_whole_file(format):
    with Server(EXPORTS, CONFIG) as s:
        equal(unpack(format, s.get("/exports/empty." + format).body), b"one\n")
        equal(unpack(format, s.get("/exports/empty.%s?_header=off" % format).body), b"")


@each(gzip="csv.gz", zstd="csv.zst")
def the_trailers_are_those_of_the_compressed_file(format):
    with Server(EXPORTS, CONFIG) as s:
        m = s.raw_get("/exports/orders." + format, ["TE: trailers"])
        true(m.complete, "the message is whole")
        equal(m.trailers, {"x-rows": str(TOTAL), "x-sha256": hashlib.sha256(m.body).hexdigest()})


@test
def the_files_name_says_how_it_is_compressed():
    cases = {
        "named.csv": "Bestellungen.csv", "named.csv.gz": "Bestellungen.csv.gz", "named.csv.zst": "Bestellungen.csv.zst",
        "named_gz.csv.gz": "all.gz", "named_gz.csv.zst": "all.gz.zst",
        "named.csv.gz?_filename=mine.txt": "mine.txt",
    }
    with Server(EXPORTS, CONFIG) as s:
        for path, name in cases.items():
            equal(s.head("/exports/" + path)["Content-Disposition"], 'attachment; filename="%s"' % name, path)


@test
def other_endings_do_not_exist():
    with Server(EXPORTS, CONFIG) as s:
        for ending in ("csv.bz2", "csv.gz.gz", "gz", "csv.GZ", "csv.", "zst", "csvgz", "csv.zstd"):
            problem(s.get("/exports/orders." + ending), 404, "not_found")


@test
def the_catalogue_lists_the_formats():
    with Server(EXPORTS, CONFIG) as s:
        for export in s.get("/exports", accept("gzip")).json()["exports"]:
            equal(export["formats"], ALL_FORMATS, export["name"])


@test
def max_bytes_is_of_the_file():
    with Server(EXPORTS, CONFIG) as s:
        plain, packed = s.get("/exports/limited.csv"), s.get("/exports/limited.csv.gz")
        true(plain.broken, "the plain file is over max_bytes")
        contains(s.receipt(plain.run_id)["error"]["detail"], "max_bytes")
        true(s.receipt(plain.run_id)["bytes_sent"] <= 200000, "no byte over it was sent")
        equal(len(unpack("csv.gz", packed.body)), len(copy(rows(TOTAL))))


# ---- transfers

@each(gzip="gzip", zstd="zstd")
def the_transfer_of_a_plain_file_is_compressed_for_who_asks(encoding):
    whole = copy(EXPORTS["orders"])
    with Server(EXPORTS, CONFIG) as s:
        r = s.get("/exports/orders.csv", accept(encoding))
        equal((r["Content-Encoding"], r["Vary"]), (encoding, "Accept-Encoding"))
        equal(r["Content-Type"], "text/csv; charset=utf-8; header=present")
        matches(r["Content-Disposition"], r'\.csv"$')
        equal(unpack(encoding, r.body), whole)
        check_receipt(s, r, whole)
        m = s.raw_get("/exports/orders.csv", ["TE: trailers", "Accept-Encoding: " + encoding])
        equal(m.trailers["x-sha256"], hashlib.sha256(whole).hexdigest(), "the trailer is of the file")


@test
def the_client_chooses_by_weight():
    cases = {
        None: None, "": None, "identity": None, "br, deflate": None, "gzip": "gzip", "GZIP": "gzip", "zstd": "zstd",
        "gzip, deflate, br, zstd": "zstd", "zstd;q=0.5, gzip;q=0.8": "gzip", "gzip;q=0": None, "*": "gzip",
        "zstd;q=0, *;q=0.5": "gzip", "identity, gzip;q=0.5": None, "gzip;q=nonsense": None, "gzip;q=nonsense, *": None,
        "identity;q=0": None, "identity;q=0, *;q=0": None,  # nobody is helped by a 406
    }
    with Server(EXPORTS, CONFIG) as s:
        for value, want in cases.items():
            r = s.head("/exports/orders.csv", {} if value is None else accept(value))
            equal((r.status, r["Content-Encoding"], r["Vary"]), (200, want, "Accept-Encoding"), "for %r" % value)


@test
def several_fields_are_read_as_one_list():
    with Server(EXPORTS, CONFIG) as s:
        m = s.raw_get("/exports/empty.csv", ["Accept-Encoding: gzip;q=0.5", "Accept-Encoding: zstd;q=0.4"])
        equal(m.headers.get("content-encoding"), "gzip")
        equal(unpack("gzip", m.body), b"one\n")


@each(gzip="csv.gz", zstd="csv.zst")
def a_compressed_file_is_not_compressed_again(format):
    with Server(EXPORTS, CONFIG) as s:
        r = s.get("/exports/orders." + format, accept("gzip, zstd"))
        equal((r["Content-Encoding"], r["Content-Type"]), (None, TYPES[format]))
        equal(unpack(format, r.body), copy(EXPORTS["orders"]))


@test
def head_and_get_have_the_same_headers():
    with Server(EXPORTS, CONFIG) as s:
        for format in FORMATS:
            for fields in ({}, accept("gzip"), accept("zstd")):
                path = "/exports/named." + format
                equal(headers_of(s.head(path, fields)), headers_of(s.get(path, fields)), "%s %r" % (path, fields))


@test
def curl_and_python_read_it():
    whole = copy(EXPORTS["orders"])
    with Server(EXPORTS, CONFIG) as s:
        c = curl(s.url + "/exports/orders.csv", "--compressed")
        equal(c.wait(), 0, c.head)
        matches(c.head.lower(), r"content-encoding: (gzip|zstd)")
        equal(c.body, whole)
        equal(gzip.decompress(s.get("/exports/orders.csv.gz").body), whole)
        equal(gzip.decompress(s.get("/exports/orders.csv", accept("gzip, deflate")).body), whole)


@test
def errors_stay_readable():
    with Server(EXPORTS, CONFIG) as s:
        r = s.get("/exports/nothing.csv", accept("gzip"))
        equal(r["Content-Encoding"], None)
        problem(r, 404, "not_found")


# ---- grants and tickets

@test
def a_grant_and_a_ticket_name_the_format():
    key = "0123456789abcdefghijklmnopqrstuv"
    with ticketing.server(EXPORTS, {"access": {"grant_key": key, "anonymous": "off"}}) as s:
        for format in FORMATS[1:]:
            done = run("grant", "named", "--format", format, workspace=s.workspace)
            equal(done.code, 0, done)
            for path in (done.out.decode().strip(), ticketing.post(s, "SELECT 1 AS one", format=format)):
                r = s.get(path, accept("gzip"))
                equal((r.status, r["Content-Type"], r["Content-Encoding"]), (200, TYPES[format], None), path)
                matches(r["Content-Disposition"], r'\.%s"$' % format.replace(".", r"\."))
                equal(unpack(format, r.body), b"one\n1\n")
        equal(run("grant", "named", "--format", "csv.bz2", workspace=s.workspace).code, 64)
        contains(ticketing.send(s, {"sql": "SELECT 1", "format": "gz"}).json()["detail"], "each also .gz or .zst")


# ---- cut off

def killed_at_the_gate(path, *more):
    """curl's download of `path`, whose backend is killed in the middle; returns (curl, its bytes)."""
    with Server(EXPORTS, CONFIG) as s, Gate(7) as gate:
        c = curl(s.url + path, *more)
        pid, = gate.reached()
        eventually(lambda: c.body, 10, "curl has its first rows")
        sql("SELECT pg_terminate_backend(%d)" % pid)
        equal(c.wait(), 18, "exit code of curl: " + c.head)
        equal(s.receipt(c.run_id)["state"], "failed")
        return c.body


@each(gzip="csv.gz", zstd="csv.zst")
def a_killed_backend_leaves_a_file_that_does_not_pass_for_whole(format):
    whole = copy(EXPORTS["orders"])
    got = killed_at_the_gate("/exports/gated." + format)
    true(tool(format, "-t", got)[0] != 0, "%s -t takes the cut file for whole" % TOOLS[format])
    rows_ = unpacked_so_far(format, got)
    true(0 < len(rows_) < len(whole), "%d of %d bytes" % (len(rows_), len(whole)))
    equal(rows_, whole[:len(rows_)], "what came is the beginning of the file")


@each(gzip="gzip", zstd="zstd")
def a_killed_backend_breaks_a_compressed_transfer(encoding):
    got = killed_at_the_gate("/exports/gated.csv", "-H", "Accept-Encoding: " + encoding)
    true(tool(encoding, "-t", got)[0] != 0, "%s -t takes the cut transfer for whole" % encoding)


@test
def curl_that_unpacks_sees_it_too():
    whole = copy(EXPORTS["orders"])
    got = killed_at_the_gate("/exports/gated.csv", "--compressed")
    true(0 < len(got) < len(whole), "%d of %d bytes" % (len(got), len(whole)))
    equal(got, whole[:len(got)])


@each(gzip="csv.gz", zstd="csv.zst")
def an_error_after_many_rows_leaves_no_whole_file_either(format):
    with Server(EXPORTS, CONFIG) as s:
        r = s.get("/exports/late." + format)
        true(r.broken, "the transfer broke")
        true(tool(format, "-t", r.body)[0] != 0, "%s -t takes the cut file for whole" % TOOLS[format])
        equal(s.receipt(r.run_id)["error"]["sqlstate"], "22012")


# ---- rows come when they are there

@each(gzip="csv.gz", zstd="csv.zst")
def the_rows_of_a_slow_query_are_not_held_back(format):
    with Server(EXPORTS, CONFIG) as s, Gate(7) as gate:
        plain, packed = curl(s.url + "/exports/slow.csv"), curl(s.url + "/exports/slow." + format)
        gate.reached(2)
        begun = time.monotonic()
        eventually(lambda: unpacked_so_far(format, packed.body).count(b"\n") > 16, 5, "rows before the gate")
        # Of plain CSV the last byte is held back.
        eventually(lambda: unpacked_so_far(format, packed.body)[:-1] == plain.body, 5, "as many as plain CSV has shown")
        took = time.monotonic() - begun
        diag("all of %d rows after %.0f ms" % (plain.body.count(b"\n"), 1000 * took))
        true(took < 0.4 * SLOW, "it took %.2f s" % took)
        gate.open()
        for c in (plain, packed):
            equal(c.wait(), 0)
        equal(unpack(format, packed.body), plain.body)


@each(gzip="csv.gz", zstd="csv.zst")
def a_first_row_larger_than_the_queue_passes(format):
    with Server(EXPORTS, {"limits": {"memory": "512kB"}}) as s:
        r = s.get("/exports/wide." + format)
        equal(r.status, 200)
        true(len(r.body) > MB, "%d bytes" % len(r.body))
        equal(unpack(format, r.body), copy(EXPORTS["wide"]))


@each(gzip="csv.gz", zstd="csv.zst")
def a_slow_client_gets_a_whole_file(format):
    with Server(EXPORTS, {"database": PATIENT, "limits": {"memory": "512kB"}}) as s:
        r = Reader(s, "/exports/large." + format)
        quiet_backend()
        m = r.read_message()
        true(m.complete, "the message is whole")
        equal(unpack(format, m.body), copy(EXPORTS["large"]))


main(setup=ticketing.make_login)
