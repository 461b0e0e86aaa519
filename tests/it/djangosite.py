"""A Django project in one file, for gunicorn and uvicorn to serve: exports that pgsluice does, and a health view.

Environment: SITE_DSN_HOST and SITE_DSN_PORT (the pooler), SITE_TICKETS, SITE_SECRET, and SITE_PUBLIC: where it is
set, exports are answered by a redirect there, else by X-Accel-Redirect.
"""

import os

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="only for tests",
    ALLOWED_HOSTS=["localhost"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django_pgsluice"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
    TIME_ZONE="UTC",
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": os.environ["SITE_DSN_HOST"],
            "PORT": os.environ["SITE_DSN_PORT"],
            "USER": "postgres",
            "NAME": "postgres",
            # As Django's manual wants it behind a pooler of transactions.
            "DISABLE_SERVER_SIDE_CURSORS": True,
        }
    },
    PGSLUICE={
        "TICKETS_URL": os.environ["SITE_TICKETS"],
        "TICKETS_SECRET": os.environ["SITE_SECRET"],
        **({"PUBLIC_URL": os.environ["SITE_PUBLIC"]} if "SITE_PUBLIC" in os.environ else
           {"ACCEL_PREFIX": "/_pgsluice/"}),
    },
)
django.setup()

# After setup() the models can be made.
from django.core.asgi import get_asgi_application  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import models  # noqa: E402
from django.db.models.expressions import RawSQL  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.urls import path  # noqa: E402
from django_pgsluice import stream_queryset  # noqa: E402

GATE = "CASE WHEN id = 6000 THEN pg_advisory_xact_lock_shared(7)::text END"


class Item(models.Model):
    name = models.CharField(max_length=80)
    price = models.DecimalField(max_digits=10, decimal_places=2)
    made_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "site"
        managed = False
        db_table = "site_item"


def items(request):
    # A query of the view's own, so that its connection is in use as it is in real views.
    Item.objects.filter(pk=1).exists()
    return stream_queryset(request, Item.objects.order_by("pk"), filename="items, all.csv", headers="names")


def gated(request):
    """Stops in mid-export until the test opens the gate."""
    queryset = Item.objects.annotate(gate=RawSQL(GATE, (), output_field=models.TextField()))
    return stream_queryset(request, queryset.order_by("pk"), filename="gated.csv", headers="names")


def health(request):
    return HttpResponse("well\n", content_type="text/plain")


urlpatterns = [path("items.csv", items), path("gated.csv", gated), path("health", health)]

wsgi = get_wsgi_application()
asgi = get_asgi_application()
