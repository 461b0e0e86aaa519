"""The viewset of README.md, as it stands there, in Django REST framework."""

import os
import re
import unittest

try:
    from rest_framework import decorators, filters, permissions, routers, viewsets
except ImportError:
    raise unittest.SkipTest("needs djangorestframework") from None

from django_pgsluice import stream_queryset

from django.contrib.auth.models import User
from django.test import override_settings

from .models import Order
from .server import CommittedTestCase

README = os.path.join(os.path.dirname(__file__), os.pardir, "README.md")


def from_readme():
    """The class OrderViewSet of the note."""
    with open(README, encoding="utf-8") as f:
        code = re.search(r"^\*\*Django REST framework\*\*.*?^```python\n(.*?)^```", f.read(), re.M | re.S).group(1)
    names = {
        "ReadOnlyModelViewSet": viewsets.ReadOnlyModelViewSet,
        "action": decorators.action,
        "stream_queryset": stream_queryset,
    }
    exec(code, names)
    return names["OrderViewSet"]


class OrderViewSet(from_readme()):
    # The export has to take the prefetch away.
    queryset = Order.objects.order_by("id").prefetch_related("lines")
    permission_classes = [permissions.IsAuthenticated]
    filter_backends = [filters.SearchFilter]
    search_fields = ["number"]


router = routers.SimpleRouter()
router.register("orders", OrderViewSet)
urlpatterns = router.urls


@override_settings(ROOT_URLCONF=__name__)
class Export(CommittedTestCase):
    def get(self, query="", user="user1"):
        if user:
            self.client.force_login(User.objects.get(username=user))
            self.addCleanup(self.client.logout)
        return self.client.get("/orders/export/" + query, HTTP_ACCEPT="application/json")

    def test_the_rows_are_those_that_the_search_leaves(self):
        headers, body = self.download(self.get("?search=N01"))
        rows = list(Order.objects.filter(number__contains="N01").order_by("id").values_list("number", "total"))
        self.assertEqual(len(rows), 10)
        self.assertEqual(body.decode(), "Order no.,Total\r\n" + "".join("%s,%s\r\n" % row for row in rows))
        self.assertIn('filename="orders.csv"', headers["Content-Disposition"])

    def test_the_response_passes_through_untouched(self):
        response = self.get()
        self.assertEqual((response.status_code, response.content), (200, b""))
        self.assertIn("/_pgsluice/tickets/", response["X-Accel-Redirect"])

    def test_the_permissions_of_the_viewset_hold(self):
        self.assertEqual(self.get(user=None).status_code, 403)
