from django.urls import path

from . import views

urlpatterns = [
    path("users/all.csv", views.with_all),
    path("users/iterator.csv", views.with_iterator),
    path("users/pgsluice.csv", views.with_pgsluice),
    path("ready", views.ready),
    path("health", views.health),
]
