from __future__ import annotations

from django.urls import path

from leads import (
    audience,
    choices,
    data_pages,
    follow_up,
    measure,
    not_me,
    renewal,
    unsubscribe,
    verification,
    views,
)
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
    path("choix/<str:token>/", choices.choices, name="choices"),
    path("desinscription/<str:token>/", unsubscribe.unsubscribe, name="unsubscribe"),
    path("mes-donnees/", data_pages.ask, name="data-ask"),
    path("mes-donnees/demande/", data_pages.asked, name="data-asked"),
    path("mes-donnees/effacees/", data_pages.erased, name="data-erased"),
    path("mes-donnees/<str:token>/", data_pages.data, name="data"),
    path("mes-donnees/<str:token>/donnees.json", data_pages.as_json, name="data-json"),
    path("mes-donnees/<str:token>/donnees.csv", data_pages.as_csv, name="data-csv"),
    path("mes-donnees/<str:token>/corriger/", data_pages.rectify, name="data-rectify"),
    path(
        "mes-donnees/<str:token>/accord/<str:purpose>/",
        data_pages.choose,
        name="data-consent",
    ),
    path("mes-donnees/<str:token>/mesure/", data_pages.measure, name="data-measure"),
    path("mes-donnees/<str:token>/suspendre/", data_pages.freeze, name="data-freeze"),
    path("mes-donnees/<str:token>/effacer/", data_pages.erase, name="data-erase"),
    path("mes-donnees/<str:token>/fermer/", data_pages.close, name="data-close"),
]
