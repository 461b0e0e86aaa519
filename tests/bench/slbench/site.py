"""The Django project of the bench as it would be served: gunicorn with one worker, nginx in front."""
import os
import re

from .measure import BenchError, children, cpu_seconds, peak_mb, status_kb
from .program import Program
from .server import SECRET

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOP = os.path.dirname(os.path.dirname(HERE))
# Debian's, or one of tools/django-env.
PYTHON = os.environ.get("DJANGO_PYTHON") or "/usr/bin/python3"


class Gunicorn(Program):
    """gunicorn with one sync worker; `busy` tells how long each request kept it."""

    name = "gunicorn"

    def __init__(self, context, table, tickets_url):
        super().__init__(context)
        self.table = table
        self.tickets_url = tickets_url
        self.address = None
        self.worker = None

    def command(self):
        return [PYTHON, "-m", "gunicorn", "--chdir", os.path.join(HERE, "django"),
                "--workers", "1", "--worker-class", "sync", "--timeout", "3600",
                "--access-logfile", self.path("access"), "--access-logformat", "%(U)s %(D)s",
                "--bind", "127.0.0.1:0", "django.core.wsgi:get_wsgi_application()"]

    def environment(self):
        return dict(os.environ, DJANGO_SETTINGS_MODULE="shop.settings", PYTHONDONTWRITEBYTECODE="1",
                    PYTHONPATH=os.path.join(TOP, "django"), BENCH_TABLE=self.table,
                    BENCH_TICKETS_URL=self.tickets_url, BENCH_TICKETS_SECRET=SECRET)

    def ready(self, log):
        found = re.search(r"Listening at: http://(\S+)", log)
        workers = children(self.process.pid)
        if not found or not workers:
            return False
        self.address, self.worker = found.group(1), workers[0]
        return True

    def resident_mb(self):
        return status_kb(self._same_worker(), "VmRSS") / 1024

    def peak_mb(self):
        return peak_mb(self._same_worker())

    def forget_peak(self):
        """The peak begins anew at what is resident now."""
        with open("/proc/%d/clear_refs" % self._same_worker(), "w") as out:
            out.write("5\n")

    def cpu_ms(self):
        """CPU time of the worker; in nanoseconds from schedstat, where /proc/PID/stat has ticks."""
        try:
            with open("/proc/%d/schedstat" % self.worker) as line:
                return int(line.read().split()[0]) / 1e6
        except FileNotFoundError:
            return cpu_seconds(self.worker) * 1000

    def busy_ms(self, view):
        """How long the worker was at each request for this view, by the access log, in ms."""
        with open(self.path("access")) as lines:
            return [int(took) / 1000 for path, took in map(str.split, lines)
                    if path == "/users/%s.csv" % view]

    def _same_worker(self):
        if children(self.process.pid) != [self.worker]:
            raise BenchError("gunicorn's worker was replaced:\n" + self.log())
        return self.worker


class Nginx(Program):
    """nginx with the files of etc/nginx, but for the address of pgsluice and the folder of the logs."""

    name = "nginx"
    url = "http://localhost"

    def __init__(self, context, sluice, gunicorn):
        super().__init__(context)
        self.sluice = sluice
        self.gunicorn = gunicorn
        self.socket = self.path("socket")
        # Its workers have a user of their own when we are root.
        os.chmod(context.work, 0o711)
        os.chmod(self.directory, 0o711)

    def command(self):
        for name in ("pgsluice-http.conf", "pgsluice.conf", "pgsluice-proxy.conf"):
            with open(os.path.join(TOP, "etc", "nginx", name)) as sample:
                text = sample.read()
            self.write(name, text.replace("server 127.0.0.1:8080;", "server %s;" % self.sluice.address)
                       .replace("/var/log/nginx/", self.directory + "/"))
        temporary = "".join("%s_temp_path %s;\n" % (kind, self.path("tmp-" + kind))
                            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        self.write("nginx.conf", """\
daemon off; worker_processes 1; pid %s; error_log stderr notice;
events { }
http { %s include pgsluice-http.conf;
  server { listen unix:%s; include pgsluice.conf;
    location / { proxy_pass http://%s; proxy_http_version 1.1; proxy_read_timeout 1h; } } }
""" % (self.path("pid"), temporary, self.socket, self.gunicorn.address))
        return ["/usr/sbin/nginx", "-p", self.directory, "-c", self.path("nginx.conf"), "-e", "stderr"]

    def ready(self, log):
        return "start worker process " in log

    @property
    def via(self):
        """What curl needs to get here."""
        return ["--unix-socket", self.socket]
