from django.contrib import admin
from django.urls import path

from shop import views

urlpatterns = [
    path("", views.compare, name="compare"),
    path("naive.csv", views.naive, name="naive"),
    path("iterator.csv", views.iterator, name="iterator"),
    path("pgsluice.csv", views.pgsluice, name="pgsluice"),
    path("worker", views.worker, name="worker"),
    path("admin/", admin.site.urls),
]
