"""What every list of the admin here has in common."""

from django.contrib import admin
from django_pgsluice import PgsluiceAdminMixin, export_as_csv


class ExportingAdmin(PgsluiceAdminMixin, admin.ModelAdmin):
    actions = [export_as_csv]
    # PostgreSQL's own spelling of values also knows arrays, JSON and the enum of the orders.
    pgsluice_options = {"dialect": "postgres"}
