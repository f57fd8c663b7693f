"""Every page of the back office says where it stands, and what to do when bare."""

from __future__ import annotations

import re

import pytest

from tests.leads.factories import LeadFactory
from tests.leads.pages import page

pytestmark = pytest.mark.django_db
LISTS = {
    "leads_lead": "Contacts",
    "leads_suspect": "Suspects",
    "leads_absence": "Absences",
    "leads_routingrule": "Règles d’affectation",
    "leads_staffprofile": "Profils de suivi",
    "leads_batch": "Actions groupées",
    "outbox_message": "Envois",
    "reports_copy": "Exemplaires",
}


def crumbs(response):
    found = re.search(r'<ol class="breadcrumbs">(.*?)</ol>', response.text, re.S)
    return [re.sub("<[^>]+>", "", item) for item in found[1].split("</li>")[:-1]]


@pytest.mark.parametrize(("name", "title"), LISTS.items())
def test_a_list_is_one_step_from_home(client, sign_in, name, title):
    sign_in("Marketing")

    response = client.get(page(f"{name}_changelist"))

    assert [item.strip() for item in crumbs(response)] == ["Accueil", title]
    assert f"<h1>{title}</h1>" in response.text


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("leads_absence", "Déclarer une absence"),
        ("leads_routingrule", "Nouvelle règle d’affectation"),
        ("leads_staffprofile", "Nouveau profil de suivi"),
    ],
)
def test_what_is_added_has_one_name(client, sign_in, name, title):
    sign_in("Marketing")

    add = client.get(page(f"{name}_add"))

    assert crumbs(add)[-1].strip() == title
    assert f"<h1>{title}</h1>" in add.text
    assert f">{title}</a>" in client.get(page(f"{name}_changelist")).text


@pytest.mark.parametrize("name", ["absence", "staffprofile", "batch", "savedview"])
def test_a_bare_list_says_what_to_do(client, sign_in, name):
    sign_in("Marketing")

    response = client.get(page(f"leads_{name}_changelist"))

    words = response.context["cl"].model_admin.when_empty
    assert words in response.text
    filtered = client.get(page("leads_absence_changelist", periode="fin"))
    assert "Rien ne répond à ces filtres" in filtered.text


def test_a_whole_list_offers_no_wider_one(client, sign_in):
    sign_in("Marketing")
    LeadFactory(first_name="Camille")

    whole = client.get(page("leads_lead_changelist"))
    searched = client.get(page("leads_lead_changelist", q="camille"))

    assert "Tout afficher" not in whole.text
    assert "1 résultat" in searched.text
    assert "Tout afficher" in searched.text
