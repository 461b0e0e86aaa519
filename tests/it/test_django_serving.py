#!/usr/bin/env python3
"""Django as it is served: gunicorn with one worker, and ASGI, behind nginx with the files of etc/nginx; the database
behind pgbouncer in transaction pooling for Django and for pgsluice.

DJANGO_PYTHON names the interpreter with Django, gunicorn and uvicorn; default is Debian's.
"""

import re
import time

import ticketing
from harness import *
from peers import *
from proxies import Daemon, SampleNginx
from tap import SLOW, TOP

PYTHON = os.environ.get("DJANGO_PYTHON") or "/usr/bin/python3"
ROWS = 20000
ITEMS = """SELECT id, name, price, made_at FROM site_item ORDER BY id"""
AT_ONCE = 8
# Far under the time that the exports take, far over what a health view takes on a busy machine.
HEALTH_SECONDS = 2


def setup():
    ticketing.make_login()
    sql("""CREATE TABLE site_item (id bigint PRIMARY KEY, name varchar(80) NOT NULL, price numeric(10, 2) NOT NULL,
                                   made_at timestamptz);
           INSERT INTO site_item SELECT i, 'item "' || i || '", ' || repeat('x', 50), i / 100.0,
               CASE WHEN i %% 3 > 0 THEN timestamptz '2026-01-02 03:04:05Z' + i * interval '1 second' END
           FROM generate_series(1, %d) AS i;
           GRANT SELECT ON site_item TO %s""" % (ROWS, ticketing.LOGIN))


def as_python_writes_them():
    """What csv.writer makes of the rows that psycopg2 returns, from COPY: here only the ends of lines, and how the
    time zone is written, differ."""
    return re.sub(rb"\+00\r", b"+00:00\r", copy(ITEMS).replace(b"\n", b"\r\n"))


class Application(Daemon):
    """The project of djangosite.py in a server with one process; .address is for nginx."""

    def __init__(self, server, bouncer, tickets, public=None):
        super().__init__()
        self.name = server
        self.environment = {
            "PYTHONPATH": ":".join([os.path.join(TOP, "django"), os.path.join(TOP, "tests", "it")]),
            "PYTHONDONTWRITEBYTECODE": "1", "SITE_DSN_HOST": bouncer.directory, "SITE_DSN_PORT": "6432",
            "SITE_TICKETS": tickets, "SITE_SECRET": ticketing.SECRET, **({"SITE_PUBLIC": public} if public else {}),
        }

    COMMANDS = {
        "gunicorn": ["--workers", "1", "--worker-class", "sync", "--bind", "127.0.0.1:0", "djangosite:wsgi"],
        "uvicorn": ["--host", "127.0.0.1", "--port", "0", "--lifespan", "off", "djangosite:asgi"],
    }

    def start(self):
        variables = ["%s=%s" % pair for pair in self.environment.items()]
        self.begin(["env", *variables, PYTHON, "-m", self.name, *self.COMMANDS[self.name]], self._listens)

    def _listens(self):
        found = re.search(r"(?:Listening at:|running on) http://(127\.0\.0\.1:\d+)", self.output())
        if found:
            self.address = found.group(1)
        # gunicorn listens before it has a worker.
        return found and (self.name != "gunicorn" or "Booting worker" in self.output())


class Chain:
    """pgbouncer, pgsluice, an application server and nginx; ask with .fetch(path)."""

    def __init__(self, server, redirect=False):
        self.server, self.redirect = server, redirect

    def __enter__(self):
        self.bouncer = PgBouncer(pool_size=AT_ONCE + 2)
        # pgbouncer knows nobody but whom it is told of.
        self.bouncer.settings["auth_file"] = self.bouncer.write(
            "logins", '"postgres" ""\n"%s" ""\n' % ticketing.LOGIN)
        self.bouncer.__enter__()
        dsn = self.bouncer.dsn.replace("user=postgres", "user=" + ticketing.LOGIN)
        self.sluice = ticketing.server(config={"database": {**PATIENT, "dsn": self.bouncer.dsn}}, dsn=dsn)
        self.sluice.__enter__()
        tickets = "unix:" + self.sluice.workspace.path("tickets.sock")
        self.app = Application(self.server, self.bouncer, tickets, SampleNginx.url if self.redirect else None)
        self.app.__enter__()
        self.nginx = SampleNginx(self.sluice.address, self.app)
        self.nginx.__enter__()
        return self

    def __exit__(self, *trouble):
        for one in (self.nginx, self.app, self.sluice, self.bouncer):
            one.__exit__(*trouble)

    def fetch(self, path, *more, http2=False):
        url, via = (self.nginx.secure, self.nginx.via_http2) if http2 else (self.nginx.url, self.nginx.via)
        return curl(url + path, *via, *more)


def headers(head, name):
    """The values of a header in the last answer that curl has, after redirects."""
    last = head.replace("\r", "").rstrip("\n").split("\n\n")[-1]
    return [line.split(":", 1)[1].strip() for line in last.splitlines() if line.lower().startswith(name + ":")]


WAYS = {
    "gunicorn_accel": ("gunicorn", False, False),
    "gunicorn_accel_http_2": ("gunicorn", False, True),
    "gunicorn_303": ("gunicorn", True, False),
    "uvicorn_accel": ("uvicorn", False, False),
    "uvicorn_303": ("uvicorn", True, False),
}


@each(**WAYS)
def an_export_arrives_whole(server, redirect, http2):
    with Chain(server, redirect) as chain:
        for _ in range(2):
            c = chain.fetch("/items.csv", *(["-L"] if redirect else []), http2=http2)
            equal(c.wait(), 0, c.head)
            equal(c.body, as_python_writes_them())
            # Names with a comma or a quote show whether one is taken apart or doubled.
            disposition, = headers(c.head, "content-disposition")
            contains(disposition, "items, all.csv")
            equal(len(headers(c.head, "content-type")), 1)
            equal(len(headers(c.head, "cache-control")), 1)
            (equal if redirect else lacks)(*((c.head.count(" 303 "), 1) if redirect else (c.head, " 303 ")))
            receipt = chain.sluice.receipt(c.run_id)
            equal((receipt["state"], receipt["rows"], receipt["bytes"]), ("complete", ROWS, len(c.body)), receipt)


@each(**WAYS)
def a_killed_backend_is_a_failure_for_the_client(server, redirect, http2):
    with Chain(server, redirect) as chain, Gate(7) as gate:
        c = chain.fetch("/gated.csv", *(["-L"] if redirect else []), http2=http2)
        pid, = gate.reached()
        eventually(lambda: c.body, 10, "curl has its first rows")
        sql("SELECT pg_terminate_backend(%d)" % pid)
        equal(c.wait(), 92 if http2 else 18, "exit code of curl: " + c.head)
        true(c.body.count(b"\r\n") < ROWS, "the file is not whole")
        receipt = chain.sluice.receipt(c.run_id)
        equal((receipt["state"], receipt["error"]["kind"]), ("failed", "db_lost"), receipt)


@each(gunicorn="gunicorn", uvicorn="uvicorn")
def a_health_view_answers_beside_eight_exports(server):
    with Chain(server) as chain, Gate(7) as gate:
        clients = [chain.fetch("/gated.csv") for _ in range(AT_ONCE)]
        gate.reached(AT_ONCE)
        for _ in range(5):
            started = time.monotonic()
            c = chain.fetch("/health")
            equal((c.wait(), c.body), (0, b"well\n"), c.head)
            took = time.monotonic() - started
            true(took < HEALTH_SECONDS * SLOW, "the health view took %.2f s" % took)
        equal(len(gate.waiting()), AT_ONCE, "all exports are still running")
        gate.open()
        sizes = set()
        for c in clients:
            equal(c.wait(), 0, c.head)
            sizes.add(len(c.body))
        equal(len(sizes), 1, "all files are the same")


@test
def a_client_that_leaves_ends_its_query():
    with Chain("gunicorn") as chain, Gate(7) as gate:
        c = chain.fetch("/gated.csv")
        pids = gate.reached()
        c.kill()
        gone_soon(pids)


@test
def pgsluice_that_is_gone_is_an_error_and_no_file():
    with Chain("gunicorn") as chain:
        chain.sluice.stop()
        c = chain.fetch("/items.csv")
        equal(c.wait(), 0, c.head)
        matches(c.head, r"^HTTP/1\.1 50[0-9] ")
        equal(headers(c.head, "content-disposition"), [])
        c = chain.fetch("/health")
        equal((c.wait(), c.body), (0, b"well\n"), c.head)


main(setup=setup)
