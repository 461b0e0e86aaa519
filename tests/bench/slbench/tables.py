"""The tables of the bench: their SQL, and building them at a scale.

Every value is computed from the row's number, so that two builds are the same.
"""
import time

from .measure import BenchError
from .report import progress, number

# Fourteen columns like auth_user and what a shop adds to it. One note in ten
# needs quoting; a third of the notes, and a fifth of last_login, are NULL.
USERS = """
SELECT i::bigint AS id,
       'pbkdf2_sha256$260000$' || substr(md5(i::text), 1, 22) || '$'
           || encode(sha256(i::text::bytea), 'base64') AS password,
       CASE WHEN i % 5 <> 0 THEN timestamptz '2021-01-01 00:00:00Z'
           + i * interval '31.415927 seconds' END AS last_login,
       i % 1000 = 0 AS is_superuser,
       'user_' || i AS username,
       (ARRAY['Anna','Ben','Chloé','David','Elif','François','Grace','Hiroshi',
              'Ingrid','João','Katarzyna','Liam'])[1 + i % 12] AS first_name,
       (ARRAY['Schmidt','O''Neill','Müller','Rossi','Nowak','Svensson','García',
              'Yamamoto','Dubois','Papadopoulos','Kim'])[1 + i / 7 % 11] AS last_name,
       'user_' || i || '@mail' || i % 40 || '.example.org' AS email,
       i % 50 = 0 AS is_staff,
       i % 17 <> 0 AS is_active,
       timestamptz '2019-06-01 12:00:00Z' + i * interval '7.123457 seconds' AS date_joined,
       (i * 7919 % 10000000 / 100.0)::numeric(12,2) AS balance,
       md5('user' || i)::uuid AS external_id,
       CASE WHEN i % 10 = 0 THEN 'asked for "express", then cancelled'
            WHEN i % 3 <> 0 THEN 'prefers invoices by e-mail, ref. '::text
                || substr(md5(i::text), 1, 8) END AS note
  FROM generate_series(1, {rows}::bigint) AS i
"""

NUMBERS = """
SELECT i::bigint AS id,
       (i * 7919 % 2000003)::int AS customer_id,
       (i % 97)::int AS quantity,
       sin(i) * 1000 AS measure,
       timestamptz '2015-01-01 00:00:00Z' + i * interval '31.415927 seconds' AS measured_at
  FROM generate_series(1, {rows}::bigint) AS i
"""

INTEGERS = """
SELECT i::bigint AS id,
       (i * 7919 % 2000003)::int AS customer_id,
       (i % 1009)::int AS product_id,
       (i % 13 - 6)::int AS delta,
       (i * 104729 % 1000000007)::int AS reference,
       (i / 100)::int AS batch
  FROM generate_series(1, {rows}::bigint) AS i
"""

WIDE = """
SELECT i::bigint AS id, repeat(md5(i::text), 32768) AS body
  FROM generate_series(1, {rows}::bigint) AS i
"""

# The narrow rows come first: what a fetch may hold is learned on them.
MIXED = """
SELECT i::bigint AS id,
       CASE WHEN i > {rows} / 101 * 100 THEN repeat(md5(i::text), 32768)
            ELSE 'narrow' END AS body
  FROM generate_series(1, {rows}::bigint) AS i
 ORDER BY i
"""

# name: (query, rows at full size, fewest rows at any scale)
TABLES = {
    "bench_users": (USERS, 5000000, 1000),
    "bench_users_500k": (USERS, 500000, 1000),
    "bench_users_50k": (USERS, 50000, 1000),
    "bench_numbers": (NUMBERS, 10000000, 1000),
    "bench_integers": (INTEGERS, 5000000, 1000),
    "bench_wide": (WIDE, 2000, 100),
    "bench_mixed": (MIXED, 20200, 2020),
}

NEEDED_BY = {
    "speed": ["bench_users", "bench_numbers", "bench_integers"],
    "compression": ["bench_users"],
    "formats": ["bench_users", "bench_numbers"],
    "ttfb": ["bench_users"],
    "memory": ["bench_users", "bench_users_50k", "bench_wide", "bench_mixed"],
    "catalogue": [],
    "django": ["bench_users_500k"],
    "status": (),
}


def query(table):
    """The query of the export and of COPY: columns by name, as people write it."""
    columns = [line.rsplit(" AS ", 1)[1].strip(" ,") for line in
               TABLES[table][0].split("FROM generate_series")[0].splitlines()
               if " AS " in line]
    return "SELECT %s FROM %s" % (", ".join(columns), table)


def build(database, needed, scale):
    for table in TABLES:
        if table in needed:
            _build_one(database, table, scale)


def _build_one(database, table, scale):
    template, rows, fewest = TABLES[table]
    rows = max(fewest, round(rows * scale))
    mark = "bench: %d rows" % rows
    if database.value("SELECT obj_description(to_regclass('%s'))" % table) == mark:
        progress("table %s: there already" % table)
        return
    started = time.monotonic()
    database.script([
        "DROP TABLE IF EXISTS %s" % table,
        "CREATE UNLOGGED TABLE %s AS %s" % (table, template.format(rows=rows)),
        "ALTER TABLE %s ADD PRIMARY KEY (id)" % table,
        "VACUUM (ANALYZE) %s" % table,
        "COMMENT ON TABLE %s IS '%s'" % (table, mark),
    ])
    if int(database.value("SELECT count(*) FROM %s" % table)) != rows:
        raise BenchError("table %s has not the rows that it was given" % table)
    size = int(database.value("SELECT pg_table_size('%s')" % table))
    progress("table %s: %s rows, %d MB on disk, built in %.0f s"
             % (table, number(rows), size >> 20, time.monotonic() - started))
