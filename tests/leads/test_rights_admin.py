"""R25: what is asked by mail or telephone is noted, due in a month, and closed."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone

from leads.models import DataLink, Lead, PrivacyEvent, RightsRequest
from leads.models.rights import a_month_after
from tests.leads.factories import LeadFactory, StaffFactory, delivered
from tests.leads.pages import notices, page, shown

pytestmark = pytest.mark.django_db
CHANGE = "leads_rightsrequest_change"


def note(client, **values):
    today = timezone.localdate().isoformat()
    data = {"right": "effacement", "channel": "courrier", "received_on": today}
    return client.post(page("leads_rightsrequest_add"), {**data, **values})


@pytest.mark.parametrize(
    ("received", "due"),
    [
        (date(2026, 11, 23), date(2026, 12, 23)),
        (date(2026, 12, 31), date(2027, 1, 31)),
        (date(2027, 1, 31), date(2027, 2, 28)),
        (date(2028, 1, 30), date(2028, 2, 29)),
    ],
)
def test_a_request_is_due_a_month_after_it_came(received, due):
    """R25: art. 12(3)."""
    assert a_month_after(received) == due


@pytest.mark.parametrize("group", ["Marketing", "DPO"])
def test_it_is_noted_answered_and_closed(client, sign_in, group):
    user = sign_in(group)
    lead = LeadFactory()
    response = note(client, address=lead.email.upper(), said="Par courrier.")
    assert response.status_code == 302
    row = RightsRequest.objects.get()
    assert (row.lead, row.noted_by, row.closed_at) == (lead, user, None)
    url = page(CHANGE, row.pk)

    assert client.post(url, {"answer": "", "done": "on"}).status_code == 200
    client.post(url, {"answer": "Répondu par courrier.", "done": "on"})

    row.refresh_from_db()
    assert (row.answer, row.closed_by) == ("Répondu par courrier.", user)
    assert client.post(url, {"answer": "Autre"}).status_code == 403
    assert client.get(url).status_code == 200


def test_from_a_contact_s_page_it_is_noted_of_them(client, sign_in):
    """The number stands in the address of the page, never the mailbox."""
    sign_in("DPO")
    lead = LeadFactory()
    url = f"{page('leads_rightsrequest_add')}?contact="
    assert f"{url}{lead.pk}" in client.get(page("leads_lead_change", lead.pk)).text

    assert f'value="{lead.email}"' in client.get(f"{url}{lead.pk}").text
    for other in (lead.pk + 1, "x", "9" * 30, "-1"):
        response = client.get(f"{url}{other}")
        assert response.status_code == 200
        assert lead.email not in response.text


def test_the_channel_is_said_never_supposed(client, sign_in):
    sign_in("DPO")
    assert note(client, who="M. Fictif", channel="").status_code == 200
    assert note(client, who="M. Fictif", channel="site").status_code == 200
    assert not RightsRequest.objects.exists()


def test_somebody_unknown_is_noted_by_how_to_answer_them(client, sign_in):
    sign_in("DPO")
    assert note(client).status_code == 200
    assert note(client, address="personne@exemple.fr").status_code == 200
    assert note(client, who="M. Fictif, par téléphone").status_code == 302
    tomorrow = (timezone.localdate() + timedelta(days=1)).isoformat()
    assert note(client, who="X", received_on=tomorrow).status_code == 200
    assert RightsRequest.objects.get().lead is None


def test_what_is_late_says_so_and_stands_first(client, sign_in):
    """R25: overdue flag."""
    sign_in("DPO")
    lead = LeadFactory()
    today = timezone.localdate()
    done = RightsRequest.objects.create(
        lead=lead, right="acces", channel="site", answer="x", closed_at=timezone.now()
    )
    new = RightsRequest.objects.create(lead=lead, right="acces", channel="courrier")
    late = RightsRequest.objects.create(
        lead=lead,
        right="acces",
        channel="courriel",
        received_on=today - timedelta(days=40),
    )
    response = client.get(page("leads_rightsrequest_changelist"))
    assert shown(response) == [late, new, done]
    assert response.text.count("en retard depuis le") == 1
    for state, rows in {"retard": [late], "a-traiter": [late, new]}.items():
        response = client.get(page("leads_rightsrequest_changelist", etat=state))
        assert shown(response) == rows


def test_commercials_see_none(client, sign_in):
    sign_in("Commercial")
    assert client.get(page("leads_rightsrequest_changelist")).status_code == 403


@pytest.fixture
def row():
    return RightsRequest.objects.create(
        lead=delivered().lead, right="effacement", channel="courrier"
    )


def test_the_link_the_data_and_the_erasure_answer_it(client, sign_in, row):
    """R22: one action gives it all; R23: staff erase by the one path there is."""
    user = sign_in("DPO")
    address = row.lead.email
    client.post(page("rights_link", row.pk))
    assert DataLink.objects.get().address == address

    said = json.loads(client.post(page("rights_export", row.pk)).content)
    assert said["identite"]["adresse_electronique"] == address
    table = client.post(page("rights_export", row.pk), {"format": "csv"})
    assert address in table.content.decode()
    assert LogEntry.objects.filter(user=user).count() == 2

    response = client.post(page("rights_erase", row.pk), follow=True)
    assert notices(response)[-1] == "Vérifiez d’abord l’identité de la personne."
    client.post(page("rights_erase", row.pk), {"verifie": "on"})

    assert Lead.objects.get().erased_at
    assert PrivacyEvent.objects.get().kind == PrivacyEvent.Kind.STAFF
    row.refresh_from_db()
    assert (bool(row.closed_at), row.closed_by) == (True, user)
    assert client.post(page("rights_export", row.pk)).status_code == 403


@pytest.mark.parametrize("name", ["rights_link", "rights_export", "rights_erase"])
def test_who_may_not_answer_does_nothing(client, row, name):
    for user in (None, StaffFactory(group="Commercial")):
        if user:
            client.force_login(user)
        response = client.post(page(name, row.pk), {"verifie": "on"})
        assert response.status_code in (302, 403, 404)
    client.force_login(StaffFactory(group="DPO"))
    assert client.get(page(name, row.pk)).status_code == 405
    assert client.post(page(name, 10**18), {"verifie": "on"}).status_code == 404
    assert Lead.objects.get().erased_at is None
    assert not DataLink.objects.exists()
