"""A probe goes through the whole chain, is counted nowhere, and leaves no trace."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.storage import storages
from django.db.models import F
from django.db.models.functions import Now

from leads import probing
from leads.analytics import facts
from leads.models import DirtyLead, FunnelDay, Lead, LeadFacts, Probe, Quota, Submission
from leads.tasks import follow_probe, forget_probes
from outbox.models import Message, MessageEvent
from reports import downloads, errata
from reports.models import Copy, Edition, Hit
from reports.tasks import render_copy
from tests.leads.factories import LeadFactory
from tests.leads.pages import page

pytestmark = pytest.mark.django_db
SEED = "sonde@santescopie.exemple.fr"


@pytest.fixture(autouse=True)
def _seed_mailbox(settings):
    settings.SEED_MAILBOX = SEED


@pytest.fixture
def go(sink, send):
    """Send a probe through the whole chain, as its processes do."""

    def go():
        probe = probing.start()
        copy = probe.copy
        render_copy(copy.pk, copy.lease_no)
        send(copy.messages.get())
        return followed(probe)

    return go


def followed(probe):
    probe.refresh_from_db()
    follow_probe(probe.pk, probe.lease_no)
    probe.refresh_from_db()
    return probe


def age(probe, **span):
    Probe.objects.filter(pk=probe.pk).update(
        started_at=F("started_at") - timedelta(**span)
    )


def test_it_passes_every_step_from_the_form_to_the_file(go, sink):
    probe = go()

    [sent] = sink.messages
    assert sent.mail["To"] == SEED
    assert probe.rendered_at < probe.accepted_at < probe.retrieved_at
    assert probe.next_attempt_at is None
    assert Hit.objects.filter(copy=probe.copy, served=True).exists()


def test_its_lead_is_a_test_from_the_start_and_one_for_all(go):
    first, second = go(), go()

    lead = Lead.objects.get()
    assert lead.is_test
    assert lead.routed_at
    assert not Lead.objects.to_route().exists()
    assert not lead.history.exists()
    assert first.copy_id != second.copy_id
    assert first.copy.lead == second.copy.lead == lead


def test_no_quota_withholds_it_and_it_uses_none_up(go, settings):
    settings.MAIL_PER_RECIPIENT_PER_DAY = 1
    settings.MAIL_PER_DOMAIN_PER_HOUR = 1

    probes = [go() for _ in range(3)]

    assert all(probe.retrieved_at for probe in probes)
    assert not MessageEvent.objects.filter(kind=MessageEvent.Kind.WITHHELD).exists()
    assert not Quota.objects.exists()


def test_who_types_the_address_of_the_seed_mailbox_has_the_quota_of_everybody(
    settings, visitor, go
):
    settings.MAIL_PER_RECIPIENT_PER_DAY = 1
    go()
    answers = {**probing._answers().dict(), "organisation": "CH de démonstration"}
    visitor.post("/", answers)
    copy = Copy.objects.get(organisation="CH de démonstration")

    render_copy(copy.pk, copy.lease_no)

    assert copy.messages.get().withheld_at


def test_it_is_counted_nowhere(go):
    go()
    facts.refresh_all()
    week = downloads.Period.last_days(7)

    assert not DirtyLead.objects.exists()
    assert not LeadFacts.objects.exists()
    assert not FunnelDay.objects.exists()
    assert not Lead.objects.genuine().exists()
    assert not Submission.objects.genuine().exists()
    assert not Copy.objects.genuine().exists()
    assert not downloads.delivered(week).exists()
    assert not downloads.requests(week).exists()


def test_errata_leave_it_out(go):
    go()

    assert errata.holders(Edition.current()).copies == []


@pytest.mark.parametrize(
    "name",
    [
        "leads_lead_changelist",
        "leads_submission_changelist",
        "outbox_message_changelist",
        "outbox_undelivered_changelist",
        "reports_copy_changelist",
        "reports_hit_changelist",
    ],
)
def test_no_list_of_staff_shows_it_unasked(go, client, sign_in, name):
    probe = go()
    probe.copy.messages.update(bounced_at=Now())
    sign_in("Marketing", is_superuser=True)

    response = client.get(page(name))

    assert response.status_code == 200
    assert list(response.context["cl"].result_list) == []


def test_a_lead_that_had_the_seed_mailbox_becomes_a_test(go):
    lead = LeadFactory(email=SEED)

    go()

    lead.refresh_from_db()
    assert lead.is_test


def test_the_next_one_waits_for_its_time(settings):
    probing.start_if_due()
    probing.start_if_due()
    assert Probe.objects.count() == 1

    age(Probe.objects.get(), minutes=51)
    probing.start_if_due()

    assert Probe.objects.count() == 2


def test_without_a_seed_mailbox_none_starts(settings):
    settings.SEED_MAILBOX = ""

    probing.start_if_due()

    assert not Probe.objects.exists()


def test_a_form_that_refuses_it_is_told(monkeypatch):
    answers = probing._answers()
    answers["region"] = "nulle part"
    monkeypatch.setattr(probing, "_answers", lambda: answers)

    with pytest.raises(ValueError, match="region"):
        probing.start()


def test_until_it_is_accepted_it_is_looked_at_again():
    probe = followed(probing.start())

    assert probe.next_attempt_at
    assert probe.lease_until is None
    assert not probe.accepted_at


@pytest.mark.logs("leads.probing", "reports", "django")
def test_a_file_that_is_lost_is_not_retrieved(sink, send):
    probe = probing.start()
    render_copy(probe.copy.pk, probe.copy.lease_no)
    send(probe.copy.messages.get())
    probe.copy.refresh_from_db()
    storages["copies"].delete(probe.copy.file)

    followed(probe)

    assert probe.accepted_at
    assert not probe.retrieved_at
    assert probe.next_attempt_at


def test_following_twice_with_one_number_does_it_once(sink):
    probe = probing.start()
    number = probe.lease_no
    follow_probe(probe.pk, number)
    probe.refresh_from_db()
    after = probe.next_attempt_at

    follow_probe(probe.pk, number)

    probe.refresh_from_db()
    assert probe.next_attempt_at == after


def test_one_that_dies_on_the_way_is_given_up_after_a_day():
    probe = probing.start()
    age(probe, days=1, hours=1)

    assert followed(probe).next_attempt_at is None


def test_after_a_day_nothing_is_left_but_its_instants(go):
    probe, young = go(), go()
    age(probe, hours=25)
    file = probe.copy.file

    forget_probes()
    forget_probes()

    probe.refresh_from_db()
    assert probe.copy is None
    assert probe.submission is None
    assert probe.retrieved_at
    assert not storages["copies"].exists(file)
    assert list(Copy.objects.all()) == [young.copy]
    assert list(Submission.objects.all()) == [young.submission]
    assert list(Message.objects.all()) == list(young.copy.messages.all())
    assert {hit.copy for hit in Hit.objects.all()} == {young.copy}


def test_after_thirty_days_not_even_its_instants(go):
    probe = go()
    age(probe, days=31)

    forget_probes()

    assert not Probe.objects.exists()
