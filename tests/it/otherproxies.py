"""HAProxy, Caddy and Apache with the samples of etc/, each before a pgsluice: only `./check --full` has them.

Ask with `curl(p.url + path, *p.via)`, for HTTP/2 with `*p.via_http2`; both are over TLS.
"""

import os
import re
import shutil
import socket
import subprocess

from proxies import Daemon, _accepts, _as_osuser
from tap import equal, true
from webapp import certificate


def program(name):
    return shutil.which(name) or "/usr/sbin/" + name


class Proxy(Daemon):
    """address: pgsluice's. version(): for tests that pin what a version does."""

    url = "https://localhost"

    def __init__(self, address):
        super().__init__()
        self.address = address
        self.crt, self.key, self.pem = certificate(self.path("localhost"))
        self.socket = self.path("socket")
        self.reach = ["--unix-socket", self.socket]

    @property
    def via(self):
        return (*self.reach, "--cacert", self.crt, "--http1.1")

    @property
    def via_http2(self):
        return (*self.reach, "--cacert", self.crt, "--http2")

    @classmethod
    def version(cls):
        """(major, minor)"""
        done = subprocess.run([program(cls.name), *cls.SHOW_VERSION], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        equal(done.returncode, 0, "%s: %r" % (cls.name, done.stdout))
        return tuple(map(int, re.search(r"(\d+)\.(\d+)", done.stdout.decode()).groups()))

    def log(self):
        """All that it has logged."""
        return self.output()


class HAProxy(Proxy):
    """http_2: offers HTTP/2 too, which the sample advises against."""

    name, SHOW_VERSION = "haproxy", ["-v"]

    def __init__(self, address, http_2=False):
        super().__init__(address)
        self.http_2 = http_2

    def start(self):
        # TCP, as the rate limit is for addresses; HAProxy inherits the socket, so that the port is ours for sure.
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            self.start_on(listener)

    def start_on(self, listener):
        self.reach = ["--connect-to", "localhost:443:127.0.0.1:%d" % listener.getsockname()[1]]
        changes = [("127.0.0.1:8080", self.address), ("bind :443", "bind fd@%d" % listener.fileno()),
                   ("/etc/haproxy/downloads.pem", self.pem)]
        if self.http_2:
            changes.append(("%s alpn http/1.1" % self.pem, "%s alpn h2,http/1.1" % self.pem))
        config = self.sample("haproxy/haproxy.cfg", *changes)
        # Clients wait in the socket's backlog until it serves, and are refused when it has ended.
        self.begin(_as_osuser([program("haproxy"), "-db", "-f", config], self.directory), lambda: True,
                   (listener.fileno(),))


class Caddy(Proxy):
    """application: what hands over with X-Accel-Redirect; its site is the one at the end of the sample."""

    name, SHOW_VERSION = "caddy", ["version"]

    def __init__(self, address, application=None):
        super().__init__(address)
        self.application = application

    def start(self):
        changes = [("127.0.0.1:8080", self.address), ("\n{\n", "\n{\nadmin off\nauto_https off\n"),
                   ("downloads.example.org {", "https://localhost {\nbind unix/%s\ntls %s %s\n" % (
                       self.socket, self.crt, self.key))]
        config = self.sample("caddy/Caddyfile", *changes)
        if self.application:
            with open(config, encoding="utf-8") as f:
                text, found, handing = f.read().partition("#\n#\treverse_proxy")
            true(found and "respond 404" in text, "the sample has an end for X-Accel-Redirect")
            site = re.sub(r"(?m)^#", "", found + handing).replace("127.0.0.1:8000", self.application.address)
            self.write("Caddyfile", text.replace("respond 404", site))
        home = ["%s=%s" % (name, self.directory) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")]
        command = ["env", *home, program("caddy"), "run", "--config", config, "--adapter", "caddyfile"]
        self.begin(_as_osuser(command, self.directory), lambda: _accepts(self.socket))


class Apache(Proxy):
    """Apache listens on TCP only, and cannot choose a port by itself."""

    name, SHOW_VERSION = "apache2", ["-v"]
    url = "https://localhost"
    MODULES = ("mpm_event authz_core authz_host ssl socache_shmcb http2 proxy proxy_http setenvif headers env "
               "deflate filter")

    def start(self):
        for attempt in range(5):
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]
            try:
                return self.start_on_port()
            except AssertionError:
                # Somebody was faster than Apache.
                if attempt == 4 or "Address already in use" not in self.output():
                    raise

    def start_on_port(self):
        self.reach = ["--connect-to", "localhost:443:127.0.0.1:%d" % self.port]
        modules = "".join("LoadModule %s_module /usr/lib/apache2/modules/mod_%s.so\n" % (m, m)
                          for m in self.MODULES.split())
        sample = self.sample("apache/pgsluice.conf", ("127.0.0.1:8080", self.address),
                             ("${APACHE_LOG_DIR}/", self.path("log-")))
        config = self.write("apache2.conf", """
            ServerRoot %s
            PidFile pid
            ServerName localhost
            Listen 127.0.0.1:%d
            ErrorLog %s
            AcceptPathInfo On
            %s
            <VirtualHost *:%d>
                SSLEngine on
                SSLCertificateFile %s
                SSLCertificateKeyFile %s
                Protocols h2 http/1.1
                AddOutputFilterByType DEFLATE text/csv
                Include %s
            </VirtualHost>
            """ % (self.directory, self.port, self.path("error"), modules, self.port, self.crt, self.key, sample))
        self.begin(_as_osuser([program("apache2"), "-D", "FOREGROUND", "-f", config], self.directory), self.listens)

    def listens(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def output(self):
        return super().output() + self.file("error")

    def log(self):
        return self.file("log-access.log") + self.output()

    def file(self, name):
        try:
            with open(self.path(name), errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""
