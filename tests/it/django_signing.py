"""django.core.signing of Debian's Django, as it comes: what makes and reads grants without any code of ours.

Imported by the tests, it runs itself by the system's Python, which has python3-django; the tests' own may be another.
"""

import json
import subprocess
import sys

SYSTEM_PYTHON = "/usr/bin/python3"
KEY = "a key of the tests, more than 32 bytes"
SALT = "pgsluice.grant"


def _ask(**question):
    done = subprocess.run([SYSTEM_PYTHON, __file__], input=json.dumps(question).encode(), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    if done.returncode != 0:
        raise AssertionError("Django: " + done.stderr.decode("utf-8", "replace")[-2000:])
    return json.loads(done.stdout)


def dumps_all(payloads, key=KEY, salt=SALT, compress=True, at=None, algorithm=None):
    """A token for each payload; `at` is the Unix time that Django believes in."""
    return _ask(dumps=payloads, key=key, salt=salt, compress=compress, at=at, algorithm=algorithm)


def dumps(payload, **how):
    return dumps_all([payload], **how)[0]


def loads(token, key=KEY, salt=SALT, max_age=None):
    return _ask(loads=token, key=key, salt=salt, max_age=max_age)


def _answer(question):
    from django.conf import settings
    settings.configure(SECRET_KEY="not the one that signs")
    from django.core import signing

    if "loads" in question:
        return signing.loads(question["loads"], key=question["key"], salt=question["salt"],
                             max_age=question["max_age"])
    if question["at"] is not None:
        signing.time.time = lambda: question["at"]
    if question["algorithm"]:
        signer = signing.TimestampSigner
        class Other(signer):
            def __init__(self, *args, **kwargs):
                super().__init__(*args, **kwargs)
                self.algorithm = question["algorithm"]
        signing.TimestampSigner = Other
    return [signing.dumps(payload, key=question["key"], salt=question["salt"], compress=question["compress"])
            for payload in question["dumps"]]


if __name__ == "__main__":
    json.dump(_answer(json.load(sys.stdin)), sys.stdout)
