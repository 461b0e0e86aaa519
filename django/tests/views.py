"""Export views as a project would write them."""

from django.contrib.auth.models import User

from django_pgsluice import astream_queryset, stream_queryset


def users(request):
    return stream_queryset(request, User.objects.order_by("id"), filename="users.csv")


async def async_users(request):
    return await astream_queryset(request, User.objects.order_by("id"), filename="users.csv")
