"""Whom to call today: each lead in one section, the first that applies, and why."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone
from django.utils.timezone import localdate

from leads import business_days, queue_words, work_queue
from leads.models import Activity, ConsentEvent, Lead
from leads.work_queue import (
    NEVER_CALLED,
    OVERDUE,
    PROMISE,
    TODAY,
    UNASSIGNED,
    WAITING,
)
from tests.leads.factories import LeadFactory, StaffFactory, delivered

pytestmark = pytest.mark.django_db
AGO = timedelta(hours=3)


def days(count):
    return localdate() + timedelta(days=count)


def wish(lead, granted=True, ago=AGO):
    """Write down that somebody asked to be called back, before this transaction."""
    ConsentEvent.objects.create(
        lead=lead, purpose="rappel", granted=granted, at=timezone.now() - ago
    )
    return lead


def called(lead, **values):
    Activity.objects.create(lead=lead, kind="appel", **values)
    return lead


def reached(lead, **values):
    Lead.objects.filter(pk=lead.pk).update(**values)
    return lead


def cast(owner):
    """Return leads by the section they belong to; None: nothing is due."""
    now = timezone.now()
    mine = {"owner": owner}
    late = {**mine, "next_action_on": days(-1), "promised_on": days(1)}
    promised = {**mine, "promised_on": days(1)}
    return {
        OVERDUE: [
            LeadFactory(**late),
            wish(LeadFactory(**late, waiting_since=now)),
            reached(delivered(lead__owner=owner).lead, next_action_on=days(-40)),
        ],
        TODAY: [
            LeadFactory(**mine, next_action_on=days(0), promised_on=days(0)),
            wish(LeadFactory(**promised)),
            wish(LeadFactory(**mine, first_contact_at=now, waiting_since=now)),
            wish(LeadFactory(**mine, next_action_on=days(20))),
        ],
        PROMISE: [
            LeadFactory(**promised),
            LeadFactory(**promised, next_action_on=days(5), waiting_since=now),
            reached(delivered(lead__owner=owner).lead, promised_on=days(-3)),
            called(wish(LeadFactory(**promised))),
        ],
        NEVER_CALLED: [delivered(lead__owner=owner).lead],
        WAITING: [
            LeadFactory(**mine, waiting_since=now, first_contact_at=now),
            reached(
                delivered(lead__owner=owner).lead,
                waiting_since=now,
                next_action_on=days(4),
            ),
        ],
        UNASSIGNED: [
            LeadFactory(),
            wish(LeadFactory(next_action_on=days(-2))),
            reached(delivered().lead, promised_on=days(0)),
        ],
        None: [
            LeadFactory(**mine),
            LeadFactory(**promised, first_contact_at=now),
            wish(wish(LeadFactory(**mine), ago=2 * AGO), granted=False),
            reached(delivered(lead__owner=owner).lead, next_action_on=days(9)),
            LeadFactory(**late, suspect=True),
            LeadFactory(**late, test=True),
            LeadFactory(**late, erased=True),
            LeadFactory(**late, status="gagne"),
            LeadFactory(**late, status="perdu", closed_because="budget"),
        ],
    }


def keys_of(found):
    return {part.key: sorted(line.lead.pk for line in part.lines) for part in found}


def test_each_lead_stands_in_the_first_section_that_applies_and_no_other():
    owner = StaffFactory()
    expected = cast(owner)
    cast(StaffFactory())  # Somebody else's are not mine; those of nobody are.

    found = work_queue.sections(owner, limit=1000)

    told = {key: {lead.pk for lead in leads} for key, leads in expected.items() if key}
    for key, ours in told.items():
        theirs = set(keys_of(found)[key])
        if key == UNASSIGNED:
            assert ours <= theirs
            assert len(theirs) == 2 * len(ours)
        else:
            assert theirs == ours, key


def test_everybodys_queue_is_the_queues_of_all():
    people = [StaffFactory(), StaffFactory()]
    for person in people:
        cast(person)

    everybody = keys_of(work_queue.sections(None, limit=1000))

    apart = [keys_of(work_queue.sections(person, limit=1000)) for person in people]
    for key in work_queue.TITLES:
        expected = {pk for queue in apart for pk in queue[key]}
        assert set(everybody[key]) == expected, key
    every = [pk for keys in everybody.values() for pk in keys]
    assert len(every) == len(set(every))


def test_the_whole_section_holds_exactly_the_total_shown():
    owner = StaffFactory()
    for _ in range(3):
        cast(owner)

    for part in work_queue.sections(owner, limit=2):
        assert len(part.lines) == 2
        rows = list(work_queue.section(part.key, owner))
        assert len(rows) == part.total == part.more + 2
        # The first of them, in the same order.
        assert [row.pk for row in rows[:2]] == [line.lead.pk for line in part.lines]


def test_there_is_no_other_section():
    with pytest.raises(KeyError):
        work_queue.section("autre", None)


@pytest.mark.parametrize("times", [1, 12])
def test_three_queries_whatever_there_is(times, django_assert_num_queries):
    owner = StaffFactory()
    for _ in range(times):
        cast(owner)
    with django_assert_num_queries(3):
        found = work_queue.sections(owner)
        assert [str(line.lead.owner) for part in found for line in part.lines]


def test_an_empty_queue_asks_for_its_counts_alone(django_assert_num_queries):
    with django_assert_num_queries(1):
        found = work_queue.sections(StaffFactory.build(pk=10**6))
    assert [part.total for part in found] == [0] * 6


@pytest.mark.django_db(transaction=True)
def test_a_wish_put_off_for_later_waits_until_then():
    from leads import exchanges

    owner = StaffFactory()
    lead = LeadFactory(owner=owner, next_action_on=days(20))
    ConsentEvent.objects.create(lead=lead, purpose="rappel", granted=True)
    assert work_queue.counts(owner)[TODAY] == 1  # Planned before they asked.

    exchanges.plan(lead.pk, owner, "", days(3))
    assert sum(work_queue.counts(owner).values()) == 0

    exchanges.plan(lead.pk, owner, "", None)
    assert work_queue.counts(owner)[TODAY] == 1


def test_a_line_says_why_how_and_what_next():
    owner = StaffFactory()
    lead = LeadFactory(
        owner=owner, next_action="Écrire au DSI", next_action_on=days(-1), phone="7"
    )
    (line,) = work_queue.sections(owner)[0].lines

    assert line.lead == lead
    assert line.why.startswith("Prévu hier")
    assert line.action == "Écrire au DSI"
    assert line.promise == ""
    assert line.channels.phone.address == "7"
    assert not line.channels.email.allowed


FRIDAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("on", "words"),
    [
        (date(2026, 11, 20), "à appeler avant ce soir"),
        (date(2026, 11, 21), "à appeler avant demain soir"),
        (date(2026, 11, 24), "à appeler avant mardi soir"),
        (date(2026, 12, 24), "à appeler avant le 24/12/2026 au soir"),
        (date(2026, 11, 19), "promesse dépassée d’un jour ouvré"),
        (date(2026, 11, 18), "promesse dépassée de 2\u00a0jours ouvrés"),
        # The 11th is a holiday, the 14th and the 15th a weekend.
        (date(2026, 11, 10), "promesse dépassée de 7\u00a0jours ouvrés"),
    ],
)
def test_the_promise_counts_down_in_business_days(on, words):
    lead = Lead(promised_on=on)
    assert queue_words.promise(lead, FRIDAY) == words
    lead.first_contact_at = datetime(2026, 11, 18, tzinfo=UTC)
    assert queue_words.promise(lead, FRIDAY) == ""


def test_a_promise_broken_over_the_weekend_is_not_late_yet():
    assert business_days.between(FRIDAY, date(2026, 11, 21)) == 0
    lead = Lead(promised_on=FRIDAY)
    assert queue_words.promise(lead, date(2026, 11, 21)) == "promesse dépassée"


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("", "appel"),
        ("Rappeler après le CODIR", "appel"),
        ("Envoyer un courriel", "courriel"),
        ("écrire à la DSI", "courriel"),
        ("Réécrire", "courriel"),
        ("Répondre à son e-mail", "courriel"),
        ("Rendez-vous sur place", "rendez-vous"),
        ("RDV visio", "rendez-vous"),
        ("Proposer un rendez-vous", "appel"),
        ("Écrire pour fixer un rendez-vous", "courriel"),
        ("Décrire le projet au téléphone", "appel"),
    ],
)
def test_what_is_planned_is_a_call_unless_its_words_say_else(action, kind):
    assert queue_words.kind_of(action) == kind


def test_what_was_planned_is_said_without_what_was_refused_since():
    """By the person alone, on their own page: nobody changed the plan."""
    owner = StaffFactory()
    LeadFactory(
        owner=owner, next_action="Rappeler au 01 99 00 00 01", next_action_on=days(0)
    )
    (line,) = work_queue.lines(list(work_queue.section(TODAY, owner)))
    assert line.action == "Rappeler au 01 99 00 00 01"

    wish(line.lead, granted=False)

    (line,) = work_queue.lines(list(work_queue.section(TODAY, owner)))
    assert line.action == "Rappeler au [numéro retiré]"
