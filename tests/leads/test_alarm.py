"""A step that is late is told on every page of staff and by mail, until it recovers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from leads import alarm, probing
from leads.models import Alarm, Probe
from leads.tasks import follow_probe, watch
from outbox import watching
from outbox.models import Message
from reports.models import Copy
from reports.tasks import render_copy
from tests.leads.factories import CopyFactory, MessageFactory, StaffFactory
from tests.leads.pages import page

pytestmark = pytest.mark.django_db
Step = Alarm.Step


@pytest.fixture(autouse=True)
def _alarm_on(settings):
    settings.SEED_MAILBOX = "sonde@santescopie.exemple.fr"
    settings.ALARM_TO = ["exploitation@exemple.fr"]


@pytest.fixture
def passed():
    """A probe that has come to its end a while ago."""
    return Probe.objects.create(
        next_attempt_at=None,
        started_at=Now() - timedelta(minutes=58),
        rendered_at=Now(),
        accepted_at=Now(),
        retrieved_at=Now() - timedelta(minutes=57),
    )


def started(minutes):
    probe = probing.start()
    Probe.objects.filter(pk=probe.pk).update(
        started_at=Now() - timedelta(minutes=minutes)
    )
    Copy.objects.filter(pk=probe.copy_id).update(
        requested_at=Now() - timedelta(minutes=minutes)
    )
    return probe


def step_of(found):
    return found and found.step


def test_all_is_well_while_a_probe_has_passed_and_the_next_has_time(passed):
    started(4)

    assert alarm.trouble() is None


@pytest.mark.parametrize(
    ("minutes", "done", "step"),
    [
        (6, (), Step.RENDERED),
        (7, ("rendered_at",), None),
        (9, ("rendered_at",), Step.ACCEPTED),
        (9, ("rendered_at", "accepted_at"), None),
        (11, ("rendered_at", "accepted_at"), Step.RETRIEVED),
        (11, ("rendered_at", "accepted_at", "retrieved_at"), None),
    ],
)
def test_each_step_has_its_time(passed, minutes, done, step):
    probe = started(minutes)
    Probe.objects.filter(pk=probe.pk).update(**dict.fromkeys(done, Now()))
    Copy.objects.filter(pk=probe.copy_id).update(attempts=1)

    assert step_of(alarm.trouble()) == step


def test_what_nobody_has_noted_yet_is_read_from_the_copy_and_its_message(passed):
    probe = started(9)
    render_copy(probe.copy_id, probe.copy.lease_no)
    assert step_of(alarm.trouble()) == Step.ACCEPTED

    probe.copy.messages.update(accepted_at=Now(), next_attempt_at=None)

    assert alarm.trouble() is None


def test_a_message_that_comes_back_is_told(passed):
    probe = started(2)
    render_copy(probe.copy_id, probe.copy.lease_no)
    probe.copy.messages.update(
        accepted_at=Now(), bounced_at=Now(), next_attempt_at=None
    )

    assert step_of(alarm.trouble()) == Step.BOUNCED


def test_a_late_probe_counts_until_a_later_one_has_passed(passed):
    started(15)
    later = started(2)
    assert step_of(alarm.trouble()) == Step.RENDERED

    Probe.objects.filter(pk=later.pk).update(
        rendered_at=Now(), accepted_at=Now(), retrieved_at=Now()
    )
    Copy.objects.update(attempts=1)

    assert alarm.trouble() is None


def test_a_relay_that_starts_no_probe_is_told(passed):
    assert alarm.trouble() is None

    Probe.objects.update(started_at=F("started_at") - timedelta(minutes=3))

    assert step_of(alarm.trouble()) == Step.STARTED


def test_a_house_where_no_probe_was_ever_started_is_told():
    assert alarm.trouble() == alarm.Trouble(Step.STARTED, None)


def test_a_stop_is_seen_within_the_hour():
    """Of whichever process, at whichever moment between two probes."""
    assert alarm.EVERY + alarm.RENDERED < alarm.PERIOD
    assert alarm.EVERY + alarm.RETRIEVED <= alarm.PERIOD


@pytest.mark.parametrize("what", ["message", "copy"])
def test_what_waits_untouched_while_nothing_is_accepted_is_told(passed, what):
    if what == "message":
        Message.objects.filter(pk=MessageFactory().pk).update(
            created_at=Now() - timedelta(minutes=11)
        )
    else:
        Copy.objects.filter(pk=CopyFactory().pk).update(
            requested_at=Now() - timedelta(minutes=11)
        )
    assert step_of(alarm.trouble()) == Step.SILENCE

    MessageFactory(accepted=True)

    assert alarm.trouble() is None


def test_what_a_server_puts_off_or_is_due_later_is_no_silence(passed):
    for values in (
        {"attempts": 2},
        {"next_attempt_at": Now() + timedelta(minutes=5)},
    ):
        Message.objects.filter(pk=MessageFactory().pk).update(
            created_at=Now() - timedelta(minutes=11), **values
        )

    assert alarm.trouble() is None


def test_without_a_seed_mailbox_there_is_no_alarm_and_no_query(
    settings, django_assert_num_queries
):
    settings.SEED_MAILBOX = ""

    with django_assert_num_queries(0):
        assert alarm.trouble() is None
        assert alarm.tell() == []


def test_it_costs_one_query(passed, django_assert_num_queries):
    started(15)
    with django_assert_num_queries(1):
        alarm.trouble()


# --- The mails ------------------------------------------------------------------


@pytest.mark.logs("leads.alarm")
def test_one_mail_for_each_who_is_told_and_one_more_when_it_is_over(
    passed, sink, send, settings
):
    settings.ALARM_TO = ["un@exemple.fr", "deux@exemple.fr"]
    probe = started(6)

    keys = alarm.tell()
    assert alarm.tell() == keys
    for message in Message.objects.filter(pk__in=keys):
        send(message)

    assert {sent.mail["To"] for sent in sink.messages} == set(settings.ALARM_TO)
    [text, _] = [sent.mail.get_body(("plain",)).get_content() for sent in sink.messages]
    assert "Les synthèses ne sont plus fabriquées depuis" in " ".join(text.split())
    assert "worker" in text
    assert "Ce n’était pas vous" not in text
    assert alarm.tell() == []

    render_copy(probe.copy_id, probe.copy.lease_no)
    send(probe.copy.messages.get())
    assert alarm.tell() == []  # Not retrieved yet.
    probe.refresh_from_db()
    follow_probe(probe.pk, probe.lease_no)
    for message in Message.objects.filter(pk__in=alarm.tell()):
        send(message)

    assert [sent.mail["Subject"] for sent in sink.messages[3:]] == [
        "Rétabli\u00a0: les synthèses partent de nouveau"
    ] * 2
    assert Alarm.objects.get().cleared_at
    assert alarm.tell() == []


@pytest.mark.logs("leads.alarm")
def test_an_alarm_that_is_over_before_it_leaves_is_not_sent(passed, sink, send):
    probe = started(6)
    [key] = alarm.tell()
    Probe.objects.filter(pk=probe.pk).update(
        rendered_at=Now(), accepted_at=Now(), retrieved_at=Now() + timedelta(seconds=1)
    )
    Copy.objects.update(attempts=1)
    alarm.tell()

    message = send(Message.objects.get(pk=key))

    assert message.withheld_at
    [over] = Message.objects.filter(kind=alarm.CLEARED)
    assert send(over).accepted_at


@pytest.mark.logs("leads.alarm")
def test_trouble_that_comes_and_goes_is_one_alarm_until_a_probe_passes(passed):
    message = MessageFactory()
    Message.objects.filter(pk=message.pk).update(
        created_at=Now() - timedelta(minutes=11)
    )
    alarm.tell()
    message.delete()

    alarm.tell()

    assert alarm.trouble() is None
    assert Alarm.objects.get().cleared_at is None


def test_without_a_list_marketing_and_superusers_are_told(settings):
    settings.ALARM_TO = []
    told = {
        StaffFactory(group="Marketing").email,
        StaffFactory(superuser=True, group="Marketing").email,
        StaffFactory(superuser=True).email,
    }
    StaffFactory(group="Marketing", is_active=False)
    StaffFactory(group="Marketing", email="")
    StaffFactory(group="Commercial")

    assert len(alarm.told()) == 3
    assert set(alarm.told()) == told


@pytest.mark.logs("leads.alarm")
def test_a_worker_tells_where_the_relay_is_dead(passed, sink):
    Probe.objects.update(started_at=F("started_at") - timedelta(hours=2))

    watch()
    watch()

    [sent] = sink.messages
    assert sent.mail["Subject"].startswith("Aucun envoi de contrôle ne part depuis")


# --- The relay ------------------------------------------------------------------


@pytest.mark.logs("leads.alarm")
def test_the_relay_is_told_of_the_mails_that_may_not_wait(passed):
    started(15)

    urgent = watching.ask_all()

    [message] = Message.objects.filter(kind=alarm.RAISED)
    assert urgent == [(message.pk, message.lease_no)]
    assert message not in Message.objects.due()  # No worker is told of it.


@pytest.mark.logs("outbox.watching", "leads.alarm")
def test_a_watcher_that_fails_silences_no_other(passed, monkeypatch):
    started(15)
    Probe.objects.update(started_at=F("started_at") - timedelta(hours=2))

    def start():
        raise ValueError("no form")

    monkeypatch.setattr(probing, "start", start)

    assert watching.ask_all()


# --- The banner -----------------------------------------------------------------

PAGES = ["index", "leads_lead_changelist", "downloads", "guide"]


@pytest.mark.parametrize("group", ["Marketing", "Commercial", "DPO"])
@pytest.mark.parametrize("name", PAGES)
def test_every_page_of_staff_says_what_is_late_and_what_to_do(
    client, sign_in, passed, name, group
):
    sign_in(group)
    started(15)

    html = client.get(page(name)).content.decode()

    assert html.count('role="alert"') == 1
    assert "Les synthèses ne sont plus fabriquées depuis" in html
    assert "Prévenez la personne qui exploite le service" in html


def test_it_goes_by_itself(client, sign_in, passed):
    sign_in("Marketing")

    assert b'role="alert"' not in client.get(page("index")).content


def test_nobody_else_reads_it(client, passed):
    started(15)

    for path in ("/", page("login")):
        assert b"silence-alarm" not in client.get(path).content


def test_it_costs_a_page_one_query(client, sign_in, passed, settings):
    sign_in("Marketing")
    started(15)
    counts = []
    for mailbox in (settings.SEED_MAILBOX, ""):
        settings.SEED_MAILBOX = mailbox
        with CaptureQueriesContext(connection) as queries:
            client.get(page("guide"))
        counts.append(len(queries))

    assert counts[0] == counts[1] + 1
