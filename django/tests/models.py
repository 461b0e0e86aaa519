"""A shop and a blog, and one model with a field of each kind."""

import django
from django.conf import settings
from django.contrib.postgres.fields import ArrayField, IntegerRangeField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models


class Customer(models.Model):
    pgsluice_label = "name"

    name = models.CharField("full name", max_length=120)
    email = models.EmailField("e-mail address", blank=True)
    country = models.CharField(max_length=2, choices=[("DE", "Germany"), ("FR", "France"), ("", "unknown")], blank=True)
    credit_limit = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    created_at = models.DateTimeField()
    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, null=True)

    def __str__(self):
        return self.name


class Tag(models.Model):
    name = models.CharField(max_length=30)
    origin = models.CharField(max_length=30, editable=False, default="of nobody's business")


class Article(models.Model):
    title = models.CharField(max_length=200)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="articles")
    tags = models.ManyToManyField(Tag, related_name="articles")
    published_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["title", "id"]


class Comment(models.Model):
    article = models.ForeignKey(Article, models.CASCADE, related_name="comments")
    body = models.TextField()
    is_public = models.BooleanField("public?", default=True, choices=[(True, "for all")])
    created_at = models.DateTimeField()


class Order(models.Model):
    class Status(models.IntegerChoices):
        NEW = 1, "new, not paid"
        PAID = 2, 'paid "in full"'
        SENT = 3, "sent"

    number = models.CharField("order no.", max_length=20, unique=True)
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="orders")
    seller = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="sales")
    status = models.IntegerField(choices=Status.choices, default=Status.NEW)
    total = models.DecimalField(max_digits=12, decimal_places=2)
    placed_at = models.DateTimeField()
    ship_on = models.DateField(null=True)
    note = models.TextField(blank=True)


class Line(models.Model):
    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    product = models.CharField(max_length=40)
    quantity = models.PositiveSmallIntegerField()
    price = models.DecimalField(max_digits=10, decimal_places=2)
    weight = models.FloatField(null=True)


class GiftOrder(Order):
    """A child with a table of its own."""

    message = models.CharField(max_length=100)


class UpperField(models.CharField):
    """Converted by Python on its way out."""

    def from_db_value(self, value, expression, connection):
        return value if value is None else value.upper()


class SealedField(models.JSONField):
    """JSON that Python alone can read."""

    def from_db_value(self, value, expression, connection):
        return {"opened": super().from_db_value(value, expression, connection)}


class MacField(models.Field):
    """A type that psycopg does not know: it returns the text."""

    def db_type(self, connection):
        return "macaddr"


class Kinds(models.Model):
    """A field of each kind."""

    boolean = models.BooleanField(null=True)
    small = models.SmallIntegerField(null=True)
    big = models.BigIntegerField(null=True)
    floating = models.FloatField(null=True)
    decimal = models.DecimalField(max_digits=30, decimal_places=10, null=True)
    char = models.CharField(max_length=100, null=True)
    text = models.TextField(null=True)
    date = models.DateField(null=True)
    time = models.TimeField(null=True)
    moment = models.DateTimeField(null=True)
    duration = models.DurationField(null=True)
    uuid = models.UUIDField(null=True)
    ip = models.GenericIPAddressField(null=True)
    file = models.FileField(null=True)
    slug = models.SlugField(null=True)
    mac = MacField(null=True)
    json = models.JSONField(null=True, encoder=DjangoJSONEncoder)


class Awkward(models.Model):
    """Fields that do not survive without Python."""

    upper = UpperField(max_length=20)
    numbers = ArrayField(models.IntegerField(), default=list)
    blob = models.BinaryField(default=b"")
    span = IntegerRangeField(null=True)
    sealed = SealedField(default=dict)


class Holder(models.Model):
    awkward = models.ForeignKey(Awkward, models.CASCADE)


if django.VERSION >= (5, 2):

    class Seat(models.Model):
        """A key of two columns."""

        pk = models.CompositePrimaryKey("row", "number")
        row = models.CharField(max_length=2)
        number = models.IntegerField()
