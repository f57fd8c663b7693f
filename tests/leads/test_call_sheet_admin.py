"""Who may print a call sheet, of whom, and what the answer gives away."""

from __future__ import annotations

import pytest

from leads.admin import sheets
from leads.models import Lead
from reports.pdf import engine
from tests.leads.factories import LeadFactory, StaffFactory
from tests.leads.pages import notices, page
from tests.leads.test_call_sheet import pages

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("pdf")]


def sheet(client, pk):
    return client.get(page("leads_lead_call_sheet", pk))


def print_all(client, leads, **query):
    data = {"action": "call_sheets", "_selected_action": [lead.pk for lead in leads]}
    return client.post(page("leads_lead_changelist", **query), data, follow=True)


@pytest.mark.parametrize("group", ["Commercial", "Marketing", "DPO"])
def test_the_sheet_opens_in_the_browser_and_is_kept_nowhere(client, sign_in, group):
    sign_in(group)
    lead = LeadFactory()

    response = sheet(client, lead.pk)

    assert response.status_code == 200
    assert response.content.startswith(b"%PDF-1.7")
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == 'inline; filename="fiche-d-appel.pdf"'
    assert "no-store" in response["Cache-Control"]
    headers = " ".join(f"{name}: {value}" for name, value in response.items())
    assert lead.last_name not in response.request["PATH_INFO"] + headers


def test_a_viewer_may_show_it_and_nothing_may_run(client, sign_in):
    sign_in("Commercial")

    policy = sheet(client, LeadFactory().pk)["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "object-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy


def test_a_commercial_prints_their_own_and_those_nobody_has(client, sign_in):
    user = sign_in("Commercial")
    mine, free = LeadFactory(owner=user), LeadFactory()
    other, suspect = LeadFactory(owner=StaffFactory()), LeadFactory(suspect=True)

    assert sheet(client, mine.pk).status_code == 200
    assert sheet(client, free.pk).status_code == 200
    assert sheet(client, other.pk).status_code == 403
    assert sheet(client, suspect.pk).status_code == 403


def test_without_the_right_to_see_contacts_there_is_no_sheet(client, sign_in):
    lead = LeadFactory()
    url = page("leads_lead_call_sheet", lead.pk)
    assert client.get(url).status_code == 302  # To the sign-in page.
    sign_in()
    assert client.get(url).status_code == 403


def test_it_is_only_read(client, sign_in):
    sign_in("Commercial")
    lead = LeadFactory()
    before = Lead.objects.values().get(pk=lead.pk)
    url = page("leads_lead_call_sheet", lead.pk)

    assert client.post(url).status_code == 405
    client.get(url)

    assert Lead.objects.values().get(pk=lead.pk) == before


def test_who_was_erased_or_never_was_is_said_to_be_gone(client, sign_in):
    sign_in("Marketing")
    for pk in (LeadFactory(erased=True).pk, 10**6, 10**40):
        response = client.get(page("leads_lead_call_sheet", pk), follow=True)
        assert response.redirect_chain
        (notice,) = notices(response)
        assert "n’existe pas" in notice or "n'existe pas" in notice.replace("’", "'")
    assert client.get(f"{page('leads_lead_changelist')}x/fiche-d-appel.pdf").status_code


def test_several_make_one_document(client, sign_in):
    sign_in("Marketing")
    leads = LeadFactory.create_batch(3)

    response = print_all(client, leads)

    assert response["Content-Type"] == "application/pdf"
    name = 'attachment; filename="fiches-d-appel.pdf"'
    assert response["Content-Disposition"] == name
    assert "no-store" in response["Cache-Control"]
    assert len(pages(response.content)) == 3


def test_more_than_twenty_are_refused_and_said(client, sign_in, monkeypatch):
    assert sheets.LIMIT == 20
    monkeypatch.setattr(sheets, "LIMIT", 1)
    sign_in("Marketing")

    response = print_all(client, LeadFactory.create_batch(2))

    (notice,) = notices(response)
    assert "2 contacts sont sélectionnés" in notice


def test_the_sheets_of_others_are_left_out_of_a_selection(client, sign_in):
    user = sign_in("Commercial")
    mine, other = LeadFactory(owner=user), LeadFactory(owner=StaffFactory())

    assert len(pages(print_all(client, [mine, other]).content)) == 1
    response = print_all(client, [other])
    assert "Aucune fiche" in notices(response)[0]


def test_a_page_costs_no_more_than_twelve_queries(
    client, sign_in, django_assert_max_num_queries
):
    sign_in("Commercial")
    lead = LeadFactory()
    LeadFactory.create_batch(5)
    sheet(client, lead.pk)  # What a process asks once: kinds of content.

    with django_assert_max_num_queries(12 + 1):  # The line of the journal.
        assert sheet(client, lead.pk).status_code == 200


@pytest.mark.logs("leads.admin.sheets")
def test_fonts_that_are_lost_are_said_and_break_no_page(client, sign_in, monkeypatch):
    def lost(keys):
        raise engine.FontsLost

    sign_in("Commercial")
    leads = [LeadFactory(), LeadFactory()]
    monkeypatch.setattr(sheets.call_sheet, "render", lost)

    one = client.get(page("leads_lead_call_sheet", leads[0].pk), follow=True)
    several = print_all(client, leads)

    assert one.redirect_chain[0][0] == page("leads_lead_change", leads[0].pk)
    for response in (one, several):
        assert response.status_code == 200
        assert notices(response) == [
            "La fiche ne peut pas être faite\u00a0: prévenez l’équipe technique."
        ]
