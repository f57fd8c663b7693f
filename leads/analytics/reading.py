"""Read figures: from the days where they hold the answer, else from their columns.

All are written in one transaction, so that they agree at every moment.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import QuerySet, Sum
from django.db.models.functions import Coalesce

from leads.analytics import bits
from leads.analytics.filters import Filters
from leads.models.facts import DAY_COUNTS, FunnelDay, LeadFacts

Counts = dict[str, int]

OF_DAYS: dict[str, Any] = {
    # Under a name of its own: an aggregate may not hide the column it is made of.
    f"{name}_": Coalesce(Sum(name), 0)
    for name in DAY_COUNTS
}


def facts(filters: Filters) -> QuerySet[LeadFacts]:
    """Return the facts that figures with these filters are of."""
    return LeadFacts.objects.filter(filters.facts())


def days(filters: Filters) -> QuerySet[FunnelDay]:
    """Return the days that hold the counts where no more than one cut is filtered."""
    found = FunnelDay.objects.filter(day__gte=filters.first, day__lte=filters.last)
    for cut, values in filters.kept.items():
        return found.filter(cut=cut, value__in=values)
    return found.filter(cut="")


def counts(filters: Filters) -> Counts:
    """Return every count of the funnel, by the name of its column. One query."""
    if len(filters.kept) < 2:
        return _named(days(filters).aggregate(**OF_DAYS))
    return count(filters, DAY_COUNTS)


def count(filters: Filters, names: Iterable[str]) -> Counts:
    """Return some counts where two cuts or more are filtered. One query."""
    found = bits.read(filters, names)
    return found.count(found.kept, names)


def by(filters: Filters, cut: str) -> dict[str, Counts]:
    """Return the counts for each value of a cut. One query."""
    kept = filters.kept
    own = kept.pop(cut, None)
    if kept:
        found = bits.read(filters, DAY_COUNTS, by=[cut])
        return {v: found.count(leads, DAY_COUNTS) for v, leads in found.by(cut)}
    days_: Any = FunnelDay.objects.filter(
        cut=cut, day__gte=filters.first, day__lte=filters.last
    )
    days_ = days_ if own is None else days_.filter(value__in=own)
    rows = days_.values("value").annotate(**OF_DAYS).order_by()
    return {row["value"]: _named(row) for row in rows}


def series(filters: Filters, *, weekly: bool = False) -> dict[date, Counts]:
    """Return the counts of each day, or week (its Monday), none left out. One query."""
    if len(filters.kept) < 2:
        rows: Any = days(filters).values("day").annotate(**OF_DAYS).order_by()
        by_day = {row["day"]: _named(row) for row in rows}
    else:
        columns = bits.read(filters, DAY_COUNTS)
        by_day = columns.by_day(columns.kept, DAY_COUNTS)
    found = {at: dict.fromkeys(DAY_COUNTS, 0) for at in _every(filters, weekly)}
    for day, numbers in by_day.items():
        at = day - timedelta(days=day.weekday()) if weekly else day
        for name in DAY_COUNTS:
            found[at][name] += numbers[name]
    return found


def _every(filters: Filters, weekly: bool) -> Iterator[date]:
    at = filters.first
    if weekly:
        at -= timedelta(days=at.weekday())
    while at <= filters.last:
        yield at
        at += timedelta(days=7 if weekly else 1)


def _named(row: Any) -> Counts:
    return {name: row[f"{name}_"] for name in DAY_COUNTS}


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its denominator, and how sure it is: Wilson's interval at 95 %.

    E. B. Wilson, JASA 22 (1927): right for small numbers, where the usual one is not.
    """

    count: int
    of: int

    @property
    def share(self) -> float | None:
        return self.count / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        if not 0 <= self.count <= self.of or not self.of:
            return None  # No share: events of which some were lost.
        z, n, p = 1.959964, self.of, self.count / self.of
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return max(0.0, middle - half), min(1.0, middle + half)
