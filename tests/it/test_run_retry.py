#!/usr/bin/env python3
"""`pgsluice run --retry` against databases that come and go, and the ways in which psql finds a database."""

import pwd
import time

from gates import *
from harness import *
from jobs import *

EXPORTS = {
    "three": "SELECT i FROM generate_series(1, 3) AS i",
    "gated": rows(20000, gated("g = 6000", 7)),
    "early": rows(20000, gated("g = 300", 7)),  # by then a pipe is not full
    "wrong": "SELECT 1 / (3 - i) AS v FROM generate_series(1, 5) AS i",
    "who": "SELECT current_user AS who, current_database() AS what",
    "slow": "SELECT pg_sleep(30)",
}
THREE = b"i\n1\n2\n3\n"
PASSWORD = "it's a \\ secret: yes"


class Cluster:
    """A PostgreSQL of its own, not yet started, that wants a password."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="slpg-", dir="/tmp")
        at_end(self.remove)
        self.bindir, self.data = os.environ["SL_PG_BINDIR"], os.path.join(self.directory, "data")
        self.drop = []
        if os.geteuid() == 0:
            user = pwd.getpwnam(os.environ["SL_PG_OSUSER"])
            os.chown(self.directory, user.pw_uid, user.pw_gid)
            self.drop = ["setpriv", "--reuid=%d" % user.pw_uid, "--regid=%d" % user.pw_gid, "--clear-groups", "--"]
        os.chmod(self.directory, 0o755)
        with open(os.path.join(self.directory, "password"), "w") as f:
            f.write(PASSWORD)
        os.chmod(f.name, 0o644)
        self.do("initdb", "-D", self.data, "-U", "owner", "-A", "scram-sha-256", "--pwfile", f.name, "--no-sync",
                "-E", "UTF8", "--locale=C.UTF-8")
        self.started = False

    def do(self, program, *words):
        done = subprocess.run(self.drop + [os.path.join(self.bindir, program), *words], cwd=self.directory,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        equal(done.returncode, 0, done.stderr.decode())

    def start(self):
        self.started = True
        self.do("pg_ctl", "-D", self.data, "-l", os.path.join(self.directory, "log"), "-w", "-o",
                "-c unix_socket_directories=%s -c listen_addresses= -c fsync=off" % self.directory, "start")

    def remove(self):
        if self.started:
            self.do("pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.directory)


def workspace(config=None, **files):
    return job_workspace(EXPORTS, config or {"database": {**PATIENT, "dsn": dsn()}}, files)


def pgpass(w, cluster, mode=0o600):
    secret = PASSWORD.replace("\\", "\\\\").replace(":", "\\:")
    w.write(".pgpass", "%s:*:*:owner:%s\n" % (cluster.directory, secret), mode)
    w.before = w.listing()


# How psql finds a database

@test
def with_an_empty_dsn_environment_services_and_pgpass_work_as_in_psql():
    cluster = Cluster()
    cluster.start()
    w = workspace({"database": {"dsn": ""}})
    pgpass(w, cluster)
    w.write(".pg_service.conf", "[reports]\nhost=%s\nuser=owner\ndbname=template1\n" % cluster.directory)
    w.write("services", "[elsewhere]\nhost=%s\nuser=owner\ndbname=postgres\n" % cluster.directory)
    place = {"PGHOST": cluster.directory, "PGUSER": "owner"}
    for env, what in (
            ({**place, "PGDATABASE": "template1"}, "template1"),
            ({**place, "PGDATABASE": "postgres", "PGPASSWORD": PASSWORD, "PGPASSFILE": "/nonexistent"}, "postgres"),
            ({"PGSERVICE": "reports"}, "template1"),
            ({"PGSERVICE": "elsewhere", "PGSERVICEFILE": w.path("services")}, "postgres")):
        done = job(w, "who --quiet", env=env)
        equal((done.code, done.out), (0, b"who,what\nowner,%s\n" % what.encode()), repr(done))
    # A password file that others may read is not used, and no password is asked for.
    pgpass(w, cluster, 0o644)
    done = job(w, "who --quiet", env={**place, "PGDATABASE": "postgres"})
    equal(done.code, 69, repr(done))
    warning, failure = done.err.splitlines(keepends=True)
    contains(warning, "permissions should be", "libpq's own words")
    one_line(failure, "who", 69)
    lacks(done.err, "secret")


# --retry

@test
def a_database_that_comes_up_later_is_found_by_a_retry():
    cluster = Cluster()
    w = workspace({"database": {"dsn": "host=%s user=owner dbname=postgres" % cluster.directory}})
    pgpass(w, cluster)
    process = start(w, "three", "-o", "out.csv", "--retry", "20", "--receipt", "r.json", "--verbose",
                    env={"HOME": w.directory})
    first = process.stderr.readline().decode()
    matches(first, r"^pgsluice: three: .*attempt 2 of 21 in [0-9.]+ s")
    cluster.start()
    code, err = finish(process, 60)
    equal(code, 0, err)
    equal(w.read("out.csv"), THREE)
    true(int(logfmt(err.splitlines()[-1])["attempts"]) >= 2, err)
    equal(json.loads(w.read("r.json"))["state"], "complete")
    leaves(w, "out.csv", "r.json")


@test
def a_backend_that_is_killed_is_asked_again_for_the_whole_file():
    w = workspace()
    w.write("out.csv.gz", "old")
    w.before = w.listing()
    with Gate(7) as gate:
        process = start(w, "gated", "-o", "out.csv.gz", "--retry", "3", "--quiet", "--sha256")
        pid, = gate.reached()
        sql("SELECT pg_terminate_backend(%d)" % pid)
        again, = gate.reached()
        true(again != pid, "another backend")
        equal(w.read("out.csv.gz"), b"old")
        gate.open()
        equal(finish(process), (0, ""), "a retry that succeeds says nothing")
    packed = subprocess.run(["gzip", "-dc", w.path("out.csv.gz")], stdout=subprocess.PIPE, check=True)
    equal(packed.stdout, copy(EXPORTS["gated"]))
    true(sums_hold(w, "out.csv.gz"), "sha256sum -c")
    leaves(w, "out.csv.gz.sha256")


@test
def after_bytes_went_to_a_pipe_there_is_no_second_attempt():
    w = workspace()
    with Gate(7) as gate:
        process = start(w, "early", "--retry", "3", stdout=subprocess.PIPE)
        pid, = gate.reached()
        process.stdout.read(100)
        sql("SELECT pg_terminate_backend(%d)" % pid)
        code, err = finish(process)
    equal(code, 75, err)
    lacks(one_line(err, "early", 75), "attempts")


@test
def before_the_first_byte_a_pipe_is_no_reason_to_give_up():
    w = workspace({"database": {"dsn": "host=/nonexistent"}})
    done = job(w, "three --retry 1")
    equal((done.code, done.out), (69, b""), repr(done))
    equal(one_line(done.err, "three", 69)["attempts"], "2")


@test
def each_wait_is_about_twice_the_one_before_and_by_chance():
    w = workspace({"database": {"dsn": "host=/nonexistent"}})
    done = job(w, "three -o out.csv --retry 2 --verbose")
    equal(done.code, 69, repr(done))
    waits = [float(s) for s in re.findall(r"attempt \d of 3 in ([0-9.]+) s", done.err)]
    equal(len(waits), 2, done.err)
    for wait, most in zip(waits, (1, 2)):
        true(most / 2 - 0.06 <= wait <= most + 0.06, waits)
    equal(logfmt(done.err.splitlines()[-1])["attempts"], "3")
    leaves(w)


@each(sql=("wrong", {}, 70), parameter=("three x=1", {}, 65), output=("three", {"target": "no/such/out.csv"}, 73))
def what_does_not_pass_is_not_tried_again(words, more, code):
    w = workspace()
    began = time.monotonic()
    done = job(w, "%s -o %s --retry 5" % (words, more.get("target", "out.csv")))
    equal(done.code, code, repr(done))
    lacks(one_line(done.err, words.split()[0], code), "attempts")


@test
def a_deadline_may_pass_and_is_tried_again():
    w = workspace({"database": {"dsn": dsn()}, "limits": {"max_duration": "300ms"}})
    done = job(w, "slow -o out.csv --retry 1 --quiet")
    equal((done.code, one_line(done.err, "slow", 75)["attempts"]), (75, "2"), repr(done))
    leaves(w)


@test
def a_signal_ends_the_wait_at_once():
    w = workspace({"database": {"dsn": "host=/nonexistent"}})
    process = start(w, "three", "-o", "out.csv", "--retry", "1000", "--verbose", "--receipt", "r.json")
    # The waits grow: by the fourth this one is 4 s or longer.
    for line in iter(process.stderr.readline, b""):
        if b"attempt 5 " in line:
            break
    process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    code, err = finish(process)
    equal(code, 143, err)
    true(time.monotonic() - began < 2 * SLOW, "it took %g s" % (time.monotonic() - began))
    equal(json.loads(w.read("r.json"))["state"], "cancelled")
    leaves(w, "r.json")


main()
