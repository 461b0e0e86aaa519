"""`pgsluice run` as a job: started by a shell with cron's bare environment, looked at from outside."""

import hashlib
import os
import re
import subprocess

from harness import Done, PGSLUICE, SLOW, Workspace, at_end, child_env, equal, logfmt, matches, note, true

RECEIPT = ["id", "export", "state", "rows", "bytes", "sha256", "bytes_sent", "estimated_rows", "snapshot_at",
           "started_at", "finished_at", "peak_memory", "error"]
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


def dsn():
    """Where the test's database is, for a configuration: cron passes no PGHOST on."""
    return "host=%s user=%s dbname=%s" % (os.environ["PGHOST"], os.environ["PGUSER"], os.environ["PGDATABASE"])


def job_workspace(exports, config=None, files=None):
    config = {k: dict(v) for k, v in (config or {}).items()}
    config.setdefault("database", {}).setdefault("dsn", dsn())
    w = Workspace(exports, config, files=files)
    w.before = w.listing()
    return w


def bare_environment(home, extra=None):
    """What cron gives, and what the sanitizers of the build under test need."""
    sanitizers = {k: v for k, v in child_env().items() if k.endswith("SAN_OPTIONS")}
    return {**sanitizers, "HOME": home, "LOGNAME": "somebody", "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh",
            **(extra or {})}


def cron(w, line, env=None, timeout=60):
    """Runs a line as cron does: by the shell, in the home directory, nobody at the terminal. $PGSLUICE is the program."""
    done = subprocess.run(["/bin/sh", "-c", line], cwd=w.directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=timeout * SLOW,
                          env=bare_environment(w.directory, {"PGSLUICE": PGSLUICE, **(env or {})}))
    done = Done(done.returncode, done.stdout, done.stderr.decode("utf-8", "replace"))
    note("%s\n  %r" % (line, done))
    return done


def job(w, words, env=None, timeout=60):
    """`pgsluice run` with the workspace's configuration and these words, by cron."""
    # PGSLUICE would be taken for a variable of the program's own.
    program = '"$PGSLUICE" run -c pgsluice.conf '
    return cron(w, "program=$PGSLUICE; unset PGSLUICE; " + program.replace("$PGSLUICE", "$program") + words, env, timeout)


def start(w, *words, env=None, **more):
    """The same without a shell, at work: a process whose standard error is a pipe."""
    process = subprocess.Popen([PGSLUICE, "run", "-c", w.config] + list(words), stdin=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, env=child_env(env), cwd=w.directory, **more)
    at_end(lambda: process.poll() is None and (process.kill(), process.wait()))
    return process


def finish(process, timeout=30):
    _, err = process.communicate(timeout=timeout * SLOW)
    err = err.decode()
    note("exit %d, stderr: %s" % (process.returncode, err))
    return process.returncode, err


def one_line(err, export, code):
    """The one line of a failure, for cron's mail; returns its fields."""
    equal(err.count("\n"), 1, "lines in %r" % err)
    matches(err, r"^pgsluice: %s: .+; exit=%d .*\bid=%s\b" % (re.escape(export), code, UUID))
    return logfmt(err)


def namespace():
    """The command that gives a mount namespace of its own; None in a chroot and in some containers."""
    # Root stays who it is: mapped, it would lose its way into the directory of the database's user.
    command = ["unshare", "--mount"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
    tried = subprocess.run(command + ["mount", "-t", "tmpfs", "none", "/mnt"], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT)
    return command if tried.returncode == 0 else None


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def sums_hold(w, name):
    """sha256sum -c of NAME.sha256, in its folder."""
    done = subprocess.run(["sha256sum", "--strict", "-c", os.path.basename(name) + ".sha256"],
                          cwd=os.path.dirname(w.path(name)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode == 0


def leaves(w, *names):
    """Beside what was there before, the workspace has exactly these files."""
    equal(w.listing(), sorted(set(w.before) | set(names)), "files in the folder")
