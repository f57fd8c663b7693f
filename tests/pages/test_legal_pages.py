"""What people are told: the register, who publishes, whom to write to."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.conf import settings as current
from django.core.checks import run_checks

from leads import register
from leads.forms import RequestForm
from leads.models import ConsentEvent
from santescopie import views
from tests.santescopie.test_settings import COMPLETE, SHOWN

PAGES = (
    "/",
    "/mentions-legales/",
    "/confidentialite/",
    "/accessibilite/",
    "/plan-du-site/",
)
MISSING = '<mark class="missing">à compléter</mark>'


def text_of(html):
    """Return what is read of a page, its spaces made one."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


def said(text):
    return re.sub(r"\s+", " ", text)


@pytest.fixture
def complete(settings):
    """Every setting that a page shows, said."""
    settings.PUBLISHER = {
        name: COMPLETE[f"PUBLISHER_{name.upper()}"] for name in current.PUBLISHER
    }
    settings.LOG_RETENTION_DAYS = 180
    settings.BACKUP_RETENTION_DAYS = 30
    settings.SECURITY_CONTACT = COMPLETE["SECURITY_CONTACT"]
    return settings


def forget(settings, name):
    if name.startswith("PUBLISHER_"):
        key = name.removeprefix("PUBLISHER_").lower()
        settings.PUBLISHER = {**settings.PUBLISHER, key: ""}
    else:
        setattr(settings, name, 0)


def pages(client):
    return {path: client.get(path).text for path in PAGES[1:]}


def test_a_complete_house_shows_nothing_to_complete(client, complete):
    for path, html in pages(client).items():
        assert MISSING not in html, path


@pytest.mark.parametrize("name", SHOWN)
def test_what_a_page_would_show_as_missing_is_named_by_the_check(
    client, complete, name
):
    """R15: each « à compléter » of a page is an error of `check --deploy`."""
    forget(complete, name)

    assert any(MISSING in html for html in pages(client).values())
    found = run_checks(include_deployment_checks=True)
    assert any(name in error.msg for error in found if error.level >= 40)


# --- The privacy page -----------------------------------------------------------------


@pytest.fixture
def privacy(client, complete):
    return text_of(client.get("/confidentialite/").text)


def test_the_page_says_all_that_the_register_says_of_visitors(privacy):
    """R1, R12: purposes with one basis each, data and retention, rendered."""
    for purpose in register.public_purposes():
        for words in (purpose.title, purpose.data, purpose.why):
            assert said(words) in privacy
    for clock in register.public_clocks():
        assert said(clock.data) in privacy
        assert said("".join(part or "?" for part in clock.parts)) in privacy
        assert said(clock.then) in privacy
    for row in register.PURPOSES:
        assert (said(row.title) in privacy) == row.public


@pytest.mark.parametrize(
    "item",
    [
        "Responsable du traitement Éditeur de démonstration",
        "Protection des données dpo@exemple.fr",
        "Pour quoi faire, et à quel titre",
        "Intérêt légitime (article 6.1.f) : répondre aux lecteurs",
        "Sans les réponses obligatoires, l’exemplaire ne peut être ni établi",
        "Qui les reçoit",
        "transferts hors de l’Union européenne : Éditeur de démonstration",
        "Combien de temps",
        "accéder à vos données, les faire rectifier ou effacer",
        "réclamation à la CNIL",
        "retirer à tout moment votre accord",
        "Aucune décision n’est prise à votre sujet de façon automatisée",
    ],
)
def test_the_page_holds_every_item_of_the_law(privacy, item):
    """R10, R12: RGPD, articles 13 and 14."""
    assert item in privacy


def test_each_purpose_has_exactly_one_basis_and_known_clocks():
    """R1: and an interest is said where it is the basis, and nowhere else."""
    keys = {clock.key for clock in register.CLOCKS}
    used = set()
    for purpose in register.PURPOSES:
        assert isinstance(purpose.basis, register.Basis)
        assert bool(purpose.interest) == (purpose.basis is register.Basis.INTEREST)
        assert purpose.recipients
        assert set(purpose.clocks) <= keys
        used |= set(purpose.clocks)
    assert used == keys  # Nothing is kept for no purpose.


def test_the_ledger_of_consents_knows_the_register():
    """R1: what is agreed to rests on consent; what is objected to, on an interest."""
    bases = {row.consent: row.basis for row in register.PURPOSES if row.consent}

    assert set(bases) == set(ConsentEvent.Purpose.values)
    assert bases["actualites"] is bases["rappel"] is register.Basis.CONSENT
    assert bases["mesure"] is register.Basis.INTEREST


def test_every_field_of_the_form_is_justified(privacy):
    """R13: used in the document or the follow-up; R14: no free text."""
    form = RequestForm()
    rows = {row.name: row for row in register.FIELDS}

    asked = set(form.fields) - set(register.MACHINERY) - {"email_mended"}
    assert asked == set(rows)
    for name, row in rows.items():
        assert form.fields[name].required == row.required
        assert said(row.why) in privacy
        if name != "news_consent":
            assert form.fields[name].label == row.label
    assert not [f for f in form if f.field.widget.__class__.__name__ == "Textarea"]


def test_the_notice_beside_the_button_says_the_same(client, complete, db):
    """R11: controller, purposes, retention, rights, contact, link; without a click."""
    from django.template.loader import render_to_string

    from santescopie.context import publication

    html = render_to_string("leads/_notice.html", publication())
    notice = text_of(html)

    for words in (
        "Éditeur de démonstration utilise ces données",
        "vous envoyer la synthèse",
        "si vous l’avez accepté, vous adresser ses actualités",
        f"conservées {register.YEARS} ans après votre dernier contact",
        "y accéder, les rectifier, les effacer ou vous opposer",
        "dpo@exemple.fr",
    ):
        assert words in notice
    assert 'href="/confidentialite/"' in html
    landing = client.get("/").text
    assert landing.index('id="donnees"') < landing.index('id="envoyer"')


# --- The others -----------------------------------------------------------------------


def test_the_legal_notice_says_what_the_law_asks(client, complete):
    """R15: LCEN, article 6-III."""
    legal = text_of(client.get("/mentions-legales/").text)

    for head in (
        "Nom",
        "Adresse",
        "Téléphone",
        "Contact",
        "Immatriculation",
        "Direction de la publication",
        "Hébergement",
    ):
        assert head in legal


@pytest.mark.parametrize("path", PAGES)
def test_every_page_says_how_accessible_the_site_is(client, db, path):
    """A1: « non conforme » until somebody else has audited it, with the declaration."""
    html = client.get(path).text

    assert (
        '<a href="/accessibilite/">Accessibilité : non conforme</a>'.replace(
            " : ", "\u00a0: "
        )
        in html
    )


def test_the_site_map_leads_to_every_public_page(client, complete):
    html = client.get("/plan-du-site/").text

    for path in PAGES[1:4]:
        assert f'href="{path}"' in html


# --- security.txt ---------------------------------------------------------------------


def fields(response):
    return dict(line.split(": ", 1) for line in response.text.splitlines())


@pytest.mark.parametrize(
    ("contact", "uri"),
    [
        ("securite@exemple.fr", "mailto:securite@exemple.fr"),
        ("mailto:securite@exemple.fr", "mailto:securite@exemple.fr"),
        ("https://exemple.fr/securite", "https://exemple.fr/securite"),
    ],
)
def test_security_txt_says_whom_to_tell(client, complete, contact, uri):
    """S27: RFC 9116."""
    complete.SECURITY_CONTACT = contact

    response = client.get("/.well-known/security.txt")

    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    found = fields(response)
    assert found["Contact"] == uri
    assert found["Preferred-Languages"] == "fr, en"
    assert found["Canonical"] == f"{current.SITE_URL}/.well-known/security.txt"


def test_security_txt_never_expires_while_it_is_served(client, complete, monkeypatch):
    """S27: RFC 9116, 2.5.5: a date of less than a year ahead, computed each day."""
    for now in (datetime(2026, 11, 28, tzinfo=UTC), datetime(2031, 2, 1, tzinfo=UTC)):
        monkeypatch.setattr(views.timezone, "now", lambda now=now: now)

        found = fields(client.get("/.well-known/security.txt"))

        ends = datetime.fromisoformat(found["Expires"])
        assert timedelta(days=100) < ends - now < timedelta(days=365)


@pytest.mark.parametrize("contact", ["", "securite", "javascript:x", "a@b\nX: y"])
def test_without_a_contact_there_is_no_security_txt(client, complete, contact):
    """S27: a file without a contact would be no such file."""
    complete.SECURITY_CONTACT = contact

    assert client.get("/.well-known/security.txt").status_code == 404
