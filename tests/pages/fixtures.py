"""What the pages of a reader’s own affairs are given: plain objects, no database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from leads import address_form
from leads.address_form import INVALID_EMAIL, MISSING_EMAIL
from leads.calling import CallForm
from leads.consent import call_wording, news_wording
from leads.follow_up import MEANWHILE
from reports import study

NOON = datetime(2026, 11, 23, 12, tzinfo=ZoneInfo("Europe/Paris"))
REFERENCE = "SC26-XXXX-XXXX"
ADDRESS = "z•••@chu-exemple.fr"
ASK_URL = "/mes-donnees/"
DATA_URL = "/mes-donnees/x/"
MEASURED: dict[str, Any] = {"objected": False, "url": f"{DATA_URL}mesure/"}


class AddressForm(forms.Form):
    email = forms.EmailField(
        label="Adresse électronique professionnelle",
        help_text="Format attendu\u00a0: nom@domaine.fr",
        error_messages={"required": MISSING_EMAIL, "invalid": INVALID_EMAIL},
        widget=forms.EmailInput(
            attrs={
                "autocomplete": "email",
                "spellcheck": "false",
                "autocapitalize": "none",
            }
        ),
    )


class CodeForm(forms.Form):
    code = forms.RegexField(
        r"^\d{6}$",
        label="Code reçu par courriel",
        help_text="Six chiffres",
        error_messages={
            "required": "Saisissez les six chiffres du message.",
            "invalid": "Ce code n’est pas le bon, ou il a expiré\u00a0: saisissez les "
            "six chiffres du dernier message reçu.",
        },
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}
        ),
    )


class RectificationForm(forms.Form):
    first_name = forms.CharField(
        label="Prénom",
        error_messages={"required": "Saisissez votre prénom."},
        widget=forms.TextInput(attrs={"autocomplete": "given-name"}),
    )
    last_name = forms.CharField(
        label="Nom",
        error_messages={"required": "Saisissez votre nom."},
        widget=forms.TextInput(attrs={"autocomplete": "family-name"}),
    )
    organisation = forms.CharField(
        label="Établissement",
        error_messages={"required": "Saisissez le nom de votre établissement."},
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )


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


def consent(purpose: str, label: str, wording: str, granted: bool) -> SimpleNamespace:
    return SimpleNamespace(
        purpose=purpose,
        label=label,
        wording=wording,
        granted=granted,
        at=NOON if granted else None,
        version="2",
        url=f"{DATA_URL}accord/{purpose}/",
    )


def data(**changes: Any) -> Callable[[], dict[str, Any]]:
    """Return everything that is held about somebody who does not exist."""
    news = consent(
        "actualites", "Actualités par courriel", news_wording().text, granted=True
    )
    call = consent(
        "rappel", "Être rappelé par téléphone", call_wording().text, granted=False
    )
    who = {
        "first_name": "Zoë",
        "last_name": "Fictif",
        "organisation": "Établissement de démonstration",
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
    "rectification": None,
}


def given(**context: Any) -> Callable[[], dict[str, Any]]:
    return lambda: context
