#!/usr/bin/python3
"""Each command that a document tells people to type is typed here; each sample file has a test that takes it."""

import glob
import hashlib
import shlex

import manpages
from harness import *

# What this test cannot run: the test that does, and the words by which it is found there.
ELSEWHERE = {
    # README.md
    "./demo": ("check", "./demo --once"),
    "./demo --django": ("check", "./demo --django --once"),
    "./check": (".ci/run", "./check"),
    "autoreconf -i": ("tools/build", "autoreconf -i"),
    "./configure": ("tools/debian13", "./configure"),
    "./configure --disable-tests": ("check", "--disable-tests"),
    "make": ("tools/debian13", "make -s"),
    "make check": ("check", "check"),
    "make install": ("check", "distcheck"),
    "make deb": ("check", "make -s -C build/gcc deb"),
    # HACKING.md
    "tools/build build/debug CC=clang CFLAGS='-O0 -g' --enable-sanitize": ("check", "--enable-sanitize"),
    "make -C build/debug check": ("check", "-k check"),
    "make -C build/debug check TESTS=tests/unit/test_csv": ("Makefile.am", "make check TESTS=tests/unit/test_csv"),
    "make -C build/debug check TESTS=tests/it/test_clients.py": ("sources.am", "tests/it/test_clients.py"),
    "CK_FORK=no CK_RUN_CASE=csv build/debug/tests/unit/test_csv": ("tests/unit/test_csv.c", '"csv"'),
    "PGSLUICE=$PWD/build/debug/pgsluice tests/it/test_clients.py": ("sources.am", "tests/it/test_clients.py"),
    "tools/lint format layers": ("check", "tools/lint"),
    "./check gcc lint": ("check", "STEPS='gcc"),
    "./check --full proxies browser office": ("check", "FULL_STEPS="),
    "tools/browser-env DIRECTORY": ("check", "tools/browser-env build/browser-env"),
    "tools/sources --write": ("tools/sources", "--write"),
    # etc/
    "a2enmod proxy proxy_http setenvif headers": ("tests/it/otherproxies.py", "proxy proxy_http setenvif headers"),
    "docker build -f etc/Containerfile -t pgsluice .": ("tools/container", "-f etc/Containerfile -t pgsluice ."),
    'docker run -d -p 8080:8080 -v "$PWD/pgsluice:/etc/pgsluice:ro" pgsluice':
        ("tools/container", 'pgsluice:/etc/pgsluice:ro" -v "$PGHOST:/database" "$work"'),
    'docker run --rm -v "$PWD/pgsluice:/etc/pgsluice:ro" pgsluice run -c /etc/pgsluice/pgsluice.conf orders >orders.csv':
        ("tools/container", "pgsluice run -c /etc/pgsluice/pgsluice.conf three"),
    "systemctl stop pgsluice && systemctl enable --now pgsluice.socket && systemctl start pgsluice":
        ("tests/deb/installed", "systemctl stop pgsluice && systemctl enable --now pgsluice.socket && systemctl start pgsluice"),
    "systemctl start pgsluice-run@orders.service": ("tests/deb/installed", "systemctl start pgsluice-run@numbers.service"),
    "systemctl enable --now pgsluice-run@orders.timer": ("tests/deb/installed", "systemctl enable --now pgsluice-run@numbers.timer"),
}

# The test that takes a sample file, or a folder of them, as it is, and the name by which it asks for it.
SAMPLES = {
    "etc/apache": ("tests/it/otherproxies.py", "apache/pgsluice.conf"),
    "etc/Containerfile": ("tools/container", "-f etc/Containerfile"),
    "etc/caddy": ("tests/it/otherproxies.py", "caddy/Caddyfile"),
    "etc/cron.d": ("tests/it/test_run_samples.py", 'sample("cron.d", "pgsluice")'),
    "etc/curl": ("tests/it/test_run_samples.py", '"curl", "pgsluice-download"'),
    "etc/completion": ("tests/it/test_completion.py", '"completion"'),
    "etc/exports.d": ("tests/it/test_samples.py", '"exports.d"'),
    "etc/grafana": ("tests/it/test_dashboards.py", "grafana/pgsluice.json"),
    "etc/haproxy": ("tests/it/otherproxies.py", "haproxy/haproxy.cfg"),
    "etc/nginx": ("tests/it/proxies.py", "nginx/"),
    "etc/pgsluice.conf": ("tests/it/test_samples.py", '"pgsluice.conf"'),
    "etc/prometheus": ("tests/it/test_dashboards.py", "etc/prometheus"),
    "etc/systemd/pgsluice-run@.service": ("tests/it/test_run_samples.py", "pgsluice-run@.service"),
    "etc/systemd/pgsluice-run@.timer": ("tests/it/test_run_samples.py", "pgsluice-run@.timer"),
    "etc/systemd/pgsluice.service": ("tests/it/test_units.py", '"pgsluice.service"'),
    "etc/systemd/pgsluice.socket": ("tests/it/test_units.py", '"pgsluice.socket"'),
    "etc/sysusers.d": ("tests/it/test_units.py", "sysusers"),
    "etc/tmpfiles.d": ("tests/it/test_units.py", "tmpfiles"),
}

PROGRAMS = r"(pgsluice|curl|openssl|printf|make|\./\w+|tools/[\w-]+|sha256sum)"
KEY = "k" * 48
TOKEN = "the-token-of-a-script"


def read(*path):
    with open(os.path.join(TOP, *path), encoding="utf-8") as f:
        return f.read()


def without_comment(line):
    return re.sub(r"\s+# .*", "", line).strip()


def of_markdown(name):
    """Lines of blocks marked sh, and code in the text that begins with a program and goes on."""
    text = read(name)
    found = []
    for block in re.findall(r"(?ms)^```sh\n(.*?)^```$", text):
        found += [without_comment(line) for line in re.sub(r"\\\n\s*", "", block).splitlines() if without_comment(line)]
    text = re.sub(r"(?ms)^```.*?^```$", "", text)
    for code in re.findall(r"`([^`]+)`", text):
        code = " ".join(code.split())
        if re.match(PROGRAMS + r"( |$)", code) and not re.match(r"(pgsluice|curl|make|printf|openssl)$", code):
            found.append(code)
    return list(dict.fromkeys(found))


def of_manual(name):
    return [command for command in manpages.commands(name)]


def of_configuration(name):
    """Commands in comments of the sample configuration, quoted or in parentheses."""
    comments = " ".join(line[1:].strip() for line in read(name).splitlines() if line.startswith("# "))
    return [a or b for a, b in re.findall(r'"(%s [^"]+)"|\(((?:printf|openssl) [^)]+)\)' % PROGRAMS.replace("(", "(?:"), comments)]


def of_samples():
    """Lines of comments in etc/ that are indented as commands are; not those that tell a form: FILE [OPTION...]"""
    found = []
    for path in samples():
        for line in read(path).splitlines():
            command = re.match(r"#\s{4,}((?:%s|a2enmod|docker|pgsluice-download|podman|systemctl) .*?)(\s{3,}.*)?$" % PROGRAMS[1:-1], line)
            if command and "...]" not in line:
                found.append(command.group(1))
    return found


def samples():
    return sorted(os.path.relpath(path, TOP) for path in glob.glob(os.path.join(TOP, "etc", "**"), recursive=True)
                  if os.path.isfile(path))


class Desk:
    """A folder with a configuration, exports and the program, a service beside it, and a shell to type into."""

    def __init__(self):
        exports = {"orders": read("etc", "exports.d", "orders.sql")}
        self.server = Server(exports, {"access": {"grant_key": KEY}, "token script": {
            "sha256": hashlib.sha256(TOKEN.encode()).hexdigest(), "exports": "orders"}})
        self.workspace = self.server.workspace
        os.mkdir(self.workspace.path("bin"))
        os.symlink(PGSLUICE, self.workspace.path("bin/pgsluice"))
        os.symlink(os.path.join(TOP, "etc", "curl", "pgsluice-download"), self.workspace.path("bin/pgsluice-download"))
        os.symlink(os.path.join(TOP, "tools"), self.workspace.path("tools"))
        self.workspace.write("curlrc", "header = \"Authorization: Bearer %s\"\n" % TOKEN)

    def __enter__(self):
        self.server.start()
        # The documents name the usual ports; curl goes to those of this service instead.
        self.workspace.write(".curlrc", "noproxy = \"*\"\nconnect-to = \"127.0.0.1:8080:%s\"\nconnect-to = \"127.0.0.1:8081:%s\"\n" % (
            self.server.address, self.server.admin_address))
        return self

    def __exit__(self, *trouble):
        self.server.__exit__(*trouble)

    def start(self, command):
        env = {"PATH": self.workspace.path("bin") + ":" + os.environ["PATH"], "HOME": self.workspace.directory,
               "PGSLUICE_CONFIG": self.workspace.config}
        if "serve" in command.split():
            env.update(PGSLUICE_SERVER_LISTEN="127.0.0.1:0", PGSLUICE_SERVER_ADMIN_LISTEN="127.0.0.1:0")
        process = subprocess.Popen(["sh", "-euc", "exec " + command if command.startswith("pgsluice serve") else command],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=child_env(env), cwd=self.workspace.directory)
        at_end(lambda: process.poll() is None and process.kill())
        return process

    def type(self, command):
        """Runs it as it is written; it has to succeed. Returns its standard output."""
        process = self.start(command)
        if command.startswith("pgsluice serve"):
            for line in process.stderr:
                if logfmt(line.decode()).get("msg") == "ready":
                    break
            process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60 * SLOW)
        note("%s\n  exit %d: %s" % (command, process.returncode, err.decode("utf-8", "replace")))
        equal(process.returncode, 0, command)
        return out.decode()

    def files(self):
        return sorted(name for name in self.workspace.listing() if re.match(r"orders.*\.csv", name))


# What the commands promise beyond their success; the others are only run.

def rows_since(day):
    query = read("etc", "exports.d", "orders.sql").split("\n\n", 1)[1]
    return copy(query.replace(":'since'", "'%s'" % day).replace(":'country'", "NULL::text"))


def is_the_export(content, day="2026-01-01"):
    equal(content, rows_since(day), "the export")
    true(content.count(b"\n") > 10, "an export of nothing")


def is_downloaded(desk, out):
    is_the_export(desk.workspace.read(re.search(r"orders-\d{4}-\d\d-\d\d\.csv", " ".join(desk.files())).group()))


def is_written(desk, out):
    is_the_export(desk.workspace.read("orders.csv"))


def is_written_whole(desk, out):
    is_the_export(desk.workspace.read("orders.csv"), "2020-01-01")


def is_written_with_its_digest(desk, out):
    name = next(name for name in desk.files() if re.match(r"orders-\d{8}\.csv\.zst$", name))
    equal(desk.workspace.read(name + ".sha256").decode(),
          "%s  %s\n" % (hashlib.sha256(desk.workspace.read(name)).hexdigest(), name))


def opens_the_export(day):
    def check(desk, out):
        answer = desk.server.get(out.strip())
        equal(answer.status, 200, repr(answer))
        is_the_export(answer.body, day)
    return check


def is_a_digest(desk, out):
    matches(out, r"^[0-9a-f]{64}  -\n$")


PROMISES = {
    "curl -f -OJ 'http://127.0.0.1:8080/exports/orders.csv?since=2026-01-01'": is_downloaded,
    "pgsluice run orders since=2026-01-01 -o orders.csv": is_written,
    "pgsluice-download http://127.0.0.1:8080/exports/orders.csv orders.csv -K curlrc": is_written_whole,
    "pgsluice run orders since=2026-01-01 -o 'orders-%Y%m%d.csv.zst' --sha256 --quiet": is_written_with_its_digest,
    "pgsluice grant orders --expires 5min": opens_the_export("2020-01-01"),
    "pgsluice grant orders since=2026-01-01 --expires 1h --once": opens_the_export("2026-01-01"),
    "printf %s SECRET | sha256sum": is_a_digest,
}

DOCUMENTS = {
    "README": lambda: of_markdown("README.md"),
    "HACKING": lambda: of_markdown("HACKING.md"),
    "pgsluice_1": lambda: of_manual("pgsluice.1"),
    "pgsluice_conf_5": lambda: of_manual("pgsluice.conf.5"),
    "etc_pgsluice_conf": lambda: of_configuration("etc/pgsluice.conf"),
    "etc": of_samples,
}


@each(**{name: name for name in DOCUMENTS})
def each_command_works_as_it_is_written(name):
    commands = DOCUMENTS[name]()
    true(commands, "no commands found in " + name)
    with Desk() as desk:
        for command in commands:
            if command not in ELSEWHERE:
                out = desk.type(command)
                PROMISES.get(command, lambda desk, out: None)(desk, out)


@test
def a_command_that_fails_is_noticed():
    with Desk() as desk:
        for command in ("pgsluice run nothing", "pgsluice list | false"):
            try:
                desk.type(command)
            except AssertionError:
                continue
            raise AssertionError("%s passed" % command)


@test
def what_is_run_elsewhere_is_still_written_and_still_run():
    written = [command for commands in DOCUMENTS.values() for command in commands()]
    equal(sorted((set(ELSEWHERE) | set(PROMISES)) - set(written)), [], "commands that no document has any more")
    for command, (where, words) in ELSEWHERE.items():
        contains(read(where), words, command)
    for word in (word for command in written for word in shlex.split(command)):
        # What a command names must be there.
        path = re.match(r"(?:build/debug/)?((?:\./|tools/|tests/|django/)[\w./-]+)$", word)
        if path:
            found = glob.glob(os.path.join(TOP, path.group(1)) + "*")
            true(found or word == "./configure", "there is no " + word)


@test
def each_sample_is_taken_as_it_is_by_a_test():
    used = set()
    for path in samples():
        taken = [sample for sample in SAMPLES if path == sample or path.startswith(sample + "/")]
        equal(len(taken), 1, "tests that take %s: %s" % (path, taken))
        used.update(taken)
    equal(set(SAMPLES) - used, set(), "samples that are gone")
    for sample, (where, words) in SAMPLES.items():
        contains(read(where), words, sample)


def setup():
    for name, variables in (("demo-schema.sql", {}), ("demo-data.sql", {"rows": 2000})):
        sql_file(os.path.join(TOP, "sql", name), variables=variables)


main(setup=setup)
