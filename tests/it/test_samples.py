#!/usr/bin/python3
"""The sample configuration: the program accepts all of it, and it names every key with its default."""

import program
from harness import *

ETC = os.path.join(TOP, "etc")


def sample():
    with open(os.path.join(ETC, "pgsluice.conf"), encoding="utf-8") as f:
        return f.read()


def uncommented():
    """The sample with every section and key in force; prose has a blank after its "#"."""
    return re.sub(r"(?m)^#(?=\[|[a-z])", "", sample())


def keys(text):
    """[(section, key, value)], the name of a token left out."""
    found = []
    section = None
    for line in text.splitlines():
        if line.startswith("["):
            section = re.match(r"\[(\w+)[^]]*\]$", line).group(1)
        elif line and not line.startswith("#"):
            key, value = re.match(r"(\w+) =(?: (.*))?$", line).groups()
            found.append((section, key, value or ""))
    return found


def table():
    """The same of the program's table; None for a key without default."""
    return [(key.section, key.key, key.default) for key in program.config_keys()]


def workspace(text):
    with open(os.path.join(ETC, "exports.d", "orders.sql"), encoding="utf-8") as f:
        return Workspace({"orders": f.read()}, text)


def accepted(text):
    w = workspace(text)
    for command in ("list", "check"):
        done = run(command, workspace=w)
        equal(done.code, 0, "%s: %r" % (command, done))
        contains(done.out.decode(), "orders")


@test
def the_sample_is_accepted_as_it_is():
    equal(keys(sample()), [], "keys that are in force")
    accepted(sample())


@test
def the_sample_is_accepted_with_every_key_in_force():
    # The only key without a default: a token has to be somebody's.
    accepted(uncommented().replace("sha256 =", "sha256 = " + "0" * 64))


@test
def the_sample_names_every_key_once_in_the_order_of_the_table():
    equal([k[:2] for k in keys(uncommented())], [k[:2] for k in table()])


@test
def the_sample_gives_the_default_of_every_key():
    # What a token opens is an example.
    examples = {("token", "exports"): "orders, report_*"}
    given = keys(uncommented())
    equal(given, [(s, k, examples.get((s, k), initial or "")) for s, k, initial in table()])


def setup():
    sql_file(os.path.join(TOP, "sql", "demo-schema.sql"))


main(setup=setup)
