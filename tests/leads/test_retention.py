"""R19, R20: three years after the last sign of the person, by one path of erasure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from leads import delivery, privacy, purging, register, retention
from leads.admin.page_words import erasure_words
from leads.models import (
    Activity,
    ConsentEvent,
    Lead,
    PrivacyEvent,
    Submission,
)
from outbox.models import Message
from reports.models import Copy, Hit
from tests.leads.factories import (
    CopyFactory,
    HitFactory,
    LeadFactory,
    MessageFactory,
    StaffFactory,
    SubmissionFactory,
    delivered,
)
from tests.leads.pages import page

pytestmark = pytest.mark.django_db
LONG_AGO = timezone.now() - timedelta(days=3 * 366 + 10)
LATELY = timezone.now() - timedelta(days=200)


def old(**values):
    """Return a lead last heard of more than three years ago."""
    lead = LeadFactory(created_at=LONG_AGO, **values)
    submission = SubmissionFactory(lead=lead, created_at=LONG_AGO)
    Copy.objects.filter(pk=submission.copy_id).update(requested_at=LONG_AGO)
    return lead


def is_due(lead):
    return retention.due().filter(pk=lead.pk).exists()


def heard(lead):
    return retention.with_last_contact(Lead.objects.filter(pk=lead.pk)).get()


# --- What is a sign of the person, and what is none ---------------------------------


def asks_again(lead):
    SubmissionFactory(lead=lead, created_at=LATELY)


def asks_to_send_again(lead):
    lead.submissions.update(resend_asked_at=LATELY)


def downloads(lead):
    HitFactory(copy=lead.copies.get(), at=LATELY)


def downloads_again_at_once(lead):
    HitFactory(copy=lead.copies.get(), at=LATELY, repeated=True)


def answers(lead):
    Activity.objects.create(lead=lead, kind="appel", outcome="joint", at=LATELY)


def refuses_calls(lead):
    Activity.objects.create(lead=lead, kind="appel", outcome="refus", at=LATELY)


def meets(lead):
    Activity.objects.create(lead=lead, kind="rendez-vous", at=LATELY)


def consents(lead):
    ConsentEvent.objects.create(
        lead=lead, purpose="actualites", granted=True, channel="web", at=LATELY
    )


def withdraws_by_a_link(lead):
    ConsentEvent.objects.create(
        lead=lead, purpose="actualites", granted=False, channel="email", at=LATELY
    )


def exercises_a_right(lead):
    PrivacyEvent.objects.create(lead=lead, kind="acces", at=LATELY)


def renews_their_link(lead):
    message = MessageFactory(copies=[lead.copies.get()], kind="synthesis")
    message.submissions.clear()
    Message.objects.update(created_at=LATELY)


SIGNS = (
    asks_again,
    asks_to_send_again,
    downloads,
    downloads_again_at_once,
    answers,
    refuses_calls,
    meets,
    consents,
    withdraws_by_a_link,
    exercises_a_right,
    renews_their_link,
)


def opens_the_page(lead):
    HitFactory(copy=lead.copies.get(), at=LATELY, opened=True)


def is_read_by_a_gateway(lead):
    HitFactory(copy=lead.copies.get(), at=LATELY, gateway=True)


def is_sent_a_message(lead):
    MessageFactory(accepted=True, copies=[lead.copies.get()], kind="synthesis")


def is_called_in_vain(lead):
    Activity.objects.create(lead=lead, kind="appel", outcome="absent", at=LATELY)


def is_written_about(lead):
    Activity.objects.create(lead=lead, kind="note", body="Rien.", at=LATELY)


def is_changed_by_staff(lead):
    Lead.objects.filter(pk=lead.pk).update(status="qualifie", owner=StaffFactory())


def is_said_by_staff_to_object(lead):
    ConsentEvent.objects.create(
        lead=lead, purpose="rappel", granted=False, channel="equipe", at=LATELY
    )


def is_typed_by_a_robot(lead):
    SubmissionFactory(
        lead=lead, copy=None, suspicion=Submission.Suspicion.HONEYPOT, created_at=LATELY
    )


def downloads_and_objects(lead):
    """Their downloads are used for nothing: the day of erasure would tell them."""
    downloads(lead)
    at = LONG_AGO + timedelta(days=1)
    ConsentEvent.objects.create(
        lead=lead, purpose="mesure", granted=False, channel="web", at=at
    )


NO_SIGNS = (
    opens_the_page,
    is_read_by_a_gateway,
    is_sent_a_message,
    is_called_in_vain,
    is_written_about,
    is_changed_by_staff,
    is_said_by_staff_to_object,
    is_typed_by_a_robot,
    downloads_and_objects,
)


@pytest.mark.parametrize("act", SIGNS, ids=lambda act: act.__name__)
def test_an_act_of_the_person_starts_three_years_anew(act):
    """R19: a request, a download, an answer, a press on a page."""
    lead = old()
    assert is_due(lead)

    act(lead)

    assert not is_due(lead)
    assert heard(lead).last_contact_at == LATELY


@pytest.mark.parametrize("act", NO_SIGNS, ids=lambda act: act.__name__)
def test_an_opening_and_what_others_do_start_nothing(act):
    """R19: an opening does not count, nor does what we do."""
    lead = old()

    act(lead)

    assert is_due(lead)
    assert heard(lead).last_contact_at <= LONG_AGO + timedelta(days=1)


def test_a_renewed_link_is_told_from_a_copy_that_staff_send_again(visitor):
    lead = old()
    submission = lead.submissions.get()

    delivery.send_again(submission)
    assert is_due(lead)

    Copy.objects.update(link_expires_at=LONG_AGO)
    copy = lead.copies.get()
    visitor.post(f"/exemplaire/{copy.token}/renouveler/")
    assert not is_due(lead)


def test_three_years_are_of_the_calendar():
    """R19: to the day, the 29th of February included."""
    leap = datetime(2028, 2, 29, 10, tzinfo=UTC)

    assert register.erased_on(leap) == datetime(2031, 2, 28, 10, tzinfo=UTC)
    assert register.three_years_before(leap) == datetime(2025, 2, 28, 10, tzinfo=UTC)


def test_leads_that_were_merged_are_one_person():
    kept, merged = old(), old()
    Lead.objects.filter(pk=merged.pk).update(merged_into=kept)
    assert {*retention.due()} == {kept, merged}

    asks_again(merged)

    assert not retention.due()


def test_who_may_be_due_is_found_by_an_index():
    LeadFactory.create_batch(30)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        sql, params = retention.due().order_by().query.sql_with_params()
        cursor.execute(f"EXPLAIN {sql}", params)
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "lead_oldest" in plan
    assert "Seq Scan on leads_lead " not in plan


# --- The purge ----------------------------------------------------------------------


def test_the_purge_leaves_nothing_of_who_is_due_and_all_of_others():
    """R20: purge and erasure share one path."""
    lead, other = old(), delivered().lead
    copy = lead.copies.get()
    Copy.objects.filter(pk=copy.pk).update(file=copy.file_name(1), lease_no=1)
    storages["copies"].save(copy.file_name(1), ContentFile(b"x"))

    done = purging.purge()

    assert done.gone["contact"] == 1
    assert done.finished
    lead.refresh_from_db()
    assert lead.erased_at
    assert lead.email_key is None
    assert not storages["copies"].exists(copy.file_name(1))
    event = PrivacyEvent.objects.get()
    assert (event.lead, event.kind) == (lead, PrivacyEvent.Kind.RETENTION)
    other.refresh_from_db()
    assert other.erased_at is None
    assert other.first_name


def test_a_second_purge_finds_nothing():
    """R20: idempotent."""
    old()
    purging.purge()
    before = list(Lead.objects.values())

    done = purging.purge()

    assert not any(done.gone.values())
    assert list(Lead.objects.values()) == before


def test_a_purge_without_time_goes_on_from_where_it_stopped():
    leads = [old() for _ in range(3)]

    assert not purging.purge(seconds=-1).finished
    assert Lead.objects.filter(erased_at=None).count() == 3
    assert purging.purge().gone["contact"] == len(leads)


def test_who_comes_back_as_they_are_about_to_go_stays(monkeypatch):
    lead = old()
    keep = purging.facts.lock

    def meanwhile():
        keep()
        asks_again(lead)

    monkeypatch.setattr(purging.facts, "lock", meanwhile)

    assert purging.purge().gone["contact"] == 0
    lead.refresh_from_db()
    assert lead.erased_at is None


@pytest.mark.logs("leads.purging")
def test_one_who_cannot_be_erased_holds_nobody_up(monkeypatch):
    first, _ = old(), old()
    erase = privacy.erase

    def away(lead, kind):
        if lead.pk == first.pk:
            raise OSError("the store is away")
        return erase(lead, kind)

    monkeypatch.setattr(privacy, "erase", away)

    done = purging.purge()

    assert (done.gone["contact"], done.failed["contact"]) == (1, 1)
    first.refresh_from_db()
    assert first.erased_at is None
    assert first.first_name
    monkeypatch.undo()
    assert purging.purge().gone["contact"] == 1


@pytest.mark.logs("leads.purging")
def test_a_store_that_is_away_is_not_asked_for_everybody(monkeypatch):
    for _ in range(purging.TRIES + 3):
        old()
    asked = []

    def away(lead, kind):
        asked.append(lead)
        raise OSError("the store is away")

    monkeypatch.setattr(privacy, "erase", away)

    purging.purge()

    assert len(asked) == purging.TRIES


def test_suspects_nobody_let_go_leave_after_a_year():
    """R21: what is kept against abuse is kept for a year at the most."""
    year = timezone.now() - timedelta(days=366)
    gone, recent, back = (LeadFactory(suspected_at=year) for _ in range(3))
    Lead.objects.filter(pk=recent.pk).update(suspected_at=timezone.now())
    SubmissionFactory(lead=back, copy=None, suspicion="honeypot")

    assert purging.purge().gone["suspects"] == 1

    assert list(Lead.objects.filter(erased_at__isnull=False)) == [gone]


def test_the_task_hands_on_what_it_had_no_time_for(monkeypatch):
    from leads import tasks

    asked = []
    runs = iter([purging.Done(finished=False), purging.Done()])
    monkeypatch.setattr(purging, "purge", lambda **kwargs: next(runs))
    monkeypatch.setattr(
        tasks.purge_personal_data, "delay", lambda: asked.append("again")
    )

    tasks.purge_personal_data()
    tasks.purge_personal_data()

    assert asked == ["again"]


# --- What staff are told ------------------------------------------------------------


def test_the_page_of_a_lead_says_when_they_will_be_erased(client, sign_in):
    """R19: « effacement prévu le … », for whoever opens the page."""
    lead = delivered().lead
    answered = datetime(2026, 11, 2, 12, tzinfo=UTC)
    Lead.objects.update(created_at=datetime(2026, 10, 1, 12, tzinfo=UTC))
    Submission.objects.update(created_at=datetime(2026, 10, 1, 12, tzinfo=UTC))
    Activity.objects.create(lead=lead, kind="appel", outcome="joint", at=answered)
    sign_in("DPO")

    text = client.get(page("leads_lead_change", lead.pk)).text.replace("\u00a0", " ")

    assert (
        "effacement prévu le 2 novembre 2029, 3 ans après son dernier contact" in text
    )


@pytest.mark.parametrize(
    ("days", "said"),
    [(31, ""), (30, "dans 30 jours, sans que"), (1, "demain"), (0, "cette nuit")],
)
def test_near_its_day_the_page_says_how_near(days, said):
    lead = heard(old())
    day = timezone.localdate(retention.erasure_of(lead)) - timedelta(days=days)

    words = erasure_words(lead, day)

    assert said in words
    assert ("sans que la personne soit prévenue" in words) == (0 < days < 31)


# --- Messages -----------------------------------------------------------------------


def message(days, **values):
    copy = CopyFactory(rendered=True)
    at = timezone.now() - timedelta(days=days)
    found = MessageFactory(
        next_attempt_at=None,
        accepted_at=at,
        copies=[copy],
        html="<p>Bonjour</p>",
        links={"copy": {}},
        attachments=[{"key": copy.file, "name": "s.pdf", "type": "", "sha256": ""}],
        **values,
    )
    Message.objects.filter(pk=found.pk).update(created_at=at)
    found.events.update(cause="<zoe@exemple.fr> full")
    return found


def test_ninety_days_after_its_end_a_message_has_no_body_left():
    """R20: fates and counts are kept, and the copy keeps its bytes."""
    over, recent = message(91), message(89)
    copy = over.copies.get()
    storages["copies"].save(copy.file, ContentFile(b""))

    assert purging.purge().gone["messages"] == 1

    over.refresh_from_db()
    assert over.emptied_at
    assert (over.text, over.html, over.links, over.attachments) == ("", "", {}, [])
    assert (over.state, over.subject, over.recipient) == (
        "accepted",
        recent.subject,
        copy.recipient,
    )
    assert list(over.events.values_list("kind", "smtp_code", "cause")) == [
        ("accepted", 250, "")
    ]
    assert storages["copies"].exists(copy.file)
    recent.refresh_from_db()
    assert recent.text
    assert recent.attachments


@pytest.mark.parametrize(
    "late", [{"bounced_at": Now()}, {"delivered_at": Now()}, {"next_attempt_at": Now()}]
)
def test_a_message_that_is_not_over_keeps_its_body(late):
    over = message(91)
    Message.objects.update(
        **late, **({"accepted_at": None} if "next" in str(late) else {})
    )

    assert purging.purge().gone["messages"] == 0

    over.refresh_from_db()
    assert over.text


def test_what_was_emptied_is_never_sent_again():
    over = message(91)
    Message.objects.update(accepted_at=None, failed_at=over.accepted_at)
    purging.purge()

    assert Message.objects.all().owe_again() == []
    over.refresh_from_db()
    assert over.next_attempt_at is None


def test_staff_are_told_that_a_body_was_dropped(client, sign_in):
    over = message(91)
    purging.purge()
    sign_in("Marketing")

    text = client.get(page("outbox_message_change", over.pk)).text

    assert "comme les pièces jointes" in text


def test_what_is_held_for_a_robots_keeps_its_body_until_decided():
    over = message(91)
    Lead.objects.update(suspected_at=timezone.now())

    assert purging.purge().gone["messages"] == 0
    over.refresh_from_db()
    assert over.text


def test_hits_keep_features_alone_and_nobody_once_their_lead_is_gone():
    """R21: no address, no agent string; erased, they lead to a row without a name."""
    lead = old()
    HitFactory(copy=lead.copies.get(), at=LONG_AGO)

    purging.purge()

    copy = Hit.objects.get().copy
    assert (copy.first_name, copy.recipient, copy.organisation) == ("", "", "")
