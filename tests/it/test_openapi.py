#!/usr/bin/python3
"""/openapi.json: whole, true to what the service does, and every operation of it answers."""

import hashlib
import urllib.parse

from harness import *

EXPORTS = {
    "orders": """-- title: "Orders" <of the> shop
-- description: One line per order
-- param: since date = 2020-01-01   On or after this day
-- param: at timestamptz?
-- param: least integer = 3
-- param: share numeric?
-- param: paid boolean = off
-- param: ids integer[]?
-- param: key uuid?
-- param: country text   ISO code

SELECT :'country'::text AS country, :'since'::date AS since, :'at'::timestamptz AS at, :'least'::int AS least,
       :'share'::numeric AS share, :'paid'::bool AS paid, :'ids'::int[] AS ids, :'key'::uuid AS key""",
    "plain-1": "SELECT 1 AS one",
}

# One value for each schema that a parameter may have.
EXAMPLES = {"date": "2026-02-03", "date-time": "2026-02-03T10:00:00Z", "int32": "7", "uuid": "6e0f3f9c-9a0a-4a5c-8d53-0d7c3b1a2f10"}
BY_TYPE = {"integer": "7", "number": "1.5", "boolean": "true", "string": "a"}


def document(s, headers=None):
    r = s.get("/openapi.json", headers or {})
    equal((r.status, r["Content-Type"]), (200, "application/json"))
    return r.json()


def resolve(d, part):
    while "$ref" in part:
        matches(part["$ref"], r"^#/")
        target = d
        for name in part["$ref"][2:].split("/"):
            target = target[name]
        part = target
    return part


def references(part):
    if isinstance(part, dict):
        if "$ref" in part:
            yield part
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def operations(d):
    for path, item in d["paths"].items():
        for method in ("get", "delete"):
            if method in item:
                yield path, method, item[method], item.get("parameters", []) + item[method].get("parameters", [])


def fits(d, schema, value, where="value"):
    """The part of JSON Schema that the document uses."""
    schema = resolve(d, schema)
    if "enum" in schema:
        true(value in schema["enum"], "%s: %r is none of %r" % (where, value, schema["enum"]))
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None), "number": (int, float)}
    if "type" in schema:
        allowed = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        true(any(isinstance(value, kinds[kind]) for kind in allowed), "%s: %r is no %r" % (where, value, allowed))
    if isinstance(value, dict):
        for name in schema.get("required", []):
            true(name in value, "%s has no %s" % (where, name))
        for name, one in value.items():
            if "properties" in schema:
                true(name in schema["properties"], "%s has %s, which the document does not name" % (where, name))
                fits(d, schema["properties"][name], one, where + "." + name)
    if isinstance(value, list) and "items" in schema:
        for one in value:
            fits(d, schema["items"], one, where + "[]")


@test
def the_document_is_whole():
    with Server(EXPORTS) as s:
        d = document(s)
        equal(d["openapi"], "3.1.0")
        for part in references(d):
            resolve(d, part)
        ids = [operation["operationId"] for _, _, operation, _ in operations(d)]
        equal(len(ids), len(set(ids)), "an operationId is there once")
        for path, _, operation, parameters in operations(d):
            parameters = [resolve(d, p) for p in parameters]
            equal(sorted(re.findall(r"\{(\w+)\}", path)), sorted(p["name"] for p in parameters if p["in"] == "path"), path)
            names = [(p["in"], p["name"]) for p in parameters]
            equal(len(names), len(set(names)), path)
            true(all("schema" in p and p.get("required", False) in (True, False) for p in parameters), path)
            true({"200", "default"} <= set(operation["responses"]), path)


@test
def an_export_has_its_parameters_with_their_types():
    with Server(EXPORTS) as s:
        d = document(s)
        operation = d["paths"]["/exports/orders.{format}"]["get"]
        equal((operation["summary"], operation["description"]), ('"Orders" <of the> shop', "One line per order"))
        found = {p["name"]: p for p in map(lambda p: resolve(d, p), operation["parameters"])}
        own = {name: p["schema"] for name, p in found.items() if p["in"] == "query" and not name.startswith("_")}
        equal({name: (schema["type"], schema.get("format"), schema.get("default")) for name, schema in own.items()}, {
            "since": ("string", "date", "2020-01-01"), "at": ("string", "date-time", None), "least": ("integer", "int32", 3),
            "share": ("number", None, None), "paid": ("boolean", None, False), "ids": ("string", None, None),
            "key": ("string", "uuid", None), "country": ("string", None, None)})
        equal([name for name in own if found[name].get("required")], ["country"])
        contains(found["since"]["description"], "On or after this day")
        contains(found["ids"]["description"], "integer[]")


@test
def the_options_and_formats_are_those_of_the_service():
    with Server(EXPORTS) as s:
        d = document(s)
        told = problem(s.get("/exports/plain-1.csv?_nothing_like_it=1"), 400, "bad_request")["detail"]
        there = re.findall(r"_\w+", told.split("the options are", 1)[1])
        parameters = d["components"]["parameters"]
        equal([name for name in there if name not in parameters], [], "options without a parameter")
        for name in [n for n in parameters if n.startswith("_") and n not in there]:
            # A list that a message has no room for is cut; then the option itself answers.
            lacks(s.get("/exports/plain-1.csv?%s=" % name).text, "there is no option")
        equal(d["components"]["schemas"]["Format"]["enum"], s.get("/exports").json()["exports"][0]["formats"])


@test
def every_operation_answers_as_the_document_says():
    with Server(EXPORTS) as s:
        d = document(s)
        run = "6e0f3f9c-9a0a-4a5c-8d53-0d7c3b1a2f11"
        equal(s.get("/exports/plain-1.csv?_run=" + run).status, 200)
        for path, method, operation, parameters in operations(d):
            values = {}
            for p in (resolve(d, p) for p in parameters):
                schema = resolve(d, p["schema"])
                if p["in"] == "query" and not p["name"].startswith("_"):
                    values[p["name"]] = EXAMPLES.get(schema.get("format")) or BY_TYPE[schema["type"]]
            if "ids" in values:
                values["ids"] = "{1,2}"
            address = path.replace("{format}", "csv").replace("{id}", run) + ("?" + urllib.parse.urlencode(values) if values else "")
            r = s.request(method.upper(), address)
            declared = resolve(d, operation["responses"].get(str(r.status), operation["responses"]["default"]))
            kind = r["Content-Type"].split(";")[0]
            true(kind in declared["content"], "%s: %s is not one of %r" % (address, kind, list(declared["content"])))
            if kind.endswith("json"):
                fits(d, declared["content"][kind]["schema"], r.json(), address)
            # A run that has ended cannot be cancelled; everything else is there.
            equal(r.status, 409 if method == "delete" else 200, address)
        r = s.get("/exports/orders.csv?country=DE&least=x")
        fits(d, resolve(d, d["components"]["responses"]["Problem"])["content"]["application/problem+json"]["schema"], r.json())


@test
def the_document_shows_what_the_caller_may_run_and_no_more():
    config = {"access": {"anonymous": "off"}, "token alice": {"sha256": hashlib.sha256(b"alice").hexdigest(), "exports": "plain-*"}}
    with Server(EXPORTS, config) as s:
        problem(s.get("/openapi.json"), 401, "unauthorized")
        d = document(s, {"Authorization": "Bearer alice"})
        equal([path for path in d["paths"] if path.startswith("/exports/")], ["/exports/plain-1.{format}"])
        equal(d["security"], [{"token": []}])
        problem(s.delete("/openapi.json"), 405, "method")
    with Server(EXPORTS) as s:
        equal(document(s)["security"], [{"token": []}, {}])


main()
