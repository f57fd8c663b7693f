"""Proof of action: how soon the people who asked were contacted, and met.

A cohort is the week (Europe/Paris, from Monday) of the first valid submission. Delays
are whole business days after the day of it: 0 is that day, or the days off after it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import TruncWeek

from leads.analytics import delays
from leads.analytics.delays import DELAYS, KEYS, NOT_YET
from leads.analytics.filters import Filters
from leads.analytics.reading import facts
from leads.business_days import PROMISE
from leads.models import ActionDay, LeadFacts

ALL = "tous"
# Sums of them: in the time that is promised, after it, at all.
KEPT, BROKEN, DONE = "promis", "tard", "fait"
LAST_KEPT = max(n for n, delay in enumerate(DELAYS) if not delay.late)


@dataclass(frozen=True, slots=True)
class Act:
    key: str
    title: str
    column: str
    definition: str


ACTS = (
    Act(
        "contact",
        "Premier contact",
        delays.ACTS["contact"],
        "Jours ouvrés entre le jour de la demande et le premier appel, courriel ou "
        "rendez-vous noté, qu’il ait abouti ou non. "
        f"La promesse est de {PROMISE} jours.",
    ),
    Act(
        "rendez-vous",
        "Rendez-vous",
        delays.ACTS["rendez-vous"],
        "Jours ouvrés entre le jour de la demande et le premier rendez-vous noté.",
    ),
)
BY_KEY = {act.key: act for act in ACTS}
TO_CALL = (
    "Contacts remis, sans premier contact, dont le statut n’est ni gagné, ni perdu, "
    "ni hors cible. Sans les personnes effacées."
)


@dataclass(frozen=True, slots=True)
class Row:
    """The leads of a week, or of a person: how many for each key, and in all."""

    key: Any
    counts: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def count(self, key: str) -> int:
        """Return how many leads a cell counts: a delay, a sum of them, or all."""
        return sum(self.counts[one] for one in _parts(key))


@dataclass(frozen=True, slots=True)
class Cohorts:
    """What was made of the leads of a period, by week and by who has them now."""

    weeks: list[Row]  # Every one of the period, the latest first.
    people: list[Row]  # The key of an account; None, last, for nobody.


type Counted = tuple[date, int | None, str, int]  # Week, owner, delay, leads.


def _parts(key: str) -> tuple[str, ...]:
    sums = {
        ALL: KEYS,
        DONE: KEYS[:-1],
        KEPT: KEYS[: LAST_KEPT + 1],
        BROKEN: KEYS[LAST_KEPT + 1 : -1],
    }
    return sums.get(key, (key,))


def week_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def cohorts(filters: Filters, *acts: Act) -> dict[Act, Cohorts]:
    """Count the leads of a period by week, by person and by delay. One query."""
    counted: dict[str, list[Counted]] = {act.key: [] for act in acts}
    for key, *row in _counted(filters, acts):
        counted[key].append(tuple(row))
    return {act: _cohorts(filters, counted[act.key]) for act in acts}


def _cohorts(filters: Filters, counted: Iterable[Counted]) -> Cohorts:
    weeks: dict[date, dict[str, int]] = {}
    people: dict[int | None, dict[str, int]] = {}
    week = week_of(filters.last)
    while week >= week_of(filters.first):
        weeks[week] = dict.fromkeys(KEYS, 0)
        week -= timedelta(days=7)
    for week, owner, key, count in counted:
        mine = people.setdefault(owner, dict.fromkeys(KEYS, 0))
        for counts in (weeks[week], mine):
            counts[key] += count
    rows = [Row(owner, counts) for owner, counts in people.items()]
    return Cohorts(
        [Row(week, counts) for week, counts in weeks.items()],
        sorted(rows, key=lambda row: (row.key is None, -row.total, row.key or 0)),
    )


def rows(filters: Filters, act: Act, key: str) -> QuerySet[LeadFacts]:
    """Return the facts that a cell counts, by the same borders."""
    found = facts(filters)
    if key == ALL:
        return found
    if key in (NOT_YET, DONE):
        return found.filter(**{f"{act.column}__isnull": key == NOT_YET})
    numbers = [KEYS.index(part) for part in _parts(key)]
    kept = Q(pk__in=[])
    for day, *ends in delays.borders(_days(filters)):
        within = Q(day=day, **{f"{act.column}__isnull": False})
        if numbers[0]:
            within &= Q(**{f"{act.column}__gte": ends[numbers[0] - 1]})
        if numbers[-1] < len(ends):
            within &= Q(**{f"{act.column}__lt": ends[numbers[-1]]})
        kept |= within
    return found.filter(kept)


def never_called(filters: Filters) -> QuerySet[LeadFacts]:
    """Return who received the synthesis and was never contacted, the oldest first."""
    found = facts(filters).filter(
        erased=False, closed=False, delivered_at__isnull=False, contacted_at=None
    )
    return found.order_by("day", "delivered_at", "pk")


def _counted(filters: Filters, acts: Iterable[Act]) -> list[Any]:
    """Return (act, week, owner, delay, leads): from the days where they hold it."""
    keys = [act.key for act in acts]
    if set(filters.cuts) <= {"owner"}:
        days = ActionDay.objects.filter(filters.facts(), act__in=keys)
        names = ("act", "week", "owner_id", "delay")
        weeks = days.annotate(week=TruncWeek("day")).values(*names)
        return list(weeks.annotate(n=Sum("leads")).order_by().values_list(*names, "n"))
    by = "date_trunc('week', f.day)::date, f.owner_id"
    statements, params = [], []
    for key in keys:
        wanted = facts(filters).values("day", "owner_id", delays.ACTS[key])
        source, of_source = wanted.query.sql_with_params()
        counted = delays.grouped(key, by, source)
        statements.append(f"SELECT %s, counted.* FROM ({counted}) counted")
        params += [key, *of_source, *delays.parameters(_days(filters))]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(statements), params)
        return list(cursor.fetchall())


def _days(filters: Filters) -> list[date]:
    return [filters.first + timedelta(days=number) for number in range(filters.days)]
