"""What staff do with leads: find them, write to them again, note what was said."""

from __future__ import annotations

import pytest

from leads.admin.leads import LeadForm
from leads.models import Activity, ConsentEvent, Lead
from outbox.models import Message
from reports.models import Copy
from tests.leads.factories import (
    CopyFactory,
    HitFactory,
    LeadFactory,
    MessageFactory,
    StaffFactory,
    SubmissionFactory,
    delivered,
)
from tests.leads.pages import form_data, gesture, notices, page, shown

pytestmark = pytest.mark.django_db


def test_suspects_and_tests_show_only_on_demand_and_the_erased_never(client, sign_in):
    sign_in("Marketing")
    genuine = LeadFactory()
    suspect, test = LeadFactory(suspect=True), LeadFactory(test=True)
    merged = LeadFactory(merged_into=genuine)
    erased = LeadFactory(erased=True)

    def listed(**query):
        return set(shown(client.get(page("leads_lead_changelist", **query))))

    assert listed() == {genuine}
    assert listed(perimetre="suspects") == {suspect}
    assert listed(perimetre="essais") == {test}
    assert listed(perimetre="tous") == {genuine, suspect, test, merged}
    response = client.get(page("leads_lead_change", erased.pk))
    assert response.status_code == 302


@pytest.mark.parametrize(
    "name", ["leads_submission", "reports_copy", "reports_hit", "outbox_message"]
)
def test_rows_of_suspects_and_tests_are_left_out_everywhere(client, sign_in, name):
    sign_in("Marketing")
    for lead in (LeadFactory(), LeadFactory(suspect=True), LeadFactory(test=True)):
        HitFactory(copy=delivered(lead=lead).copy)

    def count(**query):
        return len(shown(client.get(page(f"{name}_changelist", **query))))

    assert count() == count(perimetre="suspects") == count(perimetre="essais") == 1
    assert count(perimetre="tous") == 3


def test_leads_are_cut_by_what_reached_them(client, sign_in):
    sign_in("Commercial")
    read = delivered().lead
    HitFactory(copy=read.copies.get())
    delivered_only = delivered().lead
    HitFactory(copy=delivered_only.copies.get(), gateway=True)
    nothing = LeadFactory()

    def listed(**query):
        return set(shown(client.get(page("leads_lead_changelist", **query))))

    assert listed(remis="oui") == {read, delivered_only}
    assert listed(remis="non") == {nothing}
    assert listed(retire="oui") == {read}
    assert listed(remis="oui", retire="non") == {delivered_only}


def test_the_retrieval_of_a_person_who_objects_is_not_shown(client, sign_in):
    sign_in("Commercial")
    lead = delivered().lead
    HitFactory(copy=lead.copies.get())
    url = page("leads_lead_changelist", retire="oui")
    assert shown(client.get(url)) == [lead]

    ConsentEvent.objects.create(lead=lead, purpose="mesure", granted=False)

    assert shown(client.get(url)) == []


@pytest.mark.parametrize("words", ["exemple", "CAMILLE.", "démonstration", "Camille"])
def test_leads_are_found_by_name_address_and_establishment(client, sign_in, words):
    sign_in("Commercial")
    lead = LeadFactory()

    assert shown(client.get(page("leads_lead_changelist", q=words))) == [lead]
    assert shown(client.get(page("leads_lead_changelist", q="autre"))) == []


def send_again(client, *leads):
    return gesture(client, "send_again", leads)


def test_sending_again_owes_a_message_and_says_so(client, sign_in):
    sign_in("Marketing")
    first, second = delivered(), delivered()

    response = send_again(client, first.lead, second.lead)

    owed = Message.objects.due()
    assert {message.recipient for message in owed} == {first.email, second.email}
    assert first.messages.count() == 2
    assert notices(response)[0].startswith("2 envois demandés")


def test_sending_again_says_what_cannot_leave(client, sign_in, settings):
    sign_in("Marketing")
    settings.MAIL_PER_RECIPIENT_PER_DAY = 1
    over_quota = delivered()
    never = SubmissionFactory(suspect=True)
    revoked = delivered(copy__revoked=True)
    lost = SubmissionFactory()  # Its file is nowhere.
    under_way = SubmissionFactory(copy__rendered=False)

    response = send_again(
        client, *(s.lead for s in (over_quota, never, revoked, lost, under_way))
    )

    assert not Message.objects.due().exists()
    said = "\n".join(notices(response))
    assert "1 envoi retenu" in said
    assert "2 envois impossibles" in said
    assert "introuvable" in said
    assert "1 exemplaire en cours de fabrication" in said


def test_a_slip_does_not_write_to_everybody(client, sign_in, monkeypatch):
    sign_in("Marketing")
    monkeypatch.setattr("leads.admin.sending.LIMIT", 1)

    rows = [delivered(), delivered()]
    response = gesture(client, "send_again", rows, "leads_submission")

    assert not Message.objects.due().exists()
    assert "aucun envoi n’a été demandé" in notices(response)[0]


@pytest.mark.parametrize("name", ["leads_lead", "leads_submission"])
def test_only_those_who_may_send_again_can(client, sign_in, name):
    sign_in("DPO")
    submission = delivered()
    row = submission.lead if name == "leads_lead" else submission
    url = page(f"{name}_changelist")

    client.post(url, {"action": "send_again", "_selected_action": [row.pk]})

    assert not Message.objects.due().exists()
    assert "send_again" not in client.get(url).text


def test_a_submission_is_sent_again_from_its_own_page(client, sign_in):
    sign_in("Commercial")
    old = delivered()
    delivered(lead=old.lead, job_function="dg")

    client.post(
        page("leads_submission_changelist"),
        {"action": "send_again", "_selected_action": [old.pk]},
    )

    assert Message.objects.due().get().copies.get() == old.copy


def test_leads_are_taken_and_marked_as_tests(client, sign_in):
    user = sign_in("Commercial")
    lead = LeadFactory()
    for action in ("take", "mark_as_test"):
        gesture(client, action, [lead])

    lead.refresh_from_db()
    assert lead.owner == user
    assert lead.is_test


def test_a_note_is_signed_by_whoever_writes_it(client, sign_in):
    user = sign_in("Commercial")
    lead = delivered().lead

    data = {"kind": "note", "body": "Rappeler lundi."}
    response = client.post(page("leads_lead_log", lead.pk), data, follow=True)

    assert response.redirect_chain
    note = Activity.objects.get()
    assert (note.author, note.kind, note.lead) == (user, "note", lead)
    assert "Rappeler lundi." in response.text


def test_a_note_is_never_rewritten(client, sign_in):
    lead = LeadFactory()
    author = StaffFactory()
    note = Activity.objects.create(lead=lead, body="Première.", author=author)
    sign_in(superuser=True)
    text = client.get(page("leads_lead_change", lead.pk)).text
    assert "Première." in text
    url = page("leads_lead_edit", lead.pk)
    data = form_data(client.get(url))

    client.post(
        url,
        {
            **data,
            "activities-TOTAL_FORMS": 1,
            "activities-INITIAL_FORMS": 1,
            "activities-0-id": note.pk,
            "activities-0-body": "Autre chose.",
            "activities-0-DELETE": "on",
        },
    )

    note.refresh_from_db()
    assert (note.body, note.author) == ("Première.", author)


def test_a_corrected_address_stays_one_lead_per_address(client, sign_in):
    sign_in("Marketing")
    lead, other = LeadFactory(), LeadFactory(email="prise@exemple.fr")
    url = page("leads_lead_edit", lead.pk)
    data = form_data(client.get(url))

    response = client.post(url, {**data, "email": "Prise@Exemple.fr"})
    assert "Un autre contact a déjà cette adresse." in response.text

    client.post(url, {**data, "email": "Nouvelle@exemple.fr"})
    lead.refresh_from_db()
    assert (lead.email, lead.email_key) == (
        "Nouvelle@exemple.fr",
        "nouvelle@exemple.fr",
    )
    other.refresh_from_db()


def test_a_correction_leaves_the_copies_as_they_are(client, sign_in):
    sign_in("Marketing")
    copy = delivered().copy
    url = page("leads_lead_edit", copy.lead_id)

    client.post(url, {**form_data(client.get(url)), "last_name": "Corrigé"})

    assert Lead.objects.get().last_name == "Corrigé"
    assert Copy.objects.get().last_name == copy.last_name


def test_a_correction_undoes_nothing_that_a_colleague_did(client, sign_in, monkeypatch):
    sign_in("Marketing")
    lead = LeadFactory()
    url = page("leads_lead_edit", lead.pk)
    data = form_data(client.get(url))
    read = LeadForm.clean_email

    def meanwhile(form):
        Lead.objects.filter(pk=lead.pk).update(status="contacte", phone="0199000000")
        return read(form)

    monkeypatch.setattr(LeadForm, "clean_email", meanwhile)
    response = client.post(url, data | {"last_name": "Corrigé"})

    assert response.url == page("leads_lead_change", lead.pk)
    lead.refresh_from_db()
    assert (lead.last_name, lead.status) == ("Corrigé", "contacte")
    assert lead.phone == "0199000000"


def test_status_owner_and_date_are_no_part_of_the_record_s_form(client, sign_in):
    sign_in("Marketing")
    lead = LeadFactory()
    response = client.get(page("leads_lead_edit", lead.pk))
    fields = set(response.context["adminform"].form.fields)
    assert not fields & {"status", "closed_because", "owner", "next_action_on"}


def test_the_dpo_reads_and_changes_nothing(client, sign_in):
    sign_in("DPO")
    lead = LeadFactory()
    for name in ("change", "edit", "status"):
        url = page(f"leads_lead_{name}", lead.pk)
        assert client.post(url, {"status": "gagne"}).status_code == 403


def test_a_message_shows_its_last_event_with_its_cause(client, sign_in):
    sign_in("Marketing")
    copy = CopyFactory(rendered=True)
    message = MessageFactory(refused=True, copies=[copy])
    message.record("refused", smtp_code=550, cause="5.1.1 User unknown")

    for url in (
        page("outbox_message_changelist", etat="failed"),
        page("leads_lead_change", copy.lead_id),
        page("reports_copy_change", copy.pk),
    ):
        assert "refusé (550 5.1.1 User unknown)" in client.get(url).text
