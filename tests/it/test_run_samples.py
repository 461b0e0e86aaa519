#!/usr/bin/env python3
"""The samples around files: cron's table, systemd's units, and the recipe for curl, each run as it is written."""

import http.server
import shlex
import stat
import time

from gates import *
from harness import *
from jobs import *

ETC = os.path.join(TOP, "etc")
DOWNLOAD = os.path.join(ETC, "curl", "pgsluice-download")
UNITS = ("pgsluice-run@.service", "pgsluice-run@.timer")

EXPORTS = {
    "three": "SELECT i FROM generate_series(1, 3) AS i",
    "many": rows(20000),
    "none": "SELECT 1 AS a WHERE false",
    "text": "-- param: x text\n\nSELECT :'x' AS x",
    "gated": rows(40000, gated("g = 30000", 7)),
}
THREE = b"i\n1\n2\n3\n"


def setup():
    sql_file(os.path.join(TOP, "sql", "demo-schema.sql"))
    sql_file(os.path.join(TOP, "sql", "demo-data.sql"), variables={"rows": 1000})


def sample(*path):
    with open(os.path.join(ETC, *path), encoding="utf-8") as f:
        return f.read()


# The places that samples name, in a mount namespace of their own: $1 is the workspace, then the command.
PLACES = """
mount --bind "$1/etc" /etc && mount --bind "$1/bin" /usr/local/bin && mount -t tmpfs none /var/lib || exit 99
mkdir /var/lib/pgsluice && cp -a "$1/before/." /var/lib/pgsluice
sh -c "$2"
code=$?
cp -a /var/lib/pgsluice/. "$1/after"
exit $code
"""


def installed(w, command, env=None):
    """Runs a command where /etc/pgsluice, /usr/local/bin and /var/lib/pgsluice are the workspace's; leaves `after`."""
    env = bare_environment("/", env)
    unshare = namespace()
    if unshare:
        words = unshare + ["sh", "-c", PLACES, "sh", w.directory, command]
    else:
        diag("no mount namespace is to be had here: other places are written into the sample")
        subprocess.run(["cp", "-a", w.path("before") + "/.", w.path("after")], check=True)
        words = ["sh", "-c", command.replace("/var/lib/pgsluice", w.path("after")).replace("/usr/local/bin", w.path("bin"))]
        env.update(PATH=w.path("bin") + ":" + env["PATH"], PGSLUICE_CONFIG=w.path("etc/pgsluice/pgsluice.conf"))
    done = subprocess.run(words, stdin=subprocess.DEVNULL, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=60 * SLOW)
    note("%s\n  exit %d: %s%s" % (command, done.returncode, done.stdout.decode(), done.stderr.decode()))
    return done.returncode, done.stdout.decode() + done.stderr.decode()


def place():
    """A workspace with etc (what programs need of it, and the sample configuration), bin, before and after."""
    w = Workspace()
    for name in ("etc/pgsluice", "bin", "before", "after"):
        os.makedirs(w.path(name))
    for name in ("passwd", "group", "nsswitch.conf", "ld.so.cache", "localtime", "alternatives"):
        if os.path.exists("/etc/" + name):
            subprocess.run(["cp", "-a", "/etc/" + name, w.path("etc")], check=True)
    shutil.copy(PGSLUICE, w.path("bin/pgsluice"))
    shutil.copytree(os.path.join(ETC, "exports.d"), w.path("etc/pgsluice/exports.d"))
    w.write("etc/pgsluice/pgsluice.conf", sample("pgsluice.conf") + "\n[database]\ndsn = %s\n" % dsn())
    return w


# cron

def table():
    """The sample's variables, and its jobs as (time, user, command): crontab(5)."""
    variables, jobs = {}, []
    for line in sample("cron.d", "pgsluice").splitlines():
        if line.startswith("#") or not line:
            continue
        variable = re.match(r"(\w+)=(.*)$", line)
        if variable:
            variables[variable.group(1)] = variable.group(2)
        else:
            words = line.split(None, 6)
            true(not re.search(r"(?<!\\)%", line), "cron takes this for a line break: " + line)
            jobs.append((words[:5], words[5], words[6].replace("\\%", "%")))
    return variables, jobs


@test
def cron_reads_the_sample():
    variables, jobs = table()
    equal((variables["SHELL"], variables["MAILTO"]), ("/bin/sh", "root"))
    for times, user, command in jobs:
        equal(user, "pgsluice")
        for field, most in zip(times, (59, 23, 31, 12, 7)):
            matches(field, r"^(\*(/\d+)?|\d+)$")
            true(all(int(n) <= most for n in re.findall(r"\d+", field)), field)
        true(len(command) < 990, "cron cuts longer lines")
    true(sample("cron.d", "pgsluice").endswith("\n"), "cron ignores a last line without a line break")


@test
def each_line_of_the_cron_sample_does_what_it_says():
    variables, jobs = table()
    w = place()
    day = time.strftime("%Y%m%d")
    for name, age in ((".orders-20200101.csv.zst.pgsluice-tmp", 2 * 86400), (".fresh.csv.pgsluice-tmp", 60), ("kept.csv", 2 * 86400)):
        path = w.write("before/" + name, "x")
        os.utime(path, (time.time() - age,) * 2)
    for _, _, command in jobs:
        equal(installed(w, command, {"PATH": variables["PATH"]}), (0, ""), command)
        shutil.rmtree(w.path("before"))
        shutil.move(w.path("after"), w.path("before"))
        os.mkdir(w.path("after"))
    made = "orders-%s.csv.zst" % day
    equal(sorted(os.listdir(w.path("before"))),
          sorted([".fresh.csv.pgsluice-tmp", "kept.csv", made, made + ".sha256", "orders.json", "orders-de.csv"]))
    true(sums_hold(w, "before/" + made), "sha256sum -c")
    equal(json.loads(w.read("before/orders.json"))["state"], "complete")
    true(w.read("before/orders-de.csv").startswith(b"id,placed_at,country,"), "the header line")


@test
def a_failing_job_of_the_cron_sample_sends_one_line():
    variables, jobs = table()
    w = place()
    os.unlink(w.path("etc/pgsluice/exports.d/orders.sql"))
    code, said = installed(w, jobs[0][2], {"PATH": variables["PATH"]})
    equal(code, 64)
    one_line(said, "orders", 64)


# systemd

def units():
    """The units in a folder of their own, for the program under test as `make install` does it for a prefix."""
    w = Workspace()
    for name in UNITS:
        text = sample("systemd", name)
        w.write("units/" + name, text.replace("/usr/bin/pgsluice", PGSLUICE))
    return w


def analyze(w, *words):
    done = subprocess.run(["systemd-analyze", *words], cwd=w.path("units"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env=dict(os.environ, SYSTEMD_UNIT_PATH=w.path("units") + ":"))
    return done.returncode, done.stdout.decode()


@test
def systemd_finds_nothing_wrong_with_the_units():
    w = units()
    equal(analyze(w, "verify", "--man=no", "./pgsluice-run@orders.service", "./pgsluice-run@orders.timer"), (0, ""))
    # It does find what is wrong.
    w.write("units/pgsluice-run@.service", "[Service]\nType=oneshot\nExecStart=/nonexistent\n")
    true(analyze(w, "verify", "--man=no", "./pgsluice-run@orders.service") != (0, ""), "verify takes everything")


@test
def systemd_calls_the_sandbox_of_a_job_safe():
    code, said = analyze(units(), "security", "--offline=yes", "--threshold=15", "./pgsluice-run@.service")
    equal(code, 0, said)


def keys(text):
    return re.findall(r"(?m)^(\w+)=(.*)$", text)


def unit_command(export, variables):
    """ExecStart= as systemd makes it: specifiers, then variables, split into words where they stand alone."""
    command, = [v for k, v in keys(sample("systemd", UNITS[0])) if k == "ExecStart"]
    specifiers = {"%%": "%", "%i": export, "%S": "/var/lib"}
    command = re.sub(r"%.", lambda found: specifiers[found.group()], command)
    words = []
    for word in command.split():
        words += variables.get(word[1:], "").split() if word.startswith("$") else [word]
    return words


@test
def the_unit_runs_its_export_into_a_file_of_the_day():
    made = "orders-%s.csv.zst" % time.strftime("%Y%m%d")
    example = re.search(r"(?m)^# +EXPORT_ARGS=(.*)$", sample("systemd", UNITS[0])).group(1)
    for args in ("", example):
        w = place()
        words = unit_command("orders", {"EXPORT_ARGS": args})
        equal(words[0], "/usr/bin/pgsluice")
        code, said = installed(w, shlex.join(["/usr/local/bin/pgsluice"] + words[1:]))
        equal(code, 0, said)
        equal(sorted(os.listdir(w.path("after"))), [made, made + ".sha256", "orders.json"])
        true(sums_hold(w, "after/" + made), "sha256sum -c")


@test
def the_timer_starts_the_unit_of_its_name():
    timer = dict(keys(sample("systemd", UNITS[1])))
    true("Unit" not in timer and timer["Persistent"] == "true", timer)
    code, said = analyze(units(), "calendar", timer["OnCalendar"])
    equal(code, 0, said)


# curl

class HidingProxy:
    """An HTTP/1.1 proxy that ends every answer well, whatever became of it; `spoil` may change the body."""

    def __init__(self, server, spoil=lambda data: data):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60 * SLOW)
                connection.request("GET", self.path)
                answer = connection.getresponse()
                self.send_response(answer.status)
                for name in ("Content-Type", "X-Run-Id"):
                    if answer.headers[name]:
                        self.send_header(name, answer.headers[name])
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                try:
                    for data in iter(lambda: answer.read1(65536), b""):
                        data = spoil(data) if self.path.startswith("/exports/") else data
                        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
                except (http.client.HTTPException, OSError):
                    pass
                connection.close()
                self.wfile.write(b"0\r\n\r\n")

            def log_message(self, *words):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        at_end(lambda: (self.server.shutdown(), self.server.server_close()))


def download(w, *words, env=None):
    """The recipe at work in the workspace."""
    process = subprocess.Popen([DOWNLOAD, *words], cwd=w.directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env=bare_environment(w.directory, env))
    at_end(lambda: process.poll() is None and (process.kill(), process.wait()))
    return process


def downloaded(w, *words, env=None):
    return finish(download(w, *words, env=env))


def client():
    w = Workspace(files={"out.csv": "old"})
    w.before = w.listing()
    return w


def server():
    return Server(EXPORTS, {"database": PATIENT})


@test
def a_download_takes_the_old_files_place_when_the_receipt_agrees():
    with server() as s:
        w, proxy = client(), HidingProxy(s)
        for url in (s.url, proxy.url):
            for name in ("three", "many", "none"):
                w.write("out.csv", "old")
                equal(downloaded(w, url + "/exports/%s.csv" % name, "out.csv"), (0, ""))
                equal(w.read("out.csv"), copy(EXPORTS[name]))
                leaves(w)
        equal(downloaded(w, s.url + "/exports/many.csv.gz?_header=names", w.path("-odd name.csv.gz")), (0, ""))
        unpacked = subprocess.run(["gzip", "-dc"], input=w.read("-odd name.csv.gz"), stdout=subprocess.PIPE, check=True)
        equal(unpacked.stdout, copy(EXPORTS["many"]))
        equal(downloaded(w, s.url + "/exports/three.csv", "-odd name.csv.gz"), (0, ""))
        equal(w.read("-odd name.csv.gz"), THREE)


@test
def braces_and_brackets_in_a_url_are_the_servers():
    with server() as s:
        w = client()
        for text in ("{a,b}", "[1-3]", "{[a-z]}"):
            equal(downloaded(w, s.url + "/exports/text.csv?x=" + text, "out.csv"), (0, ""))
            equal(w.read("out.csv").decode().replace('"', ""), "x\n%s\n" % text)
            leaves(w)


@test
def files_may_be_called_as_the_recipe_calls_its_own():
    with server() as s:
        w = Workspace()
        for name in ("body", "headers", "receipt"):
            equal(downloaded(w, s.url + "/exports/three.csv", name), (0, ""))
            equal(w.read(name), THREE, name)
        equal(w.listing(), sorted(["body", "headers", "receipt", "exports.d", "pgsluice.conf"]))


def owned(path):
    info = os.stat(path)
    return stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid


@test
def the_new_file_has_mode_and_owner_of_the_old_one():
    with server() as s:
        w = client()
        path = w.path("out.csv")
        if os.geteuid() == 0:
            os.chown(path, 1, 2)
        before = owned(path)[1:]
        for mode, after in ((0o600, 0o600), (0o646, 0o646), (0o6750, 0o750)):
            os.chmod(path, mode)
            equal(downloaded(w, s.url + "/exports/three.csv", "out.csv"), (0, ""))
            equal(owned(path), (after,) + before)
        equal(downloaded(w, s.url + "/exports/three.csv", "new.csv"), (0, ""))
        equal(owned(w.path("new.csv"))[0], owned(w.write("usual", ""))[0])


@test
def of_a_link_the_file_behind_it_is_replaced():
    with server() as s:
        w = client()
        os.makedirs(w.path("deep/er"))
        w.write("deep/target.csv", "old")
        os.symlink("../target.csv", w.path("deep/er/first"))
        os.symlink("deep/er/first", w.path("link.csv"))
        equal(downloaded(w, s.url + "/exports/three.csv", "link.csv"), (0, ""))
        equal(os.readlink(w.path("link.csv")), "deep/er/first")
        equal(os.readlink(w.path("deep/er/first")), "../target.csv")
        equal((w.read("deep/target.csv"), sorted(os.listdir(w.path("deep")))), (THREE, ["er", "target.csv"]))


@test
def what_is_no_file_is_refused_and_stays():
    with server() as s:
        w = client()
        os.mkfifo(w.path("fifo"))
        os.symlink("/dev/null", w.path("device"))
        os.symlink("fifo", w.path("link"))
        os.symlink("nothing", w.path("dangling"))
        # Where others can put a link, it may lead to what only this user can write.
        os.mkdir(w.path("sticky"))
        os.chmod(w.path("sticky"), 0o1777)
        os.symlink("../out.csv", w.path("sticky/out.csv"))
        w.before = w.listing()
        names = ("fifo", "device", "link", "dangling", "sticky/out.csv", "exports.d", "exports.d/", "no/folder/out.csv")
        kinds = [os.path.lexists(w.path(name)) and os.lstat(w.path(name)).st_ino for name in names]
        for name in names:
            code, err = downloaded(w, s.url + "/exports/three.csv", name)
            equal((code, err.count("\n")), (73, 2 if name.startswith("no/") else 1), err)
        equal([os.path.lexists(w.path(name)) and os.lstat(w.path(name)).st_ino for name in names], kinds)
        equal(w.read("out.csv"), b"old")
        leaves(w)
        equal(s.run_lines(), [], "it was asked all the same")


@each(direct=(False, (18, 56)), behind_a_proxy_that_hides_the_break=(True, (76,)))
def a_download_whose_backend_was_killed_leaves_the_old_file(hidden, codes):
    with server() as s, Gate(7) as gate:
        w = client()
        url = (HidingProxy(s).url if hidden else s.url) + "/exports/gated.csv"
        process = download(w, url, "out.csv")
        pid, = gate.reached()
        sql("SELECT pg_terminate_backend(%d)" % pid)
        code, err = finish(process)
        true(code in codes, "exit %d: %s" % (code, err))
        if hidden:
            contains(err, "state failed")
        equal(w.read("out.csv"), b"old")
        leaves(w)


@test
def what_a_proxy_changed_is_not_taken():
    with server() as s:
        w = client()
        for spoil, word in ((lambda data: data.replace(b"2", b"3"), "not what was sent"), (lambda data: data + b"\n", "bytes")):
            code, err = downloaded(w, HidingProxy(s, spoil).url + "/exports/three.csv", "out.csv")
            equal(code, 76, err)
            contains(err, word)
            equal(w.read("out.csv"), b"old")
            leaves(w)


@test
def a_download_that_nobody_confirms_is_not_taken():
    with server() as s:
        w = client()
        for url, env in ((s.url + "/exports/three.csv", {"RUNS": s.url + "/nowhere"}),
                         (s.url + "/exports", {"RUNS": s.url + "/runs"})):
            code, err = downloaded(w, url, "out.csv", env=env)
            equal(code, 76, err)
            equal(w.read("out.csv"), b"old")
            leaves(w)


@test
def a_refusal_is_curls_22_and_changes_nothing():
    with server() as s:
        w = client()
        for name in ("nothing.csv", "three.csv?x=1"):
            code, err = downloaded(w, s.url + "/exports/" + name, "out.csv")
            equal(code, 22, err)
        equal(downloaded(w, s.url + "/exports/three.csv")[0], 64)
        equal(w.read("out.csv"), b"old")
        leaves(w)


@test
def a_token_goes_to_both_requests():
    config = {"access": {"anonymous": "off"}, "token t": {"sha256": sha256(b"secret-secret"), "exports": "*"}}
    with Server(EXPORTS, config) as s:
        w = client()
        w.write("curlrc", 'header = "Authorization: Bearer secret-secret"\n')
        w.before = w.listing()
        equal(downloaded(w, s.url + "/exports/three.csv", "out.csv")[0], 22)
        equal(downloaded(w, s.url + "/exports/three.csv", "out.csv", "-K", "curlrc"), (0, ""))
        equal(w.read("out.csv"), THREE)
        leaves(w)


@each(term=signal.SIGTERM, int=signal.SIGINT, hup=signal.SIGHUP)
def a_signal_ends_a_download_at_once_and_leaves_nothing(number):
    with server() as s, Gate(7) as gate:
        w = client()
        process = download(w, s.url + "/exports/gated.csv", "out.csv")
        pid, = gate.reached()
        process.send_signal(number)
        equal(finish(process, 5)[0], 128 + number)
        equal(w.read("out.csv"), b"old")
        leaves(w)
        gate.open()
        gone_soon([pid], 5)


@test
def a_signal_lets_curl_end_before_its_files_are_removed():
    with server() as s, Gate(7) as gate:
        w = client()
        process = download(w, s.url + "/exports/gated.csv", "out.csv")
        gate.reached()
        with open("/proc/%d/task/%d/children" % (process.pid, process.pid)) as f:
            child, = map(int, f.read().split())
        os.kill(child, signal.SIGSTOP)
        eventually(lambda: re.search(r"(?m)^State:\s+T", open("/proc/%d/status" % child).read()), 5, "curl is stopped")
        try:
            process.terminate()
            # Not a wait for something to happen, but a look that nothing does.
            process.wait(0.5 * SLOW)
            raise AssertionError("it ended before curl")
        except subprocess.TimeoutExpired:
            pass
        finally:
            os.kill(child, signal.SIGCONT)
        equal(finish(process, 5)[0], 128 + signal.SIGTERM)
        leaves(w)


main(setup=setup)
