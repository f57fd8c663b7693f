"""S23, S25: who of staff saw, took away or changed what stands in a journal."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from leads import journal, privacy, purging
from leads.models import JournalEntry, Lead, PrivacyEvent, RightsRequest
from tests.leads.factories import (
    LeadFactory,
    StaffFactory,
    SubmissionFactory,
    delivered,
)
from tests.leads.pages import page

pytestmark = pytest.mark.django_db
LEAD = "leads_lead_change"
Act = JournalEntry.Act


def acts(**filters):
    """Return what was done, but for signing in, which the test did."""
    rows = JournalEntry.objects.filter(**filters).exclude(act=Act.SIGNED_IN)
    return list(rows.order_by("pk").values_list("act", "user", "lead"))


def test_a_page_of_somebody_is_written_down_with_who_looked(client, sign_in):
    user = sign_in("Commercial")
    lead = LeadFactory(owner=user)

    client.get(page(LEAD, lead.pk))

    assert acts() == [(Act.SEEN, user.pk, lead.pk)]


def test_pages_about_their_requests_copies_and_mails_name_the_same_person(
    client, sign_in
):
    user = sign_in("Marketing")
    submission = delivered()
    for name, row in (
        ("leads_submission_change", submission),
        ("reports_copy_change", submission.copy),
        ("outbox_message_change", submission.messages.get()),
    ):
        assert client.get(page(name, row.pk)).status_code == 200, name

    assert acts() == [(Act.SEEN, user.pk, submission.lead_id)] * 3


def test_a_sheet_that_was_printed_is_told_from_a_page(client, sign_in):
    user = sign_in("Commercial")
    lead = LeadFactory(owner=user)

    client.get(reverse("admin:leads_lead_call_sheet", args=[lead.pk]))

    assert acts() == [(Act.PRINTED, user.pk, lead.pk)]


def test_sheets_of_a_selection_are_a_line_for_each_of_them(client, sign_in):
    user = sign_in("Commercial")
    leads = [LeadFactory(owner=user) for _ in range(2)]
    LeadFactory(owner=StaffFactory(group="Commercial"))

    chosen = {"action": "call_sheets", "_selected_action": [one.pk for one in leads]}
    response = client.post(page("leads_lead_changelist", perimetre="tous"), chosen)

    assert response.headers["Content-Type"] == "application/pdf"
    assert sorted(acts()) == [(Act.PRINTED, user.pk, one.pk) for one in leads]


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_a_proof_and_a_persons_data_are_lines_too(client, sign_in, kind):
    """S25: what leaves with somebody's data says whose, and who took it."""
    user = sign_in("DPO")
    lead = delivered().lead
    asked = RightsRequest.objects.create(lead=lead, right="acces", channel="courrier")

    client.get(reverse("admin:leads_lead_proof", args=[lead.pk]))
    client.post(reverse("admin:rights_export", args=[asked.pk]), {"format": kind})

    assert acts(act=Act.PRINTED) == [(Act.PRINTED, user.pk, lead.pk)]
    assert acts(act=Act.EXPORTED) == [(Act.EXPORTED, user.pk, lead.pk)]


def test_a_request_of_rights_and_a_suspect_are_pages_of_somebody(client, sign_in):
    user = sign_in("Marketing")
    lead = LeadFactory()
    asked = RightsRequest.objects.create(lead=lead, right="acces", channel="courrier")
    suspect = SubmissionFactory(suspect=True).lead

    client.get(page("leads_rightsrequest_change", asked.pk))
    client.get(page("leads_suspect_change", suspect.pk))

    assert acts() == [(Act.SEEN, user.pk, lead.pk), (Act.SEEN, user.pk, suspect.pk)]


def test_an_erasure_by_staff_says_who(client, sign_in):
    """S25: the person's line is by nobody; that of who pressed, by them."""
    user = sign_in("DPO")
    lead = LeadFactory()
    asked = RightsRequest.objects.create(
        lead=lead, right="effacement", channel="courrier"
    )

    client.post(reverse("admin:rights_erase", args=[asked.pk]), {"verifie": "on"})

    assert acts(act=Act.RIGHT) == [
        (Act.RIGHT, None, lead.pk),
        (Act.RIGHT, user.pk, lead.pk),
    ]


@pytest.mark.logs("django.request")
def test_what_was_refused_was_not_seen(client, sign_in):
    sign_in("Commercial")
    lead = LeadFactory(owner=StaffFactory(group="Commercial"))

    client.get(page(LEAD, lead.pk))
    client.get(page(LEAD, 999_999))
    client.get(page("leads_lead_changelist"))

    assert acts() == []


def test_an_export_says_how_many_rows_left_and_no_word_that_was_typed(client, sign_in):
    user = sign_in("Marketing")
    SubmissionFactory()
    url = reverse("admin:mesure_csv")

    response = client.post(f"{url}?tuile=leads")
    b"".join(response.streaming_content)

    entry = JournalEntry.objects.get(act=Act.EXPORTED)
    assert (entry.user, entry.page) == (user, "Mesure\u00a0: Contacts")
    assert entry.count is not None


def test_whatever_writes_the_admins_log_writes_the_journal():
    user = StaffFactory(group="Marketing")
    leads = [LeadFactory() for _ in range(3)]

    LogEntry.objects.log_actions(user.pk, leads, CHANGE, "Confiés.")

    assert acts(act=Act.CHANGED) == [(Act.CHANGED, user.pk, one.pk) for one in leads]


def test_a_right_that_was_exercised_is_the_persons_act():
    lead = LeadFactory()

    privacy.erase(lead, PrivacyEvent.Kind.NOT_ME)

    assert acts() == [(Act.RIGHT, None, lead.pk)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE leads_journalentry SET user_id = NULL",
        "DELETE FROM leads_journalentry",
    ],
)
def test_nobody_changes_the_journal(statement):
    journal.record(Act.SEEN)

    refused = pytest.raises(DatabaseError, match="append-only")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert JournalEntry.objects.count() == 1


def test_a_line_goes_after_a_year_and_not_a_day_before():
    """R21: logs are kept for twelve months at the most."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO leads_journalentry (act, at) VALUES"
            " ('vu', now() - interval '366 days'), ('vu', now() - interval '364 days')"
        )

    assert purging.purge().gone["acces"] == 1
    assert purging.purge().gone["acces"] == 0
    assert JournalEntry.objects.count() == 1


@pytest.mark.logs("django.request")
def test_the_dpo_reads_it_and_the_others_do_not(client):
    journal.record(Act.SEEN, lead=LeadFactory().pk)
    row = JournalEntry.objects.get()
    for group, status in (("DPO", 200), ("Marketing", 403), ("Commercial", 403)):
        client.force_login(StaffFactory(group=group))
        assert client.get(page("leads_journalentry_changelist")).status_code == status
        assert (
            client.get(page("leads_journalentry_change", row.pk)).status_code == status
        )


def test_an_account_that_is_gone_leaves_its_number(client, sign_in):
    sign_in("DPO")
    user = StaffFactory(group="Commercial")
    journal.record(Act.SIGNED_IN, user)
    number = user.pk
    user.delete()

    text = client.get(page("leads_journalentry_changelist")).text

    assert f"compte n°\u00a0{number}" in text


def test_no_line_names_anybody():
    lead = LeadFactory(first_name="Zoë", last_name="Lœuf")
    journal.record(Act.SEEN, StaffFactory(), about=lead, lead=lead.pk, page=LEAD)

    with connection.cursor() as cursor:
        cursor.execute("SELECT j::text FROM leads_journalentry j")
        [(row,)] = cursor.fetchall()
    for word in (lead.first_name, lead.last_name, lead.email, lead.organisation):
        assert word not in row
    assert Lead.objects.filter(pk=lead.pk).exists()
