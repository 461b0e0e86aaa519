"""The admin action and the button: columns, rows, permissions, the log."""

import csv
import io
from unittest import mock

from django_pgsluice import PgsluiceAdminMixin, export_as_csv
from django_pgsluice.testing import local_exports

from django import forms
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Permission, User
from django.contrib.messages import get_messages
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied
from django.test import RequestFactory, TestCase, override_settings
from django.urls import path

from .models import Article, Awkward, Comment, Customer, Line, Order, Tag
from .server import CommittedTestCase


class OrderAdmin(PgsluiceAdminMixin, admin.ModelAdmin):
    list_display = ["number", "status"]
    list_filter = ["status", "ship_on"]
    search_fields = ["number", "lines__product"]
    ordering = ["-number"]
    actions = [export_as_csv]
    pgsluice_fields = ["number", "customer__name", "status"]

    def get_queryset(self, request):
        queryset = super().get_queryset(request).prefetch_related("lines").select_related("customer")
        return queryset if request.user.is_superuser else queryset.filter(seller=request.user)


class CustomerAdmin(PgsluiceAdminMixin, admin.ModelAdmin):
    exclude = ["country"]
    change_list_template = "admin/change_list.html"
    pgsluice_filename = "kunden.csv"
    pgsluice_options = {"headers": "names"}


class CommentAdmin(PgsluiceAdminMixin, admin.ModelAdmin):
    fields = ["body"]
    list_display = ["created_at", "shout"]

    def shout(self, comment):
        return comment.body.upper()


class ArticleAdmin(PgsluiceAdminMixin, admin.ModelAdmin):
    def get_fields(self, request, obj=None):
        return ["title", "author"] if request.user.is_superuser else ["title"]


class TagAdmin(PgsluiceAdminMixin, admin.ModelAdmin):
    pass


class LineForm(forms.ModelForm):
    class Meta:
        model = Line
        exclude = ["price"]


class LineAdmin(PgsluiceAdminMixin, admin.ModelAdmin):
    form = LineForm
    list_display = ["product", "order"]


class PeopleAdmin(PgsluiceAdminMixin, UserAdmin):
    actions = [export_as_csv]


class AwkwardAdmin(admin.ModelAdmin):
    actions = [export_as_csv]


site = admin.AdminSite(name="shop")
site.register(Order, OrderAdmin)
site.register(Customer, CustomerAdmin)
site.register(Comment, CommentAdmin)
site.register(Article, ArticleAdmin)
site.register(Tag, TagAdmin)
site.register(Line, LineAdmin)
site.register(User, PeopleAdmin)
site.register(Awkward, AwkwardAdmin)

urlpatterns = [path("shop/", site.urls)]

BUTTON = "Export everything under the current filters"


def table(content):
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


class AdminCase:
    def login(self, *permissions):
        user = User.objects.create_user("staff", is_staff=True, is_superuser=not permissions)
        for codename in permissions:
            user.user_permissions.add(Permission.objects.get(codename=codename))
        self.client.force_login(user)
        return user

    def act(self, model, pks, **more):
        data = {"action": "export_as_csv", "_selected_action": pks, "index": 0, **more}
        return self.client.post("/shop/%s/" % model, data)


@override_settings(ROOT_URLCONF=__name__)
class Exports(AdminCase, TestCase):
    def setUp(self):
        exports = local_exports()
        self.exports = exports.enable()
        self.addCleanup(exports.disable)

    def expected(self, orders):
        return [
            ["Order no.", "Customer full name", "Status"],
            *([order.number, order.customer.name, str(order.status)] for order in orders),
        ]

    def test_the_action_exports_what_is_selected(self):
        user = self.login()
        chosen = list(Order.objects.order_by("-number")[3:6])
        response = self.act("tests/order", [order.pk for order in chosen])
        self.assertEqual(table(response.content), self.expected(chosen))
        self.assertRegex(response["Content-Disposition"], r'filename="orders-\d{4}-\d\d-\d\d.csv"')
        entry = LogEntry.objects.get()
        self.assertEqual((entry.user, entry.action_flag, entry.content_type.model), (user, CHANGE, "order"))
        self.assertEqual(entry.change_message, "Exported as CSV: 3 selected (number, customer__name, status)")
        self.assertTrue(entry.object_repr.startswith("orders-"))

    def test_select_across_exports_the_filtered_list(self):
        self.login()
        response = self.client.post(
            "/shop/tests/order/?status__exact=2&q=N0",
            {
                "action": "export_as_csv",
                "_selected_action": [Order.objects.filter(status=2).first().pk],
                "select_across": "1",
                "index": 0,
            },
        )
        self.assertEqual(table(response.content), self.expected(Order.objects.filter(status=2).order_by("-number")))
        self.assertIn("all under the filters", LogEntry.objects.get().change_message)

    def test_the_button_keeps_filters_search_and_order(self):
        self.login()
        query = "?status__exact=2&o=1"
        page = self.client.get("/shop/tests/order/" + query)
        self.assertContains(page, BUTTON)
        url = "/shop/tests/order/pgsluice-export/"
        self.assertContains(page, 'href="%s?o=1&amp;status__exact=2"' % url)
        response = self.client.get(url + query)
        self.assertEqual(table(response.content), self.expected(Order.objects.filter(status=2).order_by("number")))
        self.assertIn("status__exact=2", LogEntry.objects.get().change_message)
        found = table(self.client.get(url + "?q=%22Product+2%22").content)
        orders = Order.objects.filter(lines__product="Product 2").distinct().order_by("-number")
        self.assertEqual(found, self.expected(orders))

    def test_all_pages_are_exported(self):
        self.login()
        page = self.client.get("/shop/tests/order/?p=1&all=")
        self.assertContains(page, BUTTON)
        self.assertEqual(
            len(table(self.client.get("/shop/tests/order/pgsluice-export/").content)), Order.objects.count() + 1
        )

    def test_a_filter_that_is_none_leads_back_to_the_list(self):
        self.login()
        for query in ("?status__exact=x", "?nothing=1"):
            with self.subTest(query):
                response = self.client.get("/shop/tests/order/pgsluice-export/" + query)
                self.assertRedirects(response, "/shop/tests/order/?e=1", fetch_redirect_response=False)
        self.assertEqual((self.exports, LogEntry.objects.count()), ([], 0))
        with self.assertLogs("django.security", "ERROR"):
            response = self.client.get("/shop/tests/order/pgsluice-export/?customer__user__password__startswith=m")
        self.assertEqual(response.status_code, 400)

    def test_only_the_rows_of_get_queryset(self):
        user = self.login("view_order")
        mine = Order.objects.order_by("-number")[:4]
        Order.objects.filter(pk__in=[order.pk for order in mine]).update(seller=user)
        everything = self.client.get("/shop/tests/order/pgsluice-export/")
        self.assertEqual(table(everything.content), self.expected(mine))
        selected = self.act("tests/order", list(Order.objects.values_list("pk", flat=True)))
        self.assertEqual(table(selected.content), self.expected(mine))

    def test_without_the_view_permission_there_is_nothing(self):
        self.login("add_order")
        self.assertEqual(self.client.get("/shop/tests/order/pgsluice-export/").status_code, 403)
        self.assertEqual(self.act("tests/order", [Order.objects.first().pk]).status_code, 403)
        # Refused before the filters are looked at: the answer tells nothing of them.
        self.assertEqual(self.client.get("/shop/tests/order/pgsluice-export/?nothing=1").status_code, 403)
        request = RequestFactory().post("/")
        request.user = User.objects.get(username="staff")
        with self.assertRaises(PermissionDenied):
            export_as_csv(OrderAdmin(Order, site), request, Order.objects.all())
        self.client.logout()
        self.assertEqual(self.client.get("/shop/tests/order/pgsluice-export/").status_code, 302)
        self.assertEqual((self.exports, LogEntry.objects.count()), ([], 0))

    def test_the_export_is_a_get(self):
        self.login()
        for method in ("post", "head", "put"):
            with self.subTest(method):
                self.assertEqual(getattr(self.client, method)("/shop/tests/order/pgsluice-export/").status_code, 405)

    def test_excluded_fields_stay_out_and_a_template_of_ones_own_stays(self):
        self.login()
        self.assertContains(self.client.get("/shop/tests/customer/"), BUTTON)
        response = self.client.get("/shop/tests/customer/pgsluice-export/")
        self.assertEqual(table(response.content)[0], ["id", "name", "email", "credit_limit", "created_at", "user"])
        self.assertIn("kunden.csv", response["Content-Disposition"])

    def test_what_neither_form_nor_list_shows_stays_out(self):
        self.login()
        response = self.client.get("/shop/tests/comment/pgsluice-export/")
        self.assertEqual(table(response.content)[0], ["ID", "Body", "Created at"])

    def test_what_the_form_hides_by_itself_stays_out(self):
        self.login()
        response = self.client.get("/shop/tests/tag/pgsluice-export/")
        self.assertEqual(table(response.content)[0], ["ID", "Name"])
        response = self.client.get("/shop/tests/line/pgsluice-export/")
        self.assertEqual(table(response.content)[0], ["ID", "Order", "Product", "Quantity", "Weight"])

    def test_no_columns_are_not_all_columns(self):
        self.login()
        for changes in ({"pgsluice_fields": []}, {"get_pgsluice_fields": lambda self, request: []}):
            with self.subTest(str(changes)), mock.patch.multiple(PeopleAdmin, **changes):
                self.assertEqual(self.client.get("/shop/auth/user/pgsluice-export/").status_code, 403)
                self.assertEqual(self.act("auth/user", [User.objects.first().pk]).status_code, 403)
        self.assertEqual((self.exports, LogEntry.objects.count()), ([], 0))

    def test_fields_that_depend_on_the_user(self):
        self.login()
        url = "/shop/tests/article/pgsluice-export/"
        self.assertEqual(table(self.client.get(url).content)[0], ["ID", "Title", "Author"])
        User.objects.get(username="staff").delete()
        self.login("view_article")
        self.assertEqual(table(self.client.get(url).content)[0], ["ID", "Title"])

    def test_passwords_stay_out(self):
        self.login()
        response = self.client.get("/shop/auth/user/pgsluice-export/")
        self.assertEqual(
            table(response.content)[0],
            [
                "ID",
                "Last login",
                "Superuser status",
                "Username",
                "First name",
                "Last name",
                "Email address",
                "Staff status",
                "Active",
                "Date joined",
            ],
        )
        self.assertNotIn(b"md5$", response.content)

    def test_what_cannot_be_exported_is_told_to_the_person(self):
        self.login()
        with self.assertLogs("django_pgsluice.admin", "WARNING"):
            response = self.act("tests/awkward", [Awkward.objects.first().pk])
        self.assertRedirects(response, "/shop/tests/awkward/", fetch_redirect_response=False)
        (message,) = get_messages(response.wsgi_request)
        self.assertIn("upper", str(message))
        self.assertEqual(LogEntry.objects.count(), 0)


@override_settings(ROOT_URLCONF=__name__)
class AtTheServer(AdminCase, CommittedTestCase):
    def login(self):
        user = super().login()
        self.addCleanup(Session.objects.all().delete)
        self.addCleanup(user.delete)  # and with it what it has in the log
        return user

    def test_the_action_and_the_button_lead_to_the_file(self):
        user = self.login()
        order = Order.objects.order_by("-number").first()
        body = self.download(self.act("tests/order", [order.pk]))[1]
        self.assertEqual(table(body)[1:], [[order.number, order.customer.name, str(order.status)]])
        headers, body = self.download(self.client.get("/shop/tests/order/pgsluice-export/?q=%22Product+2%22"))
        orders = Order.objects.filter(lines__product="Product 2").distinct().order_by("-number")
        self.assertEqual([row[0] for row in table(body)[1:]], [order.number for order in orders])
        self.assertIn("orders-", headers["Content-Disposition"])
        self.assertEqual(LogEntry.objects.filter(user=user).count(), 2)

    def test_a_server_that_is_down_is_told_to_the_person(self):
        self.login()
        with self.configured(TICKETS_URL="unix:/nowhere/tickets.sock"):
            with self.assertLogs("django_pgsluice.admin", "ERROR"):
                response = self.client.get("/shop/tests/order/pgsluice-export/?q=N0")
        self.assertRedirects(response, "/shop/tests/order/?q=N0", fetch_redirect_response=False)
        (message,) = get_messages(response.wsgi_request)
        self.assertIn("try again later", str(message))
        self.assertEqual(LogEntry.objects.count(), 0)
