#!/usr/bin/env python3
"""/openapi.json against the specification, and all operations by schemathesis: only `./check --full` runs this.

Wants the Python of tools/browser-env.
"""

import sys

from openapi_spec_validator import OpenAPIV31SpecValidator

from harness import *

EXPORTS = {
    "types": """-- title: Every control
-- param: day date = 2020-01-01   On or after this day
-- param: at timestamptz?
-- param: whole integer = 3
-- param: large bigint?
-- param: small smallint?
-- param: share numeric?
-- param: float float8?
-- param: yes boolean = off
-- param: ids integer[]?
-- param: key uuid?
-- param: word text

SELECT :'day'::date AS day, :'at'::timestamptz AS at, :'whole'::int AS whole, :'large'::bigint AS large, :'small'::int2 AS small,
       :'share'::numeric AS share, :'float'::float8 AS float, :'yes'::bool AS yes, :'ids'::int[] AS ids, :'key'::uuid AS key,
       :'word'::text AS word""",
    "plain": "SELECT 1 AS one",
}
TABLE = """CREATE TABLE IF NOT EXISTS open_orders (id integer PRIMARY KEY, total numeric(12,2), placed_at timestamptz, word text);
    INSERT INTO open_orders SELECT g, g, now(), 'w' FROM generate_series(1, 5) AS g ON CONFLICT DO NOTHING"""

# What must hold of every answer, whatever was asked.
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def serve():
    sql(TABLE)
    return Server(EXPORTS, {"exports": {"tables": "public.open_*"}})


@test
def the_document_keeps_to_the_specification():
    with serve() as s:
        OpenAPIV31SpecValidator(s.get("/openapi.json").json()).validate()


@test(deadline=600)
def no_request_that_the_document_allows_brings_an_answer_that_it_does_not():
    command = os.path.join(os.path.dirname(sys.executable), "schemathesis")
    with serve() as s:
        done = subprocess.run(
            [command, "run", s.url + "/openapi.json", "--checks", CHECKS, "--max-examples", "60", "--seed", "1", "--no-color",
             "--generation-database", "none", "--suppress-health-check", "all"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=s.workspace.directory, env=child_env({"NO_PROXY": "*", "no_proxy": "*"}))
        text = done.stdout.decode("utf-8", "replace")
        note(text)
        equal(done.returncode, 0, text[-6000:])
        matches(text, r"\d+ passed")
        states = {run["state"] for run in s.run_lines()}
        true("complete" in states, "some of the runs were whole")


main()
