"""Proof of action: how soon the people who asked were contacted, and met.

A cohort is the week (Europe/Paris, from Monday) of the first valid submission. Delays
are whole business days after the day of it: 0 is that day, or the days off after it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from leads.analytics.filters import Filters
from leads.analytics.reading import facts
from leads.business_days import PROMISE, is_business_day
from leads.models import Lead, LeadFacts


@dataclass(frozen=True, slots=True)
class Delay:
    """A column: from `first` to `last` business days; None ends nowhere."""

    key: str
    title: str
    first: int
    last: int | None

    @property
    def late(self) -> bool:
        return self.first > PROMISE


DELAYS = (
    Delay("0-1", "0 ou 1 jour", 0, 1),
    Delay("2", "2 jours", 2, 2),
    Delay("3-5", "3 à 5", 3, 5),
    Delay("6-10", "6 à 10", 6, 10),
    Delay("plus", "plus de 10", 11, None),
)
NOT_YET = "jamais"
ALL = "tous"
KEYS = (*(delay.key for delay in DELAYS), NOT_YET)
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
        "contacted_at",
        "Jours ouvrés entre le jour de la demande et le premier appel, courriel ou "
        "rendez-vous noté, qu’il ait abouti ou non. "
        f"La promesse est de {PROMISE} jours.",
    ),
    Act(
        "rendez-vous",
        "Rendez-vous",
        "met_at",
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


def cohorts(filters: Filters, act: Act) -> Cohorts:
    """Count the leads of a period by week, by person and by delay. One query."""
    weeks: dict[date, dict[str, int]] = {}
    people: dict[int | None, dict[str, int]] = {}
    week = week_of(filters.last)
    while week >= week_of(filters.first):
        weeks[week] = dict.fromkeys(KEYS, 0)
        week -= timedelta(days=7)
    for week, owner, number, count in _counted(filters, act):
        mine = people.setdefault(owner, dict.fromkeys(KEYS, 0))
        for counts in (weeks[week], mine):
            counts[KEYS[number]] += count
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
    for day, *borders in _borders(filters):
        within = Q(day=day, **{f"{act.column}__isnull": False})
        if numbers[0]:
            within &= Q(**{f"{act.column}__gte": borders[numbers[0] - 1]})
        if numbers[-1] < len(borders):
            within &= Q(**{f"{act.column}__lt": borders[numbers[-1]]})
        kept |= within
    return found.filter(kept)


def never_called(filters: Filters) -> QuerySet[LeadFacts]:
    """Return who received the synthesis and was never contacted, the oldest first."""
    waiting = facts(filters).filter(
        erased=False, delivered_at__isnull=False, contacted_at=None
    )
    found = waiting.exclude(lead__status__in=Lead.CLOSED)
    return found.order_by("delivered_at", "pk")


def _counted(filters: Filters, act: Act) -> list[tuple[date, int | None, int, int]]:
    """Return (week, owner, number of the key, leads), in one pass over the period."""
    wanted = facts(filters).values("day", "owner_id", act.column)
    sql, params = wanted.query.sql_with_params()
    borders = [f"b{number}" for number in range(len(DELAYS) - 1)]
    when = " ".join(
        f"WHEN f.{act.column} < borders.{name} THEN {number}"
        for number, name in enumerate(borders)
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT date_trunc('week', f.day)::date, f.owner_id,"
            f" CASE WHEN f.{act.column} IS NULL THEN {len(DELAYS)}"
            f" {when} ELSE {len(DELAYS) - 1} END, count(*)"
            f" FROM ({sql}) f"
            f" JOIN unnest(%s::date[]{', %s::timestamptz[]' * len(borders)})"
            f" AS borders (day, {', '.join(borders)}) ON borders.day = f.day"
            " GROUP BY 1, 2, 3",
            [*params, *map(list, zip(*_borders(filters), strict=True))],
        )
        return list(cursor.fetchall())


def _borders(filters: Filters) -> list[tuple[date | datetime, ...]]:
    """Return (day, the instant at which each delay but the last one is over).

    A delay of n business days is over as the (n + 1)th business day after begins.
    """
    until = filters.last + timedelta(days=4 * (DELAYS[-1].first + 1))
    span = (until - filters.first).days
    days = [filters.first + timedelta(days=number) for number in range(span)]
    business = [day for day in days if is_business_day(day)]
    return [
        (day, *(_over(business, day, delay.last or 0) for delay in DELAYS[:-1]))
        for day in days[: filters.days]
    ]


def _over(business: Sequence[date], day: date, last: int) -> datetime:
    after = business[bisect_right(business, day) + last]
    return datetime.combine(after, time.min, timezone.get_default_timezone())
