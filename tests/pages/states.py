"""Every public page and state, each made of plain objects: no database, no chance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils.csp import CSP

from leads import address_form, measure
from leads.calling import CallForm
from leads.consent import call_wording, news_wording
from leads.data_forms import CodeForm, DataAddressForm, RectificationForm
from leads.forms import RequestForm
from leads.receipt import Agreement, Receipt
from outbox.composing import identity
from outbox.replies import REASONS
from reports import document, emails
from reports.personalisation import PERSONAS, Reader, segment_of
from tests.pages.fixtures import (
    ADDRESS,
    ASK_URL,
    CALL_UNASKED,
    COOLING,
    DATA_URL,
    IT_DESK,
    MEASURED,
    NEWS_WAIT,
    NOON,
    NOTHING_HELD,
    REFERENCE,
    SENDER,
    data,
    given,
    meanwhile,
)

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


STILL = {
    *("deferred", "accepted", "delivered", "bounced"),
    *("failed", "withheld", "corrected"),
}


LOOKED_AT = {"accepted", "deferred"}


def follow_up(state: str, more: dict[str, Any] | None = None, **copy: Any) -> State:
    refresh = None if state in STILL else 600

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
            "looks": 600 if state in LOOKED_AT else refresh,
            "next_attempt_at": NOON if state == "deferred" else None,
            **(more or {}),
        }

    return State("leads/follow_up.html", context)


def copy_page(persona: str, **changes: Any) -> State:
    copy = {
        "reference": REFERENCE,
        "reader": PERSONAS[persona],
        "size": 140_000,
        "rendered_at": NOON,
        "requested_at": NOON,
        "edition": SimpleNamespace(version="1.0"),
        "lead": SimpleNamespace(refuses_measure=False),
    }
    context = {
        **document.contents(segment_of(PERSONAS[persona])),
        "copy": SimpleNamespace(**{**copy, **changes}),
        "token": "x",
    }
    return State("reports/copy.html", lambda: context)


def mail(reader: Reader = PERSONAS["dsi"], **changes: Any) -> dict[str, Any]:
    copy: Any = SimpleNamespace(
        reader=reader, reference=REFERENCE, size=140_000, link_expires_at=NOON
    )
    not_me = "https://exemple.fr/ce-n-est-pas-moi/x/"
    receipt = Receipt(
        (
            Agreement("actualités par courriel", NOON, news_wording().text, "2"),
            Agreement("être rappelé par téléphone", NOON, call_wording().text, "1"),
        ),
        waits=True,
        link={},
    )
    context = emails.context(
        copy,
        "https://exemple.fr/exemplaire/x/",
        not_me,
        receipt,
        "https://exemple.fr/choix/x/",
    )
    given = {
        "publisher": PUBLISHER,
        "reply_to": PUBLISHER.contact,
        "ask_url": "https://exemple.fr/mes-donnees/",
    }
    return identity() | context | given | changes


def choices(**changes: Any) -> Callable[[], dict[str, Any]]:
    return given(
        **{
            "news": None,
            "news_at": None,
            "news_waits": False,
            "may_agree": True,
            "call": None,
            "call_at": None,
            "measured": True,
            "wordings": {
                "NEWS": news_wording().text,
                "CALL": call_wording().text,
                "MEASURE": measure.WORDING.text,
            },
            "choices_url": "/choix/x/",
            "ask_url": ASK_URL,
        }
        | changes
    )


def erratum() -> dict[str, Any]:
    return {
        **mail(not_me_url=""),
        "note": "Page 3\xa0: la légende complète est sur la page.",
    }


def data_link() -> dict[str, Any]:
    data_url = "https://exemple.fr/mes-donnees/x/"
    return {**mail(not_me_url=""), "data_url": data_url, "expires_at": NOON}


def erase_code() -> dict[str, Any]:
    return {**mail(not_me_url=""), "code": "000000"}


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
    "suivi-distribue": follow_up("delivered"),
    "suivi-rebond": follow_up("bounced"),
    "suivi-rebond-a-corriger": follow_up(
        "bounced", meanwhile(resend=None, advice=REASONS["unknown"].visitor)
    ),
    "suivi-refuse-filtre": follow_up(
        "failed", meanwhile(advice=REASONS["policy"].visitor, it_desk=IT_DESK)
    ),
    "suivi-corrige": follow_up("corrected", {"corrected_url": "/suivi/y/"}),
    "suivi-envoye-complet": follow_up(
        "accepted",
        meanwhile(it_desk={**SENDER, "taken_at": NOON}),
    ),
    "suivi-attente-complet": follow_up(
        "deferred", meanwhile(correction=None, resend=COOLING)
    ),
    "suivi-retenu-complet": follow_up("withheld", meanwhile()),
    "suivi-renvoye": follow_up("queued", meanwhile(done="resent", resend=COOLING)),
    "suivi-adresse-refusee": follow_up(
        "accepted",
        meanwhile(correction=address_form.AddressForm(QueryDict("email=zoe@chu"))),
    ),
    "suivi-adresse-corrigee": follow_up(
        "queued", meanwhile(done="corrected", correction=None, resend=None)
    ),
    "suivi-rappel-refuse": follow_up(
        "accepted", meanwhile(call=CallForm({"phone": "zéro"}))
    ),
    "suivi-rappel-demande": follow_up(
        "delivered", meanwhile(call=None, call_done="00")
    ),
    "exemplaire": copy_page("noms-longs"),
    "exemplaire-nom-seul": copy_page("nom-seul"),
    "exemplaire-en-preparation": copy_page("dsi", rendered_at=None),
    "exemplaire-mesure-refusee": copy_page(
        "dsi", lead=SimpleNamespace(refuses_measure=True)
    ),
    "exemplaire-expire": State(
        "reports/copy_gone.html",
        given(reason="expired", token="x"),
    ),
    "exemplaire-lien-demande": State("reports/copy_gone.html", given(reason="asked")),
    "exemplaire-lien-remplace": State(
        "reports/copy_gone.html", given(reason="replaced")
    ),
    "exemplaire-revoque": State("reports/copy_gone.html", given(reason="revoked")),
    "verification": State(
        "reports/verification.html",
        given(reference=REFERENCE, edition="1.0", issued_at=NOON),
    ),
    "verification-inconnue": State(
        "reports/verification.html", given(reference=REFERENCE)
    ),
    "verification-a-saisir": State("reports/verification.html", address="/v/"),
    "verification-trop": State("reports/verification.html", given(too_many=True)),
    "donnees-demande": State(
        "leads/data_ask.html", given(form=DataAddressForm(), ask_url=ASK_URL)
    ),
    "donnees-demande-a-corriger": State(
        "leads/data_ask.html",
        given(form=DataAddressForm(QueryDict("email=")), ask_url=ASK_URL),
    ),
    "donnees-lien-expire": State(
        "leads/data_ask.html",
        given(form=DataAddressForm(), ask_url=ASK_URL, expired=True),
    ),
    "donnees-lien-ferme": State(
        "leads/data_ask.html",
        given(form=DataAddressForm(), ask_url=ASK_URL, shut=True),
    ),
    "donnees-message-parti": State("leads/data_sent.html", given(ask_url=ASK_URL)),
    "donnees": State("leads/data.html", data()),
    "donnees-a-corriger": State(
        "leads/data.html", data(rectification=RectificationForm({"last_name": "Aÿ"}))
    ),
    "donnees-rappel-sans-numero": State(
        "leads/data.html", data(call=CallForm({"phone": "zéro"}))
    ),
    "donnees-suspectes": State("leads/data.html", data(suspected=True)),
    "donnees-accord-a-confirmer": State(
        "leads/data.html", data(consents=[NEWS_WAIT, CALL_UNASKED])
    ),
    "donnees-corrigees": State("leads/data.html", data(done="rectified")),
    "donnees-suspendues": State(
        "leads/data.html",
        data(
            **NOTHING_HELD,
            frozen=True,
            done="frozen",
            measure=MEASURED | {"objected": True},
        ),
    ),
    "donnees-effacement": State(
        "leads/data_erase.html",
        given(
            form=CodeForm(),
            sent=True,
            email_masked=ADDRESS,
            erase_url=f"{DATA_URL}effacer/",
            data_url=DATA_URL,
        ),
    ),
    "donnees-effacement-sans-code": State(
        "leads/data_erase.html",
        given(
            form=CodeForm(),
            email_masked=ADDRESS,
            erase_url=f"{DATA_URL}effacer/",
            data_url=DATA_URL,
        ),
    ),
    "donnees-effacement-code-faux": State(
        "leads/data_erase.html",
        given(
            form=CodeForm({"code": "zéro"}),
            sent=True,
            email_masked=ADDRESS,
            erase_url=f"{DATA_URL}effacer/",
            data_url=DATA_URL,
        ),
    ),
    "donnees-effacees": State("leads/data_erased.html"),
    "desinscription": State(
        "leads/unsubscribe.html",
        given(unsubscribe_url="/desinscription/x/", ask_url=ASK_URL),
    ),
    "desinscription-faite": State(
        "leads/unsubscribe.html",
        given(done=True, ask_url=ASK_URL),
    ),
    "choix": State("leads/choices.html", choices()),
    "choix-a-confirmer": State(
        "leads/choices.html",
        choices(news=True, news_at=NOON, news_waits=True, call=True, call_at=NOON),
    ),
    "choix-accordes": State(
        "leads/choices.html", choices(news=True, news_at=NOON, measured=False)
    ),
    "choix-retires": State(
        "leads/choices.html",
        choices(news=False, news_at=NOON, call=False, call_at=NOON),
    ),
    "choix-suspendus": State(
        "leads/choices.html", choices(news=True, news_at=NOON, frozen=True)
    ),
    "choix-douteux": State("leads/choices.html", choices(doubted=True)),
    "pas-moi": State("leads/not_me.html", given(not_me_url="/ce-n-est-pas-moi/x/")),
    "pas-moi-fait": State("leads/not_me.html", given(done=True)),
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
    "erreur-413": State("413.html", alone=True),
    "erreur-429": State("429.html"),
    "erreur-429-formulaire": State("429.html", form(COMPLETE)),
    "erreur-500": State("500.html", alone=True),
    "erreur-503": State("503.html", alone=True),
    "courriel": State("emails/synthesis.html", mail, mail=True),
    "courriel-noms-longs": State(
        "emails/synthesis.html",
        lambda: mail(PERSONAS["noms-longs"], not_me_url=""),
        mail=True,
    ),
    "courriel-sans-accord": State(
        "emails/synthesis.html",
        lambda: mail(receipt=Receipt((), waits=False, link={})),
        mail=True,
    ),
    "courriel-donnees": State("emails/data-link.html", data_link, mail=True),
    "courriel-code": State("emails/erase-code.html", erase_code, mail=True),
    "courriel-erratum": State("emails/erratum.html", erratum, mail=True),
}
STATES = {name: replace(state, name=name) for name, state in _STATES.items()}
PAGES = {name: state for name, state in STATES.items() if not state.mail}
