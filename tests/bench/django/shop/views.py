"""The two views that people write for a CSV download."""
import csv

from django.db import connection
from django.http import HttpResponse, StreamingHttpResponse

from .models import User

FIELDS = [field.attname for field in User._meta.concrete_fields]


class Echo:
    """A file whose write() returns the text, as Django's manual has it."""

    def write(self, text):
        return text


def row(user):
    return [getattr(user, name) for name in FIELDS]


def with_all(request):
    response = HttpResponse(content_type="text/csv")
    writer = csv.writer(response)
    writer.writerow(FIELDS)
    for user in User.objects.all():
        writer.writerow(row(user))
    return response


def with_iterator(request):
    writer = csv.writer(Echo())

    def lines():
        yield writer.writerow(FIELDS)
        for user in User.objects.all().iterator():
            yield writer.writerow(row(user))

    return StreamingHttpResponse(lines(), content_type="text/csv")


def ready(request):
    connection.ensure_connection()
    return HttpResponse("ready\n", content_type="text/plain")
