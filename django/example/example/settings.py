"""The demo's shop as a Django project. `./demo --django` runs it; what differs between machines comes from the
environment: PGHOST and its kin say where the database is, SHOP_... the rest."""

import os

SECRET_KEY = os.environ.get("SHOP_SECRET_KEY", "only for the demo")
# With DEBUG on, Django would keep every query in memory.
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "django_pgsluice",
    "shop",
    "blog",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
ROOT_URLCONF = "example.urls"
WSGI_APPLICATION = "example.wsgi.application"

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ.get("PGHOST", ""),
        "PORT": os.environ.get("PGPORT", ""),
        "USER": os.environ.get("PGUSER", "postgres"),
        "NAME": os.environ.get("PGDATABASE", "postgres"),
        "CONN_MAX_AGE": None,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# The demo makes its tables itself, those of Django too.
MIGRATION_MODULES = {"shop": None, "blog": None}

# Django's own default shows errors only with DEBUG on.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}

USE_TZ = True
TIME_ZONE = "UTC"
# gunicorn serves no files; nginx does, where tools/demo-django says so.
STATIC_URL = "/static/"
STATIC_ROOT = os.environ.get("SHOP_STATIC_ROOT")

# How pgsluice is reached. TICKETS_URL and TICKETS_SECRET are the server's [tickets] listen and secret, ACCEL_PREFIX
# the internal location of etc/nginx/pgsluice.conf, PUBLIC_URL where browsers find its public locations, and
# GRANT_KEYS the server's [access] grant_key.
PGSLUICE = {
    "TICKETS_URL": os.environ.get("SHOP_TICKETS_URL", "unix:/run/pgsluice/tickets.sock"),
    "TICKETS_SECRET": os.environ.get("SHOP_TICKETS_SECRET", ""),
    "ACCEL_PREFIX": "/_pgsluice/",
    "PUBLIC_URL": os.environ.get("SHOP_PUBLIC_URL", "http://127.0.0.1:8000"),
    "GRANT_KEYS": [os.environ.get("SHOP_GRANT_KEY", "")],
}
