"""The form proposes names of the register; whatever is typed is taken."""

from __future__ import annotations

import pytest

from leads import privacy
from leads.models import Establishment, Lead, PrivacyEvent, Submission
from tests.leads.establishments.extracts import extract
from tests.leads.establishments.test_finding import load
from tests.leads.test_request import ANSWERS

pytestmark = pytest.mark.django_db
URL = "/etablissements/"
NAME = "CH Exemple-sur-Vilaine"


@pytest.fixture(autouse=True)
def registered():
    load(extract())


def test_suggestions_are_public_and_may_be_kept(client):
    answer = client.get(URL, {"q": "ch exemple"})

    assert answer.json()["found"][0] == {
        "finess": "359000010",
        "name": NAME,
        "place": "Exemple sur Vilaine (35)",
        "type": "ch",
        "region": "53",
    }
    assert answer.headers["Cache-Control"] == "public, max-age=86400"
    assert not answer.cookies


def test_they_cost_four_statements(client, django_assert_max_num_queries):
    with django_assert_max_num_queries(6):  # A transaction's two ends among them.
        client.get(URL, {"q": "ch exemple"})


@pytest.mark.parametrize(
    "query", [{}, {"q": ""}, {"q": "ch"}, {"q": "\x00"}, {"q": "z" * 5000}]
)
def test_what_says_nothing_gets_none(client, query):
    answer = client.get(URL, query)

    assert answer.status_code in (200, 400)
    if answer.status_code == 200:
        assert answer.json() == {"found": []}


def test_one_network_may_not_read_the_register_through_it(client, settings):
    settings.SUGGESTIONS_PER_NETWORK_PER_HOUR = 2
    for _ in range(2):
        assert client.get(URL, {"q": "exemple"}).status_code == 200

    answer = client.get(URL, {"q": "exemple"})

    assert answer.status_code == 429
    assert answer.headers["Cache-Control"] == "no-store"


def post(visitor, **changes):
    response = visitor.post("/", {**ANSWERS, **changes})
    assert response.status_code == 303
    return Submission.objects.latest("pk")


def test_a_suggestion_that_was_chosen_is_known_by_its_number(visitor):
    submission = post(visitor, organisation=NAME, establishment="359000010")

    assert submission.establishment_id == "359000010"
    assert submission.lead.establishment_id == "359000010"
    assert submission.organisation == NAME


@pytest.mark.parametrize(
    ("organisation", "number"),
    [
        (NAME, ""),
        (NAME, "000000000"),
        (NAME, "x" * 5000),
        ("Un autre établissement", "359000010"),
    ],
)
def test_a_number_that_does_not_go_with_the_name_is_forgotten(
    visitor, organisation, number
):
    submission = post(visitor, organisation=organisation, establishment=number)

    assert submission.establishment is None
    assert submission.organisation == organisation


def test_erasure_takes_the_establishment_too(visitor):
    lead = post(visitor, organisation=NAME, establishment="359000010").lead

    privacy.erase(lead, PrivacyEvent.Kind.NOT_ME)

    assert Lead.objects.get(pk=lead.pk).establishment is None
    assert Submission.objects.get().establishment is None
    assert Establishment.objects.filter(pk="359000010").exists()


def test_another_name_is_of_no_establishment_until_somebody_says_which(visitor):
    lead = post(visitor, organisation=NAME, establishment="359000010").lead

    Lead.objects.filter(pk=lead.pk).update(region="11")
    assert Lead.objects.get().establishment_id == "359000010"
    Lead.objects.filter(pk=lead.pk).update(organisation="Un autre établissement")
    assert Lead.objects.get().establishment is None
    Lead.objects.filter(pk=lead.pk).update(
        organisation="CHRU Fictif Site Nord", establishment="359000028"
    )
    assert Lead.objects.get().establishment_id == "359000028"
