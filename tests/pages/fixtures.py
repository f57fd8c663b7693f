"""What the pages of a reader’s own affairs are given: plain objects, no database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from leads import address_form
from leads.calling import CallForm
from leads.consent import call_wording, news_wording
from leads.data_forms import RectificationForm
from leads.follow_up import MEANWHILE
from reports import study

NOON = datetime(2026, 11, 23, 12, tzinfo=ZoneInfo("Europe/Paris"))
REFERENCE = "SC26-XXXX-XXXX"
ADDRESS = "z•••@chu-exemple.fr"
ASK_URL = "/mes-donnees/"
DATA_URL = "/mes-donnees/x/"
MEASURED: dict[str, Any] = {"objected": False, "url": f"{DATA_URL}mesure/"}


def meanwhile(**changes: Any) -> dict[str, Any]:
    """Return all that a reader may do on the follow-up page."""
    return {
        "resend": SimpleNamespace(url="/suivi/x/renvoyer/", possible_at=None),
        "correction": address_form.AddressForm(),
        "correction_url": "/suivi/x/corriger/",
        "call": CallForm(),
        "call_url": "/suivi/x/rappel/",
        "call_wording": call_wording().text,
        "figures": MEANWHILE,
        **changes,
    }


SENDER = {"sender": "etude@exemple.fr", "domain": "exemple.fr"}
IT_DESK = {**SENDER, "at": NOON, "said": "blocked by policy", "code": 550}
COOLING = SimpleNamespace(url="/suivi/x/renvoyer/", possible_at=NOON)


def consent(
    purpose: str, label: str, wording: str, granted: bool, *, waits: bool = False
) -> SimpleNamespace:
    return SimpleNamespace(
        waits=waits,
        purpose=purpose,
        label=label,
        wording=wording,
        granted=granted,
        at=NOON if granted else None,
        version="2",
        said="accordé",
        url=f"{DATA_URL}accord/{purpose}/",
    )


NEWS, CALL = "Actualités par courriel", "Être rappelé par téléphone"
NEWS_WAIT = consent("actualites", NEWS, news_wording().text, granted=True, waits=True)
CALL_UNASKED = consent("rappel", CALL, call_wording().text, granted=False)


def data(**changes: Any) -> Callable[[], dict[str, Any]]:
    """Return everything that is held about somebody who does not exist."""
    news = consent("actualites", NEWS, news_wording().text, granted=True)
    call = CALL_UNASKED
    who = {
        "first_name": "Zoë",
        "last_name": "Fictif",
        "organisation": "Établissement de démonstration",
        "organisation_type": "ch",
        "job_function": "dg",
        "region": "53",
    }
    answers = [
        ("Établissement", who["organisation"]),
        ("Type d’établissement", "Centre hospitalier"),
        ("Fonction", "Direction générale"),
        ("Région", "Bretagne"),
        ("Référence de l’exemplaire", REFERENCE),
    ]
    context = {
        "identity": [
            ("Prénom", "Zoë"),
            ("Nom", "Fictif"),
            ("Adresse électronique", "zoe.fictif@chu-exemple.fr"),
        ],
        "expires_at": NOON + timedelta(hours=1),
        "rectification": RectificationForm(initial=who),
        "rectify_url": f"{DATA_URL}corriger/",
        "submissions": [SimpleNamespace(created_at=NOON, answers=answers)],
        "consents": [news, call],
        "consent_events": [news],
        "measure": MEASURED,
        "messages_sent": [
            SimpleNamespace(
                created_at=NOON,
                subject=f"Votre synthèse {study.NAME}",
                state="remis à votre messagerie",
            )
        ],
        "downloads": [SimpleNamespace(at=NOON, reference=REFERENCE)],
        "openings": 3,
        "copies": [
            SimpleNamespace(
                reference=REFERENCE,
                edition="1.0",
                at=NOON,
                name="Zoë Fictif",
                organisation=who["organisation"],
            )
        ],
        "follow_up": [("Statut", "contacté"), ("Suivi par", "Camille Exemple")],
        "kept_until": NOON.date().replace(year=2029),
        "exchanges": [
            SimpleNamespace(
                at=NOON, what="Appel", outcome="joint", body="À rappeler au printemps."
            )
        ],
        "assignments": [
            SimpleNamespace(
                at=NOON, why="Confié à Camille Exemple\u00a0: règle n°\u00a04"
            )
        ],
        "rights": [
            SimpleNamespace(
                at=NOON, right="Accès", channel="site", answer="Lien personnel envoyé."
            )
        ],
        "call": CallForm(),
        "close_url": f"{DATA_URL}fermer/",
        "json_url": f"{DATA_URL}donnees.json",
        "csv_url": f"{DATA_URL}donnees.csv",
        "freeze_url": f"{DATA_URL}suspendre/",
        "erase_url": f"{DATA_URL}effacer/",
    }
    return lambda: {**context, **changes}


NOTHING_HELD: dict[str, Any] = {
    "submissions": [],
    "consent_events": [],
    "messages_sent": [],
    "downloads": [],
    "openings": 0,
    "copies": [],
    "exchanges": [],
    "assignments": [],
    "rights": [],
    "rectification": None,
}


def given(**context: Any) -> Callable[[], dict[str, Any]]:
    return lambda: context
