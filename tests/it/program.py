"""What the program knows, read from the tables in its source: what documents and samples are held against."""

import json
import os
import re

from tap import TOP, equal, true


def source(*path):
    with open(os.path.join(TOP, "src", *path), encoding="utf-8") as f:
        return f.read()


def _between(text, begin, end):
    true(begin in text, "%r is not in the source any more" % begin)
    return text.split(begin, 1)[1].split(end, 1)[0]


class Key:
    """A key of the configuration; `default` is None for one that must be given, "" for an empty one."""

    def __init__(self, section, key, type, flags, default, least=None, most=None):
        self.section, self.key, self.type, self.flags = section, key, type, flags
        self.default, self.least, self.most = default, least, most
        self.has_file = "FILE" in flags or "SERVER" in flags
        self.needs_no_limit = "NO_LIMIT" in flags


def config_keys():
    """The table of config_table.c, in its order."""
    rows = _between(source("base", "config_table.c"), "sl_config_keys[] = {", "{.section = NULL}")
    longest = re.search(r'#define LONGEST ("\w+")', source("base", "config_table.c")).group(1)
    found = []
    for macro, arguments in re.findall(r"(\w+)\((.*?)\),\n", rows, re.S):
        words = re.findall(r'"(?:[^"\\]|\\.)*"|[^\s,]+', arguments.replace("LONGEST", longest))
        words = [json.loads(w) if w.startswith('"') else w for w in words]
        if macro == "TOKEN":
            words = ["token", words[0], words[1], "0", None if words[2] == "NULL" else words[2]]
        elif macro == "LOG":
            words = ["log", words[0], words[1], "0", words[2]]
        found.append(Key(*words))
    equal(len(found), rows.count("),\n"), "rows of the table that could be read")
    return found


def long_options():
    """{name: takes a value} of the command line."""
    rows = _between(source("cmd", "options.c"), "struct option longs[] = {", "{NULL")
    return {name: kind == "required" for name, kind in re.findall(r'\{"([\w-]+)", (required|no)_argument', rows)}


def short_options():
    """{letter: takes a value}."""
    letters = re.search(r'getopt_long\(argc, argv, ":([\w:]+)"', source("cmd", "options.c")).group(1)
    return {letter: colon == ":" for letter, colon in re.findall(r"(\w)(:?)", letters)}


def commands():
    rows = _between(source("main.c"), "} commands[] = {", "};")
    return re.findall(r'\{"(\w+)", sl_cmd_', rows)


def header_keys():
    """The keys of an export's header."""
    rows = _between(source("catalog", "header.c"), "struct key keys[] = {", "};")
    return re.findall(r'\{"(\w+)", read_', rows)


def export_options():
    """The options of an export that this version has."""
    rows = _between(source("catalog", "option.c"), "struct option options[] = {", "};")
    return re.findall(r'\{"(\w+)", [A-Z| ]+, read_', rows)


def kinds():
    """{kind: ({HTTP statuses}, {exit codes})}."""
    rows = _between(source("base", "error.c"), "kinds[SL_KIND_COUNT] = {", "};")
    found = {}
    known = re.findall(r'\{"(\w+)", "[^"]*", (\d+), (\d+)[,}]', rows)
    equal(len(known), rows.count("[SL_"), "kinds that could be read")
    for name, status, code in known:
        if name != "none":
            statuses, codes = found.setdefault(name, (set(), set()))
            statuses.add(int(status))
            codes.add(int(code))
    return found


def routes():
    """{(listener, first segment, number of segments)}."""
    rows = _between(source("http", "routes.c"), "} routes[] = {", "};")
    found = re.findall(r'\{SL_(\w+), "([\w.]+)", (\d+),', rows)
    equal(len(found), rows.count("{SL_"), "routes that could be read")
    return {(listener.lower(), first, int(n)) for listener, first, n in found}


def grant_members():
    return re.findall(r'"(\w+)"', _between(source("access", "grant.c"), "members[] = {", "}"))


def ticket_members():
    """Those of the ticket, and those of its limits."""
    text = source("access", "ticket.c")
    return re.findall(r'"(\w+)"', _between(text, "static const char *const names[] = {\"sql\"", "}") + '"sql"') + \
        re.findall(r'"(\w+)"', _between(text, "    static const char *const names[] = {", "}"))


def signals():
    """Those that `serve` takes."""
    return re.findall(r"SIG[A-Z0-9]+", _between(source("cmd", "serve.c"), "int taken[] = {", "}"))
