"""The shop's tables of sql/demo-schema.sql. They are there already, so Django does not manage them."""

from django.contrib.auth.models import User
from django.contrib.postgres.fields import ArrayField
from django.db import models


class Customer(models.Model):
    external_id = models.UUIDField(unique=True)
    name = models.CharField(max_length=120)
    company = models.CharField(max_length=120, null=True, blank=True)
    email = models.EmailField()
    address = models.TextField()
    country = models.CharField(max_length=2)
    vat_number = models.CharField("VAT number", max_length=20, null=True, blank=True)
    birth_date = models.DateField(null=True, blank=True)
    credit_limit = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    newsletter = models.BooleanField(null=True)
    labels = ArrayField(models.TextField())
    preferences = models.JSONField(default=dict)
    created_at = models.DateTimeField("customer since")
    user = models.OneToOneField(User, models.SET_NULL, null=True, blank=True)

    class Meta:
        managed = False

    def __str__(self):
        return self.name


class Product(models.Model):
    sku = models.CharField("SKU", max_length=20, unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(null=True, blank=True)
    price = models.DecimalField(max_digits=10, decimal_places=2)
    weight = models.FloatField(null=True, blank=True)
    is_active = models.BooleanField(default=True)
    listed_on = models.DateField()

    class Meta:
        managed = False

    def __str__(self):
        return self.name


class Order(models.Model):
    class Status(models.TextChoices):
        NEW = "new", "New"
        PAID = "paid", "Paid"
        PACKED = "packed", "Packed"
        SHIPPED = "shipped", "On its way"
        DELIVERED = "delivered", "Delivered"
        RETURNED = "returned", "Returned"

    number = models.CharField(max_length=20, unique=True)
    token = models.UUIDField()
    status = models.CharField(max_length=20, choices=Status.choices)
    country = models.CharField(max_length=2)
    currency = models.CharField(max_length=3)
    total = models.DecimalField(max_digits=12, decimal_places=2)
    tax_rate = models.DecimalField(max_digits=5, decimal_places=4)
    discount = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    is_gift = models.BooleanField("gift", default=False)
    note = models.TextField(null=True, blank=True)
    client_ip = models.GenericIPAddressField("client's address", null=True, blank=True)
    placed_at = models.DateTimeField(db_index=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    shipped_on = models.DateField(null=True, blank=True)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="orders")

    class Meta:
        managed = False

    def __str__(self):
        return self.number


class OrderLine(models.Model):
    position = models.SmallIntegerField()
    quantity = models.PositiveIntegerField()
    unit_price = models.DecimalField(max_digits=10, decimal_places=2)
    discount = models.FloatField(null=True, blank=True)
    gift_message = models.TextField(null=True, blank=True)
    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, models.PROTECT)

    class Meta:
        managed = False

    def __str__(self):
        return "%s/%s" % (self.order_id, self.position)
