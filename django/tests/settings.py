"""The test project: PostgreSQL from the environment (PGHOST, PGUSER), the shop's models, the admin."""

import os

# What the admin needs is the same everywhere.
from example.example.settings import MIDDLEWARE, TEMPLATES  # noqa: F401

SECRET_KEY = "of the tests, and of nothing else"
DEBUG = False
USE_TZ = True
TIME_ZONE = "Europe/Berlin"
LANGUAGE_CODE = "en-us"
ROOT_URLCONF = "tests.urls"
ALLOWED_HOSTS = ["*"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEST_RUNNER = "tests.server.Runner"
STATIC_URL = "/static/"

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ.get("PGDATABASE", "postgres"),
        "HOST": os.environ.get("PGHOST", ""),
        "USER": os.environ.get("PGUSER", ""),
        "TEST": {"NAME": "test_pgsluice"},
        "OPTIONS": {"server_side_binding": True} if os.environ.get("DJANGO_SERVER_SIDE_BINDING") else {},
    },
    # A database that the server does not serve: never connected to, so nothing is created for it.
    "elsewhere": {"ENGINE": "django.db.backends.dummy"},
}

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django_pgsluice",
    "tests",
]
# All tables at once, from the models: those of `tests` refer to the users'.
MIGRATION_MODULES = {app.rpartition(".")[2]: None for app in INSTALLED_APPS}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick; these are no passwords

# TICKETS_URL and PUBLIC_URL are known when the server is up: server.settings() has all of them.
PGSLUICE = {}
