#!/usr/bin/python3
"""The configuration file and its overrides: what is wrong is told with file, line and what to write instead."""

from harness import *

ONE = {"one": "SELECT 1 AS a"}


def refused(config, line, *parts, env=None, command="serve", exports=ONE):
    """`serve` (or another command) ends with 78 and names file, line and all the parts."""
    done = run(command, exports=exports, config=config, env=env)
    equal(done.code, 78, repr(done))
    where = "pgsluice.conf:%d: " % line if line else ""
    text = next((t for t in done.err.splitlines() if where in t and all(part in t for part in parts)), None)
    true(text, "no line with %r and %r in\n%s" % (where, parts, done.err))
    return done


@test
def an_unknown_key_is_refused_with_a_suggestion():
    refused("[server]\nlisten = 127.0.0.1:0\nlisen = 127.0.0.1:0\n", 3, "lisen", "listen")
    refused("[database]\nmax_export = 3\n", 2, "max_export", "max_exports")
    refused("[limits]\n\n# a comment\nmax_rowz = 3\n", 4, "max_rowz", "max_row")
    refused("[limits]\nwhatever_this_is = 3\n", 2, "whatever_this_is")
    refused("[token x]\nsha265 = %s\n" % ("0" * 64), 2, "sha265", "sha256")


@test
def an_unknown_section_is_refused_with_a_suggestion():
    refused("[sever]\nlisten = 127.0.0.1:0\n", 1, "sever", "server")
    refused("[server]\n\n[dtabase]\n", 3, "dtabase", "database")
    refused("[token]\nsha256 = %s\n" % ("0" * 64), 1, "token")


@test
def a_key_in_the_wrong_section_is_refused():
    refused("[server]\nmax_exports = 3\n", 2, "max_exports")


@test
def lines_that_are_neither_section_nor_key_are_refused():
    refused("[server]\nlisten\n", 2)
    refused("listen = 127.0.0.1:0\n", 1)
    refused("[server\nlisten = 127.0.0.1:0\n", 1)
    refused("[server]\n= 3\n", 2)


@test
def values_of_the_wrong_kind_are_refused_with_what_to_write():
    for section, key, value in (
            ("database", "max_exports", "many"), ("database", "max_exports", "-1"), ("database", "max_exports", "0"),
            ("database", "max_exports", "99999999999999999999"), ("database", "queue_timeout", "30 parsecs"), ("database", "queue_timeout", "-1s"),
            ("limits", "memory", "2XB"), ("limits", "memory", "lots"), ("limits", "memory", "99999999999999999TB"), ("limits", "min_rate", "fast"),
            ("limits", "max_duration", "6 fortnights"), ("access", "anonymous", "perhaps"), ("log", "format", "xml"), ("log", "level", "loud"),
            ("server", "listen", "nonsense"), ("server", "listen", "127.0.0.1:99999"), ("server", "listen", "unix:"),
            ("exports", "regex", "2")):
        refused("[%s]\n%s = %s\n" % (section, key, value), 2, key)


@test
def a_token_needs_a_sha256_of_64_hex_digits():
    refused("[token bob]\nsha256 = abc\nexports = *\n", 2, "sha256")
    refused("[token bob]\nsha256 = %s\n" % ("g" * 64), 2, "sha256")
    refused("[token bob]\nexports = *\n", 1, "sha256")


@test
def a_key_or_section_given_twice_is_refused():
    refused("[limits]\nmemory = 2MB\nmemory = 3MB\n", 3, "memory")
    refused("[token a]\nsha256 = %s\n[token a]\nsha256 = %s\n" % ("0" * 64, "1" * 64), 3, "token a")


@test
def an_admin_listener_that_is_reachable_needs_a_token():
    refused("[server]\nlisten = 127.0.0.1:0\nadmin_listen = 0.0.0.0:0\n", 3, "admin_token")


@test
def an_unknown_variable_is_refused_by_name_with_a_suggestion():
    for variable, suggestion in (("PGSLUICE_SERVER_LISTN", "PGSLUICE_SERVER_LISTEN"), ("PGSLUICE_DATABSE_DSN", "PGSLUICE_DATABASE_DSN"),
                                 ("PGSLUICE_NONSENSE", "PGSLUICE_NONSENSE")):
        refused(None, 0, variable, suggestion, env={variable: "x"})


@test
def a_bad_value_in_a_variable_names_the_variable():
    refused(None, 0, "PGSLUICE_DATABASE_MAX_EXPORTS", env={"PGSLUICE_DATABASE_MAX_EXPORTS": "many"})
    refused(None, 0, "PGSLUICE_LIMITS_MEMORY", env={"PGSLUICE_LIMITS_MEMORY": "2XB"})


@test
def a_configuration_that_cannot_be_read_is_refused_by_name():
    w = Workspace(ONE)
    for path in (w.path("none.conf"), w.directory):
        done = run("check", "-c", path, workspace=w, with_config=False)
        equal(done.code, 78, repr(done))
        contains(done.err, path)


@test
def a_missing_exports_directory_is_refused_by_name():
    done = run("serve", config={"exports": {"directory": "no-such-directory"}, "server": {"listen": "127.0.0.1:0", "admin_listen": "127.0.0.1:0"}})
    equal(done.code, 78, repr(done))
    contains(done.err, "no-such-directory")


@test
def every_command_checks_the_configuration():
    for command in (["serve"], ["run", "one"], ["list"], ["check"]):
        done = run(*command, exports=ONE, config="[server]\nlisen = x\n")
        equal(done.code, 78, "%s: %r" % (command, done))
        contains(done.err, "pgsluice.conf:2: ")


@test
def variables_override_the_file():
    with Server(ONE, {"exports": {"directory": "elsewhere"}, "database": {"timezone": "Nowhere/Land"}},
                env={"PGSLUICE_EXPORTS_DIRECTORY": "exports.d", "PGSLUICE_DATABASE_TIMEZONE": "UTC"}) as s:
        equal(s.get("/exports/one.csv").body, b"a\n1\n")


@test
def a_dsn_may_come_from_a_file_beside_the_configuration():
    sql("DROP ROLE IF EXISTS it_filed; CREATE ROLE it_filed LOGIN")
    who = {"who": "SELECT current_user AS u"}
    with Server(who, {"database": {"dsn_file": "secret/dsn"}}, files={"secret/dsn": "user=it_filed\n"}) as s:
        equal(s.get("/exports/who.csv").body, b"u\nit_filed\n")
    with Server(who, env={"PGSLUICE_DATABASE_DSN": "user=it_filed"}) as s:
        equal(s.get("/exports/who.csv").body, b"u\nit_filed\n")
    done = run("serve", exports=who, config={"database": {"dsn_file": "secret/none"}})
    equal(done.code, 78, repr(done))
    contains(done.err, "secret/none")


@test
def relative_paths_are_relative_to_the_configuration():
    w = Workspace({"conf/sub/exports.d/one.sql": "SELECT 1 AS a"}, files={"conf/sub/p.conf": "[exports]\ndirectory = exports.d\n"})
    done = run("run", "one", "-c", w.path("conf/sub/p.conf"), workspace=w, with_config=False, cwd="/")
    equal((done.code, done.out), (0, b"a\n1\n"), repr(done))
    done = run("run", "one", "-c", "sub/p.conf", workspace=w, with_config=False, cwd=w.path("conf"))
    equal((done.code, done.out), (0, b"a\n1\n"), repr(done))


@test
def the_configuration_may_be_named_by_the_environment():
    w = Workspace(ONE)
    done = run("run", "one", workspace=w, with_config=False, env={"PGSLUICE_CONFIG": w.config}, cwd="/")
    equal((done.code, done.out), (0, b"a\n1\n"), repr(done))
    done = run("run", "one", workspace=w, with_config=False, env={"PGSLUICE_CONFIG": w.path("none")}, cwd="/")
    equal(done.code, 78, repr(done))


@test
def without_a_file_the_service_is_anonymous_and_says_so():
    usual = "/etc/pgsluice/pgsluice.conf"
    w = Workspace(ONE)
    if os.path.exists(usual):
        # This machine has a configuration of its own: then that is what counts.
        unnamed, named = (run("list", *words, workspace=w, with_config=False) for words in ([], ["-c", usual]))
        equal((unnamed.code, unnamed.out, unnamed.err), (named.code, named.out, named.err))
        return
    env = {"PGSLUICE_SERVER_LISTEN": "127.0.0.1:0", "PGSLUICE_SERVER_ADMIN_LISTEN": "127.0.0.1:0", "PGSLUICE_EXPORTS_DIRECTORY": w.path("exports.d")}
    with Server(workspace=w, with_config=False, env=env) as s:
        equal(s.get("/exports/one.csv").body, b"a\n1\n")
        contains(s.log, "anonymous")


@test
def without_a_file_the_network_must_be_asked_for_by_name():
    if os.path.exists("/etc/pgsluice/pgsluice.conf"):
        raise Skip("this machine has a configuration of its own")
    w = Workspace(ONE)
    env = {"PGSLUICE_SERVER_LISTEN": "0.0.0.0:0", "PGSLUICE_SERVER_ADMIN_LISTEN": "127.0.0.1:0",
           "PGSLUICE_EXPORTS_DIRECTORY": w.path("exports.d")}
    done = run("serve", workspace=w, with_config=False, env=env)
    equal(done.code, 78, repr(done))
    matches(done.err, r"(?m)^PGSLUICE_SERVER_LISTEN: .*PGSLUICE_ACCESS_ANONYMOUS=on")
    equal(run("run", "one", workspace=w, with_config=False, env=env).code, 0)
    with Server(workspace=w, with_config=False, env={**env, "PGSLUICE_ACCESS_ANONYMOUS": "on"}) as s:
        contains(s.log, "msg=ready")


@test
def an_empty_name_of_a_file_leaves_the_key_alone():
    sql("DROP ROLE IF EXISTS it_kept; CREATE ROLE it_kept LOGIN")
    who = {"who": "SELECT current_user AS u"}
    for config, env in (({"database": {"dsn": "user=it_kept"}}, {"PGSLUICE_DATABASE_DSN_FILE": ""}),
                        ("[database]\ndsn_file =\ndsn = user=it_kept\n", {})):
        done = run("run", "who", exports=who, config=config, env=env)
        equal((done.code, done.out), (0, b"u\nit_kept\n"), repr(done))


@test
def what_has_no_effect_yet_is_said_at_start():
    exports = {**ONE, "wide": "-- parallel: 2\n\nSELECT 1 AS a"}
    config = {"limits": {"spool_directory": "spool"}}
    with Server(exports, config) as s:
        lines = [line for line in s.log.splitlines() if 'msg="no effect yet"' in line]
        for what in ("[limits]: spool_directory", "wide.sql: parallel"):
            equal(len([line for line in lines if what in line and "level=warning" in line]), 1, "%s in\n%s" % (what, s.log))
        equal(len(lines), 2, s.log)


@test
def errors_in_files_begin_with_the_place_in_every_command():
    # What cron mails begins with the name of the export.
    for command, begin in ((["serve"], ""), (["run", "bad"], "pgsluice: bad: "), (["list"], ""), (["check"], "")):
        done = run(*command, exports={"bad": "-- titel: x\n\nSELECT 1"})
        equal(done.code, 78, "%s: %r" % (command, done))
        matches(done.err, r"(?m)^%s\S*exports\.d/bad\.sql:1: " % begin)
        done = run(*command, exports=ONE, config="[server]\nlisen = x\n")
        matches(done.err, r"(?m)^%s\S*pgsluice\.conf:2: " % begin)


@test
def with_a_file_anonymous_is_off_by_default():
    with Server(ONE, {"access": None}) as s:
        equal(s.get("/exports/one.csv").status, 401)


@test
def every_key_of_the_contract_is_known():
    text = """
[server]
listen = 127.0.0.1:0, unix:extra.sock
admin_listen = 127.0.0.1:0
admin_token =
admin_hosts =
drain_timeout = 60s
[database]
dsn =
max_exports = 8
queue_length = 64
queue_timeout = 30s
lock_timeout = 5s
timezone = UTC
[exports]
directory = exports.d
tables =
hidden_columns = *.password, *.*_token, *.*_secret
regex = off
max_parallel = 1
[access]
grant_key =
grant_max_age = 24h
grant_roles =
row_settings = pgsluice.*
anonymous = on
[anonymous]
exports = *
tables =
role =
[token NAME]
sha256 = %s
exports = orders, report_*
tables =
role =
[tickets]
listen =
secret =
dsn =
[limits]
memory = 2MB
max_row = 16MB
max_rows =
max_bytes =
max_duration = 6h
max_hold = 30min
min_rate = 16kB/s
stall_timeout = 60s
spool_directory =
spool = 1GB
spool_total = 10GB
[log]
format = logfmt
level = info
""" % ("ab" * 32)
    with Server(ONE, text) as s:
        equal(s.get("/exports/one.csv").body, b"a\n1\n")
    equal(run("check", exports=ONE, config=text).code, 0)


@test
def sizes_and_times_take_units():
    for key, values in (("memory", ("2MB", "4096kB", "3145728", "1GB", "2 MB")), ("max_duration", ("30s", "1500ms", "5min", "6h", "1d", "90")),
                        ("min_rate", ("16kB/s", "1MB/s"))):
        for value in values:
            done = run("check", exports=ONE, config="[limits]\n%s = %s\n" % (key, value))
            equal(done.code, 0, "%s = %s: %r" % (key, value, done))


@test
def comments_blank_lines_and_line_ends_do_not_matter():
    with Server(ONE, "# first\r\n\r\n; second\r\n[server]\r\n# third = no key\r\nlisten=127.0.0.1:0\r\nadmin_listen   =   127.0.0.1:0\r\n"
                     "[access]\r\nanonymous = on") as s:
        equal(s.get("/exports/one.csv").body, b"a\n1\n")


@test
def the_log_may_be_json():
    w = Workspace(ONE, {"log": {"format": "json"}, "server": {"listen": "127.0.0.1:0", "admin_listen": "127.0.0.1:0"}})
    process = subprocess.Popen([PGSLUICE, "serve", "-c", w.config], stderr=subprocess.PIPE, env=child_env())
    try:
        messages = []
        for line in process.stderr:
            entry = json.loads(line)
            messages.append(entry["msg"])
            true({"time", "level", "msg"} <= set(entry), repr(entry))
            if entry["msg"] == "ready":
                break
        equal(messages.count("listening"), 2)
    finally:
        process.terminate()
        process.stderr.read()
        equal(process.wait(STOP_DEADLINE * SLOW), 0)
        process.stderr.close()


@test
def a_level_hides_what_is_below_it():
    w = Workspace(ONE, {"log": {"level": "error"}, "server": {"listen": "unix:a.sock", "admin_listen": "unix:b.sock"}})
    process = subprocess.Popen([PGSLUICE, "serve", "-c", w.config], stderr=subprocess.PIPE, env=child_env())
    try:
        eventually(lambda: w.exists("b.sock") and w.exists("a.sock"))
    finally:
        process.terminate()
        text = process.stderr.read().decode()
        equal(process.wait(STOP_DEADLINE * SLOW), 0)
        process.stderr.close()
    lacks(text, "level=info")


@test
def an_address_in_use_is_an_error_that_names_it():
    with Server(ONE) as s:
        done = run("serve", exports=ONE, config={"server": {"listen": s.address, "admin_listen": "127.0.0.1:0"}})
        true(done.code != 0, repr(done))
        contains(done.err, s.address)


@test
def secrets_stay_closed_to_run_and_list():
    # A file that the operator of cron jobs may not read; a directory stands for it, since root reads everything.
    config = {"access": {"grant_key_file": "closed"}, "tickets": {"secret_file": "closed"}}
    w = Workspace({**ONE, "closed/x": ""}, config)
    done = run("run", "one", workspace=w)
    equal((done.code, done.out), (0, b"a\n1\n"), repr(done))
    equal(run("list", workspace=w).code, 0)
    equal(run("serve", workspace=w).code, 78)


main()
