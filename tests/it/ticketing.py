"""Tickets for the tests: a server with the listener of the application, and how to post one."""

import json

from answers import Response, UnixConnection
from database import sql
from harness import Server
from tap import SLOW, equal, matches

SECRET = "0123456789abcdef0123456789abcdef"
LOGIN = "ticket_login"
BEARER = {"Authorization": "Bearer " + SECRET}


def make_login():
    """The login that tickets run as; once for a test program."""
    sql("CREATE ROLE %s LOGIN" % LOGIN)


def server(exports=None, config=None, *, dsn="user=%s" % LOGIN, **more):
    config = {**(config or {}), "tickets": {"listen": "unix:tickets.sock", "secret": SECRET, "dsn": dsn}}
    return Server(exports or {"small": "SELECT 1 AS one"}, config, **more)


def connection(s):
    return UnixConnection(s.workspace.path("tickets.sock"), 60 * SLOW)


def send(s, ticket, headers=BEARER, path="/tickets", method="POST", on=None):
    """POST /tickets: an object, or the bytes as they are; returns a Response."""
    body = ticket if isinstance(ticket, bytes) else json.dumps(ticket).encode()
    c = on or connection(s)
    try:
        c.request(method, path, body, headers or {})
        r = c.getresponse()
        return Response(r.status, r.headers, r.read(), None, r.version)
    finally:
        if on is None:
            c.close()


def post(s, sql_text, **members):
    """Posts a ticket that must be taken; returns its path."""
    r = send(s, {"sql": sql_text, **members})
    equal(r.status, 201, "POST /tickets: %r" % r)
    matches(r.json()["path"], r"^/tickets/[A-Za-z0-9_-]{22,}$")
    return r.json()["path"]


def connection_socket(s):
    """A plain connected socket of the tickets listener."""
    c = connection(s)
    c.connect()
    return c.sock
