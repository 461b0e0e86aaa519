"""One download, written three ways, and a page to compare them."""

import csv
import logging
from datetime import date, timedelta

from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST
from django_pgsluice import Unavailable, grant_url, stream_queryset

from . import process
from .models import OrderLine

FIELDS = [field.attname for field in OrderLine._meta.concrete_fields]
MOST_ROWS = 500000
logger = logging.getLogger(__name__)


def order_lines(request):
    """What all three export: the first ?rows= order lines."""
    rows = request.GET.get("rows", "")
    rows = int(rows) if rows.isdecimal() and len(rows) < 8 else MOST_ROWS
    return OrderLine.objects.order_by("pk")[: min(rows, MOST_ROWS)]


def naive(request):
    """As most people write it: the worker first loads every row, then holds the whole file."""
    response = HttpResponse(content_type="text/csv")
    response["Content-Disposition"] = 'attachment; filename="order-lines.csv"'
    writer = csv.writer(response)
    writer.writerow(FIELDS)
    for line in order_lines(request):
        writer.writerow([getattr(line, name) for name in FIELDS])
    return response


class Echo:
    """A file whose write() returns the text, as Django's manual has it."""

    def write(self, text):
        return text


def iterator(request):
    """As the manual advises: little memory, but the worker is busy until the client has the last row."""
    writer = csv.writer(Echo())

    def rows():
        yield writer.writerow(FIELDS)
        for line in order_lines(request).iterator():
            yield writer.writerow([getattr(line, name) for name in FIELDS])

    response = StreamingHttpResponse(rows(), content_type="text/csv")
    response["Content-Disposition"] = 'attachment; filename="order-lines.csv"'
    return response


def pgsluice(request):
    """The same bytes; the worker hands the query over and is free."""
    try:
        return stream_queryset(request, order_lines(request), filename="order-lines.csv", headers="names")
    except Unavailable as reason:
        # The reason names addresses of ours: it is for the log.
        logger.error("order-lines.csv: %s", reason)
        text = "The export server takes no exports now. Please try again in a moment.\n"
        return HttpResponse(text, status=503, content_type="text/plain; charset=utf-8")


def compare(request):
    """The page with a button for each."""
    since = date.today() - timedelta(days=365)
    return render(
        request,
        "shop/compare.html",
        {
            "most_rows": MOST_ROWS,
            "orders_url": grant_url("orders", since=since, expires=timedelta(minutes=5), filename="orders.csv"),
        },
    )


@require_POST
def worker(request):
    """What this worker has used; its peak is counted anew from here on. With several workers, each has its own."""
    return JsonResponse(process.usage())
