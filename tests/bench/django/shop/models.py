import os

from django.db import models


class User(models.Model):
    """The table of the bench that looks like auth_user."""

    password = models.CharField(max_length=128)
    last_login = models.DateTimeField(null=True)
    is_superuser = models.BooleanField()
    username = models.CharField(max_length=150)
    first_name = models.CharField(max_length=150)
    last_name = models.CharField(max_length=150)
    email = models.EmailField()
    is_staff = models.BooleanField()
    is_active = models.BooleanField()
    date_joined = models.DateTimeField()
    balance = models.DecimalField(max_digits=12, decimal_places=2)
    external_id = models.UUIDField()
    note = models.TextField(null=True)

    class Meta:
        managed = False
        db_table = os.environ.get("BENCH_TABLE", "bench_users_500k")
