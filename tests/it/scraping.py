"""What /metrics says, read by others: promtool (Debian's prometheus) and Debian's python3-prometheus-client."""

import json
import subprocess
import time

from tap import equal, show, true

PYTHON = "/usr/bin/python3"

_PARSE = """
import json, sys
from prometheus_client.parser import text_string_to_metric_families
print(json.dumps([[f.name, f.type, f.documentation, [[s.name, s.labels, s.value] for s in f.samples]]
                  for f in text_string_to_metric_families(sys.stdin.read())]))
"""


def promtool(*args, text=None, cwd=None):
    """Runs promtool, which must have nothing to say against it; returns what it printed."""
    done = subprocess.run(["promtool", *args], input=text, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    printed = done.stdout.decode("utf-8", "replace")
    equal(done.returncode, 0, "promtool %s: %s" % (" ".join(args), printed))
    return printed


class Scrape:
    """One answer of /metrics, taken apart."""

    def __init__(self, text):
        self.text = text
        done = subprocess.run([PYTHON, "-c", _PARSE], input=text.encode(), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        equal(done.returncode, 0, "the parser: " + done.stderr.decode())
        self.families = {}
        self.samples = []
        for name, kind, documentation, samples in json.loads(done.stdout):
            true(name not in self.families, "%s is there twice" % name)
            self.families[name] = (kind, documentation)
            self.samples += [(s[0], s[1], s[2]) for s in samples]

    def names(self):
        """Of all samples, with _bucket, _sum, _count, _total."""
        return {name for name, _, _ in self.samples}

    def find(self, name, **labels):
        return [value for n, l, value in self.samples if n == name and all(l.get(k) == v for k, v in labels.items())]

    def __call__(self, name, **labels):
        """The value of the one sample that has these labels."""
        found = self.find(name, **labels)
        true(len(found) == 1, "%s%r is there %d times in\n%s" % (name, labels, len(found), show(self.text, 3000)))
        return found[0]

    def sum(self, name, **labels):
        return sum(self.find(name, **labels))

    def nonzero(self, name, label):
        """{value of the label: value} of the samples that are not 0."""
        return {l[label]: value for n, l, value in self.samples if n == name and value}


def scrape(s):
    r = s.get("/metrics", admin=True)
    equal(r.status, 200, repr(r))
    return Scrape(r.text)


def timed_scrape(connection):
    """Seconds that one scrape takes on a connection that is open."""
    started = time.perf_counter()
    connection.request("GET", "/metrics")
    r = connection.getresponse()
    body = r.read()
    took = time.perf_counter() - started
    equal(r.status, 200, show(body))
    return took
