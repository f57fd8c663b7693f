"""A promise that broke is told once, to whoever can do something about it."""

from __future__ import annotations

import re
import threading
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone

from leads import assigning, escalation, escalation_mail, exchanges
from leads.escalation import escalate
from leads.models import Absence, Escalation, Lead, PrivacyEvent
from leads.privacy import erase
from leads.tasks import escalate as task
from outbox.models import Message
from tests.leads.factories import LeadFactory, StaffFactory
from tests.leads.routing import sales
from tests.leads.test_assignment_mail import words
from tests.pages.reading import Page, typography_faults

pytestmark = pytest.mark.django_db
PARIS = ZoneInfo("Europe/Paris")
MONDAY = datetime(2026, 11, 30, 10, tzinfo=PARIS)
FRIDAY = date(2026, 11, 27)


@pytest.fixture
def manager():
    return StaffFactory(group="Marketing", first_name="Camille", last_name="Exemple")


@pytest.fixture
def owner(manager):
    return sales(manager=manager)


def late(**values):
    return LeadFactory(**{"promised_on": FRIDAY, **values})


def test_the_manager_of_the_owner_is_told_in_one_mail(owner, manager):
    StaffFactory(group="Marketing")  # Somebody is above the owner: not told.
    leads = [late(owner=owner), late(owner=owner)]

    assert escalate(MONDAY) == 2

    message = Message.objects.get()
    assert message.recipient == manager.email
    rows = Escalation.objects.all()
    assert {(row.lead_id, row.owner, row.to, row.message) for row in rows} == {
        (lead.pk, owner, manager, message) for lead in leads
    }
    assert {row.promised_on for row in rows} == {FRIDAY}
    assert not Lead.objects.filter(escalated_at=None).exists()


@pytest.mark.parametrize(
    "who", ["nobody", "no profile", "no manager", "closed manager", "no address"]
)
def test_marketing_is_told_where_nobody_is_above(who):
    if who == "no profile":
        lead = late(owner=sales())
    elif who == "no manager":
        lead = late(owner=sales(cap=5))
    elif who == "closed manager":
        lead = late(owner=sales(manager=StaffFactory(is_active=False)))
    elif who == "no address":
        lead = late(owner=sales(manager=StaffFactory(email="")))
    else:
        lead = late()
    told = [StaffFactory(group="Marketing") for _ in range(2)]
    StaffFactory(group="Marketing", email="")
    StaffFactory(group="Marketing", is_active=False)
    StaffFactory(group="DPO")

    assert escalate(MONDAY) == 1

    recipients = Message.objects.values_list("recipient", flat=True)
    assert set(recipients) == {user.email for user in told}
    assert Escalation.objects.filter(lead=lead).count() == 2


def test_marketing_is_told_where_the_manager_is_away(owner, manager):
    Absence.objects.create(user=manager, first_day=FRIDAY, last_day=MONDAY.date())
    late(owner=owner)
    there, _ = house = [StaffFactory(group="Marketing") for _ in range(2)]
    Absence.objects.create(user=house[1], first_day=FRIDAY, last_day=MONDAY.date())

    assert escalate(MONDAY) == 1

    assert Message.objects.get().recipient == there.email


def test_everybody_is_told_where_everybody_is_away():
    person = StaffFactory(group="Marketing")
    Absence.objects.create(user=person, first_day=FRIDAY, last_day=MONDAY.date())
    late()

    assert escalate(MONDAY) == 1
    assert Message.objects.get().recipient == person.email


def test_a_manager_who_left_the_house_is_told_nothing(owner, manager):
    late(owner=owner)
    escalate(MONDAY)
    message = Message.objects.get()
    assert escalation_mail.broken_promises(message)

    type(manager).objects.filter(pk=manager.pk).update(is_active=False)

    assert escalation_mail.broken_promises(message) is None


@pytest.mark.logs("leads.escalation")
def test_where_nobody_can_be_told_it_waits_and_is_logged_once(caplog):
    late()
    late()

    assert escalate(MONDAY) == 0

    assert [r.message for r in caplog.records if "nobody" in r.message] == [
        "escalation: nobody to tell of 2 broken promises"
    ]
    assert not Message.objects.exists()
    StaffFactory(group="Marketing")
    assert escalate(MONDAY) == 2


def test_it_is_never_told_twice(owner):
    lead = late(owner=owner)
    assert [escalate(MONDAY), escalate(MONDAY)] == [1, 0]

    assigning.assign([lead.pk], sales("Léo", manager=owner), why="Confié")

    assert escalate(MONDAY + timedelta(days=1)) == 0
    lead.refresh_from_db()
    assert lead.escalated_at
    assert lead.promised_on == FRIDAY, "a promise does not start again"


@pytest.mark.parametrize(
    "values",
    [
        {"promised_on": MONDAY.date()},  # Until this evening.
        {"promised_on": None},
        {"first_contact_at": timezone.now()},
        {"status": "gagne"},
        {"status": "perdu", "closed_because": "autre"},
        {"suspect": True},
        {"test": True},
        {"erased": True},
    ],
)
def test_what_is_not_a_broken_promise_is_told_to_nobody(owner, values):
    late(owner=owner, **values)

    assert escalate(MONDAY) == 0


@pytest.mark.parametrize(
    ("at", "told"),
    [
        (datetime(2026, 11, 30, 8, 59, tzinfo=PARIS), 0),
        (datetime(2026, 11, 30, 9, 0, tzinfo=PARIS), 1),
        (datetime(2026, 11, 30, 17, 59, tzinfo=PARIS), 1),
        (datetime(2026, 11, 30, 18, 0, tzinfo=PARIS), 0),
        (datetime(2026, 11, 28, 10, 0, tzinfo=PARIS), 0),  # A Saturday.
        (datetime(2026, 12, 25, 10, 0, tzinfo=PARIS), 0),
        (datetime(2026, 11, 30, 8, 30, tzinfo=ZoneInfo("UTC")), 1),
    ],
)
def test_it_is_told_on_business_days_from_9_to_18(owner, at, told):
    late(owner=owner)

    assert escalate(at) == told


def test_dying_leaves_ledger_mark_and_mail_or_none(owner, monkeypatch):
    late(owner=owner)
    late(owner=sales("Léo", manager=owner))
    real, calls = Message.record, []

    def dies(*args, **kwargs):
        calls.append(None)
        if len(calls) == 2:
            raise RuntimeError("killed here")
        return real(*args, **kwargs)

    monkeypatch.setattr(Message, "record", dies)
    with pytest.raises(RuntimeError):
        escalate(MONDAY)

    assert not Message.objects.exists()
    assert not Escalation.objects.exists()
    assert Lead.objects.filter(escalated_at=None).count() == 2
    assert escalate(MONDAY) == 2


@pytest.mark.django_db(transaction=True)
def test_two_at_once_tell_each_once():
    manager = StaffFactory()
    owner = sales(manager=manager, group=None)
    for _ in range(6):
        late(owner=owner)
    start = threading.Barrier(2)

    def run():
        start.wait()
        escalate(MONDAY)
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Escalation.objects.count() == 6
    assert len({row.lead_id for row in Escalation.objects.all()}) == 6


def test_the_task_may_run_at_any_hour(owner):
    for _ in range(2):
        task()


def test_it_costs_the_same_however_many_leads(owner, django_assert_max_num_queries):
    for _ in range(30):
        late(owner=owner)

    with django_assert_max_num_queries(8):
        escalate(MONDAY)


# --- The mail -----------------------------------------------------------------------


def made():
    return escalation_mail.broken_promises(Message.objects.get())


def test_the_mail_says_who_waits_since_when_and_whose(owner, settings):
    settings.REPLY_TO = "etude@exemple.fr"
    leads = [late(owner=owner), late(owner=owner)]
    escalate(MONDAY)
    Lead.objects.filter(pk=leads[1].pk).update(owner=None)

    content = made()

    assert content.subject == "2 promesses de premier contact ne sont pas tenues"
    page = Page(content.html)
    for said in (re.sub(r"[^\S\u00a0\u202f]+", " ", content.text), page.flow):
        assert leads[0].full_name in said
        assert "Promis avant vendredi 27\u00a0novembre" in said
        assert "Contact de Dominique Exemple." in said
        assert "Personne n’a ce contact." in said
        assert "Ce n’était pas vous" not in said
        assert not typography_faults(said)
    preview = "Qui attend un premier contact, et depuis quand."
    shown = words(page.flow.replace(preview, ""))
    assert shown == words(re.sub(r"https://\S+", "", content.text))
    assert f"{settings.SITE_URL}/admin/leads/lead/{leads[0].pk}/change/" in content.text


def test_what_was_kept_meanwhile_is_left_out_and_nothing_left_is_no_mail(owner):
    first, second, third = (late(owner=owner) for _ in range(3))
    escalate(MONDAY)

    exchanges.log(first.pk, owner, "appel", outcome="absent")
    assert made().subject.startswith("2 promesses")
    erase(second, PrivacyEvent.Kind.NOT_ME)
    assert made().subject == "Une promesse de premier contact n’est pas tenue"
    exchanges.move([third.pk], owner, "perdu", "autre")
    assert made() is None


def test_nothing_personal_is_stored_with_it(owner):
    lead = late(owner=owner)
    escalate(MONDAY)

    stored = str(Message.objects.values().get())
    assert lead.last_name not in stored
    assert Message.objects.get().subject == escalation.SUBJECT
