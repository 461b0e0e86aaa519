from django.contrib import admin
from django.urls import path

from . import views

urlpatterns = [
    path("admin/", admin.site.urls),
    path("users.csv", views.users),
    path("async/users.csv", views.async_users),
]
