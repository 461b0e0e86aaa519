#!/usr/bin/env python3
"""The log: one line for each finished export with all that an operator asks, priorities for the journal, no secrets."""

import time

import ticketing
from django_signing import KEY, dumps
from harness import *
from peers import *

# What standard error is, as systemd says it.
AS_JOURNAL = ["sh", "-c", 'JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2) exec "$@"', "sh"]
AS_ANOTHER = ["sh", "-c", 'JOURNAL_STREAM=$(stat -L -c %d:%i /) exec "$@"', "sh"]

EXPORTS = {
    "small": "SELECT 1 AS one",
    "one": "-- param: text text?\n-- param: day date?\n\nSELECT :'text' AS text, :'day'::date AS day",
    "cast": "-- param: text text\n\nSELECT :'text'::int AS n",
    "late": rows(FAR, "1 / (g - %d) AS x" % LATE),
    "early": "SELECT 1 / 0 AS x",
    "raise": "-- param: text text\n\nSELECT refuses(:'text')",
    "raise_as": "-- param: text text\n-- param: code text\n\nSELECT refuses(:'text', :'code')",
    "execute": "-- param: text text\n\nSELECT executes(:'text')",
    "table": "-- param: text text\n\nSELECT :'text'::regclass",
    "role": "-- param: text text\n\nSELECT has_table_privilege(:'text', 'pg_class', 'SELECT')",
    "file": "-- param: text text\n\nSELECT pg_read_file(:'text')",
    "gated": rows(20000, gated("g = 6000", 7)),
    "endless": ENDLESS,
}

MEMBERS = {"time", "level", "msg", "id", "export", "who", "state", "rows", "bytes", "ms", "ttfb_ms", "queue_ms",
           "peak_memory", "peer"}
FAILED = MEMBERS | {"kind", "reason"}


def server(config=None, **more):
    return Server(EXPORTS, {"database": PATIENT, **(config or {})}, **more)


def write_json(s):
    """From here on the log is JSON: the harness reads the first lines, which are logfmt."""
    s.workspace.write("pgsluice.conf", s.workspace.read("pgsluice.conf") + b"\n[log]\nformat = json\n")
    s.process.send_signal(signal.SIGHUP)
    s.wait_log("reloaded")


def run_line(s, run_id):
    """The one line of a finished export."""
    s.wait_log(lambda line: logfmt(line).get("msg") == "run" and run_id in line)
    found = [x for x in s.run_lines() if x["id"] == run_id]
    equal(len(found), 1, "lines of the run")
    return found[0]


# One line for each

@test
def a_finished_export_is_one_line_with_everything():
    with server() as s:
        began = time.monotonic()
        r = Reader(s, "/exports/small.csv")
        true(r.read_message().complete)
        peer = "127.0.0.1:%d" % r.socket.getsockname()[1]
        line = run_line(s, r.run_id)
        most = (time.monotonic() - began) * 1000
        true(MEMBERS <= set(line), "missing: %s" % (MEMBERS - set(line)))
        equal({k: line[k] for k in ("level", "export", "who", "state", "rows", "bytes", "queue_ms", "peer")},
              {"level": "info", "export": "small", "who": "anonymous", "state": "complete", "rows": "1", "bytes": "6",
               "queue_ms": "0", "peer": peer})
        true(0 <= int(line["ttfb_ms"]) <= int(line["ms"]) <= most + 1, line)  # rounded
        matches(line["time"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        receipt = s.receipt(r.run_id)
        equal((int(line["rows"]), int(line["bytes"])), (receipt["rows"], receipt["bytes"]))


@test
def waiting_for_a_slot_is_told_apart_from_the_time_to_the_first_byte():
    with server({"database": {**PATIENT, "max_exports": 1}}) as s, Gate(7) as gate:
        first = Reader(s, "/exports/gated.csv")
        gate.reached()
        second = Reader(s, "/exports/small.csv", head=False)
        true(second.silent(0.3))
        gate.open()
        true(first.read_message().complete)
        second.read_message()
        line = run_line(s, second.run_id)
        true(int(line["queue_ms"]) >= 300, line)
        true(int(line["ms"]) >= int(line["queue_ms"]), line)


@each(early=("early", "failed", "sql", "22012"), late=("late", "failed", "sql", "22012"))
def a_failed_export_tells_its_kind_and_sqlstate(export, state, kind, sqlstate):
    with server() as s:
        s.get("/exports/%s.csv" % export)
        line = logfmt(s.wait_log(lambda line: logfmt(line).get("msg") == "run"))
        true(FAILED <= set(line), "missing: %s" % (FAILED - set(line)))
        equal((line["level"], line["state"], line["kind"], line["sqlstate"]), ("warning", state, kind, sqlstate))


@test
def a_client_that_left_and_a_cancelled_run_are_told_as_such():
    with server() as s:
        gone = Reader(s, "/exports/endless.csv")
        gone.reset()
        equal(run_line(s, gone.run_id)["state"], "cancelled")
        killed = Reader(s, "/exports/endless.csv")
        equal(s.delete("/runs/" + killed.run_id, {"X-Pgsluice": "1"}, admin=True).status, 200)
        line = run_line(s, killed.run_id)
        equal((line["state"], line["kind"]), ("cancelled", "cancelled"))
        contains(line["reason"], "operator")


@test
def a_backend_that_was_killed_is_told_with_its_sqlstate():
    with server() as s:
        r = Reader(s, "/exports/endless.csv")
        sql("SELECT pg_terminate_backend(%d)" % quiet_backend())
        r.read_all()
        line = run_line(s, r.run_id)
        equal((line["state"], line["kind"]), ("failed", "db_lost"))


@test
def each_of_many_at_once_has_its_line():
    with server({"database": {**PATIENT, "max_exports": 8}}) as s:
        readers = [Reader(s, "/exports/small.csv") for _ in range(30)]
        for r in readers:
            true(r.read_message().complete)
        eventually(lambda: len(s.run_lines()) == 30, 5)
        equal(sorted(x["id"] for x in s.run_lines()), sorted(r.run_id for r in readers))


@test
def json_lines_have_the_same_members_with_numbers_as_numbers():
    with server() as s:
        write_json(s)
        r = Reader(s, "/exports/late.csv")
        r.read_all()
        line = json.loads(s.wait_log(lambda line: '"msg":"run"' in line and r.run_id in line))
        true(FAILED | {"sqlstate"} <= set(line), "missing: %s" % (FAILED - set(line)))
        for key, value in line.items():
            equal(type(value), int if key in ("rows", "bytes", "ms", "ttfb_ms", "queue_ms", "peak_memory") else str, key)


@test
def sigusr2_writes_a_line_for_each_running_export():
    with server() as s, Gate(7) as gate:
        readers = [Reader(s, "/exports/gated.csv") for _ in range(3)]
        gate.reached(3)
        s.process.send_signal(signal.SIGUSR2)
        eventually(lambda: s.log.count("msg=running") == 3, 5, "three lines")
        lines = [x for x in map(logfmt, s.lines) if x.get("msg") == "running"]
        equal({x["id"] for x in lines}, {r.run_id for r in readers})
        for line in lines:
            true(MEMBERS | {"snapshot_at", "estimated_rows"} <= set(line), line)
            equal((line["state"], line["export"], line["who"]), ("running", "gated", "anonymous"))
            true(int(line["ms"]) > 0 and int(line["rows"]) > 0, line)
        gate.open()
        for r in readers:
            true(r.read_message().complete)
        s.process.send_signal(signal.SIGUSR2)
        s.wait_log("no export is under way")


# The journal

@test
def the_journal_is_told_how_bad_each_line_is():
    with server({"log": {"level": "debug"}}, wrapper=AS_JOURNAL) as s:
        s.get("/exports/small.csv")
        s.get("/exports/early.csv")
        s.workspace.write("exports.d/bad.sql", "-- parm: x\n\nSELECT 1")
        s.process.send_signal(signal.SIGHUP)
        s.wait_log("reload failed")
        with open("/proc/%d/environ" % s.pid) as f:
            contains(f.read(), "JOURNAL_STREAM=")
        priorities = {"debug": "<7>", "info": "<6>", "warning": "<4>", "error": "<3>"}
        for line in s.lines:
            equal(line[:8], priorities[logfmt(line)["level"]] + "time=", line)
        true({"info", "warning", "error"} <= {logfmt(line)["level"] for line in s.lines}, s.log)


@each(none=(), another=tuple(AS_ANOTHER))
def elsewhere_there_are_no_priorities(*wrapper):
    with server(wrapper=wrapper) as s:
        equal(s.get("/exports/small.csv").status, 200)
        for line in s.lines:
            equal(line[:5], "time=", line)


@test
def a_run_of_the_command_line_under_a_timer_is_no_different():
    workspace = Workspace(EXPORTS, "")
    done = subprocess.run(AS_JOURNAL + [PGSLUICE, "run", "-c", workspace.config, "small"], capture_output=True,
                          env=child_env(), timeout=30 * SLOW)
    equal((done.returncode, done.stdout), (0, b"one\n1\n"), done)
    lacks(done.stderr, b"<")


# What must never show

SECRETS = {
    "a parameter's value": "value-secret-1f7e",
    "a value of the wrong type": "type-secret-2f7e",
    "a value that the database refuses": "cast-secret-3f7e",
    "a value that a function repeats": "raise-secret-af7e",
    "an option's value": "option-secret-4f7e",
    "a token": "bearer-secret-5f7e",
    "the query string of a path that is not known": "path-secret-6f7e",
    "a ticket's SQL": "ticket-secret-7f7e",
    "a grant's parameter": "grant-secret-8f7e",
    "a password of the dsn": "dsn-secret-9f7e",
    "the secret of tickets": ticketing.SECRET,
    "the key of grants": KEY,
    "the admin token": "admin-secret-0f7e-0f7e-0f7e-0f7e-0f7e",
}


@each(logfmt="logfmt", json="json")
def no_secret_and_no_parameter_value_is_ever_written(form):
    S = SECRETS
    config = {
        "server": {"admin_token": S["the admin token"]},
        "access": {"grant_key": KEY},
        "database": {**PATIENT, "dsn": "password='%s'" % S["a password of the dsn"]},
        "tickets": {"listen": "unix:tickets.sock", "secret": S["the secret of tickets"],
                    "dsn": "user=%s password='%s'" % (ticketing.LOGIN, S["a password of the dsn"])},
    }
    with Server(EXPORTS, config, env={"PGSLUICE_LOG_LEVEL": "debug"}) as s:
        if form == "json":
            write_json(s)
        equal(s.get("/exports/one.csv?text=" + S["a parameter's value"]).status, 200)
        equal(s.get("/exports/one.csv?day=" + S["a value of the wrong type"]).status, 400)
        equal(s.get("/exports/cast.csv?text=" + S["a value that the database refuses"]).status // 100, 5)
        equal(s.get("/exports/one.csv?_null=" + S["an option's value"]).status // 100 in (2, 4), True)
        equal(s.get("/exports/one.csv?_limit=" + S["an option's value"]).status, 400)
        for option in ("_columns", "_order"):
            r = s.get("/exports/one.csv?%s=%s" % (option, S["an option's value"]))
            contains(problem(r, 400, "bad_parameter")["detail"], S["an option's value"], "the caller himself is told")
        equal(s.get("/exports/one.csv?nonsense=" + S["an option's value"]).status, 400)
        s.get("/exports/small.csv", {"Authorization": "Bearer " + S["a token"]})
        s.get("/exports/small.csv", {"Authorization": "Basic " + S["a token"]})
        s.get("/metrics", {"Authorization": "Bearer " + S["a token"]}, admin=True)
        equal(s.get("/metrics", {"Authorization": "Bearer " + S["the admin token"]}, admin=True).status, 200)
        equal(s.get("/nowhere?x=" + S["the query string of a path that is not known"]).status, 404)
        grant = dumps({"export": "one", "exp": int(time.time()) + 60, "params": {"text": S["a grant's parameter"]}})
        equal(s.get("/grants/" + grant).status, 200)
        equal(s.get("/grants/" + grant[:-3] + "abc").status, 403)
        path = ticketing.post(s, "SELECT '%s' AS x" % S["a ticket's SQL"])
        equal(s.get(path).status, 200)
        path = ticketing.post(s, "SELECT '%s'::int AS x" % S["a ticket's SQL"])
        equal(s.get(path).status // 100, 5)
        path = ticketing.post(s, "SELECT 1 '%s'" % S["a ticket's SQL"])
        equal(s.get(path).status // 100, 5)
        equal(s.get("/exports/raise.csv?text=" + S["a value that a function repeats"]).status // 100, 5)
        equal(ticketing.send(s, {"sql": "SELECT 1; SELECT '%s'" % S["a ticket's SQL"]}).status, 422)
        equal(ticketing.send(s, {"sql": "SELECT 1"}, {"Authorization": "Bearer " + S["a token"]}).status, 401)
        with s.connect() as c:
            c.sendall(b"GET /exports/one.csv?text=%s HTTP/9.9\r\n\r\n" % S["a parameter's value"].encode())
            c.recv(4096)
        # A reload reads all secrets again, and one that is too short is named, not shown.
        s.process.send_signal(signal.SIGHUP)
        s.wait_log("reloaded")
        text = s.workspace.read("pgsluice.conf").decode()
        s.workspace.write("pgsluice.conf", text.replace(KEY, S["a token"]))
        s.process.send_signal(signal.SIGHUP)
        s.wait_log("reload failed")
        s.process.send_signal(signal.SIGUSR2)
        s.wait_log("no export is under way")
        s.stop()
        for what, secret in S.items():
            lacks(s.log, secret, what)
            # Nor in an escaped or a decoded form.
            lacks(s.log, "".join("\\u%04x" % ord(c) for c in secret), what)
        true(s.log.count("run") > 5, s.log)
        lacks(s.log, grant.split(":")[0], "the grant itself")


VALUE = "any-secret-bf7e"


@each(forbidden=("raise_as.csv?code=42501&", "42501"), external=("raise_as.csv?code=38000&", "38000"),
      of_its_own=("raise_as.csv?code=57XYZ&", "57XYZ"), busy=("raise_as.csv?code=53300&", "53300"),
      built_sql=("execute.csv?", "42703"), a_table=("table.csv?", "42P01"), a_role=("role.csv?", "42704"),
      a_file=("file.csv?", "58P01"))
def whatever_the_sqlstate_a_value_is_not_told(path, sqlstate):
    with server() as s:
        r = s.get("/exports/%stext=%s" % (path, VALUE))
        true(r.status >= 400, r)
        line = logfmt(s.wait_log(lambda line: "msg=run " in line))
        equal(line["sqlstate"], sqlstate)
        s.stop()
        lacks(s.log, VALUE)


@each(column=('SELECT "%s"', "42703"), function=('SELECT "%s"()', "42883"), table=('SELECT * FROM "%s"', "42P01"))
def of_the_sql_of_a_ticket_not_even_a_name_is_told(text, sqlstate):
    with ticketing.server() as s:
        equal(s.get(ticketing.post(s, text % VALUE)).status, 500)
        line = logfmt(s.wait_log(lambda line: "msg=run " in line))
        equal(line["sqlstate"], sqlstate)
        true(line["reason"], line)
        s.stop()
        lacks(s.log, VALUE)


@each(table=("SELECT * FROM no_such_table", "42P01", 'relation "no_such_table" does not exist'),
      column=("SELECT no_such_column", "42703", 'column "no_such_column" does not exist'),
      killed=("SELECT pg_terminate_backend(pg_backend_pid())", "57P01",
              "terminating connection due to administrator command"))
def what_quotes_no_value_is_still_told_in_the_servers_words(text, sqlstate, words):
    with server() as s:
        s.workspace.write("exports.d/missing.sql", text)
        s.process.send_signal(signal.SIGHUP)
        s.wait_log("reloaded")
        true(s.get("/exports/missing.csv").status >= 500)
        line = logfmt(s.wait_log(lambda line: "msg=run " in line))
        equal((line["sqlstate"], line["detail"]), (sqlstate, words))


# Passwords that spoil the dsn that they are in: libpq quotes a part of each as it complains.
MALFORMED = {
    "percent": "postgres://u:dsn-se%cret-cf7e@127.0.0.1/shop",
    "at": "postgres://u:pass@dsn-secret-cf7e@127.0.0.1/shop",
    "slash": "postgres://u:dsn-secret-cf7e/x@127.0.0.1/shop",
    "space": "host=127.0.0.1 password=x dsn-secret-cf7e",
}


def says_where(text, section):
    contains(text, "pgsluice.conf: [%s] dsn: " % section)
    lacks(text, "se%cret")
    lacks(text, "cret-cf7e")


@each(**{name: (name,) for name in MALFORMED})
def a_dsn_that_is_malformed_is_named_and_not_quoted(name):
    for command in (["serve"], ["run", "small"], ["check"]):
        done = run(*command, exports=EXPORTS, config={"database": {"dsn": MALFORMED[name]}})
        equal((done.code, done.out), (78, b""), done)
        says_where(done.err, "database")
    with ticketing.server(EXPORTS) as s:
        text = s.workspace.read("pgsluice.conf").decode()
        s.workspace.write("pgsluice.conf", text.replace("dsn = user=" + ticketing.LOGIN, "dsn = " + MALFORMED[name]))
        s.process.send_signal(signal.SIGHUP)
        s.wait_log("reload failed")
        equal(s.get("/exports/small.csv").status, 200)
        s.stop()
        says_where(s.log, "tickets")


def setup():
    ticketing.make_login()
    sql("CREATE FUNCTION refuses(x text) RETURNS int LANGUAGE plpgsql AS "
        "$$BEGIN RAISE EXCEPTION 'no % today', x; END$$")
    sql("CREATE FUNCTION refuses(x text, code text) RETURNS int LANGUAGE plpgsql AS "
        "$$BEGIN RAISE EXCEPTION USING MESSAGE = 'no ' || x, ERRCODE = code; END$$")
    sql("CREATE FUNCTION executes(x text) RETURNS int LANGUAGE plpgsql AS "
        "$$BEGIN EXECUTE 'SELECT ' || quote_ident(x); END$$")


main(setup=setup)
