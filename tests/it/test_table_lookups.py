#!/usr/bin/env python3
"""Every lookup of /tables, and its exclusion, finds the rows that Django's ORM finds, by the same indexes."""

import csv
import functools
import io
import json
import subprocess
from urllib.parse import quote

from harness import *

DJANGO_PYTHON = os.environ.get("DJANGO_PYTHON") or "/usr/bin/python3"
FOLDER = os.path.dirname(os.path.abspath(__file__))
SQL = os.path.join(TOP, "sql")
ROWS = 4000

# What Django's migrations would not make by themselves, but people do for these lookups.
EXTRA = """
CREATE INDEX it_email_upper ON shop_customer (UPPER(email));
CREATE INDEX it_email_like ON shop_customer (email varchar_pattern_ops);
CREATE INDEX it_name_upper_like ON shop_customer (UPPER(name) text_pattern_ops);
CREATE INDEX it_company ON shop_customer (company);
CREATE INDEX it_birth ON shop_customer (birth_date);
CREATE INDEX it_credit ON shop_customer (credit_limit);
CREATE INDEX it_ip ON shop_customer (last_ip);
CREATE INDEX it_labels ON shop_customer USING gin (labels);
CREATE INDEX it_preferences ON shop_customer USING gin (preferences);
CREATE INDEX it_customer_country ON shop_customer (country);
CREATE INDEX it_token ON shop_order (token);
CREATE INDEX it_total ON shop_order (total);
CREATE INDEX it_paid ON shop_order (paid_at);
CREATE INDEX it_shipped ON shop_order (shipped_on);
CREATE INDEX it_placed_day ON shop_order (((placed_at AT TIME ZONE 'Europe/Berlin')::date));
CREATE INDEX it_placed_month ON shop_order ((EXTRACT('month' FROM placed_at AT TIME ZONE 'Europe/Berlin')));
CREATE INDEX it_order_status ON shop_order (status);
CREATE EXTENSION IF NOT EXISTS citext;
CREATE TABLE it_text (id int PRIMARY KEY, body text, same citext, span int4range, local timestamptz, weight float8);
CREATE INDEX it_text_body ON it_text (body text_pattern_ops);
CREATE INDEX it_text_same ON it_text (same);
CREATE INDEX it_text_span ON it_text USING gist (span);
"""

TEXTS = [None, "", " ", "a", "A", "ab", "a%b", "a_b", "a\\b", "%", "_", "\\", "\\%", "100%", "100", "x'y", 'x"y', "x,y", "$1", "ß", "SS", "ẞ",
         "straße", "STRASSE", "é", "e\u0301", "É", "İ", "i", "I", "日本語", "🎁", "a\nb", "a\tb", " a", "a ", "NULL", "null", "{a}", "[a]", "a.b", "a+b",
         "^a", "a$", "a&b=c", "a;b", "a--b", "'; DROP TABLE it_text; --", "_columns", "true", "\u00a0", "𝔘", "ﬁ", "Ǆ", "ǆ", "ς", "Σ"]


def literal(text):
    return "NULL" if text is None else "E'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def load():
    sql_file(os.path.join(SQL, "demo-schema.sql"))
    sql_file(os.path.join(SQL, "demo-data.sql"), variables={"rows": ROWS})
    sql_file(os.path.join(SQL, "demo-indexes.sql"))
    sql(EXTRA)
    sql("INSERT INTO it_text (id, body, same) VALUES " + ", ".join(
        "(%d, %s, %s)" % (i, literal(t), literal(t)) for i, t in enumerate(TEXTS)))
    sql("""INSERT INTO it_text (id, body, span, local, weight) SELECT 1000 + i, 'row ' || i,
        CASE WHEN i % 7 > 0 THEN int4range(i % 50, i % 50 + i % 5) END,
        CASE WHEN i % 5 > 0 THEN '2025-12-31 22:30+00'::timestamptz + i * interval '13 hours' END,
        CASE WHEN i % 3 > 0 THEN i * 0.5 END FROM generate_series(1, 3000) AS i""")
    # Plans as they are, of Django's session and of ours, in the server's log.
    sql("""ALTER DATABASE postgres SET session_preload_libraries = 'auto_explain';
        ALTER DATABASE postgres SET auto_explain.log_min_duration = 0;
        ALTER DATABASE postgres SET auto_explain.log_format = 'json'""")
    sql("VACUUM ANALYZE")


@functools.lru_cache(maxsize=None)
def loaded():
    load()
    return True


def case(model, key, value, text=None, timezone="UTC", indexed=None):
    """A lookup, Django's value, and its text in our URL when that is not str(value); the index that should serve."""
    if text is None:
        text = next(iter(value.values())) if isinstance(value, dict) else str(value)
    return {"model": model, "key": key, "value": value, "text": text, "timezone": timezone, "indexed": indexed}


def record(*values):
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="").writerow(values)
    return out.getvalue()


def date(text):
    return {"date": text}


def when(text):
    return {"datetime": text}


def django(jobs):
    done = subprocess.run([DJANGO_PYTHON, "-W", "ignore", os.path.join(FOLDER, "djangotables.py")], input=json.dumps(jobs).encode(),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1"))
    if b"No module named" in done.stderr:
        raise Skip("no Django: " + done.stderr.decode().strip().splitlines()[-1])
    equal(done.returncode, 0, done.stderr.decode())
    return json.loads(done.stdout)


def log_size():
    return os.path.getsize(os.path.join(os.environ["PGHOST"], "log"))


def plan_indexes(begin):
    """The indexes of the plan that the server has logged for the cursor since then."""
    with open(os.path.join(os.environ["PGHOST"], "log"), encoding="utf-8", errors="replace") as log:
        log.seek(begin)
        text = log.read()
    plans = [json.JSONDecoder().raw_decode(text, m.end())[0] for m in re.finditer(r"plan:\n\t", text.replace("\r", " "))]
    plans = [p for p in plans if p["Query Text"].startswith("DECLARE c ")]
    equal(len(plans), 1, "plans of the cursor in\n" + text)

    def names(plan):
        found = [plan["Index Name"]] if "Index Name" in plan else []
        return found + [name for child in plan.get("Plans", ()) for name in names(child)]
    return sorted(set(names(plans[0]["Plan"])))


def path(one, negated, columns=""):
    return "/tables/public.%s.csv?%s%s=%s&_timezone=%s%s" % (
        one["model"], quote(one["key"]), "!" if negated else "", quote(one["text"]), one["timezone"], columns)


def compare(cases):
    """Rows and indexes of each lookup, as it is and excluded."""
    loaded()
    jobs = [dict(one, negated=negated) for one in cases for negated in (False, True)]
    wanted = django(jobs)
    with Server({"e": "SELECT 1"}, {"exports": {"tables": "public.*", "regex": "on"}}) as s:
        for job, django_says in zip(jobs, wanted):
            what = "%s.%s%s=%r" % (job["model"], job["key"], "!" if job["negated"] else "", job["text"])
            lacks(django_says, "error", what)
            begin = log_size()
            r = s.get(path(job, job["negated"]))
            equal(r.status, 200, "%s: %r" % (what, r))
            rows = list(csv.DictReader(io.StringIO(r.text, newline="")))
            equal(sorted(int(row["id"]) for row in rows), django_says["ids"], what)
            true(r.broken is None, what)
            ours = plan_indexes(begin)
            equal(ours, django_says["indexes"], "indexes of " + what)
            if job["indexed"] and not job["negated"]:
                contains(ours, job["indexed"], what)
        # A table of cases that find nothing, or everything, would show little.
        true(any(0 < len(one["ids"]) for one in wanted), "no case finds a row")


C, O, L, T = "shop_customer", "shop_order", "shop_orderline", "it_text"


@test
def comparisons_are_djangos():
    token = "00000000-0000-4000-8000-000000000000"
    compare([
        case(O, "id", 17, indexed="shop_order_pkey"), case(O, "id__exact", 17), case(O, "number", "x"), case(O, "status", "paid"),
        case(O, "total", {"decimal": "99.99"}, indexed="it_total"), case(O, "is_gift", True), case(O, "is_gift", False, "f"),
        case(O, "token", token, indexed="it_token"), case(C, "last_ip", "10.0.0.1"), case(C, "newsletter", True),
        case(C, "birth_date", date("1980-02-29"), indexed="it_birth"), case(C, "birth_date__lt", date("1950-01-01")),
        case(O, "paid_at__gte", when("2026-01-01T00:00:00+00:00")), case(O, "placed_at__lte", when("2020-01-01T00:00:00+01:00")),
        case(O, "total__gt", {"decimal": "2000"}), case(O, "total__lte", {"decimal": "0.5"}), case(L, "quantity__gte", 4), case(L, "position__lt", 2),
        case(C, "credit_limit__gt", {"decimal": "9000"}), case(C, "credit_limit__lt", {"decimal": "100"}),
        case(C, "labels", ["vip"], "{vip}"), case(C, "labels", [], "{}"), case(T, "weight__gt", 1495.0), case(T, "same", "AB", indexed="it_text_same"),
        case(O, "campaign", {"a": [1, "x"]}, '{"a": [1, "x"]}'),
    ])


@test
def texts_are_compared_as_django_does():
    lookups = ("exact", "iexact", "contains", "icontains", "startswith", "istartswith", "endswith", "iendswith")
    # Django takes iexact="" for isnull; and here an empty value is one that is left out.
    compare([case(T, "body__" + lookup, text) for lookup in lookups for text in TEXTS[2::3]] +
            [case(T, "same__" + lookup, text) for lookup in lookups for text in ("a", "AB", "a_B", "ß", "%")])


@test
def an_index_for_a_prefix_serves_the_prefix():
    compare([
        case(C, "email__startswith", "jo", indexed="it_email_like"), case(T, "body__startswith", "row 100", indexed="it_text_body"),
        case(O, "number__startswith", "2", indexed="shop_order_number_5b3e2d19_like"), case(C, "email__iexact", "X@example.com", indexed="it_email_upper"),
        case(C, "name__istartswith", "zoë", indexed="it_name_upper_like"), case(C, "name__icontains", "müll"), case(C, "company__endswith", "GmbH"),
        case(T, "body__contains", "row 1_0"), case(T, "body__startswith", "a_"), case(T, "body__startswith", "a%"),
    ])


@test
def text_lookups_of_other_types_are_djangos():
    compare([case(O, "id__startswith", "12"), case(O, "id__contains", "9"), case(O, "total__endswith", ".00"), case(O, "total__icontains", "1"),
             case(O, "placed_at__startswith", "2021"), case(C, "last_ip__startswith", "10."), case(C, "last_ip__endswith", "1"),
             case(C, "last_ip__contains", "."), case(C, "last_ip__iexact", "10.0.0.1"), case(O, "token__icontains", "AB"),
             case(C, "preferences__icontains", "true"), case(C, "external_id__startswith", "a"), case(C, "birth_date__startswith", "19")])


@test
def lists_and_ranges_are_djangos():
    def among(model, key, values, **more):
        return case(model, key, values, record(*[next(iter(v.values())) if isinstance(v, dict) else v for v in values]), **more)
    compare([
        among(O, "id__in", [1, 5, 9, 100000], indexed="shop_order_pkey"), among(O, "id__in", [7]), among(O, "status__in", ["new", "paid"]),
        among(T, "body__in", TEXTS[2:]), among(T, "body__in", ["a"]), among(T, "body__in", ["", "a"]), among(T, "body__in", [" a", "a "]),
        among(C, "birth_date__in", [date("1980-01-01"), date("1990-05-05")]), among(C, "country__in", ["DE", "FR"]),
        among(O, "total__in", [{"decimal": "10.00"}, {"decimal": "11.5"}]), among(T, "same__in", ["AB", "ss"]),
        among(O, "id__range", [100, 120], indexed="shop_order_pkey"), among(O, "total__range", [{"decimal": "10"}, {"decimal": "20"}], indexed="it_total"),
        among(O, "placed_at__range", [when("2021-01-01T00:00:00+00:00"), when("2021-01-08T00:00:00+00:00")], indexed="shop_order_placed_at_8a0c7f64"),
        among(T, "body__range", ["a", "b"]), among(C, "birth_date__range", [date("1990-01-01"), date("1980-01-01")]),
        among(C, "credit_limit__range", [{"decimal": "1"}, {"decimal": "500"}]),
    ])


@test
def nulls_are_kept_by_an_exclusion_as_django_keeps_them():
    compare([case(C, "company__isnull", True), case(C, "company__isnull", False), case(O, "note__isnull", True), case(O, "id__isnull", True),
             case(O, "customer__isnull", False), case(L, "carrier__isnull", True), case(L, "carrier__isnull", False),
             case(L, "carrier__name__isnull", True), case(L, "carrier__name__isnull", False), case(O, "customer__company__isnull", True),
             case(O, "customer__company__isnull", False), case(L, "carrier__name__contains", "a"), case(O, "customer__company", "nobody")])


@test
def days_months_and_years_are_those_of_the_time_zone():
    zones = ("UTC", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati")
    compare([case(T, "local__" + lookup, value, timezone=zone) for zone in zones
             for lookup, value in (("year", 2026), ("year", 2025), ("month", 1), ("month", 12), ("day", 1), ("day", 31), ("date", date("2026-01-01")))] +
            [case(O, "placed_at__date", date("2021-03-28"), timezone="Europe/Berlin", indexed="it_placed_day"),
             case(O, "placed_at__month", 2, timezone="Europe/Berlin"), case(O, "placed_at__year", 2021, indexed="shop_order_placed_at_8a0c7f64"),
             case(C, "birth_date__year", 1980, indexed="it_birth"), case(C, "birth_date__month", 2), case(C, "birth_date__day", 29),
             case(O, "shipped_on__year", 2022), case(O, "paid_at__year", 1), case(O, "paid_at__year", 9999), case(O, "placed_at__month", 13)])


@test
def patterns_are_djangos():
    compare([case(T, "body__regex", "^a.b$"), case(T, "body__iregex", "^A"), case(T, "body__regex", "[_%]"), case(T, "body__regex", "é|ß"),
             case(C, "last_ip__regex", r"^10\."), case(T, "same__regex", "^A"), case(T, "same__iregex", "^A"), case(O, "id__regex", "^1+$"),
             case(C, "company__regex", "[a-z]")])


@test
def containment_is_djangos():
    compare([
        case(C, "labels__contains", ["vip"], "{vip}", indexed="it_labels"), case(C, "labels__contains", ["vip", "b2b"], "{vip,b2b}"),
        case(C, "preferences__contains", {"theme": "dark"}, '{"theme": "dark"}', indexed="it_preferences"), case(C, "preferences__contains", {}, "{}"),
        case(C, "preferences__has_key", "theme", indexed="it_preferences"), case(C, "preferences__has_key", "no'such\"key"),
        case(O, "campaign__has_key", "utm_source"), case(O, "coupons__contains", ["WELCOME"], "{WELCOME}"), case(C, "labels__contains", [], "{}"),
        case(T, "span__contains", 7, indexed="it_text_span"), case(T, "span__contains", [3, 5], "[3,5)"), case(T, "span", [3, 5], "[3,5)"),
    ])


@test
def a_foreign_key_is_followed_as_django_does():
    compare([
        case(O, "customer", 3, indexed="shop_order_customer_id_f638df20"), case(O, "customer_id", 3), case(O, "customer__id", 3), case(O, "customer__id__in", [3, 4], "3,4"),
        case(O, "customer__in", [3, 4], "3,4"), case(O, "customer_id__gt", 1590), case(O, "customer__gt", 1590),
        case(O, "customer__country", "DE"), case(O, "customer__email__startswith", "jo"), case(O, "customer__created_at__year", 2021),
        case(O, "customer__company__icontains", "gmbh"), case(O, "customer__labels__contains", ["vip"], "{vip}"),
        case(O, "customer__birth_date__lt", date("1950-01-01")), case(L, "carrier__name", "DHL"), case(L, "carrier__name__in", ["DHL", "UPS"], "DHL,UPS"),
        case(L, "order__number__startswith", "2"), case(L, "order__status", "paid"), case(L, "order", 17), case(L, "order__total__gt", {"decimal": "3000"}),
    ])


main()
