"""People of the house who try the form are tests: in no figure, and still answered."""

from __future__ import annotations

import pytest

from leads import routing
from leads.analytics import facts
from leads.models import Lead, LeadFacts, Submission
from tests.leads.factories import LeadFactory
from tests.leads.test_request import post

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _house(settings):
    settings.INTERNAL_ADDRESSES = ["maison.exemple.fr", "agence@ailleurs.exemple.fr"]


def asks(visitor, address):
    post(visitor, email=address, email_confirmed=address)
    facts.refresh_all()
    return Submission.objects.latest("pk")


@pytest.mark.parametrize(
    "address", ["zoe@Maison.Exemple.fr", "Agence@ailleurs.exemple.fr"]
)
def test_who_asks_from_the_house_is_a_test_and_receives_the_synthesis(visitor, address):
    submission = asks(visitor, address)

    assert submission.copy is not None
    assert submission.lead.is_test
    assert not LeadFacts.objects.exists()
    assert routing.route_new() == 0


@pytest.mark.parametrize(
    "address",
    ["zoe@exemple.fr", "zoe@sous.maison.exemple.fr", "autre@ailleurs.exemple.fr"],
)
def test_others_are_counted(visitor, address):
    assert not asks(visitor, address).lead.is_test
    assert LeadFacts.objects.count() == 1


def test_who_is_known_already_is_left_as_staff_have_decided(visitor):
    lead = LeadFactory(email="zoe@maison.exemple.fr", email_key="zoe@maison.exemple.fr")
    asks(visitor, lead.email)

    assert not Lead.objects.get(pk=lead.pk).is_test
