"""Read figures: from the days where they hold the answer, else from the facts.

Both are written in one transaction, so that they agree at every moment.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, TruncWeek

from leads.analytics.filters import NONE, Filters
from leads.analytics.steps import STEPS
from leads.models.facts import DAY_COUNTS, FunnelDay, LeadFacts

Counts = dict[str, int]

_OF_FACTS: dict[str, Any] = {
    "submissions": Coalesce(Sum("submissions"), 0),
    "retrievals": Coalesce(Sum("retrievals"), 0),
    "raw_retrievals": Coalesce(Sum("raw_retrievals"), 0),
    "erased": Count("pk", filter=Q(erased=True)),
    **{step.key: Count("pk", filter=step.rows) for step in STEPS},
}
_OF_FACTS["leads"] = Count("pk")
OF_DAYS: dict[str, Any] = {
    # Under a name of its own: an aggregate may not hide the column it is made of.
    f"{name}_": Coalesce(Sum(name), 0)
    for name in DAY_COUNTS
}


def facts(filters: Filters) -> QuerySet[LeadFacts]:
    """Return the facts that figures with these filters are of."""
    return LeadFacts.objects.filter(filters.facts())


def days(filters: Filters, cut: str, value: str | None = None) -> QuerySet[FunnelDay]:
    found = FunnelDay.objects.filter(
        cut=cut, day__gte=filters.first, day__lte=filters.last
    )
    return found if value is None else found.filter(value=value)


def counts(filters: Filters) -> Counts:
    """Return every count of the funnel, by the name of its column. One query."""
    summed = filters.summed
    if summed is None:
        return dict(facts(filters).aggregate(**_OF_FACTS))
    cut, value = summed
    return _named(days(filters, cut, stored(value)).aggregate(**OF_DAYS))


def by(filters: Filters, cut: str) -> dict[str, Counts]:
    """Return the counts for each value of a cut. One query."""
    others = filters.without(cut)
    if others.summed == ("", "") and cut not in filters.cuts:
        rows: Any = days(filters, cut).values("value").annotate(**OF_DAYS).order_by()
        return {row["value"]: _named(row) for row in rows}
    name = "owner_id" if cut == "owner" else cut
    found = facts(filters).values(name).annotate(**_OF_FACTS).order_by()
    return {
        "" if row[name] is None else str(row[name]): {n: row[n] for n in DAY_COUNTS}
        for row in found
    }


def series(filters: Filters, *, weekly: bool = False) -> dict[date, Counts]:
    """Return the counts of each day, or week (its Monday), none left out. One query."""
    summed = filters.summed
    by_day: Any = TruncWeek("day") if weekly else None
    if summed is not None:
        cut, value = summed
        rows: Any = days(filters, cut, stored(value))
        annotations = OF_DAYS
    else:
        rows, annotations = facts(filters), _OF_FACTS
    rows = rows.annotate(at=by_day) if weekly else rows
    name = "at" if weekly else "day"
    suffix = "" if summed is None else "_"
    found = {
        row[name]: {n: row[f"{n}{suffix}"] for n in DAY_COUNTS}
        for row in rows.values(name).annotate(**annotations).order_by()
    }
    nothing = dict.fromkeys(DAY_COUNTS, 0)
    return {at: found.get(at, nothing) for at in _every(filters, weekly)}


def _every(filters: Filters, weekly: bool) -> Iterator[date]:
    at = filters.first
    if weekly:
        at -= timedelta(days=at.weekday())
    while at <= filters.last:
        yield at
        at += timedelta(days=7 if weekly else 1)


def _named(row: Any) -> Counts:
    return {name: row[f"{name}_"] for name in DAY_COUNTS}


def stored(value: str) -> str:
    """Return what an address asks for as it is stored: « aucun » is nothing."""
    return "" if value == NONE else value


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
