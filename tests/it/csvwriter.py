"""What Python prints for a query: csv.writer over the rows of psycopg2, as Django's own export does it."""

import json
import subprocess

from harness import PINNED, equal

# psycopg2 is there for the distribution's own Python.
PYTHON = "/usr/bin/python3"
ORACLE = """
import csv, io, json, sys
import psycopg2, psycopg2.extras
job = json.load(sys.stdin)
connection = psycopg2.connect("")
psycopg2.extras.register_uuid(conn_or_curs=connection)
cursor = connection.cursor()
for name, value in job["settings"].items():
    cursor.execute("SELECT set_config(%s, %s, false)", (name, value))
cursor.execute(job["query"])
out = io.StringIO(newline="")
writer = csv.writer(out, **job["options"])
writer.writerow([column.name for column in cursor.description])
for row in cursor:
    writer.writerow(row)
sys.stdout.buffer.write(out.getvalue().encode())
"""


def python(query, timezone="UTC", **options):
    """The bytes; options are those of csv.writer."""
    job = {"query": query, "settings": {**PINNED, "timezone": timezone}, "options": options}
    done = subprocess.run([PYTHON, "-c", ORACLE], input=json.dumps(job).encode(), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    equal(done.returncode, 0, "the oracle: " + done.stderr.decode())
    return done.stdout
