"""Every public page and state, each made of plain objects: no database, no chance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils.csp import CSP

from leads.forms import RequestForm
from reports import study
from reports.personalisation import PERSONAS

NOON = datetime(2026, 11, 23, 12, tzinfo=ZoneInfo("Europe/Paris"))
REFERENCE = "SC26-XXXX-XXXX"
ADDRESS = "z•••@chu-exemple.fr"
TO_CORRECT = {"first_name": "Zoë", "email": "zoe@chu", "organisation_type": "ch"}
COMPLETE = {
    "first_name": "Zoë",
    "last_name": "Lœuf-d’Aÿ",
    "email": "zoe.loeuf@chu-exemple.fr",
    "organisation": "Centre hospitalier de démonstration",
    "organisation_type": "ch",
    "job_function": "dsi",
    "region": "53",
}
# A mail's own style, as a webmail lets it through, and nothing that runs or fetches.
MAIL_POLICY = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.UNSAFE_INLINE],
    "img-src": ["data:"],
}
PUBLISHER = SimpleNamespace(
    name="Éditions de la Démonstration",
    address="1 rue de l’Exemple\n35000 Exempleville",
    contact="etude@exemple.fr",
    dpo_email="dpo@exemple.fr",
    director="Camille Exemple",
    host="Hébergeur de démonstration, 2 rue de l’Essai, 35000 Exempleville",
    registration="RCS Exempleville 000 000 000",
    phone="01 99 00 00 00",
)


@dataclass(frozen=True)
class State:
    """A template with what it is given; `address` is where visitors meet it, if fixed.

    A page of last resort is rendered alone: neither request nor context processor.
    """

    template: str
    context: Callable[[], dict[str, Any]] = dict
    address: str = ""
    alone: bool = False
    mail: bool = False
    name: str = ""

    @property
    def path(self) -> str:
        return self.address or f"/etats/{self.name}/"

    @property
    def html(self) -> str:
        request = None if self.alone or self.mail else RequestFactory().get(self.path)
        return render_to_string(self.template, self.context(), request=request)

    def response(self, request: HttpRequest) -> HttpResponse:
        """Answer 200 whatever the state: its status is the business of other tests."""
        if self.alone or self.mail:
            return HttpResponse(render_to_string(self.template, self.context()))
        return render(request, self.template, self.context())


def form(answers: dict[str, str] | None = None) -> Callable[[], dict[str, Any]]:
    def context() -> dict[str, Any]:
        data = None
        if answers is not None:
            data = QueryDict(mutable=True)
            data.update(answers)
        bound = RequestForm(data)
        bound.is_valid()
        return {"form": bound}

    return context


def follow_up(state: str, **copy: Any) -> State:
    refresh = None if state in {"accepted", "failed", "withheld"} else 600

    def context() -> dict[str, Any]:
        return {
            "submission": SimpleNamespace(
                first_name="Zoë",
                last_name="Fictif",
                organisation="Établissement de démonstration",
                get_job_function_display="Direction générale",
                get_organisation_type_display="Centre hospitalier",
                get_region_display="Bretagne",
            ),
            "copy": SimpleNamespace(
                **{"reference": REFERENCE, "rendered_at": NOON, **copy}
            ),
            "state": state,
            "email_masked": ADDRESS,
            "refresh": refresh,
        }

    return State("leads/follow_up.html", context)


def copy_page(persona: str, **changes: Any) -> State:
    copy = {
        "reference": REFERENCE,
        "reader": PERSONAS[persona],
        "size": 140_000,
        "rendered_at": NOON,
    }
    context = {"copy": SimpleNamespace(**{**copy, **changes}), "token": "x"}
    return State("reports/copy.html", lambda: context)


def mail() -> dict[str, Any]:
    return {
        "reader": PERSONAS["dsi"],
        "copy_url": "https://exemple.fr/exemplaire/x/",
        "reference": REFERENCE,
        "edition": "1.0",
        "study": study,
        "publisher": PUBLISHER,
    }


def erratum() -> dict[str, Any]:
    return {**mail(), "note": "Page 3\xa0: la légende complète est sur la page."}


_STATES: dict[str, State] = {
    "accueil": State("leads/landing.html", form(), address="/"),
    "formulaire-a-corriger": State("leads/landing.html", form(TO_CORRECT)),
    "formulaire-vide": State("leads/landing.html", form({})),
    "suivi-demande": follow_up("requested", rendered_at=None),
    "suivi-pret": follow_up("rendered"),
    "suivi-envoi": follow_up("queued"),
    "suivi-attente": follow_up("deferred"),
    "suivi-envoye": follow_up("accepted"),
    "suivi-retenu": follow_up("withheld"),
    "suivi-refuse": follow_up("failed"),
    "suivi-echec": follow_up("failed", rendered_at=None),
    "exemplaire": copy_page("noms-longs"),
    "exemplaire-nom-seul": copy_page("nom-seul"),
    "exemplaire-en-preparation": copy_page("dsi", rendered_at=None),
    "exemplaire-retire": State("reports/copy_gone.html"),
    "confidentialite": State("pages/privacy.html", address="/confidentialite/"),
    "confidentialite-renseignee": State(
        "pages/privacy.html", lambda: {"publisher": PUBLISHER}
    ),
    "mentions-legales": State("pages/legal_notice.html", address="/mentions-legales/"),
    "mentions-legales-renseignees": State(
        "pages/legal_notice.html", lambda: {"publisher": PUBLISHER}
    ),
    "accessibilite": State("pages/accessibility.html", address="/accessibilite/"),
    "plan-du-site": State("pages/sitemap.html", address="/plan-du-site/"),
    "demonstration": State("pages/sitemap.html", lambda: {"demo": True}),
    "erreur-400": State("400.html", alone=True),
    "erreur-403": State("403.html"),
    "erreur-404": State("404.html"),
    "erreur-405": State("405.html"),
    "erreur-410": State("410.html"),
    "erreur-429": State("429.html"),
    "erreur-429-formulaire": State("429.html", form(COMPLETE)),
    "erreur-500": State("500.html", alone=True),
    "erreur-503": State("503.html", alone=True),
    "courriel": State("emails/synthesis.html", mail, mail=True),
    "courriel-erratum": State("emails/erratum.html", erratum, mail=True),
}
STATES = {name: replace(state, name=name) for name, state in _STATES.items()}
PAGES = {name: state for name, state in STATES.items() if not state.mail}
