"""Manual pages in mdoc(7), as far as the tests look into them."""

import os
import re

from tap import TOP, equal, true

MAN = os.path.join(TOP, "man")
PAGES = ("pgsluice.1", "pgsluice.conf.5", "pgsluice-export.5")


def lines(page):
    with open(os.path.join(MAN, page), encoding="utf-8") as f:
        return f.read().splitlines()


def section(page, title, sub=None):
    """The lines of a section, or of one of its subsections, without their titles."""
    found, here = [], False
    for line in lines(page):
        if line.startswith(".Sh "):
            here = sub is None and line == ".Sh " + title
            inside = line == ".Sh " + title
        elif line.startswith(".Ss ") and sub is not None:
            here = inside and plain(line[4:]) == sub
        elif here:
            found.append(line)
    true(found, "%s has no section %s %s" % (page, title, sub or ""))
    return found


def plain(text):
    """A line's words without macros and escapes."""
    text = re.sub(r"\\&|(?<!\S)(Ar|Cm|Dv|Ev|Fl|Ic|Li|Ns|No|Op|Pa|Ql|Sy)(?=\s)", "", text)
    return re.sub(r"\s+", " ", text.replace("\\(en", "-").replace("\\(dq", '"')).strip()


def items(text):
    """[(words of .It, [names], lines below)] of all lists in these lines; names are by comma."""
    found = []
    for line in text:
        if line.startswith(".It "):
            found.append((line[4:], [plain(part) for part in line[4:].split(" , ")], []))
        elif found and not line.startswith((".El", ".Pp")):
            found[-1][2].append(line)
        elif found:
            found[-1][2].append("")
    return found


def names(text):
    """All names of all items, each once."""
    all_names = [name for _, one, _ in items(text) for name in one]
    equal(sorted(set(all_names)), sorted(all_names), "items that come twice")
    return all_names


def flags(text):
    """-x and --long of the items."""
    return {"-" + flag for words, _, _ in items(text) for flag in re.findall(r"\bFl (\S+)", words)}


def commands(page):
    """The commands in EXAMPLES: lines of literal text that begin with a $, and those that go on with a >."""
    found = []
    for line in section(page, "EXAMPLES"):
        line = line.replace("\\&", "").replace("\\(dq", '"').replace("\\e", "\\")
        for prefix in ("$ ", ".Dl $ "):
            if line.startswith(prefix):
                found.append(line[len(prefix):])
        if line.startswith("> "):
            found[-1] += "\n" + line[2:]
    return found
