"""The two views that people write for a CSV download, and the one that hands it over."""
import csv

from django.db import connection
from django.http import HttpResponse, StreamingHttpResponse
from django_pgsluice import stream_queryset

from .models import User

FIELDS = [field.attname for field in User._meta.concrete_fields]


class Echo:
    """A file whose write() returns the text, as Django's manual has it."""

    def write(self, text):
        return text


def users(request):
    """All of them; ?rows=1 is for warming up."""
    everybody = User.objects.all()
    return everybody[:int(request.GET["rows"])] if "rows" in request.GET else everybody


def row(user):
    return [getattr(user, name) for name in FIELDS]


def with_all(request):
    response = HttpResponse(content_type="text/csv")
    writer = csv.writer(response)
    writer.writerow(FIELDS)
    for user in users(request):
        writer.writerow(row(user))
    return response


def with_iterator(request):
    writer = csv.writer(Echo())

    def lines():
        yield writer.writerow(FIELDS)
        for user in users(request).iterator():
            yield writer.writerow(row(user))

    return StreamingHttpResponse(lines(), content_type="text/csv")


def with_pgsluice(request):
    return stream_queryset(request, users(request), filename="users.csv", headers="names")


def health(request):
    return HttpResponse("well\n", content_type="text/plain")


def ready(request):
    connection.ensure_connection()
    return HttpResponse("ready\n", content_type="text/plain")
