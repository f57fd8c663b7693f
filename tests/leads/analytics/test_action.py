"""Proof of action: each cell is the number of its rows, by business days in Paris."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from leads import business_days
from leads.analytics import action, delays, facts
from leads.analytics.filters import Filters
from leads.models import Activity, Lead, LeadFacts
from tests.leads.analytics.seeds import SEEDS
from tests.leads.factories import StaffFactory, delivered
from tests.leads.factories import SubmissionFactory as Asked

pytestmark = pytest.mark.django_db
PARIS = ZoneInfo("Europe/Paris")
CONTACT, MEETING = action.ACTS


def paris(*at):
    return datetime(*at, tzinfo=PARIS)


def asked(at, called=None, met=None, **values):
    lead = Asked(created_at=at, **values).lead
    Lead.objects.filter(pk=lead.pk).update(first_contact_at=called)
    if met:
        Activity.objects.create(lead=lead, kind="rendez-vous", at=met)
    return lead


def cohorts(filters, act):
    return action.cohorts(filters, *action.ACTS)[act]


def told(rows):
    return {row.key: {key: n for key, n in row.counts.items() if n} for row in rows}


@pytest.mark.parametrize(
    ("at", "called", "key"),
    [
        # Thursday evening; Friday is one day, Monday two.
        (paris(2026, 11, 19, 23, 59), paris(2026, 11, 19, 23, 59), "0-1"),
        (paris(2026, 11, 19, 9), paris(2026, 11, 20, 23, 59), "0-1"),
        (paris(2026, 11, 19, 9), paris(2026, 11, 22, 23, 59), "0-1"),
        (paris(2026, 11, 19, 9), paris(2026, 11, 23, 0, 0), "2"),
        (paris(2026, 11, 19, 9), paris(2026, 11, 24, 0, 0), "3-5"),
        (paris(2026, 11, 19, 9), paris(2026, 11, 26, 23, 59), "3-5"),
        (paris(2026, 11, 19, 9), paris(2026, 11, 27, 0, 0), "6-10"),
        (paris(2026, 11, 19, 9), paris(2026, 12, 4, 0, 0), "plus"),
        (paris(2026, 11, 19, 9), None, "jamais"),
        # Eight days with two holidays in them: the 25th of December, New Year's Day.
        (paris(2026, 12, 23, 9), paris(2027, 1, 4, 9), "6-10"),
        (paris(2026, 12, 23, 9), paris(2026, 12, 28, 9), "2"),
        # On the night when the clock goes back.
        (paris(2026, 10, 23, 9), datetime(2026, 10, 26, 22, 59, tzinfo=UTC), "0-1"),
        (paris(2026, 10, 23, 9), datetime(2026, 10, 26, 23, 0, tzinfo=UTC), "2"),
    ],
)
def test_a_delay_is_in_business_days_of_paris(at, called, key):
    asked(at, called)
    facts.refresh_all()
    day = at.astimezone(PARIS).date()

    rows = cohorts(Filters(day, day), CONTACT).weeks

    assert told(rows) == {action.week_of(day): {key: 1}}
    assert action.rows(Filters(day, day), CONTACT, key).count() == 1


def test_weeks_are_all_there_and_their_totals_are_their_leads():
    asked(paris(2026, 11, 9, 9), paris(2026, 11, 9, 10), met=paris(2026, 11, 30, 9))
    asked(paris(2026, 11, 23, 9))
    asked(paris(2026, 11, 23, 9), suspect=True)
    facts.refresh_all()
    weeks = Filters(date(2026, 11, 11), date(2026, 11, 24))
    month = Filters(date(2026, 11, 9), date(2026, 11, 24))

    assert told(cohorts(weeks, CONTACT).weeks) == {
        date(2026, 11, 23): {"jamais": 1},
        date(2026, 11, 16): {},
        date(2026, 11, 9): {},
    }
    assert told(cohorts(month, MEETING).weeks) == {
        date(2026, 11, 23): {"jamais": 1},
        date(2026, 11, 16): {},
        date(2026, 11, 9): {"plus": 1},
    }
    assert [row.total for row in cohorts(month, CONTACT).weeks] == [1, 0, 1]
    assert [row.count(action.KEPT) for row in cohorts(month, CONTACT).weeks] == [
        0,
        0,
        1,
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_every_cell_equals_the_rows_it_opens(seed):
    rng = random.Random(seed)
    staff = [StaffFactory(group="Commercial").pk for _ in range(2)]
    first = date(2026, 10, 19)
    for _ in range(40):
        at = paris(2026, 10, 19) + timedelta(hours=rng.randrange(24 * 30))
        called = at + timedelta(hours=rng.choice([0, 1, 30, 60, 100, 200, 500]))
        lead = asked(at, rng.choice([called, None]), rng.choice([called, None]))
        Lead.objects.filter(pk=lead.pk).update(owner_id=rng.choice([*staff, None]))
    facts.refresh_all()
    whole = Filters(first, first + timedelta(days=34))
    of_type = whole.having(
        "organisation_type", LeadFacts.objects.first().organisation_type
    )
    for filters in (whole, Filters(whole.first, whole.last, owner=staff[0]), of_type):
        for act in action.ACTS:
            for row in cohorts(filters, act).weeks:
                week = replace(filters, first=row.key, last=row.key + timedelta(days=6))
                check(row, week, act)
            for row in cohorts(filters, act).people:
                check(row, filters.having("owner", str(row.key or "aucun")), act)
        waiting = action.never_called(filters).count()
        assert action.to_call(filters) == waiting
        total = action.rows(filters, CONTACT, action.ALL).count()
        assert sum(row.total for row in cohorts(filters, CONTACT).weeks) == total
        assert sum(row.total for row in cohorts(filters, MEETING).people) == total


def check(row, filters, act):
    for key, count in row.counts.items():
        rows = action.rows(filters, act, key)
        assert rows.count() == count == action.count(filters, act, key)
        for fact in rows:
            assert by_hand(fact, act) == key
    for key in (action.ALL, action.KEPT, action.BROKEN, action.DONE):
        assert action.rows(filters, act, key).count() == row.count(key)
        assert action.count(filters, act, key) == row.count(key)
    assert row.count(action.ALL) == row.total


def by_hand(fact, act):
    at = getattr(fact, act.column)
    if at is None:
        return "jamais"
    days = max(0, business_days.between(fact.day, at.astimezone(PARIS).date()))
    return next(
        delay.key for delay in delays.DELAYS if delay.last is None or days <= delay.last
    )


def test_delays_leave_no_gap():
    ends = [-1, *(delay.last for delay in delays.DELAYS)]
    assert [delay.first - 1 for delay in delays.DELAYS] == ends[:-1]
    assert ends[-1] is None


def test_never_called_is_delivered_open_and_not_contacted():
    waiting, called, lost, erased = (delivered().lead for _ in range(4))
    asked(paris(2026, 11, 9, 9))
    Lead.objects.filter(pk=called.pk).update(first_contact_at=paris(2026, 11, 9, 9))
    Lead.objects.filter(pk=lost.pk).update(
        status="perdu", closed_because="pas-de-projet"
    )
    Lead.objects.filter(pk=erased.pk).update(
        erased_at=paris(2026, 11, 9, 9), email_key=None
    )
    facts.refresh_all()

    found = action.never_called(Filters(date(2020, 1, 1), date(2100, 1, 1)))
    assert [fact.lead_id for fact in found] == [waiting.pk]


def test_both_tables_are_one_query_however_long_the_period(django_assert_num_queries):
    years = Filters(date(2024, 1, 1), date(2026, 12, 31))
    with django_assert_num_queries(1):
        cohorts(years, CONTACT)
