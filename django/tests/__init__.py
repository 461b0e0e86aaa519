"""Tests of django_pgsluice with a real Django, a real PostgreSQL and a real pgsluice.

From the folder `django`:

    ../tools/with-postgres env PGSLUICE=/path/to/pgsluice python3 -m django test --settings=tests.settings

`test tests.test_shapes` runs one program, `test -k union` what has that in its name. PGSLUICE is the
program under test (default: ./pgsluice of the folder where make ran, see server.py). Any Django from
3.2 on and either psycopg will do: whatever the interpreter imports. Without Django REST framework its
tests are skipped.
tests/it/test_django.py of the source tree runs them all under `make check`.
"""
