"""The database side of the tests: psql as a client, and COPY as the oracle."""

import os
import subprocess
from contextlib import contextmanager

from tap import SLOW, TEST_DEADLINE

# The session in which COPY must print the same bytes: what design.md pins, and the time zone.
PINNED = {
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "xmloption": "content",
    "lc_monetary": "C",
    "standard_conforming_strings": "on",
    "quote_all_identifiers": "off",
    "client_encoding": "UTF8",
    "timezone": "UTC",
    "row_security": "on",
    "synchronize_seqscans": "off",
}


def _psql(*args, stdin=None, user=None, dbname=None, check=True, timeout=None):
    command = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1"]
    if user:
        command += ["-U", user]
    if dbname:
        command += ["-d", dbname]
    env = dict(os.environ, PGCLIENTENCODING="UTF8")
    done = subprocess.run(command + list(args), input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=env, timeout=(timeout or TEST_DEADLINE) * SLOW)
    if check and done.returncode != 0:
        raise AssertionError("psql: " + done.stderr.decode("utf-8", "replace"))
    return done


def sql(text, user=None, dbname=None):
    """Runs SQL, several statements allowed, and returns what it printed: unaligned, tuples only, no last newline."""
    if len(text) < 50000:
        done = _psql("-A", "-t", "-c", text, user=user, dbname=dbname)
    else:
        done = _psql("-A", "-t", "-f", "-", stdin=text.encode(), user=user, dbname=dbname)
    return done.stdout.decode().rstrip("\n")


def sql_file(path, dbname=None, variables=None):
    args = []
    for key, value in (variables or {}).items():
        args += ["-v", "%s=%s" % (key, value)]
    return _psql(*args, "-f", path, dbname=dbname).stdout.decode()


def copy(query, settings=None, user=None, dbname=None, header=True, options="FORMAT csv"):
    """The bytes that COPY prints for a query: the oracle for every export."""
    statements = ["SET %s = '%s'" % (k, str(v).replace("'", "''")) for k, v in {**PINNED, **(settings or {})}.items()]
    statements.append("COPY (%s\n) TO STDOUT (%s%s)" % (
        query.rstrip().rstrip(";"), options, ", HEADER" if header else ""))
    if len(statements[-1]) < 100000:
        args = [arg for s in statements for arg in ("-c", s)]
        return _psql(*args, user=user, dbname=dbname).stdout
    # psql reads :name only outside literals; a query that long is generated and has none.
    return _psql("-f", "-", stdin=";\n".join(statements).encode() + b";\n", user=user, dbname=dbname).stdout


def copy_back(data, table, options, settings=None):
    """COPY FROM these bytes into a table that is there."""
    statements = ["SET %s = '%s'" % (k, v) for k, v in {**PINNED, **(settings or {})}.items()]
    statements.append("COPY %s FROM STDIN (%s)" % (table, options))
    _psql(*[arg for s in statements for arg in ("-c", s)], stdin=data)


def backends():
    """How many PostgreSQL backends serve an export now, idle connections that wait for reuse included."""
    return int(sql("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'pgsluice%'"))


def active_backends():
    """How many of them are inside a transaction."""
    return int(sql("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'pgsluice:%' AND state <> 'idle'"))


@contextmanager
def session(text, user=None):
    """A psql that has run these statements and stays connected, say with a lock in an open transaction."""
    command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"] + (["-U", user] if user else [])
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=dict(os.environ))
    try:
        process.stdin.write((text.rstrip(";") + ";\nSELECT 'session is ready';\n").encode())
        process.stdin.flush()
        for line in process.stdout:
            if line == b"session is ready\n":
                break
        else:
            raise AssertionError("psql ended at: " + text)
        yield process
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait()
