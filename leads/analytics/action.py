"""Proof of action: how soon the people who asked were contacted, and met.

A cohort is the week (Europe/Paris, from Monday) of the first valid submission. Delays
are whole business days after the day of it: 0 is that day, or the days off after it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import QuerySet, Sum
from django.db.models.functions import TruncWeek

from leads.analytics import bits, delays
from leads.analytics.delays import DELAYS, KEYS, NOT_YET
from leads.analytics.filters import Filters
from leads.analytics.reading import Counts, facts
from leads.business_days import PROMISE
from leads.models import FunnelDay, LeadFacts
from leads.models.facts import ACTION_COUNTS

ALL = "tous"
# Sums of them: in the time that is promised, after it, at all.
KEPT, BROKEN, DONE = "promis", "tard", "fait"
COUNTS = ("leads", *ACTION_COUNTS)
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


type Counted = tuple[date, int | None, Counts]  # Week, owner, counts.


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
    found = _counted(filters)
    return {act: _cohorts(filters, act, found) for act in acts}


def _cohorts(filters: Filters, act: Act, counted: Iterable[Counted]) -> Cohorts:
    weeks: dict[date, dict[str, int]] = {}
    people: dict[int | None, dict[str, int]] = {}
    week = week_of(filters.last)
    while week >= week_of(filters.first):
        weeks[week] = dict.fromkeys(KEYS, 0)
        week -= timedelta(days=7)
    for week, owner, counts in counted:
        mine = people.setdefault(owner, dict.fromkeys(KEYS, 0))
        for key, number in _by_delay(act, counts).items():
            weeks[week][key] += number
            mine[key] += number
    rows = [Row(owner, counts) for owner, counts in people.items()]
    return Cohorts(
        [Row(week, counts) for week, counts in weeks.items()],
        sorted(rows, key=lambda row: (row.key is None, -row.total, row.key or 0)),
    )


def _by_delay(act: Act, counts: Counts) -> dict[str, int]:
    done = [counts[name] for name in delays.COUNTS_OF[act.key]]
    return dict(zip(KEYS, [*done, counts["leads"] - sum(done)], strict=True))


def rows(filters: Filters, act: Act, key: str) -> QuerySet[LeadFacts]:
    """Return the facts that a cell counts."""
    found = facts(filters)
    if key == ALL:
        return found
    if key in (NOT_YET, DONE):
        return found.filter(**{f"{act.column}__isnull": key == NOT_YET})
    numbers = [KEYS.index(part) for part in _parts(key)]
    return found.filter(**{f"{delays.DELAY_OF[act.key]}__in": numbers})


def count(filters: Filters, act: Act, key: str) -> int:
    """Count the rows of a cell, from the days where they hold it."""
    return sum(
        Row(None, _by_delay(act, counts)).count(key)
        for _, _, counts in _counted(filters)
    )


def to_call(filters: Filters) -> int:
    """Count who was never called, from the days where they hold it."""
    return sum(counts["to_call"] for _, _, counts in _counted(filters))


def never_called(filters: Filters) -> QuerySet[LeadFacts]:
    """Return who received the synthesis and was never contacted, the oldest first."""
    found = facts(filters).filter(
        erased=False, closed=False, delivered_at__isnull=False, contacted_at=None
    )
    return found.order_by("day", "delivered_at", "pk")


def _counted(filters: Filters) -> list[Counted]:
    """Return the counts by week and by owner: from the days where they hold them."""
    others = set(filters.kept) - {"owner"}
    if not others:
        return _of_days(filters)
    found = bits.read(filters, COUNTS, by=["owner"])
    return [
        (week, int(owner) if owner else None, counts)
        for owner, leads in found.by("owner")
        for week, counts in found.by_week(leads, COUNTS).items()
        if counts["leads"]
    ]


def _of_days(filters: Filters) -> list[Counted]:
    days = FunnelDay.objects.filter(
        cut="owner", day__gte=filters.first, day__lte=filters.last
    )
    if "owner" in filters.kept:
        days = days.filter(value__in=filters.kept["owner"])
    weeks: Any = days.annotate(week=TruncWeek("day")).values("week", "value")
    sums = {f"{name}_": Sum(name) for name in COUNTS}
    found = weeks.annotate(**sums).order_by()
    return [
        (week, int(owner) if owner else None, _named(numbers))
        for week, owner, *numbers in found.values_list("week", "value", *sums)
    ]


def _named(numbers: Iterable[Any]) -> Counts:
    return dict(zip(COUNTS, map(int, numbers), strict=True))
