"""Programs between a client and the database: web servers and pgbouncer, each with a directory of its own."""

import os
import shutil
import socket
import subprocess
import tempfile

from harness import child_env
from tap import SLOW, TOP, at_end, equal, eventually, true
from webapp import certificate


def _as_osuser(command, directory):
    """Runs a program that refuses root as PostgreSQL's user, to whom the directory then belongs."""
    user = os.environ.get("SL_PG_OSUSER") or "nobody"
    if os.geteuid() != 0:
        return command
    shutil.chown(directory, user)
    for name in os.listdir(directory):
        shutil.chown(os.path.join(directory, name), user)
    gid = subprocess.run(["id", "-g", user], stdout=subprocess.PIPE, check=True).stdout.decode().strip()
    return ["setpriv", "--reuid=" + user, "--regid=" + gid, "--clear-groups", "--"] + command


class Daemon:
    """A program in the foreground with a directory of its own, for the length of a with statement."""

    name = "daemon"

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="sl-it-")
        at_end(lambda: shutil.rmtree(self.directory, ignore_errors=True))
        self.process = None

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        with open(self.path(name), "w") as f:
            f.write(text)
        return self.path(name)

    def sample(self, name, *changes):
        """Copies a file of etc/ here with these (old, new) texts exchanged; each old one must be there."""
        with open(os.path.join(TOP, "etc", name), encoding="utf-8") as f:
            text = f.read()
        for old, new in changes:
            true(old in text, "%s lacks %r" % (name, old))
            text = text.replace(old, new)
        return self.write(os.path.basename(name), text)

    def begin(self, command, ready, pass_fds=()):
        with open(self.path("output"), "wb") as output:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                            cwd=self.directory, env=child_env(), pass_fds=pass_fds)
        at_end(self.end)
        def up():
            true(self.process.poll() is None, "%s ended: %s" % (self.name, self.output()))
            return ready()
        eventually(up, 10, "%s is ready" % self.name)

    def output(self):
        with open(self.path("output"), errors="replace") as f:
            return f.read()

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *trouble):
        self.end()


def _accepts(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        try:
            s.connect(path)
        except OSError:
            return False
    return True


class PgBouncer(Daemon):
    """pgbouncer in transaction pooling before the private PostgreSQL; .dsn is how to get in."""

    name = "pgbouncer"

    def __init__(self, pool_size=2, users=("postgres",), **settings):
        super().__init__()
        self.pool_size, self.users, self.settings = pool_size, users, settings

    def start(self):
        lines = ["[databases]", "* = host=%s" % os.environ["PGHOST"], "[pgbouncer]"]
        settings = {
            "listen_addr": "", "listen_port": "6432", "unix_socket_dir": self.directory, "auth_type": "trust",
            "auth_file": self.write("users", "".join('"%s" ""\n' % u for u in self.users)), "pool_mode": "transaction",
            "default_pool_size": self.pool_size, "max_client_conn": 100, "admin_users": "postgres",
            "server_idle_timeout": 600, **self.settings,
        }
        config = self.write("pgbouncer.ini", "\n".join(lines + ["%s = %s" % kv for kv in settings.items()]) + "\n")
        self.dsn = "host=%s port=6432 user=postgres dbname=postgres" % self.directory
        self.begin(_as_osuser([shutil.which("pgbouncer") or "/usr/sbin/pgbouncer", config], self.directory),
                   lambda: _accepts(self.path(".s.PGSQL.6432")))

    def sql(self, text):
        """psql through the pooler."""
        done = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", text, self.dsn],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60 * SLOW)
        equal(done.returncode, 0, "psql through pgbouncer: %r" % done.stderr)
        return done.stdout.decode().rstrip("\n")


class Nginx(Daemon):
    """nginx before a pgsluice, on a Unix socket: ask it with `curl(nginx.url + path, *nginx.via)`."""

    name = "nginx"
    url = "http://localhost"

    MODERN = 'proxy_http_version 1.1; proxy_set_header Connection "";'

    def __init__(self, server, location, listen=""):
        super().__init__()
        self.server, self.location, self.listen = server, location, listen

    def start(self):
        self.socket = self.path("socket")
        self.via = ("--unix-socket", self.socket)
        temporary = "".join("%s_temp_path %s;\n" % (kind, self.path("tmp-" + kind))
                            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        config = self.write("nginx.conf", """
            daemon off; worker_processes 1; pid %s; error_log stderr info;
            events { worker_connections 64; }
            http { access_log off; %s
              upstream pgsluice { server %s; keepalive 8; }
              server { listen unix:%s %s; location / { proxy_pass http://pgsluice; %s } } }
            """ % (self.path("pid"), temporary, self.server.address, self.socket, self.listen, self.location))
        command = [shutil.which("nginx") or "/usr/sbin/nginx", "-p", self.directory, "-c", config, "-e", "stderr"]
        self.begin(_as_osuser(command, self.directory), lambda: _accepts(self.socket))


class SampleNginx(Daemon):
    """nginx with the files of etc/nginx in front of a pgsluice and, where one is given, an application.

    It listens on two Unix sockets: ask with `curl(nginx.url + path, *nginx.via)`, for HTTP/2 with
    `curl(nginx.secure + path, *nginx.via_http2)`. changes: {name of the file: [(old, new), ...]}.
    """

    name = "nginx"
    url = "http://localhost"
    secure = "https://localhost"

    def __init__(self, address, application=None, changes=None, server=""):
        super().__init__()
        self.address, self.application, self.changes, self.server = address, application, changes or {}, server

    def start(self):
        crt, key, _ = certificate(self.path("localhost"))
        plain, tls = self.path("plain"), self.path("tls")
        self.via = ("--unix-socket", plain, "--http1.1")
        self.via_http2 = ("--unix-socket", tls, "--cacert", crt, "--http2")
        logs = ("/var/log/nginx/", self.path("log-"))
        for name, always in (("pgsluice-http.conf", [("127.0.0.1:8080", self.address)]),
                             ("pgsluice.conf", [logs]), ("pgsluice-proxy.conf", [])):
            self.sample("nginx/" + name, *always, *self.changes.get(name, ()))
        temporary = "".join("%s_temp_path %s;\n" % (kind, self.path("tmp-" + kind))
                            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        site = "proxy_pass http://%s;" % self.application.address if self.application else "return 404;"
        config = self.write("nginx.conf", """
            daemon off; worker_processes 1; pid %s; error_log stderr info;
            events { worker_connections 64; }
            http { %s include pgsluice-http.conf;
              server { listen unix:%s; listen unix:%s ssl http2; ssl_certificate %s; ssl_certificate_key %s;
                %s include pgsluice.conf; location / { %s } } }
            """ % (self.path("pid"), temporary, plain, tls, crt, key, self.server, site))
        command = [shutil.which("nginx") or "/usr/sbin/nginx", "-p", self.directory, "-c", config, "-e", "stderr"]
        self.begin(_as_osuser(command, self.directory), lambda: _accepts(plain) and _accepts(tls))

    def log(self, name):
        """What stands in access.log or error.log."""
        with open(self.path("log-" + name), errors="replace") as f:
            return f.read()
