from __future__ import annotations

from django.urls import path

from leads import audience, follow_up, measure, not_me, renewal, verification, views
from leads.establishments import suggesting

app_name = "leads"

urlpatterns = [
    path("", views.landing, name="landing"),
    path("mesure/", audience.measure, name="audience"),
    path("etablissements/", suggesting.suggest, name="establishments"),
    path("suivi/<str:token>/", follow_up.follow_up, name="follow-up"),
    path("suivi/<str:token>/renvoyer/", follow_up.resend, name="resend"),
    path("suivi/<str:token>/corriger/", follow_up.correct_address, name="correct"),
    path("suivi/<str:token>/rappel/", follow_up.call_back, name="call"),
    # On a copy's page, acts of a person: reports knows none.
    path("exemplaire/<str:token>/renouveler/", renewal.renew, name="renew"),
    path("exemplaire/<str:token>/mesure/", measure.measure, name="measure"),
    path("v/", verification.search, name="verification"),
    path("v/<str:reference>/", verification.verify, name="verify"),
    path("ce-n-est-pas-moi/<str:token>/", not_me.not_me, name="not-me"),
]
