"""Status and owner are changed from a person's page, by who may, with a reason."""

from __future__ import annotations

import pytest

from leads import assigning
from leads.models import Assignment, Lead
from outbox.models import Message
from tests.leads.factories import LeadFactory, StaffFactory
from tests.leads.pages import notices, page

pytestmark = pytest.mark.django_db


def move(client, lead, **data):
    return client.post(page("leads_lead_status", lead.pk), data)


def owner(client, lead, **data):
    return client.post(page("leads_lead_owner", lead.pk), data, follow=True)


def test_a_status_moves_on_and_back(client, sign_in):
    sign_in("Commercial")
    lead = LeadFactory()
    for status in ("contacte", "rendez-vous", "qualifie", "gagne", "nouveau"):
        assert move(client, lead, status=status).status_code == 303
        lead.refresh_from_db()
        assert (lead.status, lead.closed_because) == (status, "")


@pytest.mark.parametrize(
    ("status", "reason"),
    [(status, reason) for status, found in Lead.REASONS.items() for reason in found],
)
def test_what_is_closed_has_a_reason_of_its_own_list(client, sign_in, status, reason):
    sign_in("Commercial")
    lead = LeadFactory()

    assert move(client, lead, status=status, reason=reason).status_code == 303

    lead.refresh_from_db()
    assert (lead.status, lead.closed_because) == (status, reason)
    move(client, lead, status="contacte", reason=reason)
    lead.refresh_from_db()
    assert (lead.status, lead.closed_because) == ("contacte", "")


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({"status": "perdu"}, "une raison de «\u00a0perdu\u00a0»"),
        ({"status": "hors-cible", "reason": ""}, "une raison de «\u00a0hors cible"),
        ({"status": "perdu", "reason": "doublon"}, "une raison de «\u00a0perdu\u00a0»"),
        ({"status": "perdu", "reason": "inventée"}, "Cette raison n’existe pas"),
        ({"status": "inventé"}, "Ce statut n’existe pas"),
        ({}, "Choisissez le statut"),
    ],
)
def test_a_status_that_cannot_be_is_refused_in_words(client, sign_in, data, error):
    sign_in("Commercial")
    lead = LeadFactory()

    response = move(client, lead, **data)

    assert response.status_code == 422
    assert error in response.text
    lead.refresh_from_db()
    assert lead.status == "nouveau"


def test_the_same_status_again_changes_nothing(client, sign_in):
    sign_in("Commercial")
    lead = LeadFactory()
    move(client, lead, status="contacte")
    response = client.post(
        page("leads_lead_status", lead.pk), {"status": "contacte"}, follow=True
    )
    assert "était déjà" in notices(response)[-1]
    assert lead.history.count() == 1


def test_what_is_nobody_s_is_taken_once_and_given_back(client, sign_in):
    user = sign_in("Commercial")
    lead = LeadFactory()
    text = client.get(page("leads_lead_change", lead.pk)).text
    assert "Je prends" in text
    assert "Je le rends" not in text

    for _ in range(2):
        owner(client, lead, prendre="1")
    lead.refresh_from_db()
    assert lead.owner == user
    assert Assignment.objects.get().message in Message.objects.due()
    text = client.get(page("leads_lead_change", lead.pk)).text
    assert "Je prends" not in text

    owner(client, lead, rendre="1")
    lead.refresh_from_db()
    assert lead.owner is None
    assert [row.to for row in Assignment.objects.order_by("pk")] == [user, None]


def test_what_somebody_took_meanwhile_is_theirs(client, sign_in, monkeypatch):
    sign_in("Commercial")
    lead, other = LeadFactory(), StaffFactory()
    person = "leads.admin.page.LeadPages._person"
    from leads.admin.page import LeadPages

    real = LeadPages._person

    def meanwhile(self, request, pk):
        found = real(self, request, pk)
        assigning.assign([pk], other, why="Plus vite.")
        return found

    monkeypatch.setattr(person, meanwhile)
    response = client.post(page("leads_lead_owner", lead.pk), {"prendre": "1"})

    assert response.status_code == 303
    lead.refresh_from_db()
    assert lead.owner == other


def test_only_who_may_assign_gives_to_others(client, sign_in):
    sign_in("Commercial")
    lead, other = LeadFactory(), StaffFactory(group="Commercial")
    text = client.get(page("leads_lead_change", lead.pk)).text
    assert "Confier à" not in text
    response = client.post(page("leads_lead_owner", lead.pk), {"to": other.pk})
    assert response.status_code == 403

    sign_in("Marketing")
    response = owner(client, lead, to=other.pk)
    lead.refresh_from_db()
    assert lead.owner == other
    assert Assignment.objects.get().sentence.startswith("Confié par")
    assert f"Responsable\u00a0: {other.username}." in notices(response)

    owner(client, lead, to="")
    lead.refresh_from_db()
    assert lead.owner is None


def test_nobody_is_given_a_lead_who_cannot_be_told(client, sign_in):
    sign_in("Marketing")
    lead = LeadFactory()
    closed = StaffFactory(is_active=False)
    for to in (closed.pk, "9" * 40, "abc"):
        response = owner(client, lead, to=to)
        assert "Choisissez quelqu’un de la liste." in notices(response)
    assert not Assignment.objects.exists()


def test_who_has_no_address_cannot_take(client, sign_in):
    sign_in("Commercial", email="")
    lead = LeadFactory()

    response = owner(client, lead, prendre="1")

    assert "ne peut pas recevoir de contact" in notices(response)[0]
    lead.refresh_from_db()
    assert lead.owner is None


def test_what_is_another_s_is_not_given_back(client, sign_in):
    sign_in("Marketing")
    lead = LeadFactory(owner=StaffFactory())

    response = owner(client, lead, rendre="1")

    assert "le responsable est" in notices(response)[0]
    assert not Assignment.objects.exists()
