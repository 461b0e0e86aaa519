"""What every part measures with: processes, /proc, transfers, the database."""
import hashlib
import os
import subprocess
import time

CHUNK = 1 << 20
TICKS = os.sysconf("SC_CLK_TCK")
BACKEND_END_SECONDS = 10
# A transfer that moves nothing for so long hangs. Django's first byte takes
# half a minute on a slow machine.
HANG_SECONDS = 120

# The session settings of a run, as far as a server's own defaults may differ;
# a scan that starts in mid-table would give the same rows in another order.
COPY_SETTINGS = {"PGTZ": "UTC", "PGOPTIONS": "-c synchronize_seqscans=off"}


class BenchError(Exception):
    """The bench cannot go on: not a missed bar, something is wrong."""


def status_kb(pid, field):
    """A field of /proc/PID/status in kB, such as VmHWM, the peak resident size."""
    with open("/proc/%d/status" % pid) as lines:
        for line in lines:
            if line.startswith(field + ":"):
                return int(line.split()[1])
    raise BenchError("no %s of process %d" % (field, pid))


def peak_mb(pid):
    return status_kb(pid, "VmHWM") / 1024


def _stat(pid):
    """Fields of /proc/PID/stat from the third (state) on; None when it is gone."""
    try:
        with open("/proc/%s/stat" % pid) as stat:
            return stat.read().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def cpu_seconds(pid):
    fields = _stat(pid)
    if fields is None:
        raise BenchError("process %s is gone" % pid)
    return (int(fields[11]) + int(fields[12])) / TICKS


def children(parent):
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            fields = _stat(name)
            if fields is not None and int(fields[1]) == parent:
                found.append(int(name))
    return found


class Database:
    """The server that the environment names, through its own psql."""

    def __init__(self):
        if not os.environ.get("PGHOST", "").startswith("/"):
            raise BenchError("PGHOST must name the directory of a Unix socket")
        bindir = os.environ.get("SL_PG_BINDIR")
        # Debian's psql in the PATH is a Perl wrapper that takes 50 ms to start.
        self.psql = os.path.join(bindir, "psql") if bindir else "psql"
        self.postmaster = self._postmaster()

    def value(self, sql):
        return self._run(["-At", "-c", sql]).strip()

    def _postmaster(self):
        pid_file = os.path.join(self.value("SHOW data_directory"), "postmaster.pid")
        with open(pid_file) as lines:
            return int(lines.readline())

    def script(self, statements):
        for sql in statements:
            self._run(["-q", "-c", sql])

    def _run(self, arguments):
        done = subprocess.run([self.psql, "-X", "-v", "ON_ERROR_STOP=1"] + arguments,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise BenchError("psql: " + done.stderr.strip())
        return done.stdout

    def backends(self):
        return set(children(self.postmaster))

    def backend_cpu(self):
        """CPU seconds of all backends, those that ended included."""
        while True:
            ended = self._ended_ticks()
            ticks = ended
            for pid in self.backends():
                fields = _stat(pid)
                if fields is not None:
                    ticks += int(fields[11]) + int(fields[12])
            # One that ended meanwhile would be counted twice or never.
            if self._ended_ticks() == ended:
                return ticks / TICKS

    def wait_for_end(self, before):
        """Waits until no backend is left that was not among these."""
        deadline = time.monotonic() + BACKEND_END_SECONDS
        while self.backends() - before:
            if time.monotonic() > deadline:
                raise BenchError("a backend of COPY does not end")
            time.sleep(0.002)

    def _ended_ticks(self):
        fields = _stat(self.postmaster)
        if fields is None:
            raise BenchError("PostgreSQL is gone")
        return int(fields[13]) + int(fields[14])

    def copy_command(self, query, options="FORMAT csv, HEADER"):
        return [self.psql, "-X", "-c", "COPY (%s) TO STDOUT (%s)" % (query, options)]


class Timed:
    """One transfer: wall seconds, the client's CPU seconds, what it printed."""

    def __init__(self, command, env=None):
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.PIPE
                                   if command[0] == "curl" else subprocess.DEVNULL,
                                   env=env)
        # curl's own report is some ten bytes, so it fits into the pipe.
        _, status, usage = os.wait4(process.pid, 0)
        self.seconds = time.perf_counter() - started
        self.cpu = usage.ru_utime + usage.ru_stime
        process.returncode = os.waitstatus_to_exitcode(status)
        self.output = ""
        if process.stdout is not None:
            with process.stdout:
                self.output = process.stdout.read().decode()
        if process.returncode != 0:
            raise BenchError("%s: exit status %d" % (" ".join(command), process.returncode))


CURL = ["curl", "-s", "--fail", "--speed-limit", "1", "--speed-time", str(HANG_SECONDS)]


def curl_command(url):
    return CURL + ["-o", "/dev/null", "-w", "%{size_download} %{time_starttransfer}", url]


def timed_curl(url, *more):
    """A Timed with `bytes` and `first_byte` (seconds) added."""
    timed = Timed(curl_command(url) + list(more))
    size, first = timed.output.split()
    timed.bytes, timed.first_byte = int(size), float(first)
    return timed


def timed_copy(database, query):
    return Timed(database.copy_command(query), env=dict(os.environ, **COPY_SETTINGS))


def hash_output(command, env=None):
    """(bytes, SHA-256 in hex) of what a command prints."""
    digest = hashlib.sha256()
    size = 0
    process = subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0, env=env)
    with process.stdout:
        for block in iter(lambda: process.stdout.read(CHUNK), b""):
            digest.update(block)
            size += len(block)
    if process.wait() != 0:
        raise BenchError("%s: exit status %d" % (" ".join(command), process.returncode))
    return size, digest.hexdigest()


def hash_copy(database, query, *options):
    return hash_output(database.copy_command(query, *options),
                       env=dict(os.environ, **COPY_SETTINGS))
