#!/usr/bin/env python3
"""What `pgsluice run -o` may meet: a full disk, a folder that is closed, a link, a FIFO, what a killed run left."""

import resource
import stat

from gates import *
from harness import *
from jobs import *

EXPORTS = {
    "three": "SELECT i FROM generate_series(1, 3) AS i",
    "many": rows(20000),
    "gated": rows(20000, gated("g = 6000", 7)),
    "wrong": "SELECT 1 / (3 - i) AS v FROM generate_series(1, 5) AS i",
    # Hex of md5 does not compress: more than a small disk holds.
    "noise": "SELECT md5(g::text) || md5((g + 1)::text) AS v FROM generate_series(1, 40000) AS g",
}
THREE = b"i\n1\n2\n3\n"


def workspace(files=None):
    return job_workspace(EXPORTS, {"database": {**PATIENT, "dsn": dsn()}}, files)


def in_namespace(w, script):
    """Runs the script there, in the workspace; $PROGRAM is pgsluice."""
    command = namespace()
    true(command is not None, "no mount namespace is to be had here, as root or as a user of one's own")
    done = subprocess.run(command + ["sh", "-c", script], cwd=w.directory, env=child_env({"PROGRAM": PGSLUICE}),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60 * SLOW)
    note(done.stderr.decode())
    return done.stdout.decode(), done.stderr.decode()


# A disk that is full

@each(plain="out.csv", gz="out.csv.gz", zst="out.csv.zst")
def on_a_full_disk_the_old_file_and_its_sum_stand_and_nothing_else(name):
    w = workspace(files={"disk/.keep": ""})
    out, err = in_namespace(w, """
        mount -t tmpfs -o size=256k none disk || exit
        "$PROGRAM" run -c pgsluice.conf three -o disk/%(name)s --sha256 --quiet; echo $?
        before=$(cat disk/%(name)s disk/%(name)s.sha256 | sha256sum)
        "$PROGRAM" run -c pgsluice.conf noise -o disk/%(name)s --sha256 --receipt r.json --quiet; echo $?
        [ "$before" = "$(cat disk/%(name)s disk/%(name)s.sha256 | sha256sum)" ]; echo $?
        ls -A disk""" % {"name": name})
    equal(out.split(), ["0", "74", "0", name, name + ".sha256"], err)
    one_line(err, "noise", 74)
    contains(err, "No space left")
    receipt = json.loads(w.read("r.json"))
    equal((receipt["state"], receipt["error"]["kind"]), ("failed", "output"))


@test
def a_disk_with_no_room_for_the_sum_keeps_the_old_pair():
    w = workspace(files={"disk/.keep": ""})
    # One page for each file: old, old sum, and the new one.
    out, err = in_namespace(w, """
        mount -t tmpfs -o size=12k none disk || exit
        "$PROGRAM" run -c pgsluice.conf three -o disk/out.csv --sha256 --quiet; echo $?
        "$PROGRAM" run -c pgsluice.conf three _header=off -o disk/out.csv --sha256 --quiet; echo $?
        (cd disk && sha256sum -c out.csv.sha256); ls -A disk; cat disk/out.csv""")
    equal(out.split(), ["0", "74", "out.csv:", "OK", "out.csv", "out.csv.sha256", "i", "1", "2", "3"], err)


@each(plain="out.csv", gz="out.csv.gz")
def a_file_that_may_not_grow_is_74_and_the_old_one_stands(name):
    w = workspace(files={name: "old"})

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))
    code, err = finish(start(w, "noise", "-o", name, "--quiet", preexec_fn=limited))
    equal(code, 74, err)
    one_line(err, "noise", 74)
    equal(w.read(name), b"old")
    leaves(w)


# A folder that is closed

@test
def a_read_only_folder_is_73_before_the_database_is_asked():
    w = workspace(files={"closed/out.csv": "old"})
    out, err = in_namespace(w, """
        mount -t tmpfs none closed && printf old >closed/out.csv && mount -o remount,bind,ro closed || exit
        for words in '-o closed/out.csv' '-o closed/new.csv' '--receipt closed/r.json'; do
            PGSLUICE_DATABASE_DSN=host=/nonexistent "$PROGRAM" run -c pgsluice.conf three $words --quiet; echo $?
        done
        "$PROGRAM" run -c pgsluice.conf three -o closed/out.csv --lock --quiet; echo $?
        ls -A closed; cat closed/out.csv""")
    equal(out.split(), ["73"] * 4 + ["out.csv", "old"], err)
    equal(err.count("Read-only file system"), 4, err)


@test
def a_folder_whose_mode_forbids_it_is_73():
    w = job_workspace(EXPORTS, {"database": {"dsn": "host=/nonexistent"}}, files={"closed/out.csv": "old"})
    os.chmod(w.path("closed"), 0o555)
    at_end(lambda: os.chmod(w.path("closed"), 0o755))
    # A mode stops root only without its capabilities.
    bound = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--"] if os.geteuid() == 0 else []
    done = subprocess.run(bound + [PGSLUICE, "run", "-c", w.config, "three", "-o", "closed/out.csv"], env=child_env(),
                          cwd=w.directory, stderr=subprocess.PIPE)
    equal(done.returncode, 73, done.stderr.decode())
    contains(one_line(done.stderr.decode(), "three", 73)["kind"], "output")
    equal((os.listdir(w.path("closed")), w.read("closed/out.csv")), (["out.csv"], b"old"))


# Targets that are no plain file

@each(folder="sub", slash="sub/", dot=".", root="/", link_to_it="to_sub")
def a_target_that_is_a_folder_is_73(target):
    w = workspace(files={"sub/in.csv": "old"})
    os.symlink("sub", w.path("to_sub"))
    for more in ([], ["--sha256"], ["--lock"]):
        code, err = finish(start(w, "three", "-o", target, *more))
        true(code in (64, 73), err)
        one_line(err, "three", code)
    equal((os.listdir(w.path("sub")), os.readlink(w.path("to_sub"))), (["in.csv"], "sub"))


@test
def what_a_link_points_to_is_replaced_and_the_sum_lies_beside_the_link():
    w = workspace(files={"sub/real.csv": "old"})
    os.symlink("sub/real.csv", w.path("link.csv"))
    code, err = finish(start(w, "three", "-o", "link.csv", "--sha256", "--quiet"))
    equal(code, 0, err)
    equal((os.readlink(w.path("link.csv")), w.read("sub/real.csv")), ("sub/real.csv", THREE))
    true(sums_hold(w, "link.csv"), "sha256sum -c")
    equal(os.listdir(w.path("sub")), ["real.csv"])


@test
def a_fifo_is_waited_for_and_written_through():
    w = workspace()
    os.mkfifo(w.path("pipe.csv.gz"))
    process = start(w, "many", "-o", "pipe.csv.gz", "--quiet")
    done = subprocess.run("gzip -dc <pipe.csv.gz", shell=True, cwd=w.directory, stdout=subprocess.PIPE, timeout=30 * SLOW)
    equal(finish(process), (0, ""))
    equal(done.stdout, copy(EXPORTS["many"]))
    true(stat.S_ISFIFO(os.stat(w.path("pipe.csv.gz")).st_mode), "it is no FIFO any more")


def blocks(process, number):
    with open("/proc/%d/status" % process.pid) as f:
        return int(re.search(r"SigBlk:\s*(\w+)", f.read()).group(1), 16) >> (number - 1) & 1


@each(term=signal.SIGTERM, int=signal.SIGINT)
def a_signal_ends_the_wait_for_a_reader(number):
    w = workspace()
    os.mkfifo(w.path("pipe"))
    process = start(w, "three", "-o", "pipe", "--receipt", "r.json")
    eventually(lambda: blocks(process, number), 5, "from here on a signal is looked at")
    process.send_signal(number)
    code, err = finish(process, 5)
    equal(code, 128 + number, err)
    equal(json.loads(w.read("r.json"))["state"], "cancelled")


@test
def a_reader_that_leaves_the_fifo_ends_the_run():
    w = workspace()
    os.mkfifo(w.path("pipe"))
    process = start(w, "many", "-o", "pipe", "--retry", "3")
    with open(w.path("pipe"), "rb") as reader:
        reader.read(10)
    code, err = finish(process)
    equal(code, 74, err)


# What a killed run left

@each(good=("three", 0), failing=("wrong", 70), again=("three", 0))
def what_a_killed_run_left_is_gone_after_the_next_one(export, code):
    w = workspace(files={".out.csv.pgsluice-tmp": "half", ".out.csv.sha256.pgsluice-tmp": "half",
                         ".other.csv.pgsluice-tmp": "another file's"})
    ended, err = finish(start(w, export, "-o", "out.csv", "--sha256"))
    equal(ended, code, err)
    true(not w.exists(".out.csv.pgsluice-tmp"), w.listing())
    true(w.exists(".other.csv.pgsluice-tmp"), "what another target's run left is not ours")
    if code == 0:
        true(not w.exists(".out.csv.sha256.pgsluice-tmp"), w.listing())
        true(sums_hold(w, "out.csv"), "sha256sum -c")


@test
def a_run_at_work_keeps_its_file_from_the_next_one():
    w = workspace()
    with Gate(7) as gate:
        first = start(w, "gated", "-o", "out.csv")
        gate.reached()
        code, err = finish(start(w, "three", "-o", "out.csv"))
        equal(code, 73, err)
        contains(err, "another run")
        gate.open()
        equal(finish(first)[0], 0)
    equal(w.read("out.csv"), copy(EXPORTS["gated"]))


main()
