"""What cannot be exported, or not by this configuration: each refusal names what to write instead."""

from unittest import mock

import django
from django.contrib.postgres.aggregates import ArrayAgg
from django.core.exceptions import ImproperlyConfigured
from django.db.models import CharField, DecimalField, ExpressionWrapper, F, Prefetch, Value
from django.db.models.expressions import Func
from django.test import SimpleTestCase, override_settings

from django_pgsluice import ConversionBypassed, DatabaseNotServed, UnsupportedQuery, client, stream_queryset
from django_pgsluice.conf import get_config

from . import models
from .models import Article, Awkward, Comment, Customer, Holder, Line, Order, Tag
from .server import CommittedTestCase


class Shout(Func):
    """An expression whose values Python changes."""

    function = "lower"
    output_field = CharField()

    def convert_value(self, value, expression, connection):
        return value.upper()


class Refused(CommittedTestCase):
    """Every one of them is refused before anything is sent."""

    def setUp(self):
        patch = mock.patch.object(client, "post_ticket", side_effect=AssertionError("a ticket was sent"))
        patch.start()
        self.addCleanup(patch.stop)

    def refused(self, error, queryset, *words, **options):
        with self.assertRaises(error) as caught:
            stream_queryset(None, queryset, **options)
        for word in words:
            self.assertIn(word, str(caught.exception))
        return caught.exception

    def test_raw(self):
        self.refused(UnsupportedQuery, Order.objects.raw("SELECT * FROM tests_order"), "raw()", "grant_url")

    def test_a_list(self):
        self.refused(TypeError, [1, 2], "QuerySet", "list")

    def test_a_manager(self):
        self.refused(TypeError, Order.objects, ".all()")

    def test_select_for_update(self):
        self.refused(UnsupportedQuery, Order.objects.select_for_update(), "select_for_update()")

    def test_a_prefetch_names_the_lookup(self):
        text = str(self.refused(UnsupportedQuery, Article.objects.prefetch_related("comments", "tags")))
        for word in ("'comments', 'tags'", "prefetch_related(None)", "Subquery(", "StringAgg('comments__body'",
                     "ArrayAgg", "JSONBAgg('body'", "Comment.objects.filter(article=OuterRef(", "order_by('-pk')"):
            self.assertIn(word, text)

    def test_a_sliced_prefetch_keeps_its_number_and_order(self):
        sliced = Prefetch("comments", queryset=Comment.objects.order_by("-created_at")[:4], to_attr="newest")
        text = str(self.refused(UnsupportedQuery, Article.objects.prefetch_related(sliced)))
        for word in ("'newest'", "newest_4_comments", "ordering='-created_at'", "[:4]"):
            self.assertIn(word, text)

    def test_a_prefetch_of_many_to_many(self):
        self.refused(UnsupportedQuery, Article.objects.prefetch_related("tags"), "StringAgg('tags__name'")

    def test_a_prefetch_of_a_foreign_key(self):
        self.refused(UnsupportedQuery, Order.objects.prefetch_related("customer"), "values_list('pk', 'customer__name')")

    def test_a_nested_prefetch(self):
        self.refused(
            UnsupportedQuery, Customer.objects.prefetch_related("orders__lines"), "StringAgg('orders__lines__product'"
        )

    def test_from_db_value_names_the_field(self):
        error = self.refused(ConversionBypassed, Awkward.objects.values_list("id", "upper"), "'upper'", "UpperField")
        self.assertEqual(error.field, "upper")
        self.refused(ConversionBypassed, Awkward.objects.values_list("id", "upper"), "'upper'", dialect="postgres")

    def test_from_db_value_of_a_kind_of_json(self):
        self.refused(ConversionBypassed, Awkward.objects.values_list("sealed"), "'sealed'", "SealedField.from_db_value()")

    def test_a_decimal_made_of_a_float_in_python(self):
        """test_doubles.py has all of them."""
        queryset = Line.objects.annotate(heavy=ExpressionWrapper(F("weight"), DecimalField())).values_list("heavy")
        self.refused(ConversionBypassed, queryset, "'heavy'", "convert_value()")

    def test_from_db_value_behind_another_name(self):
        queryset = Awkward.objects.annotate(other=F("upper")).values_list("other")
        self.refused(ConversionBypassed, queryset, "allow_conversion=['other']")

    def test_from_db_value_of_a_label(self):
        error = self.refused(ConversionBypassed, Holder.objects.all(), "'awkward_id'", fk={"awkward": "upper"})
        self.assertEqual(error.field, "awkward_id")

    def test_convert_value_of_an_expression(self):
        queryset = Order.objects.annotate(loud=Shout("number")).values_list("loud")
        self.refused(ConversionBypassed, queryset, "'loud'", "Shout.convert_value()")

    def test_what_python_makes_objects_of(self):
        for name, what in (("numbers", "a list"), ("blob", "a memoryview"), ("span", "a Range")):
            self.refused(ConversionBypassed, Awkward.objects.values_list(name), repr(name), what)
        queryset = Article.objects.annotate(ids=ArrayAgg("tags__id")).values_list("ids")
        self.refused(ConversionBypassed, queryset, "'ids'", "a list")

    def test_a_database_that_is_not_served(self):
        self.refused(DatabaseNotServed, Order.objects.using("elsewhere"), "'elsewhere'", "serves 'default'")
        with self.configured(DATABASES=["replica"]):
            self.refused(DatabaseNotServed, Order.objects.all(), "'default'", ".using('replica')")

    def test_a_database_that_is_not_postgresql(self):
        with self.configured(DATABASES=["elsewhere"]):
            self.refused(DatabaseNotServed, Order.objects.using("elsewhere"), "'elsewhere'")

    def test_a_foreign_key_without_a_label(self):
        self.refused(
            UnsupportedQuery, Comment.objects.all(), "Article", "fk={'article': ", "pgsluice_label", fk="labels"
        )

    def test_a_foreign_key_to_a_field_that_is_not_there(self):
        self.refused(UnsupportedQuery, Order.objects.all(), "Customer has no field 'nam'", fk={"customer": "nam"})

    def test_a_mapping_of_what_is_no_foreign_key(self):
        self.refused(UnsupportedQuery, Order.objects.all(), "'number'", fk={"number": "name"})

    def test_foreign_keys_of_a_union(self):
        queryset = Order.objects.values_list("customer").union(Order.objects.values_list("seller"))
        self.refused(UnsupportedQuery, queryset, "F('customer__name')", "union", fk="labels")

    if django.VERSION >= (5, 2):

        def test_a_composite_primary_key_as_a_column(self):
            self.refused(UnsupportedQuery, models.Seat.objects.values_list("pk"), "'row', 'number'")

    def test_the_wrong_number_of_headers(self):
        self.refused(ValueError, Order.objects.values_list("id", "number"), "3 texts for 2 columns", headers=list("abc"))

    def test_words_that_are_none_of_ours(self):
        for options in ({"headers": "both"}, {"dialect": "csv"}, {"choices": "all"}, {"fk": "all"}):
            self.refused(ValueError, Order.objects.all(), next(iter(options)), **options)
        self.refused(TypeError, Order.objects.all(), "['upper']", allow_conversion="upper")

    def test_neither_prefix_nor_url(self):
        with self.configured(ACCEL_PREFIX="", PUBLIC_URL=""):
            error = self.refused(ImproperlyConfigured, Order.objects.all())
        for word in ("PGSLUICE = {", '"ACCEL_PREFIX"', '"PUBLIC_URL"'):
            self.assertIn(word, str(error))

    def test_no_address(self):
        for name in ("TICKETS_URL", "TICKETS_SECRET"):
            with self.configured(**{name: ""}):
                self.refused(ImproperlyConfigured, Order.objects.all(), "PGSLUICE lacks " + name)

    def test_no_settings_at_all(self):
        with override_settings(PGSLUICE=None):
            self.refused(ImproperlyConfigured, Order.objects.all(), "ACCEL_PREFIX")


class Allowed(CommittedTestCase):
    """allow_conversion takes PostgreSQL's own value."""

    def body(self, queryset, *allowed, **options):
        response = stream_queryset(None, queryset, headers="off", allow_conversion=allowed, **options)
        return self.download(response)[1].decode()

    def test_from_db_value(self):
        self.assertEqual(self.body(Awkward.objects.values_list("upper"), "upper"), "quiet\r\n")

    def test_arrays_bytes_and_ranges_are_their_text(self):
        body = self.body(Awkward.objects.values_list("numbers", "blob", "span"), "numbers", "blob", "span")
        self.assertEqual(body, '"{1,2}",\\x00ff,"[1,5)"\r\n')

    def test_each_column_for_itself(self):
        with self.assertRaises(ConversionBypassed) as caught:
            self.body(Awkward.objects.values_list("upper", "numbers"), "upper")
        self.assertEqual(caught.exception.field, "numbers")


class TooLong(CommittedTestCase):
    def test_a_query_over_the_limit_of_a_ticket_is_not_sent(self):
        queryset = Order.objects.filter(pk__in=range(100000))
        with self.assertRaises(UnsupportedQuery) as caught:
            stream_queryset(None, queryset)
        self.assertIn("KiB", str(caught.exception))
        self.assertIn("pk__in=other_queryset", str(caught.exception))

    def test_one_below_the_limit_is(self):
        queryset = Tag.objects.annotate(long=Value("x" * 200000, CharField())).values_list("long")[:1]
        self.assertEqual(len(self.download(stream_queryset(None, queryset, headers="off"))[1]), 200002)


class Settings(SimpleTestCase):
    """get_config() takes what conf.py says and names what it does not take."""

    def refuses(self, *words, **values):
        with override_settings(PGSLUICE=values), self.assertRaises(ImproperlyConfigured) as caught:
            get_config()
        for word in words:
            self.assertIn(word, str(caught.exception))

    def test_unknown_keys(self):
        self.refuses("TICKET_URL", "TICKETS_URL", TICKET_URL="unix:/x")

    def test_wrong_types(self):
        self.refuses("TIMEOUT", TIMEOUT="5")
        self.refuses("TIMEOUT", TIMEOUT=True)
        self.refuses("GRANT_MAX_AGE", GRANT_MAX_AGE=0)
        self.refuses("DATABASES", DATABASES=7)
        self.refuses("GRANT_KEYS", GRANT_KEYS=[b"x"])
        self.refuses("PUBLIC_URL", PUBLIC_URL=1)
        self.refuses("SETTINGS", SETTINGS="pgsluice.user")
        with override_settings(PGSLUICE="x"), self.assertRaises(ImproperlyConfigured):
            get_config()

    def test_keys_have_an_order(self):
        self.refuses("GRANT_KEYS", GRANT_KEYS={"one key", "another key"})
        self.refuses("GRANT_KEYS", GRANT_KEYS=frozenset(["one key"]))
        with override_settings(PGSLUICE={"GRANT_KEYS": ("one key", "another key")}):
            self.assertEqual(get_config().grant_keys, ("one key", "another key"))

    def test_a_secret_that_no_header_can_carry_is_refused_and_not_shown(self):
        for secret in ("hush-hush\n", " hush-hush", "hush\thush", "hush\r\nhush", "hush-h\u00fcsh", "hush\x7fhush"):
            with self.subTest(repr(secret)), override_settings(PGSLUICE={"TICKETS_SECRET": secret}):
                with self.assertRaises(ImproperlyConfigured) as caught:
                    get_config()
                self.assertIn("TICKETS_SECRET", str(caught.exception))
                self.assertNotIn("hush", str(caught.exception))

    def test_no_secret_in_its_repr(self):
        with override_settings(PGSLUICE={"TICKETS_SECRET": "hush-hush", "GRANT_KEYS": "hush-hush"}):
            self.assertNotIn("hush", repr(get_config()))

    def test_roles_and_settings_of_a_request(self):
        with override_settings(
            PGSLUICE={"ROLE": lambda request: request and "r", "SETTINGS": {"app.user": lambda request: 7, "app.x": None, "app.y": True}}
        ):
            config = get_config()
        self.assertEqual(config.role_for("request"), "r")
        self.assertIsNone(config.role_for(None))
        self.assertEqual(config.settings_for("request"), {"app.user": "7", "app.y": "true"})
        with override_settings(PGSLUICE={"SETTINGS": lambda request: {"app.tenant": request}, "ROLE": "fixed"}):
            config = get_config()
        self.assertEqual(config.settings_for("t1"), {"app.tenant": "t1"})
        self.assertEqual(config.role_for(None), "fixed")
