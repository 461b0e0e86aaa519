"""A minimal Django project for the bench; settings as in production."""
import os

SECRET_KEY = "only for the bench"
# With DEBUG on, Django would keep every query in memory.
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
INSTALLED_APPS = ["shop"]
ROOT_URLCONF = "shop.urls"
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
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
PGSLUICE = {
    "TICKETS_URL": os.environ["BENCH_TICKETS_URL"],
    "TICKETS_SECRET": os.environ["BENCH_TICKETS_SECRET"],
    "ACCEL_PREFIX": "/_pgsluice/",
}
