#!/usr/bin/python3
"""The commands run and list, help and version: output, exit codes, and no half file on any failure."""

import hashlib
import stat

from harness import *

EXPORTS = {
    "three": "-- title: Three rows\n-- description: For tests\n\nSELECT i FROM generate_series(1, 3) AS i",
    "params": "-- title: With parameters\n-- param: since date = 2020-01-01   The first day\n-- param: id int\n-- param: tag text?\n\n"
              "SELECT :'since' AS since, :id AS id, :'tag' AS tag",
    "many": "SELECT i, repeat('x', 100) AS v FROM generate_series(1, 200000) AS i",
    "zero": "SELECT 1 / (SELECT 0) AS secret_column",
    "later": "SELECT 1 / (200000 - i) AS v FROM generate_series(1, 300000) AS i",
    "slow": "SELECT i, pg_sleep(0.01) FROM generate_series(1, 100000) AS i",
    "sleep": "SELECT pg_sleep(100)",
}


def workspace(config=None):
    return Workspace(EXPORTS, config)


def summary(err):
    """The receipt line on standard error."""
    lines = [line for line in err.splitlines() if "state=" in line]
    equal(len(lines), 1, "receipt lines in %r" % err)
    return logfmt(lines[0])


def only_before(w, before):
    equal(w.listing(), before, "something was left behind")


# Output

@test
def run_writes_the_file_to_standard_output_and_the_receipt_to_standard_error():
    done = run("run", "three", workspace=workspace())
    equal((done.code, done.out), (0, b"i\n1\n2\n3\n"), repr(done))
    receipt = summary(done.err)
    equal((receipt["state"], receipt["rows"], receipt["bytes"]), ("complete", "3", "8"))
    equal(receipt["sha256"], hashlib.sha256(done.out).hexdigest())
    matches(receipt["id"], r"^[0-9a-f-]{36}$")
    matches(receipt["ms"], r"^\d+$")


@test
def run_writes_a_file():
    w = workspace()
    before = w.listing()
    for words in (["three", "-o", "out.csv"], ["-o", "out.csv", "three"], ["three", "-o", w.path("out.csv")]):
        done = run("run", *words, workspace=w)
        equal((done.code, done.out, w.read("out.csv")), (0, b"", b"i\n1\n2\n3\n"), repr(done))
        equal(w.listing(), sorted(before + ["out.csv"]))
        os.unlink(w.path("out.csv"))


@test
def a_file_that_was_there_is_replaced_only_by_a_whole_one():
    w = workspace()
    w.write("out.csv", "old")
    before = w.listing()
    equal(run("run", "later", "-o", "out.csv", workspace=w).code, 70)
    equal(w.read("out.csv"), b"old")
    only_before(w, before)
    equal(run("run", "three", "-o", "out.csv", workspace=w).code, 0)
    equal(w.read("out.csv"), b"i\n1\n2\n3\n")
    only_before(w, before)


@test
def a_new_file_has_the_mode_that_umask_gives():
    w = workspace()
    for mask in (0o022, 0o077):
        os.umask(mask)
        equal(run("run", "three", "-o", "mode.csv", workspace=w).code, 0)
        equal(stat.S_IMODE(os.stat(w.path("mode.csv")).st_mode), 0o666 & ~mask)
        os.unlink(w.path("mode.csv"))
    os.umask(0o022)


@test
def large_exports_are_the_same_on_both_ways():
    w = workspace()
    wanted = copy(EXPORTS["many"])
    equal(run("run", "many", workspace=w).out, wanted)
    equal(run("run", "many", "-o", "many.csv", workspace=w).code, 0)
    equal(w.read("many.csv"), wanted)


# Parameters

@test
def parameters_are_given_as_words():
    w = workspace()
    done = run("run", "params", "id=7", "since=2026-02-03", "tag=a b=c,é", workspace=w)
    equal((done.code, done.out.decode()), (0, 'since,id,tag\n2026-02-03,7,"a b=c,é"\n'), repr(done))
    done = run("run", "params", "id=7", "since=", "tag=", workspace=w)
    equal((done.code, done.out), (0, b"since,id,tag\n2020-01-01,7,\n"), repr(done))
    done = run("run", "params", "id=7", "tag=%41+", "_header=off", workspace=w)
    equal((done.code, done.out), (0, b"2020-01-01,7,%41+\n"), "words are not URLs: " + repr(done))


@test
def bad_parameters_are_65_and_named():
    w = workspace()
    for words, name in ((["since=2026-01-01"], "id"), (["id=1", "id=2"], "id"), (["id=x"], "id"), (["id=1", "color=red"], "color"),
                        (["id=1", "since=soon"], "since")):
        done = run("run", "params", *words, workspace=w)
        equal((done.code, done.out), (65, b""), "%s: %r" % (words, done))
        matches(done.err, r"(?m)^pgsluice: .*%s" % name)


# Exit codes

@each(
    unknown_export=(["run", "nothing"], 64),
    no_export=(["run"], 64),
    unknown_option=(["run", "three", "--frobnicate"], 64),
    output_without_name=(["run", "three", "-o"], 64),
    unknown_underscore_option=(["run", "three", "_nonsense=1"], 64),
    bad_option_value=(["run", "three", "_header=perhaps"], 65),
    word_without_equals=(["run", "three", "four"], 64),
    unknown_command=(["frobnicate"], 64),
    list_with_a_word=(["list", "three"], 64),
    check_with_a_word=(["check", "three"], 64),
    missing_parameter=(["run", "params"], 65),
    failing_sql=(["run", "zero"], 70),
    failing_later=(["run", "later"], 70),
    no_directory=(["run", "three", "-o", "none/such/out.csv"], 73),
    a_directory=(["run", "three", "-o", "exports.d"], 73),
)
def the_exit_code_tells_what_went_wrong(words, code):
    w = workspace()
    before = w.listing()
    done = run(*words, workspace=w)
    equal(done.code, code, repr(done))
    matches(done.err, r"(?m)^pgsluice: \S")
    lacks(done.err, "secret_column")
    only_before(w, before)


@test
def no_command_at_all_is_64_with_the_usage():
    done = run(with_config=False)
    equal(done.code, 64, repr(done))
    contains(done.err.lower(), "usage")
    equal(done.out, b"")


@test
def a_mistyped_command_is_answered_with_a_suggestion():
    contains(run("serv", with_config=False).err, "serve")


@test
def a_database_that_is_down_is_69():
    w = workspace({"database": {"dsn": "host=/nonexistent-directory"}})
    before = w.listing()
    done = run("run", "three", "-o", "out.csv", workspace=w)
    equal(done.code, 69, repr(done))
    only_before(w, before)


@test
def a_missing_right_is_77():
    sql("DROP TABLE IF EXISTS it_cli_closed; CREATE TABLE it_cli_closed (a int); DROP ROLE IF EXISTS it_cli; CREATE ROLE it_cli LOGIN")
    done = run("run", "closed", exports={"closed": "SELECT a FROM it_cli_closed"}, config={"database": {"dsn": "user=it_cli"}})
    equal(done.code, 77, repr(done))
    contains(done.err, "42501")


@test
def a_deadline_is_75_and_leaves_no_file():
    w = workspace({"limits": {"max_duration": "1s"}})
    before = w.listing()
    for name in ("sleep", "slow"):
        done = run("run", name, "-o", "out.csv", workspace=w, timeout=20)
        equal(done.code, 75, repr(done))
        only_before(w, before)
    eventually(lambda: backends() == 0, 2)


@test
def a_failure_tells_the_receipt_and_no_row():
    done = run("run", "later", workspace=workspace())
    receipt = summary(done.err)
    equal(receipt["state"], "failed")
    contains(done.err, "22012")
    true(done.out.startswith(b"v\n0\n"), "what was sent before stays sent")


# Output that fails

@test
def a_full_standard_output_is_74():
    for name in ("three", "many"):
        with open("/dev/full", "wb") as full:
            done = run("run", name, workspace=workspace(), stdout=full)
        equal(done.code, 74, repr(done))
        contains(done.err, "No space left")


# A disk of 256 kB; where no mount is possible, files of at most that.
SMALL_DISK = "mount -t tmpfs -o size=256k none small"
SMALL_FILES = "trap '' XFSZ; ulimit -f 512"

# One shell does all, because the disk is gone with its namespace: prints exit code and directory after each run.
FILL = """export_to_small() { "$PROGRAM" run -c pgsluice.conf "$1" -o small/out.csv; echo $? $(ls -A small); }
export_to_small many
export_to_small three
printf old >small/out.csv
export_to_small many
cat small/out.csv"""


def namespace():
    """The command that gives a mount namespace of its own; none in a chroot and in some containers."""
    # Root stays who it is: mapped, it would lose its way into the directory of the database's user.
    command = ["unshare", "--mount"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
    tried = subprocess.run(command + ["mount", "-t", "tmpfs", "none", "/mnt"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return command if tried.returncode == 0 else []


@test
def a_full_disk_is_74_and_leaves_no_file():
    w = workspace()
    os.mkdir(w.path("small"))
    command = namespace()
    script = (SMALL_DISK if command else SMALL_FILES) + " || exit\n" + FILL
    done = subprocess.run(command + ["sh", "-c", script], cwd=w.directory, env=child_env({"PROGRAM": PGSLUICE}),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60 * SLOW)
    err = done.stderr.decode()
    equal(done.stdout.decode(), "74\n0 out.csv\n74 out.csv\nold", err)
    equal(err.count("No space left" if command else "File too large"), 2, err)
    eventually(lambda: backends() == 0, 2)


@test
def a_device_is_written_not_replaced():
    w = workspace()
    device = w.path("full")
    try:
        os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, 7))
        open(device, "wb").close()
    except PermissionError:
        # Who cannot make a device cannot replace the system's one either.
        device = "/dev/full"
    done = run("run", "many", "-o", device, workspace=w)
    equal(done.code, 74, repr(done))
    true(stat.S_ISCHR(os.lstat(device).st_mode), "the device was replaced by a file")


@test
def a_pipe_is_written_not_replaced():
    w = workspace()
    os.mkfifo(w.path("pipe"))
    reader = subprocess.Popen(["cat", w.path("pipe")], stdout=subprocess.PIPE)
    equal(run("run", "three", "-o", "pipe", workspace=w).code, 0)
    equal(reader.communicate(timeout=10)[0], b"i\n1\n2\n3\n")


@test
def a_directory_that_is_closed_is_73():
    if os.geteuid() == 0:
        # Root writes everywhere but on a file system that is read-only.
        target = "/proc/out.csv"
    else:
        target = "/out.csv"
    done = run("run", "three", "-o", target, workspace=workspace())
    equal(done.code, 73, repr(done))
    contains(done.err, target)


@test
def a_reader_that_leaves_ends_the_query():
    w = workspace()
    process = subprocess.Popen([PGSLUICE, "run", "-c", w.config, "many"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=child_env())
    process.stdout.read(100)
    process.stdout.close()
    err = process.stderr.read().decode()
    process.stderr.close()
    # 141: the shell's 128 + SIGPIPE, for those who let the signal speak.
    true(process.wait(20) in (74, -signal.SIGPIPE, 128 + signal.SIGPIPE), err)
    eventually(lambda: backends() == 0, 2)


@each(term=(signal.SIGTERM, "sleep"), interrupt=(signal.SIGINT, "sleep"), term_in_the_middle=(signal.SIGTERM, "slow"),
      interrupt_in_the_middle=(signal.SIGINT, "slow"))
def a_signal_ends_the_run_with_128_and_its_number(number, name):
    w = workspace()
    before = w.listing()
    process = subprocess.Popen([PGSLUICE, "run", "-c", w.config, name, "-o", "out.csv"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, env=child_env(), cwd=w.directory)
    at_end(lambda: process.poll() is None and process.kill())
    eventually(lambda: active_backends() == 1)
    process.send_signal(number)
    err = process.communicate(timeout=5 * SLOW)[1].decode()
    equal(process.returncode, 128 + number, err)
    equal(summary(err)["state"], "cancelled")
    eventually(lambda: backends() == 0, 1)
    only_before(w, before)


# list, help, version

@test
def list_names_the_exports_and_their_parameters():
    done = run("list", workspace=workspace())
    equal(done.code, 0, repr(done))
    text = done.out.decode()
    for part in ("three", "Three rows", "params", "since", "date", "2020-01-01", "id", "int", "tag"):
        contains(text, part)


@test
def list_speaks_json():
    done = run("list", "--json", workspace=workspace())
    equal(done.code, 0, repr(done))
    parsed = json.loads(done.out)
    exports = parsed["exports"] if isinstance(parsed, dict) else parsed
    equal([e["name"] for e in exports], sorted(EXPORTS))
    e = next(e for e in exports if e["name"] == "params")
    equal(e["title"], "With parameters")
    equal([(p["name"], p["type"]) for p in e["params"]], [("since", "date"), ("id", "int"), ("tag", "text")])
    equal(e["params"][0]["default"], "2020-01-01")
    lacks(done.out.decode(), "generate_series", "no SQL in the list")


@test
def list_needs_no_database():
    equal(run("list", workspace=workspace({"database": {"dsn": "host=/nonexistent-directory"}})).code, 0)


@test
def version_names_the_libraries():
    done = run("--version", with_config=False)
    equal((done.code, done.err), (0, ""), repr(done))
    matches(done.out.decode(), r"pgsluice \d+\.\d+.*libpq \d+.*libmicrohttpd \d+\.\d+")


@test
def help_names_the_commands():
    done = run("--help", with_config=False)
    equal((done.code, done.err), (0, ""), repr(done))
    for part in ("serve", "run", "list", "check", "grant", "-c"):
        contains(done.out.decode(), part)


main()
