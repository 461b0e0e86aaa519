"""The rows that the tests read: committed, since the server reads on a connection of its own."""

import random
import uuid
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal

import django
from django.contrib.auth.models import User

from . import models
from .models import Article, Awkward, Comment, Customer, GiftOrder, Kinds, Line, Order, Tag

UTC = timezone.utc

KINDS = [
    {},
    dict(
        boolean=True,
        small=-32768,
        big=2**63 - 1,
        floating=0.1,
        decimal=Decimal("1.5"),
        char="",
        text="",
        date=date(2024, 2, 29),
        time=time(23, 59, 59, 999999),
        moment=datetime(2024, 1, 2, 3, 4, 5, 678000, UTC),
        duration=timedelta(days=1, hours=2),
        uuid=uuid.UUID(int=1),
        ip="192.0.2.1",
        file="a/b.txt",
        slug="a-b",
        mac="08:00:2b:01:02:03",
        json={"a": [1, None, "é"]},
    ),
    dict(
        boolean=False,
        small=32767,
        big=-(2**63),
        floating=1e22,
        decimal=Decimal("-12345678901234567890.1234567890"),
        char='quote " comma , percent %',
        text="line\nbreak\r\nand 100 %s \\ 'apostrophe' é €",
        date=date(1, 1, 1),
        time=time(0, 0),
        moment=datetime(1999, 12, 31, 23, 0, 0, 1, UTC),
        duration=timedelta(microseconds=-1),
        uuid=uuid.UUID(int=2**128 - 1),
        ip="2001:db8::1",
        file="",
        slug="x",
        mac="ff:ff:ff:ff:ff:ff",
        json="text",
    ),
    dict(
        boolean=True,
        floating=float("-inf"),
        text=" leading; \ttab",
        date=date(9999, 12, 31),
        time=time(12, 30),
        moment=datetime(1950, 6, 1, tzinfo=UTC),
        duration=timedelta(days=-400, seconds=5),
        decimal=Decimal("0.0000000001"),
        json=[],
    ),
    dict(floating=float("nan"), decimal=Decimal("1E+3"), duration=timedelta(0), char="Ω", json=12.5),
]


def load():
    """Fills the empty tables; the same rows each time."""
    rng = random.Random(3)
    start = datetime(2024, 1, 1, 12, 0, tzinfo=UTC)
    users = [
        User.objects.create(
            username="user%d" % n,
            first_name=["Ann", 'B"ob', "C,élia", "=1+1", ""][n],
            email="user%d@example.org" % n,
            is_staff=n == 0,
            date_joined=start + timedelta(days=n, microseconds=n),
            last_login=None if n % 2 else start + timedelta(hours=n),
        )
        for n in range(5)
    ]
    customers = [
        Customer.objects.create(
            name="Customer %d" % n,
            email="" if n % 3 == 0 else "c%d@example.org" % n,
            country=["DE", "FR", "", "XX"][n % 4],
            credit_limit=None if n % 2 else Decimal(n * 100) / 3,
            created_at=start + timedelta(days=n),
            user=users[n] if n < 3 else None,
        )
        for n in range(8)
    ]
    tags = [Tag.objects.create(name=name) for name in ("red", "green", "blue")]
    for n in range(6):
        article = Article.objects.create(
            title="Article %d" % (n % 4), author=users[n % 3], published_at=start + timedelta(days=n) if n % 2 else None
        )
        article.tags.set(tags[: n % 4])
        for k in range(n * 5):
            Comment.objects.create(
                article=article,
                body="comment %d; of %d" % (k, n),
                is_public=k % 2 == 0,
                created_at=start + timedelta(minutes=rng.randrange(1000000), microseconds=k),
            )
    for n in range(30):
        fields = dict(
            number="N%03d" % n,
            customer=customers[n % 7],
            seller=users[n % 5] if n % 4 else None,
            status=n % 3 + 1,
            total=Decimal(rng.randrange(1, 100000)) / 100,
            placed_at=start + timedelta(hours=37 * n, microseconds=n * 1001),
            ship_on=date(2024, 3, 1) + timedelta(days=n) if n % 3 else None,
            note=["", "100 % wool", "a,b\n\"c\"", "it's \\ %s"][n % 4],
        )
        order = GiftOrder.objects.create(message="for %d" % n, **fields) if n % 10 == 0 else Order.objects.create(**fields)
        for k in range(n % 4):
            Line.objects.create(
                order_id=order.pk,
                product="Product %d" % k,
                quantity=rng.randrange(1, 9),
                price=Decimal(rng.randrange(1, 10000)) / 100,
                weight=None if k == 2 else rng.random() * 10,
            )
    for fields in KINDS:
        Kinds.objects.create(**fields)
    Awkward.objects.create(upper="quiet", numbers=[1, 2], blob=b"\x00\xff", span=(1, 5))
    if django.VERSION >= (5, 2):
        models.Seat.objects.bulk_create(models.Seat(row=row, number=n) for row in "AB" for n in (1, 2))
