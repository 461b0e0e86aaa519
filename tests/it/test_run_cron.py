#!/usr/bin/env python3
"""`pgsluice run` from cron: names with the time, compressed files, receipts, sums, and one line of mail."""

import fcntl
import gzip
import secrets
import time

from gates import *
from harness import *
from jobs import *

EXPORTS = {
    "three": "SELECT i FROM generate_series(1, 3) AS i",
    "many": rows(20000),
    "none": "-- param: n int = 0\n\nSELECT i, 'x' AS v FROM generate_series(1, :'n'::int) AS i",
    "gated": rows(20000, gated("g = 6000", 7)),
    "late_none": "SELECT 1 AS a FROM pg_sleep(0.5) WHERE false",
    "wrong": "SELECT 1 / (3 - i) AS v FROM generate_series(1, 5) AS i",
    "params": "-- param: id int\n\nSELECT :id AS id",
}
THREE = b"i\n1\n2\n3\n"


def workspace(config=None, files=None):
    return job_workspace(EXPORTS, {"database": PATIENT, **(config or {})}, files)


# What cron's mail gets

@test
def a_job_in_crons_environment_writes_its_file_and_is_silent():
    w = workspace()
    done = job(w, "three -o out.csv --quiet")
    equal((done.code, done.out, done.err), (0, b"", ""), repr(done))
    equal(w.read("out.csv"), THREE)
    leaves(w, "out.csv")


@test
def without_quiet_a_job_says_one_line_of_success():
    w = workspace()
    done = job(w, "three -o out.csv")
    equal((done.code, done.out, done.err.count("\n")), (0, b"", 1), repr(done))
    fields = logfmt(done.err)
    equal((fields["state"], fields["rows"], fields["bytes"], fields["sha256"]), ("complete", "3", "8", sha256(THREE)))


@each(
    sql=("wrong -o out.csv", "wrong", 70, "22012"),
    parameter=("params id=x -o out.csv", "params", 65, "id"),
    missing_parameter=("params -o out.csv", "params", 65, "id"),
    unknown_export=("nothing -o out.csv", "nothing", 64, "pgsluice list"),
    no_folder=("three -o no/such/folder/out.csv", "three", 73, "no/such/folder"),
    pipe=("many >/dev/full", "many", 74, "No space left"),
)
def a_failure_is_one_line_with_export_cause_run_id_and_exit_code(words, export, code, cause):
    for more in (" --quiet", ""):
        w = workspace()
        done = job(w, words + more)
        equal((done.code, done.out), (code, b""), repr(done))
        one_line(done.err, export, code)
        contains(done.err, cause)
        leaves(w)


@test
def a_database_that_is_away_is_one_line_though_libpq_has_several():
    w = workspace({"database": {"dsn": "host=/nonexistent,127.0.0.1 port=1"}})
    done = job(w, "three -o out.csv --quiet")
    equal(done.code, 69, repr(done))
    equal(one_line(done.err, "three", 69)["kind"], "unavailable")
    leaves(w)


@test
def a_mistake_in_the_configuration_is_one_line_too():
    w = workspace({"database": {"max_exports": "many"}})
    done = job(w, "three -o out.csv --quiet")
    equal(done.code, 78, repr(done))
    equal(one_line(done.err, "three", 78)["kind"], "config")
    contains(done.err, "pgsluice.conf:")
    leaves(w)


@test
def only_mistakes_in_its_own_file_stop_an_export():
    w = workspace(files={"exports.d/bad.sql": "-- param: ?\n", "exports.d/worse.sql": "-- param: ?\n",
                         "exports.d/three-b.sql": "-- param: ?\n"})
    equal(job(w, "three --quiet").out, THREE)
    done = job(w, "worse -o out.csv --receipt r.json")
    equal(done.code, 78, repr(done))
    one_line(done.err, "worse", 78)
    contains(done.err, "worse.sql:1")
    equal(json.loads(w.read("r.json"))["error"]["kind"], "config")
    equal(job(w, "nothing").code, 64, "an export that is not there")
    shutil.rmtree(w.path("exports.d"))
    done = job(w, "three")
    equal(done.code, 78, repr(done))
    contains(done.err, "exports.d: No such file")


@each(option="three --nonsense", value="three -o", no_export="")
def a_slip_on_the_command_line_is_one_line_where_nobody_looks_on(words):
    done = job(workspace(), words)
    equal((done.code, done.err.count("\n")), (64, 1), repr(done))


@test
def verbose_logs_the_run_and_says_how_it_went():
    w = workspace()
    done = job(w, "three -o out.csv --verbose")
    equal(done.code, 0, repr(done))
    matches(done.err, r'(?m)msg=run\b.*export=three')
    lines = done.err.splitlines()
    matches(lines[-1], "^rows=3 .*state=complete")
    equal(job(w, "three -o out.csv --verbose --quiet").code, 64)


# Names

@each(east="EEE-14", west="WWW12")
def the_time_in_a_name_is_the_local_time(zone):
    w = workspace()
    offset = int(zone[3:]) * -3600
    days = {time.strftime("%Y%m%d", time.gmtime(time.time() + offset))}
    done = job(w, "three -o 'out-%Y%m%d.csv' --receipt '%Y%m%d.json' --quiet", env={"TZ": zone})
    days.add(time.strftime("%Y%m%d", time.gmtime(time.time() + offset)))
    equal(done.code, 0, repr(done))
    made = sorted(set(w.listing()) - set(w.before))
    true(made in [[day + ".json", "out-%s.csv" % day] for day in days], made)


@test
def a_percent_sign_is_written_twice():
    w = workspace()
    equal(job(w, "three -o '100%%.csv' --quiet").code, 0)
    leaves(w, "100%.csv")


@each(unknown="out-%Q.csv", flag="out-%-d.csv", modifier="out-%Ey.csv", alone="out.csv%", slash="out-%D.csv",
      line_break="out%n.csv", receipt="out.csv' --receipt 'r-%Q.json")
def a_name_that_cannot_be_made_is_64_before_anything_runs(name):
    # A database that is away would be 69.
    w = workspace({"database": {"dsn": "host=/nonexistent"}})
    done = job(w, "three -o '%s' --quiet" % name)
    equal(done.code, 64, repr(done))
    one_line(done.err, "three", 64)
    leaves(w)


@each(tsv=("out.tsv", b"1\n2\n3\n"), lines=("OUT.JSONL", b'{"i":1}\n{"i":2}\n{"i":3}\n'))
def the_format_comes_from_the_name(name, content):
    w = workspace()
    equal(job(w, "three -o %s --quiet" % name).code, 0)
    equal(w.read(name), content)
    leaves(w, name)


@each(gz="out.gz", other_gz="orders.xls.gz", bz2="out.csv.bz2", xlsx="out.xlsx", capitals="out.XLSX")
def a_name_that_promises_another_format_is_64(name):
    w = workspace()
    done = job(w, "three -o %s --quiet" % name)
    equal(done.code, 64, repr(done))
    contains(one_line(done.err, "three", 64)["kind"], "usage")
    contains(done.err, "csv, tsv or jsonl")
    leaves(w)


def unpacked(data, name):
    if name.lower().endswith(".gz"):
        return gzip.decompress(data)
    done = subprocess.run(["zstd", "-dc"], input=data, stdout=subprocess.PIPE, check=True)
    return done.stdout


@each(gz="out.csv.gz", zst="out.csv.zst", capitals="OUT.CSV.GZ")
def the_name_compresses_and_receipt_and_sum_are_those_of_the_file(name):
    w = workspace()
    done = job(w, "many -o %s --sha256 --receipt r.json" % name)
    equal(done.code, 0, repr(done))
    data = w.read(name)
    equal(unpacked(data, name), copy(EXPORTS["many"]))
    receipt = json.loads(w.read("r.json"))
    equal((receipt["bytes"], receipt["sha256"]), (len(data), sha256(data)))
    true(len(data) < 500000, "%d bytes" % len(data))
    true(sums_hold(w, name), "sha256sum -c")
    leaves(w, name, name + ".sha256", "r.json")


# --if-rows

@each(plain="out.csv", gz="out.csv.gz")
def without_a_row_the_old_file_stays_and_the_receipt_says_so(name):
    w = workspace(files={name: "old", name + ".sha256": "old sum"})
    for export in ("none", "late_none"):
        done = job(w, "%s -o %s --if-rows --sha256 --receipt r.json" % (export, name))
        equal(done.code, 0, repr(done))
        equal((w.read(name), w.read(name + ".sha256")), (b"old", b"old sum"))
        receipt = json.loads(w.read("r.json"))
        equal((receipt["state"], receipt["rows"], receipt["bytes"], receipt["sha256"]), ("complete", 0, 0, None))
        contains(done.err, "file=unchanged")
        os.unlink(w.path("r.json"))
        leaves(w)


@test
def without_a_row_no_file_is_made_and_nothing_goes_to_a_pipe():
    w = workspace()
    equal(job(w, "none -o out.csv --if-rows --quiet").code, 0)
    leaves(w)
    for export in ("none", "late_none"):
        done = job(w, "%s --if-rows --quiet" % export)
        equal((done.code, done.out, done.err), (0, b"", ""), repr(done))


@test
def with_a_row_if_rows_changes_nothing():
    w = workspace()
    equal(job(w, "none n=1 -o out.csv --if-rows --quiet").code, 0)
    equal(w.read("out.csv"), b"i,v\n1,x\n")
    equal(job(w, "none n=1 --if-rows --quiet").out, b"i,v\n1,x\n")
    equal(job(w, "none -o out.csv --quiet").code, 0)
    equal(w.read("out.csv"), b"i,v\n", "without --if-rows an empty export is a file")


# --lock

@each(file=("out.csv", "out.csv"), dated=("out-%Y-%N.csv", None))
def a_second_run_of_the_same_output_leaves_with_75(pattern, name):
    # Where the name has the time in it, the second run would write another file.
    pattern = pattern.replace("%N", "%H%M%S")
    w = workspace()
    with Gate(7) as gate:
        first = start(w, "gated", "-o", pattern, "--lock", "--quiet", env={"TZ": "AAA1"})
        gate.reached()
        done = job(w, "three -o '%s' --lock --receipt r.json" % pattern, env={"TZ": "BBB2"})
        equal(done.code, 75, repr(done))
        equal(one_line(done.err, "three", 75)["kind"], "busy")
        contains(done.err, "lock")
        true(not w.exists("r.json"), "the receipt belongs to the run that holds the lock")
        equal(job(w, "three -o other.csv --lock --quiet").code, 0, "another output")
        gate.open()
        equal(finish(first), (0, ""))
    made = set(w.listing()) - set(w.before) - {"other.csv"}
    equal(len(made), 1, "files: %r" % made)
    equal(job(w, "three -o '%s' --lock --quiet" % pattern).code, 0, "after the first")
    true(not [n for n in w.listing() if n.startswith(".")], "left: %r" % w.listing())


@test
def two_runs_to_standard_output_exclude_each_other_by_export():
    # The lock lies in a folder of the whole machine: a name that no other run of this test has.
    name = "gated-" + secrets.token_hex(8)
    w = job_workspace({name: EXPORTS["gated"], name + "-other": EXPORTS["three"]}, {"database": PATIENT})
    with Gate(7) as gate:
        first = start(w, name, "--lock", "--quiet", stdout=subprocess.DEVNULL)
        gate.reached()
        done = job(w, name + " --lock")
        equal((done.code, done.out), (75, b""), repr(done))
        path = matches(done.err, r"holds the lock (\S+);").group(1)
        equal(job(w, name + "-other --lock --quiet").code, 0, "another export")
        gate.open()
        equal(finish(first), (0, ""))
    true(not os.path.exists(path), "%s is left" % path)


@test
def a_lock_whose_holder_was_killed_holds_nobody_up():
    w = workspace()
    with Gate(7) as gate:
        first = start(w, "gated", "-o", "out.csv", "--lock")
        pid, = gate.reached()
        first.kill()
        finish(first)
        leaves(w, ".out.csv.pgsluice-lock", ".out.csv.pgsluice-tmp")
        gate.open()
        gone_soon([pid])
    equal(job(w, "three -o out.csv --lock --quiet").code, 0)
    leaves(w, "out.csv")


@test
def with_the_time_in_a_folder_the_lock_lies_above_it():
    w = workspace()
    # The time zones stand for two days.
    for zone in ("AAA", "BBB"):
        os.mkdir(w.path(zone))
    with Gate(7) as gate:
        first = start(w, "gated", "-o", "%Z/out.csv", "--lock", "--quiet", env={"TZ": "AAA1"})
        gate.reached()
        leaves(w, "AAA", "BBB", ".%Z%:out.csv.pgsluice-lock")
        done = job(w, "three -o '%Z/out.csv' --lock", env={"TZ": "BBB2"})
        equal(done.code, 75, repr(done))
        equal(job(w, "three -o '%Z/other.csv' --lock --quiet", env={"TZ": "BBB2"}).code, 0, "another output")
        gate.open()
        equal(finish(first), (0, ""))
    equal((os.listdir(w.path("AAA")), os.listdir(w.path("BBB"))), (["out.csv"], ["other.csv"]))
    leaves(w, "AAA", "BBB")


@test
def a_lock_that_is_somebody_elses_file_is_73_and_says_whose():
    w = workspace(files={".out.csv.pgsluice-lock": ""})
    wanted = "plain file"
    if os.geteuid() == 0:
        os.chown(w.path(".out.csv.pgsluice-lock"), 12345, -1)
        wanted = "user 12345"
    else:
        os.link(w.path(".out.csv.pgsluice-lock"), w.path("other"))
    # Also while somebody holds it: that would be 75 for ever.
    with open(w.path(".out.csv.pgsluice-lock")) as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = job(w, "three -o out.csv --lock --quiet")
    equal(done.code, 73, repr(done))
    contains(done.err, wanted)


# --receipt

def receipt_of(w):
    receipt = json.loads(w.read("r.json"))
    equal(list(receipt), RECEIPT, "members")
    return receipt


@test
def the_receipt_has_the_members_of_the_interface():
    w = workspace()
    equal(job(w, "three -o out.csv --receipt r.json --quiet").code, 0)
    receipt = receipt_of(w)
    equal((receipt["export"], receipt["state"], receipt["rows"], receipt["bytes"], receipt["bytes_sent"],
           receipt["sha256"], receipt["error"]), ("three", "complete", 3, 8, 8, sha256(THREE), None))
    matches(receipt["id"], "^%s$" % UUID)
    for member in ("snapshot_at", "started_at", "finished_at"):
        matches(receipt[member], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
    true(receipt["peak_memory"] > 0 and receipt["estimated_rows"] > 0, receipt)


@each(
    sql=("wrong", None, 70, "sql", "22012"),
    parameter=("params id=x", None, 65, "bad_parameter", None),
    unknown_export=("nothing", None, 64, "not_found", None),
    database=("three", {"database": {"dsn": "host=/nonexistent"}}, 69, "unavailable", None),
    configuration=("three", {"database": {"max_exports": "many"}}, 78, "config", None),
)
def a_failure_has_its_receipt(words, config, code, kind, sqlstate):
    w = workspace(config, files={"r.json": "the receipt of yesterday", "out.csv": "old"})
    done = job(w, words + " -o out.csv --receipt r.json --quiet")
    equal(done.code, code, repr(done))
    receipt = receipt_of(w)
    equal((receipt["state"], receipt["sha256"], receipt["error"]["kind"]), ("failed", None, kind))
    matches(receipt["id"], "^%s$" % UUID)
    if sqlstate:
        equal(receipt["error"]["sqlstate"], sqlstate)
    equal(list(receipt["error"]), ["kind", "detail", "sqlstate"])
    contains(done.err, receipt["id"], "the line of the failure")
    equal(w.read("out.csv"), b"old")
    leaves(w)


@test
def a_signal_has_its_receipt():
    w = workspace()
    with Gate(7) as gate:
        process = start(w, "gated", "-o", "out.csv", "--receipt", "r.json")
        gate.reached()
        process.send_signal(signal.SIGTERM)
        code, err = finish(process)
    equal(code, 143)
    equal((receipt_of(w)["state"], receipt_of(w)["error"]["kind"]), ("cancelled", "cancelled"))
    leaves(w, "r.json")


@each(no_folder="none/r.json", a_folder="exports.d", the_export="out.csv", standard_output="-",
      the_export_by_another_way="exports.d/../out.csv", the_sum="./out.csv.sha256", a_link="link.json")
def a_receipt_that_cannot_be_written_is_told_before_anything_runs(path):
    w = workspace({"database": {"dsn": "host=/nonexistent"}}, files={"out.csv": "old"})
    os.symlink("out.csv", w.path("link.json"))
    w.before = w.listing()
    done = job(w, "three -o out.csv --sha256 --quiet --receipt %s" % path)
    true(done.code in (64, 73), repr(done))
    one_line(done.err, "three", done.code)
    leaves(w)
    equal(w.read("out.csv"), b"old")


@test
def a_receipt_that_another_run_is_writing_is_waited_for_and_the_lock_held_so_long():
    w = workspace()
    with open(w.path(".r.json.pgsluice-tmp"), "w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        first = start(w, "three", "-o", "out.csv", "--lock", "--receipt", "r.json", "--quiet")
        eventually(lambda: w.exists("out.csv"), 20, "the export")
        done = job(w, "three -o out.csv --lock --quiet")
        os.unlink(other.name)
    equal(finish(first), (0, ""))
    equal(done.code, 75, repr(done))
    equal(receipt_of(w)["state"], "complete")
    leaves(w, "out.csv", "r.json")


# --sha256

@each(plain="out.csv", blank="a b.csv", backslash="a\\b.csv", line_break="a\nb.csv", percent="50%%.csv")
def the_sum_is_one_that_sha256sum_takes(name):
    w = workspace()
    os.mkdir(w.path("sub"))
    done = job(w, "three -o 'sub/%s' --sha256 --quiet" % name)
    equal((done.code, done.err), (0, ""), repr(done))
    name = name.replace("%%", "%")
    equal(sorted(os.listdir(w.path("sub"))), sorted([name, name + ".sha256"]))
    true(sums_hold(w, "sub/" + name), "sha256sum -c")
    w.write("sub/" + name, "changed")
    true(not sums_hold(w, "sub/" + name), "sha256sum -c of another file")


@each(plain="out.csv", odd="a\\b.csv", link="link.csv")
def without_sha256_the_old_sum_goes_with_the_old_file(name):
    w = workspace()
    os.symlink("real.csv", w.path("link.csv"))
    w.write("real.csv", "old")
    equal(job(w, "three -o '%s' --sha256 --quiet" % name).code, 0)
    equal(job(w, "wrong -o '%s' --quiet" % name).code, 70)
    true(sums_hold(w, name), "a failure changes nothing")
    equal(job(w, "none -o '%s' --if-rows --quiet" % name).code, 0)
    true(sums_hold(w, name), "nor does an export without rows")
    equal(job(w, "none -o '%s' --quiet" % name).code, 0)
    equal(w.read(name), b"i,v\n")
    leaves(w, name, "real.csv", "link.csv")


@each(another_name="%s  in.csv\n", two_lines="%s  out.csv\nmore\n", words="no sum of %s\n", empty="")
def what_is_no_sum_of_the_file_stays(text):
    text = text % ("0" * 64) if "%s" in text else text
    w = workspace(files={"out.csv.sha256": text})
    equal(job(w, "three -o out.csv --quiet").code, 0)
    equal(w.read("out.csv.sha256").decode(), text)
    leaves(w, "out.csv")


@test
def a_failure_leaves_file_and_sum_as_they_were():
    w = workspace()
    equal(job(w, "three -o out.csv --sha256 --quiet").code, 0)
    before = w.read("out.csv"), w.read("out.csv.sha256")
    equal(job(w, "wrong -o out.csv --sha256 --quiet").code, 70)
    equal((w.read("out.csv"), w.read("out.csv.sha256")), before)
    leaves(w, "out.csv", "out.csv.sha256")


@each(standard_output="three --sha256", device="three -o /dev/null --sha256")
def a_sum_needs_a_file(words):
    done = job(workspace(), words + " --quiet")
    equal((done.code, done.out), (64, b""), repr(done))


# The rest

@each(letters="--retry x", negative="--retry -1", many="--retry 100000", fraction="--retry 1.5")
def retry_takes_a_number(words):
    done = job(workspace(), "three -o out.csv " + words)
    equal(done.code, 64, repr(done))


@test
def a_closed_standard_output_is_an_error_and_no_other_file_gets_the_export():
    w = workspace()
    for words in ("three >&-", "many >&- 2>/dev/null", "many <&- >&- 2>&-"):
        equal(job(w, words).code, 74, words)
    equal(job(w, "three -o out.csv <&- >&- 2>&-").code, 0)
    equal(w.read("out.csv"), THREE)


@test
def help_names_every_option():
    done = run("run", "--help", with_config=False)
    equal((done.code, done.err), (0, ""))
    for option in ("-o", "--output", "--if-rows", "--lock", "--retry", "--receipt", "--sha256", "-q", "--quiet", "-v",
                   "--verbose", "-c", "--config"):
        matches(done.out.decode(), r"(?m)^  (-\w, )?.*(?<![\w-])%s\b" % re.escape(option))


main()
