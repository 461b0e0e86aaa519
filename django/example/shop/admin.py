from django.contrib import admin
from example.admin import ExportingAdmin

from .models import Customer, Order, OrderLine, Product


@admin.register(Customer)
class CustomerAdmin(ExportingAdmin):
    list_display = ["name", "company", "email", "country", "created_at"]
    list_filter = ["country", "newsletter"]
    search_fields = ["name", "company", "email"]
    raw_id_fields = ["user"]


@admin.register(Product)
class ProductAdmin(ExportingAdmin):
    list_display = ["sku", "name", "price", "is_active", "listed_on"]
    list_filter = ["is_active"]
    search_fields = ["sku", "name"]


@admin.register(Order)
class OrderAdmin(ExportingAdmin):
    list_display = ["number", "customer", "status", "country", "total", "placed_at"]
    list_filter = ["status", "country", "placed_at"]
    list_select_related = ["customer"]
    search_fields = ["number"]
    raw_id_fields = ["customer"]


@admin.register(OrderLine)
class OrderLineAdmin(ExportingAdmin):
    list_display = ["order", "position", "product", "quantity", "unit_price"]
    list_select_related = ["order", "product"]
    raw_id_fields = ["order", "product"]
