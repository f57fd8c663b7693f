"""The letter of the morning: once a day, to whoever has something to do, of now."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.conf import settings
from django.utils.timezone import localdate

from leads import business_days, exchanges, morning, work_queue
from leads.models import Absence, Lead, Letter, StaffProfile
from leads.tasks import owe_morning_letters
from outbox.models import Message, MessageEvent
from tests.leads.factories import LeadFactory, StaffFactory
from tests.leads.test_work_queue import cast, days

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _a_business_day(monkeypatch):
    """Have today worked, whatever day the tests run: the letter is of its own day."""
    monkeypatch.setattr(business_days, "is_business_day", lambda day: True)


def seller(**values):
    return StaffFactory(group="Commercial", **values)


def busy(**values):
    """Return one of the sales staff who has somebody to call."""
    person = seller(**values)
    LeadFactory(owner=person, next_action_on=days(-1))
    return person


def owed_to():
    return list(Letter.objects.order_by("pk").values_list("user", flat=True))


def test_the_letter_is_owed_with_its_message_to_those_who_have_something_to_do():
    person = busy()
    seller()  # Nothing is due.

    assert morning.owe_all() == 1

    letter = Letter.objects.get()
    assert (letter.user, letter.day, letter.kind) == (person, localdate(), "matin")
    assert letter.message.recipient == person.email
    assert (letter.message.text, letter.message.html) == ("", "")
    assert letter.message.events.get().kind == MessageEvent.Kind.QUEUED
    assert list(Message.objects.due()) == [letter.message]


def test_whatever_runs_twice_owes_it_once():
    busy()
    owe_morning_letters()
    late = busy()  # Something came up for somebody else meanwhile.
    owe_morning_letters()
    owe_morning_letters()

    assert Message.objects.count() == Letter.objects.count() == 2
    assert late.pk in owed_to()


def test_two_runs_at_once_owe_it_once(monkeypatch):
    person = busy()
    monkeypatch.setattr(morning, "readers", lambda day: [person])

    assert morning.owe_all() == 1
    assert morning.owe_all() == 0  # Neither sees the other's: the database does.

    assert Message.objects.count() == Letter.objects.count() == 1


def test_a_failure_between_message_and_letter_leaves_neither(monkeypatch):
    busy()

    def fail(**values):
        raise RuntimeError

    monkeypatch.setattr(Letter.objects, "create", fail)
    with pytest.raises(RuntimeError):
        morning.owe_all()
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    "day",
    [
        date(2026, 11, 28),  # Saturday.
        date(2026, 11, 29),
        date(2026, 11, 11),  # Armistice, a Wednesday.
        date(2027, 5, 17),  # Whit Monday.
    ],
)
def test_nobody_is_written_to_when_nobody_works(monkeypatch, day):
    monkeypatch.undo()
    busy()
    assert morning.owe_all(day) == 0
    assert not Message.objects.exists()


def test_who_is_away_or_said_no_or_cannot_read_it_is_left_alone():
    today, other = localdate(), timedelta(days=1)
    away, back = busy(), busy()
    Absence.objects.create(user=away, first_day=today, last_day=today)
    Absence.objects.create(user=back, first_day=today - other, last_day=today - other)
    StaffProfile.objects.create(user=busy(), morning_letter=False)
    wants = busy()
    StaffProfile.objects.create(user=wants)
    busy(email="")
    busy(is_active=False)
    busy(is_staff=False)
    marketing = StaffFactory(group="Marketing")
    LeadFactory(owner=marketing, next_action_on=days(-1))

    morning.owe_all()

    assert owed_to() == [back.pk, wants.pk]


def test_what_nobody_has_is_nobodys_letter():
    seller()
    LeadFactory(next_action_on=days(-1), promised_on=days(0))
    assert morning.owe_all() == 0


def sent(send, sink):
    message = send(Letter.objects.get().message)
    assert message.accepted_at
    return sink.messages[-1].mail


def test_the_letter_counts_and_tells_what_the_queue_does(send, sink):
    person = seller()
    cast(person)
    morning.owe_all()

    mail = sent(send, sink)

    sections = work_queue.sections(person)
    due = sum(part.total for part in sections if part.key != work_queue.UNASSIGNED)
    assert mail["Subject"] == f"Votre file du jour\u00a0: {due} contacts"
    text = mail.get_body(("plain",)).get_content()
    html = mail.get_body(("html",)).get_content()
    for body in (text, html):
        assert f"{due} contacts attendent" in body
        for part in sections:
            assert f"{part.title}\u00a0: {part.total}" in body
            for line in part.lines:
                url = f"{settings.SITE_URL}/admin/leads/lead/{line.lead.pk}/change/"
                assert (url in body) == (part.key != work_queue.UNASSIGNED)
                assert line.lead.email not in body  # Nobody agreed to be written to.
        assert "Ce n’était pas vous" not in body
        assert f"{settings.SITE_URL}/admin/" in body
    assert "SC26" not in text


def test_a_long_section_is_cut_and_says_where_the_others_are(send, sink):
    person = seller()
    LeadFactory.create_batch(13, owner=person, next_action_on=days(-1))
    morning.owe_all()
    text = sent(send, sink).get_body(("plain",)).get_content()
    assert "En retard\u00a0: 13" in text
    assert "3 autres dans la file" in text
    assert text.count("/change/") == 10
    assert "/admin/?section=retard" in text


def test_nothing_leaves_once_everything_is_done(send, sink):
    person = busy()
    morning.owe_all()
    exchanges.log(Lead.objects.get().pk, person, "appel")

    message = send(Message.objects.get())

    assert message.withheld_at
    assert not sink.messages


@pytest.mark.parametrize("what", ["yesterday", "left", "erased"])
def test_nothing_leaves_that_is_no_longer_to_be_read(send, sink, what):
    person = busy()
    morning.owe_all()
    match what:
        case "yesterday":
            Letter.objects.update(day=days(-1))
        case "left":
            type(person).objects.update(is_active=False)
        case "erased":
            Lead.objects.update(erased_at="2026-01-05T12:00Z", email_key=None)

    assert send(Message.objects.get()).withheld_at
    assert not sink.messages


def test_it_is_asked_for_at_half_past_eight_in_paris():
    entry = settings.CELERY_BEAT_SCHEDULE["owe-morning-letters"]
    assert entry["task"] == owe_morning_letters.name
    schedule = entry["schedule"]
    assert min(schedule.hour) == 8
    assert schedule.minute == {30}
    assert schedule.day_of_week == {1, 2, 3, 4, 5}
    assert settings.CELERY_TIMEZONE == "Europe/Paris"
