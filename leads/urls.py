from __future__ import annotations

from django.urls import path

from leads import follow_up, not_me, views

app_name = "leads"

urlpatterns = [
    path("", views.landing, name="landing"),
    path("suivi/<str:token>/", follow_up.follow_up, name="follow-up"),
    path("suivi/<str:token>/renvoyer/", follow_up.resend, name="resend"),
    path("suivi/<str:token>/corriger/", follow_up.correct_address, name="correct"),
    path("suivi/<str:token>/rappel/", follow_up.call_back, name="call"),
    path("ce-n-est-pas-moi/<str:token>/", not_me.not_me, name="not-me"),
]
