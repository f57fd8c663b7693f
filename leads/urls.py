from __future__ import annotations

from django.urls import path

from leads import not_me, views

app_name = "leads"

urlpatterns = [
    path("", views.landing, name="landing"),
    path("suivi/<str:token>/", views.follow_up, name="follow-up"),
    path("ce-n-est-pas-moi/<str:token>/", not_me.not_me, name="not-me"),
]
