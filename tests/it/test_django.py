#!/usr/bin/env python3
"""django/tests with a real Django: each of its tests is one test here.

DJANGO_PYTHON is the interpreter that runs them, by default Debian's with python3-django,
python3-psycopg2 and python3-djangorestframework; a virtual environment's python tests another Django or psycopg 3.
"""

import json
import os
import subprocess
import tempfile

from harness import PGSLUICE, SLOW, TOP, Skip, diag, main, test, true

PYTHON = os.environ.get("DJANGO_PYTHON") or "/usr/bin/python3"
FOLDER = os.path.join(TOP, "django")
RUN_SECONDS = 600

LIST = """
import unittest, django
django.setup()
def show(suite):
    for one in suite:
        show(one) if isinstance(one, unittest.TestSuite) else print(one.id())
show(unittest.TestLoader().discover("tests", top_level_dir="."))
"""

results = {}
whole = {"code": None, "output": "the tests did not run"}


def environment(**more):
    return dict(os.environ, DJANGO_SETTINGS_MODULE="tests.settings", PYTHONDONTWRITEBYTECODE="1", PGSLUICE=PGSLUICE, **more)


def listed():
    """The ids of all tests. Without a Django there are none, and the test below says why."""
    done = subprocess.run([PYTHON, "-W", "ignore", "-c", LIST], cwd=FOLDER, env=environment(), capture_output=True, text=True)
    if done.returncode != 0:
        whole["output"] = "%s cannot load django/tests: %s" % (PYTHON, done.stderr)
        return []
    return done.stdout.split()


def run_all():
    directory = tempfile.TemporaryDirectory(prefix="sl-it-")
    with directory:
        record = os.path.join(directory.name, "results")
        command = [PYTHON, "-m", "django", "test", "--no-input"]
        try:
            done = subprocess.run(command, cwd=FOLDER, env=environment(SL_DJANGO_RESULTS=record),
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True, timeout=RUN_SECONDS * SLOW)
            whole.update(code=done.returncode, output=done.stdout)
        except subprocess.TimeoutExpired as expired:
            whole.update(output="still running after %g s\n%s" % (RUN_SECONDS * SLOW, expired.stdout or b""))
        if os.path.exists(record):
            with open(record) as lines:
                for line in lines:
                    result = json.loads(line)
                    # A test may have failed already, in a part of it.
                    if not results.get(result["id"], {}).get("trouble"):
                        results[result["id"]] = result


def check(name):
    if name not in results:
        raise AssertionError("it did not run:\n" + whole["output"][-6000:])
    result = results[name]
    if result["skipped"] is not None:
        raise Skip(result["skipped"])
    if result["trouble"]:
        raise AssertionError(result["trouble"])


def register(name):
    def function():
        check(name)
    function.__name__ = name[len("tests.test_"):] if name.startswith("tests.test_") else name
    test(function)


NAMES = listed()


@test
def all_of_them_ran_and_the_server_ended_well():
    true(NAMES, whole["output"])
    failed = [name for name, result in results.items() if result["trouble"]]
    if whole["code"] != 0 and not failed:
        diag(whole["output"][-6000:])
    true(whole["code"] == 0 or failed, "django test ended with %s" % whole["code"])


for one in NAMES:
    register(one)

main(setup=run_all)
