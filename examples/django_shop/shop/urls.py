"""The addresses of the shop."""

from django.urls import path

from . import views

urlpatterns = [
    path("health", views.health),
    path("orders", views.place_order),
    path("orders/<order_id>/payment", views.pay),
]
