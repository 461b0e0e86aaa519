"""A program in the background with a directory and a log of its own."""
import os
import signal
import subprocess
import tempfile
import time

from .measure import BenchError, children

STOP_SECONDS = 20


class Program:
    """A context: a new process at entry, stopped at exit."""

    name = "program"
    start_seconds = 30

    def __init__(self, context):
        self.directory = tempfile.mkdtemp(dir=context.work)
        self.process = None

    def command(self):
        raise NotImplementedError

    def environment(self):
        return dict(os.environ)

    def ready(self, log):
        """True when it can be used, by what its log says."""
        raise NotImplementedError

    def __enter__(self):
        with open(self.path("log"), "wb") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, env=self.environment())
        try:
            self._wait_until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                for pid in children(self.process.pid):
                    os.kill(pid, signal.SIGKILL)
                self.process.kill()
                self.process.wait()

    @property
    def pid(self):
        return self.process.pid

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        with open(self.path(name), "w") as out:
            out.write(text)
        return self.path(name)

    def log(self):
        with open(self.path("log"), errors="replace") as log:
            return log.read()

    def check_alive(self):
        if self.process.poll() is not None:
            raise BenchError("%s ended with %d:\n%s"
                             % (self.name, self.process.returncode, self.log()))

    def _wait_until_ready(self):
        deadline = time.monotonic() + self.start_seconds
        while time.monotonic() < deadline:
            self.check_alive()
            if self.ready(self.log()):
                return
            time.sleep(0.02)
        raise BenchError("%s is not ready after %d s:\n%s"
                         % (self.name, self.start_seconds, self.log()))
