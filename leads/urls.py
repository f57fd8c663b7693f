from __future__ import annotations

from django.urls import path

from leads import views

app_name = "leads"

urlpatterns = [
    path("", views.landing, name="landing"),
    path("suivi/<str:token>/", views.follow_up, name="follow-up"),
]
