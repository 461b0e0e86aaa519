#!/usr/bin/env python3
"""Row-level security sees the caller: two users, one export, no row of the other, whatever the parameters."""

import hashlib
import time
from urllib.parse import urlencode

from django_signing import KEY, dumps_all
from harness import *

SETUP = """
DROP TABLE IF EXISTS it_notes, it_setting_notes;
DROP ROLE IF EXISTS it_ann, it_bob, it_app;
CREATE ROLE it_ann; CREATE ROLE it_bob; CREATE ROLE it_app;
CREATE TABLE it_notes (id int PRIMARY KEY, owner name, body text);
INSERT INTO it_notes SELECT i, CASE WHEN i % 2 = 0 THEN 'it_ann' ELSE 'it_bob' END,
    'of ' || CASE WHEN i % 2 = 0 THEN 'ann ' ELSE 'bob ' END || i FROM generate_series(1, 40) AS i;
CREATE TABLE it_setting_notes AS TABLE it_notes;
ALTER TABLE it_notes ENABLE ROW LEVEL SECURITY;
ALTER TABLE it_setting_notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON it_notes USING (owner = current_user);
CREATE POLICY own ON it_setting_notes USING (owner = current_setting('pgsluice.user'));
GRANT SELECT ON it_notes TO it_ann, it_bob;
GRANT SELECT ON it_setting_notes TO it_app;
"""

HEADER = """-- param: id int?
-- param: owner text?
-- param: search text?
%s
SELECT id, owner, body FROM %s
WHERE (:id IS NULL OR id = :id) AND (:'owner' IS NULL OR owner = :'owner') AND (:'search' IS NULL OR body LIKE :'search')
ORDER BY id
"""
EXPORTS = {
    "notes": HEADER % ("", "it_notes"),
    "setting_notes": HEADER % ("-- role: it_app\n", "it_setting_notes"),
    "user": "SELECT current_user AS who, current_setting('pgsluice.user', true) AS u",
}

# What a caller may come upon; the values are text to PostgreSQL, and nothing else.
ATTEMPTS = [
    {}, {"owner": "it_bob"}, {"owner": "it_ann"}, {"search": "%"}, {"search": "of bob%"}, {"id": "1"}, {"id": "2"}, {"id": " 3 "},
    {"owner": "x' OR 'a'='a"}, {"owner": "it_bob' --"}, {"search": "%'; SET ROLE it_bob; --"}, {"search": "%' OR true OR body LIKE '%"},
    {"owner": "it_bob", "search": "%bob%"}, {"search": "\\"},  # which LIKE refuses
    {"search": "$1"}, {"owner": ":owner"},
    {"search": "%') UNION SELECT id, owner, body FROM it_notes --"}, {"owner": "${jndi:x}"}, {"id": "1", "owner": "it_bob", "search": "_f%"},
    {"owner": "current_user"}, {"owner": "set_config('pgsluice.user','it_bob',true)"},
]

USERS = {"it_ann": (b"of ann", b"of bob"), "it_bob": (b"of bob", b"of ann")}


def digest(token):
    return hashlib.sha256(token.encode()).hexdigest()


def server():
    config = {"access": {"anonymous": "off", "grant_key": KEY, "grant_roles": "it_*"}, "database": {"max_exports": 2}}
    for user in USERS:
        config["token " + user] = {"sha256": digest(user), "exports": "notes, user", "role": user}
    sql(SETUP)
    return Server(EXPORTS, config)


def all_granted(export, all_params, **members):
    exp = int(time.time()) + 300
    return ["/grants/" + token
            for token in dumps_all([{"export": export, "params": p, "exp": exp, **members} for p in all_params])]


def granted(export, params, **members):
    return all_granted(export, [params], **members)[0]


def only_their_own(ask):
    """ask(user, attempt) for every user in turn, on the same connections to the database, with every attempt."""
    seen = {user: 0 for user in USERS}
    for i, params in enumerate(ATTEMPTS):
        for user, (own, others) in USERS.items():
            r = ask(user, i)
            true(r.status == 200 or params["search"] == "\\", "%s %r: %r" % (user, params, r))
            true(others not in r.body, "%s %r sees %r" % (user, params, r.body))
            seen[user] += r.body.count(own)
    for user, n in seen.items():
        true(n >= 60, "%s has seen %d rows: the test shows nothing" % (user, n))


@test
def the_login_itself_would_see_both():
    with server() as s:
        body = s.get(granted("notes", {})).body
        equal((body.count(b"of ann"), body.count(b"of bob")), (20, 20), "a superuser, without a role")


@test
def the_role_of_a_grant_sees_its_rows_only():
    with server() as s:
        urls = {user: all_granted("notes", ATTEMPTS, role=user) for user in USERS}
        only_their_own(lambda user, i: s.get(urls[user][i]))


@test
def the_setting_of_a_grant_sees_its_rows_only():
    with server() as s:
        urls = {user: all_granted("setting_notes", ATTEMPTS, settings={"pgsluice.user": user}) for user in USERS}
        only_their_own(lambda user, i: s.get(urls[user][i]))


@test
def the_role_of_a_token_sees_its_rows_only():
    with server() as s:
        only_their_own(lambda user, i: s.get("/exports/notes.csv?" + urlencode(ATTEMPTS[i]), {"Authorization": "Bearer " + user}))


@test
def without_a_role_or_setting_a_policy_shows_nothing():
    with server() as s:
        for _ in range(2):
            # current_setting() of what is not set is an error of the policy, and was not set by the others.
            problem(s.get(granted("setting_notes", {})), 500, "sql", sqlstate="42704")
            equal(s.get(granted("setting_notes", {}, settings={"pgsluice.user": "it_ann"})).body.count(b"of ann"), 20)
        equal(s.get(granted("setting_notes", {}, settings={"pgsluice.user": "it_eve"})).body, b"id,owner,body\n")
        equal(s.get(granted("setting_notes", {}, settings={"pgsluice.user": ""})).body, b"id,owner,body\n")


@test
def nothing_of_a_caller_stays_for_the_next():
    with server() as s:
        for _ in range(4):
            equal(s.get(granted("user", {}, role="it_ann", settings={"pgsluice.user": "ann"})).body, b"who,u\nit_ann,ann\n")
            equal(s.get(granted("user", {})).body, b"who,u\npostgres,\n")
            equal(s.get(granted("user", {}, role="it_bob")).body, b"who,u\nit_bob,\n")
            equal(s.get("/exports/user.csv", {"Authorization": "Bearer it_ann"}).body, b"who,u\nit_ann,\n")


@test
def nobody_changes_who_they_are_by_the_url():
    with server() as s:
        for more in ("role=it_bob", "settings=x", "pgsluice.user=it_bob", "_role=it_bob", "owner=it_bob"):
            url = granted("notes", {}, role="it_ann") + "?" + more
            equal(s.get(url).status, 400, more)
        for more in ("role=it_bob", "pgsluice.user=it_bob", "_role=it_bob"):
            equal(s.get("/exports/notes.csv?" + more, {"Authorization": "Bearer it_ann"}).status, 400, more)


main()
