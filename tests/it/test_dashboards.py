#!/usr/bin/python3
"""The dashboard, the alerts and the scrape sample of etc/, held against /metrics of a real server and against a real
Prometheus that reads them as they are."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import urllib.parse
import urllib.request

from harness import *
from peers import *
from scraping import promtool, scrape

GRAFANA = os.path.join(TOP, "etc/grafana/pgsluice.json")
PROMETHEUS = os.path.join(TOP, "etc/prometheus")
RULES = os.path.join(PROMETHEUS, "pgsluice.rules.yml")
RULE_TESTS = os.path.join(TOP, "tests/it/pgsluice.rules.test.yml")

EXPORTS = {"small": "SELECT i FROM generate_series(1, 3) AS i", "wrong": "SELECT 1 / (SELECT 0) AS x"}

# What Grafana puts in place of its variables.
VARIABLES = {"$job": "pgsluice", "$instance": ".*", "$export": ".*", "$__rate_interval": "10s"}


def dashboard():
    with open(GRAFANA) as f:
        return json.load(f)


def filled(expr):
    for name, value in VARIABLES.items():
        expr = expr.replace(name, value)
    lacks(expr, "$", "a variable that this test does not know")
    return expr


def queries():
    """(title of the panel, PromQL) of every query of the dashboard."""
    return [(panel["title"], filled(target["expr"])) for panel in dashboard()["panels"] for target in panel.get("targets", [])]


def rules():
    with open(RULES) as f:
        return f.read()


def metrics_of(text):
    return set(re.findall(r"\b(?:pgsluice|process)_[a-z_]+\b", text))


def served():
    """A server that has run something, so that every series is there."""
    s = Server(EXPORTS)
    s.start()
    s.get("/exports/small.csv")
    s.get("/exports/wrong.csv")
    return s


@test
def every_metric_that_they_name_is_there():
    s = served()
    m = scrape(s)
    s.stop()
    asked = {"the dashboard": metrics_of(" ".join(q for _, q in queries())),
             "a variable of the dashboard": metrics_of(json.dumps(dashboard()["templating"])),
             "the alerts": metrics_of(rules())}
    for who, names in asked.items():
        true(len(names) >= 1, who)
        for name in names:
            true(name in m.names(), "%s asks for %s, which does not exist" % (who, name))
    unseen = {n for n in m.families if n.startswith("pgsluice_")} - {
        re.sub(r"_(bucket|sum|count|total)$", "", n) for n in asked["the dashboard"]} - asked["the dashboard"]
    equal(unseen, {"pgsluice_draining"}, "what the dashboard does not show")


@test
def every_label_that_they_ask_for_is_there():
    s = served()
    m = scrape(s)
    s.stop()
    labels = {}
    for name, own, _ in m.samples:
        labels.setdefault(name, set()).update(own)
    for text in [q for _, q in queries()] + [rules()]:
        for name, selector in re.findall(r"\b((?:pgsluice|process)_[a-z_]+)\{([^}]*)\}", text):
            for label in re.findall(r"(\w+)\s*=", selector):
                true(label in labels[name] | {"job", "instance"}, "%s has no label %s" % (name, label))


@test
def the_dashboard_can_be_imported():
    d = dashboard()
    equal([i["name"] for i in d["__inputs"]], ["DS_PROMETHEUS"])
    equal(d["__inputs"][0]["pluginId"], "prometheus")
    panels = d["panels"]
    equal(len({p["id"] for p in panels}), len(panels), "ids of the panels")
    kinds = {r["id"] for r in d["__requires"] if r["type"] == "panel"} | {"row"}
    taken = set()
    for p in panels:
        true(p["type"] in kinds, "%s is not required" % p["type"])
        true(p["title"], repr(p))
        g = p["gridPos"]
        true(0 <= g["x"] and g["x"] + g["w"] <= 24, "%s is wider than the page" % p["title"])
        for cell in [(x, y) for x in range(g["x"], g["x"] + g["w"]) for y in range(g["y"], g["y"] + g["h"])]:
            true(cell not in taken, "%s covers another panel" % p["title"])
            taken.add(cell)
        if p["type"] != "row":
            for source in [p] + p["targets"]:
                equal(source["datasource"], {"type": "prometheus", "uid": "${DS_PROMETHEUS}"})
    for v in d["templating"]["list"]:
        equal(v["datasource"]["uid"], "${DS_PROMETHEUS}")


@test
def promtool_takes_the_rules_and_the_scrape_sample():
    promtool("check", "rules", RULES)
    promtool("check", "config", os.path.join(PROMETHEUS, "prometheus.yml"))


@test
def each_alert_is_tested_to_fire_and_to_be_silent():
    promtool("test", "rules", RULE_TESTS)
    with open(RULE_TESTS) as f:
        tests = f.read()
    alerts = re.findall(r"- alert: (\w+)", rules())
    true(len(alerts) > 5, repr(alerts))
    for alert in alerts:
        contains(tests, "alertname: %s, exp_alerts: []}" % alert)
        contains(tests, "alertname: %s\n        exp_alerts:\n          - " % alert)


class Prometheus:
    """Prometheus with the sample as it is, but for the address and the pace."""

    def __init__(self, target):
        self.directory = tempfile.mkdtemp(prefix="sl-it-")
        at_end(self.end)
        with open(os.path.join(PROMETHEUS, "prometheus.yml")) as f:
            config = f.read()
        for old, new in (("127.0.0.1:8081", target), ("scrape_interval: 15s", "scrape_interval: 1s")):
            equal(config.count(old), 1, old)
            config = config.replace(old, new)
        with open(self.directory + "/prometheus.yml", "w") as f:
            f.write(config)
        shutil.copy(RULES, self.directory)
        self.errors = open(self.directory + "/log", "w+")
        self.process = subprocess.Popen(
            ["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data",
             "--web.listen-address=127.0.0.1:0"],
            cwd=self.directory, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.errors)
        found = eventually(lambda: re.search(r'msg="Listening on".* address=(127\S+)', self.log()), 20, "it listens")
        self.url = "http://" + found.group(1)
        eventually(lambda: "Server is ready to receive web requests" in self.log(), 20, "it is ready")

    def log(self):
        with open(self.directory + "/log") as f:
            return f.read()

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()
        self.errors.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def get(self, path, **arguments):
        url = "%s/api/v1/%s?%s" % (self.url, path, urllib.parse.urlencode(arguments))
        try:
            with urllib.request.urlopen(url, timeout=20 * SLOW) as r:
                return json.load(r)["data"]
        except urllib.error.HTTPError as e:
            raise AssertionError("%s: %s" % (arguments, e.read().decode()))

    def query(self, text):
        return self.get("query", query=text)["result"]


@test
def a_real_prometheus_scrapes_it_and_answers_each_query_of_the_dashboard():
    s = served()
    p = Prometheus(s.admin_address)
    eventually(lambda: p.query('up{job="pgsluice"} == 1'), 30, "the target is up")
    # Rates need something that changes between two scrapes.
    def more():
        s.get("/exports/small.csv")
        return p.query("sum(rate(pgsluice_rows_total[10s])) > 0")
    eventually(more, 30, "a rate", every=0.2)
    for title, text in queries():
        answer = p.query(text)
        # Those that show only what went wrong are empty while nothing does.
        true(answer or text.endswith("> 0"), "%s: nothing comes of %s" % (title, text))
    names = {rule["name"] for group in p.get("rules")["groups"] for rule in group["rules"]}
    equal(names, set(re.findall(r"- alert: (\w+)", rules())))
    equal([rule for group in p.get("rules")["groups"] for rule in group["rules"] if rule["health"] == "err"], [])
    lacks(p.log().lower(), "level=error")
    p.end()
    s.stop()


main()
